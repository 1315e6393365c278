//! Named spaces of the store: what other rooms keep beside the usage, each an ordered map of bytes of its own.
//!
//! A room names its space in a constant, encodes its keys so that they sort as it wants to read them, and hands its
//! edits to whoever records: edits of several spaces, changes of level and the checkpoint are stored together or not
//! at all. The store adds checksums and looks into nothing; what is old its owner removes.

/// A space by its name, which is part of every key: short, without a zero byte, never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(&'static str);

impl Space {
    /// A space of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// A change of one entry of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub space: Space,
    /// Which entry; entries are read in the order of these bytes.
    pub key: Vec<u8>,
    /// Its new value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

impl Edit {
    /// Stores a value, in the place of one that is there.
    #[must_use]
    pub fn put(space: Space, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { space, key: key.into(), value: Some(value.into()) }
    }

    /// Removes an entry; one that is not there is no fault.
    #[must_use]
    pub fn remove(space: Space, key: impl Into<Vec<u8>>) -> Self {
        Self { space, key: key.into(), value: None }
    }
}

/// A store with spaces, as rooms see it that must not know the history.
pub trait Spaces {
    /// The value of an entry; `None` where there is none, or where it is damaged (which is noted as a fault).
    fn entry(&self, space: Space, key: &[u8]) -> Option<Vec<u8>>;

    /// Entries from a key on, in order, at most `limit`. Damaged ones are left out and noted.
    fn entries_from(&self, space: Space, key: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Stores edits, all or none; when it returns they survive a power cut.
    ///
    /// # Errors
    /// Why they could not be written, in words for the screen.
    fn edit(&mut self, edits: Vec<Edit>) -> Result<(), String>;
}
