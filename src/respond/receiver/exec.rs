//! A program of the user: how a tenant is throttled, and let go again.
//!
//! No shell is between: what comes from outside is JSON on its standard input and the values of environment variables,
//! never a part of a command.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use serde_json::json;

use crate::config::Exec;
use crate::respond::event::{Event, SCHEMA, clipped};
use crate::respond::letter::{Action, Job, Letter, Verdict};
use crate::respond::process::{self, Ended, How, Run};
use crate::respond::receiver::Context;
use crate::respond::receiver::audit::Audit;

/// Where programs are looked for by a script, unless `env` passes bedtop's own.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How much of its output is told.
const LONGEST_NOTE: usize = 200;

/// Runs the program for the newest event of a letter, or what takes its work back.
pub(super) async fn tell(exec: &Exec, job: &Job, context: &Context<'_>, runs: &Audit) -> Verdict {
    let Some(event) = job.letter.events.last() else { return Verdict::Skipped("it tells nothing".to_owned()) };
    let reverts = reverts(&job.letter, event);
    let Some(command) = (if reverts { exec.revert.as_ref() } else { Some(&exec.command) }) else {
        return Verdict::Skipped("there is no `revert` to run".to_owned());
    };
    let environment = environment(exec, &job.letter, event);
    if exec.dry_run {
        let note = format!("dry run: would run {}", clipped(&command.join(" "), LONGEST_NOTE));
        return Verdict::Delivered { note: Some(note), memo: None, ran: false };
    }
    let input = json!({ "schema": SCHEMA, "key": job.letter.key, "action": action(reverts), "event": event });
    let run =
        Run { command, cwd: &exec.cwd, environment, input: input.to_string().into_bytes(), timeout: context.timeout };
    let ended = process::run(&run).await;
    let told = ended.as_ref().map_or_else(|error| json!(error.to_string()), |ended| json!(describe(ended)));
    let output = ended.as_ref().map_or("", |ended| ended.output.as_str());
    let line = json!({
        "at": context.now, "receiver": job.letter.receiver, "key": job.letter.key, "action": action(reverts),
        "command": command, "alert": event.fingerprint, "ended": told, "output": output,
    });
    // That the run cannot be written down is no reason to run it again.
    let noted = runs.append(line.to_string()).await;
    verdict(ended, noted.err())
}

fn verdict(ended: std::io::Result<Ended>, unnoted: Option<String>) -> Verdict {
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            return Verdict::Refused(format!("could not start it: {error}; check `command` and `cwd`"));
        }
        Err(error) => return Verdict::retry(format!("could not start it: {error}")),
    };
    let output = clipped(ended.output.trim(), LONGEST_NOTE);
    let told = [Some(describe(&ended)), Some(output).filter(|output| !output.is_empty()), unnoted];
    let note = told.into_iter().flatten().collect::<Vec<_>>().join(": ");
    match ended.how {
        How::Code(0) => Verdict::Delivered { note: Some(note), memo: None, ran: true },
        // It may have done a part of its work.
        _ => Verdict::Retry { why: note, after: None, maybe_received: true },
    }
}

fn describe(ended: &Ended) -> String {
    match ended.how {
        How::Code(code) => format!("exit code {code}"),
        How::Signal => "ended by a signal".to_owned(),
        How::TooLong => "killed: it took too long".to_owned(),
    }
}

/// Whether the work is to be taken back.
fn reverts(letter: &Letter, event: &Event) -> bool {
    letter.action == Action::Revert || event.is_end()
}

fn action(reverts: bool) -> &'static str {
    if reverts { "revert" } else { "run" }
}

/// The whole environment of the program: what the config passes on, and the event.
pub(super) fn environment(exec: &Exec, letter: &Letter, event: &Event) -> BTreeMap<String, String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let own = [
        ("KEY", letter.key.clone()),
        ("ACTION", action(reverts(letter, event)).to_owned()),
        ("RECEIVER", letter.receiver.clone()),
        ("EVENT_ID", event.id.clone()),
        ("FINGERPRINT", event.fingerprint.clone()),
        ("KIND", event.kind.name().to_owned()),
        ("SIGNAL", event.signal.name().to_owned()),
        ("LEVEL", event.level.name().to_owned()),
        ("PREVIOUS", event.previous.name().to_owned()),
        ("TENANT", text(&event.tenant)),
        ("POOL", text(&event.pool)),
        ("BUDGET", text(&event.budget)),
        ("SCOPE", text(&event.scope.name)),
        ("MODEL", text(&event.scope.model)),
        ("REASON", event.reason.clone()),
        ("SUMMARY", event.headline()),
        ("TEST", if event.test { "1" } else { "" }.to_owned()),
    ];
    let passed = exec.env.iter().filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)));
    let own = own.map(|(name, value)| (format!("BEDTOP_{name}"), value));
    let path = ("PATH".to_owned(), PATH.to_owned());
    std::iter::once(path).chain(passed).chain(own).collect()
}

#[cfg(test)]
mod tests;
