//! Lines that are typed: filters, commands of the palette, notes. All are edited by the same keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::app::filter::Filter;
use crate::app::list::RowKey;

/// A filter as it is typed and as it holds.
#[derive(Clone, Debug, Default)]
pub struct FilterBox {
    /// The text.
    pub input: Input,
    /// What is wrong with the text; everything is shown then.
    pub fault: Option<String>,
    pub(super) applied: Filter,
}

impl FilterBox {
    /// Takes the text as it is now. A filter that is not understood, or not typed to its end, hides nothing.
    pub(super) fn apply(&mut self) {
        let read = Filter::parse(self.input.value());
        self.fault = read.as_ref().err().cloned();
        self.applied = read.unwrap_or_default();
    }

    /// Whether anything is hidden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input.value().trim().is_empty()
    }
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The filter of the list.
    Filter,
    /// A command.
    Command,
    /// A note to an acknowledgement of this.
    Acknowledge(RowKey),
    /// How long this is to be silent, and why.
    Silence(RowKey),
}

/// A line that is being typed.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What it is for.
    pub asking: Asking,
    /// The text; a filter's is in its list.
    pub input: Input,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// What it may be completed to, and which of these was taken.
    pub completions: Vec<String>,
    pub(super) taken: Option<usize>,
    /// How many commands back in the history it is.
    pub(super) recalled: usize,
}

impl Prompt {
    /// An empty line.
    pub(super) fn new(asking: Asking) -> Self {
        Self { asking, input: Input::default(), fault: None, completions: Vec::new(), taken: None, recalled: 0 }
    }

    /// Which of the completions was taken last.
    #[must_use]
    pub fn taken(&self) -> Option<usize> {
        self.taken
    }

    /// Sets the text, with the cursor at its end.
    pub(super) fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
    }
}

/// What a key does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Accept,
    Cancel,
    Complete,
    CompleteBack,
    Recall,
    RecallBack,
    Interrupt,
    Suspend,
    Change(InputRequest),
    Nothing,
}

/// The keys of every line, as in a shell.
pub(super) fn edit(key: KeyEvent) -> Edit {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match (key.code, control) {
        (KeyCode::Char('c'), true) => Edit::Interrupt,
        (KeyCode::Char('z'), true) => Edit::Suspend,
        (KeyCode::Enter, _) => Edit::Accept,
        (KeyCode::Esc, _) => Edit::Cancel,
        (KeyCode::Tab, _) => Edit::Complete,
        (KeyCode::BackTab, _) => Edit::CompleteBack,
        (KeyCode::Up, _) | (KeyCode::Char('p'), true) => Edit::Recall,
        (KeyCode::Down, _) | (KeyCode::Char('n'), true) => Edit::RecallBack,
        (KeyCode::Char('u'), true) => Edit::Change(InputRequest::DeleteLine),
        (KeyCode::Char('w'), true) => Edit::Change(InputRequest::DeletePrevWord),
        (KeyCode::Char('k'), true) => Edit::Change(InputRequest::DeleteTillEnd),
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => Edit::Change(InputRequest::GoToStart),
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => Edit::Change(InputRequest::GoToEnd),
        (KeyCode::Char(letter), false) if !letter.is_control() => Edit::Change(InputRequest::InsertChar(letter)),
        (KeyCode::Backspace, _) => Edit::Change(InputRequest::DeletePrevChar),
        (KeyCode::Delete, _) => Edit::Change(InputRequest::DeleteNextChar),
        (KeyCode::Left, _) => Edit::Change(InputRequest::GoToPrevChar),
        (KeyCode::Right, _) => Edit::Change(InputRequest::GoToNextChar),
        _ => Edit::Nothing,
    }
}
