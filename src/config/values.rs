//! TOML values to plain ones, with what to write instead where they do not fit.

use jiff::SignedDuration;
use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::de::DeValue;

use crate::config::amounts;
use crate::domain::tenancy::Tags;

/// Text that is not empty.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value.as_str() {
        Some(text) if text.trim().is_empty() => Err("this text is empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
        None => Err(wrong_type("text in quotes", value)),
    }
}

/// A list of texts, at least one.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let items = value.as_array().ok_or_else(|| wrong_type("a list of texts", value))?;
    let texts: Vec<String> = items.iter().map(|item| text(item.get_ref())).collect::<Result<_, _>>()?;
    if texts.is_empty() { Err("this list is empty".to_owned()) } else { Ok(texts) }
}

/// A list of texts, which may be empty.
pub(super) fn any_texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value.as_array() {
        Some(items) if items.is_empty() => Ok(Vec::new()),
        _ => texts(value),
    }
}

/// `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong_type("true or false", value))
}

/// A whole number from `from` to `to`.
pub(super) fn whole(from: i64, to: i64) -> impl Fn(&DeValue<'_>) -> Result<i64, String> {
    move |value| {
        let number = value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        match number {
            Some(number) if (from..=to).contains(&number) => Ok(number),
            Some(number) => Err(format!("{number} is outside {from} to {to}")),
            None => Err(wrong_type(&format!("a whole number from {from} to {to}"), value)),
        }
    }
}

/// A decimal number from 0 to `to`, as written.
pub(super) fn decimal(to: i64) -> impl Fn(&DeValue<'_>) -> Result<Decimal, String> {
    move |value| {
        let written = match value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return Err(wrong_type("a number", value)),
        };
        match Decimal::from_str_exact(written) {
            Ok(number) if number >= Decimal::ZERO && number <= Decimal::from(to) => Ok(number),
            _ => Err(format!("{written} is outside 0 to {to}")),
        }
    }
}

/// A number or a text with one, as it is written: `5e9`, `"500 EUR"`.
pub(super) fn written(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::String(_) => text(value),
        _ => Err(wrong_type("a number or an amount in quotes", value)),
    }
}

/// A day: `2026-11-01`, with quotes or without.
pub(super) fn date(value: &DeValue<'_>) -> Result<Date, String> {
    let written = match value {
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => return Err(wrong_type("a day such as 2026-11-01", value)),
    };
    written.parse().map_err(|_| format!("`{written}` is not a day: write for example 2026-11-01"))
}

/// Tags and their values, at least one: `{ Environment = "prod" }`.
pub(super) fn tags(value: &DeValue<'_>) -> Result<Tags, String> {
    let table = value.as_table().ok_or_else(|| wrong_type("tags such as { Environment = \"prod\" }", value))?;
    let tag = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        Ok((key.get_ref().to_string(), text(value.get_ref())?))
    };
    let tags: Tags = table.iter().map(tag).collect::<Result<_, String>>()?;
    if tags.is_empty() { Err("there is no tag in it".to_owned()) } else { Ok(tags) }
}

/// A share of a whole, written as a number: 0.8 is 80 %.
pub(super) fn share(value: &DeValue<'_>) -> Result<f64, String> {
    let written = match value {
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return Err(wrong_type("a share such as 0.8 (80 %)", value)),
    };
    match written.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 10.0 => Ok(share),
        _ => Err(format!("{written} is not a share: write for example 0.8 for 80 %")),
    }
}

/// A length of time between two others.
pub(super) fn duration(
    from: &'static str,
    to: &'static str,
) -> impl Fn(&DeValue<'_>) -> Result<SignedDuration, String> {
    move |value| {
        let written = value.as_str().ok_or_else(|| wrong_type("a length of time such as \"15m\"", value))?;
        let duration = amounts::duration(written)?;
        let bounds = amounts::duration(from)?..=amounts::duration(to)?;
        if bounds.contains(&duration) { Ok(duration) } else { Err(format!("{written} is outside {from} to {to}")) }
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl Fn(&DeValue<'_>) -> Result<T, String> {
    move |value| {
        let names = || choices.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let written = value.as_str().ok_or_else(|| wrong_type(&format!("one of {}", names()), value))?;
        let found = choices.iter().find(|(name, _)| *name == written);
        found.map(|(_, choice)| *choice).ok_or_else(|| format!("`{written}` is none of {}", names()))
    }
}

fn wrong_type(expected: &str, value: &DeValue<'_>) -> String {
    format!("expected {expected}, found {}", value.type_str())
}
