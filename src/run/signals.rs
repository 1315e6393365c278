//! Signals as values: what asks the program to end or to stop for a while.

use std::time::Duration;

use rustix::termios::{Action, tcflow};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::term::guard;

/// How long the screen may take to end by itself after a signal; then the terminal is restored for it, and the program
/// ends after as long again. A terminal stopped by Ctrl-S would otherwise hold the program for ever.
const GRACE: Duration = Duration::from_secs(1);

/// Why the program should end or stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// End; the exit code is 128 + the signal's number.
    End(u8),
    /// Stop until continued, as Ctrl-Z does.
    Suspend,
}

/// The signals that are listened to.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    suspend: Signal,
}

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
        })
    }

    /// The next request.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::End(128 + 2),
            _ = self.terminate.recv() => Request::End(128 + 15),
            _ = self.hangup.recv() => Request::End(128 + 1),
            _ = self.suspend.recv() => Request::Suspend,
        }
    }
}

/// Ends the process when a signal asks for it and whoever has the terminal does not: it may wait for ever to write to it.
///
/// # Errors
/// When the system refuses a handler.
pub fn insist_on_the_end() -> std::io::Result<()> {
    let mut signals = Signals::listen()?;
    tokio::spawn(async move {
        loop {
            if let Request::End(code) = signals.next().await {
                end_soon(code);
                return;
            }
        }
    });
    Ok(())
}

/// Ends the process with this code, its terminal restored, if it has not ended by itself within a second.
fn end_soon(code: u8) {
    std::thread::spawn(move || {
        std::thread::sleep(GRACE);
        // What was stopped by Ctrl-S goes on, so that it can be restored; a terminal that nobody reads cannot.
        let _ = tcflow(rustix::stdio::stdout(), Action::OOn);
        std::thread::spawn(guard::restore);
        std::thread::sleep(GRACE);
        std::process::exit(i32::from(code));
    });
}
