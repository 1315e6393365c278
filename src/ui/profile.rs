//! One profile: what it is, what it used and costs, its meters over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::ids::{Owner, ProfileKey};
use crate::domain::meter::Meter;
use crate::domain::profile::ServiceTier;
use crate::domain::view::{ProfileRow, TenantRow};
use crate::ui::paint::{Row, cut, left, right, rule};
use crate::ui::theme::{Role, Theme};
use crate::ui::{format, help, profile_table, table, tenant};

const LABEL: usize = 16;

pub(super) fn draw(
    (owner, key, tier): (&Owner, &ProfileKey, ServiceTier),
    state: &State,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let row = state.view.as_ref().and_then(|view| view.tenant(owner));
    let found = row.and_then(|row| {
        let profile = row.profiles.iter().find(|profile| &profile.key == key && profile.tier == tier);
        profile.map(|profile| (row, profile))
    });
    let Some((row, profile)) = found else {
        let gone = format!("  {} is not seen any more; Esc goes back", cut(key.id.as_str(), 40, theme.glyphs()));
        return Row::new(theme).add(Role::Text, gone).paint(area, 1, buf);
    };
    let title = format!("{} {} {}", owner.name(), theme.glyphs().dot, profile.name);
    rule(&title, key.id.as_str(), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    help::paint(lines(row, profile, state, theme, usize::from(area.width)), state.scroll, body, buf);
}

fn lines<'a>(row: &TenantRow, profile: &ProfileRow, state: &State, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let mut lines = facts(row, profile, theme, width);
    lines.push(Row::new(theme));
    lines.extend(meters(profile, theme));
    lines.push(Row::new(theme));
    match state.watched_detail().filter(|detail| detail.profile.as_ref() == Some(&(profile.key.clone(), profile.tier)))
    {
        Some(detail) => lines.extend(tenant::meter_charts(detail, state, theme, width, 2)),
        None => lines.push(Row::new(theme).add(Role::Dim, " reading its history ...")),
    }
    lines
}

fn facts<'a>(row: &TenantRow, profile: &ProfileRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let glyphs = theme.glyphs();
    let share = profile.usage.cost.likely.share_of(row.usage.cost.likely).map(format::percent).unwrap_or_default();
    let tags = profile.tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("  ");
    let model = profile.model.as_ref().map_or("unknown", |model| model.as_str());
    let facts = [
        ("model", format!("{model}, {}, {}", profile.reach.name(), profile.tier.name())),
        ("scope and id", format!("{} {}", profile.key.scope, profile.key.id)),
        ("spent", format!("{}, {share} of the tenant's", format::cost(&profile.usage, table::is_ascii(theme)))),
        (
            "speed",
            format!(
                "{}/h, {} tokens a minute",
                format::dollars(profile.rates.usd_per_hour),
                format::count(profile.rates.tokens_per_minute)
            ),
        ),
        ("price", profile.usage.provenance.name().to_owned()),
        ("tags", if tags.is_empty() { "none".to_owned() } else { tags }),
    ];
    let fact = |(label, text): (&str, String)| {
        let room = width.saturating_sub(LABEL + 2);
        Row::new(theme).add(Role::Dim, format!(" {label:<LABEL$}")).add(Role::Text, cut(&text, room, glyphs))
    };
    let mut lines: Vec<Row<'a>> = facts.into_iter().map(fact).collect();
    let faults = profile_table::to_mend(profile);
    if !faults.is_empty() {
        lines.push(Row::new(theme).add(Role::Dim, format!(" {:<LABEL$}", "to mend")).add(Role::Warning, faults));
    }
    lines
}

/// What was counted in the period.
fn meters<'a>(profile: &ProfileRow, theme: &'a Theme) -> Vec<Row<'a>> {
    let counts = &profile.usage.counts;
    let summed = Meter::ALL.into_iter().filter(|meter| {
        counts.has(*meter)
            && *meter != Meter::LatencyMs
            && meter.aggregation() == crate::domain::meter::Aggregation::Sum
    });
    let line = |meter: Meter| {
        let name = meter.name().replace('_', " ");
        Row::new(theme)
            .add(Role::Dim, format!(" {}", left(&name, LABEL + 4, theme.glyphs())))
            .add(Role::Text, right(&format::whole(counts.sum_of(meter)), 8, theme.glyphs()))
    };
    let mut lines = vec![Row::new(theme).add(Role::Title, " This period")];
    lines.extend(summed.map(line));
    lines
}
