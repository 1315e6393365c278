//! Letters of responses, seen and sent again from a shell: the owner of the history is asked, or it is done on a history
//! that nobody has open.

use color_eyre::eyre::{Result, WrapErr, bail, eyre};

use crate::collect::Clock;
use crate::config::Config;
use crate::domain::letter::{LetterRow, LetterState};
use crate::domain::space::Spaces;
use crate::link::{Answer, Ask};
use crate::respond::{Responder, Router};
use crate::run::{attach, setup};

/// Who sends a letter that waits again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The bedtop that has the history open, at once.
    Owner,
    /// The next one that opens it.
    Next,
}

/// The newest letters, those that wait first.
///
/// # Errors
/// When there is no history, or its owner refuses.
pub async fn list(config: &Config, state: Option<LetterState>, most: usize) -> Result<Vec<LetterRow>> {
    let ask = Ask::Letters { state, most: u32::try_from(most).unwrap_or(u32::MAX) };
    match ask_owner(config, ask).await? {
        Some(Answer::Letters(letters)) => Ok(letters),
        Some(_) => bail!("the owner of the history gave no letters: is it of another version?"),
        None => {
            let store = setup::open_store(config)?;
            Ok(Responder::new(Router::new(&config.responses), &store).rows(state, most, &store))
        }
    }
}

/// Has a dead letter sent again, under the same key.
///
/// # Errors
/// When there is no such letter, or the history cannot be written.
pub async fn resend(config: &Config, key: &str) -> Result<Sender> {
    match ask_owner(config, Ask::Resend(key.to_owned())).await? {
        Some(Answer::Acted(_)) => Ok(Sender::Owner),
        Some(_) => bail!("the owner of the history did not say what came of it: is it of another version?"),
        None => {
            let mut store = setup::open_store(config)?;
            let mut responder = Responder::new(Router::new(&config.responses), &store);
            if !responder.resend(key, Clock::wall().now(), &store) {
                bail!(no_dead_letter(key));
            }
            store.edit(responder.edits()).map_err(|why| eyre!(why)).wrap_err("could not store that it waits again")?;
            Ok(Sender::Next)
        }
    }
}

/// Why there is nothing to send again.
#[must_use]
pub fn no_dead_letter(key: &str) -> String {
    let key = crate::domain::text::printable(key);
    format!("there is no dead letter `{key}`: `bedtop respond list --state dead` lists them")
}

/// The owner's answer; none where there is no owner.
async fn ask_owner(config: &Config, ask: Ask) -> Result<Option<Answer>> {
    let owner = attach::owner(&config.store).await.wrap_err("could not ask the owner of the history")?;
    let Some(owner) = owner else { return Ok(None) };
    match owner.ask(ask).await? {
        Answer::Refused(why) => bail!(why),
        answer => Ok(Some(answer)),
    }
}
