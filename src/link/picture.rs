//! A view as packed bytes, with the places of its parts: what is compared, so that only what changed is sent.
//!
//! ```text
//! FleetView = { at: .., tenants: [ { owner: .., level: .., .. }, .. ], log: [..], .. }
//!               field   rows       row: fields, the first of which says who it is
//! ```
//!
//! Nothing here knows the names of fields: what is added to a view is sent like the rest.

use std::ops::Range;

use rmp::encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::link::error::LinkError;
use crate::link::packed::{Malformed, Reader};

/// The largest picture that is taken, in bytes: a hundred times what a thousand tenants need.
pub(super) const LARGEST: usize = 256 * 1024 * 1024;

/// A place in the bytes.
pub(super) type Place = Range<usize>;

/// A value's packed bytes with the places of its fields, and of its rows' fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// One field of the value: its name and what it holds.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Name and value.
    pub(super) whole: Place,
    /// The name alone.
    pub(super) name: Place,
    /// The rows, where the field is a list.
    pub(super) rows: Option<Vec<Row>>,
}

/// One value of a list.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// All of it.
    pub(super) whole: Place,
    /// Its fields, each with its name; none where it is no struct.
    pub(super) fields: Vec<Place>,
}

impl Picture {
    /// The picture of a value.
    ///
    /// # Errors
    /// When the value cannot be packed, or is no struct.
    pub(super) fn of<T: Serialize>(value: &T) -> Result<Self, LinkError> {
        Self::read(rmp_serde::to_vec_named(value).map_err(LinkError::unpackable)?)
    }

    /// Finds the parts of packed bytes.
    ///
    /// # Errors
    /// When they are not the bytes of a struct.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, LinkError> {
        let parts = parts(&bytes).map_err(|Malformed| LinkError::Malformed("a view that is no view".to_owned()))?;
        Ok(Self { bytes, parts })
    }

    /// The value.
    ///
    /// # Errors
    /// When the bytes are of something else.
    pub(super) fn value<T: DeserializeOwned>(&self) -> Result<T, LinkError> {
        rmp_serde::from_slice(&self.bytes).map_err(LinkError::malformed)
    }

    /// Its parts.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bytes of a place; none where the place is not one of this picture.
    pub(super) fn at(&self, place: &Place) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }
}

fn parts(bytes: &[u8]) -> Result<Vec<Part>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.map().ok_or(Malformed)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let start = reader.position();
        reader.skip()?;
        let name = start..reader.position();
        let rows = rows(&mut reader)?;
        parts.push(Part { whole: start..reader.position(), name, rows });
    }
    if reader.is_at_end() { Ok(parts) } else { Err(Malformed) }
}

/// Passes over a value; gives its rows where it is a list.
fn rows(reader: &mut Reader<'_>) -> Result<Option<Vec<Row>>, Malformed> {
    let Some(count) = reader.list() else {
        reader.skip()?;
        return Ok(None);
    };
    let mut rows = Vec::new();
    for _ in 0..count {
        rows.push(row(reader)?);
    }
    Ok(Some(rows))
}

fn row(reader: &mut Reader<'_>) -> Result<Row, Malformed> {
    let start = reader.position();
    let mut fields = Vec::new();
    let Some(count) = reader.map() else {
        reader.skip()?;
        return Ok(Row { whole: start..reader.position(), fields });
    };
    for _ in 0..count {
        let field = reader.position();
        reader.skip()?;
        reader.skip()?;
        fields.push(field..reader.position());
    }
    Ok(Row { whole: start..reader.position(), fields })
}

/// Puts a picture's bytes together again.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
}

impl Assembly {
    /// Begins a struct of this many fields.
    pub(super) fn begin_struct(&mut self, fields: usize) -> Result<(), LinkError> {
        let fields = u32::try_from(fields).map_err(LinkError::malformed)?;
        encode::write_map_len(&mut self.bytes, fields).map_err(LinkError::malformed)?;
        Ok(())
    }

    /// Begins a list of this many values.
    pub(super) fn begin_list(&mut self, values: usize) -> Result<(), LinkError> {
        let values = u32::try_from(values).map_err(LinkError::malformed)?;
        encode::write_array_len(&mut self.bytes, values).map_err(LinkError::malformed)?;
        Ok(())
    }

    /// Adds packed bytes as they are.
    ///
    /// # Errors
    /// When it would be more than [`LARGEST`].
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        if self.bytes.len() + bytes.len() > LARGEST {
            return Err(LinkError::Malformed("a view that is too large".to_owned()));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The picture of what was added.
    ///
    /// # Errors
    /// When that is not the bytes of a struct.
    pub(super) fn finish(self) -> Result<Picture, LinkError> {
        Picture::read(self.bytes)
    }
}
