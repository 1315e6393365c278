//! The explanation of an alert, put together from the history: only for alerts that someone looks at.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::alert::explain::verdict::{Signs, weigh};
use crate::alert::explain::{split, waiting};
use crate::alert::machine::ack_command;
use crate::domain::event::{Signal, Subject};
use crate::domain::history::History;
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::profile::Profile;
use crate::domain::time::floor_hour;
use crate::domain::view::{AlertRow, Explanation, FleetView, Notification, TenantRow};
use crate::judge::policy::Policy;

mod figures;

use figures::Figures;

/// How many contributors are named.
const NAMED: usize = 5;
/// How long before the onset a change is near it.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// Explains an alert of a view.
#[must_use]
pub fn explanation(history: &dyn History, policy: &Policy, view: &FleetView, row: &AlertRow) -> Explanation {
    let owners = owners(view, &row.alert.subject);
    let figures = Figures::gather(history, policy, &|profile| is_about(profile, policy, row, &owners), view.at);
    let factors =
        figures.expected.map_or_else(Vec::new, |expected| split::factors(&figures.now.usage, &expected.usage));
    let signs = Signs { mix_share: factors.get(2).map(|factor| factor.share), ..figures.signs() };
    let (verdict, evidence) = weigh(&signs);
    let until = waiting::next_morning(view.at, &policy.zone);
    let is_about_money = row.alert.signal != Signal::Data;
    let now = figures.now.usage.cost;
    let expected = figures.expected.map(|expected| expected.usage.cost);
    Explanation {
        alert: row.alert.clone(),
        what: what(row, view, now, expected),
        because: because(view, row),
        now_usd_per_hour: now,
        expected_usd_per_hour: expected,
        factors,
        contributors: split::contributors(figures.rises(), NAMED),
        verdict,
        evidence,
        waiting: is_about_money.then(|| waiting::waiting(view.at, until, now, &figures.past(until))),
        changed: changed(history, policy, row, &owners, view.at),
        next: next(row, policy, view.at),
        call: call(policy, &row.alert.subject),
    }
}

/// What the signal of an alert rests on, where the view has it.
fn because(view: &FleetView, row: &AlertRow) -> Vec<String> {
    let signals = match &row.alert.subject {
        Subject::Owner(owner) => view.tenant(owner).map(|tenant| &tenant.signals),
        Subject::Pool(name) => view.pools.iter().find(|pool| pool.pool == *name).map(|pool| &pool.signals),
        Subject::Scope(_) | Subject::Quota(..) | Subject::Fleet => None,
    };
    let is_it = |it: &&crate::domain::view::Assessment| it.signal == row.alert.signal && it.budget == row.alert.budget;
    signals.and_then(|signals| signals.iter().find(is_it)).map(|it| it.evidence.clone()).unwrap_or_default()
}

/// The owners an alert is about; none where it is about scopes or models.
fn owners(view: &FleetView, subject: &Subject) -> Vec<Owner> {
    match subject {
        Subject::Owner(owner) => vec![owner.clone()],
        Subject::Pool(name) => {
            let pool = view.pools.iter().find(|pool| pool.pool == *name);
            pool.map_or_else(Vec::new, |pool| pool.members.clone())
        }
        Subject::Fleet => view.tenants.iter().map(|row| row.owner.clone()).collect(),
        Subject::Scope(_) | Subject::Quota(..) => Vec::new(),
    }
}

fn is_about(profile: &Profile, policy: &Policy, row: &AlertRow, owners: &[Owner]) -> bool {
    match &row.alert.subject {
        Subject::Scope(scope) => profile.key.scope == *scope,
        Subject::Quota(scope, model) => profile.key.scope == *scope && profile.model.as_ref() == Some(model),
        Subject::Owner(_) | Subject::Pool(_) | Subject::Fleet => owners.contains(&policy.tenancy.owner(profile)),
    }
}

/// `RED acme: budget gone Thu 20 Nov 14:00 to Thu 20 Nov 19:00 (80 %), $18.2k of $20k used, +$410/h`.
fn what(row: &AlertRow, view: &FleetView, now: f64, expected: Option<f64>) -> String {
    let tenant = if let Subject::Owner(owner) = &row.alert.subject { view.tenant(owner) } else { None };
    let gone = tenant.and_then(|tenant| gone(tenant, view)).map_or(String::new(), |gone| format!("{gone}, "));
    let change = match expected {
        Some(expected) if row.alert.signal != Signal::Data => {
            let sign = if now < expected { '-' } else { '+' };
            format!(", {sign}${:.2}/h against expected", (now - expected).abs())
        }
        _ => String::new(),
    };
    let (level, subject) = (row.level.name().to_uppercase(), row.alert.subject.name());
    format!("{level} {subject}: {gone}{}{change}", row.reason)
}

/// When the budget is gone; nothing where it is gone already, as the reason says.
fn gone(tenant: &TenantRow, view: &FleetView) -> Option<String> {
    let gone = tenant.forecast.as_ref()?.gone?;
    if gone.late.is_some_and(|late| late <= view.at) {
        return None;
    }
    let zone = TimeZone::get(&view.zone).unwrap_or(TimeZone::UTC);
    let early = local(gone.early, &zone);
    Some(match (gone.median, gone.late) {
        (_, Some(late)) => format!("budget gone {early} to {} (80 %)", local(late, &zone)),
        (Some(median), None) => {
            format!("budget gone {} at the median, {early} at the earliest (90 %)", local(median, &zone))
        }
        (None, None) => format!("budget likely lasts, else gone {early} at the earliest (90 %)"),
    })
}

/// A time as people on call read it.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%a %-d %b %H:%M").to_string()
}

/// Versions of profiles and prices that came into force near the onset.
fn changed(history: &dyn History, policy: &Policy, row: &AlertRow, owners: &[Owner], now: Timestamp) -> Vec<String> {
    let from = row.started_at.saturating_sub(NEAR).unwrap_or(Timestamp::MIN);
    let near = |at: Timestamp| from <= at && at <= now;
    let mut changed = Vec::new();
    for (_, versions) in history.profiles() {
        for pair in versions.windows(2).filter(|pair| near(pair[1].from)) {
            if pair.iter().any(|version| is_about(version, policy, row, owners)) {
                changed.extend(difference(&pair[0], &pair[1], &policy.zone));
            }
        }
    }
    let prices = policy.prices.change_times();
    let is_old = |at: &Timestamp| near(floor_hour(*at));
    changed.extend(
        prices.iter().filter(|at| is_old(at)).map(|at| format!("{}: prices changed", local(*at, &policy.zone))),
    );
    changed
}

fn difference(before: &Profile, after: &Profile, zone: &TimeZone) -> Option<String> {
    let mut parts = Vec::new();
    if before.tags != after.tags {
        parts.push("tags changed");
    }
    if before.model != after.model {
        parts.push("another model");
    }
    if before.name != after.name {
        parts.push("renamed");
    }
    if before.deleted != after.deleted {
        parts.push(if after.deleted { "no longer listed" } else { "listed again" });
    }
    (!parts.is_empty()).then(|| format!("{}: {} of profile {}", local(after.from, zone), parts.join(", "), after.name))
}

/// What the policy will do, and the exact command to act.
fn next(row: &AlertRow, policy: &Policy, now: Timestamp) -> Vec<String> {
    let mut next = Vec::new();
    let timing = policy.transitions.timing.of(row.alert.signal);
    let local = |at: Timestamp| local(at, &policy.zone);
    match (&row.notification, row.fired_at) {
        (Notification::Acked { by, until, .. }, _) => {
            next.push(format!("{by} looks after it until {}; then it is told of again", local(*until)));
        }
        (Notification::Silenced(id), _) => next.push(format!("held back by silence {id}: `bedtop unsilence {id}`")),
        (Notification::Inhibited(by), _) => next.push(format!("not told: {by} says it already")),
        (_, None) => {
            let since = timing.before(row.level);
            next.push(format!("fires if it stays so for {} min", since.as_mins()));
        }
        (_, Some(fired)) => {
            let due = fired.saturating_add(timing.escalate_after).unwrap_or(fired);
            match row.level {
                Level::Red if due > now => {
                    next.push(format!("without an ack the next receiver is told at {}", local(due)));
                }
                Level::Red => next.push(format!("nobody looks after it: the next receiver was due at {}", local(due))),
                _ => {}
            }
            if let Some(repeat) = timing.repeat(row.level) {
                next.push(format!("told of again every {} h while it fires", repeat.as_hours()));
            }
        }
    }
    next.push(format!("acknowledge: `{}` or key a", ack_command(&row.alert)));
    next
}

fn call(policy: &Policy, subject: &Subject) -> Vec<String> {
    let Subject::Owner(Owner::Tenant(tenant)) = subject else { return Vec::new() };
    let Some(contact) = policy.contacts.get(tenant) else { return Vec::new() };
    let part = |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name} {text}"));
    let parts =
        [part("owner", &contact.owner), part("contact", &contact.contact), part("runbook", &contact.runbook_url)];
    parts.into_iter().flatten().collect()
}
