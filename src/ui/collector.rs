//! Where the data comes from: every scope with its health, its lag and what asking it costs.
//!
//! ```text
//! ─ Collector 2 scopes ──────────────────────────────────── own $1.20 of $10.00 this month ─
//!  Scope             Health    Age   Lag  Every In use  Past  Calls Retry   Read Metrics Revised   Cost
//!  prod/us-east-1    ok         1m    2m    1m  23/400   all  1,204     3  12 MB     12k       4  $0.12
//!  labs/us-west-2    stale     27m    2m    1m    2/40  40 %     88    12   1 MB    1.1k       0  $0.01
//!    throttled: cloudwatch:GetMetricData in us-west-2: ...; bedtop asks less often until it passes
//!
//!  History 48.2 MB on disk, since 15 Oct · 2 other panes attached
//!  Outbox empty: everything was told
//! ```

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::health::Health;
use crate::domain::letter::{LetterRow, LetterState};
use crate::domain::text::printable;
use crate::domain::view::{FleetView, ScopeRow};
use crate::ui::format;
use crate::ui::header::clock;
use crate::ui::help::paint;
use crate::ui::paint::{Row, cut, left, right, rule, wrap};
use crate::ui::theme::{Role, Theme};

const NAME_WIDTH: usize = 18;
const NAME_WIDTH_ROOMY: usize = 24;
const HEALTH_WIDTH: usize = 8;
/// From this width on some figures are shown, and from this one on all.
const SMALL: usize = 60;
const ROOMY: usize = 119;

/// A column of figures: its title, its width, and from which width of the screen on it is shown.
struct Column {
    title: &'static str,
    width: usize,
    from: usize,
    value: fn(&ScopeRow) -> String,
}

const COLUMNS: [Column; 10] = [
    Column { title: "Age", width: 6, from: 0, value: age },
    Column { title: "Lag", width: 6, from: SMALL, value: lag },
    Column { title: "Every", width: 7, from: SMALL, value: every },
    Column { title: "In use", width: 10, from: SMALL, value: in_use },
    Column { title: "Past", width: 6, from: SMALL, value: past },
    Column { title: "Calls", width: 8, from: ROOMY, value: |scope| figure(scope.traffic.calls) },
    Column { title: "Retries", width: 8, from: ROOMY, value: |scope| figure(scope.traffic.retries) },
    Column { title: "Read", width: 9, from: ROOMY, value: read },
    Column { title: "Metrics", width: 8, from: ROOMY, value: |scope| figure(scope.traffic.metrics) },
    Column { title: "Revised", width: 8, from: ROOMY, value: |scope| figure(scope.revised) },
];
const COST_WIDTH: usize = 9;
const RECEIVER: usize = 14;
const AGES: &str =
    "Age: since the last minute that was asked for and answered. Lag: 95 % of the newest points came within it.";
const INTERVALS: &str =
    "Every: between polls, as the ceiling allows. Past: how much of the history that is wanted has been fetched.";

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let title = format!("Collector {}", view.scopes.len());
    rule(&title, &own_cost(view), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let width = usize::from(area.width);
    let mut lines = vec![heading(theme, width)];
    for scope in &view.scopes {
        lines.push(line(scope, theme, width));
        lines.extend(remarks(scope, theme, width));
    }
    lines.push(Row::new(theme));
    lines.push(history(view, theme, width));
    lines.extend(outbox(view, theme, width));
    lines.extend(legend(theme, width));
    paint(lines, state.scroll, body, buf);
}

fn own_cost(view: &FleetView) -> String {
    match view.mode {
        crate::domain::view::Mode::Live => {
            format!("own {} of {} this month", view.own_cost.spent, view.own_cost.ceiling)
        }
        _ => "nothing leaves this machine".to_owned(),
    }
}

fn columns(width: usize) -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(move |column| width >= column.from)
}

fn name_width(width: usize) -> usize {
    match width {
        ROOMY.. => NAME_WIDTH_ROOMY,
        SMALL.. => NAME_WIDTH,
        _ => width.saturating_sub(2 + HEALTH_WIDTH + COLUMNS[0].width + COST_WIDTH),
    }
}

fn heading(theme: &Theme, width: usize) -> Row<'_> {
    let glyphs = theme.glyphs();
    let name = left("Scope", name_width(width), glyphs);
    let row = Row::new(theme).add(Role::Heading, format!(" {name} {:<HEALTH_WIDTH$}", "Health"));
    let row = columns(width).fold(row, |row, column| row.add(Role::Heading, right(column.title, column.width, glyphs)));
    row.add(Role::Heading, right("Cost", COST_WIDTH, glyphs))
}

fn line<'a>(scope: &ScopeRow, theme: &'a Theme, width: usize) -> Row<'a> {
    let glyphs = theme.glyphs();
    let role = if scope.health == Health::Ok { Role::Text } else { Role::Warning };
    let row = Row::new(theme)
        .add(Role::Text, format!(" {} ", left(scope.scope.as_str(), name_width(width), glyphs)))
        .add(role, format!("{:<HEALTH_WIDTH$}", scope.health.name()));
    let row = columns(width)
        .fold(row, |row, column| row.add(Role::Text, right(&(column.value)(scope), column.width, glyphs)));
    row.add(Role::Text, right(&scope.spent.to_string(), COST_WIDTH, glyphs))
}

/// What is wrong with a scope and what to do about it.
fn remarks<'a>(scope: &ScopeRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let fault = scope.fault.as_ref().map(|fault| format!("{}: {}; {}", fault.kind, fault.message, fault.remedy));
    let remarks = fault.into_iter().chain(scope.collecting.notices.iter().cloned());
    let room = width.saturating_sub(4).max(20);
    let lines = remarks.flat_map(|remark| wrap(&printable(&remark), room));
    lines.map(|line| Row::new(theme).add(Role::Warning, format!("   {line}"))).collect()
}

/// ` History 48.2 MB on disk, since 15 Oct · 2 other panes attached`.
fn history<'a>(view: &FleetView, theme: &'a Theme, width: usize) -> Row<'a> {
    let keeping = &view.keeping;
    let since =
        keeping.oldest.map_or(String::new(), |oldest| format!(", since {}", clock(oldest, &view.zone, "%-d %b")));
    let panes = match keeping.panes {
        0 => "no other pane attached".to_owned(),
        1 => "1 other pane attached".to_owned(),
        panes => format!("{panes} other panes attached"),
    };
    let text = format!(" {} on disk{since} {} {panes}", bytes(keeping.disk_bytes), theme.glyphs().dot);
    let row = Row::new(theme).add(Role::Title, " History");
    let room = width.saturating_sub(row.width());
    row.add(Role::Text, cut(&text, room, theme.glyphs()))
}

/// What responses have still to tell, and what could not be told.
fn outbox<'a>(view: &FleetView, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let (outbox, glyphs) = (&view.outbox, theme.glyphs());
    if outbox.waiting + outbox.dead == 0 {
        return vec![Row::new(theme).add(Role::Title, " Outbox").add(Role::Dim, " empty: everything was told")];
    }
    let head = Row::new(theme).add(Role::Title, " Outbox").add(Role::Text, format!(" {} wait", outbox.waiting)).add_if(
        outbox.dead > 0,
        Role::Warning,
        format!(", {} given up: x tells again", outbox.dead),
    );
    let letter = |letter: &LetterRow| {
        let role = if letter.state == LetterState::Dead { Role::Warning } else { Role::Dim };
        let note = letter.note.as_ref().map_or(String::new(), |note| format!(": {note}"));
        let text = format!("{} after {} attempts{note}", letter.summary, letter.attempts);
        let when = clock(letter.when(), &view.zone, "%d %H:%M");
        let row = Row::new(theme)
            .add(Role::Dim, format!("   {when} "))
            .add(role, format!("{:<8}", letter.state.name()))
            .add(Role::Text, left(&letter.receiver, RECEIVER, glyphs));
        let room = width.saturating_sub(row.width() + 1);
        row.add(Role::Text, format!(" {}", cut(&text, room, glyphs)))
    };
    std::iter::once(head).chain(outbox.letters.iter().map(letter)).collect()
}

fn legend(theme: &Theme, width: usize) -> Vec<Row<'_>> {
    let meanings: &[&str] = match width {
        ..SMALL => &[],
        SMALL..ROOMY => &[AGES, INTERVALS, "Cost: since the month began, in UTC."],
        ROOMY.. => &[AGES, INTERVALS, "Calls to Cost: since the month began, in UTC."],
    };
    let lines = meanings.iter().flat_map(|meaning| wrap(meaning, width.saturating_sub(2).max(20)));
    lines.map(|line| Row::new(theme).add(Role::Dim, format!(" {line}"))).collect()
}

fn age(scope: &ScopeRow) -> String {
    scope.age.map_or("never".to_owned(), format::age)
}

fn lag(scope: &ScopeRow) -> String {
    scope.lag_seconds.map_or("-".to_owned(), |seconds| short(i64::from(seconds)))
}

fn every(scope: &ScopeRow) -> String {
    short(i64::from(scope.interval_seconds))
}

fn in_use(scope: &ScopeRow) -> String {
    match scope.collecting.active {
        0 => scope.profiles.to_string(),
        active => format!("{active}/{}", scope.profiles),
    }
}

fn past(scope: &ScopeRow) -> String {
    scope.collecting.backfill_percent.map_or("all".to_owned(), |percent| format!("{percent} %"))
}

fn read(scope: &ScopeRow) -> String {
    bytes(scope.traffic.bytes)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for display")]
fn bytes(count: u64) -> String {
    match count as f64 {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.0} kB", bytes / 1e3),
    }
}

fn figure(count: u64) -> String {
    format::whole(count)
}

/// Seconds below two minutes, else as ages are written.
fn short(seconds: i64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format::age(SignedDuration::from_secs(seconds)) }
}
