//! Frames to bytes: only the cells that changed, in one write, inside synchronized output.

use std::io::{self, Write};

use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::term::{encode, guard};

/// What the terminal shows, and the writer that brings it up to date.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    stale: bool,
}

impl<W: Write> Screen<W> {
    /// A screen of this size whose present content is unknown.
    pub fn new(out: W, width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self { out, shown: Buffer::empty(area), next: Buffer::empty(area), bytes: Vec::new(), stale: true }
    }

    /// Takes a new size; the next frame is drawn whole.
    pub fn resize(&mut self, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        self.shown.resize(area);
        self.next.resize(area);
        self.stale = true;
    }

    /// Forgets what the terminal shows; the next frame is drawn whole.
    pub fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Draws a frame and writes what changed; gives the number of bytes written, none where nothing changed.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer)) -> io::Result<usize> {
        self.next.reset();
        render(self.next.area, &mut self.next);
        self.encode()?;
        std::mem::swap(&mut self.shown, &mut self.next);
        if self.bytes.is_empty() || !guard::is_active() {
            return Ok(0);
        }
        self.out.write_all(&self.bytes)?;
        self.out.flush()?;
        Ok(self.bytes.len())
    }

    /// Rings the terminal's bell: the one notice that passes through tmux as it comes.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn ring(&mut self) -> io::Result<()> {
        self.send(b"\x07")
    }

    /// Sends bytes that draw nothing: a question, or a text for the clipboard.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// What the terminal shows.
    #[must_use]
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }

    fn encode(&mut self) -> io::Result<()> {
        self.bytes.clear();
        if self.stale {
            self.shown.reset();
        }
        queue!(self.bytes, BeginSynchronizedUpdate)?;
        if self.stale {
            // What is erased takes the colours that are on, and whoever wrote last may have left some.
            queue!(self.bytes, ResetColor, Clear(ClearType::All))?;
        }
        let head = self.bytes.len();
        encode::changes(&self.shown, &self.next, &mut self.bytes);
        if self.bytes.len() == head && !self.stale {
            self.bytes.clear();
            return Ok(());
        }
        self.stale = false;
        queue!(self.bytes, EndSynchronizedUpdate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(screen: &mut Screen<Vec<u8>>, text: &str) -> String {
        screen.next.reset();
        screen.next.set_string(0, 0, text, ratatui::style::Style::new());
        screen.encode().expect("a vector takes all bytes");
        std::mem::swap(&mut screen.shown, &mut screen.next);
        String::from_utf8(screen.bytes.clone()).expect("the bytes are text")
    }

    #[test]
    fn a_frame_holds_only_what_changed() {
        let mut screen = Screen::new(Vec::new(), 20, 2);
        let first = encoded(&mut screen, "spend 100");
        assert!(first.starts_with("\x1b[?2026h") && first.ends_with("\x1b[?2026l"), "{first:?}");
        assert!(first.contains("\x1b[2J"), "the first frame clears the screen: {first:?}");
        let second = encoded(&mut screen, "spend 101");
        assert!(!second.contains("spend") && !second.contains("\x1b[2J"), "{second:?}");
        assert_eq!(encoded(&mut screen, "spend 101"), "", "an equal frame writes nothing");
    }

    #[test]
    fn after_a_resize_the_whole_frame_is_written_again() {
        let mut screen = Screen::new(Vec::new(), 20, 2);
        encoded(&mut screen, "spend");
        screen.resize(40, 10);
        assert!(encoded(&mut screen, "spend").contains("spend"));
    }
}
