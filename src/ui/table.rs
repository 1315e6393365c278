//! The table of tenants.
//!
//! ```text
//! ─ Tenants 11 ────────────────────────────────────────────────────────── sorted by level ▾ ─
//!  Lvl▾ Name             $ spent   Budget Of budget   Used  Rate/h  Tok/m Last hour       Age
//! ▌■ R  hooli             $1,512 $1,500/d ██████┃███  101%   $7.56   267k ⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿       <1m
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::order::Column;
use crate::domain::level::Level;
use crate::domain::view::{BudgetRow, FleetView, TenantRow};
use crate::term::capability::GlyphSet;
use crate::ui::paint::{Row, left, overlay, right, rule};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, sparkline};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Sortable(Column),
    Budget,
    Bar,
    Spark,
}

/// The columns in the order of the screen, with their least widths.
const COLUMNS: [(Shown, usize); 15] = [
    (Shown::Sortable(Column::Level), 4),
    (Shown::Sortable(Column::Name), 14),
    (Shown::Sortable(Column::Spent), 9),
    (Shown::Budget, 8),
    (Shown::Bar, 10),
    (Shown::Sortable(Column::Used), 5),
    (Shown::Sortable(Column::Pace), 5),
    (Shown::Sortable(Column::Rate), 7),
    (Shown::Sortable(Column::Tokens), 6),
    (Shown::Sortable(Column::Requests), 6),
    (Shown::Sortable(Column::Errors), 6),
    (Shown::Sortable(Column::Throttles), 6),
    (Shown::Sortable(Column::Latency), 8),
    (Shown::Spark, 10),
    (Shown::Sortable(Column::Age), 5),
];
/// What goes first where there is no room.
const DISPENSABLE: [Shown; 11] = [
    Shown::Sortable(Column::Latency),
    Shown::Sortable(Column::Pace),
    Shown::Sortable(Column::Requests),
    Shown::Sortable(Column::Throttles),
    Shown::Sortable(Column::Age),
    Shown::Sortable(Column::Errors),
    Shown::Sortable(Column::Tokens),
    Shown::Budget,
    Shown::Spark,
    Shown::Bar,
    Shown::Sortable(Column::Rate),
];
/// How wide a name gets before charts get more, and at all.
const NAME_WIDTH: (usize, usize) = (24, 44);
const SPARK_WIDTH: usize = 32;
/// Lines above the first row.
const HEAD: u16 = 2;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let rows = state.rows();
    rule(&title(rows.len(), view), &note(state, theme), theme, area, 0, buf);
    let columns = fit(usize::from(area.width));
    heading(state, &columns, theme).paint(area, 1, buf);
    let page = usize::from(area.height.saturating_sub(HEAD));
    let top = first_row(state, page, rows.len());
    for (line, row) in (HEAD..area.height).zip(rows.iter().skip(top)) {
        let is_selected = state.selected.as_ref() == Some(&row.owner);
        tenant(row, is_selected, &columns, theme).paint(area, line, buf);
        if is_selected {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
}

/// The first row on the screen: as the state has it, but with the selection in sight and the page full.
fn first_row(state: &State, page: usize, rows: usize) -> usize {
    let selected = state.selected_index().unwrap_or(0);
    let top = state.top.clamp((selected + 1).saturating_sub(page), selected);
    top.min(rows.saturating_sub(page))
}

fn title(shown: usize, view: &FleetView) -> String {
    match view.tenants.len() {
        all if all == shown => format!("Tenants {all}"),
        all => format!("Tenants {shown} of {all}"),
    }
}

fn note(state: &State, theme: &Theme) -> String {
    let arrow = theme.glyphs().sorted[usize::from(state.sort.reversed)];
    let sorted = format!("sorted by {:?} {arrow}", state.sort.column).to_lowercase();
    match state.filter.input.value() {
        "" => sorted,
        filter => format!("filter: {} {} {sorted}", crate::domain::text::printable(filter), theme.glyphs().dot),
    }
}

/// The columns that fit, with their widths; room that is left goes to names and charts.
fn fit(width: usize) -> Vec<(Shown, usize)> {
    let mut columns = COLUMNS.to_vec();
    let used = |columns: &[(Shown, usize)]| columns.iter().map(|(_, width)| width + 1).sum::<usize>();
    for dispensable in DISPENSABLE {
        if used(&columns) > width {
            columns.retain(|(column, _)| *column != dispensable);
        }
    }
    let mut room = width.saturating_sub(used(&columns));
    let mut widen = |wanted: Shown, up_to: usize| {
        if let Some((_, width)) = columns.iter_mut().find(|(column, _)| *column == wanted) {
            let more = room.min(up_to.saturating_sub(*width));
            *width += more;
            room -= more;
        }
    };
    widen(Shown::Sortable(Column::Name), NAME_WIDTH.0);
    widen(Shown::Spark, SPARK_WIDTH);
    widen(Shown::Sortable(Column::Name), NAME_WIDTH.1);
    widen(Shown::Spark, usize::MAX);
    columns
}

fn heading<'a>(state: &State, columns: &[(Shown, usize)], theme: &'a Theme) -> Row<'a> {
    columns.iter().fold(Row::new(theme), |row, (column, width)| {
        let row = row.add(Role::Text, " ");
        match column {
            Shown::Sortable(column) => sortable_heading(row, *column, *width, state, theme),
            Shown::Budget => row.add(Role::Heading, right("Budget", *width, theme.glyphs())),
            Shown::Bar => row.add(Role::Heading, left("Of budget", *width, theme.glyphs())),
            Shown::Spark => row.add(Role::Heading, left(&spark_title(state), *width, theme.glyphs())),
        }
    })
}

/// How far the sparklines reach back: `Last hour`, `Last 6h`.
fn spark_title(state: &State) -> String {
    let steps = state.rows().first().map_or(0, |row| row.sparkline.len());
    let step = state.view.as_ref().map_or(0, |view| view.step.seconds());
    match step * i64::try_from(steps).unwrap_or(0) / 60 {
        minutes @ 0..60 => format!("Last {minutes}m"),
        60..120 => "Last hour".to_owned(),
        minutes => format!("Last {}h", minutes / 60),
    }
}

fn sortable_heading<'a>(row: Row<'a>, column: Column, width: usize, state: &State, theme: &Theme) -> Row<'a> {
    let arrow = theme.glyphs().sorted[usize::from(state.sort.reversed)];
    let is_sorted = state.sort.column == column;
    let title = column.title();
    let padding = width.saturating_sub(title.chars().count() + usize::from(is_sorted));
    let (before, after) = title.split_once(column.letter()).unwrap_or((title, ""));
    let at_left = matches!(column, Column::Level | Column::Name);
    row.add_if(!at_left, Role::Text, " ".repeat(padding))
        .add(Role::Heading, before)
        .add(Role::HeadingKey, column.letter().to_string())
        .add(Role::Heading, after)
        .add_if(is_sorted, Role::Accent, arrow.to_string())
        .add_if(at_left, Role::Text, " ".repeat(padding))
}

fn tenant<'a>(row: &TenantRow, is_selected: bool, columns: &[(Shown, usize)], theme: &'a Theme) -> Row<'a> {
    let marker = if is_selected { theme.glyphs().selected } else { ' ' };
    let mut line = Row::new(theme).add(Role::Accent, marker.to_string());
    for (place, (column, width)) in columns.iter().enumerate() {
        line = line.add_if(place > 0, Role::Text, " ");
        line = cell(line, row, *column, *width, theme);
    }
    line
}

fn cell<'a>(line: Row<'a>, row: &TenantRow, column: Shown, width: usize, theme: &Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let budget = row.worst_budget();
    let number = |line: Row<'a>, text: &str| line.add(Role::Text, right(text, width, glyphs));
    let rate = |line: Row<'a>, role: Role, value: f64| {
        let role = if value < 0.05 { Role::Dim } else { role };
        line.add(role, right(&format::count(value), width, glyphs))
    };
    match column {
        Shown::Sortable(Column::Level) => line.add(Role::Level(row.level), left(&level(row, theme), width, glyphs)),
        Shown::Sortable(Column::Name) => line.add(name_role(row), left(row.owner.name(), width, glyphs)),
        Shown::Sortable(Column::Spent) => {
            line.add(spent_role(row), right(&format::cost(&row.usage, is_ascii(theme)), width, glyphs))
        }
        Shown::Budget => number(line, &budget.map(budget_text).unwrap_or_default()),
        Shown::Bar if budget.is_none() && row.usage.unpriced_tokens > 0 => {
            let tokens = format!("{} tok", format::whole(row.usage.unpriced_tokens));
            line.add(Role::Warning, left(&tokens, width, glyphs))
        }
        Shown::Bar => bar::add_budget(line, budget, width, theme),
        Shown::Sortable(Column::Used) => match budget {
            Some(budget) => line.add(Role::Level(budget.level), right(&format::percent(budget.used), width, glyphs)),
            None => number(line, ""),
        },
        Shown::Sortable(Column::Pace) => number(line, &pace(row)),
        Shown::Sortable(Column::Rate) => number(line, &format::dollars(row.rates.usd_per_hour)),
        Shown::Sortable(Column::Tokens) => rate(line, Role::Text, row.rates.tokens_per_minute),
        Shown::Sortable(Column::Requests) => rate(line, Role::Text, row.rates.requests_per_minute),
        Shown::Sortable(Column::Errors) => rate(line, Role::Warning, row.rates.errors_per_minute),
        Shown::Sortable(Column::Throttles) => rate(line, Role::Warning, row.rates.throttles_per_minute),
        Shown::Sortable(Column::Latency) => {
            number(line, &row.rates.latency_ms.map(format::milliseconds).unwrap_or_default())
        }
        Shown::Spark => line.add(Role::Spark, sparkline::lines(&row.sparkline, width, 1, glyphs).concat()),
        Shown::Sortable(Column::Age) => {
            line.add(age_role(row), right(&row.data_age.map(format::age).unwrap_or_default(), width, glyphs))
        }
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
    let pace = row.worst_budget().and_then(super::super::domain::view::BudgetRow::pace);
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
        for width in 60..260 {
            let columns = fit(width);
            let used: usize = columns.iter().map(|(_, width)| width + 1).sum();
            assert!(used <= width, "{width}: {columns:?}");
            assert!(columns.iter().any(|(column, _)| *column == Shown::Sortable(Column::Spent)));
        }
    }
}
