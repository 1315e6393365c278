//! What usage would be charged and why, and what of it cannot be, as tables, JSON and CSV.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;

use crate::cost::{Quote, UnitHour};
use crate::domain::text::printable;
use crate::domain::view::{FleetView, PricedUsage, Provenance};
use crate::report::csv::{cell_text, plain, to_text};
use crate::report::table::{Column, render};

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// The columns of prices: header of the table, name in CSV and JSON, place in [`ModelPrice::values`].
///
/// [`ModelPrice::values`]: crate::domain::price::ModelPrice::values
const PRICES: [(&str, &str); 12] = [
    ("INPUT", "input"),
    ("OUTPUT", "output"),
    ("CACHE READ", "cache_read"),
    ("WRITE 5M", "cache_write"),
    ("WRITE 1H", "cache_write_1h"),
    ("IMAGE", "image"),
    ("REQUEST", "request"),
    ("LONG IN", "long_input"),
    ("LONG OUT", "long_output"),
    ("LONG READ", "long_cache_read"),
    ("LONG WRITE 5M", "long_cache_write"),
    ("LONG WRITE 1H", "long_cache_write_1h"),
];

/// The price of one model at one place and tier.
#[derive(Clone, Debug)]
pub struct PriceRow {
    /// Which model.
    pub model: String,
    /// Where: in-region, a geography, global, or a region.
    pub place: String,
    /// The price and the reasons.
    pub quote: Quote,
}

/// Usage without a price, by model.
#[derive(Clone, Debug, Serialize)]
pub struct UnpricedRow {
    /// Which model; `unknown` where the profile does not tell.
    pub model: String,
    /// How many profiles.
    pub profiles: usize,
    /// Whose.
    pub tenants: Vec<String>,
    /// Tokens without a price.
    pub tokens: u64,
    /// Images without a price.
    pub images: u64,
}

#[derive(Serialize)]
struct PricesJson<'a> {
    schema: u32,
    unit: &'static str,
    prices: Vec<PriceJson<'a>>,
    provisioned: Vec<UnitHourJson<'a>>,
}

#[derive(Serialize)]
struct PriceJson<'a> {
    model: &'a str,
    place: &'a str,
    tier: &'static str,
    provenance: Option<&'static str>,
    #[serde(flatten)]
    prices: BTreeMap<&'static str, Option<String>>,
    why: Vec<String>,
}

#[derive(Serialize)]
struct UnitHourJson<'a> {
    model: &'a str,
    place: &'a str,
    months: u8,
    usd_per_unit_hour: String,
}

#[derive(Serialize)]
struct UnpricedJson<'a> {
    schema: u32,
    unpriced: &'a [UnpricedRow],
}

/// A line a price, its reasons below where they are wanted.
#[must_use]
pub fn table(rows: &[PriceRow], hours: &[UnitHour], with_reasons: bool) -> String {
    let used: Vec<usize> =
        (0..PRICES.len()).filter(|&index| rows.iter().any(|row| values(row)[index].is_some())).collect();
    let mut columns = vec![Column::left("MODEL"), Column::left("PLACE"), Column::left("TIER")];
    columns.extend(used.iter().map(|&index| Column::right(PRICES[index].0)));
    let line = |row: &PriceRow| {
        let prices = values(row);
        let is_estimate = row.quote.found.as_ref().is_some_and(|found| found.provenance == Provenance::Estimated);
        let tier = format!("{}{}", if is_estimate { "~" } else { "" }, row.quote.tier.name());
        let mut cells = vec![printable(&row.model), printable(&row.place), tier];
        cells.extend(used.iter().map(|&index| prices[index].map_or_else(|| "-".to_owned(), plain)));
        cells
    };
    let mut text = render(&columns, rows.iter().map(line));
    if with_reasons {
        let reasons = rows.iter().map(|row| {
            let why: Vec<String> = row.quote.why.iter().map(|reason| format!("  {}\n", printable(reason))).collect();
            format!("{} {} {}:\n{}", printable(&row.model), printable(&row.place), row.quote.tier.name(), why.concat())
        });
        text = format!("{text}\n{}", reasons.collect::<String>());
    }
    let line = |unit: &UnitHour| {
        format!(
            "{} {}: {} USD an hour of a model unit{}\n",
            unit.model,
            unit.place,
            plain(unit.usd),
            committed(unit.months)
        )
    };
    let provisioned: String = hours.iter().map(line).collect();
    format!(
        "{text}{provisioned}USD per million tokens, per image and per request; `-` is not known, never free; `~` is an estimate.\n"
    )
}

/// The prices as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn json(rows: &[PriceRow], hours: &[UnitHour]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&PricesJson {
        schema: SCHEMA,
        unit: "USD per million tokens, per image, per request",
        prices: rows.iter().map(PriceJson::new).collect(),
        provisioned: hours.iter().map(UnitHourJson::new).collect(),
    })
}

/// The prices as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(rows: &[PriceRow]) -> csv::Result<String> {
    to_text(|writer| {
        let prices = PRICES.iter().map(|(_, name)| *name);
        writer.write_record(["model", "place", "tier", "provenance"].into_iter().chain(prices).chain(["why"]))?;
        for row in rows {
            let provenance = row.quote.found.as_ref().map_or("", |found| found.provenance.name());
            let mut fields = vec![cell_text(&row.model), cell_text(&row.place), row.quote.tier.name().to_owned()];
            fields.push(provenance.to_owned());
            fields.extend(values(row).map(|price| price.map(plain).unwrap_or_default()));
            fields.push(cell_text(&row.quote.why.join("; ")));
            writer.write_record(fields)?;
        }
        Ok(())
    })
}

/// What of the usage of a view has no price, most tokens first.
#[must_use]
pub fn unpriced(view: &FleetView) -> Vec<UnpricedRow> {
    let mut by_model: BTreeMap<String, (BTreeSet<_>, BTreeSet<String>, PricedUsage)> = BTreeMap::new();
    for tenant in &view.tenants {
        for profile in tenant.profiles.iter().filter(|profile| profile.usage.is_partly_unpriced()) {
            let model = profile.model.as_ref().map_or("unknown".to_owned(), |model| printable(model.as_str()));
            let (profiles, tenants, usage) = by_model.entry(model).or_default();
            profiles.insert(&profile.key);
            tenants.insert(printable(tenant.owner.name()));
            usage.add(&profile.usage);
        }
    }
    let rows = by_model.into_iter().map(|(model, (profiles, tenants, usage))| UnpricedRow {
        model,
        profiles: profiles.len(),
        tenants: tenants.into_iter().collect(),
        tokens: usage.unpriced_tokens,
        images: usage.unpriced_images,
    });
    let mut rows: Vec<UnpricedRow> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.tokens, row.images)));
    rows
}

/// A line a model without a price.
#[must_use]
pub fn unpriced_table(rows: &[UnpricedRow]) -> String {
    if rows.is_empty() {
        return "every token has a price\n".to_owned();
    }
    let columns = [
        Column::left("MODEL"),
        Column::right("TOKENS"),
        Column::right("IMAGES"),
        Column::right("PROFILES"),
        Column::left("TENANTS"),
    ];
    let line = |row: &UnpricedRow| {
        let [tokens, images] = [row.tokens, row.images].map(|count| count.to_string());
        vec![row.model.clone(), tokens, images, row.profiles.to_string(), row.tenants.join(", ")]
    };
    let text = render(&columns, rows.iter().map(line));
    format!("{text}Give them a price with [[price]] in the config: model = \"...\", input = 3, output = 15.\n")
}

/// The same as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn unpriced_json(rows: &[UnpricedRow]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&UnpricedJson { schema: SCHEMA, unpriced: rows })
}

/// The same as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn unpriced_csv(rows: &[UnpricedRow]) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(["model", "tokens", "images", "profiles", "tenants"])?;
        for row in rows {
            let tenants = cell_text(&row.tenants.join("; "));
            let [tokens, images] = [row.tokens, row.images].map(|count| count.to_string());
            writer.write_record([cell_text(&row.model), tokens, images, row.profiles.to_string(), tenants])?;
        }
        Ok(())
    })
}

impl<'a> PriceJson<'a> {
    fn new(row: &'a PriceRow) -> Self {
        Self {
            model: &row.model,
            place: &row.place,
            tier: row.quote.tier.name(),
            provenance: row.quote.found.as_ref().map(|found| found.provenance.name()),
            prices: PRICES.iter().zip(values(row)).map(|((_, name), price)| (*name, price.map(plain))).collect(),
            why: row.quote.why.iter().map(|reason| printable(reason)).collect(),
        }
    }
}

impl<'a> UnitHourJson<'a> {
    fn new(unit: &'a UnitHour) -> Self {
        Self { model: &unit.model, place: &unit.place, months: unit.months, usd_per_unit_hour: plain(unit.usd) }
    }
}

fn values(row: &PriceRow) -> [Option<Decimal>; PRICES.len()] {
    row.quote.found.as_ref().map_or([None; PRICES.len()], |found| found.price.values())
}

fn committed(months: u8) -> String {
    match months {
        0 => String::new(),
        1 => ", committed to for a month".to_owned(),
        months => format!(", committed to for {months} months"),
    }
}
