//! `bedtop`: the live console.

use color_eyre::eyre::Result;

use crate::cli::screen::ScreenOptions;
use crate::cli::{GlobalOptions, environment, live_config, runtime};
use crate::run::console::{self, Look};
use crate::run::seat::Plan;
use crate::run::{logging, setup};

pub(super) fn run(global: &GlobalOptions, screen: &ScreenOptions) -> Result<u8> {
    let live = live_config(global)?;
    let config = live.in_force();
    let look = Look::new(&config, environment, "LIVE").starting(|state| screen.apply(&config.ui, state))?;
    let _log = logging::start(&config)?;
    let plan = match &config.store.attach {
        Some(socket) => Plan::Guest(socket.clone()),
        None => Plan::Shared(setup::shared(live)),
    };
    runtime()?.block_on(console::run(plan, look))
}
