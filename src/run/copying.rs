//! A copy of a history that another process has open, for commands that read it all.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, bail};
use serde_bytes::ByteBuf;

use crate::config::StoreSettings;
use crate::domain::history::History;
use crate::domain::time::Step;
use crate::history::Store;
use crate::history::parts::Copying;
use crate::link::{Answer, Ask, Piece};
use crate::run::attach;

/// A piece of the history, as the answer to a pane.
pub(super) fn piece(store: &Store, after: &[u8]) -> Answer {
    match store.part(after) {
        Ok(part) => Answer::Piece(Piece {
            step_seconds: u32::try_from(store.step().seconds()).unwrap_or(u32::MAX),
            entries: part.entries.into_iter().map(|(key, value)| (ByteBuf::from(key), ByteBuf::from(value))).collect(),
            next: part.next.map(ByteBuf::from),
        }),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

/// Copies the history of its owner into an empty folder; says whether there is an owner.
///
/// # Errors
/// When the owner refuses or ends, or the folder cannot be written to.
pub async fn copy_of_owner(settings: &StoreSettings, folder: &Path) -> Result<bool> {
    let owner = attach::owner(settings).await.wrap_err("could not ask the owner of the history")?;
    let Some(owner) = owner else { return Ok(false) };
    let mut begun = None;
    let mut after = ByteBuf::new();
    loop {
        let piece = match owner.ask(Ask::Copy { after }).await? {
            Answer::Piece(piece) => piece,
            Answer::Refused(why) => bail!(why),
            _ => bail!("the owner of the history gave no copy of it: is it of another version?"),
        };
        let copying = match begun.take() {
            Some(copying) => copying,
            None => Copying::begin(folder, Step::from_seconds(piece.step_seconds))?,
        };
        let entries: Vec<_> =
            piece.entries.into_iter().map(|(key, value)| (key.into_vec(), value.into_vec())).collect();
        copying.take(&entries)?;
        let Some(next) = piece.next else {
            copying.finish()?;
            return Ok(true);
        };
        (after, begun) = (next, Some(copying));
    }
}
