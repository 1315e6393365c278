//! Whether a value lies outside of everything seen.

/// The range so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range(Option<(f64, f64)>);

impl Range {
    /// By how many widths of the range the next value lies outside of it; 1 where everything was the same so far.
    pub(super) fn push(&mut self, value: f64) -> f64 {
        let Some((low, high)) = self.0 else {
            self.0 = Some((value, value));
            return 0.0;
        };
        self.0 = Some((low.min(value), high.max(value)));
        let beyond = (value - high).max(low - value).max(0.0);
        let width = high - low;
        if width > 0.0 { (beyond / width).min(f64::from(u16::MAX)) } else { f64::from(u8::from(beyond > 0.0)) }
    }
}
