//! What `bedtop config check` looks at beyond the file: that secrets are there and programs can run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::{Exec, ReceiverKind, Responses, Slack, Source, safe_url};
use crate::respond::secret;

/// Everything that would keep a receiver from being told, one line each. No secret is in it.
#[must_use]
pub fn check(responses: &Responses) -> Vec<String> {
    let mut faults = Vec::new();
    for receiver in &responses.receivers {
        let of_kind = faults_of(&receiver.kind);
        faults.extend(of_kind.into_iter().map(|fault| format!("receiver `{}`: {fault}", receiver.name)));
        if !is_reached(responses, &receiver.name, &receiver.kind) {
            faults.push(format!("receiver `{}`: no [[route]] leads to it, so that it is never told", receiver.name));
        }
    }
    faults
}

fn is_reached(responses: &Responses, name: &str, kind: &ReceiverKind) -> bool {
    let leads_there = |route: &crate::config::Route| {
        let escalates = route.escalation.as_ref().is_some_and(|escalation| escalation.receiver == name);
        escalates || route.receivers.iter().any(|receiver| receiver == name)
    };
    matches!(kind, ReceiverKind::Heartbeat(_)) || responses.routes.iter().any(leads_there)
}

fn faults_of(kind: &ReceiverKind) -> Vec<String> {
    match kind {
        ReceiverKind::Log(_) | ReceiverKind::Bell | ReceiverKind::Sns(_) => Vec::new(),
        ReceiverKind::Webhook(hook) | ReceiverKind::AlertmanagerWebhook(hook) => {
            address(&hook.url).chain(secrets([hook.secret.as_ref(), hook.token.as_ref()])).collect()
        }
        ReceiverKind::Alertmanager(manager) => address(&manager.url).chain(secrets([manager.token.as_ref()])).collect(),
        ReceiverKind::Slack(Slack::Webhook(url)) => address(url).collect(),
        ReceiverKind::Slack(Slack::Bot { token, .. }) => secrets([Some(token)]).collect(),
        ReceiverKind::PagerDuty(service) => secrets([Some(&service.routing_key)]).collect(),
        ReceiverKind::Exec(exec) => programs(exec),
        ReceiverKind::Heartbeat(heartbeat) => address(&heartbeat.url).collect(),
    }
}

fn address(source: &Source) -> impl Iterator<Item = String> {
    let checked = secret::read(source).and_then(|url| safe_url(url.reveal()).map(drop));
    checked.err().into_iter()
}

fn secrets<const N: usize>(sources: [Option<&Source>; N]) -> impl Iterator<Item = String> {
    sources.into_iter().flatten().filter_map(|source| secret::read(source).err())
}

fn programs(exec: &Exec) -> Vec<String> {
    let commands = [Some(&exec.command), exec.revert.as_ref()];
    let mut faults: Vec<String> =
        commands.into_iter().flatten().filter_map(|command| program(Path::new(command.first()?)).err()).collect();
    if !exec.cwd.is_dir() {
        faults.push(format!("{} is not a folder that it could run in", exec.cwd.display()));
    }
    faults
}

fn program(path: &Path) -> Result<(), String> {
    let facts = fs::metadata(path).map_err(|error| format!("{} cannot be run: {error}", path.display()))?;
    let mode = facts.permissions().mode();
    if !facts.is_file() || mode & 0o111 == 0 {
        return Err(format!("{} is not a program: make it executable, chmod +x", path.display()));
    }
    if mode & 0o002 != 0 {
        return Err(format!("{} can be changed by everyone: chmod o-w", path.display()));
    }
    Ok(())
}
