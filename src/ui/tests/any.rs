//! Any sequence of keys, sizes and data: it never panics, never draws outside its area, and never loses the selection.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::app::fixtures::{detail, failing_view, sharing_view, view};
use crate::app::{Event, State, update};
use crate::domain::view::FleetView;
use crate::term::capability::GlyphSet;
use crate::ui::draw;
use crate::ui::theme::Theme;

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Key(KeyCode, bool),
    Resize(u16, u16),
    /// A view with its rows in another order and without some of them.
    Data {
        which: usize,
        turn: usize,
        gone: usize,
    },
    Wait(u64),
}

fn key() -> impl Strategy<Value = KeyCode> {
    let named = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::Backspace,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::F(5),
    ];
    prop_oneof![
        2 => prop::sample::select(named.to_vec()),
        3 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        2 => prop::sample::select("jkgG1234567w/:?,.0-C".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), prop::bool::weighted(0.05)).prop_map(|(code, control)| Step::Key(code, control)),
        1 => (1..230_u16, 1..60_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        2 => (0..3_usize, 0..20_usize, 0..14_usize).prop_map(|(which, turn, gone)| Step::Data { which, turn, gone }),
        1 => (0..8_u64).prop_map(Step::Wait),
    ]
}

fn data(which: usize, turn: usize, gone: usize) -> Arc<FleetView> {
    let mut view = [view, failing_view, sharing_view][which]();
    let rows = view.tenants.len();
    view.tenants.rotate_left(turn % rows);
    view.tenants.truncate(rows - gone.min(rows));
    view.alerts.truncate(5 - gone.min(5));
    Arc::new(view)
}

fn happen(state: &mut State, step: &Step, now: &mut Duration) {
    let event = match step {
        Step::Key(code, false) => Event::Key(KeyEvent::from(*code)),
        Step::Key(code, true) => Event::Key(KeyEvent::new(*code, KeyModifiers::CONTROL)),
        Step::Resize(width, height) => Event::Resize(*width, *height),
        Step::Wait(seconds) => {
            *now += Duration::from_secs(*seconds);
            Event::Tick
        }
        Step::Data { which, turn, gone } => {
            let view = data(*which, *turn, *gone);
            let detail = state.watched().map(|focus| Arc::new(detail(&focus)));
            Event::View { view, detail }
        }
    };
    update(state, event, *now);
}

/// Draws inside a larger buffer; what lies around the area must stay as it was.
fn draw_inside(state: &State, glyphs: GlyphSet) -> Result<(), TestCaseError> {
    let (width, height) = state.size;
    let whole = Rect::new(0, 0, width + 4, height + 4);
    let area = Rect::new(2, 2, width, height);
    let mut buf = Buffer::filled(whole, Cell::new("~"));
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            buf[(x, y)].reset();
        }
    }
    draw(state, &Theme::of_roles(glyphs), area, &mut buf);
    for y in 0..whole.height {
        for x in 0..whole.width {
            let cell = &buf[(x, y)];
            let is_inside = area.contains((x, y).into());
            prop_assert!(is_inside || cell.symbol() == "~", "{x},{y} is outside of {area} and shows {cell:?}");
            prop_assert!(!cell.symbol().chars().any(char::is_control), "{cell:?}");
        }
    }
    Ok(())
}

/// The row that is marked is the one that is selected, and there is one wherever there are rows.
fn is_selected(state: &State) -> Result<(), TestCaseError> {
    let list = state.list();
    let rows = list.entries().len();
    prop_assert_eq!(list.index().is_some(), rows > 0);
    prop_assert!(list.index().is_none_or(|index| index < rows));
    prop_assert_eq!(list.index().and_then(|index| list.keys(state).into_iter().nth(index)), list.selected.clone());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_sequence_of_keys_sizes_and_data_is_drawn(steps in prop::collection::vec(step(), 1..60), glyphs in 0..3_usize) {
        let glyphs = [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii][glyphs];
        let mut state = State::new("DEMO x60", (100, 30));
        let mut now = Duration::from_secs(1);
        for step in &steps {
            let chosen = state.list().selected.clone().filter(|_| matches!(step, Step::Data { .. }));
            let is_paused = state.paused_for().is_some();
            happen(&mut state, step, &mut now);
            draw_inside(&state, glyphs)?;
            is_selected(&state)?;
            // A row that is still there is still selected: a person moved to it, or it was the first and may move on.
            if let (Some(row), false, Some(place)) = (chosen, is_paused, state.list().index()) {
                let is_there = state.list().keys(&state).contains(&row);
                let kept = state.list().selected.as_ref() == Some(&row);
                prop_assert!(kept || !is_there || place == 0, "{row:?}");
            }
        }
    }
}
