//! A recorded trace in memory, sorted into scopes, profiles and bins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;

use crate::domain::health::{Collecting, PollRecord};
use crate::domain::ids::{ProfileId, ProfileKey, ScopeName, TenantId};
use crate::domain::meter::Counts;
use crate::domain::profile::{Profile, Reach};
use crate::domain::text::printable;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Batch, Point, ProfileUsage};
use crate::source::replay::table::{self, Refused, Row, Table, unreadable, unusable};
use crate::source::{SourceError, model_name};

/// How many refused lines a warning names.
const NAMED_LINES: usize = 5;

/// What one profile of a recording is and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Series {
    pub profile: Profile,
    pub points: BTreeMap<Timestamp, Counts>,
}

/// A recorded trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub(super) series: BTreeMap<ProfileKey, Series>,
    step: Step,
    span: TimeSpan,
    refused: Vec<Refused>,
    unknown_columns: Vec<String>,
}

impl Recording {
    /// Reads a usage CSV, compressed or not; `-` is standard input. The width of a bin is `bin` if it is given,
    /// else the greatest common divisor of the gaps between the times.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a column that is needed, or holds no usable row.
    pub fn load(path: &Path, bin: Option<Step>) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let input = open(path).map_err(|error| unreadable(&name, &error))?;
        let stem = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let scope = stem.split('.').next().filter(|stem| !stem.is_empty() && *stem != "-").unwrap_or("usage");
        Self::sort(table::read(input, &name)?, scope, bin).ok_or_else(|| unusable(&name, "it has no usable row"))
    }

    /// From the start of the first bin to the end of the last.
    #[must_use]
    pub fn span(&self) -> TimeSpan {
        self.span
    }

    /// The width of a bin.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// How many lines were refused.
    #[must_use]
    pub fn rows_refused(&self) -> u64 {
        self.refused.len() as u64
    }

    /// What of the file was left out, one line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.unknown_columns.is_empty() {
            warnings.push(format!("columns without a meaning here were ignored: {}", self.unknown_columns.join(", ")));
        }
        if !self.refused.is_empty() {
            let named = self
                .refused
                .iter()
                .take(NAMED_LINES)
                .map(|refused| format!("line {}: {}", refused.line, refused.reason));
            let more = if self.refused.len() > NAMED_LINES { "; ..." } else { "" };
            let rows = if self.refused.len() == 1 { "row was" } else { "rows were" };
            warnings.push(format!(
                "{} {rows} refused: {}{more}",
                self.refused.len(),
                named.collect::<Vec<_>>().join("; ")
            ));
        }
        warnings.iter().map(|warning| printable(warning)).collect()
    }

    /// The scopes, in order.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<ScopeName> {
        self.series.keys().map(|key| key.scope.clone()).collect()
    }

    /// The whole recording as the polls that would have brought it: one for each bin that holds anything, as of
    /// the bin's end, for every scope, and one at the end.
    pub fn batches(&self) -> impl Iterator<Item = Batch> + '_ {
        let mut bins: BTreeMap<Timestamp, Vec<(&ProfileKey, Counts)>> = BTreeMap::new();
        for (key, series) in &self.series {
            for (&at, &counts) in &series.points {
                bins.entry(at).or_default().push((key, counts));
            }
        }
        let scopes = self.scopes();
        let mut profiles: Vec<Profile> = self.series.values().map(|series| series.profile.clone()).collect();
        bins.into_iter().flat_map(move |(at, usage)| {
            let first = std::mem::take(&mut profiles);
            scopes.iter().map(|scope| self.batch(scope, at, &usage, &first)).collect::<Vec<_>>()
        })
    }

    fn batch(&self, scope: &ScopeName, at: Timestamp, usage: &[(&ProfileKey, Counts)], profiles: &[Profile]) -> Batch {
        let of_scope = usage.iter().filter(|(key, _)| &key.scope == scope);
        let point = |&(key, counts): &(&ProfileKey, Counts)| ProfileUsage {
            profile: key.clone(),
            points: vec![Point { at, counts }],
        };
        let end = at.saturating_add(self.step.duration()).unwrap_or(Timestamp::MAX);
        let poll = PollRecord {
            interval_seconds: u32::try_from(self.step.seconds()).unwrap_or(u32::MAX),
            collecting: Collecting { rows_refused: self.rows_refused(), ..Collecting::default() },
            ..PollRecord::new(scope.clone(), end, Some(end))
        };
        Batch {
            profiles: profiles.iter().filter(|profile| &profile.key.scope == scope).cloned().collect(),
            points: of_scope.map(point).collect(),
            ..Batch::new(poll)
        }
    }

    pub(super) fn sort(table: Table, scope: &str, bin: Option<Step>) -> Option<Self> {
        let times: BTreeSet<Timestamp> = table.rows.iter().map(|row| row.at).collect();
        let step = bin.unwrap_or_else(|| common_step(&times));
        let (first, last) = (step.floor(*times.first()?), step.floor(*times.last()?));
        let shared = shared_profiles(&table.rows);
        let mut series: BTreeMap<ProfileKey, Series> = BTreeMap::new();
        for row in table.rows {
            let key = key_of(&row, scope, &shared);
            let at = step.floor(row.at);
            let series = series.entry(key.clone()).or_insert_with(|| describe(&row, key, first));
            series.points.entry(at).or_insert(Counts::EMPTY).add(&row.counts);
        }
        Some(Self {
            series,
            step,
            span: TimeSpan::new(first, last.saturating_add(step.duration()).unwrap_or(Timestamp::MAX)),
            refused: table.refused,
            unknown_columns: table.unknown_columns,
        })
    }
}

/// The bytes of a file, uncompressed; `-` is standard input.
pub(in crate::source) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut input: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut magic = Vec::new();
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let is_gzip = magic == [0x1f, 0x8b];
    let whole = io::Cursor::new(magic).chain(input);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// The greatest common divisor of the gaps, in whole minutes; a minute where there is one time only.
fn common_step(times: &BTreeSet<Timestamp>) -> Step {
    let seconds: Vec<i64> = times.iter().map(|time| time.as_second()).collect();
    let divisor = seconds.windows(2).map(|pair| pair[1] - pair[0]).fold(0, greatest_common_divisor);
    match u32::try_from(divisor) {
        Ok(seconds) if seconds >= 60 && seconds % 60 == 0 => Step::from_seconds(seconds),
        _ => Step::MINUTE,
    }
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// What tells series apart: the same profile under two tenants, or with two models, is kept as two, so that sums
/// by tenant and the price of each part stay exact.
fn identity(row: &Row) -> (&str, &str) {
    (&row.tenant, &row.model)
}

/// A profile's account, region and id.
type Place = (String, String, String);

/// The profiles that appear with more than one identity in a scope.
fn shared_profiles(rows: &[Row]) -> BTreeSet<Place> {
    let mut identities: BTreeMap<Place, BTreeSet<_>> = BTreeMap::new();
    for row in rows {
        identities.entry(place(row)).or_default().insert(identity(row));
    }
    let shared = identities.into_iter().filter(|(_, identities)| identities.len() > 1);
    shared.map(|(place, _)| place).collect()
}

fn place(row: &Row) -> Place {
    (row.account.clone(), row.region.clone(), row.profile.clone())
}

fn key_of(row: &Row, scope: &str, shared: &BTreeSet<Place>) -> ProfileKey {
    let parts: Vec<&str> =
        [row.account.as_str(), row.region.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let scope = if parts.is_empty() { scope.to_owned() } else { parts.join("/") };
    let bare = ProfileId::from_id_or_arn(&row.profile);
    let id = if shared.contains(&place(row)) {
        ProfileId::new(format!("{bare}@{}/{}", row.tenant, row.model))
    } else {
        bare
    };
    ProfileKey { scope: ScopeName::new(scope), id }
}

fn describe(row: &Row, key: ProfileKey, from: Timestamp) -> Series {
    let known = (!row.model.is_empty() && row.model != "unknown").then(|| model_name::parse(&row.model));
    let profile = Profile {
        arn: if row.profile.starts_with("arn:") { row.profile.clone() } else { String::new() },
        name: ProfileId::from_id_or_arn(&row.profile).as_str().to_owned(),
        reach: known.as_ref().map_or(Reach::InRegion, |name| name.reach),
        model: known.map(|name| name.model),
        region: row.region.clone(),
        tenant: (!row.tenant.is_empty()).then(|| TenantId::new(&row.tenant)),
        ..Profile::bare(key, from)
    };
    Series { profile, points: BTreeMap::new() }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::meter::Meter;

    pub(in crate::source::replay) fn recording(text: &str) -> Recording {
        let table = table::read(text.as_bytes(), "usage.csv").expect("a table");
        Recording::sort(table, "usage", None).expect("rows")
    }

    #[rstest]
    #[case::minutes(&[0, 60, 300], 60)]
    #[case::ten_minutes(&[0, 600, 1800, 3000], 600)]
    #[case::one_time(&[600, 600], 60)]
    #[case::odd_seconds(&[0, 61], 60)]
    #[case::hours(&[3600, 10_800], 7200)]
    fn the_bin_is_the_common_divisor_of_the_gaps(#[case] times: &[i64], #[case] seconds: i64) {
        let lines: String = times.iter().map(|time| format!("{time},acme,1\n")).collect();
        assert_eq!(recording(&format!("timestamp,tenant,invocations\n{lines}")).step().seconds(), seconds);
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("usage.dat");
        let mut gzip =
            flate2::write::GzEncoder::new(File::create(&path).expect("created"), flate2::Compression::fast());
        gzip.write_all(b"timestamp,tenant,invocations\n0,acme,4\n").expect("written");
        gzip.finish().expect("written");
        let recording = Recording::load(&path, None).expect("read");
        assert_eq!(recording.span().length().as_secs(), 60);
        assert_eq!(recording.scopes().first().map(ScopeName::as_str), Some("usage"));
    }

    #[test]
    fn a_file_that_is_not_there_is_told_with_its_name() {
        let error = Recording::load(Path::new("nowhere.csv"), None).expect_err("missing");
        assert!(error.message.contains("nowhere.csv"), "{}", error.message);
    }

    #[test]
    fn refused_rows_are_told_with_their_lines() {
        let text = "timestamp,tenant,invocations,colour\n0,acme,1,red\nx,acme,1,red\n60,acme,-1,red\n";
        let warnings = recording(text).warnings();
        assert_eq!(warnings.len(), 2);
        assert!(
            warnings[0].contains("colour") && warnings[1].starts_with("2 rows were refused: line 3: "),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_profile_of_two_tenants_is_two_series() {
        let text = "timestamp,tenant,profile,invocations\n0,acme,p,1\n0,globex,p,2\n0,globex,q,4\n";
        let recording = recording(text);
        let tenants: Vec<_> = recording.series.values().map(|series| series.profile.tenant.clone()).collect();
        assert_eq!(tenants, [Some("acme".into()), Some("globex".into()), Some("globex".into())]);
        assert!(recording.series.keys().any(|key| key.id.as_str() == "q"), "the other keeps its plain id");
    }

    proptest! {
        #[test]
        fn batches_hold_exactly_what_the_file_does(rows in prop::collection::vec((0..50_i64, 0..3_u8, 0..3_u8, 0..1_000_000_u64), 1..80)) {
            let lines: String = rows.iter().map(|(bin, tenant, profile, tokens)| format!("{},t{tenant},p{profile},{tokens}\n", bin * 600)).collect();
            let recording = recording(&format!("timestamp,tenant,profile,input_tokens\n{lines}"));
            let mut expected: BTreeMap<String, u64> = BTreeMap::new();
            for (_, tenant, _, tokens) in &rows {
                *expected.entry(format!("t{tenant}")).or_default() += tokens;
            }
            let owner = |key: &ProfileKey| recording.series[key].profile.tenant.clone().expect("a tenant").to_string();
            let mut sums: BTreeMap<String, u64> = BTreeMap::new();
            for usage in recording.batches().flat_map(|batch| batch.points) {
                for point in &usage.points {
                    *sums.entry(owner(&usage.profile)).or_default() += point.counts.sum_of(Meter::InputTokens);
                }
            }
            prop_assert_eq!(sums, expected);
        }
    }
}
