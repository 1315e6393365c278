//! The real program in a real terminal: what is on the screen, and that the terminal comes back as it was.

use rstest::rstest;
use rustix::process::Signal;

#[path = "support/terminal.rs"]
mod terminal;

use terminal::Terminal;

const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const CONTROL_C: &str = "\x03";
const CONTROL_Z: &str = "\x1a";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary home")
}

fn demo(size: (u16, u16), home: &tempfile::TempDir) -> Terminal {
    let terminal = Terminal::start(&["demo"], size, home.path(), &[]);
    terminal.wait_for("northwind");
    terminal
}

#[test]
fn a_session_with_the_keyboard() {
    let home = home();
    let mut terminal = demo((120, 40), &home);
    let screen = terminal.wait_for("Tenants 41");
    assert!(screen.contains("DEMO x60") && screen.contains("? help"), "{screen}");
    terminal.press(DOWN);
    terminal.press(ENTER);
    terminal.wait_for("Meters");
    terminal.press(ESCAPE);
    terminal.wait_for("Tenants 41");
    terminal.press("?");
    terminal.wait_for("Help: tenants");
    terminal.press("q");
    terminal.wait_without("Help: tenants");
    terminal.press("/northw");
    terminal.wait_for("Tenants 1 of 41");
    terminal.press(ESCAPE);
    terminal.wait_for("Tenants 41");
    terminal.press("M");
    terminal.wait_for("sorted by name");
    terminal.press(" ");
    terminal.wait_for("PAUSED");
    terminal.press(" ");
    terminal.wait_for("DEMO x60");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[test]
fn the_story_of_the_demo() {
    let home = home();
    let mut terminal = Terminal::start(&["demo", "--speed", "300"], (200, 50), home.path(), &[]);
    terminal.wait_for("the budget is gone");
    terminal.wait_for("stale: data is");
    terminal.wait_for("ok: data is");
    terminal.press("/unattributed");
    terminal.wait_for("Tenants 1 of 41");
    terminal.press("\r");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[test]
fn every_size_is_drawn_and_a_resize_at_once() {
    let home = home();
    let mut terminal = demo((80, 24), &home);
    terminal.wait_for("Changes of level");
    terminal.resize(40, 10);
    terminal.wait_without("Changes of level");
    terminal.resize(200, 50);
    terminal.wait_for("Meters");
    terminal.resize(1, 1);
    terminal.resize(80, 24);
    terminal.wait_for("Changes of level");
    terminal.press(CONTROL_C);
    assert_eq!(terminal.wait_for_end().0, 130);
}

#[rstest]
#[case::terminate(Signal::TERM, 143)]
#[case::hang_up(Signal::HUP, 129)]
#[case::interrupt(Signal::INT, 130)]
fn a_signal_ends_it_and_the_terminal_comes_back(#[case] signal: Signal, #[case] code: u32) {
    let home = home();
    let terminal = demo((100, 30), &home);
    terminal.signal(signal);
    assert_eq!(terminal.wait_for_end().0, code);
}

#[rstest]
#[case::by_key(true)]
#[case::by_signal(false)]
fn it_stops_and_goes_on_with_the_whole_screen(#[case] by_key: bool) {
    let home = home();
    let mut terminal = demo((100, 30), &home);
    if by_key {
        terminal.press(CONTROL_Z);
    } else {
        terminal.signal(Signal::TSTP);
    }
    terminal.wait_for_stop();
    terminal.wait_for_alternate_screen(false);
    terminal.assert_restored();
    terminal.signal(Signal::CONT);
    terminal.wait_for_alternate_screen(true);
    terminal.wait_for("northwind");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[rstest]
#[case::while_drawing("screen", 101)]
#[case::in_the_engine("engine", 1)]
fn a_panic_gives_the_terminal_back_and_says_why(#[case] place: &str, #[case] code: u32) {
    let home = home();
    let terminal = Terminal::start(&["demo"], (100, 30), home.path(), &[("BEDTOP_REHEARSE_PANIC", place)]);
    let (ended, screen) = terminal.wait_for_end();
    assert_eq!(ended, code, "{screen}");
    assert!(screen.contains("a rehearsed panic"), "{screen}");
}

#[rstest]
#[case::at_once("0", "was G")]
#[case::played_back("3600", "REPLAY x3600")]
fn a_recorded_trace_is_shown(#[case] speed: &str, #[case] shown: &str) {
    let home = home();
    let slice = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/usage_slice.csv");
    let mut terminal = Terminal::start(&["replay", slice, "--speed", speed], (120, 30), home.path(), &[]);
    terminal.wait_for("d079");
    terminal.wait_for(shown);
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[test]
fn a_store_that_cannot_be_opened_ends_it_with_the_reason() {
    let home = home();
    let store = home.path().join("store");
    std::fs::create_dir(&store).expect("made");
    std::fs::write(
        store.join("store.toml"),
        "format = 9\nmin_reader = 9\nwriter = \"9.9.9\"\nsegment_bytes = 1\nstep_seconds = 60\n",
    )
    .expect("written");
    let terminal = Terminal::start(&["--store", "store"], (100, 30), home.path(), &[]);
    let (code, screen) = terminal.wait_for_end();
    assert_eq!(code, 1);
    assert!(screen.contains("written by bedtop 9.9.9") && screen.contains("update bedtop"), "{screen}");
}

#[test]
fn without_credentials_it_says_so_and_stays() {
    let home = home();
    let mut terminal = Terminal::start(
        &["--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:9"],
        (100, 30),
        home.path(),
        &[],
    );
    terminal.wait_for("no AWS credentials were found");
    terminal.wait_for("aws sso login");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[test]
fn no_color_and_ascii_terminals_are_honoured() {
    let home = home();
    let mut terminal = Terminal::start(&["demo"], (100, 30), home.path(), &[("NO_COLOR", "1"), ("LANG", "C")]);
    let screen = terminal.wait_for("northwind");
    assert!(screen.is_ascii(), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}
