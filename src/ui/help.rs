//! The keys of the screen that the help was called from, and what the signs mean. All of it comes from the table of
//! actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::Place;
use crate::app::keymap::Bound;
use crate::app::state::Screen;
use crate::domain::level::Level;
use crate::ui::paint::{Row, left, rule};
use crate::ui::theme::{Role, Theme};

const KEY_WIDTH: usize = 22;
/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 110;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    rule(&format!("Help: {}", name(&state.screen)), "arrows scroll, Esc closes", theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut lines = keys(state, state.screen.place(), theme);
    let mut legend = legend(theme);
    if area.width >= TWO_COLUMNS {
        let half = Rect { x: body.x + body.width / 2, width: body.width - body.width / 2, ..body };
        paint(legend, 0, half, buf);
        paint(lines, state.scroll, Rect { width: body.width / 2, ..body }, buf);
    } else {
        lines.push(Row::new(theme));
        lines.append(&mut legend);
        paint(lines, state.scroll, body, buf);
    }
}

fn name(screen: &Screen) -> &'static str {
    match screen {
        Screen::View(view) => view.name(),
        Screen::Tenant(_) => "one tenant",
        Screen::Profile(..) => "one profile",
        Screen::Alert(_) => "one alert",
    }
}

fn keys<'a>(state: &State, place: Place, theme: &'a Theme) -> Vec<Row<'a>> {
    state.keymap.at(place).map(|bound| key_line(bound, theme)).collect()
}

/// Paints lines from the n-th on, but not further than the last page.
pub(super) fn paint(lines: Vec<Row<'_>>, scroll: u16, area: Rect, buf: &mut Buffer) {
    let last_page = lines.len().saturating_sub(usize::from(area.height));
    let skipped = usize::from(scroll).min(last_page);
    for (line, row) in (0..area.height).zip(lines.into_iter().skip(skipped)) {
        row.paint(area, line, buf);
    }
}

fn key_line<'a>(bound: &Bound, theme: &'a Theme) -> Row<'a> {
    Row::new(theme)
        .add(Role::Key, format!(" {}", left(&bound.keys_text(), KEY_WIDTH, theme.glyphs())))
        .add(Role::Text, bound.binding.help)
}

fn legend(theme: &Theme) -> Vec<Row<'_>> {
    let level = |level: Level, meaning: &str| {
        Row::new(theme)
            .add(Role::Level(level), format!(" {} {} ", theme.glyphs().level(level), level.letter()))
            .add(Role::Text, format!("{:<7} {meaning}", level.name()))
    };
    let plain = |sign: &str, meaning: &str| {
        Row::new(theme).add(Role::Key, format!(" {sign:<12}")).add(Role::Text, meaning.to_owned())
    };
    let mark = theme.glyphs().bar_mark;
    vec![
        Row::new(theme).add(Role::Title, " Levels"),
        level(Level::Red, "act now: a budget is gone, or will be"),
        level(Level::Orange, "look now"),
        level(Level::Yellow, "look today"),
        level(Level::Green, "as it should be"),
        level(Level::Blind, "data too old, or its past still on the way; the small letter is the level held"),
        Row::new(theme),
        Row::new(theme).add(Role::Title, " Signs"),
        plain(&format!("bar {mark}"), "used share of the budget; the mark is the share expected by now"),
        plain("~$", "an estimate: part of the price is a range, or older than the price book"),
        plain("$ +", "more than this: some tokens have no price"),
        plain("unpriced", "the model has no price; its tokens are shown instead"),
        plain("Last ...", "dollars over time; a baseline is idle, a hole is not known"),
        plain("Forecast", "what the period will come to"),
        plain("Burn 1h 6h", "speed against the own past of these hours; 1.0 is as ever"),
        Row::new(theme),
        Row::new(theme).add(Role::Title, " Filters"),
        plain("acme !test", "rows that hold acme and not test"),
        plain("/^a.*z$/", "a regular expression"),
        plain("spend>1k", "spend used budget pace rate tokens requests errors throttles latency age"),
        plain("level>=red", "and model= signal= scope= tenant=; and, or, not, ( )"),
    ]
}
