//! Spike or problem: the signs that speak for one or the other. The verdict is what more signs speak for; where they are
//! even, or there are none, it is undecided.

use crate::domain::notice::Verdict;
use crate::domain::view::Evidence;

/// A rise by less than this is none.
const NOTICEABLE: f64 = 1.5;
/// How much a known peak may be exceeded.
const PEAK_SLACK: f64 = 1.25;
/// Hours that a new level has lasted.
const STEP_HOURS: usize = 3;
/// Days that rose one after the other.
const RAMP_DAYS: usize = 3;
/// The share of calls that fail in a storm of retries.
const STORM: f64 = 0.10;
/// The share of a rise that names its cause.
const MOST_OF_IT: f64 = 0.5;
/// By how much the share of tokens read from the cache must fall.
const CACHE_FALL: f64 = 0.10;

/// What is known of a rise, for the signs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signs {
    /// Dollars over the last hour.
    pub now: f64,
    /// Dollars that the last hour was expected to cost; `None` with no day to compare with.
    pub expected: Option<f64>,
    /// Dollars an hour over the last ten minutes.
    pub latest: f64,
    /// Dollars of the whole hours before, the newest first.
    pub hours: Vec<f64>,
    /// Dollars of the same hour of the weeks before.
    pub weeks: Vec<f64>,
    /// Dollars of the whole days before, the newest first.
    pub days: Vec<f64>,
    /// Requests against expected.
    pub requests_ratio: Option<f64>,
    /// Tokens per request against expected.
    pub tokens_ratio: Option<f64>,
    /// Input tokens (also from the cache) per request against expected.
    pub input_ratio: Option<f64>,
    /// The share of calls that failed or were throttled.
    pub failing: f64,
    /// The same as expected.
    pub failing_expected: f64,
    /// The share of input tokens read from the cache, now and as expected.
    pub cache: Option<(f64, f64)>,
    /// The share of the change that is due to dearer models.
    pub mix_share: Option<f64>,
    /// The share of the rise made by profiles that had no use before.
    pub new_share: f64,
}

/// The verdict and what speaks for and against it.
#[must_use]
pub fn weigh(signs: &Signs) -> (Verdict, Vec<Evidence>) {
    let problem = |text: String| Evidence { speaks_for: Verdict::Problem, text };
    let spike = |text: String| Evidence { speaks_for: Verdict::Spike, text };
    let problems =
        [step(signs), ramp(signs), storm(signs), runaway(signs), cache(signs), switch(signs), newcomer(signs)];
    let spikes = [peak(signs), burst(signs)];
    let evidence: Vec<Evidence> =
        problems.into_iter().flatten().map(problem).chain(spikes.into_iter().flatten().map(spike)).collect();
    let count = |verdict| evidence.iter().filter(|found| found.speaks_for == verdict).count();
    let verdict = match count(Verdict::Problem).cmp(&count(Verdict::Spike)) {
        std::cmp::Ordering::Greater => Verdict::Problem,
        std::cmp::Ordering::Less => Verdict::Spike,
        std::cmp::Ordering::Equal => Verdict::Undecided,
    };
    (verdict, evidence)
}

/// The same hour of earlier weeks was as high: known.
fn peak(signs: &Signs) -> Option<String> {
    let highest = signs.weeks.iter().copied().fold(0.0, f64::max);
    let is_known = signs.now > 0.0 && highest > 0.0 && signs.now <= highest * PEAK_SLACK;
    is_known.then(|| format!("a known peak: this hour of the week has cost ${highest:.2} before"))
}

/// It was high, and is not any more.
fn burst(signs: &Signs) -> Option<String> {
    let expected = signs.expected.filter(|expected| *expected > 0.0)?;
    let highest = signs.hours.iter().take(STEP_HOURS).copied().fold(signs.now, f64::max);
    let has_ended = highest > expected * NOTICEABLE && signs.latest < expected * PEAK_SLACK;
    has_ended.then(|| format!("a burst that has ended: ${:.2}/h over the last 10 minutes", signs.latest))
}

/// Higher than expected for hours, and steadily so.
fn step(signs: &Signs) -> Option<String> {
    let expected = signs.expected.filter(|expected| *expected > 0.0)?;
    let recent = signs.hours.get(..STEP_HOURS)?;
    let is_high = |hour: &f64| *hour > expected * NOTICEABLE;
    let goes_on = signs.latest > expected * NOTICEABLE;
    (goes_on && recent.iter().all(is_high))
        .then(|| format!("a step to a new level: above {NOTICEABLE} x expected for {STEP_HOURS} hours and more"))
}

/// Each day costs more than the one before.
fn ramp(signs: &Signs) -> Option<String> {
    let days = signs.days.get(..=RAMP_DAYS)?;
    let rises = days.windows(2).all(|pair| pair[0] > pair[1] * 1.05);
    let (newest, oldest) = (days.first()?, days.last()?);
    (rises && *oldest > 0.0).then(|| {
        format!(
            "a slow ramp: {RAMP_DAYS} days each dearer than the one before, by {:.0} % in all",
            (newest / oldest - 1.0) * 100.0
        )
    })
}

/// More requests, more of them fail, and each is as large as ever.
fn storm(signs: &Signs) -> Option<String> {
    let is_flat = signs.tokens_ratio.is_none_or(|ratio| (0.5..1.25).contains(&ratio));
    let is_storm = signs.requests_ratio? > NOTICEABLE && signs.failing > STORM.max(2.0 * signs.failing_expected);
    (is_storm && is_flat).then(|| {
        format!(
            "a retry storm: {:.1} x the requests, {:.0} % of calls fail",
            signs.requests_ratio.unwrap_or(1.0),
            signs.failing * 100.0
        )
    })
}

/// Each request brings more input.
fn runaway(signs: &Signs) -> Option<String> {
    let ratio = signs.input_ratio.filter(|ratio| *ratio > NOTICEABLE)?;
    Some(format!("a runaway context: {ratio:.1} x the input per request"))
}

/// Less is read from the cache, so that each request costs more.
fn cache(signs: &Signs) -> Option<String> {
    let (now, expected) = signs.cache?;
    (expected - now > CACHE_FALL).then(|| {
        format!("a cache regression: {:.0} % of input from the cache, {:.0} % before", now * 100.0, expected * 100.0)
    })
}

/// Dearer models are called.
fn switch(signs: &Signs) -> Option<String> {
    let share = signs.mix_share.filter(|share| *share > MOST_OF_IT)?;
    let rises = signs.expected.is_some_and(|expected| signs.now > expected);
    rises.then(|| format!("a switch of models: {:.0} % of the change is the price of the mix", share * 100.0))
}

/// Someone calls that did not before.
fn newcomer(signs: &Signs) -> Option<String> {
    (signs.new_share > MOST_OF_IT).then(|| {
        format!("a new caller: {:.0} % of the rise is from profiles without use before", signs.new_share * 100.0)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Twice as dear as expected since less than an hour.
    fn risen() -> Signs {
        Signs { now: 20.0, expected: Some(10.0), latest: 20.0, hours: vec![10.0; 6], ..Signs::default() }
    }

    #[rstest]
    #[case::nothing_known(risen(), Verdict::Undecided, "")]
    #[case::known_peak(Signs { weeks: vec![18.0, 12.0], ..risen() }, Verdict::Spike, "known peak")]
    #[case::higher_than_any_peak(Signs { weeks: vec![10.0, 12.0], ..risen() }, Verdict::Undecided, "")]
    #[case::ended(Signs { latest: 9.0, ..risen() }, Verdict::Spike, "burst that has ended")]
    #[case::step(Signs { hours: vec![20.0; 6], ..risen() }, Verdict::Problem, "step to a new level")]
    #[case::ramp(Signs { days: vec![160.0, 140.0, 120.0, 100.0], ..risen() }, Verdict::Problem, "slow ramp")]
    #[case::days_that_fell_in_between(Signs { days: vec![160.0, 110.0, 120.0, 100.0], ..risen() }, Verdict::Undecided, "")]
    #[case::storm(Signs { requests_ratio: Some(3.0), tokens_ratio: Some(0.9), failing: 0.4, ..risen() }, Verdict::Problem, "retry storm")]
    #[case::busy_and_well(Signs { requests_ratio: Some(3.0), tokens_ratio: Some(0.9), failing: 0.01, ..risen() }, Verdict::Undecided, "")]
    #[case::runaway(Signs { input_ratio: Some(2.5), ..risen() }, Verdict::Problem, "runaway context")]
    #[case::cache(Signs { cache: Some((0.2, 0.8)), ..risen() }, Verdict::Problem, "cache regression")]
    #[case::switch(Signs { mix_share: Some(0.9), ..risen() }, Verdict::Problem, "switch of models")]
    #[case::newcomer(Signs { new_share: 0.8, ..risen() }, Verdict::Problem, "new caller")]
    #[case::a_runaway_that_has_ended(Signs { input_ratio: Some(2.5), latest: 1.0, ..risen() }, Verdict::Undecided, "runaway")]
    fn signs_speak(#[case] signs: Signs, #[case] expected: Verdict, #[case] found: &str) {
        let (verdict, evidence) = weigh(&signs);
        assert_eq!(verdict, expected, "{evidence:?}");
        assert!(evidence.is_empty() == found.is_empty(), "{evidence:?}");
        assert!(found.is_empty() || evidence.iter().any(|sign| sign.text.contains(found)), "{evidence:?}");
    }
}
