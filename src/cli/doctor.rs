//! `bedtop doctor`: what is as it should be, and what to do about the rest.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;
use crossterm::terminal;
use jiff::Timestamp;

use crate::cli::{GlobalOptions, environment, load_config, print, runtime};
use crate::report::doctor::{self, Verdict};
use crate::run;

/// Look at config, history, socket, prices, quotas, terminal, credentials, every permission, tags and the clock; exit 1 if something is amiss
#[derive(Debug, Args)]
#[command(
    after_help = "It asks AWS one small question for each permission (a metric of GetMetricData costs 0.00001 USD) and lists the profiles with their tags.\n\nExample:\n  bedtop doctor --profile prod"
)]
pub(super) struct Doctor {
    /// Look at this machine only and ask AWS nothing
    #[arg(long)]
    offline: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
}

impl Doctor {
    pub(super) fn run(&self, global: &GlobalOptions) -> Result<u8> {
        let effective = load_config(global)?;
        let now = Timestamp::now();
        let mut findings = run::doctor::this_machine(&effective, environment, terminal::size().ok(), now);
        if !self.offline {
            findings.extend(runtime()?.block_on(run::doctor::aws(&effective.config, now)));
        }
        match self.output {
            Output::Table => print(&doctor::text(&findings))?,
            Output::Json => print(&doctor::json(&findings)?)?,
        }
        Ok(u8::from(findings.iter().any(|finding| finding.verdict == Verdict::Fault)))
    }
}
