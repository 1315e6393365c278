//! The table of tenants.
//!
//! ```text
//! ─ Tenants 11 ────────────────────────────────────────────────────────── sorted by level ▾ ─
//!  Lvl▾ naMe             $ spent   Budget Of budget   Used  Rate/h  Tok/m Last hour       Age
//! ▌■ R  hooli             $1,512 $1,500/d ██████┃███  101%   $7.56   267k ⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿       <1m
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::column::Column;
use crate::domain::level::Level;
use crate::domain::view::{BudgetRow, FleetView, TenantRow};
use crate::term::capability::GlyphSet;
use crate::ui::grid::{self, Shown, figure, first_row, text};
use crate::ui::paint::{Row, left, overlay, right, rule};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, outlook, sparkline};

/// The columns in the order of the screen, with their least widths and in which turn they go.
const COLUMNS: [Shown; 18] = [
    text(Column::Level, 4, 4, 0),
    text(Column::Name, 14, 44, 0),
    figure(Column::Spent, 9, 0),
    figure(Column::Budget, 8, 6),
    text(Column::Bar, 10, 10, 4),
    figure(Column::Used, 5, 0),
    figure(Column::Forecast, 8, 2),
    figure(Column::Gone, 9, 3),
    figure(Column::Burn, 10, 7),
    figure(Column::Pace, 5, 13),
    figure(Column::Rate, 7, 1),
    figure(Column::Tokens, 6, 8),
    figure(Column::Requests, 6, 12),
    figure(Column::Errors, 6, 9),
    figure(Column::Throttles, 6, 11),
    figure(Column::Latency, 8, 14),
    text(Column::Spark, 10, usize::MAX, 5),
    figure(Column::Age, 5, 10),
];
/// Room that is left over goes to names first, then to charts.
const WIDENING: [(Column, usize); 4] =
    [(Column::Name, 24), (Column::Spark, 32), (Column::Name, 44), (Column::Spark, usize::MAX)];
/// Lines above the first row.
pub(super) const HEAD: u16 = 2;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let title = grid::title("Tenants", state.row_count(), view.tenants.len());
    rule(&title, &grid::note(state, theme), theme, area, 0, buf);
    let columns = columns(state, usize::from(area.width));
    let spark = spark_title(state);
    let title = |column: Column| if column == Column::Spark { spark.clone() } else { column.title().to_owned() };
    grid::heading(state, &columns, &title, theme).paint(area, 1, buf);
    let page = usize::from(area.height.saturating_sub(HEAD));
    let top = first_row(state, page);
    for ((line, row), place) in (HEAD..area.height).zip(state.tenants_from(top)).zip(top..) {
        let is_selected = state.list().index() == Some(place);
        tenant(row, view, is_selected, &columns, theme).paint(area, line, buf);
        if is_selected {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
}

/// Those of the wanted columns that fit.
fn columns(state: &State, width: usize) -> Vec<Shown> {
    // Before anything is forecast its columns would only take room.
    let view = state.view.as_deref();
    let is_forecast = view.is_some_and(|view| view.tenants.iter().any(|row| row.forecast.is_some()));
    let has_burn = view.is_some_and(|view| view.tenants.iter().any(|row| row.burn.hour.is_some()));
    let is_known = |column: Column| match column {
        Column::Forecast | Column::Gone => is_forecast,
        Column::Burn => has_burn,
        _ => true,
    };
    let is_wanted = |shown: &&Shown| state.columns.contains(&shown.column) && is_known(shown.column);
    let wanted: Vec<Shown> = COLUMNS.iter().filter(is_wanted).copied().collect();
    grid::fit(&wanted, &WIDENING, width)
}

/// How far the sparklines reach back: `Last hour`, `Last 6h`.
fn spark_title(state: &State) -> String {
    let steps = state.tenants_from(0).next().map_or(0, |row| row.sparkline.len());
    let step = state.view.as_ref().map_or(0, |view| view.step.seconds());
    match step * i64::try_from(steps).unwrap_or(0) / 60 {
        minutes @ 0..60 => format!("Last {minutes}m"),
        60..120 => "Last hour".to_owned(),
        minutes => format!("Last {}h", minutes / 60),
    }
}

fn tenant<'a>(row: &TenantRow, view: &FleetView, is_selected: bool, columns: &[Shown], theme: &'a Theme) -> Row<'a> {
    let marker = if is_selected { theme.glyphs().selected } else { ' ' };
    let mut line = Row::new(theme).add(Role::Accent, marker.to_string());
    for (place, shown) in columns.iter().enumerate() {
        line = line.add_if(place > 0, Role::Text, " ");
        line = match shown.column {
            Column::Forecast | Column::Gone | Column::Burn => {
                let (role, text) = outlook_cell(row, view, shown.column);
                line.add(role, right(&text, shown.width, theme.glyphs()))
            }
            column => cell(line, row, column, shown.width, theme),
        };
    }
    line
}

fn cell<'a>(line: Row<'a>, row: &TenantRow, column: Column, width: usize, theme: &Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let budget = row.worst_budget();
    let number = |line: Row<'a>, text: &str| line.add(Role::Text, right(text, width, glyphs));
    let rate = |line: Row<'a>, role: Role, value: f64| {
        let role = if value < 0.05 { Role::Dim } else { role };
        line.add(role, right(&format::count(value), width, glyphs))
    };
    match column {
        Column::Level => line.add(Role::Level(row.level), left(&level(row, theme), width, glyphs)),
        Column::Name => line.add(name_role(row), left(row.owner.name(), width, glyphs)),
        Column::Spent => line.add(spent_role(row), right(&format::cost(&row.usage, is_ascii(theme)), width, glyphs)),
        Column::Budget => number(line, &budget.map(budget_text).unwrap_or_default()),
        Column::Bar if budget.is_none() && row.usage.unpriced_tokens > 0 => {
            let tokens = format!("{} tok", format::whole(row.usage.unpriced_tokens));
            line.add(Role::Warning, left(&tokens, width, glyphs))
        }
        Column::Bar => bar::add_budget(line, budget, width, theme),
        Column::Used => match budget {
            Some(budget) => line.add(Role::Level(budget.level), right(&format::percent(budget.used), width, glyphs)),
            None => number(line, ""),
        },
        Column::Pace => number(line, &pace(row)),
        // What has no price has no speed in dollars, which is not a speed of none.
        Column::Rate if row.usage.is_wholly_unpriced() => number(line, ""),
        Column::Rate => number(line, &format::dollars(row.rates.usd_per_hour)),
        Column::Tokens => rate(line, Role::Text, row.rates.tokens_per_minute),
        Column::Requests => rate(line, Role::Text, row.rates.requests_per_minute),
        Column::Errors => rate(line, Role::Warning, row.rates.errors_per_minute),
        Column::Throttles => rate(line, Role::Warning, row.rates.throttles_per_minute),
        Column::Latency => number(line, &row.rates.latency_ms.map(format::milliseconds).unwrap_or_default()),
        Column::Spark => sparkline::add(line, row, width, theme),
        Column::Age => {
            line.add(age_role(row), right(&row.data_age.map(format::age).unwrap_or_default(), width, glyphs))
        }
        _ => line,
    }
}

/// What is ahead of a tenant; loud where its budget will not last.
fn outlook_cell(row: &TenantRow, view: &FleetView, column: Column) -> (Role, String) {
    let (forecast, budget) = (row.forecast.as_ref(), row.worst_budget());
    let forecast = forecast.filter(|_| !row.usage.is_wholly_unpriced());
    let overruns = forecast.and_then(|forecast| forecast.overrun).is_some_and(|overrun| overrun >= 0.5);
    let role = if overruns { Role::Warning } else { Role::Text };
    match column {
        Column::Forecast => (role, forecast.map(|forecast| outlook::total(forecast, budget)).unwrap_or_default()),
        Column::Gone => (role, outlook::gone(forecast, budget, view)),
        _ if row.burn.hour.is_some_and(|burn| burn >= 1.5) => (Role::Warning, outlook::burn(&row.burn)),
        _ => (Role::Dim, outlook::burn(&row.burn)),
    }
}

/// `■ R`; `○ -o` is blind and held at orange.
pub(super) fn level(row: &TenantRow, theme: &Theme) -> String {
    let held = row.frozen_level.map(|level| level.letter().to_lowercase().to_string()).unwrap_or_default();
    format!("{} {}{held}", theme.glyphs().level(row.level), row.level.letter())
}

/// `$10.0k`; `$109/d` and `$700/w` for budgets of a day and a week.
fn budget_text(budget: &BudgetRow) -> String {
    let per = match budget.span.length().as_hours() {
        0..=30 => "/d",
        31..=200 => "/w",
        _ => "",
    };
    format!("{}{per}", format::amount(&budget.amount))
}

fn pace(row: &TenantRow) -> String {
    let pace = row.worst_budget().and_then(BudgetRow::pace);
    pace.map(|pace| format!("{:.1}x", pace.min(99.9))).unwrap_or_default()
}

fn name_role(row: &TenantRow) -> Role {
    if row.level >= Level::Orange { Role::Title } else { Role::Text }
}

fn spent_role(row: &TenantRow) -> Role {
    if row.usage.unpriced_tokens > 0 { Role::Warning } else { Role::Text }
}

fn age_role(row: &TenantRow) -> Role {
    if row.health.is_blind() { Role::Warning } else { Role::Dim }
}

/// Whether only ASCII may be drawn.
pub(super) fn is_ascii(theme: &Theme) -> bool {
    theme.glyphs().set == GlyphSet::Ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_take_more_room_than_there_is() {
        let state = State::new("LIVE", (80, 24));
        for width in 60..260 {
            let columns = columns(&state, width);
            let used: usize = columns.iter().map(|shown| shown.width + 1).sum();
            assert!(used <= width, "{width}: {columns:?}");
            assert!(columns.iter().any(|shown| shown.column == Column::Spent));
        }
    }

    #[test]
    fn columns_that_are_not_wanted_are_not_shown() {
        let mut state = State::new("LIVE", (80, 24));
        state.columns = vec![Column::Name, Column::Age];
        let shown: Vec<Column> = columns(&state, 200).iter().map(|shown| shown.column).collect();
        assert_eq!(shown, [Column::Name, Column::Age]);
    }
}
