//! What is stored of responses, with what is not stored yet in front of it: while the disk refuses, letters are still
//! read and sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::space::{Edit, Space, Spaces};

/// Where responses keep what they keep.
const SPACE: Space = Space::new("respond");
/// How many entries are read at a time.
const PAGE: usize = 500;

/// What is to be stored, by key; `None` removes.
pub(super) type Drafts = BTreeMap<String, Option<Vec<u8>>>;

/// The stored entries behind those that are to be stored.
pub(super) struct Desk<'a> {
    /// What is stored.
    pub stored: &'a dyn Spaces,
    /// What is to be stored.
    pub drafts: &'a mut Drafts,
}

impl Desk<'_> {
    /// A value as it will be stored.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let value = match self.drafts.get(key) {
            Some(draft) => draft.clone(),
            None => self.stored.entry(SPACE, key.as_bytes()),
        };
        serde_json::from_slice(&value?).ok()
    }

    /// Has a value stored.
    pub(super) fn put(&mut self, key: String, value: &impl Serialize) {
        self.drafts.insert(key, serde_json::to_vec(value).ok());
    }

    /// Has a value removed.
    pub(super) fn remove(&mut self, key: String) {
        self.drafts.insert(key, None);
    }
}

/// What is to be stored, as the store takes it.
pub(super) fn edits(drafts: &Drafts) -> Vec<Edit> {
    let edit = |(key, value): (&String, &Option<Vec<u8>>)| Edit {
        space: SPACE,
        key: key.clone().into_bytes(),
        value: value.clone(),
    };
    drafts.iter().map(edit).collect()
}

/// Looks at every stored entry, a page at a time.
pub(super) fn for_each(stored: &dyn Spaces, mut look: impl FnMut(String, &[u8])) {
    let mut from = Vec::new();
    loop {
        let page = stored.entries_from(SPACE, &from, PAGE);
        let Some((last, _)) = page.last() else { return };
        from = [last.as_slice(), &[0]].concat();
        for (key, value) in page {
            if let Ok(key) = String::from_utf8(key) {
                look(key, &value);
            }
        }
    }
}
