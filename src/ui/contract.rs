//! How a tenant stands with its contract: what it owes, what is left of what is included, the tier it has reached.
//!
//! ```text
//!  Contract gold, to 30 Nov       owes $1,200 by now, costs $1,512, margin -$312 (-26%)
//!    output tokens   ██████████░░░░ 1.2G of 1.5G included, 300M left, tier 1 of 3
//!    commitment      ████████░░░░░░ $4,000 of $10.0k drawn, $6,000 open
//! ```

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::amount::Unit;
use crate::domain::statement::{ChargeStanding, CommitmentStanding, ContractStanding};
use crate::ui::paint::{Row, left, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format};

const LABEL: usize = 22;
const BAR: usize = 20;

/// The lines of a contract.
pub(super) fn lines<'a>(standing: &ContractStanding, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let mut lines = sums(standing, theme, width);
    let usd_rate = standing.bill.usd_rate;
    lines.extend(standing.bill.charges.iter().map(|charge| charge_line(charge, theme)));
    lines.extend(standing.bill.commitment.iter().map(|commitment| commitment_line(commitment, usd_rate, theme)));
    lines
}

fn sums<'a>(standing: &ContractStanding, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let margin = standing.margin();
    let share = standing.margin_share().map_or(String::new(), |share| format!(" ({:.0}%)", share * 100.0));
    let head = format!(" {}", left(&format!("contract {}", standing.bill.plan), LABEL, theme.glyphs()));
    let texts = [
        format!("due by now {}", format::money(standing.accrued)),
        format!("for the period {} if nothing more is used", format::money(standing.revenue)),
        format!("costs {}", format::money(standing.cost)),
        format!("margin {}{share}", format::money(margin)),
    ];
    let role = if margin < crate::domain::money::Money::ZERO { Role::Warning } else { Role::Text };
    let room = width.saturating_sub(LABEL + 3).max(20);
    let line = |(place, text): (usize, String)| {
        let head = if place == 0 { head.clone() } else { " ".repeat(LABEL + 1) };
        Row::new(theme).add(Role::Dim, head).add(role, format!(" {text}"))
    };
    wrap(&texts.join(", "), room).into_iter().enumerate().map(line).collect()
}

fn charge_line<'a>(charge: &ChargeStanding, theme: &'a Theme) -> Row<'a> {
    let quantity = |quantity: Decimal| in_unit(quantity, Some(charge.unit), Decimal::ONE);
    let (left_over, overage) = (charge.included_left(), charge.overage());
    let used = match charge.included {
        included if included.is_zero() => format!("{} used", quantity(charge.used)),
        included => format!("{} of {} included", quantity(charge.used), quantity(included)),
    };
    let rest = match charge.included {
        included if included.is_zero() => String::new(),
        _ if overage.is_zero() => format!(", {} left", quantity(left_over)),
        _ => format!(", {} over", quantity(overage)),
    };
    let tier = match charge.tier {
        Some(tier) if charge.tiers > 0 => format!(", tier {tier} of {}", charge.tiers),
        _ => String::new(),
    };
    let row = label(&format!("  {}", charge.unit.name().replace('_', " ")), theme);
    let row = match share(charge.used, charge.included) {
        Some(share) => bar::add_plain(row, share, BAR, theme),
        None => row.add(Role::Text, " ".repeat(BAR)),
    };
    row.add(Role::Text, format!(" {used}")).add(Role::Text, rest).add(Role::Dim, tier)
}

fn commitment_line<'a>(commitment: &CommitmentStanding, usd_rate: Decimal, theme: &'a Theme) -> Row<'a> {
    let amount = |quantity: Decimal| in_unit(quantity, commitment.unit, usd_rate);
    let row = label("  commitment", theme);
    let row = bar::add_plain(row, share(commitment.drawn, commitment.committed).unwrap_or(0.0), BAR, theme);
    let open = (commitment.committed - commitment.drawn).max(Decimal::ZERO);
    let text =
        format!(" {} of {} drawn, {} open", amount(commitment.drawn), amount(commitment.committed), amount(open));
    row.add(Role::Text, text)
}

fn label<'a>(text: &str, theme: &'a Theme) -> Row<'a> {
    Row::new(theme).add(Role::Dim, format!(" {} ", left(text, LABEL, theme.glyphs())))
}

/// A quantity of a unit; money of the contract's currency, in dollars, where there is none.
fn in_unit(quantity: Decimal, unit: Option<Unit>, usd_rate: Decimal) -> String {
    match unit {
        None | Some(Unit::Usd) => format::dollars((quantity * usd_rate).to_f64().unwrap_or(0.0)),
        Some(_) => format::count(quantity.to_f64().unwrap_or(0.0)),
    }
}

fn share(part: Decimal, whole: Decimal) -> Option<f64> {
    if whole.is_zero() { None } else { (part / whole).to_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::capability::GlyphSet;

    /// 1.5 of 2.0 billion output tokens that are included, 130 USD of 200 drawn, 20 USD lost.
    fn standing(used: &str, due: &str) -> ContractStanding {
        let tokens = serde_json::to_value(Unit::of_meters("output_tokens").expect("a meter")).expect("plain data");
        let month = serde_json::json!({"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"});
        let written = serde_json::json!({
            "bill": {
                "plan": "gold", "span": month, "currency": "USD", "usd_rate": "1", "lines": [],
                "charges": [{"unit": tokens, "used": used, "included": "2000000000", "tier": 1, "tiers": 3}],
                "commitment": {"unit": null, "committed": "200", "drawn": "130"},
            },
            "period": month, "revenue": "200", "accrued": due, "cost": "150",
        });
        serde_json::from_value(written).expect("a standing")
    }

    fn drawn(standing: &ContractStanding) -> Vec<String> {
        let theme = Theme::of_roles(GlyphSet::Ascii);
        lines(standing, &theme, 120).into_iter().map(|row| row.text()).collect()
    }

    #[test]
    fn what_is_left_and_the_margin_are_told() {
        let lines = drawn(&standing("1500000000", "180"));
        assert!(lines[0].contains("contract gold") && lines[0].contains("margin $30.00 (17%)"), "{lines:?}");
        assert!(lines[1].contains("1.5G of 2.0G included, 500M left, tier 1 of 3"), "{lines:?}");
        assert!(lines[2].contains("$130 of $200 drawn, $70.00 open"), "{lines:?}");
    }

    #[test]
    fn a_loss_and_what_is_over_are_told() {
        let lines = drawn(&standing("2500000000", "130"));
        assert!(lines[0].contains("margin -$20.00 (-15%)"), "{lines:?}");
        assert!(lines[1].contains("2.5G of 2.0G included, 500M over"), "{lines:?}");
    }
}
