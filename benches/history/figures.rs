//! What is measured, and how it is told.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::Failure;

/// Tells the figures of an engine, an object a line.
pub(crate) struct Report<'a>(pub &'a str);

impl Report<'_> {
    pub(crate) fn tell(&self, figure: &str, value: f64, unit: &str) -> Result<(), Failure> {
        let line = json!({"figure": figure, "engine": self.0, "value": value, "unit": unit});
        Ok(writeln!(std::io::stdout(), "{line}")?)
    }
}

pub(crate) fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

pub(crate) fn proc_figure(file: &str, name: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such figure")?;
    Ok(line.split_whitespace().next().ok_or("no value")?.parse()?)
}

/// Bytes that this process has passed to write calls.
pub(crate) fn written_bytes() -> Result<u64, Failure> {
    proc_figure("/proc/self/io", "wchar:")
}

pub(crate) fn peak_megabytes() -> Result<f64, Failure> {
    Ok(proc_figure("/proc/self/status", "VmHWM:")? as f64 / 1024.0)
}

pub(crate) fn folder_bytes(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// Seconds of work that this process has done on all cores; unlike the wall's, they hardly depend on what else runs.
pub(crate) fn worked_seconds() -> Result<f64, Failure> {
    const TICKS_A_SECOND: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(')').next().ok_or("no figures")?.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|ticks| ticks.parse::<f64>().ok()).ok_or("no figure");
    Ok((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}
