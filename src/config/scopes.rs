//! Accounts and regions: a table of the file may stand for many.

use crate::config::model::Scope;
use crate::config::reader::Table;
use crate::config::values;
use crate::domain::arn::Arn;
use crate::domain::ids::ScopeName;

/// Stands for the account in the ARN of a discovery role.
const ACCOUNT: &str = "{account}";

/// The scopes of a table: one for each of its regions and accounts.
pub(super) fn scopes(table: Table<'_>) -> Vec<Scope> {
    let name = table.require("name", values::text);
    let region = table.get("region", values::text);
    let regions = table.get("regions", values::texts);
    let accounts = table.get("accounts", |value| values::texts(value)?.into_iter().map(account).collect());
    let template = Scope {
        profile: table.get("profile", values::text),
        endpoint_url: table.get("endpoint_url", |value| endpoint(&values::text(value)?)),
        role_arn: table.get("role_arn", |value| role(&values::text(value)?)),
        external_id: table.get("external_id", values::text),
        session_name: table.get("session_name", values::text),
        discovery_role_arn: table.get("discovery_role_arn", |value| role(&values::text(value)?)),
        ..Scope::named(ScopeName::new(name.as_deref().unwrap_or_default()))
    };
    check(&table, &template, region.is_some() && regions.is_some(), accounts.is_some());
    table.finish();
    let Some(name) = name else { return Vec::new() };
    let each = |names: Option<Vec<String>>| names.map_or(vec![None], |names| names.into_iter().map(Some).collect());
    let (regions, accounts) = (each(regions), each(accounts));
    let one = |own_region: &Option<String>, account: &Option<String>| {
        let parts = [Some(name.as_str()), own_region.as_deref(), account.as_deref()];
        let in_account = |role: &String| role.replace(ACCOUNT, account.as_deref().unwrap_or_default());
        Scope {
            name: ScopeName::new(parts.into_iter().flatten().collect::<Vec<_>>().join("/")),
            region: own_region.clone().or_else(|| region.clone()),
            account: account.clone(),
            discovery_role_arn: template.discovery_role_arn.as_ref().map(in_account),
            ..template.clone()
        }
    };
    regions.iter().flat_map(|region| accounts.iter().map(|account| one(region, account))).collect()
}

/// An endpoint that requests can be sent to.
pub(super) fn endpoint(url: &str) -> Result<String, String> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() => Ok(url.to_owned()),
        _ => Err(format!("`{url}` is not a URL: write for example http://127.0.0.1:4566")),
    }
}

fn check(table: &Table<'_>, scope: &Scope, has_both: bool, has_accounts: bool) {
    if has_both {
        table.fault_of("regions", "`region` is there as well: name one region, or several here");
    }
    if scope.discovery_role_arn.is_some() && !has_accounts {
        table.fault_of(
            "discovery_role_arn",
            "it is for `accounts` seen from a monitoring account: name them, or use `role_arn`",
        );
    }
    let is_assumed = scope.role_arn.is_some() || scope.discovery_role_arn.is_some();
    for (key, value) in [("external_id", &scope.external_id), ("session_name", &scope.session_name)] {
        if value.is_some() && !is_assumed {
            table.fault_of(key, "no role is assumed: add `role_arn`, or leave this out");
        }
    }
}

fn account(text: String) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text) } else { Err(format!("`{text}` is not an account: write its 12 digits in quotes")) }
}

fn role(text: &str) -> Result<String, String> {
    let is_role = Arn::parse(text).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    if is_role {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not the ARN of a role: write for example arn:aws:iam::111122223333:role/bedtop"))
}
