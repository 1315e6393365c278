//! `bedtop plan`: what polling will cost and how fresh it will be.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;
use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::cli::print;
use crate::collect::simulate::{self, FleetSize};
use crate::domain::meter::Meter;
use crate::domain::money::Money;
use crate::report::plan::{self, Plan};

/// The other intervals that a plan tells of, in minutes.
const TRADE: [i64; 4] = [1, 2, 5, 15];
const MOST_PROFILES: u64 = 100_000;

/// What polling CloudWatch will cost a month and how fresh it will be, beside a naive poller
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop plan --profiles 10000 --active 5 --ceiling 100")]
pub(super) struct PlanCommand {
    /// How many inference profiles
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=MOST_PROFILES))]
    profiles: u64,
    /// How many percent of them are in use at a time
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT", value_parser = parse_percent)]
    active: f64,
    /// How many meters of each profile are wanted
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(3..=Meter::COUNT as u64))]
    meters: u64,
    /// What polling may cost a month
    #[arg(long, value_name = "USD", value_parser = parse_ceiling)]
    ceiling: Option<Money>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
}

impl PlanCommand {
    pub(super) fn run(&self) -> Result<u8> {
        let plan = self.plan();
        match self.output {
            Output::Table => print(&plan::table(&plan))?,
            Output::Json => print(&plan::json(&plan)?)?,
        }
        Ok(0)
    }

    fn plan(&self) -> Plan {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let fleet =
            FleetSize { profiles: number(self.profiles), active_percent: self.active, meters: number(self.meters) };
        let at = |minutes| simulate::planner(fleet, SignedDuration::from_mins(minutes), self.ceiling);
        let trade: Vec<_> = TRADE.map(at).into();
        Plan {
            fleet,
            ceiling: self.ceiling,
            naive: simulate::naive(fleet),
            planner: trade[0],
            trade: trade[1..].to_vec(),
            past: simulate::past_cost(fleet),
        }
    }
}

fn parse_percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("expected a number from 0 to 100".to_owned()),
    }
}

fn parse_ceiling(text: &str) -> Result<Money, String> {
    match Decimal::from_str_exact(text) {
        Ok(amount) if amount > Decimal::ZERO && amount <= Decimal::from(1_000_000) => Ok(Money::usd(amount)),
        _ => Err("expected an amount of USD above 0, for example 10".to_owned()),
    }
}
