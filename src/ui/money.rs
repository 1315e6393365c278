//! The chargeback of the period: by tenant, by model or by scope; the lines add up to the total.
//!
//! ```text
//! ─ Money 2026-11 by tenant ─────────────────────────────────────────────── sorted by spent ▾ ─
//!  naMe                 $ spent▾ Share  reVenue   margIn  Tokens $ Per M
//!  northwind              $14.5k   38%                     19.0G   $0.76
//!  total                  $37.7k  100%                     37.0G
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::column::Column;
use crate::app::list::Entry;
use crate::app::money::Bill;
use crate::domain::view::FleetView;
use crate::ui::grid::{self, Shown, figure, first_row, text};
use crate::ui::paint::{Row, left, overlay, right, rule};
use crate::ui::table::{HEAD, is_ascii};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format};

const COLUMNS: [Shown; 7] = [
    text(Column::Name, 16, 44, 0),
    figure(Column::Spent, 11, 0),
    text(Column::Share, 16, 16, 3),
    figure(Column::Revenue, 10, 1),
    figure(Column::Margin, 10, 1),
    figure(Column::Tokens, 8, 2),
    figure(Column::PerMillion, 9, 4),
];
const WIDENING: [(Column, usize); 1] = [(Column::Name, 44)];
const BAR: usize = 10;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let title = format!("Money {} by {}", view.period, state.grouping.name());
    rule(&title, &grid::note(state, theme), theme, area, 0, buf);
    let columns = grid::fit(&COLUMNS, &WIDENING, usize::from(area.width).saturating_sub(1));
    let title = |column: Column| match column {
        Column::Tokens => "Tokens".to_owned(),
        column => column.title().to_owned(),
    };
    grid::heading(state, &columns, &title, theme).paint(area, 1, buf);
    let last = area.height.saturating_sub(2);
    let top = first_row(state, usize::from(last.saturating_sub(HEAD)));
    let entries = state.list().entries().iter().enumerate().skip(top);
    for (line, (place, entry)) in (HEAD..last).zip(entries) {
        let Entry::Bill(number) = entry else { continue };
        let Some(bill) = state.bills.get(*number) else { continue };
        let is_selected = state.list().index() == Some(place);
        bill_line(bill, is_selected, &columns, theme).paint(area, line, buf);
        if is_selected {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
    total(state, view, &columns, theme).paint(area, last, buf);
    provenance(view, theme).paint(area, last + 1, buf);
}

fn bill_line<'a>(bill: &Bill, is_selected: bool, columns: &[Shown], theme: &'a Theme) -> Row<'a> {
    let marker = if is_selected { theme.glyphs().selected } else { ' ' };
    let line = Row::new(theme).add(Role::Accent, marker.to_string());
    cells(line, bill, columns, Role::Text, theme)
}

fn cells<'a>(line: Row<'a>, bill: &Bill, columns: &[Shown], role: Role, theme: &'a Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    columns.iter().enumerate().fold(line, |line, (place, shown)| {
        let line = line.add_if(place > 0, Role::Text, " ");
        let amount = |amount: Option<f64>| amount.map(format::dollars).unwrap_or_default();
        let value = match shown.column {
            Column::Name => return line.add(role, left(&bill.name, shown.width, glyphs)),
            Column::Share => return share(line, bill, shown.width, theme),
            Column::Spent => format::cost(&bill.usage, is_ascii(theme)),
            Column::Revenue => amount(bill.revenue),
            Column::Margin => amount(bill.margin),
            Column::Tokens => format::whole(bill.usage.counts.tokens()),
            _ => amount(bill.per_million()),
        };
        let role = if shown.column == Column::Margin && bill.margin.is_some_and(|margin| margin < 0.0) {
            Role::Warning
        } else {
            role
        };
        line.add(role, right(&value, shown.width, glyphs))
    })
}

fn share<'a>(line: Row<'a>, bill: &Bill, width: usize, theme: &'a Theme) -> Row<'a> {
    let line = line.add(Role::Text, right(&format::percent(bill.share), width.saturating_sub(BAR + 1), theme.glyphs()));
    bar::add_plain(line.add(Role::Text, " "), bill.share, BAR, theme)
}

fn total<'a>(state: &State, view: &FleetView, columns: &[Shown], theme: &'a Theme) -> Row<'a> {
    let sum = |value: fn(&Bill) -> Option<f64>| state.bills.iter().filter_map(value).reduce(|sum, amount| sum + amount);
    let whole = Bill {
        name: "total".to_owned(),
        usage: view.totals.usage,
        share: state.bills.iter().map(|bill| bill.share).sum(),
        revenue: sum(|bill| bill.revenue),
        margin: sum(|bill| bill.margin),
    };
    cells(Row::new(theme).add(Role::Text, " "), &whole, columns, Role::Title, theme)
}

fn provenance<'a>(view: &FleetView, theme: &'a Theme) -> Row<'a> {
    let usage = &view.totals.usage;
    let cost = usage.cost;
    let range = if cost.is_exact() { String::new() } else { format!(", from {} to {}", cost.low, cost.high) };
    let unpriced = match usage.unpriced_tokens {
        0 => String::new(),
        tokens => format!(", {} tokens without a price", format::whole(tokens)),
    };
    Row::new(theme).add(Role::Dim, format!(" prices: {}{range}{unpriced}", usage.provenance.name()))
}
