//! Looks at everything that bedtop depends on, each by itself, so that one fault does not hide another.

mod profiles;

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::config::{Config, Effective, Scope};
use crate::cost::PriceBook;
use crate::domain::history::History;
use crate::domain::tenancy::{TenantRules, matches_pattern};
use crate::domain::view::Mode;
use crate::history::{Store, StoreError};
use crate::link::place;
use crate::report::doctor::Finding;
use crate::run::{logging, scopes, setup};
use crate::source::SourceErrorKind;
use crate::source::aws::{AwsSource, Diagnosis, Probe};
use crate::term::capability::{Capability, ColorDepth, GlyphSet};

/// From this age on the price book is told to be old, in days.
const OLD_PRICES_DAYS: i64 = 120;

/// What is found on this machine: config, history, log, prices, terminal.
#[must_use]
pub fn this_machine(
    effective: &Effective,
    environment: impl Fn(&str) -> Option<String>,
    size: Option<(u16, u16)>,
    now: Timestamp,
) -> Vec<Finding> {
    let config = &effective.config;
    vec![
        config_file(effective),
        history(config),
        socket(config, &environment),
        log(config),
        prices(now),
        quotas(config),
        terminal(environment, size),
    ]
}

/// What AWS answers for every scope, one after the other.
pub async fn aws(config: &Config, now: Timestamp) -> Vec<Finding> {
    let rules = setup::policy(config, Mode::Live, PriceBook::embedded()).tenancy;
    let mut findings = Vec::new();
    for (scope, mut source) in config.scopes.iter().zip(scopes::sources(&config.scopes)) {
        findings.extend(of_scope(scope, &mut source, &rules, now).await);
    }
    findings
}

async fn of_scope(scope: &Scope, source: &mut AwsSource, rules: &TenantRules, now: Timestamp) -> Vec<Finding> {
    let name = scope.name.as_str();
    let Diagnosis { region, probes, clock } = source.diagnose(now).await;
    let credentials = format!("{name}: credentials");
    let mut findings: Vec<Finding> = Vec::new();
    let refused = probes.iter().find_map(no_credentials);
    match refused {
        Some((message, remedy)) => findings.push(Finding::fault(&credentials, message, remedy)),
        None => findings.push(Finding::ok(&credentials, format!("accepted in {}", region.unwrap_or_default()))),
    }
    findings.extend(probes.iter().filter(|probe| no_credentials(probe).is_none()).map(|probe| permission(name, probe)));
    findings.push(match clock {
        Some(notice) => Finding::fault(&format!("{name}: clock"), notice, ""),
        None => Finding::ok(&format!("{name}: clock"), "agrees with that of AWS"),
    });
    if refused.is_none() {
        findings.extend(profiles::findings(name, source, rules, now).await);
    }
    findings
}

/// Message and remedy of a request that failed for its credentials, whatever it asked for.
fn no_credentials(probe: &Probe) -> Option<(&str, &str)> {
    let error = probe.outcome.as_ref().err()?;
    let is_about_them = matches!(error.kind, SourceErrorKind::Credentials | SourceErrorKind::Expired);
    is_about_them.then_some((error.message.as_str(), error.remedy.as_str()))
}

fn permission(scope: &str, probe: &Probe) -> Finding {
    let subject = format!("{scope}: {}", probe.action);
    match &probe.outcome {
        Ok(found) => Finding::ok(&subject, found),
        // Both ways to read tags are asked for, and one is enough.
        Err(error) if probe.action == "tag:GetResources" => {
            let detail = format!("{}; tags are read one by one, slowly", error.message);
            Finding::note(&subject, detail, &error.remedy)
        }
        Err(error) => Finding::fault(&subject, &error.message, &error.remedy),
    }
}

fn config_file(effective: &Effective) -> Finding {
    match &effective.file {
        Some(path) => Finding::ok("config", format!("{}: no faults", path.display())),
        None => Finding::ok("config", "no file, the defaults hold (`bedtop config init` writes one)"),
    }
}

fn history(config: &Config) -> Finding {
    let path = &config.store.path;
    if !Store::exists(path) {
        return writable("history", path, "none yet, its folder can be made");
    }
    match Store::open(path, &setup::store_options(config)) {
        Ok(store) => opened(&store, path),
        Err(StoreError::Locked(_)) => {
            Finding::ok("history", format!("{}: in use by a bedtop that runs", path.display()))
        }
        Err(error) => Finding::fault("history", error.to_string(), "see docs/history.md"),
    }
}

fn opened(store: &Store, path: &Path) -> Finding {
    let newest = store.newest_poll().map_or("nothing polled yet".to_owned(), |at| format!("newest poll {at}"));
    let detail = format!("{}: {} profiles, {newest}", path.display(), store.profiles().len());
    match store.faults().first() {
        Some(fault) => Finding::fault("history", format!("{detail}; {fault}"), "see docs/history.md"),
        None => Finding::ok("history", detail),
    }
}

/// Where panes meet the owner; nothing is made.
fn socket(config: &Config, environment: impl Fn(&str) -> Option<String>) -> Finding {
    let folder = place::folder(&environment);
    let above = folder.parent().unwrap_or(Path::new("/"));
    if !above.is_dir() {
        let remedy = "log in so that it is made (`loginctl enable-linger` for a service), or unset XDG_RUNTIME_DIR";
        return Finding::fault("socket", format!("there is no folder {}", above.display()), remedy);
    }
    if folder.symlink_metadata().is_err() {
        return writable("socket", above, &format!("{}: none yet, its folder can be made", folder.display()));
    }
    if let Err(error) = place::check(&folder) {
        return Finding::fault("socket", error.to_string(), "until then every pane needs a history of its own");
    }
    let served = place::socket(&config.store.path, environment).filter(|socket| place::is_served(socket));
    match served {
        Some(socket) => Finding::ok("socket", format!("{}: a bedtop that runs answers", socket.display())),
        None => Finding::ok("socket", format!("{}: ours alone, nobody serves this history now", folder.display())),
    }
}

/// What AWS allows of models is not asked: the config says it.
fn quotas(config: &Config) -> Finding {
    let is_known = |pattern: &str| config.scopes.iter().any(|scope| matches_pattern(pattern, scope.name.as_str()));
    if let Some(lost) = config.quotas.iter().find(|quota| !is_known(&quota.scope)) {
        let detail = format!("the quota of {} is for scope {}, which is none", lost.model, lost.scope);
        return Finding::fault("quota", detail, "name one of the scopes, or leave `scope` out");
    }
    if config.quotas.is_empty() {
        let remedy = "write a [[quota]] with tpm and rpm as the console of Service Quotas shows them";
        return Finding::note("quota", "none known: only throttles tell that a model is at its limit", remedy);
    }
    Finding::ok("quota", format!("{} in the config", config.quotas.len()))
}

fn log(config: &Config) -> Finding {
    let folder = logging::folder(config);
    writable("log", &folder, &format!("{}: can be written", folder.display()))
}

/// Whether a folder, or the nearest one above it that there is, can be written to.
fn writable(subject: &str, folder: &Path, detail: &str) -> Finding {
    let Some(there) = folder.ancestors().find(|ancestor| ancestor.is_dir()) else {
        return Finding::fault(subject, format!("{} has no folder above it", folder.display()), "choose another path");
    };
    let trial = there.join(format!(".bedtop-{}", std::process::id()));
    match fs::write(&trial, b"").and_then(|()| fs::remove_file(&trial)) {
        Ok(()) => Finding::ok(subject, detail),
        Err(error) => {
            let remedy = format!("make {} writable, or choose another folder with --store", there.display());
            Finding::fault(subject, format!("could not write in {}: {error}", there.display()), remedy)
        }
    }
}

fn prices(now: Timestamp) -> Finding {
    let book = PriceBook::embedded();
    let Some(&newest) = book.change_times().iter().filter(|&&at| at <= now).max() else {
        return Finding::note("prices", "no price has begun yet: all costs are estimated", "set the clock");
    };
    let days = now.duration_since(newest).as_hours() / 24;
    let detail = format!("{} models, as of {}", book.model_count(), newest.strftime("%Y-%m-%d"));
    if days > OLD_PRICES_DAYS {
        return Finding::note("prices", format!("{detail}, {days} days old"), "a newer bedtop has newer prices");
    }
    Finding::ok("prices", detail)
}

fn terminal(environment: impl Fn(&str) -> Option<String>, size: Option<(u16, u16)>) -> Finding {
    let in_tmux = environment("TMUX").is_some_and(|value| !value.is_empty());
    let term = environment("TERM").unwrap_or_default();
    let Capability { depth, glyphs, .. } = Capability::detect(environment);
    let colors = match depth {
        ColorDepth::Mono => "no colours",
        ColorDepth::Ansi16 => "16 colours",
        ColorDepth::Ansi256 => "256 colours",
        ColorDepth::TrueColor => "24-bit colours",
    };
    let drawn = match glyphs {
        GlyphSet::Braille => "braille",
        GlyphSet::Block => "block",
        GlyphSet::Ascii => "ASCII",
    };
    let size = size.map_or("not a terminal".to_owned(), |(width, height)| format!("{width}x{height}"));
    let tmux = if in_tmux { ", in tmux" } else { "" };
    let detail = format!("{term}{tmux}, {size}, {colors}, {drawn} charts");
    match glyphs {
        GlyphSet::Ascii if depth != ColorDepth::Mono => {
            Finding::note("terminal", detail, "a UTF-8 locale (LANG=C.UTF-8) gives finer charts")
        }
        _ => Finding::ok("terminal", detail),
    }
}
