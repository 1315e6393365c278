//! Screens as text and as roles, at the sizes that people have.

mod any;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::app::fixtures::{detail, failing_view, shared_view, sharing_view, view};
use crate::app::{Event, update};
use crate::domain::view::FleetView;
use crate::term::capability::GlyphSet;

const SIZES: [(u16, u16); 5] = [(200, 50), (160, 45), (100, 30), (80, 24), (40, 10)];

fn state(view: Arc<FleetView>, size: (u16, u16), keys: &[KeyCode]) -> State {
    let mut state = State::new("DEMO x60", size);
    let mut take = |event| drop(update(&mut state, event, Duration::from_secs(1)));
    take(Event::View { view: view.clone(), detail: None });
    for &code in keys {
        take(Event::Key(KeyEvent::from(code)));
    }
    let detail = state.watched().map(|focus| Arc::new(detail(&focus)));
    update(&mut state, Event::View { view, detail }, Duration::from_secs(1));
    state
}

fn typed(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

fn drawn(state: &State, glyphs: GlyphSet) -> Buffer {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let mut buf = Buffer::empty(area);
    draw(state, &Theme::of_roles(glyphs), area, &mut buf);
    buf
}

/// The text of the screen, then the roles of its cells.
fn grids(buf: &Buffer) -> String {
    let row = |y: u16, letter: &dyn Fn(&ratatui::buffer::Cell) -> String| {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..buf.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let cell = &buf[(x, y)];
            skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            line += &letter(cell);
        }
        line.trim_end().to_owned() + "\n"
    };
    let text = |cell: &ratatui::buffer::Cell| cell.symbol().to_owned();
    let roles = |cell: &ratatui::buffer::Cell| Theme::role_letter(cell).to_string();
    let all = |letter: &dyn Fn(&ratatui::buffer::Cell) -> String| {
        (0..buf.area.height).map(|y| row(y, letter)).collect::<String>()
    };
    format!("{}\n{}", all(&text), all(&roles))
}

fn check(name: &str, view: &Arc<FleetView>, sizes: &[(u16, u16)], keys: &[KeyCode]) {
    for &size in sizes {
        let state = state(view.clone(), size, keys);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), grids(&drawn(&state, GlyphSet::Braille)));
    }
}

#[test]
fn tenants() {
    check("tenants", &shared_view(), &SIZES, &[KeyCode::Down]);
}

#[test]
fn one_tenant() {
    check("one_tenant", &shared_view(), &SIZES, &[KeyCode::Enter]);
}

#[test]
fn collector() {
    check("collector", &Arc::new(failing_view()), &SIZES, &typed("6"));
}

#[test]
fn alerts() {
    check("alerts", &shared_view(), &SIZES, &typed("2"));
}

#[test]
fn pools() {
    check("pools", &Arc::new(sharing_view()), &SIZES, &typed("3"));
    check("no_pools", &shared_view(), &[(80, 24)], &typed("3"));
}

#[test]
fn profiles() {
    check("profiles", &shared_view(), &SIZES, &typed("4"));
}

#[test]
fn money() {
    check("money", &shared_view(), &SIZES, &typed("5"));
}

#[test]
fn spark() {
    check("spark", &shared_view(), &SIZES, &typed("7"));
}

#[test]
fn one_profile() {
    check("one_profile", &shared_view(), &SIZES, &[KeyCode::Enter, KeyCode::Enter]);
}

#[test]
fn one_alert() {
    check("one_alert", &shared_view(), &SIZES, &typed("w"));
}

#[test]
fn a_moment_of_the_past() {
    let past = FleetView { is_past: true, ..view() };
    check("past", &Arc::new(past), &[(120, 30), (40, 10)], &[]);
}

#[test]
fn a_command_and_the_picker_of_columns() {
    check("command", &shared_view(), &[(120, 30), (80, 24)], &typed(":sort-by-t"));
    check("columns", &shared_view(), &[(120, 30), (80, 24)], &typed("Cjj"));
}

#[test]
fn help() {
    check("help", &shared_view(), &SIZES, &[KeyCode::Char('?')]);
}

#[test]
fn trouble() {
    check("trouble", &Arc::new(failing_view()), &SIZES, &[]);
}

#[test]
fn typing_a_filter() {
    check("typing_a_filter", &shared_view(), &SIZES, &typed("/level>=yel"));
    check("a_filter_that_fits_nobody", &shared_view(), &[(80, 24)], &typed("/nobody"));
}

#[test]
fn sorted_and_paused() {
    check("sorted_and_paused", &shared_view(), &[(120, 30)], &typed("R "));
}

#[test]
fn nothing_known_yet() {
    for size in SIZES {
        let state = State::new("LIVE", size);
        insta::assert_snapshot!(
            format!("nothing_known_yet_{}x{}", size.0, size.1),
            grids(&drawn(&state, GlyphSet::Braille))
        );
    }
    let empty = Arc::new(FleetView { tenants: Vec::new(), log: Vec::new(), ..view() });
    check("no_profiles", &empty, &[(80, 24)], &[]);
}

#[test]
fn ascii_is_ascii() {
    let mut view = view();
    view.tenants.retain(|row| row.owner.name().is_ascii());
    let view = Arc::new(view);
    for keys in [
        vec![],
        vec![KeyCode::Enter],
        typed("?"),
        typed("2"),
        typed("3"),
        typed("4"),
        typed("5"),
        typed("6"),
        typed("7"),
        typed("w"),
        typed("C"),
        typed(":"),
    ] {
        for size in SIZES {
            let state = state(view.clone(), size, &keys);
            let buf = drawn(&state, GlyphSet::Ascii);
            // A control character in a name is shown as a dot that is not ASCII; nothing else may be.
            let odd = buf.content().iter().find(|cell| !cell.symbol().is_ascii() && cell.symbol() != "·");
            assert!(odd.is_none(), "{odd:?}");
        }
    }
    let state = state(view, (80, 24), &[]);
    insta::assert_snapshot!("tenants_ascii_80x24", grids(&drawn(&state, GlyphSet::Ascii)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_size_panics_and_no_control_character_is_drawn(width in 1..230_u16, height in 1..60_u16, which in 0..14_usize, glyphs in 0..3_usize) {
        let keys = [vec![], vec![KeyCode::Enter], typed("?"), typed("/x"), typed("/nobody "), typed("6"), typed("2"), typed("3"), typed("4"), typed("5"), typed("7"), typed("w"), typed("C"), vec![KeyCode::Enter, KeyCode::Enter]][which].clone();
        let glyphs = [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii][glyphs];
        let state = state(Arc::new(failing_view()), (width, height), &keys);
        let buf = drawn(&state, glyphs);
        prop_assert!(buf.content().iter().all(|cell| !cell.symbol().chars().any(char::is_control)));
    }
}
