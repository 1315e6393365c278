//! `bedtop ack`, `silence` and `unsilence`: act on alerts from a shell.

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, bail, eyre};
use jiff::{SignedDuration, Timestamp};

use crate::cli::{GlobalOptions, environment, load_config, print, runtime};
use crate::collect::Clock;
use crate::config::Config;
use crate::domain::action::{ACK_HOLDS, Action, Deed, LONGEST_SILENCE, Silence, SilenceId};
use crate::domain::level::Level;
use crate::domain::matcher::{Matcher, Matchers};
use crate::domain::text::printable;
use crate::run::act;

/// Acknowledge alerts that fire: no repeats and no escalation until they rise, resolve, or its time is over
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop ack tenant=acme signal=budget --note 'looking into it' --for 2h")]
pub(super) struct Ack {
    /// Which alerts: label=pattern, label!=pattern, label=~regex, label!~regex; all must fit
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<Matcher>,
    /// What the others should know
    #[arg(long, default_value = "")]
    note: String,
    /// How long it holds, up to 24h; 4h if not given
    #[arg(long = "for", value_name = "TIME", value_parser = parse_length)]
    length: Option<SignedDuration>,
    /// Take the ack back
    #[arg(long, conflicts_with_all = ["note", "length"])]
    withdraw: bool,
    #[command(flatten)]
    author: Author,
}

/// Hold alerts back for a time, also those to come; they are judged and logged, and nobody is told
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop silence tenant=acme --for 2h --comment 'load test until noon' --cap orange")]
pub(super) struct SilenceCommand {
    /// Which alerts: label=pattern, label!=pattern, label=~regex, label!~regex; all must fit
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<Matcher>,
    /// How long, at most 24h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_length)]
    length: SignedDuration,
    /// Why
    #[arg(long)]
    comment: String,
    /// Alerts above this level are told of all the same
    #[arg(long, value_enum, default_value_t = Cap::Orange)]
    cap: Cap,
    /// From when on (RFC 3339); now if not given
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    #[command(flatten)]
    author: Author,
}

/// End a silence before its time
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop unsilence s-20261124T201500")]
pub(super) struct Unsilence {
    /// Its name, as `bedtop alerts` shows it
    id: String,
    #[command(flatten)]
    author: Author,
}

#[derive(Debug, Args)]
struct Author {
    /// Who says so; the user of the shell if not given
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cap {
    Yellow,
    Orange,
    Red,
}

impl Author {
    fn name(self) -> String {
        let user = || environment("SUDO_USER").or_else(|| environment("USER")).or_else(|| environment("LOGNAME"));
        self.by.or_else(user).unwrap_or_else(|| "unknown".to_owned())
    }
}

impl Ack {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let at = Clock::wall().now();
        let until = at.saturating_add(self.length.unwrap_or(ACK_HOLDS))?;
        let matchers = Matchers(self.matchers);
        let (what, said) = if self.withdraw {
            (Deed::Unack { matchers: matchers.clone() }, "no longer acknowledged".to_owned())
        } else {
            let note = self.note;
            (Deed::Ack { matchers: matchers.clone(), note, until }, format!("acknowledged until {until}"))
        };
        match done(&config, Action { at, by: self.author.name(), what })? {
            0 => bail!("no alert that fires fits {}: see `bedtop alerts`", printable(&matchers.to_string())),
            1 => print(&format!("1 alert {said}"))?,
            count => print(&format!("{count} alerts {said}"))?,
        }
        Ok(0)
    }
}

impl SilenceCommand {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let at = Clock::wall().now();
        let starts = self.from.unwrap_or(at);
        let ends = starts.saturating_add(self.length)?;
        if ends <= at {
            bail!("the silence would end at {ends}, which is over: let it start later or last longer");
        }
        let by = self.author.name();
        let silence = Silence {
            id: SilenceId::at(at),
            matchers: Matchers(self.matchers),
            author: by.clone(),
            comment: self.comment,
            starts,
            ends,
            cap: match self.cap {
                Cap::Yellow => Level::Yellow,
                Cap::Orange => Level::Orange,
                Cap::Red => Level::Red,
            },
        };
        let id = silence.id.clone();
        done(&config, Action { at, by, what: Deed::Silence(silence) })?;
        print(&format!("{id} holds until {ends}; `bedtop unsilence {id}` ends it"))?;
        Ok(0)
    }
}

impl Unsilence {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let what = Deed::Unsilence { id: SilenceId(self.id.clone()) };
        let action = Action { at: Clock::wall().now(), by: self.author.name(), what };
        if done(&config, action)? == 0 {
            return Err(eyre!("no silence {} holds: see `bedtop alerts`", printable(&self.id)));
        }
        print(&format!("{} has ended", printable(&self.id)))?;
        Ok(0)
    }
}

/// Does it, by the owner of the history where there is one.
fn done(config: &Config, action: Action) -> Result<u64> {
    runtime()?.block_on(act::act(config, action))
}

fn parse_length(text: &str) -> Result<SignedDuration, String> {
    let length: SignedDuration = text.parse().map_err(|_| "expected a time such as 30m or 2h".to_owned())?;
    if length <= SignedDuration::ZERO || length > LONGEST_SILENCE {
        return Err("it can last from a moment to 24h".to_owned());
    }
    Ok(length)
}
