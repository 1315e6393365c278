//! `bedtop replay`: the console over a recorded trace.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use clap::Args;
use color_eyre::eyre::{Result, WrapErr};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::cli::input::{ReadingOptions, judge_file, read_recording, tell};
use crate::cli::screen::ScreenOptions;
use crate::cli::{GlobalOptions, environment, load_config, print, runtime};
use crate::report::json;
use crate::run::console::{self, Look};
use crate::run::seat::Plan;
use crate::run::setup::{self, ReplayOptions};

/// The console over a recorded usage trace
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop replay usage.csv.gz --price input=3,output=15\n  bedtop replay usage.csv --speed 0 --once   print the whole file's totals as JSON"
)]
pub(super) struct Replay {
    /// The usage CSV, gz too; `-` for standard input
    file: PathBuf,
    /// Recorded seconds a second; 0 judges the whole file at once
    #[arg(long, default_value = "60", value_parser = parse_speed)]
    speed: f64,
    /// Start at this time of the recording (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Judge the whole file, print the fleet as JSON and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    screen: ScreenOptions,
    #[command(flatten)]
    reading: ReadingOptions,
}

impl Replay {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        if self.once {
            print(&json::fleet(&judge_file(&config, &self.file, &self.reading)?)?)?;
            return Ok(0);
        }
        // What cannot be read at all is said before the screen is taken; the rest is read behind the first frame.
        File::open(&self.file).wrap_err_with(|| format!("could not open {}", self.file.display()))?;
        let options = ReplayOptions { speed: self.speed, at: self.at, fallback_price: self.reading.price.clone() };
        let look = Look::new(&config, environment, &mode_label(self.speed))
            .starting(|state| self.screen.apply(&config.ui, state))?;
        let folder = TempDir::with_prefix("bedtop-replay-").wrap_err("could not make a temporary folder")?;
        let path = folder.path().to_owned();
        let (warn, warnings) = mpsc::channel();
        let prepare = move || {
            let recording = read_recording(&self.file, &self.reading)?;
            // Nobody listens any more when the console has ended.
            let _ = warn.send(recording.warnings());
            setup::replay(&config, &Arc::new(recording), options, &path)
        };
        let ended = runtime()?.block_on(console::run(Plan::Alone(Box::new(prepare)), look));
        // While the screen was drawn they had no place.
        warnings.try_iter().try_for_each(|warnings| tell(&warnings))?;
        ended
    }
}

fn mode_label(speed: f64) -> String {
    if speed > 0.0 { format!("REPLAY x{speed}") } else { "REPLAY".to_owned() }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    if text.parse::<f64>() == Ok(0.0) { Ok(0.0) } else { super::demo::parse_speed(text) }
}
