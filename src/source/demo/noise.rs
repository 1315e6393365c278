//! Repeatable noise: a hash of numbers that say what it is for.

/// Well-mixed bits of a seed and what the noise is for (`SplitMix64`'s finalizer; Steele, Lea, Flood 2014).
pub(super) fn bits(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    })
}

/// Even noise in [0, 1).
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub(super) fn unit(parts: &[u64]) -> f64 {
    (bits(parts) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Even noise in [low, high).
pub(super) fn between(low: f64, high: f64, parts: &[u64]) -> f64 {
    low + (high - low) * unit(parts)
}

/// One of the choices.
pub(super) fn pick<'a, T>(choices: &'a [T], parts: &[u64]) -> &'a T {
    let index = bits(parts) % choices.len().max(1) as u64;
    &choices[usize::try_from(index).unwrap_or(0)]
}
