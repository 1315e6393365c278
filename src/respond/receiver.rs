//! The receivers, a file a kind: what each is sent, and what its answer means.

mod alertmanager;
mod audit;
mod check;
mod exec;
mod pagerduty;
mod slack;
mod sns;
mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::watch;

use crate::config::{Exec, Receiver, ReceiverKind, Source};
use crate::domain::level::Level;
use crate::domain::notice::NoticeKind;
use crate::respond::event::{Event, SCHEMA};
use crate::respond::http::{self, Answer, Http, NoAnswer, Post};
use crate::respond::letter::{Action, Job, Letter, Verdict};
use crate::respond::router::Router;
use crate::respond::secret;

use audit::Audit;
pub use check::check;

/// The audit log in the folder of the history.
const AUDIT: &str = "log/responses.jsonl";

/// Every receiver, ready to be told.
pub struct Receivers {
    by_name: BTreeMap<String, Receiver>,
    http: Result<Http, String>,
    audit: BTreeMap<String, Audit>,
    runs: Audit,
    store: PathBuf,
    bell: watch::Sender<u64>,
}

/// What a delivery needs beside its letter.
struct Context<'a> {
    http: Result<&'a Http, String>,
    timeout: Duration,
    now: Timestamp,
}

impl Receivers {
    /// The receivers of the routes; audit logs lie in the folder of the history unless they say otherwise. What rings
    /// the bell counts up.
    #[must_use]
    pub fn new(router: &Router, store: &std::path::Path, bell: watch::Sender<u64>) -> Self {
        let by_name: BTreeMap<String, Receiver> =
            router.receivers().map(|receiver| (receiver.name.clone(), receiver.clone())).collect();
        let audit = |receiver: &Receiver| match &receiver.kind {
            ReceiverKind::Log(log) => {
                let path = log.path.clone().unwrap_or_else(|| store.join(AUDIT));
                Some((receiver.name.clone(), Audit::new(path, log.max_bytes, log.keep)))
            }
            _ => None,
        };
        Self {
            http: Http::new(),
            audit: by_name.values().filter_map(audit).collect(),
            runs: Audit::new(runs_path(store), 10_000_000, 5),
            by_name,
            store: store.to_owned(),
            bell,
        }
    }

    /// The receivers of other routes.
    #[must_use]
    pub fn of(&self, router: &Router) -> Self {
        Self::new(router, &self.store, self.bell.clone())
    }

    /// Every receiver by its name.
    pub(super) fn all(&self) -> impl Iterator<Item = &Receiver> {
        self.by_name.values()
    }

    /// Hands a letter over. It takes no longer than the receiver's limit and a few seconds.
    pub async fn tell(&self, job: &Job, now: Timestamp) -> Verdict {
        let Some(receiver) = self.by_name.get(&job.letter.receiver) else {
            return Verdict::Skipped("there is no such receiver in the config any more".to_owned());
        };
        let context = self.context(receiver, now);
        match &receiver.kind {
            ReceiverKind::Log(_) => match self.audit.get(&receiver.name) {
                Some(audit) => audit.tell(job).await,
                None => Verdict::Refused("it has no file".to_owned()),
            },
            ReceiverKind::Bell => {
                self.bell.send_modify(|rings| *rings = rings.wrapping_add(1));
                Verdict::delivered()
            }
            ReceiverKind::Webhook(hook) => webhook::tell(hook, job, &context).await,
            ReceiverKind::AlertmanagerWebhook(hook) => alertmanager::tell_webhook(hook, job, &context).await,
            ReceiverKind::Alertmanager(manager) => alertmanager::tell(manager, job, &context).await,
            ReceiverKind::Slack(slack) => slack::tell(slack, job, &context).await,
            ReceiverKind::PagerDuty(service) => pagerduty::tell(service, job, &context).await,
            ReceiverKind::Sns(topic) => sns::tell(topic, job, &context).await,
            ReceiverKind::Exec(exec) => exec::tell(exec, job, &context, &self.runs).await,
            ReceiverKind::Heartbeat(_) => Verdict::Skipped("a heartbeat is told of no alert".to_owned()),
        }
    }

    /// Sends a marked test event, and its end where one would stay open. A program is only named, never run.
    pub async fn try_out(&self, name: &str, now: Timestamp) -> Verdict {
        let Some(receiver) = self.by_name.get(name) else {
            return Verdict::Skipped("there is no such receiver".to_owned());
        };
        let begins = Event::test(now);
        let ends = Event {
            kind: NoticeKind::Resolve,
            level: Level::Green,
            previous: begins.level,
            ended_at: Some(now),
            ..begins.clone()
        };
        let mut letter = Letter::new(name, "test", Action::Tell, begins, now);
        match &receiver.kind {
            ReceiverKind::Exec(exec) => {
                let exec = Exec { dry_run: true, ..exec.clone() };
                let job = Job { letter, memo: None };
                return exec::tell(&exec, &job, &self.context(receiver, now), &self.runs).await;
            }
            ReceiverKind::Heartbeat(_) => {
                return self.beat(name, now).await.map_or_else(Verdict::retry, |()| Verdict::delivered());
            }
            ReceiverKind::PagerDuty(_) | ReceiverKind::Alertmanager(_) => letter.add(ends),
            _ => {}
        }
        self.tell(&Job { letter, memo: None }, now).await
    }

    /// Tells an Alertmanager again what fires, so that it does not take it for ended.
    ///
    /// # Errors
    /// What went wrong; the next refresh comes soon.
    pub async fn refresh(&self, name: &str, firing: &[Event], now: Timestamp) -> Result<(), String> {
        let Some(receiver) = self.by_name.get(name) else { return Ok(()) };
        let ReceiverKind::Alertmanager(manager) = &receiver.kind else { return Ok(()) };
        alertmanager::refresh(manager, firing, &self.context(receiver, now)).await
    }

    /// Calls a dead man's switch.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn beat(&self, name: &str, now: Timestamp) -> Result<(), String> {
        let Some(receiver) = self.by_name.get(name) else { return Ok(()) };
        let ReceiverKind::Heartbeat(heartbeat) = &receiver.kind else { return Ok(()) };
        let body = json!({ "schema": SCHEMA, "heartbeat": true, "at": now });
        let context = self.context(receiver, now);
        match context.post(&heartbeat.url, "", Vec::new(), body.to_string().into_bytes()).await {
            Err(why) => Err(why),
            Ok(answer) => match http::verdict(answer) {
                Verdict::Delivered { .. } => Ok(()),
                Verdict::Retry { why, .. } | Verdict::Refused(why) | Verdict::Skipped(why) => Err(why),
            },
        }
    }

    fn context(&self, receiver: &Receiver, now: Timestamp) -> Context<'_> {
        Context { http: self.http.as_ref().map_err(Clone::clone), timeout: limit(receiver.timeout), now }
    }
}

impl Context<'_> {
    /// Sends JSON to an address that may be a secret, below which `path` is.
    async fn post(
        &self,
        url: &Source,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<Result<Answer, NoAnswer>, String> {
        let url = secret::read(url)?;
        let url = if path.is_empty() { url.reveal().to_owned() } else { joined(url.reveal(), path) };
        let http = self.http.clone()?;
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Ok(http.post(&Post { url, kind: "application/json", headers, body, timeout: self.timeout }).await)
    }

    /// [`Context::post`] where the status alone counts. A secret that is not there may be there at the next try.
    async fn deliver(&self, url: &Source, path: &str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Verdict {
        match self.post(url, path, headers, body).await {
            Ok(answer) => http::verdict(answer),
            Err(why) => Verdict::retry(why),
        }
    }
}

/// The header of a token, if there is one.
fn bearer(token: Option<&Source>) -> Result<Vec<(&'static str, String)>, String> {
    let Some(token) = token else { return Ok(Vec::new()) };
    Ok(vec![("authorization", format!("Bearer {}", secret::read(token)?.reveal()))])
}

/// What programs printed is kept in a file of its own.
fn runs_path(store: &std::path::Path) -> PathBuf {
    store.join("log/runs.jsonl")
}

fn joined(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

fn limit(timeout: SignedDuration) -> Duration {
    Duration::try_from(timeout).unwrap_or(Duration::from_secs(10))
}
