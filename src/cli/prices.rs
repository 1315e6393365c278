//! `bedtop prices`: what usage would be charged and why, and what cannot be.

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config};
use crate::cost::{PriceBook, UnitHour};
use crate::domain::ids::{ModelId, ProfileKey};
use crate::domain::profile::{Profile, Reach, ServiceTier};
use crate::domain::tenancy::matches_pattern;
use crate::report::prices::{self, PriceRow};
use crate::source::model_name;

/// A region of each geography, to ask the book for its price.
const GEOGRAPHIES: [(&str, &str); 8] = [
    ("us", "us-east-1"),
    ("eu", "eu-west-1"),
    ("apac", "ap-south-1"),
    ("jp", "ap-northeast-1"),
    ("au", "ap-southeast-2"),
    ("ca", "ca-central-1"),
    ("sa", "sa-east-1"),
    ("us-gov", "us-gov-west-1"),
];

/// The tiers that are charged by the token.
const TIERS: [ServiceTier; 4] = [ServiceTier::Standard, ServiceTier::Priority, ServiceTier::Flex, ServiceTier::Batch];

/// What models cost by the price book and the config, and why
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop prices claude-opus-4-6\n  bedtop prices us.anthropic.claude-opus-4-6-v1 --region us-east-1 --at 2026-12-01\n  bedtop prices --unpriced"
)]
pub(super) struct Prices {
    /// A model's id, a part of it or a pattern (*, ?); with it come all tiers and the reasons
    model: Option<String>,
    /// Where it is served; all places that have a price if neither this nor --region is given
    #[arg(long, value_enum)]
    reach: Option<ReachChoice>,
    /// Prices of this day instead of today
    #[arg(long, value_name = "DAY")]
    at: Option<Date>,
    /// What of the usage has no price
    #[arg(long, conflicts_with_all = ["model", "reach", "at"])]
    unpriced: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReachChoice {
    InRegion,
    Geo,
    Global,
}

impl Prices {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        if self.unpriced {
            let rows = prices::unpriced(&self.input.view(&config)?);
            self.output.print(
                || prices::unpriced_table(&rows),
                || prices::unpriced_json(&rows),
                || prices::unpriced_csv(&rows),
            )?;
            return Ok(0);
        }
        let book = PriceBook::embedded().with_rules(config.prices.clone());
        let rows = self.rows(&book, global.region.as_deref())?;
        let hours = self.unit_hours(&book);
        self.output.print(
            || prices::table(&rows, &hours, self.model.is_some()),
            || prices::json(&rows, &hours),
            || prices::csv(&rows),
        )?;
        Ok(0)
    }

    fn rows(&self, book: &PriceBook, region: Option<&str>) -> Result<Vec<PriceRow>> {
        let at = match self.at {
            Some(day) => day.to_zoned_datetime(TimeZone::UTC)?.timestamp(),
            None => Timestamp::now(),
        };
        let tiers = if self.model.is_some() { &TIERS[..] } else { &TIERS[..1] };
        let mut rows = Vec::new();
        for (model, places) in self.models(book)? {
            for (place, reach, region) in self.places(&places, region) {
                let quoted = tiers.iter().map(|&tier| PriceRow {
                    model: model.clone(),
                    place: place.clone(),
                    quote: book.quote(&asked(&model, reach, &region, tier), at),
                });
                rows.extend(quoted);
            }
        }
        Ok(rows)
    }

    /// The models that are asked for, each with the places that the book lists.
    fn models(&self, book: &PriceBook) -> Result<Vec<(String, Vec<String>)>> {
        let owned =
            |(model, places): (&str, Vec<&str>)| (model.to_owned(), places.iter().map(|&it| it.to_owned()).collect());
        let all: Vec<(String, Vec<String>)> = book.models().map(owned).collect();
        let Some(asked) = &self.model else { return Ok(all) };
        let name = model_name::parse(asked).model;
        if let Some(exact) = all.iter().find(|(model, _)| model == name.as_str()) {
            return Ok(vec![exact.clone()]);
        }
        let fitting: Vec<_> = all.iter().filter(|(model, _)| is_meant(asked, model)).cloned().collect();
        if fitting.is_empty() && !asked.contains(['*', '?']) && asked.contains('.') {
            // A rule of the config may have a price for it.
            return Ok(vec![(name.as_str().to_owned(), vec!["*".to_owned()])]);
        }
        if fitting.is_empty() {
            bail!("no model fits `{asked}`: `bedtop prices` lists all; a [[price]] in the config gives others a price");
        }
        Ok(fitting)
    }

    /// Which places to ask for: what the flags say, else all that are listed.
    fn places(&self, listed: &[String], region: Option<&str>) -> Vec<(String, Reach, String)> {
        if self.reach.is_some() || region.is_some() || self.model.as_ref().is_some_and(|model| is_prefixed(model)) {
            let by_name = self.model.as_ref().map_or(Reach::InRegion, |model| model_name::parse(model).reach);
            let reach = self.reach.map_or(by_name, ReachChoice::reach);
            let prefix = self.model.as_deref().and_then(|model| model.split('.').next()).unwrap_or_default();
            let of_prefix = GEOGRAPHIES.iter().find(|(name, _)| *name == prefix).map(|(_, region)| *region);
            let region = region.or(of_prefix).unwrap_or_default();
            let place =
                [reach.name(), region].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            return vec![(place, reach, region.to_owned())];
        }
        listed.iter().map(|place| of_place(place)).collect()
    }

    fn unit_hours(&self, book: &PriceBook) -> Vec<UnitHour> {
        let Some(asked) = &self.model else { return Vec::new() };
        book.unit_hours().iter().filter(|unit| is_meant(asked, &unit.model)).cloned().collect()
    }
}

impl ReachChoice {
    fn reach(self) -> Reach {
        match self {
            Self::InRegion => Reach::InRegion,
            Self::Geo => Reach::Geo,
            Self::Global => Reach::Global,
        }
    }
}

fn is_meant(asked: &str, model: &str) -> bool {
    let name = model_name::parse(asked).model;
    if asked.contains(['*', '?']) { matches_pattern(asked, model) } else { model.contains(name.as_str()) }
}

fn is_prefixed(model: &str) -> bool {
    model_name::parse(model).reach != Reach::InRegion
}

/// A place of the book as a profile has it.
fn of_place(place: &str) -> (String, Reach, String) {
    let geography = GEOGRAPHIES.iter().find(|(name, _)| *name == place);
    match (place, geography) {
        ("*", _) => ("any region".to_owned(), Reach::InRegion, String::new()),
        ("global", _) => ("global".to_owned(), Reach::Global, String::new()),
        (_, Some((name, region))) => (format!("geo {name}"), Reach::Geo, (*region).to_owned()),
        (region, None) => (region.to_owned(), Reach::InRegion, region.to_owned()),
    }
}

fn asked(model: &str, reach: Reach, region: &str, tier: ServiceTier) -> Profile {
    let key = ProfileKey { scope: "".into(), id: "".into() };
    Profile {
        model: Some(ModelId::new(model)),
        reach,
        region: region.to_owned(),
        tier,
        ..Profile::bare(key, Timestamp::UNIX_EPOCH)
    }
}
