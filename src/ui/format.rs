//! Numbers for people: short, and as wide at most as their column.

use jiff::SignedDuration;

use crate::domain::amount::{Amount, Unit};
use crate::domain::money::{Money, with_thousands};
use crate::domain::view::{PricedUsage, Provenance};

/// Dollars in at most seven characters: `$3.07`, `$871`, `$1,512`, `$87.0k`, `$1.45M`.
pub(super) fn dollars(amount: f64) -> String {
    if amount < 0.0 {
        return format!("-{}", dollars(-amount));
    }
    match amount.abs() {
        size if size < 99.995 => format!("${amount:.2}"),
        size if size < 999.5 => format!("${amount:.0}"),
        size if size < 9_999.5 => format!("${}", with_thousands(&format!("{amount:.0}"))),
        _ => format!("${}", scaled(amount)),
    }
}

/// [`dollars`] of money.
pub(super) fn money(amount: Money) -> String {
    dollars(amount.to_f64())
}

/// An amount as short as money: `$1,512`, `340k tok`, `17 req`.
pub(super) fn amount(amount: &Amount) -> String {
    if amount.unit == Unit::Usd {
        return dollars(amount.to_f64());
    }
    let name = amount.unit.name();
    let unit = match name.as_str() {
        _ if amount.unit.is_tokens() => "tok",
        "requests" => "req",
        other => other,
    };
    format!("{} {unit}", count(amount.to_f64()))
}

/// A count in at most five characters: `0`, `0.4`, `17`, `1.2k`, `340k`, `4.5M`.
pub(super) fn count(number: f64) -> String {
    match number.abs() {
        size if size < 0.05 => "0".to_owned(),
        size if size < 9.95 => format!("{number:.1}"),
        size if size < 999.5 => format!("{number:.0}"),
        _ => scaled(number),
    }
}

fn scaled(number: f64) -> String {
    let units = ["", "k", "M", "G", "T", "P", "E"];
    let mut rest = number;
    let mut unit = 0;
    while rest.abs() >= 999.5 && unit + 1 < units.len() {
        rest /= 1000.0;
        unit += 1;
    }
    if rest.abs() < 99.95 { format!("{rest:.1}{}", units[unit]) } else { format!("{rest:.0}{}", units[unit]) }
}

/// Whole numbers as [`count`].
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(super) fn whole(number: u64) -> String {
    if number < 1000 { number.to_string() } else { scaled(number as f64) }
}

/// A share as a percentage: `87%`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}%", (share * 100.0).clamp(-99_999.0, 99_999.0))
}

/// An age in at most five characters: `<1m`, `3m`, `2h05`, `4d`. Seconds would only flicker.
pub(super) fn age(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    match seconds {
        0..=59 => "<1m".to_owned(),
        60..=5_999 => format!("{}m", seconds / 60),
        6_000..=86_399 => format!("{}h{:02}", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Milliseconds: `840ms`, `1.8s`, `14s`, `3m`.
pub(super) fn milliseconds(length: f64) -> String {
    match length {
        length if length < 999.5 => format!("{length:.0}ms"),
        length if length < 9_950.0 => format!("{:.1}s", length / 1000.0),
        length if length < 99_500.0 => format!("{:.0}s", length / 1000.0),
        _ => format!("{:.0}m", length / 60_000.0),
    }
}

/// What usage costs: `unpriced` where nothing is known; `~` before an estimate, `≈` before a fallback price, `+` after
/// what is not all.
pub(super) fn cost(usage: &PricedUsage, is_ascii: bool) -> String {
    let Some(known) = usage.known_cost() else { return "unpriced".to_owned() };
    let sign = match usage.provenance {
        Provenance::Measured | Provenance::Simulated => "",
        Provenance::Estimated => "~",
        Provenance::Fallback if is_ascii => "=",
        Provenance::Fallback => "≈",
    };
    let more = if usage.is_partly_unpriced() { "+" } else { "" };
    format!("{sign}{}{more}", money(known.likely))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, "$0.00")]
    #[case(3.074, "$3.07")]
    #[case(870.6, "$871")]
    #[case(1_512.34, "$1,512")]
    #[case(87_005.5, "$87.0k")]
    #[case(1_450_000.0, "$1.4M")]
    fn amounts(#[case] amount: f64, #[case] expected: &str) {
        assert_eq!(dollars(amount), expected);
    }

    #[rstest]
    #[case(0.01, "0")]
    #[case(0.44, "0.4")]
    #[case(17.2, "17")]
    #[case(999.6, "1.0k")]
    #[case(340_000.0, "340k")]
    #[case(4_512_000_000.0, "4.5G")]
    fn counts(#[case] number: f64, #[case] expected: &str) {
        assert_eq!(count(number), expected);
    }

    #[rstest]
    #[case(42, "<1m")]
    #[case(180, "3m")]
    #[case(7_500, "2h05")]
    #[case(400_000, "4d")]
    #[case(-5, "<1m")]
    fn ages(#[case] seconds: i64, #[case] expected: &str) {
        assert_eq!(age(SignedDuration::from_secs(seconds)), expected);
    }

    #[rstest]
    #[case(840.2, "840ms")]
    #[case(1_840.0, "1.8s")]
    #[case(14_000.0, "14s")]
    #[case(180_000.0, "3m")]
    fn latencies(#[case] length: f64, #[case] expected: &str) {
        assert_eq!(milliseconds(length), expected);
    }

    proptest! {
        #[test]
        fn numbers_stay_in_their_columns(number in 0.0..1e15_f64) {
            prop_assert!(dollars(number).len() <= 7, "{}", dollars(number));
            prop_assert!(count(number).len() <= 5, "{}", count(number));
        }
    }
}
