//! `bedtop check`: the fleet as a plugin of a monitoring system.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::domain::level::Level;
use crate::domain::tenancy::matches_pattern;
use crate::domain::view::TenantRow;
use crate::report::check::{self, State};

/// One line and an exit code for Nagios and the like: 0 green, 1 yellow, 2 orange or red, 3 not known
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 3 also stands for data that is too old and for every failure of the check itself.\n\nExample:\n  bedtop check --tenant 'acme*' --fail-on red"
)]
pub(super) struct Check {
    /// Judge these tenants only: a name with `*` and `?`
    #[arg(long, value_name = "GLOB", default_value = "*")]
    tenant: String,
    /// The level that is critical (exit 2), with all above it; lower ones above green are a warning (exit 1)
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Orange)]
    fail_on: FailOn,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Yellow,
    Orange,
    Red,
}

impl Check {
    /// The name of the command, by which a fault of its arguments is told from one of another command's.
    pub(super) const NAME: &'static str = "check";

    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let view = self.input.view(&load_config(global)?.config)?;
        let is_asked = |row: &&TenantRow| matches_pattern(&self.tenant, row.owner.name());
        let tenants: Vec<&TenantRow> = view.tenants.iter().filter(is_asked).collect();
        let state = check::state(&view, &tenants, self.fail_on.level());
        print(&check::line(&view, &tenants, state))?;
        Ok(state.code())
    }

    /// What is said and exited with when the check cannot be made: never one of the other states.
    pub(super) fn fail(reason: &str) -> u8 {
        // Whoever closed standard output still gets the code.
        let _ = print(&check::failure(reason));
        State::Unknown.code()
    }
}

impl FailOn {
    fn level(self) -> Level {
        match self {
            Self::Yellow => Level::Yellow,
            Self::Orange => Level::Orange,
            Self::Red => Level::Red,
        }
    }
}
