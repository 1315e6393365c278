//! Forecasts of plain series as CSV: the total over the horizon as step 0, then each step, all with their intervals.

use jiff::{SignedDuration, Timestamp};

use crate::forecast::track::Track;
use crate::forecast::{HourlySeries, Model, Prior};
use crate::report::csv::to_text;

const HEADER: [&str; 8] = ["series_id", "origin", "horizon_step", "mean", "lo80", "hi80", "lo95", "hi95"];
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A series as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainSeries {
    /// Its name in the file.
    pub id: String,
    /// The last time of it, as it is written.
    pub origin: String,
    /// Start of each step and value; a gap is `NaN`. In the order of time, no time twice.
    pub values: Vec<(Timestamp, f64)>,
}

/// The forecasts of `steps` steps for each of the series, with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(series: &[PlainSeries], steps: u32) -> csv::Result<String> {
    let prior = Prior::shipped().in_fleet(series.iter().filter_map(mean_hour));
    to_text(|writer| {
        writer.write_record(HEADER)?;
        series.iter().try_for_each(|series| {
            let forecast = Forecast::of(series, &prior);
            (0..=steps).try_for_each(|step| {
                let figures = if step == 0 { forecast.between(0, steps) } else { forecast.step(step) };
                writer.write_record(record(series, step, figures))
            })
        })
    })
}

/// What an hour of the series comes to on average; `None` where nothing is known of it.
fn mean_hour(series: &PlainSeries) -> Option<f64> {
    hourly(&series.values, step_of(&series.values)).mean()
}

/// Mean, and the bounds that hold with 80 and 95 %.
type Figures = [f64; 5];

/// A fitted series with the width of its steps.
struct Forecast {
    model: Model,
    start: Timestamp,
    step: SignedDuration,
}

impl Forecast {
    fn of(series: &PlainSeries, prior: &Prior) -> Self {
        let step = step_of(&series.values);
        let last = series.values.last().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
        let start = last.saturating_add(step).unwrap_or(Timestamp::MAX);
        let hours = hourly(&series.values, step);
        let own_errors = Track::of(&hours, prior).widening();
        Self { model: Model::fit(&hours, prior).widened(own_errors), start, step }
    }

    /// One step: a part of an hour, or the total of several.
    fn step(&self, step: u32) -> Figures {
        if self.step > HOUR {
            return self.between(step - 1, step);
        }
        let share = self.step.as_secs_f64() / HOUR.as_secs_f64();
        let band = self.model.expected(self.after(step - 1)).times(share);
        [band.mean, band.lo80, band.hi80, band.lo95, band.hi95]
    }

    fn between(&self, from: u32, until: u32) -> Figures {
        let total = self.model.total_between(self.after(from), self.after(until));
        let ((lo80, hi80), (lo95, hi95)) = (total.interval80(), total.interval95());
        [total.mean, lo80, hi80, lo95, hi95]
    }

    fn after(&self, steps: u32) -> Timestamp {
        let steps = i32::try_from(steps).unwrap_or(i32::MAX);
        self.step.checked_mul(steps).and_then(|ahead| self.start.checked_add(ahead).ok()).unwrap_or(Timestamp::MAX)
    }
}

fn record(series: &PlainSeries, step: u32, figures: Figures) -> Vec<String> {
    let figures = figures.map(|figure| format!("{figure:.6}"));
    [series.id.clone(), series.origin.clone(), step.to_string()].into_iter().chain(figures).collect()
}

/// The most common distance between two times; an hour where there is one time only.
fn step_of(values: &[(Timestamp, f64)]) -> SignedDuration {
    let mut gaps: Vec<SignedDuration> = values.windows(2).map(|pair| pair[1].0.duration_since(pair[0].0)).collect();
    gaps.sort_unstable();
    let runs = gaps.chunk_by(|a, b| a == b).map(|run| (run.len(), std::cmp::Reverse(run[0])));
    runs.max().map_or(HOUR, |(_, gap)| gap.0)
}

/// The series in hours: shorter steps are added up, longer ones spread out evenly. An hour that nothing is known of
/// is a gap.
fn hourly(values: &[(Timestamp, f64)], step: SignedDuration) -> HourlySeries {
    let Some((start, _)) = values.first() else { return HourlySeries::new(Timestamp::UNIX_EPOCH, Vec::new()) };
    let hours_a_step = usize::try_from(step.as_secs() / HOUR.as_secs()).unwrap_or(1).max(1);
    let first = HourlySeries::new(*start, Vec::new()).start();
    let mut hours: Vec<f64> = Vec::new();
    for (at, value) in values.iter().filter(|(_, value)| value.is_finite()) {
        let index = usize::try_from(at.duration_since(first).as_secs() / HOUR.as_secs()).unwrap_or(0);
        if hours.len() < index + hours_a_step {
            hours.resize(index + hours_a_step, f64::NAN);
        }
        #[expect(clippy::cast_precision_loss, reason = "hours of a step")]
        let share = value / hours_a_step as f64;
        for hour in &mut hours[index..index + hours_a_step] {
            *hour = if hour.is_nan() { share } else { *hour + share };
        }
    }
    let end = values.last().and_then(|(at, _)| at.checked_add(step).ok());
    if hours.len() > 1 && end.is_some_and(|end| end.as_second() % HOUR.as_secs() != 0) && step < HOUR {
        // An hour that is not over yet would pass for a fall.
        hours.pop();
    }
    HourlySeries::new(first, hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(step: SignedDuration, count: i32, value: f64) -> PlainSeries {
        let at = |index: i32| Timestamp::UNIX_EPOCH + step * index;
        PlainSeries {
            id: "s".into(),
            origin: "as written".into(),
            values: (0..count).map(|index| (at(index), value)).collect(),
        }
    }

    #[test]
    fn the_total_stands_first_and_the_origin_is_the_input_unchanged() {
        let text = csv(&[series(HOUR, 96, 10.0)], 24).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (26, "series_id,origin,horizon_step,mean,lo80,hi80,lo95,hi95"));
        let cells: Vec<&str> = lines[1].split(',').collect();
        assert_eq!(cells[..3], ["s", "as written", "0"]);
        let figures: Vec<f64> = cells[3..].iter().map(|cell| cell.parse().expect("a number")).collect();
        assert!((figures[0] - 240.0).abs() < 5.0, "{text}");
        assert!(figures[3] <= figures[1] && figures[1] <= figures[2] && figures[2] <= figures[4], "{text}");
    }

    #[test]
    fn steps_of_any_width_have_the_same_level() {
        for (step, value) in [(SignedDuration::from_mins(10), 1.0), (HOUR, 6.0), (HOUR * 24, 144.0)] {
            let count = i32::try_from(HOUR.as_secs() * 240 / step.as_secs()).expect("a small number");
            let forecast = Forecast::of(&series(step, count, value), &Prior::shipped());
            assert!((forecast.step(1)[0] - value).abs() < 0.05 * value, "{step:?}: {:?}", forecast.step(1));
        }
    }

    #[test]
    fn an_hour_that_is_not_over_is_no_fall() {
        let ten_minutes = SignedDuration::from_mins(10);
        let forecast = Forecast::of(&series(ten_minutes, 6 * 48 + 1, 1.0), &Prior::shipped());
        assert!((forecast.step(1)[0] - 1.0).abs() < 0.02, "{:?}", forecast.step(1));
    }

    #[test]
    fn a_series_that_was_never_active_takes_the_fleet_as_a_guide() {
        let mut idle = series(HOUR, 6, 0.0);
        idle.id = "idle".into();
        let text = csv(&[series(HOUR, 6, 10.0), idle], 24).expect("text");
        let total = text.lines().find(|line| line.starts_with("idle,as written,0,")).expect("a total");
        let figures: Vec<f64> = total.split(',').skip(3).map(|cell| cell.parse().expect("a number")).collect();
        assert!(figures[0] == 0.0 && figures[1] == 0.0 && figures[2] > 0.0 && figures[4] > figures[2], "{total}");
    }

    #[test]
    fn a_missing_hour_is_a_gap_and_no_zero() {
        let mut series = series(HOUR, 10, 5.0);
        series.values.remove(4);
        assert!(hourly(&series.values, HOUR).values()[4].is_nan());
    }
}
