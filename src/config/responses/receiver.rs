//! `[[receiver]]`, a function a kind.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::config::reader::Table;
use crate::config::responses::{
    Alertmanager, Exec, Heartbeat, Hook, LogFile, PagerDuty, Receiver, ReceiverKind, Slack, Sns, Source, safe_url,
};
use crate::config::{scopes, values};
use crate::domain::arn::Arn;

/// The kinds by the word in the file.
#[derive(Clone, Copy)]
enum Kind {
    Log,
    Bell,
    Webhook,
    AlertmanagerWebhook,
    Alertmanager,
    Slack,
    PagerDuty,
    Sns,
    Exec,
    Heartbeat,
}

const KINDS: [(&str, Kind); 10] = [
    ("log", Kind::Log),
    ("bell", Kind::Bell),
    ("webhook", Kind::Webhook),
    ("alertmanager_webhook", Kind::AlertmanagerWebhook),
    ("alertmanager", Kind::Alertmanager),
    ("slack", Kind::Slack),
    ("pagerduty", Kind::PagerDuty),
    ("sns", Kind::Sns),
    ("exec", Kind::Exec),
    ("heartbeat", Kind::Heartbeat),
];

const URL: [&str; 3] = ["url", "url_env", "url_file"];
const SECRET: [&str; 2] = ["secret_env", "secret_file"];
const TOKEN: [&str; 2] = ["token_env", "token_file"];
const ROUTING_KEY: [&str; 2] = ["routing_key_env", "routing_key_file"];
/// Megabytes of the audit log.
const MEGABYTE: i64 = 1_000_000;

/// Reads a receiver.
pub(super) fn receiver(table: Table<'_>) -> Option<Receiver> {
    let name = table.require("name", values::text);
    let kind = table.require("kind", values::choice(&KINDS));
    let timeout = table.get("timeout", values::duration("1s", "10m"));
    let per_minute = table.get("per_minute", values::whole(1, 6000)).unwrap_or(60);
    let retry_for = table.get("retry_for", values::duration("1m", "7d"));
    let is_program = matches!(kind, Some(Kind::Exec));
    let read = kind.map(|kind| read_kind(&table, kind));
    table.finish();
    Some(Receiver {
        name: name?,
        kind: read??,
        timeout: timeout.unwrap_or(SignedDuration::from_secs(if is_program { 60 } else { 10 })),
        per_minute: u32::try_from(per_minute).unwrap_or(60),
        retry_for: retry_for.unwrap_or(SignedDuration::from_hours(6)),
    })
}

fn read_kind(table: &Table<'_>, kind: Kind) -> Option<ReceiverKind> {
    match kind {
        Kind::Log => Some(ReceiverKind::Log(log(table))),
        Kind::Bell => Some(ReceiverKind::Bell),
        Kind::Webhook => hook(table).map(ReceiverKind::Webhook),
        Kind::AlertmanagerWebhook => hook(table).map(ReceiverKind::AlertmanagerWebhook),
        Kind::Alertmanager => alertmanager(table).map(ReceiverKind::Alertmanager),
        Kind::Slack => slack(table).map(ReceiverKind::Slack),
        Kind::PagerDuty => pager_duty(table).map(ReceiverKind::PagerDuty),
        Kind::Sns => sns(table).map(ReceiverKind::Sns),
        Kind::Exec => exec(table).map(ReceiverKind::Exec),
        Kind::Heartbeat => heartbeat(table).map(ReceiverKind::Heartbeat),
    }
}

fn log(table: &Table<'_>) -> LogFile {
    LogFile {
        path: table.get("path", |value| absolute(&values::text(value)?)),
        max_bytes: table.get("max_mb", values::whole(1, 10_000)).unwrap_or(10).saturating_mul(MEGABYTE).cast_unsigned(),
        keep: table.get("keep", values::whole(0, 100)).and_then(|keep| u32::try_from(keep).ok()).unwrap_or(5),
    }
}

fn hook(table: &Table<'_>) -> Option<Hook> {
    let (secret, token) = (secret(table, SECRET), secret(table, TOKEN));
    Some(Hook { url: address(table)?, secret, token })
}

fn alertmanager(table: &Table<'_>) -> Option<Alertmanager> {
    let token = secret(table, TOKEN);
    let refresh = table.get("refresh", values::duration("15s", "5m")).unwrap_or(SignedDuration::from_mins(1));
    Some(Alertmanager { url: address(table)?, token, refresh })
}

fn slack(table: &Table<'_>) -> Option<Slack> {
    let url = secret(table, ["url_env", "url_file"]);
    let token = secret(table, TOKEN);
    let channel = table.get("channel", values::text);
    let api_url = table.get("api_url", |value| safe_url(&values::text(value)?));
    let api_url = api_url.unwrap_or_else(|| "https://slack.com/api".to_owned());
    match (url, token, channel) {
        (Some(url), None, None) => Some(Slack::Webhook(url)),
        (None, Some(token), Some(channel)) => Some(Slack::Bot { token, channel, api_url }),
        _ => {
            table.fault(
                "Slack needs `url_env` or `url_file` for an incoming webhook, or `token_env` or `token_file` with \
                 `channel` for a bot",
            );
            None
        }
    }
}

fn pager_duty(table: &Table<'_>) -> Option<PagerDuty> {
    let url = table.get("url", |value| safe_url(&values::text(value)?));
    let url = url.unwrap_or_else(|| "https://events.pagerduty.com/v2/enqueue".to_owned());
    let routing_key = secret(table, ROUTING_KEY);
    if routing_key.is_none() {
        table.fault("`routing_key_env` or `routing_key_file` is missing here: it names where the integration key is");
    }
    Some(PagerDuty { routing_key: routing_key?, url })
}

fn sns(table: &Table<'_>) -> Option<Sns> {
    let topic_arn = table.require("topic_arn", |value| topic(&values::text(value)?));
    let profile = table.get("profile", values::text);
    let endpoint_url = table.get("endpoint_url", |value| scopes::endpoint(&values::text(value)?));
    Some(Sns { topic_arn: topic_arn?, profile, endpoint_url })
}

fn exec(table: &Table<'_>) -> Option<Exec> {
    let command = table.require("command", |value| program(values::texts(value)?));
    let revert = table.get("revert", |value| program(values::texts(value)?));
    let ttl = table.get("ttl", values::duration("1m", "30d"));
    if ttl.is_some() && revert.is_none() {
        table.fault_of("ttl", "there is no `revert` to run after it: add one, or leave this out");
    }
    let exec = Exec {
        command: command?,
        revert,
        cwd: table.get("cwd", |value| absolute(&values::text(value)?)).unwrap_or_else(|| PathBuf::from("/")),
        env: table.get("env", |value| values::texts(value)?.into_iter().map(variable).collect()).unwrap_or_default(),
        ttl,
        cooldown: table.get("cooldown", values::duration("0s", "7d")).unwrap_or(SignedDuration::from_mins(15)),
        per_hour: table.get("per_hour", values::whole(1, 1000)).and_then(|most| u32::try_from(most).ok()).unwrap_or(10),
        dry_run: table.get("dry_run", values::flag).unwrap_or(false),
        allow_fallback_price: table.get("allow_fallback_price", values::flag).unwrap_or(false),
    };
    Some(exec)
}

fn heartbeat(table: &Table<'_>) -> Option<Heartbeat> {
    let interval = table.get("interval", values::duration("15s", "1d")).unwrap_or(SignedDuration::from_mins(1));
    Some(Heartbeat { url: address(table)?, interval })
}

/// An address, in the file or where a secret may be.
fn address(table: &Table<'_>) -> Option<Source> {
    let plain = table.get(URL[0], |value| safe_url(&values::text(value)?)).map(Source::Plain);
    one_of(table, [plain, environment(table, URL[1]), file(table, URL[2])], &URL, true)
}

/// A secret, which is never in the file.
fn secret(table: &Table<'_>, [env, path]: [&'static str; 2]) -> Option<Source> {
    one_of(table, [environment(table, env), file(table, path)], &[env, path], false)
}

fn environment(table: &Table<'_>, key: &'static str) -> Option<Source> {
    table.get(key, |value| variable(values::text(value)?)).map(Source::Env)
}

fn file(table: &Table<'_>, key: &'static str) -> Option<Source> {
    table.get(key, |value| absolute(&values::text(value)?)).map(Source::File)
}

fn one_of<const N: usize>(
    table: &Table<'_>,
    given: [Option<Source>; N],
    keys: &[&'static str],
    is_required: bool,
) -> Option<Source> {
    let mut given = given.into_iter().flatten();
    let first = given.next();
    if given.next().is_some() {
        table.fault(format!("{} say the same thing: keep one", list(keys)));
    }
    if first.is_none() && is_required && !keys.iter().any(|key| table.has(key)) {
        table.fault(format!("one of {} is missing here", list(keys)));
    }
    first
}

fn list(keys: &[&'static str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

fn variable(name: String) -> Result<String, String> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name && !name.starts_with(|first: char| first.is_ascii_digit()) {
        Ok(name)
    } else {
        Err("this is not the name of an environment variable: write its name here, never the secret itself".to_owned())
    }
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_absolute() { Ok(path.into()) } else { Err(format!("`{path}` is not an absolute path")) }
}

fn program(words: Vec<String>) -> Result<Vec<String>, String> {
    if words.iter().any(|word| word.contains('\0')) {
        return Err("a word of a command cannot hold a zero byte".to_owned());
    }
    absolute(&words[0])?;
    Ok(words)
}

fn topic(text: &str) -> Result<String, String> {
    let is_topic = Arn::parse(text).is_some_and(|arn| arn.service == "sns" && !arn.region.is_empty());
    if is_topic {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not the ARN of a topic: write for example arn:aws:sns:us-east-1:111122223333:alerts"))
}
