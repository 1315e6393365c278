//! What a minute costs the judge: 1,000 tenants with all signals, after five weeks of history.
//!
//! `cargo bench --bench judge`. Each tenant has a profile, a budget of the month and a plan with a commitment; the fleet
//! has a budget and the model a quota. A minute is judged as it is live: what is new is read, every signal assessed, the
//! alert machine stepped. The first minute of an hour fits every forecast anew; it is measured apart.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedtop::domain::amount::Amount;
use bedtop::domain::budget::{Budget, BudgetOver, Caps};
use bedtop::domain::calendar::Calendar;
use bedtop::domain::contract::{Commitment, Contracts, Plan, Terms, Validity};
use bedtop::domain::event::LevelChange;
use bedtop::domain::health::ScopeStatus;
use bedtop::domain::history::History;
use bedtop::domain::ids::{ProfileKey, ProfileRef};
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::profile::Profile;
use bedtop::domain::quota::ModelQuota;
use bedtop::domain::tenancy::TenantRules;
use bedtop::domain::time::{HOUR_SECONDS, Step, TimeSpan};
use bedtop::domain::usage::Point;
use bedtop::domain::view::Mode;
use bedtop::judge::Judge;
use bedtop::judge::policy::Policy;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

const TENANTS: u32 = 1000;
/// 2026-10-20T00:00:00Z.
const START: Timestamp = Timestamp::constant(1_792_454_400, 0);
/// 2026-11-24T12:30:00Z.
const NOW: Timestamp = Timestamp::constant(1_795_523_400, 0);
const MODEL: &str = "meta.llama3-3-70b-instruct-v1:0";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A history that knows what every minute of every profile will have been, and always did.
struct Clockwork {
    profiles: Vec<Vec<Profile>>,
}

impl Clockwork {
    fn new() -> Self {
        let profile = |number: u32| {
            let key = ProfileKey { scope: "main".into(), id: format!("p{number:04}").as_str().into() };
            let tags = [("TenantID".to_owned(), format!("tenant-{number:04}"))];
            vec![Profile { model: Some(MODEL.into()), tags: tags.into(), ..Profile::bare(key, START) }]
        };
        Self { profiles: (0..TENANTS).map(profile).collect() }
    }

    fn counts(profile: ProfileRef, second: i64, minutes: u64) -> Counts {
        let mixed = u64::try_from(second / 60).unwrap_or(0).wrapping_mul(7919) ^ u64::from(profile.0);
        let day = if (8..20).contains(&(second / HOUR_SECONDS % 24)) { 3 } else { 1 };
        let tokens = (20_000 + mixed % 9973) * day * minutes;
        Counts::EMPTY
            .with(Meter::Invocations, tokens / 2000)
            .with(Meter::InputTokens, tokens)
            .with(Meter::OutputTokens, tokens / 5)
            .with(Meter::Throttles, mixed % 3)
    }

    fn every(profile: ProfileRef, span: TimeSpan, seconds: i64, minutes: u64) -> Vec<Point> {
        let first = span.start.max(START).as_second() + seconds - 1;
        let starts = (first.div_euclid(seconds)..).map(|number| number * seconds);
        let inside = starts.take_while(|second| *second < span.end.as_second());
        let at = |second: i64| Timestamp::from_second(second).unwrap_or(START);
        inside.map(|second| Point { at: at(second), counts: Self::counts(profile, second, minutes) }).collect()
    }
}

impl History for Clockwork {
    fn step(&self) -> Step {
        Step::MINUTE
    }

    fn profiles(&self) -> Vec<(ProfileRef, &[Profile])> {
        (0..).map(ProfileRef).zip(self.profiles.iter().map(Vec::as_slice)).collect()
    }

    fn points(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        Self::every(profile, span, 60, 1)
    }

    fn five_minutes(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        Self::every(profile, span, 300, 5)
    }

    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        Self::every(profile, span, HOUR_SECONDS, 60)
    }

    fn revision(&self, _profile: ProfileRef) -> u64 {
        0
    }

    fn touched(&self, _profile: ProfileRef, _mark: u64) -> (u64, Option<Timestamp>) {
        (0, None)
    }

    fn scopes(&self, now: Timestamp) -> Vec<ScopeStatus> {
        vec![ScopeStatus { last_poll: Some(now), watermark: Some(now), ..ScopeStatus::new("main".into()) }]
    }

    fn changes(&self, _now: Timestamp, _limit: usize) -> Vec<LevelChange> {
        Vec::new()
    }

    fn extent(&self) -> Option<TimeSpan> {
        Some(TimeSpan::new(START, NOW))
    }

    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}

fn policy() -> Policy {
    let month = Calendar::months(TimeZone::UTC);
    let budget = |id: &str, usd: i64, over: BudgetOver| Budget {
        id: id.into(),
        amount: Amount::usd(Decimal::from(usd)),
        calendar: month.clone(),
        over,
        caps: Caps::default(),
    };
    let terms = Terms {
        base_fee: Decimal::from(100),
        commitment: Some(Commitment::Spend(Decimal::from(500))),
        ..Terms::free(month.clone())
    };
    let plan = Plan { id: "gold".into(), validity: Validity::default(), terms };
    let quota = ModelQuota {
        scope: "*".into(),
        model: "*".into(),
        tokens_per_minute: Some(100_000_000),
        requests_per_minute: None,
        output_burndown: 5.0,
    };
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        budgets: vec![
            budget("each", 2_000, BudgetOver::Tenants(vec!["*".into()])),
            budget("all", 1_500_000, BudgetOver::Fleet),
        ],
        quotas: vec![quota],
        contracts: Arc::new(Contracts { plans: vec![plan], default_plan: Some("gold".into()), ..Contracts::default() }),
        ..Policy::plain(Mode::Live)
    }
}

/// A judge that has judged up to an instant.
fn warmed(history: &Clockwork, policy: &Policy, now: Timestamp) -> Judge {
    let mut judge = Judge::default();
    for minutes in (0..5).rev() {
        minute(&mut judge, history, policy, now - MINUTE * minutes);
    }
    judge
}

fn minute(judge: &mut Judge, history: &Clockwork, policy: &Policy, now: Timestamp) -> usize {
    let tally = judge.tally(history, policy, now);
    judge.step(&tally, policy).changes.len()
}

fn benches(criterion: &mut Criterion) {
    let (history, policy) = (Clockwork::new(), policy());
    let mut group = criterion.benchmark_group("judge");
    group.sample_size(10);
    // The minutes of one hour, none of which begins it.
    group.bench_function("a new minute of 1,000 tenants", |bencher| {
        bencher.iter_custom(|times| {
            let (mut judge, mut taken) = (Judge::default(), Duration::ZERO);
            for time in 0..times {
                let into = i32::try_from(time % 55).unwrap_or(0);
                let now = NOW - MINUTE * (25 - into);
                if into == 0 {
                    judge = warmed(&history, &policy, now - MINUTE);
                }
                let begun = Instant::now();
                black_box(minute(&mut judge, &history, &policy, now));
                taken += begun.elapsed();
            }
            taken
        });
    });
    group.bench_function("the first minute of an hour", |bencher| {
        let hour = NOW + MINUTE * 30;
        bencher.iter_batched(
            || warmed(&history, &policy, hour - MINUTE),
            |mut judge| black_box(minute(&mut judge, &history, &policy, hour)),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("from nothing", |bencher| {
        bencher.iter(|| black_box(minute(&mut Judge::default(), &history, &policy, NOW)));
    });
    group.finish();
}

criterion_group!(judge, benches);
criterion_main!(judge);
