//! The third axis: what people are told of an alert, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::alert::machine::instance::{Instance, Told};
use crate::alert::machine::mute::SilenceState;
use crate::alert::machine::observation::{Moment, Observation};
use crate::config::Timing;
use crate::domain::event::{AlertKey, Mute, Skip};
use crate::domain::health::Health;
use crate::domain::level::Level;
use crate::domain::matcher::Matchers;
use crate::domain::notice::{Condition, Fingerprint, Notice, NoticeKind, subject_path};
use crate::domain::text::shell_words;

/// When the groups of alerts were last told of, by their path.
pub(super) type Groups = BTreeMap<String, Timestamp>;

/// Tells of an alert that fires, or logs why nobody is told.
pub(super) fn tell(
    instance: &mut Instance,
    seen: &Observation,
    groups: &mut Groups,
    silences: &mut [SilenceState],
    moment: &Moment<'_>,
) -> (Option<Notice>, Option<Skip>) {
    let level = instance.shown;
    if instance.ack.as_ref().is_some_and(|ack| level > ack.level || moment.now >= ack.until) {
        instance.ack = None;
    }
    if let Some(ack) = &mut instance.ack {
        ack.level = level;
    }
    let Some(kind) = due(instance, &seen.timing, moment.now) else { return (None, None) };
    if let Some(why) = instance.mute.clone() {
        return (None, skip(instance, seen, kind, why, silences, moment.now));
    }
    let mut notice = notice(instance, seen, kind, moment);
    notice.due = group_due(&notice, groups, moment);
    if kind == NoticeKind::Flapping {
        instance.flapping_told = true;
    }
    instance.told = Some(told_after(instance.told, kind, level, moment.now));
    instance.skipped = None;
    (Some(notice), None)
}

/// What people should be told of an alert that fires.
fn due(instance: &Instance, timing: &Timing, now: Timestamp) -> Option<NoticeKind> {
    let level = instance.shown;
    let is_acked = instance.ack.is_some();
    let Some(told) = instance.told else { return (!is_acked).then_some(NoticeKind::Fire) };
    if level > told.level {
        return Some(NoticeKind::Rise);
    }
    if instance.is_flapping && !instance.flapping_told {
        return Some(NoticeKind::Flapping);
    }
    if level < told.level {
        return Some(NoticeKind::Fall);
    }
    let passed = |since: Timestamp, wait: SignedDuration| now.duration_since(since) >= wait;
    if is_acked {
        return None;
    }
    if level == Level::Red && !told.escalated && passed(told.since, timing.escalate_after) {
        return Some(NoticeKind::Escalate);
    }
    timing.repeat(level).filter(|wait| passed(told.last, *wait)).map(|_| NoticeKind::Repeat)
}

fn told_after(told: Option<Told>, kind: NoticeKind, level: Level, now: Timestamp) -> Told {
    let before = told.filter(|told| told.level == level);
    Told {
        level,
        since: before.map_or(now, |told| told.since),
        last: now,
        escalated: before.is_some_and(|told| told.escalated) || kind == NoticeKind::Escalate,
    }
}

/// Logs once what people are not told, and counts it for its silence.
fn skip(
    instance: &mut Instance,
    seen: &Observation,
    kind: NoticeKind,
    why: Mute,
    silences: &mut [SilenceState],
    now: Timestamp,
) -> Option<Skip> {
    let is_again = matches!(kind, NoticeKind::Repeat | NoticeKind::Escalate | NoticeKind::Flapping);
    if is_again {
        instance.told = instance.told.map(|told| told_after(Some(told), kind, instance.shown, now));
        instance.flapping_told |= kind == NoticeKind::Flapping;
    } else if instance.skipped == Some(instance.shown) {
        return None;
    }
    instance.skipped = Some(instance.shown);
    if let Mute::Silenced(id) = &why {
        silences.iter_mut().filter(|state| state.silence.id == *id).for_each(|state| state.suppressed += 1);
    }
    Some(Skip { alert: seen.alert.clone(), level: instance.shown, kind, why })
}

/// Tells those who were told that an alert fires of its end.
pub(super) fn tell_end(
    instance: &Instance,
    seen: &Observation,
    kind: NoticeKind,
    groups: &mut Groups,
    moment: &Moment<'_>,
) -> Option<Notice> {
    instance.told?;
    let mut notice = Notice {
        ended_at: Some(moment.now),
        state: Condition::Resolved,
        level: Level::Green,
        ..notice(instance, seen, kind, moment)
    };
    notice.due = group_due(&notice, groups, moment);
    Some(notice)
}

/// A notice of an alert as it stands; what the machine does not know is left open.
pub(super) fn notice(instance: &Instance, seen: &Observation, kind: NoticeKind, moment: &Moment<'_>) -> Notice {
    let fingerprint = Fingerprint::from(&seen.alert);
    Notice {
        id: format!("{fingerprint}@{}#{}", moment.now, kind.name()),
        fingerprint,
        kind,
        labels: (moment.labels)(&seen.alert).at(instance.shown),
        group: subject_path(&seen.alert.subject),
        at: moment.now,
        due: moment.now,
        level: instance.shown,
        previous: instance.told.map_or(Level::Green, |told| told.level),
        state: instance.condition(),
        health: seen.health,
        reason: seen.reason.clone(),
        started_at: instance.started_at.or(instance.fired_at).unwrap_or(moment.now),
        fired_at: instance.fired_at,
        ended_at: None,
        value: Some(seen.value),
        threshold: Some(seen.threshold),
        cost: instance.cost(seen.spent),
        percent_of_budget: None,
        outlook: None,
        contributors: Vec::new(),
        verdict: None,
        provenance: None,
        data_age_s: None,
        acked_by: instance.ack.as_ref().map(|ack| ack.by.clone()),
        contact: None,
        runbook_url: None,
        command: Some(ack_command(&seen.alert)),
        alert: seen.alert.clone(),
    }
}

/// The exact command that acknowledges an alert.
#[must_use]
pub fn ack_command(alert: &AlertKey) -> String {
    format!("bedtop ack {}", shell_words(Matchers::of(alert).0.iter().map(ToString::to_string)))
}

/// When a notice may be sent: what rises, at once; what begins, after the wait or the interval of its group.
fn group_due(notice: &Notice, groups: &mut Groups, moment: &Moment<'_>) -> Timestamp {
    let after = |at: Timestamp, wait: SignedDuration| at.saturating_add(wait).unwrap_or(at);
    let transitions = moment.transitions;
    let next = groups.get(&notice.group).map(|last| after(*last, transitions.group_interval));
    let due = match notice.kind {
        NoticeKind::Rise | NoticeKind::Escalate | NoticeKind::Acknowledge => moment.now,
        NoticeKind::Fire if notice.level == Level::Red => after(moment.now, transitions.group_wait),
        NoticeKind::Fire => after(moment.now, transitions.group_wait).max(next.unwrap_or(moment.now)),
        _ => next.map_or(moment.now, |next| next.max(moment.now)),
    };
    let last = groups.entry(notice.group.clone()).or_insert(due);
    *last = due.max(*last);
    due
}

/// Forgets groups whose interval is over.
pub(super) fn forget_groups(groups: &mut Groups, moment: &Moment<'_>) {
    let interval = moment.transitions.group_interval;
    groups.retain(|_, last| last.saturating_add(interval).is_ok_and(|end| end > moment.now));
}

/// The observation of an alert that is no longer judged.
pub(super) fn gone(alert: &AlertKey, timing: Timing) -> Observation {
    Observation {
        reason: "no longer judged: its budget, tenant or scope is gone".into(),
        health: Health::Ok,
        ..Observation::new(alert.clone(), Level::Green, timing)
    }
}
