//! A store of format 1 becomes one of this format: by copy, so that it is there whole until the new one is.
//!
//! Format 1 had rows of young points, one chunk a profile and day, sums of five minutes and hourly sums by the day, each
//! with a checksum over its value alone, and profiles and the checkpoint beside the named spaces.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use tracing::info;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::space::Edit;
use crate::domain::time::HOUR_SECONDS;
use crate::domain::usage::Point;
use crate::history::engine::{Engine, Entry, OpenFault, Operation};
use crate::history::error::StoreError;
use crate::history::keys::{self, DAY_SECONDS, Kind};
use crate::history::store::{CHECKPOINT, PROFILES};
use crate::history::tier::{self, Tier};
use crate::history::{format_1, row, spaces, swap};

/// The letter of profiles in format 1.
const PROFILE: u8 = b'p';
/// The key of the checkpoint in format 1.
const CHECKPOINT_KEY: &[u8] = b"mcheckpoint";

/// Copies a store of format 1 into one of this format and puts that in its place.
pub(super) fn migrate(folder: &Path, durable: bool) -> Result<(), StoreError> {
    let old = opened(&folder.join("sled"), durable)?;
    let new = opened(&swap::begin(folder)?, durable)?;
    let migration = Migration { old: &old, new: &new };
    migration.run()?;
    new.sync()?;
    drop((old, new));
    info!("the history was brought to the format of this version");
    swap::replace(folder, None)
}

fn opened(files: &Path, durable: bool) -> Result<Engine, StoreError> {
    Engine::open(files, durable).map_err(|fault| match fault {
        OpenFault::Damaged(cause) | OpenFault::Refused(cause) => {
            StoreError::Engine { action: "bring to the format of this version", cause }
        }
    })
}

struct Migration<'a> {
    old: &'a Engine,
    new: &'a Engine,
}

impl Migration<'_> {
    fn run(&self) -> Result<(), StoreError> {
        self.rows()?;
        for tier in [Tier::POINTS, Tier::FIVE_MINUTES, Tier::HOURS] {
            self.tier(tier)?;
        }
        self.beside()?;
        self.each(Kind::Space.prefix(), |(key, value)| vec![Operation::Put(key, value)])?;
        for kind in [Kind::Status, Kind::Change] {
            let unchanged = |(key, value): Entry| {
                format_1::checked(&value).map(|value| Operation::Put(key, value.to_vec())).into_iter().collect()
            };
            self.each(kind.prefix(), unchanged)?;
        }
        Ok(())
    }

    fn rows(&self) -> Result<(), StoreError> {
        self.each(Kind::Row.prefix(), |(key, value)| {
            let entries = format_1::row(&value).map(|entries| row::encode(&entries.into_iter().collect::<Vec<_>>()));
            entries.map(|value| Operation::Put(key, value)).into_iter().collect()
        })
    }

    /// A bucket at a time, a profile at a time: days lie under keys of their own in format 1.
    fn tier(&self, tier: Tier) -> Result<(), StoreError> {
        let keys: BTreeSet<(i64, ProfileRef)> =
            self.all(tier.kind.prefix()).filter_map(|(key, _)| day_of(&key)).collect();
        let mut buckets: BTreeMap<(i64, ProfileRef), Vec<i64>> = BTreeMap::new();
        for (day, profile) in keys {
            buckets.entry((tier.bucket_of(day * DAY_SECONDS), profile)).or_default().push(day);
        }
        for ((bucket, profile), days) in buckets {
            let points: Vec<Point> = days.into_iter().flat_map(|day| self.day(tier.kind, day, profile)).collect();
            self.new.write(tier::put_parts(self.new, tier, profile, bucket, &points))?;
        }
        Ok(())
    }

    fn day(&self, kind: Kind, day: i64, profile: ProfileRef) -> Vec<Point> {
        let first = keys::part(kind, day, profile, 0);
        // Hours had no part in their key, which sorts before one with it.
        let (first, end) = (first[..first.len() - 1].to_vec(), keys::part(kind, day, profile, u8::MAX));
        let stored = self.old.scan_raw(&first, &end).map_while(Result::ok);
        let decode = |(_, value): Entry| match kind {
            Kind::Hours => {
                format_1::row(&value).map(|hours| hours.into_iter().filter_map(|hour| point(day, hour)).collect())
            }
            _ => format_1::chunk(day * DAY_SECONDS, &value),
        };
        stored.filter_map(decode).flatten().collect()
    }

    /// Profiles and the checkpoint.
    fn beside(&self) -> Result<(), StoreError> {
        self.each(PROFILE, |(key, value)| {
            let number = key.get(1..5).map(<[u8]>::to_vec);
            let edit = number.zip(format_1::checked(&value)).map(|(number, value)| Edit::put(PROFILES, number, value));
            edit.into_iter().flat_map(|edit| spaces::operations(self.new, edit)).collect()
        })?;
        let checkpoint = self.all(CHECKPOINT_KEY[0]).find(|(key, _)| key == CHECKPOINT_KEY);
        let edit = checkpoint.and_then(|(_, value)| Some(Edit::put(CHECKPOINT, [], format_1::checked(&value)?)));
        self.new.write(edit.into_iter().flat_map(|edit| spaces::operations(self.new, edit)).collect())
    }

    fn all(&self, prefix: u8) -> impl Iterator<Item = Entry> + use<> {
        self.old.scan_raw(&[prefix], &[prefix + 1]).map_while(Result::ok)
    }

    fn each(&self, prefix: u8, convert: impl Fn(Entry) -> Vec<Operation>) -> Result<(), StoreError> {
        let mut operations = self.all(prefix).flat_map(convert).peekable();
        while operations.peek().is_some() {
            self.new.write(operations.by_ref().take(200).collect())?;
        }
        Ok(())
    }
}

fn day_of(key: &[u8]) -> Option<(i64, ProfileRef)> {
    Some((keys::time_of(key)?, ProfileRef(keys::number_of(key)?)))
}

fn point(day: i64, (hour, counts): (u32, Counts)) -> Option<Point> {
    let at = Timestamp::from_second(day * DAY_SECONDS + i64::from(hour) * HOUR_SECONDS).ok()?;
    Some(Point { at, counts })
}
