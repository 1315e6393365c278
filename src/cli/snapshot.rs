//! `bedtop snapshot`: a screen as a file, for the incident channel.

use std::time::Duration;

use clap::Args;
use color_eyre::eyre::Result;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Event, State, update};
use crate::cli::input::InputOptions;
use crate::cli::screen::ScreenOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::report::picture::{self, Format};
use crate::term::capability::{Background, Capability, ColorDepth, GlyphSet};
use crate::ui;
use crate::ui::theme::Theme;

/// A screen as text, JSON or SVG, from the store or a file, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop snapshot --view money --size 160x45 --format svg > money.svg")]
pub(super) struct Snapshot {
    #[command(flatten)]
    screen: ScreenOptions,
    /// Columns and rows
    #[arg(long, default_value = "200x50", value_parser = parse_size)]
    size: (u16, u16),
    /// The format: text, json, svg
    #[arg(long, default_value = "text", value_parser = parse_format)]
    format: Format,
    #[command(flatten)]
    input: InputOptions,
}

impl Snapshot {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let view = self.input.view(&config)?;
        let label = format!("{:?}", view.mode).to_uppercase();
        let mut state = self.screen.apply(&config.ui, State::new(&label, self.size))?;
        update(&mut state, Event::View { view: view.into(), detail: None }, Duration::ZERO);
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut screen = Buffer::empty(area);
        let theme = Theme::new(Capability {
            depth: ColorDepth::TrueColor,
            glyphs: GlyphSet::Braille,
            background: Background::Dark,
        });
        ui::draw(&state, &theme, area, &mut screen);
        print(&picture::of(&screen, self.format))?;
        Ok(0)
    }
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
