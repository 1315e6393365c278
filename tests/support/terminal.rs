//! The real program in a pseudo-terminal, with the screen that a person would see.
#![allow(dead_code, reason = "each of the tests that share it needs a part of it")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::termios::{Action, tcflow};

/// How long anything may take before the test fails: far above what it takes, so that a slow machine passes.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long to wait before keys are pressed again.
const BETWEEN_PRESSES: Duration = Duration::from_millis(200);

/// A running program with its terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    shown: Arc<Shown>,
    reader: Option<thread::JoinHandle<()>>,
    modes_before: String,
}

/// The screen as it is now, and a bell for those who wait for it to change.
struct Shown {
    screen: Mutex<vt100::Parser>,
    changed: Condvar,
}

impl Terminal {
    /// Starts the program in a terminal of this size, in a home of its own and an environment of nothing but `variables`.
    pub(crate) fn start(
        arguments: &[&str],
        (width, height): (u16, u16),
        home: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let pty = native_pty_system().openpty(size(width, height)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program());
        command.args(arguments);
        command.env_clear();
        command.cwd(home);
        let defaults = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("AWS_EC2_METADATA_DISABLED", "true")];
        for (name, value) in defaults.iter().chain(variables) {
            command.env(name, value);
        }
        command.env("HOME", home);
        let modes_before = modes(pty.master.as_ref());
        let child = pty.slave.spawn_command(command).expect("the program starts");
        drop(pty.slave);
        let shown = Arc::new(Shown {
            screen: Mutex::new(vt100::Parser::new(cells(height), cells(width), 0)),
            changed: Condvar::new(),
        });
        let output = pty.master.try_clone_reader().expect("the terminal's output");
        let screen = Arc::clone(&shown);
        let reader = thread::spawn(move || show(output, &screen));
        let keyboard = pty.master.take_writer().expect("the terminal's input");
        Self { child, master: pty.master, keyboard, shown, reader: Some(reader), modes_before }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .and_then(|()| self.keyboard.flush())
            .expect("the program reads its keys");
    }

    /// Presses keys again and again until something holds.
    pub(crate) fn press_until(&mut self, keys: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < end, "pressed {keys} in vain");
            self.press(keys);
            thread::sleep(BETWEEN_PRESSES);
        }
    }

    /// Presses keys again and again until the screen shows a text; gives the screen.
    pub(crate) fn press_until_shown(&mut self, keys: &str, text: &str) -> String {
        let shown = Arc::clone(&self.shown);
        self.press_until(keys, || shown.contents().contains(text));
        self.shown.contents()
    }

    /// Presses keys again and again until the screen does not show a text any more.
    pub(crate) fn press_until_gone(&mut self, keys: &str, text: &str) {
        let shown = Arc::clone(&self.shown);
        self.press_until(keys, || !shown.contents().contains(text));
    }

    /// Waits until the screen shows a text; gives the screen.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contents().contains(text))
    }

    /// Waits until the screen does not show a text any more; gives the screen.
    pub(crate) fn wait_without(&self, text: &str) -> String {
        self.wait_until(&format!("no {text}"), |screen| !screen.contents().contains(text))
    }

    /// Waits until the program has taken the terminal, or given it back.
    pub(crate) fn wait_for_alternate_screen(&self, taken: bool) {
        self.wait_until("the alternate screen", |screen| screen.alternate_screen() == taken);
    }

    /// What the screen shows now.
    pub(crate) fn contents(&self) -> String {
        self.shown.contents()
    }

    /// Changes the size.
    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.shown.screen.lock().expect("not poisoned").screen_mut().set_size(cells(height), cells(width));
        self.master.resize(size(width, height)).expect("the terminal takes its size");
    }

    /// Stops or continues what the terminal shows, as Ctrl-S and Ctrl-Q do where the terminal heeds them: the program's
    /// writes wait meanwhile.
    pub(crate) fn hold_output(&self, is_held: bool) {
        let line = self.master.tty_name().expect("a terminal has a name");
        let line = std::fs::File::open(line).expect("the program's side of the terminal");
        tcflow(line, if is_held { Action::OOff } else { Action::OOn }).expect("the terminal obeys");
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.process(), signal).expect("it can be signalled");
    }

    /// Waits until the program has stopped, as a shell does.
    pub(crate) fn wait_for_stop(&self) {
        let (_, status) = waitpid(Some(self.process()), WaitOptions::UNTRACED).expect("a child").expect("a status");
        assert!(status.stopped(), "it did not stop: {status:?}");
    }

    /// The process.
    pub(crate) fn process(&self) -> Pid {
        let number = self.child.process_id().and_then(|number| i32::try_from(number).ok()).expect("it runs");
        Pid::from_raw(number).expect("a process")
    }

    /// Waits for the end; gives the exit code and what is left on the screen. The terminal must be as it was.
    pub(crate) fn wait_for_end(mut self) -> (u32, String) {
        let code = self.child.wait().expect("it ends").exit_code();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("everything it wrote is read");
        }
        self.assert_restored();
        let shown = self.shown.screen.lock().expect("not poisoned").screen().contents();
        (code, shown)
    }

    /// Fails unless the terminal is as the program found it.
    pub(crate) fn assert_restored(&self) {
        let parser = self.shown.screen.lock().expect("not poisoned");
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pastes are bracketed");
        assert_eq!(modes(self.master.as_ref()), self.modes_before, "the modes of the line");
    }

    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut parser = self.shown.screen.lock().expect("not poisoned");
        loop {
            if holds(parser.screen()) {
                return parser.screen().contents();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}; the screen shows:\n{}", parser.screen().contents());
            parser = self.shown.changed.wait_timeout(parser, left).expect("not poisoned").0;
        }
    }
}

impl Shown {
    fn contents(&self) -> String {
        self.screen.lock().expect("not poisoned").screen().contents()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.child.kill();
    }
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_bedtop"))
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a screen has cells")
}

fn size(width: u16, height: u16) -> PtySize {
    PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }
}

/// The modes of the terminal's line as text.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn show(mut output: Box<dyn Read + Send>, shown: &Shown) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length) = output.read(&mut bytes) {
        if length == 0 {
            break;
        }
        shown.screen.lock().expect("not poisoned").process(&bytes[..length]);
        shown.changed.notify_all();
    }
}
