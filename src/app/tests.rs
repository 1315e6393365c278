//! What keys and views do to the screen.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::app::fixtures::{detail, shared_view, view};
use crate::app::order::Column;
use crate::app::state::{HOLD, Screen};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::FleetView;

const START: Duration = Duration::from_secs(10);

fn key(code: KeyCode) -> Event {
    Event::Key(KeyEvent::from(code))
}

fn letter(letter: char) -> Event {
    key(KeyCode::Char(letter))
}

fn ready() -> State {
    let mut state = State::new("DEMO x60", (120, 30));
    update(&mut state, Event::View { view: shared_view(), detail: None }, START);
    state
}

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().flat_map(|pressed| update(state, letter(pressed), START)).collect()
}

fn names(state: &State) -> Vec<String> {
    state.rows().iter().map(|row| row.owner.name().to_owned()).collect()
}

fn with_first_moved_last() -> Arc<FleetView> {
    let mut view = view();
    view.tenants.rotate_left(1);
    Arc::new(view)
}

fn take(state: &mut State, view: Arc<FleetView>, now: Duration) -> Vec<Effect> {
    update(state, Event::View { view, detail: None }, now)
}

#[test]
fn the_selection_follows_the_row_and_the_order_holds_still_after_a_move() {
    let mut state = ready();
    let before = names(&state);
    press(&mut state, "jj");
    let selected = state.selected.clone();
    assert_eq!(selected.as_ref().map(Owner::name), Some(before[2].as_str()));
    take(&mut state, with_first_moved_last(), START + Duration::from_secs(1));
    assert_eq!(names(&state), before, "rows hold still under the user's hand");
    assert_eq!(state.next_wake(START + Duration::from_secs(1)), Some(START + HOLD));
    update(&mut state, Event::Tick, START + HOLD);
    assert_ne!(names(&state), before, "and are sorted again then");
    assert_eq!(state.selected, selected);
}

#[test]
fn until_a_row_is_chosen_the_worst_one_is_selected() {
    let mut state = ready();
    take(&mut state, with_first_moved_last(), START);
    assert_eq!(state.selected_index(), Some(0));
}

#[test]
fn the_same_letter_again_sorts_the_other_way_round() {
    let mut state = ready();
    press(&mut state, "$");
    let dearest_first = names(&state);
    assert_eq!(dearest_first[0], "northwind");
    press(&mut state, "$");
    assert_eq!(names(&state).last().map(String::as_str), Some("northwind"));
    press(&mut state, "L");
    assert_eq!(names(&state)[0], "hooli");
    press(&mut state, ">");
    assert_eq!(state.sort.column, Column::Name);
}

#[rstest]
#[case::part("HOO", &["hooli"])]
#[case::not("!e level=green", &["northwind", "株式会社ウェイランド湯谷研究所"])]
#[case::level("level>=orange", &["hooli", "stark-freight", "preview-lab"])]
#[case::spend("spend>8000 level!", &[])]
#[case::or("spend>14000 or hooli", &["hooli", "northwind"])]
#[case::and("level>=yellow spend>=8000", &["stark-freight"])]
fn filters(#[case] text: &str, #[case] expected: &[&str]) {
    let mut state = ready();
    press(&mut state, "/");
    press(&mut state, text);
    assert_eq!(names(&state), expected);
}

#[test]
fn a_filter_that_is_not_understood_says_so_and_hides_nothing() {
    let mut state = ready();
    press(&mut state, "/level=red");
    assert_eq!(names(&state), ["hooli"]);
    press(&mut state, "x");
    assert_eq!(state.filter.fault.as_deref(), Some("level: green, blind, yellow, orange or red"));
    assert_eq!(names(&state).len(), view().tenants.len());
    update(&mut state, key(KeyCode::Esc), START);
    assert_eq!(names(&state).len(), view().tenants.len(), "Esc clears it");
    assert!(!state.filter.editing);
}

#[test]
fn letters_go_to_the_filter_while_it_is_typed_and_pasted_control_characters_do_not() {
    let mut state = ready();
    press(&mut state, "/q");
    assert_eq!(update(&mut state, Event::Paste("a\u{1b}[2J\nb".into()), START), []);
    assert_eq!(state.filter.input.value(), "qa[2Jb");
    update(&mut state, key(KeyCode::Enter), START);
    assert_eq!(press(&mut state, "q"), [Effect::Quit(0)]);
}

#[test]
fn a_paused_screen_keeps_its_view_and_shows_the_newest_when_it_goes_on() {
    let mut state = ready();
    press(&mut state, " ");
    take(&mut state, with_first_moved_last(), START + Duration::from_secs(5));
    assert_eq!(state.rows()[0].owner.name(), "hooli");
    assert_eq!(state.paused_for(), Some(Duration::from_secs(5)));
    assert_eq!(state.next_wake(START + Duration::from_secs(5)), Some(START + Duration::from_secs(6)));
    update(&mut state, letter(' '), START + Duration::from_secs(6));
    assert_eq!(
        state.view.as_ref().map(|view| view.tenants[0].owner.name().to_owned()).as_deref(),
        Some("stark-freight")
    );
}

#[test]
fn enter_opens_a_tenant_and_watches_it_and_escape_comes_back() {
    let mut state = ready();
    press(&mut state, "j");
    let owner = state.selected.clone().expect("selected");
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), [Effect::Watch(Some(owner.clone()))]);
    assert_eq!(state.screen, Screen::Tenant(owner.clone()));
    assert!(state.watched_detail().is_none(), "nothing of another tenant is shown meanwhile");
    let arrived = Event::View { view: shared_view(), detail: Some(Arc::new(detail(&owner))) };
    update(&mut state, arrived, START);
    assert!(state.watched_detail().is_some());
    assert_eq!(update(&mut state, key(KeyCode::Esc), START), [Effect::Watch(None)]);
    assert_eq!(state.selected, Some(owner));
}

#[test]
fn a_wide_screen_watches_the_selection() {
    let mut state = ready();
    let owner = state.selected.clone();
    assert_eq!(update(&mut state, Event::Resize(200, 50), START), [Effect::Watch(owner)]);
    assert!(matches!(press(&mut state, "j").as_slice(), [Effect::Watch(Some(_))]));
    assert_eq!(update(&mut state, Event::Resize(80, 24), START), [Effect::Watch(None)]);
}

#[test]
fn the_bell_rings_for_what_turns_red_and_only_once() {
    let mut state = State::new("LIVE", (120, 30));
    let mut earlier = view();
    let red = earlier.log.pop().expect("the fixture ends with a red");
    assert_eq!(red.level, Level::Red);
    assert_eq!(take(&mut state, Arc::new(earlier), START), [], "what is old at the start does not ring");
    assert_eq!(take(&mut state, shared_view(), START), [Effect::Bell]);
    assert_eq!(take(&mut state, shared_view(), START), []);
}

#[rstest]
#[case::interrupt('c', Effect::Quit(130))]
#[case::suspend('z', Effect::Suspend)]
#[case::redraw('l', Effect::Redraw)]
fn control_keys_have_effects(#[case] pressed: char, #[case] effect: Effect) {
    let event = KeyEvent::new(KeyCode::Char(pressed), KeyModifiers::CONTROL);
    assert_eq!(update(&mut ready(), Event::Key(event), START), [effect]);
}

fn any_event() -> impl Strategy<Value = Event> {
    let codes = prop_oneof![
        prop::char::range(' ', '~').prop_map(KeyCode::Char),
        Just(KeyCode::Enter),
        Just(KeyCode::Esc),
        Just(KeyCode::Down),
        Just(KeyCode::PageUp),
        Just(KeyCode::Backspace),
    ];
    prop_oneof![
        8 => (codes, any::<bool>()).prop_map(|(code, control)| {
            Event::Key(KeyEvent::new(code, if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE }))
        }),
        1 => (0..300_u16, 0..100_u16).prop_map(|(width, height)| Event::Resize(width, height)),
        1 => ".{0,10}".prop_map(Event::Paste),
        1 => (0..11_usize).prop_map(|kept| {
            let mut view = view();
            view.tenants.truncate(kept);
            Event::View { view: Arc::new(view), detail: None }
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_pressed_the_selection_is_a_row_that_is_shown(events in prop::collection::vec(any_event(), 0..60)) {
        let mut state = ready();
        for (step, event) in events.into_iter().enumerate() {
            update(&mut state, event, START + Duration::from_millis(700 * step as u64));
            prop_assert_eq!(state.rows().is_empty(), state.selected_index().is_none());
        }
    }
}
