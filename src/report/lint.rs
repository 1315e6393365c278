//! What of tags, prices and ways of calling someone should mend, with the money that is at risk until then.
//!
//! At risk is what a profile costs in the period. Tokens without a price count at what a token of the fleet costs on
//! average, which is marked as an estimate; where nothing of the fleet has a price, tokens are counted instead.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use crate::domain::ids::Owner;
use crate::domain::money::Money;
use crate::domain::profile::ProfileKind;
use crate::domain::tenancy::TagFault;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, PricedUsage, ProfileRow};
use crate::report::csv::{cell_text, to_text};
use crate::report::table::{Column, render};

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// Something to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Its name for programs.
    pub kind: &'static str,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub remedy: String,
}

/// A finding with its place and its weight.
#[derive(Debug)]
struct Row<'a> {
    owner: &'a Owner,
    profile: &'a ProfileRow,
    finding: Finding,
    at_risk: Weight,
}

/// What a profile weighs.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    money: Money,
    tokens: u64,
    is_estimate: bool,
}

/// All findings of a view.
#[derive(Debug)]
pub struct Lint<'a> {
    view: &'a FleetView,
    rows: Vec<Row<'a>>,
    at_risk: Weight,
    total: Weight,
}

#[derive(Serialize)]
struct LintJson<'a> {
    schema: u32,
    from: String,
    to: String,
    at_risk_usd: String,
    total_usd: String,
    share: f64,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    at_risk_usd: Option<String>,
    estimated: bool,
    tokens: u64,
    unpriced_tokens: u64,
    tenant: String,
    scope: String,
    profile: String,
    name: String,
    model: Option<String>,
    finding: &'a str,
    text: &'a str,
    remedy: &'a str,
}

const HEADER: [&str; 12] = [
    "at_risk_usd",
    "estimated",
    "tokens",
    "unpriced_tokens",
    "tenant",
    "scope",
    "profile",
    "name",
    "model",
    "finding",
    "text",
    "remedy",
];

const COLUMNS: [Column; 6] = [
    Column::right("AT RISK"),
    Column::left("TENANT"),
    Column::left("PROFILE"),
    Column::left("SCOPE AND ID"),
    Column::left("TO MEND"),
    Column::left("WHAT TO DO"),
];

impl<'a> Lint<'a> {
    /// Looks at every profile of a view, and at what is called without one. `tag` is the key that tenants should have.
    #[must_use]
    pub fn new(view: &'a FleetView, tag: &str) -> Self {
        let price = token_price(&view.totals.usage);
        let profiles = || view.tenants.iter().flat_map(|row| row.profiles.iter().map(|profile| (&row.owner, profile)));
        let mut lint = Self { view, rows: Vec::new(), at_risk: Weight::default(), total: Weight::default() };
        for (owner, profile) in profiles() {
            let weight = Weight::of(&profile.usage, price);
            let found = findings(owner, profile, tag);
            lint.total.add(weight);
            if !found.is_empty() {
                lint.at_risk.add(weight);
            }
            lint.rows.extend(found.into_iter().map(|finding| Row { owner, profile, finding, at_risk: weight }));
        }
        // A stable sort: findings of one profile stay together and in their order.
        lint.rows.sort_by(|a, b| b.at_risk.key().cmp(&a.at_risk.key()).then_with(|| a.profile.key.cmp(&b.profile.key)));
        lint
    }

    /// The share of the money, or of the tokens where nothing has a price, that is at risk; 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let (part, whole) = if self.total.money == Money::ZERO {
            (Decimal::from(self.at_risk.tokens), Decimal::from(self.total.tokens))
        } else {
            (self.at_risk.money.amount(), self.total.money.amount())
        };
        part.checked_div(whole).and_then(|share| share.to_f64()).unwrap_or(0.0)
    }

    fn summary(&self) -> String {
        let mark = if self.total.is_estimate { "~" } else { "" };
        let share = format!("{mark}{:.1} %", self.share() * 100.0);
        let span = self.view.usage_span;
        let money = self.total.money;
        let of = if money == Money::ZERO { format!("{} tokens", self.total.tokens) } else { format!("{mark}{money}") };
        format!("{share} of {of} is at risk, {} to {}", span.start, span.end)
    }
}

impl Weight {
    fn of(usage: &PricedUsage, price: Option<Decimal>) -> Self {
        let estimated = price.map_or(Decimal::ZERO, |price| price.saturating_mul(usage.unpriced_tokens.into()));
        Self {
            money: usage.cost.likely + Money::usd(estimated),
            tokens: usage.counts.tokens(),
            is_estimate: usage.is_partly_unpriced(),
        }
    }

    fn add(&mut self, other: Self) {
        self.money += other.money;
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.is_estimate |= other.is_estimate;
    }

    fn key(&self) -> (Money, u64) {
        (self.money, self.tokens)
    }
}

/// What a token with a price costs on average; `None` where there is none.
fn token_price(usage: &PricedUsage) -> Option<Decimal> {
    let priced = usage.counts.tokens().saturating_sub(usage.unpriced_tokens);
    usage.cost.likely.amount().checked_div(priced.into())
}

/// What is to be mended of a profile.
pub(super) fn findings(owner: &Owner, profile: &ProfileRow, tag: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = profile.tag_faults.iter().map(|fault| of_tags(fault, profile, tag)).collect();
    if *owner == Owner::Unattributed && profile.usage.counts.tokens() > 0 {
        found.extend(of_call(profile));
    }
    if let Some(unpriced) = profile.usage.unpriced_text() {
        let model = profile.model.as_ref().map_or("", |model| model.as_str());
        let remedy = match model {
            "" => {
                "its model is not known: ask for the right to bedrock:GetInferenceProfile (`bedtop doctor`)".to_owned()
            }
            model => {
                format!("give {} a price with [[price]] (`bedtop prices {0}` tells why it has none)", printable(model))
            }
        };
        let text = format!("{unpriced} without a price");
        found.push(Finding { kind: "unpriced", text, remedy });
    }
    found
}

fn of_tags(fault: &TagFault, profile: &ProfileRow, tag: &str) -> Finding {
    let id = printable(profile.key.id.as_str());
    match fault {
        TagFault::Untagged => Finding {
            kind: "untagged",
            text: "no tag names its tenant".to_owned(),
            remedy: format!("tag it with {}, or name it in [[tenant]] profiles = [\"{id}\"]", printable(tag)),
        },
        TagFault::Mistyped { key, meant } => Finding {
            kind: "mistyped",
            text: format!("tag `{}` should be `{}`", printable(key), printable(meant)),
            remedy: "tag it again with the right key and remove the wrong one".to_owned(),
        },
        TagFault::TwoTenants(tenants) => Finding {
            kind: "two_tenants",
            text: format!("it is told to be of two tenants: {}", printable(&tenants.join(", "))),
            remedy: "leave it to one; give the other a profile of its own".to_owned(),
        },
        TagFault::UnknownTenant { tenant, meant } => Finding {
            kind: "unknown_tenant",
            text: format!("nothing is known of a tenant `{}`", printable(tenant)),
            remedy: match meant {
                Some(meant) => format!("if `{}` is meant, mend the tag; else add a [[tenant]]", printable(meant)),
                None => "add a [[tenant]] with its plan, or set default_plan for all others".to_owned(),
            },
        },
    }
}

/// What is called without a profile that could be tagged.
fn of_call(profile: &ProfileRow) -> Option<Finding> {
    let id = printable(profile.key.id.as_str());
    let (kind, remedy) = match profile.kind {
        ProfileKind::Application => return None,
        ProfileKind::System => (
            "system_profile",
            "copy an application inference profile from it for each tenant, and call those".to_owned(),
        ),
        ProfileKind::Model => {
            ("direct_model", "make an application inference profile of it for each tenant, and call those".to_owned())
        }
        ProfileKind::Project => (
            "mantle_project",
            format!("bedrock-mantle knows no profiles: one project a tenant, and [[tenant]] profiles = [\"{id}\"]"),
        ),
    };
    let text = format!("{}: called without an application inference profile, nobody is charged", profile.kind.name());
    Some(Finding { kind, text, remedy })
}

/// One line a finding, those with the most money at risk first; the last line is the sum.
#[must_use]
pub fn table(lint: &Lint<'_>) -> String {
    if lint.rows.is_empty() {
        return "nothing to mend: every profile is tagged, priced and known\n".to_owned();
    }
    let line = |row: &Row<'_>| {
        vec![
            row.at_risk.text(),
            printable(row.owner.name()),
            printable(&row.profile.name),
            printable(&format!("{} {}", row.profile.key.scope, row.profile.key.id)),
            row.finding.text.clone(),
            row.finding.remedy.clone(),
        ]
    };
    format!("{}\n{}\n", render(&COLUMNS, lint.rows.iter().map(line)), lint.summary())
}

impl Weight {
    fn text(&self) -> String {
        match (self.money, self.is_estimate) {
            (money, true) if money == Money::ZERO => "unknown".to_owned(),
            (money, true) => format!("~{money}"),
            (money, false) => money.to_string(),
        }
    }
}

/// The findings as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn json(lint: &Lint<'_>) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&LintJson {
        schema: SCHEMA,
        from: lint.view.usage_span.start.to_string(),
        to: lint.view.usage_span.end.to_string(),
        at_risk_usd: lint.at_risk.money.to_exact_string(),
        total_usd: lint.total.money.to_exact_string(),
        share: lint.share(),
        findings: lint.rows.iter().map(FindingJson::new).collect(),
    })
}

/// The findings as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(lint: &Lint<'_>) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(HEADER)?;
        lint.rows.iter().try_for_each(|row| writer.write_record(FindingJson::new(row).record()))
    })
}

impl<'a> FindingJson<'a> {
    fn new(row: &'a Row<'_>) -> Self {
        let profile = row.profile;
        let is_known = !(row.at_risk.is_estimate && row.at_risk.money == Money::ZERO);
        Self {
            at_risk_usd: is_known.then(|| row.at_risk.money.to_exact_string()),
            estimated: row.at_risk.is_estimate,
            tokens: row.at_risk.tokens,
            unpriced_tokens: profile.usage.unpriced_tokens,
            tenant: printable(row.owner.name()),
            scope: printable(profile.key.scope.as_str()),
            profile: printable(profile.key.id.as_str()),
            name: printable(&profile.name),
            model: profile.model.as_ref().map(|model| printable(model.as_str())),
            finding: row.finding.kind,
            text: &row.finding.text,
            remedy: &row.finding.remedy,
        }
    }

    fn record(self) -> [String; 12] {
        [
            self.at_risk_usd.unwrap_or_default(),
            self.estimated.to_string(),
            self.tokens.to_string(),
            self.unpriced_tokens.to_string(),
            cell_text(&self.tenant),
            cell_text(&self.scope),
            cell_text(&self.profile),
            cell_text(&self.name),
            cell_text(&self.model.unwrap_or_default()),
            self.finding.to_owned(),
            cell_text(self.text),
            cell_text(self.remedy),
        ]
    }
}

#[cfg(test)]
mod tests;
