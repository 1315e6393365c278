//! `bedtop snapshot`: a screen as a file, for the incident channel.

use std::time::Duration;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr, eyre};
use crossterm::event::KeyEvent;
use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tempfile::TempDir;

use crate::app::key::Chord;
use crate::app::{Event, State, update};
use crate::cli::input::InputOptions;
use crate::cli::screen::ScreenOptions;
use crate::cli::{GlobalOptions, load_config, print, runtime};
use crate::config::Config;
use crate::domain::update::Gaze;
use crate::report::picture::{self, Format};
use crate::run::look::{Looked, Running};
use crate::run::setup::{self, DemoOptions};
use crate::source::demo::{self, Scenario};
use crate::term::capability::{Background, Capability, ColorDepth, GlyphSet};
use crate::ui;
use crate::ui::theme::Theme;

/// Simulated seconds a second, until the demo has come to the moment that is asked for.
const DEMO_SPEED: f64 = 120.0;
/// How many tenants the demo has.
const DEMO_TENANTS: usize = 40;

/// A screen as text, JSON or SVG, from the store, a file or the demo, without network
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  bedtop snapshot --view money --size 160x45 --format svg > money.svg\n  \
                        bedtop snapshot --demo --press 'Enter w'")]
pub(super) struct Snapshot {
    #[command(flatten)]
    screen: ScreenOptions,
    /// Columns and rows
    #[arg(long, default_value = "200x50", value_parser = parse_size)]
    size: (u16, u16),
    /// The format: text, json, svg
    #[arg(long, default_value = "text", value_parser = parse_format)]
    format: Format,
    /// Keys to press first, with spaces between: 'Enter w', ', ,'
    #[arg(long, value_name = "KEYS", default_value = "", value_parser = parse_keys)]
    press: Keys,
    /// Show the demo, this long after its beginning
    #[arg(long, value_name = "AFTER", num_args = 0..=1, default_missing_value = "45m", conflicts_with = "input")]
    demo: Option<SignedDuration>,
    #[command(flatten)]
    input: InputOptions,
}

/// Keys one after the other.
#[derive(Clone, Debug)]
struct Keys(Vec<KeyEvent>);

impl Snapshot {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let folder = TempDir::with_prefix("bedtop-").wrap_err("could not make a temporary folder")?;
        let mut looked = match self.demo {
            Some(after) => demo(&config, after, &folder)?,
            None => self.input.looked(&config, folder.path())?,
        };
        let (state, _copy) = self.state(&config, &mut looked)?;
        looked.end()?;
        print(&picture::of(&drawn(&state), self.format))?;
        Ok(0)
    }

    /// The screen after all keys were pressed.
    fn state(&self, config: &Config, looked: &mut Looked) -> Result<(State, Option<TempDir>)> {
        let (view, detail) = looked.see(&Gaze::default())?;
        let label = format!("{:?}", view.mode).to_uppercase();
        let mut state = self.screen.apply(&config.ui, State::new(&label, self.size))?;
        update(&mut state, Event::View { view, detail }, Duration::ZERO);
        for &key in &self.press.0 {
            update(&mut state, Event::Key(key), Duration::ZERO);
        }
        let alert = state.watched_alert().cloned();
        let gaze = Gaze { focus: state.watched(), moment: state.moment, alert };
        let mut copy = None;
        if gaze != Gaze::default() {
            if matches!(looked, Looked::Fleet(_)) {
                (*looked, copy) = InputOptions::looked_in_depth(config)?;
            }
            let (view, detail) = looked.see(&gaze)?;
            update(&mut state, Event::View { view, detail }, Duration::ZERO);
        }
        Ok((state, copy))
    }
}

fn drawn(state: &State) -> Buffer {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let mut screen = Buffer::empty(area);
    let theme = Theme::new(Capability {
        depth: ColorDepth::TrueColor,
        glyphs: GlyphSet::Braille,
        background: Background::Dark,
    });
    ui::draw(state, &theme, area, &mut screen);
    screen
}

/// The demo, from a moment of its story on.
fn demo(config: &Config, after: SignedDuration, folder: &TempDir) -> Result<Looked> {
    let options = DemoOptions { seed: 1, tenants: DEMO_TENANTS, speed: DEMO_SPEED, scenario: Scenario::default() };
    let (config, path) = (config.clone(), folder.path().to_owned());
    let from = demo::START.checked_add(after).map_err(|_| eyre!("--demo {after:#}: that is beyond all times"))?;
    let prepare = Box::new(move || setup::demo(&config, options, &path));
    Ok(Looked::Running(Running::start(runtime()?, prepare, from)?))
}

fn parse_keys(text: &str) -> Result<Keys, String> {
    let keys = text.split_whitespace().map(|key| Chord::parse(key).map(Chord::events));
    Ok(Keys(keys.collect::<Result<Vec<_>, _>>()?.concat()))
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || "columns and rows up to 500, for example 200x50".to_owned();
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    match (width.parse(), height.parse()) {
        (Ok(width @ 1..=500), Ok(height @ 1..=500)) => Ok((width, height)),
        _ => Err(wrong()),
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        "svg" => Ok(Format::Svg),
        _ => Err(format!("`{text}` is no format: choose text, json or svg")),
    }
}
