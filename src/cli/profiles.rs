//! `bedtop profiles`: every profile and what else is called, one-shot; or what of it someone should mend.

use std::io::{self, Write};

use clap::Args;
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config};
use crate::report::lint::{self, Lint};
use crate::report::profiles;

/// Every profile with its tenant, model and use, from the store, without network
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop profiles --lint\n  bedtop profiles --lint --max-share 5    exit code 1 if more than 5 % of the money is at risk"
)]
pub(super) struct Profiles {
    /// What of tags, prices and calls someone should mend, and how, the most money at risk first
    #[arg(long)]
    lint: bool,
    /// With --lint: exit with 1 if more than this percentage of the period's money is at risk
    #[arg(long, value_name = "PERCENT", requires = "lint", value_parser = parse_percent)]
    max_share: Option<f64>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

impl Profiles {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let view = self.input.view(&config)?;
        let tag = config.tenant_tags.first().map_or("", String::as_str);
        if !self.lint {
            let rows = profiles::rows(&view, tag);
            self.output.print(|| profiles::table(&rows), || profiles::json(&rows), || profiles::csv(&rows))?;
            return Ok(0);
        }
        let found = Lint::new(&view, tag);
        self.output.print(|| lint::table(&found), || lint::json(&found), || lint::csv(&found))?;
        let share = found.share() * 100.0;
        let Some(most) = self.max_share.filter(|most| share > *most) else { return Ok(0) };
        writeln!(io::stderr(), "bedtop: {share:.1} % of the money is at risk, more than {most} %")?;
        Ok(1)
    }
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let percent: Option<f64> = text.trim_end_matches('%').trim().parse().ok();
    percent.filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(|| "a percentage from 0 to 100".to_owned())
}
