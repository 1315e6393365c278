//! Every profile of every tenant; what someone should mend comes first, the dearest before all.
//!
//! ```text
//! ─ Profiles 22 ────────────────────────────────────────────────────────── sorted by to-mend ▾ ─
//!  to mEnd▾             naMe             tenAnt         moDel                  $ spent  Tokens  Rate/h
//!  no tenant, no price  preview-lab-chat preview-lab    claude-sonnet-4-5        $0.00   20.6M   $0.00
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::column::Column;
use crate::domain::profile::ProfileKind;
use crate::domain::tenancy::TagFault;
use crate::domain::view::{ProfileRow, TenantRow};
use crate::ui::format;
use crate::ui::grid::{self, Shown, figure, first_row, text};
use crate::ui::paint::{Row, left, overlay, right, rule};
use crate::ui::table::{HEAD, is_ascii};
use crate::ui::theme::{Role, Theme};

const COLUMNS: [Shown; 7] = [
    text(Column::ToMend, 16, 30, 1),
    text(Column::Name, 16, 40, 0),
    text(Column::Tenant, 14, 26, 2),
    text(Column::Model, 20, 44, 4),
    figure(Column::Spent, 9, 0),
    figure(Column::Tokens, 7, 3),
    figure(Column::Rate, 8, 5),
];
const WIDENING: [(Column, usize); 5] =
    [(Column::Name, 24), (Column::Model, 30), (Column::ToMend, 30), (Column::Tenant, 26), (Column::Name, 40)];

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let all = view.tenants.iter().map(|row| row.profiles.len()).sum();
    rule(&grid::title("Profiles", state.row_count(), all), &grid::note(state, theme), theme, area, 0, buf);
    let columns = grid::fit(&COLUMNS, &WIDENING, usize::from(area.width).saturating_sub(1));
    let title = |column: Column| match column {
        Column::Tokens => "Tokens".to_owned(),
        column => column.title().to_owned(),
    };
    grid::heading(state, &columns, &title, theme).paint(area, 1, buf);
    let top = first_row(state, usize::from(area.height.saturating_sub(HEAD)));
    let entries = state.list().entries().iter().enumerate().skip(top);
    let rows = entries.filter_map(|(place, entry)| Some((place, entry.profile(view)?)));
    for (line, (place, (row, profile))) in (HEAD..area.height).zip(rows) {
        let is_selected = state.list().index() == Some(place);
        profile_line(row, profile, is_selected, &columns, theme).paint(area, line, buf);
        if is_selected {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
}

fn profile_line<'a>(
    row: &TenantRow,
    profile: &ProfileRow,
    is_selected: bool,
    columns: &[Shown],
    theme: &'a Theme,
) -> Row<'a> {
    let glyphs = theme.glyphs();
    let marker = if is_selected { glyphs.selected } else { ' ' };
    let mut line = Row::new(theme).add(Role::Accent, marker.to_string());
    for (place, shown) in columns.iter().enumerate() {
        let (role, value) = cell(row, profile, shown.column, theme);
        let align = if shown.at_left { left } else { right };
        line = line.add_if(place > 0, Role::Text, " ").add(role, align(&value, shown.width, glyphs));
    }
    line
}

fn cell(row: &TenantRow, profile: &ProfileRow, column: Column, theme: &Theme) -> (Role, String) {
    let model = profile.model.as_ref().map_or("unknown", |model| model.as_str());
    match column {
        Column::ToMend => (Role::Warning, to_mend(profile)),
        Column::Name if profile.deleted => (Role::Dim, format!("{} (deleted)", profile.name)),
        Column::Name => (Role::Text, profile.name.clone()),
        Column::Tenant => (Role::Text, row.owner.name().to_owned()),
        Column::Model => (Role::Dim, format!("{model} {}", profile.reach.name())),
        Column::Spent => (Role::Text, format::cost(&profile.usage, is_ascii(theme))),
        Column::Tokens => (Role::Text, format::whole(profile.usage.counts.tokens())),
        _ => (Role::Text, format::dollars(profile.rates.usd_per_hour)),
    }
}

/// What someone should mend, in a few words.
pub(super) fn to_mend(profile: &ProfileRow) -> String {
    let fault = |fault: &TagFault| match fault {
        TagFault::Untagged => "no tenant".to_owned(),
        TagFault::Mistyped { key, .. } => format!("tag {key}"),
        TagFault::TwoTenants(_) => "two tenants".to_owned(),
        TagFault::UnknownTenant { .. } => "unknown tenant".to_owned(),
    };
    let mut faults: Vec<String> = profile.tag_faults.iter().map(fault).collect();
    if profile.kind != ProfileKind::Application && profile.usage.counts.tokens() > 0 {
        faults.push(profile.kind.name().to_owned());
    }
    if profile.usage.unpriced_tokens > 0 {
        faults.push("no price".to_owned());
    }
    faults.join(", ")
}
