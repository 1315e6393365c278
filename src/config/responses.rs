//! Receivers and routes: who is told of which change of level, and what runs on it.
//!
//! Secrets are never in the file: a key that ends in `_env` names an environment variable, one that ends in `_file` a
//! file that holds it. Addresses are checked here; whether secrets are there is checked by `bedtop config check`.

mod receiver;
mod route;
mod url;

use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::config::reader::Table;
use crate::domain::level::Level;
use crate::domain::matcher::Matchers;

pub use url::safe_url;

/// Who is told, and of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Responses {
    /// Whom can be told. With none the audit log is written and the terminal's bell rings.
    pub receivers: Vec<Receiver>,
    /// Who is told of what, in the order of the file.
    pub routes: Vec<Route>,
}

impl Responses {
    /// Receivers and routes in short for `bedtop config show`; where a secret is, never what it is.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let receiver = |receiver: &Receiver| format!("name = {:?}, kind = {:?}", receiver.name, receiver.kind.name());
        let route = |route: &Route| {
            let levels: Vec<&str> = route.levels.iter().map(|level| level.name()).collect();
            let matchers: Vec<String> = route.matchers.0.iter().map(ToString::to_string).collect();
            format!("matchers = {matchers:?}, levels = {levels:?}, receivers = {:?}", route.receivers)
        };
        let receivers = self.receivers.iter().map(move |shown| ("receiver", receiver(shown)));
        receivers.chain(self.routes.iter().map(move |shown| ("route", route(shown))))
    }
}

/// Someone or something that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its name in routes and in the list of deliveries.
    pub name: String,
    /// How it is told.
    pub kind: ReceiverKind,
    /// How long one try may take.
    pub timeout: SignedDuration,
    /// The most deliveries a minute; more wait.
    pub per_minute: u32,
    /// How long a delivery is tried again before it is given up.
    pub retry_for: SignedDuration,
}

/// How a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// A line of JSON an event in a file.
    Log(LogFile),
    /// The terminal's bell.
    Bell,
    /// bedtop's own JSON, signed.
    Webhook(Hook),
    /// The JSON that Alertmanager sends to its webhooks.
    AlertmanagerWebhook(Hook),
    /// An Alertmanager that is told of alerts as Prometheus tells it.
    Alertmanager(Alertmanager),
    /// Slack.
    Slack(Slack),
    /// `PagerDuty`, Events API v2.
    PagerDuty(PagerDuty),
    /// A topic of Amazon SNS.
    Sns(Sns),
    /// A program.
    Exec(Exec),
    /// A dead man's switch: called as long as all is well.
    Heartbeat(Heartbeat),
}

impl ReceiverKind {
    /// The word in the file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Bell => "bell",
            Self::Webhook(_) => "webhook",
            Self::AlertmanagerWebhook(_) => "alertmanager_webhook",
            Self::Alertmanager(_) => "alertmanager",
            Self::Slack(_) => "slack",
            Self::PagerDuty(_) => "pagerduty",
            Self::Sns(_) => "sns",
            Self::Exec(_) => "exec",
            Self::Heartbeat(_) => "heartbeat",
        }
    }
}

/// Where a value comes from that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is no secret and stands in the file.
    Plain(String),
    /// An environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
}

/// The audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFile {
    /// The file; `log/responses.jsonl` in the folder of the history if not given.
    pub path: Option<PathBuf>,
    /// A file that would grow beyond this many bytes is put aside.
    pub max_bytes: u64,
    /// How many files that were put aside are kept.
    pub keep: u32,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Where it is.
    pub url: Source,
    /// Signs the body.
    pub secret: Option<Source>,
    /// Is sent as `Authorization: Bearer`.
    pub token: Option<Source>,
}

/// An Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Its address, without `/api/v2/alerts`.
    pub url: Source,
    /// Is sent as `Authorization: Bearer`.
    pub token: Option<Source>,
    /// How often alerts that fire are told again, so that it does not take them for ended.
    pub refresh: SignedDuration,
}

/// How Slack is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slack {
    /// An incoming webhook, whose address is a secret.
    Webhook(Source),
    /// A bot, which keeps a message up to date and tells changes in its thread.
    Bot {
        /// Its token.
        token: Source,
        /// The id of the channel.
        channel: String,
        /// The address of the API.
        api_url: String,
    },
}

/// A service of `PagerDuty`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagerDuty {
    /// The integration key.
    pub routing_key: Source,
    /// Where events go.
    pub url: String,
}

/// A topic of Amazon SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sns {
    /// The topic.
    pub topic_arn: String,
    /// The AWS profile; the SDK's own choice if not given.
    pub profile: Option<String>,
    /// Where requests go instead of to AWS.
    pub endpoint_url: Option<String>,
}

/// A program that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program by its absolute path, and its arguments.
    pub command: Vec<String>,
    /// What takes back what `command` did: run when the alert ends, or after `ttl`.
    pub revert: Option<Vec<String>>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Environment variables that it gets beside `BEDTOP_*`.
    pub env: Vec<String>,
    /// How long what it did stays in force at most.
    pub ttl: Option<SignedDuration>,
    /// The least time between two runs for one alert.
    pub cooldown: SignedDuration,
    /// The most runs an hour.
    pub per_hour: u32,
    /// Whether the run is only told of.
    pub dry_run: bool,
    /// Whether it may run on costs at a price that the user gave for unknown models.
    pub allow_fallback_price: bool,
}

/// A dead man's switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// What is called.
    pub url: Source,
    /// How often.
    pub interval: SignedDuration,
}

/// Which alerts go to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// All of them must match.
    pub matchers: Matchers,
    /// The levels that it takes.
    pub levels: Vec<Level>,
    /// Who is told.
    pub receivers: Vec<String>,
    /// What is told together.
    pub group_by: GroupBy,
    /// How long a first alert waits for others of its group; as the alerts themselves say if not given.
    pub group_wait: Option<SignedDuration>,
    /// The least time between two messages about one group, as the alerts themselves say if not given. A rise of level
    /// does not wait.
    pub group_interval: Option<SignedDuration>,
    /// When an alert that still fires is told again.
    pub repeat: Repeat,
    /// When nothing is told; what still stands then is told at their end.
    pub quiet_hours: Option<QuietHours>,
    /// A red alert that nobody has acknowledged for so long goes to another receiver.
    pub escalation: Option<Escalation>,
    /// Whether the routes below are looked at as well.
    pub goes_on: bool,
}

/// What is told together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// What is about one tenant, pool or scope.
    #[default]
    Subject,
    /// What has one signal.
    Signal,
    /// Each alert alone.
    Alert,
    /// Everything.
    All,
}

/// When an alert that still fires is told again, by its level; `None` is never. At yellow it never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// At orange.
    pub orange: Option<SignedDuration>,
    /// At red.
    pub red: Option<SignedDuration>,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { orange: Some(SignedDuration::from_hours(12)), red: Some(SignedDuration::from_hours(4)) }
    }
}

/// A part of each day; it may reach over midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of it.
    pub from: Time,
    /// The first minute after it.
    pub to: Time,
    /// The zone of both.
    pub zone: TimeZone,
}

/// Who is told when nobody acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// How long an alert is red without being acknowledged.
    pub after: SignedDuration,
    /// Who is told then.
    pub receiver: String,
}

/// Reads `[[receiver]]` and `[[route]]`.
pub(super) fn responses(root: &Table<'_>, zone: &TimeZone) -> Responses {
    let receivers: Vec<Receiver> = root.tables("receiver").into_iter().filter_map(receiver::receiver).collect();
    let known = |name: &str| receivers.iter().find(|receiver| receiver.name == name).map(|receiver| &receiver.kind);
    let routes = root.tables("route").into_iter().filter_map(|table| route::route(table, zone, &known)).collect();
    Responses { receivers, routes }
}

#[cfg(test)]
mod tests;
