//! `bedtop store`: looks after the history. What only reads it works while a bedtop has it open; what changes it refuses then.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use color_eyre::eyre::{Result, WrapErr, eyre};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use serde_json::json;

use crate::cli::input::ReadingOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, input, load_config, print};
use crate::config::Config;
use crate::domain::text::printable;
use crate::domain::view::Mode;
use crate::history::{Store, StoreError, archive, care};
use crate::run::setup;
use crate::run::transfer::{self, Bins};

/// Look after the history: sizes, checks, export and import, space
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bedtop store stats\n  bedtop store export usage.csv.gz")]
pub(super) enum StoreCommand {
    /// What the history holds, how much space that takes, and what it will come to
    #[command(after_help = "Example:\n  bedtop store stats --output json")]
    Stats(Stats),
    /// Read every value with its checksum and say exactly what is damaged; exit code 1 if anything is
    #[command(after_help = "Example:\n  bedtop store verify && echo whole")]
    Verify,
    /// Write the history as usage CSV or as a lossless archive
    #[command(
        after_help = "Examples:\n  bedtop store export usage.csv.gz\n  bedtop store export --format archive history.bedtop.gz"
    )]
    Export(Export),
    /// Read a usage CSV into the history, which no bedtop may have open, or an archive into an empty folder
    #[command(after_help = "Example:\n  bedtop --store ./copy store import history.bedtop.gz")]
    Import(Box<Import>),
    /// Give space back: copy what is there into new files. No bedtop may have the history open
    #[command(after_help = "Example:\n  bedtop store compact")]
    Compact,
}

#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to; standard output if not given, compressed if it ends in .gz
    file: Option<PathBuf>,
    /// Usage CSV for other programs, or an archive of everything
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// What a row of the CSV is of; sums reach further back than points
    #[arg(long, value_enum, default_value_t = Of::Points)]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Archive,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    Points,
    FiveMinutes,
    Hours,
}

impl From<Of> for Bins {
    fn from(of: Of) -> Self {
        match of {
            Of::Points => Self::Points,
            Of::FiveMinutes => Self::FiveMinutes,
            Of::Hours => Self::Hours,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A usage CSV or an archive, gz too
    file: PathBuf,
    #[command(flatten)]
    reading: ReadingOptions,
}

impl StoreCommand {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        match self {
            Self::Stats(stats) => stats.run(&config),
            Self::Verify => verify(&config),
            Self::Export(export) => export.run(&config),
            Self::Import(import) => import.run(&config),
            Self::Compact => {
                let (before, after) = care::compact(&config.store.path)?;
                print(&format!("{} MiB became {} MiB", mebibytes(before), mebibytes(after)))?;
                Ok(0)
            }
        }
    }
}

impl Stats {
    fn run(&self, config: &Config) -> Result<u8> {
        let survey = survey(config)?;
        self.output.print(
            || table(config, &survey),
            || serde_json::to_string(&json(config, &survey)),
            || Ok(csv(&survey)),
        )?;
        Ok(0)
    }
}

/// What the history holds; the files are those of the history itself, also where a copy was read.
fn survey(config: &Config) -> Result<care::Survey> {
    let (mut survey, copy) = input::read_store(config, |config| Ok(care::survey(&config.store.path)?))?;
    if let Some(bytes) = copy.and_then(|_| care::files_bytes(&config.store.path)) {
        survey.disk_bytes = bytes;
    }
    Ok(survey)
}

fn table(config: &Config, survey: &care::Survey) -> String {
    let mut lines = vec![format!("{:<24} {:>10} {:>12} {:>12}", "WHAT", "VALUES", "BYTES", "POINTS")];
    let kind = |kind: &care::KindSurvey| {
        format!("{:<24} {:>10} {:>12} {:>12}", kind.name(), kind.values, kind.bytes, kind.points)
    };
    lines.extend(survey.kinds.iter().map(kind));
    let retention = setup::retention(config);
    lines.push(format!(
        "\n{} points of {} s, {} bytes for each; {} MiB of values in {} MiB of files",
        survey.points(),
        survey.step.seconds(),
        per_point(survey).map_or_else(|| "no".to_owned(), |bytes| format!("{bytes:.3}")),
        mebibytes(survey.live_bytes()),
        mebibytes(survey.disk_bytes),
    ));
    let forecast = survey.forecast(&retention);
    lines.push(format!(
        "kept: points {}, five minutes {}, hours {}; at today's use that comes to {} MiB, in files of up to {} MiB",
        days(retention.points),
        days(retention.five_minutes),
        days(retention.hours),
        mebibytes(forecast),
        mebibytes(forecast.saturating_mul(5) / 2),
    ));
    if !survey.damage.is_empty() {
        lines.push(format!("{} values are damaged: `bedtop store verify` says which", survey.damage.len()));
    }
    lines.join("\n")
}

fn days(kept: SignedDuration) -> String {
    format!("{} d", kept.as_hours() / 24)
}

fn json(config: &Config, survey: &care::Survey) -> serde_json::Value {
    let kinds = survey.kinds.iter();
    let kinds = kinds
        .map(|kind| json!({"what": kind.name(), "values": kind.values, "bytes": kind.bytes, "points": kind.points}));
    json!({
        "schema": 1,
        "step_seconds": survey.step.seconds(),
        "points": survey.points(),
        "live_bytes": survey.live_bytes(),
        "disk_bytes": survey.disk_bytes,
        "bytes_per_point": per_point(survey),
        "forecast_bytes": survey.forecast(&setup::retention(config)),
        "damaged": survey.damage.len(),
        "kinds": kinds.collect::<Vec<_>>(),
    })
}

fn csv(survey: &care::Survey) -> String {
    let rows = survey.kinds.iter();
    let rows = rows.map(|kind| format!("{},{},{},{}\n", kind.name(), kind.values, kind.bytes, kind.points));
    std::iter::once("what,values,bytes,points\n".to_owned()).chain(rows).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn per_point(survey: &care::Survey) -> Option<f64> {
    (survey.points() > 0).then(|| survey.live_bytes() as f64 / survey.points() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1024.0 / 1024.0)
}

fn verify(config: &Config) -> Result<u8> {
    let survey = survey(config)?;
    for line in &survey.damage {
        print(&printable(line))?;
    }
    let values: u64 = survey.kinds.iter().map(|kind| kind.values).sum();
    print(&format!("{values} values read, {} damaged", survey.damage.len()))?;
    Ok(u8::from(!survey.damage.is_empty()))
}

impl Export {
    fn run(&self, config: &Config) -> Result<u8> {
        let (said, _copy) = input::read_store(config, |config| self.write(config))?;
        writeln!(io::stderr(), "bedtop: {said}")?;
        Ok(0)
    }

    /// Writes it; says what was written.
    fn write(&self, config: &Config) -> Result<String> {
        let path = &config.store.path;
        match self.format {
            Format::Archive => {
                let (count, left_out) = archive::export(path, self.output()?)?;
                Ok(format!("{count} values exported, {left_out} damaged ones left out"))
            }
            Format::Csv => {
                if !Store::exists(path) {
                    return Err(StoreError::Missing(path.clone()).into());
                }
                let store = setup::open_store(config)?;
                let rules = setup::policy(config, Mode::Live, setup::prices(None)).tenancy;
                let count = transfer::export_csv(&store, &rules, self.of.into(), self.output()?)?;
                Ok(format!("{count} rows exported"))
            }
        }
    }

    fn output(&self) -> Result<Box<dyn Write>> {
        let Some(path) = &self.file else { return Ok(Box::new(io::stdout().lock())) };
        let file = File::create(path).wrap_err_with(|| format!("could not make {}", path.display()))?;
        let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
        let file = BufWriter::new(file);
        Ok(if is_gzip { Box::new(GzEncoder::new(file, Compression::default())) } else { Box::new(file) })
    }
}

impl Import {
    fn run(&self, config: &Config) -> Result<u8> {
        if let Some(archive) = archive_in(&self.file)? {
            let count = archive::import(&config.store.path, archive)?;
            print(&format!("{count} values imported"))?;
            return Ok(0);
        }
        let recording = input::load_recording(&self.file, &self.reading)?;
        let mut store = setup::open_store(config)?;
        let count = transfer::import_csv(&mut store, &recording)?;
        print(&format!("{count} points imported"))?;
        Ok(0)
    }
}

/// The file as an archive behind its first line, if it is one.
fn archive_in(path: &Path) -> Result<Option<Box<dyn Read>>> {
    let open =
        || File::open(path).map(BufReader::new).map_err(|error| eyre!("could not read {}: {error}", path.display()));
    let plain: [Box<dyn Read>; 2] = [Box::new(open()?), Box::new(MultiGzDecoder::new(open()?))];
    for mut input in plain {
        let mut magic = [0; archive::MAGIC.len()];
        if input.read_exact(&mut magic).is_ok() && magic == archive::MAGIC {
            return Ok(Some(input));
        }
    }
    Ok(None)
}
