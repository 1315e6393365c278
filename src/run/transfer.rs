//! The history as a usage CSV, out of a store and into one.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use color_eyre::eyre::{Result, bail};
use jiff::{SignedDuration, Timestamp};

use crate::domain::history::History;
use crate::domain::ids::{ProfileKey, ProfileRef, ScopeName};
use crate::domain::meter::{Counts, Meter};
use crate::domain::profile::Profile;
use crate::domain::tenancy::TenantRules;
use crate::domain::time::TimeSpan;
use crate::domain::usage::{Batch, Point, ProfileUsage};
use crate::history::Store;
use crate::source::replay::Recording;

/// What a row of a usage CSV is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// The points, as far back as they are kept.
    Points,
    /// Sums of five minutes.
    FiveMinutes,
    /// Hourly sums.
    Hours,
}

const HEADER: [&str; 16] = [
    "timestamp",
    "tenant",
    "profile",
    "model",
    "invocations",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "account",
    "region",
    "client_errors",
    "server_errors",
    "throttles",
    "latency_ms_avg",
    "images",
];
const FIRST_METERS: [Meter; 5] =
    [Meter::Invocations, Meter::InputTokens, Meter::OutputTokens, Meter::CacheReadTokens, Meter::CacheWriteTokens];
/// How much is read and sorted at a time.
const SLICE: SignedDuration = SignedDuration::from_hours(24);

/// Writes a row for each profile and bin with any use, in the order of time; the account is the scope. Gives how many.
///
/// # Errors
/// When the output refuses.
pub fn export_csv(store: &Store, rules: &TenantRules, bins: Bins, out: impl Write) -> Result<u64> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    let Some(extent) = store.extent() else { return Ok(0) };
    let profiles = store.profiles();
    let mut count = 0;
    let mut start = extent.start;
    while start < extent.end {
        let slice = TimeSpan::new(start, start.saturating_add(SLICE)?.min(extent.end));
        let mut rows: Vec<(Timestamp, usize, Counts)> = Vec::new();
        for (index, &(profile, _)) in profiles.iter().enumerate() {
            let used = read(store, bins, profile, slice).into_iter().filter(|point| is_used(&point.counts));
            rows.extend(used.map(|point| (point.at, index, point.counts)));
        }
        rows.sort_unstable_by_key(|&(at, index, _)| (at, index));
        for (at, index, counts) in &rows {
            writer.write_record(record(*at, version_at(profiles[*index].1, *at), counts, rules))?;
        }
        count += rows.len() as u64;
        start = slice.end;
    }
    writer.flush()?;
    Ok(count)
}

fn read(store: &Store, bins: Bins, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
    match bins {
        Bins::Points => store.points(profile, span),
        Bins::FiveMinutes => store.five_minutes(profile, span),
        Bins::Hours => store.hours(profile, span),
    }
}

fn is_used(counts: &Counts) -> bool {
    counts.meters().iter().any(|meter| counts.sum_of(meter) > 0)
}

/// What was known of a profile at an instant; of the time before it was known, what was known first.
fn version_at(versions: &[Profile], at: Timestamp) -> &Profile {
    versions.iter().rev().find(|version| version.from <= at).unwrap_or(&versions[0])
}

fn record(at: Timestamp, profile: &Profile, counts: &Counts, rules: &TenantRules) -> Vec<String> {
    let owner = rules.owner(profile);
    let tenant = match &owner {
        crate::domain::ids::Owner::Tenant(tenant) => tenant.as_str(),
        crate::domain::ids::Owner::Unattributed => "",
    };
    let number = |meter: Meter| counts.sum_of(meter).to_string();
    let mut fields = vec![
        at.to_string(),
        tenant.to_owned(),
        profile.key.id.as_str().to_owned(),
        profile.model.as_ref().map_or("unknown", |model| model.as_str()).to_owned(),
    ];
    fields.extend(FIRST_METERS.map(number));
    fields.extend([profile.key.scope.as_str().to_owned(), profile.region.clone()]);
    fields.extend([Meter::ClientErrors, Meter::ServerErrors, Meter::Throttles].map(number));
    fields.push(counts.average_latency_ms().map(|average| format!("{average:.3}")).unwrap_or_default());
    fields.push(number(Meter::Images));
    fields
}

/// Stores a recording, a day at a time; points that are there already are replaced. Gives how many points.
///
/// # Errors
/// When its bins have another width than the points of the store, or the store cannot be written.
pub fn import_csv(store: &mut Store, recording: &Recording) -> Result<u64> {
    if recording.step() != store.step() {
        bail!(
            "the rows are {} s apart, the history holds points of {} s: export points, or say --bin",
            recording.step().seconds(),
            store.step().seconds()
        );
    }
    let mut scopes: HashMap<ScopeName, ScopeName> = HashMap::new();
    let mut days: BTreeMap<ScopeName, Day> = BTreeMap::new();
    let mut count = 0;
    for batch in recording.batches() {
        for profile in &batch.profiles {
            scopes.insert(profile.key.scope.clone(), scope_of(&profile.key.scope, &profile.region));
        }
        let scope = scopes.get(&batch.poll.scope).unwrap_or(&batch.poll.scope).clone();
        let is_over = days.get(&scope).is_some_and(|day| !day.holds(batch.poll.at));
        if let Some(day) = is_over.then(|| days.remove(&scope)).flatten() {
            count += day.store(store)?;
        }
        match days.get_mut(&scope) {
            Some(day) => day.add(batch),
            None => {
                days.insert(scope.clone(), Day::new(scope, batch));
            }
        }
    }
    for day in days.into_values() {
        count += day.store(store)?;
    }
    Ok(count)
}

/// The scope that [`export_csv`] wrote as the account; a recording names it with the region.
fn scope_of(scope: &ScopeName, region: &str) -> ScopeName {
    let account = scope.as_str().strip_suffix(region).and_then(|account| account.strip_suffix('/'));
    account.filter(|_| !region.is_empty()).map_or_else(|| scope.clone(), ScopeName::new)
}

/// What a recording has of a scope and a day.
struct Day {
    scope: ScopeName,
    batch: Batch,
    points: BTreeMap<ProfileKey, Vec<Point>>,
}

impl Day {
    fn new(scope: ScopeName, batch: Batch) -> Self {
        let empty = Batch { points: Vec::new(), ..batch.clone() };
        let mut day = Self { scope, batch: empty, points: BTreeMap::new() };
        day.batch.profiles.clear();
        day.add(batch);
        day
    }

    fn holds(&self, at: Timestamp) -> bool {
        at.as_second().div_euclid(86_400) == self.batch.poll.at.as_second().div_euclid(86_400)
    }

    fn add(&mut self, batch: Batch) {
        let mine = |key: ProfileKey| ProfileKey { scope: self.scope.clone(), ..key };
        let profiles = batch.profiles.into_iter().map(|profile| Profile { key: mine(profile.key.clone()), ..profile });
        self.batch.profiles.extend(profiles);
        for usage in batch.points {
            self.points.entry(mine(usage.profile)).or_default().extend(usage.points);
        }
        self.batch.poll = batch.poll;
        self.batch.poll.scope = self.scope.clone();
    }

    fn store(self, store: &mut Store) -> Result<u64> {
        let count = self.points.values().map(|points| points.len() as u64).sum();
        let points = self.points.into_iter().map(|(profile, points)| ProfileUsage { profile, points }).collect();
        let now = self.batch.poll.at;
        store.apply(&Batch { points, ..self.batch })?;
        while !store.maintain(now)? {}
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::domain::time::Step;
    use crate::history::Retention;
    use crate::run::setup;

    const CSV: &str = "timestamp,tenant,profile,model,invocations,input_tokens,account,region,latency_ms_avg\n\
        2026-11-20T23:58:00Z,acme,p1,anthropic.claude-opus-4-6-v1,3,900,main,us-east-1,120.5\n\
        2026-11-20T23:59:00Z,globex,p2,unknown,1,18446744073709551615,main,us-east-1,\n\
        2026-11-21T00:00:00Z,acme,p1,anthropic.claude-opus-4-6-v1,4,700,main,us-east-1,80\n";

    fn store(folder: &TempDir) -> Store {
        setup::temporary_store(folder.path(), Step::MINUTE, Retention::DEFAULT).expect("opens")
    }

    fn recording(text: &str, folder: &TempDir) -> Recording {
        let path = folder.path().join("usage.csv");
        std::fs::write(&path, text).expect("written");
        Recording::load(&path, None).expect("read")
    }

    fn export(store: &Store) -> String {
        let mut out = Vec::new();
        let rules = TenantRules::default();
        export_csv(store, &rules, Bins::Points, &mut out).expect("exported");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_is_exported_and_imported_is_the_same_under_the_same_scope() {
        let (files, first, second) = (TempDir::new(), TempDir::new(), TempDir::new());
        let (files, first, second) = (files.expect("made"), first.expect("made"), second.expect("made"));
        let mut from = store(&first);
        assert_eq!(import_csv(&mut from, &recording(CSV, &files)).expect("imported"), 3);
        let text = export(&from);
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("18446744073709551615"), "integers are exact: {text}");
        let mut to = store(&second);
        import_csv(&mut to, &recording(&text, &files)).expect("imported");
        assert_eq!(export(&to), text);
        import_csv(&mut to, &recording(&text, &files)).expect("imported again");
        assert_eq!(export(&to), text, "twice is once");
        assert_eq!(to.scopes(Timestamp::MAX)[0].scope.as_str(), "main");
    }

    #[test]
    fn bins_of_another_width_are_refused() {
        let (files, folder) = (TempDir::new().expect("made"), TempDir::new().expect("made"));
        let wide = "timestamp,tenant,invocations\n2026-11-20T00:00:00Z,a,1\n2026-11-20T00:10:00Z,a,1\n";
        assert!(import_csv(&mut store(&folder), &recording(wide, &files)).is_err());
    }
}
