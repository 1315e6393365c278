//! The console: terminal events and views in, frames out.
//!
//! The first frame is drawn before the history is opened or anything is asked. After that the loop blocks until
//! something happens, takes everything that has happened, and draws at most one frame in 16 ms, only if something
//! changed.

use std::io::{self, IsTerminal, Stdout};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr, bail};
use crossterm::event::{Event as TerminalEvent, EventStream, MouseButton, MouseEvent, MouseEventKind};
use crossterm::terminal;
use futures_util::StreamExt;
use ratatui::layout::Rect;
use tokio::time::Instant as Deadline;

use crate::app::{Effect, Event, State, update};
use crate::config::{Config, Glyphs, ThemeChoice};
use crate::domain::update::{Gaze, Update};
use crate::run::acting::{acknowledge, silence};
use crate::run::rehearse_panic;
use crate::run::seat::{Plan, Seat};
use crate::run::signals::{self, Request, Signals};
use crate::term::background::{self, Answer, Heard};
use crate::term::capability::{Background, Capability, ColorDepth, GlyphSet};
use crate::term::guard::{self, Guard};
use crate::term::screen::Screen;
use crate::ui;
use crate::ui::theme::Theme;

mod memory;
mod outside;

use memory::Memory;

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// How many rows a notch of the wheel is.
const WHEEL: isize = 3;
/// A wait that never ends in practice, for a timer that nothing needs.
const LONG: Duration = Duration::from_hours(24);

/// How the console looks and what it is called.
#[derive(Clone, Debug)]
pub struct Look {
    capability: Capability,
    theme: Theme,
    /// Whether the terminal may be asked for its background.
    asks: bool,
    bell: bool,
    start: State,
    memory: Memory,
}

impl Look {
    /// The look that config and terminal ask for.
    pub fn new(config: &Config, environment: impl Fn(&str) -> Option<String>, mode_label: &str) -> Self {
        let mut capability = Capability::detect(&environment);
        let asks = config.ui.theme == ThemeChoice::Auto && background::can_be_asked(&capability, &environment);
        match config.ui.theme {
            ThemeChoice::Auto => {}
            ThemeChoice::Dark => capability.background = Background::Dark,
            ThemeChoice::Light => capability.background = Background::Light,
            ThemeChoice::Mono => capability.depth = ColorDepth::Mono,
        }
        match config.ui.glyphs {
            Glyphs::Auto => {}
            Glyphs::Braille => capability.glyphs = GlyphSet::Braille,
            Glyphs::Block => capability.glyphs = GlyphSet::Block,
            Glyphs::Ascii => capability.glyphs = GlyphSet::Ascii,
        }
        Self {
            capability,
            theme: Theme::new(capability),
            asks,
            bell: config.ui.bell,
            start: State::new(mode_label, (0, 0)),
            memory: Memory::of(&config.store.path),
        }
    }

    /// The look with the screen starting like this.
    ///
    /// # Errors
    /// What is wrong with how it should start.
    pub fn starting(mut self, change: impl FnOnce(State) -> Result<State>) -> Result<Self> {
        self.start = change(self.start)?;
        self.memory.recall(&mut self.start);
        Ok(self)
    }
}

/// Runs the console until the user or a signal ends it; gives the exit code.
///
/// # Errors
/// When there is no terminal, the terminal refuses, or the engine fails.
pub async fn run(plan: Plan, look: Look) -> Result<u8> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("the console needs a terminal: run it in one, or use `bedtop status` or `bedtop tenants` in scripts");
    }
    let signals = Signals::listen().wrap_err("could not listen to signals")?;
    signals::insist_on_the_end().wrap_err("could not listen to signals")?;
    let size = terminal::size().wrap_err("could not ask the terminal for its size")?;
    let guard = Guard::enter().wrap_err("could not take the terminal")?;
    let mut console = Console::new(look, size, guard);
    console.draw()?;
    console.ask()?;
    if console.state.mouse {
        guard::set_mouse(true).wrap_err("could not write to the terminal")?;
    }
    let mut seat = Seat::take(plan);
    let outcome = console.follow(&mut seat, signals).await;
    drop(console);
    let ended = seat.leave().await;
    match outcome? {
        // The engine ended by itself: why is what counts.
        None => ended.and_then(|()| bail!("the engine ended without saying why: please report this")),
        Some(code) => ended.map(|()| code),
    }
}

struct Console {
    state: State,
    look: Look,
    answer: Answer,
    gaze: Gaze,
    screen: Screen<Stdout>,
    guard: Guard,
    began: Instant,
    drawn: Instant,
    is_dirty: bool,
}

/// Whether the loop goes on.
enum Next {
    Continue,
    /// After the process was stopped for a while.
    Suspend,
    End(u8),
}

impl Console {
    fn new(look: Look, (width, height): (u16, u16), guard: Guard) -> Self {
        let now = Instant::now();
        Self {
            state: look.start.clone().sized((width, height)),
            screen: Screen::new(io::stdout(), width, height),
            look,
            answer: Answer::default(),
            gaze: Gaze::default(),
            guard,
            began: now,
            drawn: now,
            is_dirty: true,
        }
    }

    /// Gives the exit code, or nothing where the engine has ended.
    async fn follow(&mut self, seat: &mut Seat, mut signals: Signals) -> Result<Option<u8>> {
        let mut updates = seat.updates.clone();
        let mut notes = seat.notes.clone();
        let mut keys = EventStream::new();
        let mut bell = seat.bell.clone();
        loop {
            let next = tokio::select! {
                key = keys.next() => match key {
                    Some(Ok(event)) => self.take_terminal_event(event, seat)?,
                    // The terminal is gone: there is nobody to show anything to.
                    Some(Err(_)) | None => Next::End(128 + 1),
                },
                changed = updates.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                    let newest = updates.borrow_and_update().clone();
                    match newest {
                        Update::View(published) => {
                            let (view, detail) = published.seen_by(&self.gaze);
                            self.take(Event::View { view, detail }, seat)?
                        }
                        Update::Opening => Next::Continue,
                        Update::Ended => return Ok(None),
                    }
                },
                Ok(()) = bell.changed() => {
                    self.screen.ring().wrap_err("could not write to the terminal")?;
                    Next::Continue
                }
                Ok(()) = notes.changed() => {
                    let note = notes.borrow_and_update().clone();
                    self.take(Event::Note(note), seat)?
                }
                request = signals.next() => match request {
                    Request::End(code) => Next::End(code),
                    Request::Suspend => Next::Suspend,
                },
                () = tokio::time::sleep_until(self.deadline()) => self.wake(seat)?,
            };
            match next {
                Next::Continue => {}
                Next::End(code) => return Ok(Some(code)),
                // Who stands still must not stand in the way: another pane takes the history meanwhile.
                Next::Suspend => {
                    seat.release().await;
                    self.suspend()?;
                    seat.resume();
                }
            }
        }
    }

    /// When the loop must wake without an event: to draw what changed, or because time changes what is shown.
    fn deadline(&self) -> Deadline {
        if self.is_dirty {
            return Deadline::from_std(self.drawn + FRAME);
        }
        let wake = self.state.next_wake(self.began.elapsed());
        Deadline::from_std(wake.map_or_else(|| Instant::now() + LONG, |wake| self.began + wake))
    }

    fn wake(&mut self, seat: &Seat) -> Result<Next> {
        if self.is_dirty {
            self.draw()?;
            return Ok(Next::Continue);
        }
        self.take(Event::Tick, seat)
    }

    fn take_terminal_event(&mut self, event: TerminalEvent, seat: &Seat) -> Result<Next> {
        let event = match event {
            TerminalEvent::Key(key) => match self.answer.hear(&key) {
                Heard::Key => Event::Key(key),
                Heard::Part => return Ok(Next::Continue),
                Heard::Whole(background) => {
                    self.believe(background);
                    return Ok(Next::Continue);
                }
            },
            TerminalEvent::Mouse(mouse) => match self.mouse(mouse) {
                Some(event) => event,
                None => return Ok(Next::Continue),
            },
            TerminalEvent::Paste(text) => Event::Paste(text),
            TerminalEvent::Resize(width, height) => {
                self.screen.resize(width, height);
                Event::Resize(width, height)
            }
            _ => return Ok(Next::Continue),
        };
        self.take(event, seat)
    }

    fn take(&mut self, event: Event, seat: &Seat) -> Result<Next> {
        let effects = update(&mut self.state, event, self.began.elapsed());
        self.is_dirty = true;
        let mut next = Next::Continue;
        for effect in effects {
            match effect {
                Effect::Quit(code) => next = Next::End(code),
                Effect::Suspend => next = Next::Suspend,
                Effect::Redraw => self.screen.invalidate(),
                Effect::Watch(focus) => self.look_at(seat, Gaze { focus, ..self.gaze.clone() }),
                Effect::Explain(alert) => self.look_at(seat, Gaze { alert, ..self.gaze.clone() }),
                Effect::Refresh => seat.refresh(),
                Effect::Bell if self.look.bell => self.screen.ring().wrap_err("could not write to the terminal")?,
                Effect::Travel(moment) => self.look_at(seat, Gaze { moment, ..self.gaze.clone() }),
                Effect::Copy(text) => self.copy(&text)?,
                Effect::Snapshot(file) => self.snapshot(file.as_deref()),
                Effect::Mouse(on) => guard::set_mouse(on).wrap_err("could not write to the terminal")?,
                Effect::Bell => {}
                Effect::Keep => self.keep(),
                Effect::Resend(key) => seat.resend(key),
                Effect::Acknowledge(row, note) => seat.act(acknowledge(&row, note, self.state.newest)),
                Effect::Silence(row, length, comment) => {
                    seat.act(silence(&row, length, comment, self.state.newest));
                }
            }
        }
        // A key is answered at once if the frame before is old enough; a burst is drawn together.
        if self.is_dirty && self.drawn.elapsed() >= FRAME {
            self.draw()?;
        }
        Ok(next)
    }

    fn look_at(&mut self, seat: &Seat, gaze: Gaze) {
        seat.watch(gaze.clone());
        self.gaze = gaze;
    }

    /// Asks the terminal for its background once the first frame is out; nothing waits for the answer.
    fn ask(&mut self) -> Result<()> {
        if self.look.asks {
            self.screen.send(background::QUESTION).wrap_err("could not write to the terminal")?;
        }
        Ok(())
    }

    /// Takes the background that the terminal told, if it told it in time.
    fn believe(&mut self, background: Option<Background>) {
        let is_expected = self.look.asks && self.began.elapsed() < background::PATIENCE;
        if let Some(background) = background.filter(|told| is_expected && *told != self.look.capability.background) {
            self.look.capability.background = background;
            self.look.theme = Theme::new(self.look.capability);
            self.screen.invalidate();
            self.is_dirty = true;
        }
    }

    fn mouse(&self, mouse: MouseEvent) -> Option<Event> {
        let (width, height) = self.state.size;
        let row = || ui::row_at(&self.state, Rect::new(0, 0, width, height), (mouse.column, mouse.row));
        match mouse.kind {
            MouseEventKind::ScrollDown => Some(Event::Scroll(WHEEL)),
            MouseEventKind::ScrollUp => Some(Event::Scroll(-WHEEL)),
            MouseEventKind::Down(MouseButton::Left) => row().map(Event::Click),
            _ => None,
        }
    }

    fn copy(&mut self, text: &str) -> Result<()> {
        let copied = outside::copy(text, |name| std::env::var(name).ok());
        if !copied.bytes.is_empty() {
            self.screen.send(&copied.bytes).wrap_err("could not write to the terminal")?;
        }
        self.tell(copied.message);
        Ok(())
    }

    fn snapshot(&mut self, file: Option<&str>) {
        let at = self.state.view.as_ref().map(|view| view.at.strftime("%Y%m%d-%H%M%S").to_string());
        let message = outside::snapshot(self.screen.shown(), file, at.as_deref().unwrap_or("start"));
        self.tell(message);
    }

    fn keep(&mut self) {
        if let Err(error) = self.look.memory.keep(&self.state) {
            self.tell(format!("columns and commands could not be kept for the next time: {error}"));
        }
    }

    fn tell(&mut self, message: String) {
        update(&mut self.state, Event::Done(message), self.began.elapsed());
        self.is_dirty = true;
    }

    /// Gives the terminal back until the shell continues us, then takes it again at the size it then has.
    fn suspend(&mut self) -> Result<()> {
        self.guard.suspend().wrap_err("could not take the terminal again")?;
        let (width, height) = terminal::size().wrap_err("could not ask the terminal for its size")?;
        self.screen.resize(width, height);
        update(&mut self.state, Event::Resize(width, height), self.began.elapsed());
        self.is_dirty = true;
        Ok(())
    }

    fn draw(&mut self) -> Result<()> {
        rehearse_panic("screen");
        let Self { state, look, screen, .. } = self;
        screen.draw(|area, buf| ui::draw(state, &look.theme, area, buf)).wrap_err("could not write to the terminal")?;
        self.drawn = Instant::now();
        self.is_dirty = false;
        Ok(())
    }
}
