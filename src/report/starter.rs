//! The first config file: the commented example with what was found in the account, each value with its why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::config::{Config, EXAMPLE};
use crate::domain::arn::Arn;
use crate::domain::ids::{Owner, TenantId};
use crate::domain::profile::Profile;
use crate::domain::tenancy::{TenantRules, folded, tag_value};
use crate::domain::text::printable;

/// How many tag keys, tenants and plans are told by name.
const MOST_NAMED: usize = 20;
/// What is in the name of a tag that tells a customer or team, the likeliest first.
const LIKE_A_TENANT: [&str; 8] =
    ["tenant", "customer", "client", "team", "department", "project", "costcenter", "application"];

/// What a look at the account found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The region that the AWS CLI would choose.
    pub home: Option<String>,
    /// Regions that answered, with their application inference profiles.
    pub regions: Vec<(String, Vec<Profile>)>,
    /// Regions that could not be looked at, and why.
    pub silent: Vec<(String, String)>,
    /// The AWS profile of the command line.
    pub profile: Option<String>,
    /// The endpoint of the command line.
    pub endpoint_url: Option<String>,
    /// The region of the command line: no other was looked at.
    pub region: Option<String>,
}

/// The file, and in a line what is in it.
#[derive(Clone, Debug)]
pub struct Starter {
    /// The file.
    pub text: String,
    /// What was found.
    pub summary: String,
}

/// The example alone, with the reason why nothing could be found out.
#[must_use]
pub fn without(why: &str) -> Starter {
    let head = format!("# Nothing was found out by looking at AWS: {}\n", printable(why));
    Starter { text: format!("{head}{EXAMPLE}"), summary: format!("nothing was found out: {}", printable(why)) }
}

/// The example with what was found.
#[must_use]
pub fn with(found: &Found, at: Timestamp) -> Starter {
    let defaults = Config::with_defaults(PathBuf::new());
    let profiles: Vec<&Profile> = found.regions.iter().flat_map(|(_, profiles)| profiles).collect();
    let keys = keys_in_use(&profiles);
    let tenants = tenant_keys(&keys, &defaults.tenant_tags);
    let plans = plan_keys(&keys, &defaults.plan_tags);
    let rules = TenantRules { tag_keys: tenants.keys.clone(), ..TenantRules::default() };
    let owners = owners(&profiles, &rules, &plans.keys);
    let in_use = format!("# Tags in use: {}.\n", keys_text(&keys, profiles.len()));
    let mut text = format!("{}\n", head(found, profiles.len(), at));
    for line in EXAMPLE.lines() {
        match line {
            line if line.starts_with("tenant_tags = ") && !keys.is_empty() => {
                let _ = write!(text, "{in_use}# {}\ntenant_tags = {}\n", tenants.why, list(&tenants.keys));
            }
            line if line.starts_with("plan_tags = ") && !keys.is_empty() => {
                let _ = write!(text, "# {}\nplan_tags = {}\n", plans.why, list(&plans.keys));
            }
            line => {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text.push_str(&scopes(found));
    text.push_str(&tenants_text(&owners));
    text.push_str(&plans_text(&owners));
    Starter { text, summary: summary(found, profiles.len(), &owners) }
}

/// A tag key: how many profiles have it, and with which values.
#[derive(Clone, Debug)]
struct Key {
    name: String,
    profiles: usize,
    values: BTreeSet<String>,
}

/// What is known of a tenant.
#[derive(Clone, Debug, Default)]
struct Known {
    profiles: usize,
    plan: Option<String>,
}

/// Tag keys for a setting, and why these.
struct Chosen {
    keys: Vec<String>,
    why: String,
}

/// Keys that can be written as they are, those of the most profiles first. AWS's own say nothing of tenants.
fn keys_in_use(profiles: &[&Profile]) -> Vec<Key> {
    let mut keys: BTreeMap<&str, Key> = BTreeMap::new();
    for (name, value) in profiles.iter().flat_map(|profile| &profile.tags) {
        if name.starts_with("aws:") || name.trim().is_empty() || printable(name) != *name {
            continue;
        }
        let new = || Key { name: name.clone(), profiles: 0, values: BTreeSet::new() };
        let key = keys.entry(name).or_insert_with(new);
        key.profiles += 1;
        key.values.insert(value.trim().to_owned());
    }
    let mut keys: Vec<Key> = keys.into_values().collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.profiles));
    keys
}

/// Keys of the default that are in use come first; else the likeliest one is put before them.
fn tenant_keys(keys: &[Key], defaults: &[String]) -> Chosen {
    if let Some(chosen) = known_keys(keys, defaults) {
        return chosen;
    }
    let like = LIKE_A_TENANT.iter().find_map(|part| keys.iter().find(|key| folded(&key.name).contains(part)));
    match like {
        Some(key) => {
            let why = format!("`{}` is not a usual key, but the likeliest one that is in use: check it.", key.name);
            Chosen { keys: std::iter::once(key.name.clone()).chain(defaults.iter().cloned()).collect(), why }
        }
        None => Chosen { keys: defaults.to_vec(), why: "None of them looks like a tenant: name one here.".to_owned() },
    }
}

fn plan_keys(keys: &[Key], defaults: &[String]) -> Chosen {
    if let Some(chosen) = known_keys(keys, defaults) {
        return chosen;
    }
    match keys.iter().find(|key| folded(&key.name).contains("plan")) {
        Some(key) => {
            let why = format!("`{}` is not a usual key, but the likeliest one that is in use: check it.", key.name);
            Chosen { keys: std::iter::once(key.name.clone()).chain(defaults.iter().cloned()).collect(), why }
        }
        None => Chosen { keys: defaults.to_vec(), why: "No tag in use looks like a plan.".to_owned() },
    }
}

/// The default keys in their order, those in use as they are written there and first.
fn known_keys(keys: &[Key], defaults: &[String]) -> Option<Chosen> {
    let mut chosen: Vec<String> = Vec::new();
    for default in defaults {
        let alike = keys.iter().filter(|key| folded(&key.name) == folded(default)).map(|key| key.name.clone());
        chosen.extend(alike.filter(|name| !chosen.contains(name)).collect::<Vec<_>>());
    }
    let in_use = chosen.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let why = match chosen.len() {
        0 => return None,
        1 => format!("{in_use} is in use and comes first."),
        _ => format!("{in_use} are in use and come first."),
    };
    let is_new = |default: &&String| chosen.iter().all(|name| folded(name) != folded(default));
    let rest: Vec<String> = defaults.iter().filter(is_new).cloned().collect();
    Some(Chosen { keys: chosen.into_iter().chain(rest).collect(), why })
}

/// Tenants with what is known of them, and what belongs to nobody.
fn owners(profiles: &[&Profile], rules: &TenantRules, plan_keys: &[String]) -> BTreeMap<Option<TenantId>, Known> {
    let mut owners: BTreeMap<Option<TenantId>, Known> = BTreeMap::new();
    for profile in profiles {
        let owner = match rules.owner(profile) {
            Owner::Tenant(tenant) => Some(tenant),
            Owner::Unattributed => None,
        };
        let known = owners.entry(owner).or_default();
        known.profiles += 1;
        let plan = || plan_keys.iter().find_map(|key| tag_value(&profile.tags, key)).map(str::to_owned);
        known.plan = known.plan.take().or_else(plan);
    }
    owners
}

fn head(found: &Found, profiles: usize, at: Timestamp) -> String {
    let day = at.strftime("%Y-%m-%d");
    let mut text = format!("# Written on {day} (UTC) with what was found in AWS: {}.", regions_text(found, profiles));
    for (region, why) in &found.silent {
        let _ = write!(text, "\n# Not looked at: {region}: {}", printable(why));
    }
    text
}

fn regions_text(found: &Found, profiles: usize) -> String {
    let used = found.regions.iter().filter(|(_, profiles)| !profiles.is_empty());
    let used: Vec<String> = used.map(|(region, profiles)| format!("{} in {region}", profiles.len())).collect();
    let looked = counted(found.regions.len(), "region");
    match used.as_slice() {
        [] => format!("no application inference profile in {looked}"),
        used => {
            let account = account(found).map(|account| format!(" of account {account}")).unwrap_or_default();
            let profiles = counted(profiles, "application inference profile");
            format!("{profiles}{account} ({}; looked at {looked})", used.join(", "))
        }
    }
}

fn account(found: &Found) -> Option<&str> {
    let first = found.regions.iter().find_map(|(_, profiles)| profiles.first())?;
    Some(Arn::parse(&first.arn)?.account).filter(|account| !account.is_empty())
}

fn keys_text(keys: &[Key], profiles: usize) -> String {
    let told = |key: &Key| {
        let values = counted(key.values.len(), "value");
        format!("{} ({} of {profiles} profiles, {values})", key.name, key.profiles)
    };
    listed(keys.iter().map(told).collect())
}

/// Each region with profiles is polled; with nothing said, the caller's own is.
fn scopes(found: &Found) -> String {
    let used: Vec<_> = found.regions.iter().filter(|(_, profiles)| !profiles.is_empty()).collect();
    let is_home = |region: &str| found.home.as_deref() == Some(region);
    let is_plain = found.profile.is_none() && found.endpoint_url.is_none() && found.region.is_none();
    if used.is_empty() || (is_plain && used.iter().all(|(region, _)| is_home(region))) {
        let home = found.home.as_deref().unwrap_or("none yet");
        return format!(
            "\n# No [[scope]] is needed: only the caller's own account and region ({home}) is to be polled.\n"
        );
    }
    let mut text = "\n# The regions with application inference profiles; only these are polled.\n".to_owned();
    for (region, profiles) in used {
        // The history of the caller's own region keeps its name with and without this file.
        let name = if is_home(region) { "default" } else { region };
        let _ = writeln!(text, "# {} here.", counted(profiles.len(), "profile"));
        let _ = writeln!(text, "[[scope]]\nname = {}\nregion = {}", quoted(name), quoted(region));
        for (key, value) in [("profile", &found.profile), ("endpoint_url", &found.endpoint_url)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {}", quoted(value));
            }
        }
    }
    text
}

fn tenants_text(owners: &BTreeMap<Option<TenantId>, Known>) -> String {
    let mut text = String::new();
    if let Some(nobody) = owners.get(&None) {
        let profiles = counted(nobody.profiles, "profile");
        let _ = writeln!(text, "\n# Nothing tells the tenant of {profiles}; `bedtop profiles --lint` lists them.");
    }
    let tenants: Vec<_> = owners.iter().filter_map(|(owner, known)| Some((owner.as_ref()?, known))).collect();
    if tenants.is_empty() {
        return text;
    }
    let count = counted(tenants.len(), "tenant");
    let _ = writeln!(text, "\n# The tags tell {count}. What is to be known beside the tags goes here, for example:");
    for (tenant, known) in tenants.iter().take(MOST_NAMED) {
        let plan = known.plan.as_ref().map(|plan| format!(", plan {}", quoted(plan))).unwrap_or_default();
        let id = quoted(tenant.as_str());
        let _ = writeln!(text, "# [[tenant]]\n# id = {id}  # {}{plan}", counted(known.profiles, "profile"));
    }
    if tenants.len() > MOST_NAMED {
        let _ = writeln!(text, "# and {} more: `bedtop tenants` lists them", tenants.len() - MOST_NAMED);
    }
    text
}

fn plans_text(owners: &BTreeMap<Option<TenantId>, Known>) -> String {
    let mut plans: BTreeMap<&str, usize> = BTreeMap::new();
    for plan in owners.iter().filter(|(owner, _)| owner.is_some()).filter_map(|(_, known)| known.plan.as_deref()) {
        *plans.entry(plan).or_default() += 1;
    }
    let mut text = String::new();
    if plans.is_empty() {
        return text;
    }
    text.push_str("\n# Plans that tenants are tagged with. What they owe is not to be found in AWS: write it and take the # away.\n");
    for (plan, tenants) in plans.iter().take(MOST_NAMED) {
        let id = quoted(plan);
        let tenants = counted(*tenants, "tenant");
        let _ = writeln!(text, "# [[plan]]\n# id = {id}  # {tenants}\n# currency = \"USD\"\n# base_fee = 0");
    }
    if plans.len() > MOST_NAMED {
        let _ = writeln!(text, "# and {} more", plans.len() - MOST_NAMED);
    }
    text
}

fn summary(found: &Found, profiles: usize, owners: &BTreeMap<Option<TenantId>, Known>) -> String {
    let tenants = counted(owners.keys().flatten().count(), "tenant");
    let plans: BTreeSet<_> = owners.values().filter_map(|known| known.plan.as_deref()).collect();
    let plans = counted(plans.len(), "plan");
    let mut text = format!("found {}; {tenants} and {plans} by tags", regions_text(found, profiles));
    if !found.silent.is_empty() {
        let _ = write!(text, "; {} could not be looked at (see the file)", counted(found.silent.len(), "region"));
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// As TOML has it; JSON's strings are TOML's as long as nothing in them is a control character.
fn quoted(text: &str) -> String {
    serde_json::to_string(&printable(text)).unwrap_or_default()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests;
