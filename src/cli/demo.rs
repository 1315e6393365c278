//! `bedtop demo`: the console on a simulated fleet.

use clap::Args;
use color_eyre::eyre::{Result, WrapErr};
use tempfile::TempDir;

use crate::cli::screen::ScreenOptions;
use crate::cli::{GlobalOptions, environment, load_config, runtime};
use crate::run::console::{self, Look};
use crate::run::seat::Plan;
use crate::run::setup::{self, DemoOptions};
use crate::source::demo::Scenario;

/// The whole console on a simulated fleet: no AWS, nothing leaves the machine, nothing is kept
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop demo --tenants 200 --seed 7")]
pub(super) struct Demo {
    /// The same seed gives the same fleet and story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated seconds a second
    #[arg(long, default_value = "60", value_parser = parse_speed)]
    speed: f64,
    /// How many tenants
    #[arg(long, default_value = "40", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    tenants: u16,
    /// Which part of the story to tell: all, peak, spike, runaway, confluence, late
    #[arg(long, default_value = "all")]
    scenario: Scenario,
    #[command(flatten)]
    screen: ScreenOptions,
}

impl Demo {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let options = DemoOptions {
            seed: self.seed,
            tenants: usize::from(self.tenants),
            speed: self.speed,
            scenario: self.scenario,
        };
        let look = Look::new(&config, environment, &format!("DEMO x{}", self.speed))
            .starting(|state| self.screen.apply(&config.ui, state))?;
        let folder = TempDir::with_prefix("bedtop-demo-").wrap_err("could not make a temporary folder for the demo")?;
        let path = folder.path().to_owned();
        runtime()?.block_on(console::run(Plan::Alone(Box::new(move || setup::demo(&config, options, &path))), look))
    }
}

/// A speed above zero and below a million.
pub(super) fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 1e6 => Ok(speed),
        _ => Err("expected a number above 0 and up to 1000000, for example 60".to_owned()),
    }
}
