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
    let run = |row: Row<'a>, from: usize, to: usize| {
        let used = filled.clamp(from, to) - from;
        row.add_if(used > 0, Role::Level(level), glyphs.bar.to_string().repeat(used)).add_if(
            to - from > used,
            Role::BarRest,
            glyphs.bar_rest.to_string().repeat(to - from - used),
        )
    };
    if width == 0 {
        return row;
    }
    run(run(row, 0, mark).add(Role::BarMark, glyphs.bar_mark.to_string()), mark + 1, width)
}

/// A share of a whole as a bar without a mark.
pub(super) fn add_plain<'a>(row: Row<'a>, share: f64, width: usize, theme: &Theme) -> Row<'a> {
    let (glyphs, filled) = (theme.glyphs(), cells(share, width));
    row.add(Role::Spark, glyphs.bar.to_string().repeat(filled))
        .add(Role::BarRest, glyphs.bar_rest.to_string().repeat(width - filled))
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
