//! A budget as a bar: `██████┃░░░`, used up to the filled end, expected up to the mark.

use crate::domain::level::Level;
use crate::domain::view::BudgetRow;
use crate::ui::paint::Row;
use crate::ui::theme::{Role, Theme};

/// Adds a bar of a width to a line.
pub(super) fn add<'a>(row: Row<'a>, used: f64, expected: f64, level: Level, width: usize, theme: &Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let filled = cells(used, width);
    let mark = cells(expected, width).min(width.saturating_sub(1));
    (0..width).fold(row, |row, cell| match cell {
        cell if cell == mark => row.add(Role::BarMark, glyphs.bar_mark.to_string()),
        cell if cell < filled => row.add(Role::Level(level), glyphs.bar.to_string()),
        _ => row.add(Role::BarRest, glyphs.bar_rest.to_string()),
    })
}

/// [`add`] for a budget, or blanks where there is none.
pub(super) fn add_budget<'a>(row: Row<'a>, budget: Option<&BudgetRow>, width: usize, theme: &Theme) -> Row<'a> {
    match budget {
        Some(budget) => add(row, budget.used, budget.expected, budget.level, width, theme),
        None => row.add(Role::Text, " ".repeat(width)),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "few cells")]
fn cells(share: f64, width: usize) -> usize {
    (share.clamp(0.0, 1.0) * width as f64).round() as usize
}
