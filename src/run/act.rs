//! What a person does about alerts from a shell: the owner of the history is asked to, or it is done on a history that
//! nobody has open.

use color_eyre::eyre::{Result, WrapErr, bail};
use jiff::Timestamp;

use crate::config::Config;
use crate::domain::action::Action;
use crate::domain::view::Mode;
use crate::history::Store;
use crate::link::{Answer, Ask};
use crate::report::alerts::AlertReport;
use crate::run::engine::Engine;
use crate::run::{attach, setup};

/// Does it; gives how many alerts or silences it was about.
///
/// # Errors
/// When there is no history, its owner refuses, or it cannot be written.
pub async fn act(config: &Config, action: Action) -> Result<u64> {
    if let Some(owner) = attach::owner(&config.store).await.wrap_err("could not ask the owner of the history")? {
        return match owner.ask(Ask::Act(action)).await? {
            Answer::Acted(touched) => Ok(touched),
            Answer::Refused(why) => bail!(why),
            _ => bail!("the owner of the history did not say what came of it: is it of another version?"),
        };
    }
    if !Store::exists(&config.store.path) {
        bail!("there is no history in {} yet: run `bedtop` or `bedtop collect` first", config.store.path.display());
    }
    let store = setup::open_store(config)?;
    let policy = setup::policy(config, Mode::Live, setup::prices(None));
    let mut engine = Engine::new(store, policy, action.at);
    Ok(engine.act(action).wrap_err("could not store what was done")? as u64)
}

/// The alerts and the log as the owner of the history has them; none where there is no owner.
///
/// # Errors
/// When the owner refuses.
pub async fn alerts_of_owner(
    config: &Config,
    since: &dyn Fn(Timestamp) -> Timestamp,
    explains: bool,
) -> Result<Option<AlertReport>> {
    let owner = attach::owner(&config.store).await.wrap_err("could not ask the owner of the history")?;
    let Some(mut owner) = owner else { return Ok(None) };
    let Some(view) = owner.first_view().await? else {
        bail!("the bedtop that has the history open has nothing to show yet: wait for its first poll")
    };
    match owner.ask(Ask::Alerts { since: since(view.at), explains }).await? {
        Answer::Alerts { log, explanations } => {
            let mut report = AlertReport::new(&view, log);
            for (row, explained) in &mut report.alerts {
                *explained = explanations.iter().find(|explanation| explanation.alert == row.alert).cloned();
            }
            Ok(Some(report))
        }
        Answer::Refused(why) => bail!(why),
        _ => bail!("the owner of the history gave no log: is it of another version?"),
    }
}
