//! The lossless archive of a store: every value as it is stored, in the order of keys.
//!
//! A line that says what it is, a line of JSON with the format and the width of points, then keys and values each with
//! its length before it, an empty key, and at the end how many values there were and the CRC-32C of all of them.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::time::Step;
use crate::history::copy::LARGEST;
use crate::history::engine::{Engine, Entry, LARGEST_BATCH, OpenFault, whole};
use crate::history::error::StoreError;
use crate::history::open;

/// What an archive begins with.
pub const MAGIC: &[u8] = b"bedtop-archive 1\n";

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    step_seconds: u32,
}

/// Writes every value of a store; gives how many, and how many were damaged and left out.
///
/// # Errors
/// When there is no store, a running bedtop has it, it cannot be read, or the output refuses.
pub fn export(folder: &Path, mut out: impl Write) -> Result<(u64, u64), StoreError> {
    let (opened, step) = open::open_for_care(folder)?;
    let refused = |cause: io::Error| StoreError::Io { action: "write the archive of", path: folder.to_owned(), cause };
    let header = Header { format: open::FORMAT, step_seconds: u32::try_from(step.seconds()).unwrap_or(u32::MAX) };
    out.write_all(MAGIC).map_err(refused)?;
    writeln!(out, "{}", serde_json::to_string(&header).unwrap_or_default()).map_err(refused)?;
    let (mut count, mut left_out, mut sum) = (0_u64, 0, 0);
    for entry in opened.engine.scan_raw(&[], &[u8::MAX]) {
        let entry = entry.map_err(|fault| StoreError::Engine { action: "read", cause: format!("{fault:?}") })?;
        if whole(entry.clone()).is_err() {
            left_out += 1;
            continue;
        }
        let record = [run(&entry.0), run(&entry.1)].concat();
        sum = crc32c::crc32c_append(sum, &record);
        out.write_all(&record).map_err(refused)?;
        count += 1;
    }
    let trailer = [run(&[]), count.to_le_bytes().to_vec(), sum.to_le_bytes().to_vec()].concat();
    out.write_all(&trailer).and_then(|()| out.flush()).map_err(refused)?;
    Ok((count, left_out))
}

/// Makes a store of an archive whose first line, [`MAGIC`], has been read; gives how many values it has.
///
/// # Errors
/// When the folder has a history already, or the archive is not whole. Nothing is left behind then.
pub fn import(folder: &Path, mut input: impl Read) -> Result<u64, StoreError> {
    if open::is_described(folder) {
        return Err(StoreError::Archive(format!(
            "{} has a history already; give an empty folder with --store",
            folder.display()
        )));
    }
    let draft = folder.join("sled.import");
    fs::create_dir_all(&draft).map_err(|cause| open::failed("create the folder", &draft, cause))?;
    let lock = open::take_lock(folder)?;
    let filled = fill(&draft, &mut input);
    let (count, step) = match filled {
        Ok(filled) => filled,
        Err(error) => {
            // What is left of it is harmless: nothing reads this folder.
            let _ = fs::remove_dir_all(&draft);
            return Err(error);
        }
    };
    fs::rename(&draft, folder.join("sled")).map_err(|cause| open::failed("rename", &draft, cause))?;
    open::describe(folder, step)?;
    drop(lock);
    Ok(count)
}

fn fill(draft: &Path, input: &mut impl Read) -> Result<(u64, Step), StoreError> {
    let wrong = |cause: &str| StoreError::Archive(cause.to_owned());
    let cut = |_| wrong("it is cut off");
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') && line.len() < 1000 {
        line.extend(take::<1>(input).map_err(cut)?);
    }
    let header: Header = serde_json::from_slice(&line).map_err(|_| wrong("its header is not understood"))?;
    if header.format != open::FORMAT {
        return Err(wrong("it is of another format: import it with the bedtop that wrote it"));
    }
    let engine = Engine::open(draft, true).map_err(|fault| match fault {
        OpenFault::Damaged(cause) | OpenFault::Refused(cause) => StoreError::Archive(cause),
    })?;
    let (mut count, mut sum, mut waiting) = (0_u64, 0, Vec::new());
    loop {
        let key = take_run(input)?;
        if key.is_empty() {
            break;
        }
        let entry: Entry = (key, take_run(input)?);
        sum = crc32c::crc32c_append(sum, &[run(&entry.0), run(&entry.1)].concat());
        waiting.push(entry);
        count += 1;
        if waiting.len() >= LARGEST_BATCH {
            engine.write_raw(&std::mem::take(&mut waiting))?;
        }
    }
    engine.write_raw(&waiting)?;
    let told = (u64::from_le_bytes(take(input).map_err(cut)?), u32::from_le_bytes(take(input).map_err(cut)?));
    if told != (count, sum) {
        return Err(wrong("its count or checksum does not hold"));
    }
    engine.sync()?;
    Ok((count, Step::from_seconds(header.step_seconds)))
}

fn run(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes(), bytes].concat()
}

fn take_run(input: &mut impl Read) -> Result<Vec<u8>, StoreError> {
    let cut = |_| StoreError::Archive("it is cut off".to_owned());
    let length = u32::from_le_bytes(take(input).map_err(cut)?) as usize;
    if length > LARGEST {
        return Err(StoreError::Archive("a value in it is too large".to_owned()));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes).map_err(cut)?;
    Ok(bytes)
}

fn take<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::History;
    use crate::domain::ids::ProfileRef;
    use crate::history::fixtures::{
        batch, days, everything, folder, keep_up, open as open_store, start, tokens, usage,
    };

    #[test]
    fn an_archive_holds_everything_and_is_checked() {
        let (from, to) = (folder(), folder());
        let mut store = open_store(from.path());
        for day in 0..3 {
            let when = start() + days(day);
            store.apply(&batch(when, vec![usage("a", when, tokens(7))])).expect("stored");
            keep_up(&mut store, when);
        }
        store.record(&[], b"state", Vec::new()).expect("recorded");
        let points = store.points(ProfileRef(0), everything());
        let scopes = store.scopes(start() + days(9));
        drop(store);
        let mut archive = Vec::new();
        let (count, left_out) = export(from.path(), &mut archive).expect("exported");
        assert!(count > 5 && left_out == 0);
        let body = &archive[MAGIC.len()..];
        for cut in [10, body.len() / 2, body.len() - 1] {
            assert!(import(to.path(), &body[..cut]).is_err());
        }
        let mut damaged = body.to_vec();
        damaged[body.len() / 2] ^= 1;
        assert!(import(to.path(), damaged.as_slice()).is_err());
        assert_eq!(import(to.path(), body).expect("imported"), count);
        let store = open_store(to.path());
        assert_eq!(store.points(ProfileRef(0), everything()), points);
        assert_eq!((store.scopes(start() + days(9)), store.checkpoint()), (scopes, Some(b"state".to_vec())));
        drop(store);
        assert!(import(to.path(), body).is_err(), "nothing is overwritten");
    }
}
