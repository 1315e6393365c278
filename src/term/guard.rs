//! The terminal's modes. [`Guard`] switches them on and restores them when it is dropped; the panic hook
//! and the last-resort exit call the same [`restore`].

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{self, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, style};

static ACTIVE: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode on its alternate screen, for as long as this lives.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Enters raw mode and the alternate screen, with the cursor hidden.
    ///
    /// # Errors
    /// When standard output is not a terminal or refuses the modes.
    pub fn enter() -> io::Result<Self> {
        // Colour is decided by the theme alone: crossterm's own handling of NO_COLOR would also take away
        // bold and reverse.
        style::force_color_output(true);
        let guard = Self(());
        enter_modes()?;
        Ok(guard)
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when the
    /// process is continued. The caller redraws the whole screen afterwards.
    ///
    /// # Errors
    /// When the terminal refuses the modes.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        enter_modes()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Takes the mouse, or gives it back to the terminal, whose own selection of text then works again.
///
/// # Errors
/// When the terminal cannot be written to.
pub fn set_mouse(on: bool) -> io::Result<()> {
    MOUSE.store(on, Ordering::SeqCst);
    let mut bytes = Vec::new();
    if on {
        queue!(bytes, EnableMouseCapture)?;
    } else {
        queue!(bytes, DisableMouseCapture)?;
    }
    let mut out = io::stdout().lock();
    out.write_all(&bytes)?;
    out.flush()
}

/// Whether the terminal is ours to draw on; false once it has been restored.
#[must_use]
pub fn is_active() -> bool {
    ACTIVE.load(Ordering::SeqCst)
}

/// Gives the terminal back as it was. Does nothing where it was never taken or is restored already, so
/// every path out of the program may call it.
pub fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail, and a terminal that is gone cannot be restored.
    if MOUSE.load(Ordering::SeqCst) {
        let _ = queue!(bytes, DisableMouseCapture);
    }
    let _ = queue!(bytes, EndSynchronizedUpdate, ResetColor, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
    let mut out = io::stdout().lock();
    let _ = out.write_all(&bytes).and_then(|()| out.flush());
}

fn enter_modes() -> io::Result<()> {
    ACTIVE.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if MOUSE.load(Ordering::SeqCst) {
        queue!(bytes, EnableMouseCapture)?;
    }
    let mut out = io::stdout().lock();
    out.write_all(&bytes)?;
    out.flush()
}
