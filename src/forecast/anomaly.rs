//! How odd a value of a metric is, judged from what came before it.
//!
//! Three doubts are weighed, each a figure of its own: the value is far from the lasting [`level`], more than is usual
//! for this metric; it is unlike anything of the same time of day over the last two weeks ([`season`]); it lies
//! outside the range of everything seen ([`range`]). The first two are means over an hour, set against the
//! distribution of such means so far, so that noise and single points do not count and a change is seen whatever the
//! unit. An event is told once: for half a day after it only what is clearly odder has a score.
//!
//! One set of constants serves every metric; docs/forecasting.md tells how they were found and what they score.

mod level;
mod range;
mod season;
mod usual;

use jiff::{SignedDuration, Timestamp};

use level::Level;
use range::Range;
use season::Season;
use usual::Usual;

/// How much being outside of the range counts, per width of the range.
const RANGE_WEIGHT: f64 = 20.0;
/// The oddness that scores one half: ten standard deviations from what is usual.
const HALF: f64 = 10.0;
/// An event is told once in this time.
const EVENT: SignedDuration = SignedDuration::from_hours(12);
/// What counts as clearly odder than what was told.
const CLEARLY: f64 = 1.4;

/// A causal score of one metric, whatever its unit and step: the score of a value never depends on later ones.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    level: Level,
    season: Season,
    range: Range,
    from_level: Usual,
    from_season: Usual,
    told: Option<Told>,
}

/// The event that was told last.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Timestamp,
    oddness: f64,
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The score of the next value: 0 as ever, towards 1 the odder it is. A value that is not a number is a gap and
    /// scores 0. Values come in the order of time; one that does not is judged as if it came now.
    pub fn push(&mut self, at: Timestamp, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let far = self.from_level.push(at, self.level.push(value));
        let unlike = self.season.push(at, value).map_or(0.0, |off| self.from_season.push(at, off));
        let outside = self.range.push(value);
        let oddness = far.max(unlike).max(0.0) + RANGE_WEIGHT * outside;
        if self.is_new(at, oddness) { oddness / (oddness + HALF) } else { 0.0 }
    }

    fn is_new(&mut self, at: Timestamp, oddness: f64) -> bool {
        let before = self.told.filter(|told| at.duration_since(told.at) <= EVENT);
        let known = before.map_or(0.0, |told| told.oddness);
        let is_new = oddness > known * CLEARLY;
        if is_new {
            self.told = Some(Told { at, oddness: oddness.max(known) });
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn scores(values: &[f64], step_minutes: i64) -> Vec<f64> {
        let mut detector = Detector::new();
        (0..).zip(values).map(|(index, &value)| detector.push(at(index * step_minutes), value)).collect()
    }

    /// A daily wave with a little noise, hourly.
    fn wave(hours: u32) -> Vec<f64> {
        (0..hours)
            .map(|hour| 100.0 + 50.0 * (f64::from(hour % 24) * 0.26).sin() + f64::from(hour * 7919 % 11))
            .collect()
    }

    #[test]
    fn a_spike_and_a_missing_peak_stand_out_and_the_daily_peak_does_not() {
        let mut values = wave(24 * 14);
        values[300] = 1000.0;
        let told = scores(&values, 60);
        let others = told.iter().enumerate().filter(|(hour, _)| *hour > 100 && *hour != 300).map(|(_, score)| *score);
        assert!(told[300] > 0.8, "{}", told[300]);
        assert!(others.fold(0.0, f64::max) < 0.5, "{told:?}");
    }

    #[test]
    fn an_event_is_told_once() {
        let mut values = wave(24 * 14);
        values[300..306].fill(400.0);
        let told = scores(&values, 60);
        assert!(told[300] > 0.5 && told[301..306].iter().all(|score| *score < told[300]), "{:?}", &told[298..308]);
    }

    #[test]
    fn what_never_changed_is_odd_when_it_does() {
        let mut values = vec![45.0; 200];
        values.push(46.0);
        let told = scores(&values, 5);
        assert_eq!(told[..200], [0.0; 200]);
        assert!(told[200] > 0.5);
    }

    proptest! {
        #[test]
        fn any_values_score_from_0_to_1_and_never_look_ahead(
            values in prop::collection::vec(prop_oneof![any::<f64>(), -1e3..1e3_f64], 1..300),
            cut in 0_usize..300,
        ) {
            let whole = scores(&values, 5);
            prop_assert!(whole.iter().all(|score| (0.0..=1.0).contains(score)), "{whole:?}");
            let cut = cut.min(values.len());
            prop_assert_eq!(&scores(&values[..cut], 5)[..], &whole[..cut]);
        }
    }
}
