//! The first axis: inactive, pending, firing at a level, recovering, resolved. Only data that can be trusted moves it.

use jiff::{SignedDuration, Timestamp};

use crate::alert::machine::instance::{Instance, Track, level_of_rank, rank};
use crate::alert::machine::observation::{Hold, Moment, Observation};
use crate::domain::level::Level;

/// Whether a new period of its budget has begun, so that the alert starts again.
pub(super) fn begins_anew(instance: &Instance, seen: &Observation) -> bool {
    let start = seen.period.map(|period| period.start);
    seen.hold == Hold::No && instance.period.is_some() && instance.period != start
}

/// Takes what is seen at a step.
pub(super) fn advance(instance: &mut Instance, seen: &Observation, moment: &Moment<'_>) {
    if is_held(instance, seen) {
        instance.frozen.get_or_insert(moment.now);
        return;
    }
    thaw(instance, moment.now);
    instance.period = seen.period.map(|period| period.start);
    let holds = ranks_held(instance, seen, moment);
    for (track, since) in instance.tracks.iter_mut().zip(holds) {
        follow(track, since, moment);
    }
    fire(instance, seen, moment);
    if seen.hold == Hold::No {
        release(instance, seen, moment.now);
    }
    settle(instance, seen, moment);
}

/// Data that is too old, or that cannot be assessed, never moves a condition; a part of it can only raise it.
fn is_held(instance: &Instance, seen: &Observation) -> bool {
    let active = instance.fired_rank().max(instance.seen_rank());
    match seen.hold {
        Hold::Frozen => true,
        _ if seen.level == Level::Blind => active > 0,
        Hold::MayRise => rank(seen.level) < active || (active == 0 && seen.level < instance.shown),
        Hold::No => false,
    }
}

/// Time that could not be seen counts for nothing.
fn thaw(instance: &mut Instance, now: Timestamp) {
    let Some(since) = instance.frozen.take() else { return };
    let unseen = now.duration_since(since);
    let later = |at: Timestamp| at.saturating_add(unseen).unwrap_or(at);
    for track in &mut instance.tracks {
        track.since = track.since.map(later);
        track.last = track.last.map(later);
    }
}

/// For each level, since when it is so; `None` where it is not.
fn ranks_held(instance: &mut Instance, seen: &Observation, moment: &Moment<'_>) -> [Option<Timestamp>; 3] {
    let rank = rank_seen(instance, seen);
    if !seen.is_rate {
        return [1, 2, 3].map(|level| (rank >= level).then_some(moment.now));
    }
    let votes_of = usize::from(seen.timing.votes_of.max(1));
    instance.votes.push(u8::try_from(rank).unwrap_or(u8::MAX));
    let surplus = instance.votes.len().saturating_sub(votes_of);
    instance.votes.drain(..surplus);
    let votes = &instance.votes;
    [1_u8, 2, 3].map(|level| {
        let agreeing = votes.iter().filter(|vote| **vote >= level).count();
        let first = votes.iter().position(|vote| *vote >= level)?;
        let ago = i32::try_from(votes.len() - 1 - first).unwrap_or(i32::MAX);
        let since = moment.now.checked_sub(moment.step.duration() * ago).unwrap_or(moment.now);
        (agreeing >= usize::from(seen.timing.votes)).then_some(since)
    })
}

/// The rank assessed. A level that fires is so until the value has fallen below its entry by the margin, that of a
/// budget until its period is over.
fn rank_seen(instance: &Instance, seen: &Observation) -> usize {
    let is_near = |track: &Track| track.fired && track.entry().is_some_and(|entry| seen.is_within_margin_of(entry));
    let near = match seen.period {
        Some(_) => instance.fired_rank(),
        None => instance.tracks.iter().rposition(is_near).map_or(0, |index| index + 1),
    };
    near.max(rank(seen.level))
}

fn follow(track: &mut Track, since: Option<Timestamp>, moment: &Moment<'_>) {
    if let Some(since) = since {
        track.since.get_or_insert(since);
        track.last = None;
        return;
    }
    track.since = None;
    if track.fired {
        let last_so = moment.now.saturating_sub(moment.step.duration()).unwrap_or(moment.now);
        track.last.get_or_insert(last_so);
    }
}

/// Levels that were so for long enough fire, and all below them.
fn fire(instance: &mut Instance, seen: &Observation, moment: &Moment<'_>) {
    let is_due = |(index, track): (usize, &Track)| {
        let wait = seen.timing.before(level_of_rank(index + 1));
        let wait = if wait > SignedDuration::ZERO { wait.max(moment.step.duration()) } else { wait };
        track.since.is_some_and(|since| moment.now.duration_since(since) >= wait)
    };
    let Some(highest) = instance.tracks.iter().enumerate().rev().find(|&entry| is_due(entry)).map(|(index, _)| index)
    else {
        return;
    };
    for track in &mut instance.tracks[..=highest] {
        track.fired = true;
    }
    let is_entered = seen.threshold.is_finite() && rank(seen.level) == highest + 1;
    if is_entered && instance.tracks[highest].entry_bits.is_none() {
        instance.tracks[highest].entry_bits = Some(seen.threshold.to_bits());
    }
}

/// Levels that have not been so for long enough do not fire any more.
fn release(instance: &mut Instance, seen: &Observation, now: Timestamp) {
    let is_over = |last: Timestamp| now.duration_since(last) >= seen.timing.keep_firing_for;
    for track in &mut instance.tracks {
        if track.last.is_some_and(is_over) {
            *track = Track::default();
        }
    }
}

/// Sets the level that is shown.
fn settle(instance: &mut Instance, seen: &Observation, moment: &Moment<'_>) {
    let raw = level_of_rank(instance.fired_rank());
    if raw != instance.raw {
        instance.changes.push(moment.now);
        instance.raw = raw;
    }
    let window = seen.timing.flapping_window;
    instance.changes.retain(|at| moment.now.duration_since(*at) < window);
    instance.is_flapping = if instance.is_flapping {
        !instance.changes.is_empty()
    } else {
        instance.changes.len() > usize::from(seen.timing.flapping_changes)
    };
    let assessed = if seen.level == Level::Blind { Level::Blind } else { Level::Green };
    let level = if raw == Level::Green { assessed } else { raw };
    instance.shown = if instance.is_flapping { level.max(instance.shown) } else { level };
    if instance.seen_rank() > 0 || instance.is_firing() {
        let began = instance.tracks.iter().filter_map(|track| track.since).min().unwrap_or(moment.now);
        instance.started_at.get_or_insert(began);
    } else {
        instance.started_at = None;
    }
}
