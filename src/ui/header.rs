//! The two lines at the top.
//!
//! ```text
//!  bedtop  DEMO x60  ■ 1 R  ◆ 2 O  ▲ 1 Y  ○ 1 -  ● 6 G  Thu 13:42 UTC  data 1m  prod/us-east-1 +1  own $0.12 of $10.00
//!  2026-11  $37.7k of $66.6k ██████┃░░░ 57% used, even 62%  $217/h  4.1M tok/m  41.2M tokens unpriced
//! ```

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::health::Health;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, Mode, PeriodForecast};
use crate::ui::paint::{Row, cut};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, outlook};

const BAR_WIDTH: usize = 10;
/// Below this width counts are written closely.
const ROOMY: u16 = 100;
/// The longest name of a scope in the header.
const SCOPE_WIDTH: usize = 24;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    first_line(state, area.width, theme).paint(area, 0, buf);
    if let Some(view) = &state.view {
        second_line(view, area.width, theme).paint(area, 1, buf);
    }
}

fn first_line<'a>(state: &State, width: u16, theme: &'a Theme) -> Row<'a> {
    let row = mode(state, Row::new(theme).add(Role::Title, " bedtop  "));
    let Some(view) = &state.view else { return row };
    let row = counts(state, row, width < ROOMY, theme);
    let row = note(state, data_age(state, view, row, width), width);
    let row = scopes(view, row, width, theme);
    match view.mode {
        Mode::Live => {
            let own = format!("own {} of {}/month  ", view.own_cost.spent, view.own_cost.ceiling);
            row.add_within(width, Role::Dim, own).add_within(width, Role::Dim, "read-only")
        }
        Mode::Replay | Mode::Demo => row.add_within(width, Role::Dim, "nothing leaves this machine"),
    }
}

fn mode<'a>(state: &State, row: Row<'a>) -> Row<'a> {
    row.add(mode_role(state), format!("{}  ", mode_text(state)))
}

/// `TIME Thu 02:47` while a moment of the past is shown, `PAUSED 42 s` while the screen is, else what runs.
pub(super) fn mode_text(state: &State) -> String {
    let past = state.view.as_ref().filter(|view| view.is_past);
    match (past, state.paused_for(), state.moment) {
        (Some(view), ..) => format!("TIME {}", clock(view.at, &view.zone, "%a %-d %b %H:%M")),
        (None, Some(paused), _) => format!("PAUSED {} s", paused.as_secs()),
        (None, None, Some(_)) => "TIME ...".to_owned(),
        (None, None, None) => state.mode_label.clone(),
    }
}

/// What is not the present stands out.
pub(super) fn mode_role(state: &State) -> Role {
    let is_past = state.view.as_ref().is_some_and(|view| view.is_past);
    if is_past || state.moment.is_some() || state.paused_for().is_some() { Role::Warning } else { Role::Accent }
}

/// How many rows stand at each level, the loudest first.
fn counts<'a>(state: &State, row: Row<'a>, is_narrow: bool, theme: &Theme) -> Row<'a> {
    let gap = if is_narrow { "" } else { " " };
    Level::ALL
        .iter()
        .rev()
        .fold(row, |row, &level| {
            let count = state.count_at(level);
            let role = if count > 0 { Role::Level(level) } else { Role::Dim };
            row.add(role, format!("{}{gap}{count}{gap}{} {gap}", theme.glyphs().level(level), level.letter()))
        })
        .add_if(is_narrow, Role::Text, " ")
}

fn data_age<'a>(state: &State, view: &FleetView, row: Row<'a>, width: u16) -> Row<'a> {
    let row = row.add_within(width, Role::Text, format!("{}  ", clock(view.at, &view.zone, "%a %H:%M %Z")));
    let Some(age) = view.data_age else { return row.add(Role::Warning, "no data yet  ") };
    let age = format!("data {}", format::age(age + signed(state.since_view())));
    match view.health {
        Health::Ok => row.add_within(width, Role::Dim, age + "  "),
        health => row.add_within(width, Role::Warning, format!("{age} {}  ", health.name().to_uppercase())),
    }
}

/// What is to be said of the seat itself: attached, took over.
fn note<'a>(state: &State, row: Row<'a>, width: u16) -> Row<'a> {
    match &state.note {
        Some(note) => row.add_within(width, Role::Dim, format!("{note}  ")),
        None => row,
    }
}

fn scopes<'a>(view: &FleetView, row: Row<'a>, width: u16, theme: &Theme) -> Row<'a> {
    let Some(first) = view.scopes.first() else { return row };
    let name = cut(first.scope.as_str(), SCOPE_WIDTH, theme.glyphs());
    let more = if view.scopes.len() > 1 { format!(" +{}", view.scopes.len() - 1) } else { String::new() };
    collecting(view, row.add_within(width, Role::Dim, format!("{name}{more}  ")), width)
}

/// How far the past has come, and whether the collector has more to say.
fn collecting<'a>(view: &FleetView, row: Row<'a>, width: u16) -> Row<'a> {
    let percent = view.scopes.iter().filter_map(|scope| scope.collecting.backfill_percent).min();
    let is_filling = view.scopes.iter().any(|scope| scope.collecting.is_filling);
    let row = match percent {
        Some(percent) if is_filling => {
            row.add_within(width, Role::Warning, format!("fetching the past {percent} %, levels follow  "))
        }
        Some(percent) => row.add_within(width, Role::Dim, format!("past {percent} %  ")),
        None => row,
    };
    let notices: usize = view.scopes.iter().map(|scope| scope.collecting.notices.len()).sum();
    match notices {
        0 => row,
        1 => row.add_within(width, Role::Warning, "1 notice: 6  "),
        notices => row.add_within(width, Role::Warning, format!("{notices} notices: 6  ")),
    }
}

fn second_line<'a>(view: &FleetView, width: u16, theme: &'a Theme) -> Row<'a> {
    let totals = &view.totals;
    let row = Row::new(theme).add(Role::Text, format!(" {}  ", view.period));
    let row = match totals.period_budget {
        Some(budget) => {
            let used = totals.period_budget_spent.share_of(budget).unwrap_or(0.0);
            let level = if used >= 1.0 { Level::Red } else { Level::Green };
            let spent = format!("{} of {} ", format::money(totals.period_budget_spent), format::money(budget));
            let row = bar::add(row.add(Role::Title, spent), used, totals.period_elapsed, level, BAR_WIDTH, theme);
            let shares = format!(" {} used, even {}  ", format::percent(used), format::percent(totals.period_elapsed));
            row.add(Role::Text, shares)
        }
        None => row.add(Role::Title, format!("{} spent  ", format::money(totals.period_spent.likely))),
    };
    let row = match &view.forecast {
        Some(forecast) => row.add_within(width, Role::Text, ahead(forecast, view)),
        None => row,
    };
    let rates = &totals.rates;
    let unpriced = totals.usage.unpriced_tokens;
    let row = row.add_within(width, Role::Text, format!("{}/h  ", format::dollars(rates.usd_per_hour))).add_within(
        width,
        Role::Text,
        format!("{} tok/m  ", format::count(rates.tokens_per_minute)),
    );
    let row = match unpriced {
        0 => row,
        tokens => row.add_within(width, Role::Warning, format!("{} tokens unpriced  ", format::whole(tokens))),
    };
    match totals.period_budget {
        Some(_) => row.add_within(width, Role::Dim, format!("all {}", format::money(totals.period_spent.likely))),
        None => row,
    }
}

/// `ends $640k (80 %: $610k-$690k), gone 27 Nov`: what the fleet's period will come to, whatever has no budget included.
fn ahead(forecast: &PeriodForecast, view: &FleetView) -> String {
    let (low, high) = forecast.interval80;
    let range = format!("80 %: {}-{}", format::dollars(low), format::dollars(high));
    let gone = forecast.gone.and_then(|gone| gone.median);
    let gone = gone.map_or(String::new(), |gone| format!(", gone {}", outlook::moment(gone, view)));
    format!("ends {} ({range}){gone}  ", format::dollars(forecast.total))
}

/// An instant in a zone.
pub(super) fn clock(at: Timestamp, zone: &str, pattern: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned_datetime(zone).strftime(pattern).to_string()
}

fn signed(length: std::time::Duration) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(length.as_secs()).unwrap_or(i64::MAX))
}
