//! Sets of places, as small as they come: nothing, everything, a bitmap, or lengths of runs.

use crate::history::codec::{put_number, put_run, take_number, take_run};

const ALL: u8 = 0;
const NONE: u8 = 1;
const BITMAP: u8 = 2;
const RUNS: u8 = 3;
/// As the last one before that was a bitmap or runs, of the same length.
const SAME: u8 = 4;

/// Writes a set and gives its kind, which is written elsewhere. `last` is the newest set that took bytes.
pub(super) fn put_set(out: &mut Vec<u8>, set: Vec<bool>, last: &mut Vec<bool>) -> u8 {
    if set.iter().all(|&is| is) {
        return ALL;
    }
    if !set.iter().any(|&is| is) {
        return NONE;
    }
    if set == *last {
        return SAME;
    }
    let bitmap_bytes = set.len().div_ceil(8);
    let mut runs = Vec::new();
    run_lengths(&set).for_each(|length| put_number(&mut runs, length));
    let kind = if runs.len() < bitmap_bytes {
        put_run(out, &runs);
        RUNS
    } else {
        out.extend(bitmap(&set));
        BITMAP
    };
    *last = set;
    kind
}

/// Takes a set of `length` places from the front of the bytes.
pub(super) fn take_set(bytes: &mut &[u8], kind: u8, length: usize, last: &mut Vec<bool>) -> Option<Vec<bool>> {
    let set = match kind {
        ALL => return Some(vec![true; length]),
        NONE => return Some(vec![false; length]),
        SAME => return (last.len() == length).then(|| last.clone()),
        BITMAP => {
            let (bitmap, rest) = bytes.split_at_checked(length.div_ceil(8))?;
            *bytes = rest;
            (0..length).map(|place| bitmap[place / 8] & 1 << (place % 8) != 0).collect()
        }
        RUNS => take_runs(take_run(bytes)?, length)?,
        _ => return None,
    };
    last.clone_from(&set);
    Some(set)
}

/// Writes numbers that grow: the first, the unit that all distances are multiples of, and runs over the grid they span.
pub(super) fn put_numbers(out: &mut Vec<u8>, numbers: &[u32]) {
    let Some(&first) = numbers.first() else { return };
    let distances = numbers.windows(2).map(|pair| pair[1] - pair[0]);
    let unit = distances.clone().fold(0, greatest_common_divisor).max(1);
    put_number(out, u64::from(first));
    put_number(out, u64::from(unit));
    // Runs of numbers that follow each other, and the holes between them; the last run needs no length.
    let mut runs = Vec::new();
    let mut run = 1;
    for steps in distances.map(|distance| distance / unit) {
        if steps == 1 {
            run += 1;
        } else {
            put_number(&mut runs, run);
            put_number(&mut runs, u64::from(steps) - 1);
            run = 1;
        }
    }
    let grid = (numbers[numbers.len() - 1] - first) / unit;
    if runs.len() > grid as usize / 8 + 1 {
        let mut set = vec![false; grid as usize + 1];
        for number in numbers {
            set[((number - first) / unit) as usize] = true;
        }
        out.push(BITMAP);
        put_run(out, &bitmap(&set).collect::<Vec<_>>());
    } else {
        out.push(RUNS);
        put_run(out, &runs);
    }
}

/// Takes `count` numbers from the front of the bytes.
pub(super) fn take_numbers(bytes: &mut &[u8], count: usize) -> Option<Vec<u32>> {
    let mut numbers = Vec::with_capacity(count);
    if count == 0 {
        return Some(numbers);
    }
    let mut next = take_number(bytes)?;
    // Numbers grow: without a distance they are damage.
    let unit = take_number(bytes).filter(|&unit| unit > 0)?;
    let (&kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let mut body = take_run(bytes)?;
    if kind == BITMAP {
        for place in (0..body.len() * 8).filter(|place| body[place / 8] & 1 << (place % 8) != 0) {
            let number = (place as u64).checked_mul(unit)?.checked_add(next)?;
            numbers.push(u32::try_from(number).ok()?);
        }
        return (numbers.len() == count).then_some(numbers);
    }
    while numbers.len() < count {
        let run = if body.is_empty() { (count - numbers.len()) as u64 } else { take_number(&mut body)? };
        for _ in 0..run.min((count - numbers.len()) as u64) {
            numbers.push(u32::try_from(next).ok()?);
            next = next.checked_add(unit)?;
        }
        if numbers.len() < count {
            next = take_number(&mut body)?.checked_mul(unit)?.checked_add(next)?;
        }
    }
    Some(numbers)
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn bitmap(set: &[bool]) -> impl Iterator<Item = u8> {
    set.chunks(8).map(|eight| eight.iter().rev().fold(0, |byte, &is| byte << 1 | u8::from(is)))
}

/// Lengths of runs in turn, the first of places that are in the set.
fn run_lengths(set: &[bool]) -> impl Iterator<Item = u64> {
    let runs = set.chunk_by(|a, b| a == b).map(|run| run.len() as u64);
    set.first().filter(|&&is| !is).map(|_| 0).into_iter().chain(runs)
}

fn take_runs(mut bytes: &[u8], length: usize) -> Option<Vec<bool>> {
    let mut set = Vec::with_capacity(length);
    let mut is_in = true;
    while !bytes.is_empty() {
        let run = usize::try_from(take_number(&mut bytes)?).ok()?;
        let end = set.len().checked_add(run).filter(|&end| end <= length)?;
        set.resize(end, is_in);
        is_in = !is_in;
    }
    (set.len() == length).then_some(set)
}
