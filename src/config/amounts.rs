//! Amounts as people write them: `20000 USD`, `5e9 tokens`, `12.50 EUR`, `35d`.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use rust_decimal::Decimal;

use crate::domain::amount::{Amount, Unit};
use crate::domain::contract::Currency;

/// The largest amount of money taken: a trillion is a slip of the keyboard.
const MOST_MONEY: i64 = 1_000_000_000_000;
/// The largest count taken.
const MOST_COUNTED: i64 = 1_000_000_000_000_000_000;

/// Reads an amount of US dollars or of meters such as `20000 USD`, `5e9 tokens` or `1_000 requests`; above zero.
pub(super) fn amount(text: &str) -> Result<Amount, String> {
    let example = "write for example \"20000 USD\" or \"5e9 tokens\"";
    let Some((written, unit)) = text.trim().split_once(char::is_whitespace) else {
        return Err(format!("`{text}` has no unit: {example}"));
    };
    let unit = match unit.trim() {
        "USD" => Unit::Usd,
        unit if Currency::parse(unit).is_some() => {
            return Err(format!("`{unit}` is not a currency that budgets are kept in: AWS bills in USD; {example}"));
        }
        unit => Unit::of_meters(unit)?,
    };
    let number = number(written).ok_or_else(|| format!("`{written}` is not a number: {example}"))?;
    let most = if unit == Unit::Usd { MOST_MONEY } else { MOST_COUNTED };
    if number <= Decimal::ZERO || number > Decimal::from(most) {
        return Err(format!("an amount of {written} makes no sense: {example}"));
    }
    Ok(Amount { unit, number })
}

/// Reads money of a currency such as `500 EUR`, or `500` where the currency is plain; from zero on.
pub(super) fn money(text: &str, currency: Currency) -> Result<Decimal, String> {
    let example = format!("write for example \"500 {currency}\"");
    let (written, unit) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let unit = unit.trim();
    if !unit.is_empty() && Currency::parse(unit) != Some(currency) {
        return Err(format!("`{unit}` is not the currency here, which is {currency}: {example}"));
    }
    let number = number(written).ok_or_else(|| format!("`{written}` is not an amount: {example}"))?;
    if number < Decimal::ZERO || number > Decimal::from(MOST_MONEY) {
        return Err(format!("an amount of {written} makes no sense: {example}"));
    }
    Ok(number)
}

/// Reads a quantity such as `5e9` or `5e9 tokens`; of which unit, if that is told.
pub(super) fn quantity(text: &str) -> Result<(Decimal, Option<Unit>), String> {
    let (written, unit) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let unit = match unit.trim() {
        "" => None,
        "USD" => Some(Unit::Usd),
        meters => Some(Unit::of_meters(meters)?),
    };
    match number(written) {
        Some(number) if number >= Decimal::ZERO && number <= Decimal::from(MOST_COUNTED) => Ok((number, unit)),
        _ => Err(format!("`{written}` is not a quantity: write for example 5e9 or \"5e9 tokens\"")),
    }
}

/// Reads a share such as `20%` or `0.2`; from zero to ten.
pub(super) fn share(text: &str) -> Result<Decimal, String> {
    let wrong = || format!("`{text}` is not a share: write for example \"20%\"");
    let read = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent.trim()).and_then(|percent| percent.checked_div(Decimal::ONE_HUNDRED)),
        None => number(text.trim()),
    };
    read.filter(|share| (Decimal::ZERO..=Decimal::TEN).contains(share)).ok_or_else(wrong)
}

/// Reads a decimal number, with an exponent or with `_` and `,` between digits too.
pub(super) fn number(text: &str) -> Option<Decimal> {
    let plain = text.trim().replace([',', '_'], "");
    if plain.contains(['e', 'E']) {
        Decimal::from_scientific(&plain).ok()
    } else {
        Decimal::from_str_exact(&plain).ok()
    }
}

/// Reads a length of time such as `60s`, `15m`, `36h` or `35d`.
pub(super) fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is not a length of time: write for example 60s, 15m, 36h or 35d");
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration < SignedDuration::ZERO { Err(wrong()) } else { Ok(duration) }
}

/// Writes a length of time as [`duration`] reads it, in the largest unit that fits.
pub(super) fn duration_text(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        seconds if seconds > 86_400 && seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 60 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("20000 USD", "$20,000.00")]
    #[case(" 1_500.50  USD ", "$1,500.50")]
    #[case("20,000 USD", "$20,000.00")]
    #[case("5e9 tokens", "5,000,000,000 tokens")]
    #[case("2.5e3 input_tokens + output_tokens", "2,500 input_tokens+output_tokens")]
    #[case("1_000 requests", "1,000 requests")]
    fn amounts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(amount(text).expect("an amount").to_string(), expected);
    }

    #[rstest]
    #[case::negative("-5 USD", "makes no sense")]
    #[case::nothing("0 USD", "makes no sense")]
    #[case::no_unit("20000", "has no unit")]
    #[case::another_currency("20000 EUR", "`EUR` is not a currency")]
    #[case::words("much USD", "`much` is not a number")]
    #[case::absurd("9000000000000 USD", "makes no sense")]
    #[case::no_meter("5 apples", "`apples` is not a meter")]
    fn faulty_amounts(#[case] text: &str, #[case] expected: &str) {
        let message = amount(text).expect_err("a fault");
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn money_quantities_and_shares() {
        let euro = Currency::parse("EUR").expect("a currency");
        assert_eq!(money("500 EUR", euro), Ok(Decimal::from(500)));
        assert_eq!(money("0.5", euro), Ok(Decimal::new(5, 1)));
        assert!(money("5 USD", euro).expect_err("a fault").contains("which is EUR"));
        assert!(money("-5", euro).expect_err("a fault").contains("makes no sense"));
        let tokens = Unit::of_meters("tokens").expect("a meter");
        assert_eq!(quantity("5e9 tokens"), Ok((Decimal::from(5_000_000_000_i64), Some(tokens))));
        assert!(quantity("-1").is_err() && quantity("1e30").is_err());
        assert_eq!((share("20%"), share("0.2")), (Ok(Decimal::new(2, 1)), Ok(Decimal::new(2, 1))));
        assert!(share("1200%").is_err() && share("-1").is_err() && share("x").is_err());
    }

    #[rstest]
    #[case("60s", 60)]
    #[case("15m", 900)]
    #[case("36h", 129_600)]
    #[case("35d", 3_024_000)]
    fn durations(#[case] text: &str, #[case] seconds: i64) {
        let read = duration(text).expect("a length of time");
        assert_eq!(read, SignedDuration::from_secs(seconds));
        assert_eq!(duration(&duration_text(read)), Ok(read));
    }

    #[rstest]
    #[case("60")]
    #[case("-5m")]
    #[case("soon")]
    #[case("")]
    fn faulty_durations(#[case] text: &str) {
        assert!(duration(text).is_err(), "{text}");
    }
}
