//! Amounts as people write them: `20000 USD`, `35d`.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use rust_decimal::Decimal;

use crate::domain::money::Money;

/// The largest budget taken: a trillion dollars is a slip of the keyboard.
const LARGEST: i64 = 1_000_000_000_000;

/// Reads an amount of US dollars such as `20000 USD` or `1_500.50 USD`.
pub(super) fn money(text: &str) -> Result<Money, String> {
    let Some((number, unit)) = text.trim().rsplit_once(char::is_whitespace) else {
        return Err(format!("`{text}` has no currency: write for example \"20000 USD\""));
    };
    if unit != "USD" {
        return Err(format!("`{unit}` is not a currency that budgets are kept in: write for example \"20000 USD\""));
    }
    let plain = number.trim().replace([',', '_'], "");
    let amount = Decimal::from_str_exact(&plain)
        .map_err(|_| format!("`{number}` is not an amount: write for example \"20000 USD\""))?;
    if amount <= Decimal::ZERO || amount > Decimal::from(LARGEST) {
        return Err(format!("a budget of {number} makes no sense: write an amount above 0, for example \"20000 USD\""));
    }
    Ok(Money::usd(amount))
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
    fn amounts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(money(text).expect("an amount").to_string(), expected);
    }

    #[rstest]
    #[case::negative("-5 USD", "makes no sense")]
    #[case::nothing("0 USD", "makes no sense")]
    #[case::no_unit("20000", "has no currency")]
    #[case::another_currency("20000 EUR", "`EUR` is not a currency")]
    #[case::words("much USD", "`much` is not an amount")]
    #[case::absurd("9000000000000 USD", "makes no sense")]
    fn faulty_amounts(#[case] text: &str, #[case] expected: &str) {
        let message = money(text).expect_err("a fault");
        assert!(message.contains(expected), "{message}");
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
