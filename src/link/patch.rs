//! What changed between two views: fields that differ, and in lists the rows that differ, field by field.
//!
//! A patch is made against the picture that a pane already has, so it is only ever applied to that one. Rows are
//! found again by their first field, which says who they are; were two alike in that, the patch would be larger than
//! need be, never wrong.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::link::error::LinkError;
use crate::link::picture::{Assembly, Part, Picture, Row};

/// The most rows that a list may have.
const MOST_ROWS: usize = 1_000_000;

/// How to make a picture from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patch {
    /// How many fields there are.
    fields: u32,
    /// Those that changed, by their place.
    changed: Vec<(u32, FieldPatch)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum FieldPatch {
    /// The field as it is now, with its name.
    Whole(ByteBuf),
    /// The rows as they are now; the name stays.
    Rows(Vec<RowPatch>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RowPatch {
    /// So many rows from this place on, as they were.
    Kept(u32, u32),
    /// The row that was at this place, with these of its fields changed.
    Changed(u32, Vec<(u32, ByteBuf)>),
    /// A row that was not there.
    New(ByteBuf),
}

impl Patch {
    /// What makes `new` from `old`.
    pub(super) fn between(old: &Picture, new: &Picture) -> Self {
        let changed = |(number, part): (u32, &Part)| {
            let before = old.parts().get(number as usize);
            if before.is_some_and(|before| old.at(&before.whole) == new.at(&part.whole)) {
                return None;
            }
            Some((number, field_patch(old, before, new, part)))
        };
        let fields = u32::try_from(new.parts().len()).unwrap_or(u32::MAX);
        Self { fields, changed: (0..).zip(new.parts()).filter_map(changed).collect() }
    }

    /// Whether nothing changed since a picture of the same fields.
    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// The picture that follows from the one before.
    ///
    /// # Errors
    /// When the patch is not one of this picture.
    pub(super) fn apply(&self, old: &Picture) -> Result<Picture, LinkError> {
        let mut changed = self.changed.iter().peekable();
        let mut assembly = Assembly::default();
        assembly.begin_struct(self.fields as usize)?;
        for number in 0..self.fields {
            let before = old.parts().get(number as usize);
            match changed.next_if(|(place, _)| *place == number) {
                Some((_, FieldPatch::Whole(bytes))) => assembly.add(bytes)?,
                Some((_, FieldPatch::Rows(patches))) => {
                    let before = before.ok_or_else(unfit)?;
                    assembly.add(old.at(&before.name))?;
                    apply_rows(patches, old, before.rows.as_ref().ok_or_else(unfit)?, &mut assembly)?;
                }
                None => assembly.add(old.at(&before.ok_or_else(unfit)?.whole))?,
            }
        }
        if changed.next().is_some() { Err(unfit()) } else { assembly.finish() }
    }
}

fn unfit() -> LinkError {
    LinkError::Malformed("a change of a view that is not there".to_owned())
}

fn field_patch(old: &Picture, before: Option<&Part>, new: &Picture, part: &Part) -> FieldPatch {
    let rows_before = before
        .filter(|before| old.at(&before.name) == new.at(&part.name))
        .and_then(|before| before.rows.as_ref())
        .filter(|rows| !rows.is_empty());
    match (rows_before, &part.rows) {
        (Some(before), Some(rows)) => FieldPatch::Rows(row_patches(old, before, new, rows)),
        _ => FieldPatch::Whole(ByteBuf::from(new.at(&part.whole))),
    }
}

/// What says who a row is: its first field, or all of it where it has none.
fn identity<'a>(picture: &'a Picture, row: &Row) -> &'a [u8] {
    picture.at(row.fields.first().unwrap_or(&row.whole))
}

fn row_patches(old: &Picture, before: &[Row], new: &Picture, rows: &[Row]) -> Vec<RowPatch> {
    let known: HashMap<&[u8], (u32, &Row)> =
        (0..).zip(before).map(|(number, row)| (identity(old, row), (number, row))).collect();
    let mut patches = Vec::new();
    for row in rows {
        match known.get(identity(new, row)) {
            Some(&(number, was)) if old.at(&was.whole) == new.at(&row.whole) => keep(&mut patches, number),
            Some(&(number, was)) if was.fields.len() == row.fields.len() && !row.fields.is_empty() => {
                patches.push(RowPatch::Changed(number, changed_fields(old, was, new, row)));
            }
            _ => patches.push(RowPatch::New(ByteBuf::from(new.at(&row.whole)))),
        }
    }
    patches
}

/// Keeps a row, together with those before it where they were neighbours.
fn keep(patches: &mut Vec<RowPatch>, number: u32) {
    match patches.last_mut() {
        Some(RowPatch::Kept(from, count)) if *from + *count == number => *count += 1,
        _ => patches.push(RowPatch::Kept(number, 1)),
    }
}

fn changed_fields(old: &Picture, was: &Row, new: &Picture, row: &Row) -> Vec<(u32, ByteBuf)> {
    let fields = (0..).zip(was.fields.iter().zip(&row.fields));
    let changed = fields.filter(|(_, (was, is))| old.at(was) != new.at(is));
    changed.map(|(number, (_, is))| (number, ByteBuf::from(new.at(is)))).collect()
}

fn apply_rows(patches: &[RowPatch], old: &Picture, before: &[Row], assembly: &mut Assembly) -> Result<(), LinkError> {
    let length = |patch: &RowPatch| if let RowPatch::Kept(_, count) = patch { *count as usize } else { 1 };
    let count = patches.iter().map(length).fold(0, usize::saturating_add);
    if count > MOST_ROWS {
        return Err(LinkError::Malformed("a view of too many rows".to_owned()));
    }
    assembly.begin_list(count)?;
    for patch in patches {
        match patch {
            RowPatch::Kept(from, count) => {
                let kept = before.iter().skip(*from as usize).take(*count as usize);
                if kept.len() != *count as usize {
                    return Err(unfit());
                }
                kept.into_iter().try_for_each(|row| assembly.add(old.at(&row.whole)))?;
            }
            RowPatch::Changed(from, fields) => {
                apply_fields(fields, old, before.get(*from as usize).ok_or_else(unfit)?, assembly)?;
            }
            RowPatch::New(bytes) => assembly.add(bytes)?,
        }
    }
    Ok(())
}

fn apply_fields(
    changed: &[(u32, ByteBuf)],
    old: &Picture,
    was: &Row,
    assembly: &mut Assembly,
) -> Result<(), LinkError> {
    let mut changed = changed.iter().peekable();
    assembly.begin_struct(was.fields.len())?;
    for (number, field) in (0..).zip(&was.fields) {
        match changed.next_if(|(place, _)| *place == number) {
            Some((_, bytes)) => assembly.add(bytes)?,
            None => assembly.add(old.at(field))?,
        }
    }
    if changed.next().is_some() { Err(unfit()) } else { Ok(()) }
}
