//! The screen under every `TERM` that people sit at: what they see, in letters and in styles, kept as snapshots that
//! were looked at.

use std::cell::RefCell;
use std::fmt::Write as _;

use rstest::rstest;

#[path = "support/terminal.rs"]
mod terminal;

use terminal::Terminal;

/// A letter for how a cell looks: its colour as the terminal was told, capital where it is bold; `#` is reversed. A blank
/// has no colour to be seen.
fn style(cell: &vt100::Cell) -> char {
    let letter = match cell.fgcolor() {
        vt100::Color::Default => '.',
        vt100::Color::Idx(index) if index < 16 => char::from(b'a' + index),
        vt100::Color::Idx(_) => 'p',
        vt100::Color::Rgb(..) => 't',
    };
    match (cell.inverse(), cell.bold()) {
        (true, _) => '#',
        _ if cell.contents().trim().is_empty() => '.',
        (false, true) if letter == '.' => '*',
        (false, true) => letter.to_ascii_uppercase(),
        (false, false) => letter,
    }
}

/// The text of the screen, then how its cells look.
fn grids(screen: &vt100::Screen) -> String {
    let (height, width) = screen.size();
    let mut styles = String::new();
    for row in 0..height.get() {
        let line: String = (0..width.get()).filter_map(|column| screen.cell(row, column)).map(style).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(styles, "{}", line.trim_end_matches('.'));
    }
    let text: Vec<String> = screen.contents().lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n\n{styles}", text.join("\n"))
}

#[rstest]
#[case::tmux("tmux-256color", "C.UTF-8")]
#[case::screen("screen", "C.UTF-8")]
#[case::xterm("xterm-256color", "C.UTF-8")]
#[case::linux("linux", "C.UTF-8")]
#[case::vt100("vt100", "C")]
fn each_terminal_sees_what_it_can_show(#[case] term: &str, #[case] locale: &str) {
    let home = tempfile::tempdir().expect("a temporary home");
    let slice = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/usage_slice.csv");
    let variables = [("TERM", term), ("LANG", locale)];
    let mut terminal = Terminal::start(&["replay", slice, "--speed", "0"], (100, 30), home.path(), &variables);
    terminal.wait_for("d079");
    let seen = RefCell::new(String::new());
    terminal.wait_until("the last frame", |screen| {
        let text = screen.contents();
        // A frame comes from the top to the bottom, and maybe in parts: its last line that changes must be whole.
        let is_last = text.contains("Thu 00:00") && text.contains("have no price (2,032,113)");
        *seen.borrow_mut() = grids(screen);
        is_last
    });
    insta::assert_snapshot!(term, seen.into_inner());
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}
