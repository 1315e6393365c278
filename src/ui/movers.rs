//! Who or what makes up a whole, as bars whose shares add up to 100 %.
//!
//! ```text
//!  Who spends                 $/h
//!  hooli-chat             67% ███████████████░░░░░░░  $5.04
//!  the rest               33% ███████░░░░░░░░░░░░░░░  $2.52
//! ```

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use crate::domain::view::{Mover, PricedUsage, TenantRow};
use crate::ui::paint::{Row, left, right};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format};

const NAME_WIDTH: usize = 26;
const BAR_WIDTH: usize = 24;
/// What stands between name, share, bar and figure.
const BESIDE: usize = 9;
/// Below this width there is no room for figures.
const FEWEST: usize = 56;
/// How many are named; the others are one line.
const NAMED: usize = 6;

/// A part of a whole.
pub(super) struct Part {
    /// Whose.
    pub name: String,
    /// 0 to 1.
    pub share: f64,
    /// What stands at its right.
    pub figure: String,
}

/// The parts as bars, the greatest first; what is not named is one line, and the percentages add up to 100.
pub(super) fn lines(mut parts: Vec<Part>, theme: &Theme, width: usize) -> Vec<Row<'_>> {
    parts.sort_by(|a, b| b.share.total_cmp(&a.share));
    if parts.len() > NAMED {
        let rest = parts.split_off(NAMED - 1);
        let share = rest.iter().map(|part| part.share).sum();
        parts.push(Part { name: format!("{} others", rest.len()), share, figure: String::new() });
    }
    let percents = whole_percents(&parts);
    let has_figures = width >= FEWEST;
    let figures = parts.iter().map(|part| part.figure.width()).max().filter(|_| has_figures).unwrap_or(0);
    let bar_width = BAR_WIDTH.min(width.saturating_sub(NAME_WIDTH + BESIDE + figures));
    let line = |(part, percent): (&Part, u32)| {
        let row = Row::new(theme)
            .add(Role::Text, format!(" {}", left(&part.name, NAME_WIDTH, theme.glyphs())))
            .add(Role::Text, right(&format!("{percent}%"), 5, theme.glyphs()))
            .add(Role::Text, " ");
        bar::add_plain(row, part.share, bar_width, theme).add_if(has_figures, Role::Dim, format!("  {}", part.figure))
    };
    parts.iter().zip(percents).map(line).collect()
}

/// Percentages without decimals that add up to 100: the largest remainders are rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
pub(super) fn whole_percents(parts: &[Part]) -> Vec<u32> {
    let whole: f64 = parts.iter().map(|part| part.share.max(0.0)).sum();
    if whole <= 0.0 {
        return vec![0; parts.len()];
    }
    let exact: Vec<f64> = parts.iter().map(|part| part.share.max(0.0) / whole * 100.0).collect();
    let mut percents: Vec<u32> = exact.iter().map(|percent| percent.floor() as u32).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let missing = 100_u32.saturating_sub(percents.iter().sum());
    for &place in order.iter().cycle().take(missing as usize) {
        percents[place] += 1;
    }
    percents
}

/// Which of a tenant's profiles spend now.
pub(super) fn profiles<'a>(row: &TenantRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let by_speed: f64 = row.profiles.iter().map(|profile| profile.rates.usd_per_hour).sum();
    let part = |profile: &crate::domain::view::ProfileRow| {
        let share = if by_speed > 0.0 {
            profile.rates.usd_per_hour / by_speed
        } else {
            profile.usage.cost.likely.share_of(row.usage.cost.likely).unwrap_or(0.0)
        };
        let speed = format!(
            "{}/h, {} in all",
            format::dollars(profile.rates.usd_per_hour),
            format::money(profile.usage.cost.likely)
        );
        Part { name: profile.name.clone(), share, figure: speed }
    };
    let title = if by_speed > 0.0 { " Who spends now" } else { " Who spent" };
    let mut lines = vec![Row::new(theme).add(Role::Title, title)];
    lines.extend(self::lines(row.profiles.iter().map(part).collect(), theme, width));
    lines
}

/// Which models a tenant's money goes to, where it uses several; by tokens where nothing has a price.
#[expect(clippy::cast_precision_loss, reason = "a share of tokens")]
pub(super) fn models<'a>(row: &TenantRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let mut models: BTreeMap<&str, PricedUsage> = BTreeMap::new();
    for profile in &row.profiles {
        let model = profile.model.as_ref().map_or("unknown", |model| model.as_str());
        models.entry(model).or_default().add(&profile.usage);
    }
    if models.len() < 2 {
        return Vec::new();
    }
    let by_tokens = |usage: &PricedUsage| usage.counts.tokens() as f64 / row.usage.counts.tokens().max(1) as f64;
    let part = |(model, usage): (&str, PricedUsage)| Part {
        name: model.to_owned(),
        share: usage.cost.likely.share_of(row.usage.cost.likely).unwrap_or_else(|| by_tokens(&usage)),
        figure: format!("{}, {} tokens", format::money(usage.cost.likely), format::whole(usage.counts.tokens())),
    };
    let mut lines = vec![Row::new(theme), Row::new(theme).add(Role::Title, format!(" Models {}", models.len()))];
    lines.extend(self::lines(models.into_iter().map(part).collect(), theme, width));
    lines
}

/// Who makes a pool rise.
pub(super) fn of_pool<'a>(movers: &[Mover], theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let part = |mover: &Mover| Part {
        name: mover.owner.name().to_owned(),
        share: mover.share,
        figure: format!("{}/h above its own past", format::dollars(mover.rise)),
    };
    lines(movers.iter().map(part).collect(), theme, width)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentages_add_up_to_100(shares in prop::collection::vec(0.0..1.0_f64, 1..20)) {
            let parts: Vec<Part> = shares.iter().map(|&share| Part { name: String::new(), share, figure: String::new() }).collect();
            let sum: u32 = whole_percents(&parts).iter().sum();
            prop_assert!(sum == 100 || shares.iter().sum::<f64>() <= 0.0, "{sum}");
        }
    }
}
