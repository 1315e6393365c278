//! What a forecast costs: per series of 2 hours, 14 days and 15 months by the hour, and the refresh of a fleet.

use std::hint::black_box;

use bedtop::forecast::anomaly::Detector;
use bedtop::forecast::track::Track;
use bedtop::forecast::{HourlySeries, Model, Prior};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};

/// A tenant with a day, a week and some noise.
fn series(hours: u32, seed: u32) -> HourlySeries {
    let value = |hour: u32| {
        let day = if (8..20).contains(&(hour % 24)) { 10.0 } else { 3.0 };
        let week = if hour / 24 % 7 < 5 { 1.0 } else { 0.4 };
        day * week * (1.0 + f64::from((hour.wrapping_mul(7919) ^ seed) % 97) / 97.0)
    };
    HourlySeries::new(Timestamp::UNIX_EPOCH, (0..hours).map(value).collect())
}

/// Fits, reads the total and each of the next 24 hours: what a row of the console needs.
fn forecast(series: &HourlySeries, prior: &Prior, track: &Track) -> f64 {
    let model = Model::fit(series, prior).widened(track.widening());
    let hours = (0..24).map(|hour| model.expected(model.origin() + SignedDuration::from_hours(hour)).hi99);
    model.total(168.0).probability_above(1.0) + hours.sum::<f64>()
}

fn per_series(criterion: &mut Criterion) {
    let prior = Prior::shipped();
    for (name, hours) in [("2 h", 2), ("14 d", 336), ("15 months", 10_950)] {
        let series = series(hours, 1);
        let track = Track::of(&series, &prior);
        criterion.bench_function(&format!("forecast/{name}"), |bencher| {
            bencher.iter(|| forecast(black_box(&series), &prior, &track));
        });
        criterion.bench_function(&format!("forecast with its whole record/{name}"), |bencher| {
            bencher.iter(|| forecast(black_box(&series), &prior, &Track::of(&series, &prior)));
        });
    }
}

/// An hour has closed: 1,000 tenants take it up, check what can be checked, and are fitted anew.
fn refresh(criterion: &mut Criterion) {
    let prior = Prior::shipped();
    let fleet: Vec<(HourlySeries, Track)> = (0..1000)
        .map(|seed| series(35 * 24, seed))
        .map(|series| {
            let track = Track::of(&series, &prior);
            (series, track)
        })
        .collect();
    let mut group = criterion.benchmark_group("refresh");
    group.sample_size(10);
    group.bench_function("1,000 tenants, 35 d", |bencher| {
        let hour = |mut fleet: Vec<(HourlySeries, Track)>| {
            let mut sum = 0.0;
            for (series, track) in &mut fleet {
                series.push(5.0, 35 * 24);
                track.update(series, &prior);
                sum += forecast(series, &prior, track);
            }
            (sum, fleet)
        };
        bencher.iter_batched(|| fleet.clone(), hour, BatchSize::LargeInput);
    });
    group.finish();
}

fn anomaly(criterion: &mut Criterion) {
    criterion.bench_function("anomaly/14 d of 5 minutes", |bencher| {
        bencher.iter(|| {
            let mut detector = Detector::new();
            let at = |index: i32| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(5 * i64::from(index));
            (0..4032).map(|index| detector.push(at(index), black_box(f64::from(index % 288)))).sum::<f64>()
        });
    });
}

criterion_group!(benches, per_series, refresh, anomaly);
criterion_main!(benches);
