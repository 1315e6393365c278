//! What the screen remembers from one run to the next: the chosen columns and the commands that were typed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::State;
use crate::app::column::Column;

/// The file, in the folder of the history.
const FILE: &str = "screen.json";

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    schema: u32,
    columns: Vec<String>,
    commands: Vec<String>,
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    path: PathBuf,
}

impl Memory {
    /// In the folder of the history.
    pub(super) fn of(store: &Path) -> Self {
        Self { path: store.join(FILE) }
    }

    /// Recalls what was kept; a file that is not there or cannot be read changes nothing.
    pub(super) fn recall(&self, state: &mut State) {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let remembered: Remembered = serde_json::from_str(&text).unwrap_or_default();
        if let Ok(columns) = Column::parse_list(&remembered.columns) {
            state.columns = columns;
        }
        state.history = remembered.commands;
    }

    /// Keeps what is to be recalled.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(super) fn keep(&self, state: &State) -> io::Result<()> {
        let columns = state.columns.iter().map(|column| column.name().to_owned()).collect();
        let remembered = Remembered { schema: 1, columns, commands: state.history.clone() };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.path, serde_json::to_vec_pretty(&remembered)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_commands_come_back_and_damage_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::of(folder.path());
        let mut state = State::new("LIVE", (80, 24));
        state.columns = vec![Column::Name, Column::Spent];
        state.history = vec!["view money".to_owned()];
        memory.keep(&state).expect("written");
        let mut later = State::new("LIVE", (80, 24));
        memory.recall(&mut later);
        assert_eq!((&later.columns, &later.history), (&state.columns, &state.history));
        fs::write(folder.path().join(FILE), "{\"columns\": [\"price\"]").expect("written");
        let mut damaged = State::new("LIVE", (80, 24));
        memory.recall(&mut damaged);
        assert_eq!(damaged.columns, Column::OF_TENANTS);
    }
}
