//! Reads a TOML table by key, remembering what was read, so that what is left over is a fault.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::faults::Fault;

/// What reading a file has brought so far beside the values.
pub(super) struct Findings<'a> {
    text: &'a str,
    faults: RefCell<Vec<(usize, Fault)>>,
    present: RefCell<BTreeSet<String>>,
}

/// A table of the file; an absent one is empty.
pub(super) struct Table<'a> {
    name: String,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
    findings: &'a Findings<'a>,
}

/// The place of a table.
pub(super) struct Place<'a> {
    name: String,
    span: Range<usize>,
    findings: &'a Findings<'a>,
}

impl Place<'_> {
    /// Notes a fault of the table as a whole.
    pub(super) fn fault(&self, message: impl AsRef<str>) {
        self.findings.fault(&self.span, format!("{}: {}", self.name, message.as_ref()));
    }
}

impl<'a> Findings<'a> {
    /// Nothing found yet in this text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, faults: RefCell::default(), present: RefCell::default() }
    }

    /// Notes a fault.
    pub(super) fn fault(&self, span: &Range<usize>, message: impl AsRef<str>) {
        self.faults.borrow_mut().push((span.start, Fault::at(self.text, span, message)));
    }

    /// The faults in the order of the file, and the paths of the keys that were present.
    pub(super) fn into_parts(self) -> (Vec<Fault>, BTreeSet<String>) {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(start, _)| *start);
        (faults.into_iter().map(|(_, fault)| fault).collect(), self.present.into_inner())
    }
}

impl<'a> Table<'a> {
    /// The table of the whole file.
    pub(super) fn root(table: &'a Spanned<DeTable<'a>>, findings: &'a Findings<'a>) -> Self {
        Self::new(String::new(), Some(table.get_ref()), table.span(), findings)
    }

    fn new(name: String, table: Option<&'a DeTable<'a>>, span: Range<usize>, findings: &'a Findings<'a>) -> Self {
        Self { name, table, span, known: RefCell::default(), findings }
    }

    /// The value of a key, if it is there and sound; a fault is noted if it is not sound.
    pub(super) fn get<T>(&self, key: &'static str, read: impl Fn(&DeValue<'_>) -> Result<T, String>) -> Option<T> {
        let value = self.find(key)?;
        match read(value.get_ref()) {
            Ok(read) => Some(read),
            Err(message) => {
                self.findings.fault(&value.span(), format!("{}: {message}", self.path(key)));
                None
            }
        }
    }

    /// [`Table::get`] of a key that must be there.
    pub(super) fn require<T>(&self, key: &'static str, read: impl Fn(&DeValue<'_>) -> Result<T, String>) -> Option<T> {
        if self.find(key).is_none() {
            self.fault(format!("`{key}` is missing here"));
        }
        self.get(key, read)
    }

    /// A table inside this one.
    pub(super) fn table(&self, key: &'static str) -> Table<'a> {
        let path = self.path(key);
        match self.find(key).map(|value| (value, value.get_ref())) {
            Some((value, DeValue::Table(table))) => Self::new(path, Some(table), value.span(), self.findings),
            Some((value, _)) => {
                self.findings.fault(&value.span(), format!("{path}: expected a table: write [{path}]"));
                Self::new(path, None, value.span(), self.findings)
            }
            None => Self::new(path, None, self.span.clone(), self.findings),
        }
    }

    /// The tables of a list, written `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.findings.fault(&value.span(), format!("{key}: expected a list of tables: write [[{key}]]"));
            return Vec::new();
        };
        let table = |item: &'a Spanned<DeValue<'a>>| {
            if let DeValue::Table(table) = item.get_ref() {
                Some(Self::new(self.path(key), Some(table), item.span(), self.findings))
            } else {
                self.findings.fault(&item.span(), format!("{key}: expected a list of tables: write [[{key}]]"));
                None
            }
        };
        items.iter().filter_map(table).collect()
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Where it is, for faults that are found when it has been read.
    pub(super) fn place(&self) -> Place<'a> {
        Place { name: self.name.clone(), span: self.span.clone(), findings: self.findings }
    }

    /// Every key of a table whose keys are the user's own, with its value; what is not sound is noted as a fault.
    pub(super) fn all<T>(self, read: impl Fn(&DeValue<'_>) -> Result<T, String>) -> Vec<(String, T)> {
        let mut values = Vec::new();
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let name = key.get_ref().as_ref();
            match read(value.get_ref()) {
                Ok(value) => values.push((name.to_owned(), value)),
                Err(message) => self.findings.fault(&value.span(), format!("{}: {message}", self.path(name))),
            }
        }
        values
    }

    /// Notes a fault of the table as a whole.
    pub(super) fn fault(&self, message: impl AsRef<str>) {
        self.place().fault(message);
    }

    /// Notes a fault of a key that was read.
    pub(super) fn fault_of(&self, key: &'static str, message: impl AsRef<str>) {
        let span = self.find(key).map_or_else(|| self.span.clone(), Spanned::span);
        self.findings.fault(&span, format!("{}: {}", self.path(key), message.as_ref()));
    }

    /// Notes a fault of one table of a list that was read.
    pub(super) fn fault_of_item(&self, key: &'static str, index: usize, message: impl AsRef<str>) {
        let items = self.find(key).and_then(|value| value.get_ref().as_array());
        let span = items.and_then(|items| items.get(index)).map_or_else(|| self.span.clone(), Spanned::span);
        self.findings.fault(&span, format!("{}: {}", self.path(key), message.as_ref()));
    }

    /// Notes every key that was not asked for; to be called when all have been.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for key in self.table.iter().flat_map(|table| table.keys()) {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let place = if self.name.is_empty() { "the file".to_owned() } else { format!("[{}]", self.name) };
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", known.join(", ")),
            };
            self.findings.fault(&key.span(), format!("`{name}` is not a key of {place}: {hint}"));
        }
    }

    fn find(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        if !self.known.borrow().contains(&key) {
            self.known.borrow_mut().push(key);
        }
        let value = self.table?.get(key)?;
        self.findings.present.borrow_mut().insert(self.path(key));
        Some(value)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

/// The known name that is most like a misspelt one, if any is alike.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored =
        known.into_iter().map(|known| (strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase()), known));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right));
    best.filter(|(score, _)| *score > 0.8).map(|(_, known)| known)
}
