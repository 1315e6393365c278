//! Every profile, and what is called without one, as a table, JSON and CSV; the dearest first.

use serde::Serialize;

use crate::domain::ids::Owner;
use crate::domain::meter::Meter;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, ProfileRow};
use crate::report::csv::cell_text;
use crate::report::lint;
use crate::report::table::{Column, render};

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// A profile with its owner.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    owner: &'a Owner,
    profile: &'a ProfileRow,
    tag: &'a str,
}

#[derive(Serialize)]
struct ProfilesJson {
    schema: u32,
    profiles: Vec<ProfileJson>,
}

#[derive(Serialize)]
struct ProfileJson {
    tenant: String,
    scope: String,
    profile: String,
    name: String,
    kind: &'static str,
    model: Option<String>,
    reach: &'static str,
    tier: &'static str,
    deleted: bool,
    invocations: u64,
    tokens: u64,
    unpriced_tokens: u64,
    cost_usd: Option<String>,
    faults: Vec<String>,
}

/// The profiles of a view, the dearest first. `tag` is the key that tenants should have.
#[must_use]
pub fn rows<'a>(view: &'a FleetView, tag: &'a str) -> Vec<Row<'a>> {
    let of_tenants =
        view.tenants.iter().flat_map(|row| row.profiles.iter().map(|profile| Row { owner: &row.owner, profile, tag }));
    let mut rows: Vec<Row<'_>> = of_tenants.collect();
    rows.sort_by(|a, b| {
        let (mine, theirs) = (&a.profile.usage, &b.profile.usage);
        let by_cost = theirs.cost.likely.cmp(&mine.cost.likely);
        by_cost
            .then_with(|| theirs.counts.tokens().cmp(&mine.counts.tokens()))
            .then_with(|| a.profile.key.cmp(&b.profile.key))
    });
    rows
}

/// One line a profile.
#[must_use]
pub fn table(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return "no profiles yet\n".to_owned();
    }
    let columns = [
        Column::left("TENANT"),
        Column::left("PROFILE"),
        Column::left("KIND"),
        Column::left("MODEL"),
        Column::left("REACH"),
        Column::right("TOKENS"),
        Column::right("COST"),
        Column::left("SCOPE AND ID"),
    ];
    let line = |row: &Row<'_>| {
        let profile = row.profile;
        vec![
            printable(row.owner.name()),
            printable(&profile.name),
            row.kind().to_owned(),
            profile.model.as_ref().map_or("unknown".to_owned(), |model| printable(model.as_str())),
            profile.reach.name().to_owned(),
            profile.usage.counts.tokens().to_string(),
            profile.usage.known_cost().map_or("unpriced".to_owned(), |cost| cost.likely.to_string()),
            printable(&format!("{} {}", profile.key.scope, profile.key.id)),
        ]
    };
    render(&columns, rows.iter().map(line))
}

/// The profiles as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn json(rows: &[Row<'_>]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&ProfilesJson {
        schema: SCHEMA,
        profiles: rows.iter().map(ProfileJson::new).collect(),
    })
}

/// The profiles as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(rows: &[Row<'_>]) -> csv::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "tenant",
        "scope",
        "profile",
        "name",
        "kind",
        "model",
        "reach",
        "tier",
        "invocations",
        "tokens",
        "unpriced_tokens",
        "cost_usd",
        "faults",
    ])?;
    for row in rows {
        let json = ProfileJson::new(row);
        writer.write_record([
            cell_text(&json.tenant),
            cell_text(&json.scope),
            cell_text(&json.profile),
            cell_text(&json.name),
            json.kind.to_owned(),
            cell_text(&json.model.unwrap_or_default()),
            json.reach.to_owned(),
            json.tier.to_owned(),
            json.invocations.to_string(),
            json.tokens.to_string(),
            json.unpriced_tokens.to_string(),
            json.cost_usd.unwrap_or_default(),
            json.faults.join("; "),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl ProfileJson {
    fn new(row: &Row<'_>) -> Self {
        let profile = row.profile;
        Self {
            tenant: printable(row.owner.name()),
            scope: printable(profile.key.scope.as_str()),
            profile: printable(profile.key.id.as_str()),
            name: printable(&profile.name),
            kind: row.kind(),
            model: profile.model.as_ref().map(|model| printable(model.as_str())),
            reach: profile.reach.name(),
            tier: profile.tier.name(),
            deleted: profile.deleted,
            invocations: profile.usage.counts.sum_of(Meter::Invocations),
            tokens: profile.usage.counts.tokens(),
            unpriced_tokens: profile.usage.unpriced_tokens,
            cost_usd: profile.usage.known_cost().map(|cost| cost.likely.to_exact_string()),
            faults: row.faults(),
        }
    }
}

impl Row<'_> {
    fn kind(&self) -> &'static str {
        if self.profile.deleted { "deleted" } else { self.profile.kind.name() }
    }

    /// What someone should mend.
    fn faults(&self) -> Vec<String> {
        lint::findings(self.owner, self.profile, self.tag).into_iter().map(|finding| finding.text).collect()
    }
}
