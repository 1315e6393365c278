//! A fleet for tests of the screen: every level, and everything that is odd.
#![expect(clippy::cast_precision_loss, reason = "small numbers of a fixture")]

mod alerts;
mod sharing;

pub(crate) use sharing::sharing_view;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::domain::amount::AmountRange;
use crate::domain::budget::Caps;
use crate::domain::event::{AlertKey, LevelChange, Signal, Subject};
use crate::domain::health::{Collecting, Fault, Health, Traffic};
use crate::domain::ids::{Owner, ProfileKey};
use crate::domain::letter::Outbox;
use crate::domain::level::Level;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::{CostRange, Money};
use crate::domain::profile::{ProfileKind, Reach, ServiceTier};
use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::{
    Assessment, BudgetRow, Burn, ExpectedBand, FleetTotals, FleetView, Focus, Keeping, MeterSeries, Mode, OwnCost,
    PeriodForecast, PricedUsage, ProfileRow, Provenance, Rates, ScopeRow, SpendCurve, TenantDetail, TenantRow,
};

/// The instant of the fixture.
pub(crate) fn now() -> Timestamp {
    "2026-11-19T13:42:00Z".parse().expect("a valid time")
}

fn dollars(cents: i64) -> Money {
    Money::usd(Decimal::new(cents, 2))
}

fn month() -> TimeSpan {
    let at = |text: &str| text.parse().expect("a valid time");
    TimeSpan::new(at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"))
}

fn usage(cents: i64, tokens: u64) -> PricedUsage {
    PricedUsage {
        counts: Counts::EMPTY
            .with(Meter::Invocations, tokens / 900)
            .with(Meter::InputTokens, tokens / 2)
            .with(Meter::OutputTokens, tokens / 2),
        cost: CostRange::exact(dollars(cents)),
        unpriced_tokens: 0,
        unpriced_images: 0,
        provenance: Provenance::Measured,
    }
}

/// A row like this: (name, level, cents spent, dollars of budget, tokens).
fn row(name: &str, level: Level, cents: i64, budget: i64, tokens: u64) -> TenantRow {
    let used = if budget > 0 { cents as f64 / 100.0 / budget as f64 } else { 0.0 };
    let budgets = (budget > 0).then(|| BudgetRow {
        id: format!("{name}-monthly").as_str().into(),
        amount: dollars(budget * 100).into(),
        caps: Caps::default(),
        span: month(),
        period: "2026-11".into(),
        zone: "UTC".into(),
        spent: AmountRange::exact(dollars(cents).into()),
        unpriced_tokens: 0,
        used,
        expected: 0.62,
        level,
        forecast: None,
    });
    let signals = vec![Assessment {
        signal: Signal::Budget,
        budget: Some(format!("{name}-monthly").as_str().into()),
        level,
        value: used,
        threshold: 0.8,
        reason: format!(
            "{} of {} used ({:.0} %), an even pace would be 62 %",
            dollars(cents),
            dollars(budget * 100),
            used * 100.0
        ),
        evidence: Vec::new(),
    }];
    let seed = u32::try_from(name.len()).expect("a short name");
    let rate = cents as f64 / 20_000.0;
    TenantRow {
        owner: Owner::Tenant(name.into()),
        level,
        frozen_level: None,
        health: Health::Ok,
        data_age: Some(SignedDuration::from_secs(60)),
        signals: if budget > 0 { signals } else { Vec::new() },
        usage: usage(cents, tokens),
        budgets: budgets.into_iter().collect(),
        contract: None,
        rates: Rates {
            usd_per_hour: rate,
            tokens_per_minute: tokens as f64 / 9_000.0,
            requests_per_minute: tokens as f64 / 9_000_000.0,
            errors_per_minute: if level == Level::Red { 4.2 } else { 0.0 },
            throttles_per_minute: if level == Level::Red { 31.0 } else { 0.0 },
            latency_ms: Some(1_840.0),
        },
        sparkline: (0..60).map(|step| Some(f64::from((step * 7 + seed * 3) % 23) * rate)).collect(),
        expected: (budget > 0).then(|| ExpectedBand {
            mean: vec![rate * 11.0; 80],
            low: vec![rate * 5.0; 80],
            high: vec![rate * 17.0; 80],
        }),
        forecast: None,
        burn: Burn::default(),
        last_use: Some(now()),
        profiles: vec![profile(name, "chat", cents * 2 / 3, tokens / 2), profile(name, "agent", cents / 3, tokens / 2)],
    }
}

fn profile(tenant: &str, purpose: &str, cents: i64, tokens: u64) -> ProfileRow {
    ProfileRow {
        key: ProfileKey { scope: "prod/us-east-1".into(), id: "blkjc8qmk04r".into() },
        name: format!("{tenant}-{purpose}"),
        model: Some("anthropic.claude-sonnet-4-5-20250929-v1:0".into()),
        reach: Reach::Geo,
        kind: ProfileKind::Application,
        tier: ServiceTier::Standard,
        deleted: false,
        tag_faults: Vec::new(),
        tags: vec![("Environment".into(), "production".into()), ("TenantID".into(), tenant.into())],
        usage: usage(cents, tokens),
        rates: Rates::default(),
    }
}

fn tenants() -> Vec<TenantRow> {
    let mut blind = row("umbra-health", Level::Blind, 210_400, 4_000, 900_000_000);
    blind.frozen_level = Some(Level::Orange);
    blind.health = Health::Stale;
    blind.data_age = Some(SignedDuration::from_mins(27));
    blind.sparkline[40..].fill(None);
    let mut unpriced = row("preview-lab", Level::Orange, 0, 0, 41_200_000);
    unpriced.usage.cost = CostRange::ZERO;
    unpriced.usage.unpriced_tokens = unpriced.usage.counts.tokens();
    let mut unattributed = row("x", Level::Green, 4_200, 0, 9_000_000);
    unattributed.owner = Owner::Unattributed;
    let mut estimated = row("wayne-retail", Level::Green, 87_100, 2_000, 310_000_000);
    estimated.usage.provenance = Provenance::Estimated;
    vec![
        row("hooli", Level::Red, 151_234, 1_500, 2_400_000_000),
        row("stark-freight", Level::Orange, 870_055, 10_000, 7_100_000_000),
        unpriced,
        row("initech", Level::Yellow, 700_000, 10_000, 5_000_000_000),
        blind,
        row("northwind", Level::Green, 1_450_000, 30_000, 19_000_000_000),
        row("株式会社ウェイランド湯谷研究所", Level::Green, 300_000, 9_000, 2_000_000_000),
        estimated,
        row("evil\u{1b}[31mname\u{7}", Level::Green, 2_000, 100, 30_000_000),
        row("a-tenant-with-a-very-long-name-that-does-not-fit", Level::Green, 1_000, 0, 12_000_000),
        unattributed,
    ]
}

/// The fleet.
pub(crate) fn view() -> FleetView {
    let tenants = tenants();
    let mut totals = FleetTotals { period_elapsed: 0.62, ..FleetTotals::default() };
    for row in &tenants {
        totals.usage.add(&row.usage);
        totals.rates.usd_per_hour += row.rates.usd_per_hour;
        totals.rates.tokens_per_minute += row.rates.tokens_per_minute;
    }
    totals.period_spent = totals.usage.cost;
    totals.period_budget = Some(dollars(6_660_000));
    totals.period_budget_spent = dollars(3_773_789);
    let scope = |name: &str, health, minutes| ScopeRow {
        scope: name.into(),
        health,
        age: Some(SignedDuration::from_mins(minutes)),
        fault: None,
        profiles: 40,
        interval_seconds: 60,
        lag_seconds: Some(95),
        revised: 4,
        traffic: Traffic { calls: 1_204, retries: 3, bytes: 12_100_000, metrics: 12_000, listings: 720 },
        spent: dollars(6),
        collecting: Collecting { active: 23, ..Collecting::default() },
    };
    FleetView {
        at: now(),
        is_past: false,
        mode: Mode::Demo,
        zone: "UTC".into(),
        step: Step::MINUTE,
        period: "2026-11".into(),
        period_span: month(),
        usage_span: TimeSpan::new(month().start, now()),
        health: Health::Stale,
        data_age: Some(SignedDuration::from_mins(27)),
        scopes: vec![scope("prod/us-east-1", Health::Ok, 1), scope("labs/us-west-2", Health::Stale, 27)],
        tenants,
        pools: Vec::new(),
        quotas: Vec::new(),
        totals,
        forecast: Some(PeriodForecast {
            budget: None,
            span: month(),
            total: 61_200.0,
            interval80: (57_900.0, 64_800.0),
            interval95: (55_000.0, 68_000.0),
            overrun: None,
            gone: None,
            history_hours: 840.0,
        }),
        log: log(),
        alerts: alerts::alerts(),
        silences: vec![alerts::silence()],
        explained: Vec::new(),
        events: alerts::events(),
        outbox: Outbox::default(),
        keeping: Keeping { disk_bytes: 48_200_000, oldest: Some(now() - SignedDuration::from_hours(840)), panes: 2 },
        own_cost: OwnCost {
            traffic: Traffic { metrics: 12_000, ..Traffic::default() },
            spent: dollars(12),
            ceiling: dollars(1_000),
        },
        rows_refused: 0,
        store_faults: Vec::new(),
        config_faults: Vec::new(),
    }
}

fn log() -> Vec<LevelChange> {
    let change = |minutes: i64, name: &str, previous, level, reason: &str| LevelChange {
        at: now() - SignedDuration::from_mins(minutes),
        alert: AlertKey {
            subject: Subject::Owner(Owner::Tenant(name.into())),
            signal: Signal::Budget,
            budget: Some(format!("{name}-monthly").as_str().into()),
        },
        previous,
        level,
        reason: reason.into(),
        note: None,
    };
    vec![
        change(
            90,
            "initech",
            Level::Green,
            Level::Yellow,
            "$6,900.00 of $10,000.00 used (69 %), an even pace would be 62 %",
        ),
        change(
            40,
            "hooli",
            Level::Green,
            Level::Yellow,
            "$1,000.00 of $1,500.00 used (67 %), an even pace would be 62 %",
        ),
        change(
            27,
            "hooli",
            Level::Yellow,
            Level::Orange,
            "$1,210.00 of $1,500.00 used (81 %), an even pace would be 62 %",
        ),
        change(3, "hooli", Level::Orange, Level::Red, "$1,512.34 of $1,500.00 used (101 %): the budget is gone"),
    ]
}

/// A fleet whose first scope cannot be polled.
pub(crate) fn failing_view() -> FleetView {
    let mut view = view();
    view.scopes[0].fault = Some(Fault {
        kind: "expired".into(),
        message: "cloudwatch:GetMetricData in us-east-1: the AWS credentials have expired".into(),
        remedy: "renew them, for example with `aws sso login --profile prod`; bedtop goes on by itself".into(),
        since: now() - SignedDuration::from_mins(12),
    });
    view.scopes[0].health = Health::Late;
    view.scopes[1].collecting.backfill_percent = Some(40);
    view.scopes[1].collecting.is_filling = true;
    view.scopes[1].collecting.notices = vec![
        "calls without a profile are not seen: cloudwatch:ListMetrics in us-west-2: AccessDenied; allow it".into(),
    ];
    view.mode = Mode::Live;
    view.rows_refused = 3;
    view.store_faults = vec!["the history's index was damaged and was rebuilt; nothing is lost".into()];
    view
}

/// A curve that runs over its budget.
fn curve() -> SpendCurve {
    let instants = 0..90;
    let over = |from: usize, to: usize, value: &dyn Fn(f64) -> f64| {
        let at = |instant: usize| (from..to).contains(&instant).then(|| value(instant as f64 / 89.0));
        instants.clone().map(at).collect::<Vec<_>>()
    };
    SpendCurve {
        budget: Some("hooli-monthly".into()),
        amount: Some(1_500.0),
        span: month(),
        actual: over(0, 56, &|share| 1_512.34 * (share / 0.62).powi(2)),
        expected: over(0, 90, &|share| 1_500.0 * share),
        forecast: over(55, 90, &|share| 1_512.34 + (share - 0.62) * 3_000.0),
        low: over(55, 90, &|share| 1_512.34 + (share - 0.62) * 2_200.0),
        high: over(55, 90, &|share| 1_512.34 + (share - 0.62) * 4_100.0),
    }
}

/// A tenant in depth.
pub(crate) fn detail(focus: &Focus) -> TenantDetail {
    let owner = &focus.owner;
    let values =
        |scale: f64| (0..120).map(|i| (i < 110).then(|| scale * (1.0 + f64::from((i * 13) % 17)))).collect::<Vec<_>>();
    let series = |meter, scale| MeterSeries { meter, values: values(scale) };
    TenantDetail {
        owner: owner.clone(),
        profile: focus.profile.clone(),
        at: now(),
        span: TimeSpan::new(now() - SignedDuration::from_hours(6), now()),
        bucket: Step::from_minutes(3),
        meters: vec![
            series(Meter::Invocations, 12.0),
            series(Meter::InputTokens, 21_000.0),
            series(Meter::OutputTokens, 6_100.0),
            series(Meter::Throttles, 1.0),
            series(Meter::LatencyMs, 900.0),
        ],
        cost: values(0.4),
        curve: focus.profile.is_none().then(curve),
        explanations: if owner.name() == "hooli" { vec![alerts::explanation()] } else { Vec::new() },
        log: log().into_iter().filter(|change| change.alert.subject == Subject::Owner(owner.clone())).collect(),
    }
}

/// The view, shared.
pub(crate) fn shared_view() -> Arc<FleetView> {
    Arc::new(view())
}
