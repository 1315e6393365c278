//! What keys and views do to the screen.

mod resend;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::app::action::View;
use crate::app::column::Column;
use crate::app::fixtures::{detail, shared_view, view};
use crate::app::list::RowKey;
use crate::app::state::{HOLD, Screen};
use crate::domain::event::{AlertKey, Subject};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, Focus};

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
    state.tenants_from(0).map(|row| row.owner.name().to_owned()).collect()
}

fn selected_owner(state: &State) -> Option<Owner> {
    state.selected_tenant().map(|row| row.owner.clone())
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
    let selected = selected_owner(&state);
    assert_eq!(selected.as_ref().map(Owner::name), Some(before[2].as_str()));
    take(&mut state, with_first_moved_last(), START + Duration::from_secs(1));
    assert_eq!(names(&state), before, "rows hold still under the user's hand");
    assert_eq!(state.next_wake(START + Duration::from_secs(1)), Some(START + HOLD));
    update(&mut state, Event::Tick, START + HOLD);
    assert_ne!(names(&state), before, "and are sorted again then");
    assert_eq!(selected_owner(&state), selected);
}

#[test]
fn what_is_beside_the_list_changes_once_when_its_detail_is_at_hand_or_long_in_coming() {
    let mut state = State::new("LIVE", (200, 50));
    take(&mut state, shared_view(), START);
    let answer = |state: &mut State, now| {
        let detail = state.watched().map(|focus| Arc::new(detail(&focus)));
        update(state, Event::View { view: shared_view(), detail }, now);
    };
    answer(&mut state, START);
    let first = state.list().selected.clone();
    assert_eq!(state.beside, first);
    press(&mut state, "j");
    assert_eq!(state.beside, first, "it stays until there is something to show");
    take(&mut state, shared_view(), START);
    assert_eq!(state.beside, first, "a view without it changes nothing");
    answer(&mut state, START);
    assert_eq!(state.beside, state.list().selected);
    press(&mut state, "j");
    let late = START + Duration::from_millis(300);
    assert_eq!(state.next_wake(START), Some(late));
    update(&mut state, Event::Tick, late);
    assert_eq!(state.beside, state.list().selected, "nor does it keep what was selected from sight");
}

#[test]
fn alerts_about_no_tenant_are_explained_too() {
    let mut view = view();
    let alert = AlertKey { subject: Subject::Pool("consumer".into()), ..view.alerts[0].alert.clone() };
    view.alerts[0].alert = alert.clone();
    let mut state = State::new("LIVE", (120, 30));
    take(&mut state, Arc::new(view), START);
    press(&mut state, "2");
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), [Effect::Explain(Some(alert))]);
    assert_eq!(update(&mut state, key(KeyCode::Esc), START), [Effect::Explain(None)]);
}

#[test]
fn until_a_row_is_chosen_the_worst_one_is_selected() {
    let mut state = ready();
    take(&mut state, with_first_moved_last(), START);
    assert_eq!(state.list().index(), Some(0));
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
    assert_eq!(state.list().sort.column, Column::Name);
}

#[test]
fn a_filter_that_is_not_understood_says_so_and_hides_nothing() {
    let mut state = ready();
    press(&mut state, "/level=red");
    assert_eq!(names(&state), ["hooli"]);
    press(&mut state, "x");
    assert_eq!(state.list().filter.fault.as_deref(), Some("level: green, blind, yellow, orange or red"));
    assert_eq!(names(&state).len(), view().tenants.len());
    update(&mut state, key(KeyCode::Esc), START);
    assert_eq!(names(&state).len(), view().tenants.len(), "Esc clears it");
    assert!(state.prompt.is_none());
}

#[test]
fn letters_go_to_the_filter_while_it_is_typed_and_pasted_control_characters_do_not() {
    let mut state = ready();
    press(&mut state, "/q");
    assert_eq!(update(&mut state, Event::Paste("a\u{1b}[2J\nb".into()), START), []);
    assert_eq!(state.list().filter.input.value(), "qa[2Jb");
    update(&mut state, key(KeyCode::Enter), START);
    assert_eq!(press(&mut state, "q"), [Effect::Quit(0)]);
}

#[test]
fn a_paused_screen_keeps_its_view_and_shows_the_newest_when_it_goes_on() {
    let mut state = ready();
    press(&mut state, " ");
    take(&mut state, with_first_moved_last(), START + Duration::from_secs(5));
    assert_eq!(names(&state)[0], "hooli");
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
    let owner = selected_owner(&state).expect("selected");
    let focus = Focus::on(owner.clone());
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), [Effect::Watch(Some(focus))]);
    assert_eq!(state.screen, Screen::Tenant(owner.clone()));
    assert!(state.watched_detail().is_none(), "nothing of another tenant is shown meanwhile");
    let arrived = Event::View { view: shared_view(), detail: Some(Arc::new(detail(&Focus::on(owner.clone())))) };
    update(&mut state, arrived, START);
    assert!(state.watched_detail().is_some());
    assert_eq!(update(&mut state, key(KeyCode::Esc), START), [Effect::Watch(None)]);
    assert_eq!(selected_owner(&state), Some(owner));
}

#[test]
fn a_wide_screen_watches_the_selection() {
    let mut state = ready();
    let focus = selected_owner(&state).map(Focus::on);
    assert_eq!(update(&mut state, Event::Resize(200, 50), START), [Effect::Watch(focus)]);
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

#[test]
fn every_screen_is_reached_and_the_last_one_comes_back() {
    let mut state = ready();
    for (pressed, view) in ['1', '2', '3', '4', '5', '6', '7'].into_iter().zip(View::ALL) {
        press(&mut state, &pressed.to_string());
        assert_eq!(state.screen, Screen::View(view));
    }
    press(&mut state, "-");
    assert_eq!(state.screen, Screen::View(View::Collector));
    press(&mut state, "-");
    assert_eq!(state.screen, Screen::View(View::Spark));
    update(&mut state, key(KeyCode::Esc), START);
    assert_eq!(state.screen, Screen::View(View::Tenants), "Esc leads home");
}

#[test]
fn one_deeper_is_a_profile_and_escape_comes_back_step_by_step() {
    let mut state = ready();
    update(&mut state, key(KeyCode::Enter), START);
    press(&mut state, "j");
    update(&mut state, key(KeyCode::Enter), START);
    assert!(matches!(&state.screen, Screen::Profile(owner, ..) if owner.name() == "hooli"), "{:?}", state.screen);
    assert!(state.watched().is_some_and(|focus| focus.profile.is_some()));
    update(&mut state, key(KeyCode::Esc), START);
    assert!(matches!(&state.screen, Screen::Tenant(_)));
    update(&mut state, key(KeyCode::Esc), START);
    assert_eq!(state.screen, Screen::View(View::Tenants));
}

#[test]
fn why_explains_the_loudest_alert() {
    let mut state = ready();
    press(&mut state, "w");
    assert!(matches!(&state.screen, Screen::Alert(alert) if alert.subject.name() == "hooli"), "{:?}", state.screen);
}

#[test]
fn time_goes_back_by_steps_and_comes_back_to_the_present() {
    let mut state = ready();
    let now = view().at;
    let minute = SignedDuration::from_mins(1);
    assert_eq!(press(&mut state, ","), [Effect::Travel(Some(now - minute))]);
    let past = FleetView { at: now - minute, is_past: true, ..view() };
    take(&mut state, Arc::new(past), START);
    assert_eq!(state.moment, Some(now - minute));
    assert_eq!(press(&mut state, "["), [Effect::Travel(Some(now - minute * 61))]);
    assert_eq!(press(&mut state, "0"), [Effect::Travel(None)]);
    assert_eq!(press(&mut state, "."), [], "nothing lies ahead of the present");
}

#[test]
fn another_pane_that_travels_takes_this_one_along() {
    let mut state = ready();
    let past = FleetView { at: view().at - SignedDuration::from_hours(2), is_past: true, ..view() };
    take(&mut state, Arc::new(past.clone()), START);
    assert_eq!(state.moment, Some(past.at));
    take(&mut state, shared_view(), START);
    assert_eq!(state.moment, None);
}

#[test]
fn a_command_is_completed_obeyed_and_recalled() {
    let mut state = ready();
    press(&mut state, ":view mo");
    update(&mut state, key(KeyCode::Tab), START);
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), [Effect::Keep]);
    assert_eq!(state.screen, Screen::View(View::Money));
    press(&mut state, ":");
    update(&mut state, key(KeyCode::Up), START);
    assert_eq!(state.prompt.as_ref().map(|prompt| prompt.input.value()), Some("view money"));
    update(&mut state, key(KeyCode::Esc), START);
    press(&mut state, ":dance");
    update(&mut state, key(KeyCode::Enter), START);
    let fault = state.prompt.as_ref().and_then(|prompt| prompt.fault.clone());
    assert!(fault.is_some_and(|fault| fault.contains("`dance` is not a command")), "the line stays with its fault");
}

#[test]
fn a_silence_needs_a_time_and_a_reason() {
    let mut state = ready();
    press(&mut state, "s2h");
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), []);
    press(&mut state, " load test");
    let expected = Effect::Silence(
        RowKey::Owner(Owner::Tenant("hooli".into())),
        SignedDuration::from_hours(2),
        "load test".to_owned(),
    );
    assert_eq!(update(&mut state, key(KeyCode::Enter), START), [expected]);
}

#[test]
fn columns_are_picked_and_kept() {
    let mut state = ready();
    press(&mut state, "Cjjj ");
    assert!(!state.columns.contains(&Column::Budget));
    press(&mut state, " ");
    assert_eq!(state.columns, Column::OF_TENANTS);
    press(&mut state, "kk ");
    assert!(state.columns.contains(&Column::Name), "the name stays");
    assert_eq!(update(&mut state, key(KeyCode::Esc), START), [Effect::Keep]);
}

#[test]
fn n_goes_to_the_next_row_that_holds_the_text() {
    let mut state = ready();
    press(&mut state, "/stark or wayne");
    update(&mut state, key(KeyCode::Enter), START);
    press(&mut state, "n");
    assert_eq!(selected_owner(&state).map(|owner| owner.name().to_owned()).as_deref(), Some("wayne-retail"));
    update(&mut state, key(KeyCode::Esc), START);
    press(&mut state, "n");
    assert_eq!(selected_owner(&state).map(|owner| owner.name().to_owned()).as_deref(), Some("stark-freight"));
}

#[test]
fn copying_says_it_all_in_a_line() {
    let mut state = ready();
    let effects = press(&mut state, "y");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.contains("red hooli: $1,512.34 (101 % of $1,500.00)"), "{text}");
}

fn any_event() -> impl Strategy<Value = Event> {
    let codes = prop_oneof![
        prop::char::range(' ', '~').prop_map(KeyCode::Char),
        Just(KeyCode::Enter),
        Just(KeyCode::Esc),
        Just(KeyCode::Down),
        Just(KeyCode::PageUp),
        Just(KeyCode::Backspace),
        Just(KeyCode::Tab),
        Just(KeyCode::End),
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
            prop_assert_eq!(state.row_count() == 0, state.list().index().is_none());
        }
    }
}
