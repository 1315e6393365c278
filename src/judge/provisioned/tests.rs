//! Provisioned throughput in the fleet and in reports: the same to the last digit.

use rstest::rstest;

use super::*;
use crate::domain::calendar::Calendar;
use crate::domain::chargeback::{GroupBy, Period};
use crate::domain::contract::Validity;
use crate::domain::ids::Owner;
use crate::domain::meter::{Counts, Meter};
use crate::domain::tenancy::TenantRules;
use crate::domain::view::{FleetView, Mode};
use crate::judge::Judge;
use crate::judge::chargeback::chargeback;
use crate::judge::fixtures::MemoryHistory;

const MODEL: &str = "anthropic.claude-v1";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn noon() -> Timestamp {
    at("2026-11-24T12:00:00Z")
}

/// Two units at 39.60 USD an hour for acme's chat and globex's mail: 79.20 an hour.
fn policy(from: &str) -> Policy {
    let units = Provisioned {
        name: "units".into(),
        model: MODEL.into(),
        profiles: vec!["chat".into(), "mail".into()],
        units: 2,
        usd_hour: rust_decimal::Decimal::new(396, 1),
        validity: Validity { from: from.parse().ok(), to: None },
    };
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        provisioned: vec![units],
        ..Policy::plain(Mode::Live)
    }
}

/// At eight 300 tokens of acme and 100 of globex, at ten one and two; globex uses something else as well.
fn history() -> MemoryHistory {
    let mut history = MemoryHistory::healthy(noon());
    let tokens = |count| Counts::EMPTY.with(Meter::InputTokens, count);
    let chat = history.add_profile("chat", "acme", MODEL);
    let mail = history.add_profile("mail", "globex", MODEL);
    let other = history.add_profile("other", "globex", "amazon.nova-pro-v1:0");
    for (profile, time, count) in [
        (chat, "2026-11-24T03:20:00Z", 200),
        (chat, "2026-11-24T03:50:00Z", 100),
        (mail, "2026-11-24T03:10:00Z", 100),
        (chat, "2026-11-24T10:10:00Z", 1),
        (mail, "2026-11-24T10:20:00Z", 2),
        (other, "2026-11-24T10:20:00Z", 1_000_000),
    ] {
        history.set(profile, at(time), tokens(count));
    }
    history
}

fn fleet(history: &MemoryHistory, policy: &Policy, now: Timestamp) -> FleetView {
    let mut judge = Judge::default();
    let tally = judge.tally(history, policy, now);
    judge.view(&tally, history, policy)
}

fn spent_by(view: &FleetView, owner: &Owner) -> String {
    view.tenant(owner).map(|row| row.usage.cost.likely.to_exact_string()).unwrap_or_default()
}

#[test]
fn hours_are_shared_by_tokens_and_idle_ones_are_nobodys() {
    let view = fleet(&history(), &policy("2026-11-24"), noon());
    // At three 59.40 and 19.80, at ten 26.40 and 52.80; globex' other million costs 0.80.
    assert_eq!(spent_by(&view, &Owner::Tenant("acme".into())), "85.80");
    assert_eq!(spent_by(&view, &Owner::Tenant("globex".into())), "73.40");
    // Nine hours are over since three, of which seven were idle.
    assert_eq!(spent_by(&view, &Owner::Unattributed), "554.40");
    assert_eq!(view.totals.usage.cost.likely.to_exact_string(), "713.60");
    assert_eq!(view.totals.usage.unpriced_tokens, 0, "its tokens are paid for");
    for row in &view.tenants {
        let profiles: Money = row.profiles.iter().map(|profile| profile.usage.cost.likely).sum();
        assert_eq!(profiles, row.usage.cost.likely, "{:?}", row.owner);
    }
}

#[rstest]
#[case::tenant(GroupBy::Tenant)]
#[case::profile(GroupBy::Profile)]
#[case::model(GroupBy::Model)]
#[case::tag(GroupBy::Tag("CostCenter".into()))]
fn reports_are_the_fleet_to_the_last_digit(#[case] by: GroupBy) {
    let mut units = policy("2026-11-24");
    // An hour that does not divide by three, and a third of it.
    units.provisioned[0].usd_hour = rust_decimal::Decimal::new(1_000_001, 5);
    let history = history();
    let month = Period::month_of(noon(), &units.zone);
    let report = chargeback(&history, &units, month, by, noon());
    let rows: Money = report.rows.iter().map(|row| row.usage.cost.likely).sum();
    let view = fleet(&history, &units, noon());
    assert_eq!(rows, view.totals.usage.cost.likely);
    assert_eq!(rows, Money::usd(rust_decimal::Decimal::new(18_080_018, 5)), "nine hours of two units, and 0.80");
}

#[test]
fn adjoining_days_add_up_and_tomorrow_changes_nothing() {
    let (history, units) = (history(), policy("2026-11-24"));
    let report = |from: &str, to: &str| {
        let period = Period { name: "p".into(), span: TimeSpan::new(at(from), at(to)) };
        chargeback(&history, &units, period, GroupBy::Tenant, noon()).rows
    };
    let of_acme = |rows: Vec<crate::domain::chargeback::ChargeRow>| {
        rows.iter().filter(|row| row.key.as_deref() == Some("acme")).map(|row| row.usage.cost.likely).sum::<Money>()
    };
    let parts = of_acme(report("2026-11-24T00:00:00Z", "2026-11-24T05:00:00Z"))
        + of_acme(report("2026-11-24T05:00:00Z", "2026-11-25T00:00:00Z"));
    assert_eq!(parts, of_acme(report("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")));
    let (tomorrow, never) = (policy("2026-11-25"), Policy { provisioned: Vec::new(), ..policy("") });
    assert_eq!(fleet(&history, &tomorrow, noon()), fleet(&history, &never, noon()));
}

#[test]
fn an_hour_counts_once_it_is_over_and_known() {
    let mut history = history();
    history.scopes[0].watermark = Some(at("2026-11-24T10:59:00Z"));
    let shares = Shares::take(
        &history,
        &policy("2026-11-24"),
        Calendar::months(jiff::tz::TimeZone::UTC).span_at(noon()),
        noon(),
    );
    let newest = shares.idle().iter().flat_map(|idle| &idle.parts).map(|(hour, _)| *hour).max();
    assert_eq!(newest, Some(at("2026-11-24T09:00:00Z")));
    assert_eq!(shares.of(ProfileRef(0)).len(), 1, "ten o'clock is not known to its end");
}
