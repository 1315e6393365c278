//! When a failed delivery is tried again.

use jiff::SignedDuration;

/// The waits after the first, second and every later failure.
const WAITS: [SignedDuration; 3] =
    [SignedDuration::from_secs(30), SignedDuration::from_mins(2), SignedDuration::from_mins(10)];
/// A receiver that asks for a longer pause gets this one.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The wait after this many failures, spread by up to a fifth either way, so that letters that failed together do not
/// come back together. The spread follows from the letter's key: the same letter always waits as long.
#[must_use]
pub(super) fn wait_after(failures: u32, key: &str) -> SignedDuration {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS.len() - 1);
    let seed = key.bytes().fold(failures, |seed, byte| seed.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let spread = f64::from(seed % 1000) / 1000.0 * 0.4 - 0.2;
    WAITS[index].mul_f64(1.0 + spread)
}

/// The pause that a receiver asked for, within reason.
#[must_use]
pub(super) fn bounded_pause(asked: SignedDuration) -> SignedDuration {
    asked.clamp(SignedDuration::ZERO, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::first(1, 30)]
    #[case::second(2, 120)]
    #[case::third(3, 600)]
    #[case::all_later_ones(50, 600)]
    fn waits_are_spread_around_their_middle(#[case] failures: u32, #[case] seconds: i64) {
        let waits: Vec<i64> = (0..200).map(|key| wait_after(failures, &format!("key{key}")).as_secs()).collect();
        assert!(waits.iter().all(|wait| (seconds * 8 / 10..=seconds * 12 / 10).contains(wait)), "{waits:?}");
        assert!(waits.iter().max() > waits.iter().min(), "they do not come back together");
    }

    proptest! {
        #[test]
        fn a_pause_is_bounded(seconds: i64) {
            let pause = bounded_pause(SignedDuration::from_secs(seconds));
            prop_assert!(pause >= SignedDuration::ZERO && pause <= LONGEST_PAUSE);
        }
    }
}
