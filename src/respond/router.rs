//! Who is told of a notice, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::config::{GroupBy, LogFile, QuietHours, Receiver, ReceiverKind, Repeat, Responses, Route};
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::matcher::{Labels, Matchers};
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::view::Provenance;
use crate::respond::event::Event;

/// The routes and the receivers that they lead to.
#[derive(Clone, Debug)]
pub struct Router {
    routes: Vec<Route>,
    receivers: BTreeMap<String, Receiver>,
}

/// One receiver that is told of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Who.
    pub receiver: String,
    /// With what it is told together.
    pub group: String,
    /// Not before.
    pub due: Timestamp,
    /// Until quiet hours are over.
    pub held: bool,
}

/// What a receiver was told of an alert before, as far as routes ask for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    /// When it was told last.
    pub told_at: Option<Timestamp>,
    /// Since when it knows the alert as red.
    pub red_since: Option<Timestamp>,
    /// When the newest letter about the group was due.
    pub group_at: Option<Timestamp>,
}

impl Router {
    /// The routes of the config; with no receiver at all, everything goes to the audit log.
    #[must_use]
    pub fn new(responses: &Responses) -> Self {
        let responses = if responses.receivers.is_empty() { defaults() } else { responses.clone() };
        let by_name = |receiver: Receiver| (receiver.name.clone(), receiver);
        Self { routes: responses.routes, receivers: responses.receivers.into_iter().map(by_name).collect() }
    }

    /// A receiver by its name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.get(name)
    }

    /// Every receiver, in the order of their names.
    pub fn receivers(&self) -> impl Iterator<Item = &Receiver> {
        self.receivers.values()
    }

    /// Who is to be told that an alert fires; `before` tells what a receiver knows of it.
    pub(super) fn addresses(&self, notice: &Notice, before: &dyn Fn(&str, &str) -> Before) -> Vec<Address> {
        let mut addresses: Vec<Address> = Vec::new();
        for route in self.routes_of(&notice.labels, notice.level) {
            for receiver in self.receivers_on(route, notice.kind) {
                let group = group_of(route.group_by, &receiver.kind, notice);
                let before = before(&receiver.name, &group);
                let Some(due) = due(route, notice, before) else { continue };
                let quiet = route.quiet_hours.as_ref().filter(|_| notice.kind != NoticeKind::Escalate);
                let held = quiet.and_then(|hours| quiet_until(hours, due));
                let address =
                    Address { receiver: receiver.name.clone(), group, due: held.unwrap_or(due), held: held.is_some() };
                // Two routes may lead to one receiver: it is told once, by the one that is sooner.
                match addresses.iter_mut().find(|known| known.receiver == address.receiver) {
                    Some(known) if address.due < known.due => *known = address,
                    Some(_) => {}
                    None => addresses.push(address),
                }
            }
        }
        addresses
    }

    /// Who is told that an alert with these labels has come to a level.
    #[must_use]
    pub fn receivers_for(&self, labels: &Labels, level: Level) -> Vec<&Receiver> {
        let labels = labels.clone().at(level);
        let mut receivers: Vec<&Receiver> = Vec::new();
        for route in self.routes_of(&labels, level) {
            let new = self.receivers_on(route, NoticeKind::Fire);
            receivers.extend(new.filter(|receiver| takes(&receiver.kind, NoticeKind::Fire)));
        }
        receivers.dedup_by_key(|receiver| &receiver.name);
        receivers
    }

    fn routes_of<'a, 'l>(&'a self, labels: &'l Labels, level: Level) -> impl Iterator<Item = &'a Route> + use<'a, 'l> {
        let fits = move |route: &&Route| route.levels.contains(&level) && route.matchers.fit(labels);
        let mut is_over = false;
        self.routes.iter().filter(fits).take_while(move |route| {
            let taken = !is_over;
            is_over |= !route.goes_on;
            taken
        })
    }

    fn receivers_on<'a>(&'a self, route: &'a Route, kind: NoticeKind) -> impl Iterator<Item = &'a Receiver> {
        let (plain, escalated) = match (kind, &route.escalation) {
            (NoticeKind::Escalate, None) => (&[][..], None),
            (NoticeKind::Escalate, Some(escalation)) => (&[][..], Some(&escalation.receiver)),
            _ => (&route.receivers[..], None),
        };
        plain.iter().chain(escalated).filter_map(|name| self.receivers.get(name))
    }
}

/// Why a receiver must not be told of an event, if so.
pub(super) fn barred(kind: &ReceiverKind, event: &Event) -> Option<&'static str> {
    if event.provenance == Some(Provenance::Simulated) {
        return Some("its data is simulated");
    }
    if event.is_end() {
        return None;
    }
    let is_program = matches!(kind, ReceiverKind::Exec(_));
    if event.health.is_blind() && (is_program || event.signal != Signal::Data) {
        return Some("its data is too old to act on");
    }
    match kind {
        ReceiverKind::Exec(exec) if event.provenance == Some(Provenance::Fallback) && !exec.allow_fallback_price => {
            Some("its cost is at a fallback price, and `allow_fallback_price` is not set")
        }
        _ => None,
    }
}

/// Whether a receiver has use for this kind of notice.
pub(super) fn takes(kind: &ReceiverKind, notice: NoticeKind) -> bool {
    let begins = matches!(notice, NoticeKind::Fire | NoticeKind::Rise | NoticeKind::Escalate);
    match kind {
        ReceiverKind::Exec(_) => begins || notice.is_end(),
        ReceiverKind::Bell => begins || notice == NoticeKind::Repeat,
        ReceiverKind::Alertmanager(_) => notice != NoticeKind::Acknowledge,
        ReceiverKind::Heartbeat(_) => false,
        _ => true,
    }
}

/// What is told together. Receivers that take one alert at a time are told of each alone.
fn group_of(by: GroupBy, kind: &ReceiverKind, notice: &Notice) -> String {
    let takes_one = matches!(kind, ReceiverKind::Exec(_) | ReceiverKind::PagerDuty(_) | ReceiverKind::Sns(_));
    match by {
        _ if takes_one => notice.fingerprint.as_str().to_owned(),
        GroupBy::Alert => notice.fingerprint.as_str().to_owned(),
        GroupBy::Subject => notice.group.clone(),
        GroupBy::Signal => format!("signal/{}", notice.alert.signal.name()),
        GroupBy::All => "all".to_owned(),
    }
}

/// When it is told by this route; `None` if not at all.
fn due(route: &Route, notice: &Notice, before: Before) -> Option<Timestamp> {
    match notice.kind {
        NoticeKind::Rise => Some(notice.due),
        NoticeKind::Escalate => {
            let after = route.escalation.as_ref().map_or(SignedDuration::ZERO, |escalation| escalation.after);
            let since = before.red_since.or(notice.fired_at).unwrap_or(notice.at);
            Some(later(since, after).max(notice.due))
        }
        NoticeKind::Repeat => {
            let every = repeat_after(&route.repeat, notice.level)?;
            let is_due = before.told_at.is_some_and(|told| later(told, every) <= notice.at);
            is_due.then_some(notice.due)
        }
        _ => Some(grouped(route, notice, before.group_at)),
    }
}

/// The wait of a new group, or the interval of one that was told of before.
fn grouped(route: &Route, notice: &Notice, group_at: Option<Timestamp>) -> Timestamp {
    match (group_at, route.group_wait, route.group_interval) {
        (Some(last), _, Some(interval)) => later(last, interval).max(notice.at),
        (None, Some(wait), _) => later(notice.at, wait),
        _ => notice.due,
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn repeat_after(repeat: &Repeat, level: Level) -> Option<SignedDuration> {
    match level {
        Level::Red => repeat.red,
        Level::Orange => repeat.orange,
        Level::Yellow | Level::Green | Level::Blind => None,
    }
}

/// The end of the quiet hours that an instant lies in, if it lies in any.
fn quiet_until(hours: &QuietHours, at: Timestamp) -> Option<Timestamp> {
    let local = at.to_zoned_datetime(hours.zone.clone());
    let now = local.time();
    let over_midnight = hours.from > hours.to;
    let is_quiet =
        if over_midnight { now >= hours.from || now < hours.to } else { now >= hours.from && now < hours.to };
    if !is_quiet {
        return None;
    }
    let day = if over_midnight && now >= hours.from { local.date().tomorrow().ok()? } else { local.date() };
    Some(day.to_datetime(hours.to).to_zoned_datetime(hours.zone.clone()).ok()?.timestamp())
}

/// With nothing configured everything is written to the audit log, and nothing leaves the machine.
fn defaults() -> Responses {
    let log = Receiver {
        name: "log".to_owned(),
        kind: ReceiverKind::Log(LogFile { path: None, max_bytes: 10_000_000, keep: 5 }),
        timeout: SignedDuration::from_secs(10),
        per_minute: 6000,
        retry_for: SignedDuration::from_hours(6),
    };
    let route = Route {
        matchers: Matchers::default(),
        levels: vec![Level::Yellow, Level::Orange, Level::Red],
        receivers: vec![log.name.clone()],
        group_by: GroupBy::All,
        group_wait: Some(SignedDuration::ZERO),
        group_interval: Some(SignedDuration::ZERO),
        repeat: Repeat::default(),
        quiet_hours: None,
        escalation: None,
        goes_on: false,
    };
    Responses { receivers: vec![log], routes: vec![route] }
}

#[cfg(test)]
mod tests;
