//! Care of a store that no bedtop is running on: what it holds, whether it is whole, and giving space back.

use std::fs::Metadata;
use std::path::Path;

use jiff::Timestamp;

use crate::domain::time::Step;
use crate::history::copy::{self, Damage};
use crate::history::engine::{Entry, ReadFault, whole};
use crate::history::error::StoreError;
use crate::history::keys::{self, DAY_SECONDS, Kind};
use crate::history::store::Retention;
use crate::history::tier::Tier;
use crate::history::{block, chunk, open, row, swap};

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The width of its points.
    pub step: Step,
    /// Kinds of values.
    pub kinds: Vec<KindSurvey>,
    /// Bytes of its files.
    pub disk_bytes: u64,
    /// What is damaged, a line each; empty where all is whole.
    pub damage: Vec<String>,
}

/// What a store holds of one kind.
#[derive(Clone, Copy, Debug)]
pub struct KindSurvey {
    kind: Kind,
    /// How many values.
    pub values: u64,
    /// Their bytes, with keys and checksums.
    pub bytes: u64,
    /// How many points of profiles.
    pub points: u64,
    /// The first and last time in their keys.
    times: Option<(i64, i64)>,
}

impl KindSurvey {
    /// In words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Row => "minutes",
            Kind::Block => "hours of points",
            Kind::Chunk => "days of points",
            Kind::FiveMinutes => "sums of five minutes",
            Kind::Hours => "sums of hours",
            Kind::Status => "polls",
            Kind::Change => "changes of level",
            Kind::Space => "beside the usage",
            Kind::Journal => "unfinished batches",
        }
    }

    /// The bytes it will have when it is kept as long as the retention says; those it has, where it does not grow.
    fn forecast(&self, retention: &Retention) -> u64 {
        let (tier, kept) = match self.kind {
            Kind::Chunk => (Tier::POINTS, retention.points),
            Kind::FiveMinutes => (Tier::FIVE_MINUTES, retention.five_minutes),
            Kind::Hours => (Tier::HOURS, retention.hours),
            _ => return self.bytes,
        };
        let Some((first, last)) = self.times else { return 0 };
        let held = tier.start(last + 1).saturating_sub(tier.start(first)).unsigned_abs().max(1);
        let kept = kept.as_secs().unsigned_abs();
        let scaled = u128::from(self.bytes) * u128::from(kept) / u128::from(held);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl Survey {
    /// Bytes of all values.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.bytes).sum()
    }

    /// Points of profiles, young and old.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.kinds
            .iter()
            .filter(|kind| matches!(kind.kind, Kind::Row | Kind::Block | Kind::Chunk))
            .map(|kind| kind.points)
            .sum()
    }

    /// Bytes of all values once everything is kept as long as the retention says, at today's use.
    #[must_use]
    pub fn forecast(&self, retention: &Retention) -> u64 {
        self.kinds.iter().map(|kind| kind.forecast(retention)).fold(0, u64::saturating_add)
    }
}

/// The bytes of a store's files as they lie there, whoever has it open; `None` where there are none.
#[must_use]
pub fn files_bytes(folder: &Path) -> Option<u64> {
    let files = std::fs::read_dir(folder.join("sled")).ok()?;
    Some(files.filter_map(|file| file.ok()?.metadata().ok()).filter(Metadata::is_file).map(|file| file.len()).sum())
}

/// Reads every value and its checksum.
///
/// # Errors
/// When there is no store, or a running bedtop has it.
pub fn survey(folder: &Path) -> Result<Survey, StoreError> {
    let (opened, step) = open::open_for_care(folder)?;
    let mut survey = Survey { step, kinds: Vec::new(), disk_bytes: opened.engine.disk_bytes(), damage: opened.faults };
    for kind in Kind::ALL {
        let mut found = KindSurvey { kind, values: 0, bytes: 0, points: 0, times: None };
        let mut last = Vec::new();
        for entry in opened.engine.scan_raw(&[kind.prefix()], &[kind.prefix() + 1]) {
            match entry {
                Ok(entry) => {
                    last.clone_from(&entry.0);
                    let fault = found.take(entry);
                    survey.damage.extend(fault);
                }
                Err(ReadFault::Damaged(key)) => survey.damage.push(describe(&key)),
                Err(ReadFault::Unreadable(fault)) => {
                    open::ask_for_salvage(folder);
                    let after = if last.is_empty() { "nothing".to_owned() } else { describe(&last) };
                    let lost = "what can be read is saved at the next start";
                    survey.damage.push(format!("{} after {after}: {fault}; {lost}", found.name()));
                }
            }
        }
        survey.kinds.push(found);
    }
    Ok(survey)
}

impl KindSurvey {
    /// Counts a value; says what is wrong with it.
    fn take(&mut self, entry: Entry) -> Option<String> {
        self.values += 1;
        self.bytes += (entry.0.len() + entry.1.len()) as u64;
        let described = describe(&entry.0);
        let Ok((key, value)) = whole(entry) else { return Some(format!("{described}: its checksum does not hold")) };
        if let Some(time) = keys::time_of(&key) {
            let (first, last) = self.times.unwrap_or((time, time));
            self.times = Some((first.min(time), last.max(time)));
        }
        let points = match self.kind {
            Kind::Row => row::decode(&value).map(|entries| entries.len()),
            Kind::Block => block::decode(&value).map(|hours| {
                hours.iter().filter_map(|(_, packed)| block::unpack_times(packed)).map(|times| times.len()).sum()
            }),
            Kind::Chunk | Kind::FiveMinutes | Kind::Hours => chunk::decode(0, &value).map(|points| points.len()),
            _ => Some(0),
        };
        self.points += points.unwrap_or(0) as u64;
        points.is_none().then(|| format!("{described}: it cannot be understood"))
    }
}

/// What lies under a key, in words.
fn describe(key: &[u8]) -> String {
    let Some(kind) = Kind::of(key) else { return format!("a value under the unknown key {}", hex(key)) };
    let number = keys::number_of(key).unwrap_or(0);
    let day = |days: i64| moment(days.saturating_mul(DAY_SECONDS));
    let of_tier = |tier: Tier, bucket: i64| format!("from {} of profile {number}", moment(tier.start(bucket)));
    let place = keys::time_of(key).map(|time| match kind {
        Kind::Row | Kind::Block => {
            format!("at {} of profiles {} to {}", moment(time), number * 128, number * 128 + 127)
        }
        Kind::Chunk => format!("on {} of profile {number}", day(time)),
        Kind::FiveMinutes => of_tier(Tier::FIVE_MINUTES, time),
        Kind::Hours => of_tier(Tier::HOURS, time),
        Kind::Status | Kind::Change => format!("at {}", moment(time / 1000)),
        Kind::Space | Kind::Journal => format!("under {}", hex(key)),
    });
    format!("{} {}", kind.describe(), place.unwrap_or_default())
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "an impossible time".to_owned(), |at| at.to_string())
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies all values into new files, which take the place of the old ones; gives the bytes before and after.
///
/// # Errors
/// When there is no store, a running bedtop has it, a value is damaged, or there is no room for the copy. Nothing is
/// changed then.
pub fn compact(folder: &Path) -> Result<(u64, u64), StoreError> {
    let (mut opened, step) = open::open_for_care(folder)?;
    opened.engine.mend()?;
    let before = opened.engine.disk_bytes();
    if let Err(error) = copy::copy(folder, &opened.engine, Damage::Refuse) {
        swap::abandon(folder)?;
        return Err(error);
    }
    // The lock is kept until the new files have taken their place.
    let open::Opened { engine, lock, .. } = opened;
    drop(engine);
    swap::replace(folder, None)?;
    drop(lock);
    let opened = open::open(folder, step, true)?;
    Ok((before, opened.engine.disk_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::History;
    use crate::domain::ids::ProfileRef;
    use crate::history::fixtures::{batch, days, everything, folder, keep_up, minutes, open, start, tokens, usage};

    fn filled(folder: &Path) {
        let mut store = open(folder);
        for hour in 0..60 {
            let when = start() + minutes(60 * hour);
            store.apply(&batch(when, vec![usage("a", when, tokens(7)), usage("b", when, tokens(8))])).expect("stored");
            keep_up(&mut store, when);
        }
        store.record(&[], b"state", Vec::new()).expect("recorded");
    }

    #[test]
    fn a_survey_counts_all_and_says_exactly_what_is_damaged() {
        let folder = folder();
        filled(folder.path());
        let found = survey(folder.path()).expect("surveyed");
        assert_eq!((found.points(), found.damage.len()), (120, 0));
        assert!(found.forecast(&Retention::DEFAULT) > found.live_bytes());
        let day = Tier::POINTS.bucket_of(start().as_second());
        let key = keys::part(Kind::Chunk, day, ProfileRef(1), 0);
        open(folder.path()).engine.write_raw(&[(key, b"damage".to_vec())]).expect("written");
        let damage = survey(folder.path()).expect("surveyed").damage;
        assert_eq!(damage, ["a day of a profile on 2026-11-20T00:00:00Z of profile 1: its checksum does not hold"]);
        assert!(compact(folder.path()).is_err(), "a damaged store is not copied");
        assert_eq!(open(folder.path()).points(ProfileRef(0), everything()).len(), 60);
    }

    #[test]
    fn compacting_changes_nothing_but_the_size() {
        let folder = folder();
        filled(folder.path());
        let read = |folder: &Path| {
            let store = open(folder);
            let of = |profile| (store.points(profile, everything()), store.hours(profile, everything()));
            (of(ProfileRef(0)), of(ProfileRef(1)), store.checkpoint(), store.scopes(start() + days(9)))
        };
        let before = read(folder.path());
        compact(folder.path()).expect("compacted");
        assert_eq!(read(folder.path()), before);
        assert!(matches!(survey(&folder.path().join("nowhere")), Err(StoreError::Missing(_))));
    }
}
