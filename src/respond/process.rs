//! Runs a program: no shell, a clean environment, a limit for time and output, and nothing of it left behind.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How much of what it prints is kept.
const LARGEST_OUTPUT: usize = 8 * 1024;
/// How long it may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long its output is still read once it has ended.
const DRAIN: Duration = Duration::from_millis(500);

/// What is run.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    /// The program by its absolute path, and its arguments.
    pub command: &'a [String],
    /// The folder it runs in.
    pub cwd: &'a Path,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// What it reads.
    pub input: Vec<u8>,
    /// How long it may take.
    pub timeout: Duration,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// What happened.
    pub how: How,
    /// The first kilobytes of what it printed.
    pub output: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// With this exit code.
    Code(i32),
    /// By a signal.
    Signal,
    /// It was killed because it took too long.
    TooLong,
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn run(run: &Run<'_>) -> io::Result<Ended> {
    let mut child = start(run)?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let guard = Group(group);
    let mut input = child.stdin.take();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let printed = Arc::new(Mutex::new(Vec::new()));
    let reading = tokio::spawn(read_both(out, err, Arc::clone(&printed)));
    let feed = async {
        if let Some(mut stdin) = input.take() {
            // A program that does not read its input is no fault.
            let _ = stdin.write_all(&run.input).await;
        }
        child.wait().await
    };
    let how = if let Ok(status) = tokio::time::timeout(run.timeout, feed).await {
        how(status?)
    } else {
        end(&mut child, group).await;
        How::TooLong
    };
    // What it started and left behind ends with it; then nobody holds its output open any more.
    drop(guard);
    let aborter = reading.abort_handle();
    let _ = tokio::time::timeout(DRAIN, reading).await;
    aborter.abort();
    let output = printed.lock().map(|printed| String::from_utf8_lossy(&printed).into_owned()).unwrap_or_default();
    Ok(Ended { how, output })
}

/// A process group that is killed when this is dropped, also when the task that waits for it is.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An empty group is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn start(run: &Run<'_>) -> io::Result<Child> {
    let (program, arguments) =
        run.command.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no program is named"))?;
    Command::new(program)
        .args(arguments)
        .current_dir(run.cwd)
        .env_clear()
        .envs(&run.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Asks it to end, and makes it.
async fn end(child: &mut Child, group: Option<Pid>) {
    let Some(group) = group else { return };
    let _ = kill_process_group(group, Signal::TERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

fn how(status: ExitStatus) -> How {
    status.code().map_or(How::Signal, How::Code)
}

async fn read_both(
    out: Option<impl AsyncRead + Unpin>,
    err: Option<impl AsyncRead + Unpin>,
    into: Arc<Mutex<Vec<u8>>>,
) {
    tokio::join!(read_some(out, &into), read_some(err, &into));
}

/// Reads to the end and keeps the beginning, so that a program that prints forever neither stops nor fills memory.
async fn read_some(from: Option<impl AsyncRead + Unpin>, into: &Mutex<Vec<u8>>) {
    let Some(mut from) = from else { return };
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if let Ok(mut kept) = into.lock() {
            let room = LARGEST_OUTPUT.saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..read.min(room)]);
        }
    }
}

#[cfg(test)]
mod tests;
