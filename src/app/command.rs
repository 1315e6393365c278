//! The commands of the palette: every action by its name, and some that take words with them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::app::action::{Action, BINDINGS, View};

/// A command that was understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// An action.
    Do(Action),
    /// Show a moment.
    At(Timestamp),
    /// Set the filter.
    Filter(String),
    /// Open a tenant.
    Tenant(String),
    /// Look after the selected alert.
    Acknowledge(String),
    /// Silence the selected tenant or alert.
    Silence(SignedDuration, String),
    /// Write the screen to a file.
    Snapshot(Option<String>),
}

/// A command with words: its name, what follows, and what it does.
pub struct Worded {
    /// Its name.
    pub name: &'static str,
    /// What follows it.
    pub words: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// The commands that take words.
pub const WORDED: [Worded; 7] = [
    Worded { name: "at", words: "[DATE] TIME | -2h", help: "show that moment as it was judged then" },
    Worded { name: "filter", words: "TEXT", help: "set the filter of this list" },
    Worded { name: "tenant", words: "NAME", help: "open a tenant" },
    Worded { name: "view", words: "NAME", help: "show a screen: tenants, alerts, pools, profiles, money, ..." },
    Worded { name: "ack", words: "[NOTE]", help: "acknowledge the selected alert" },
    Worded { name: "silence", words: "DURATION COMMENT", help: "silence what is selected, for example 2h load test" },
    Worded { name: "snapshot", words: "[FILE.txt|.json|.svg]", help: "write the screen to a file" },
];

/// What a command is read against: the moment that is shown and the zone of the clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The instant of the view.
    pub now: Timestamp,
    /// Its zone.
    pub zone: &'a str,
}

/// Reads a command.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str, moment: Moment<'_>) -> Result<Command, String> {
    let text = text.trim();
    let (name, words) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let words = words.trim();
    match name {
        "at" => time(words, moment).map(Command::At),
        "filter" => Ok(Command::Filter(words.to_owned())),
        "tenant" if words.is_empty() => Err("tenant: which one? for example tenant acme".to_owned()),
        "tenant" => Ok(Command::Tenant(words.to_owned())),
        "view" => words.parse::<View>().map(|view| Command::Do(Action::Show(view))),
        "ack" => Ok(Command::Acknowledge(words.to_owned())),
        "silence" => silence(words).map(|(length, comment)| Command::Silence(length, comment)),
        "snapshot" => Ok(Command::Snapshot((!words.is_empty()).then(|| words.to_owned()))),
        name => action(name).map(Command::Do),
    }
}

fn action(name: &str) -> Result<Action, String> {
    let found = BINDINGS.iter().find(|binding| binding.name == name);
    let near = || {
        let names = BINDINGS.iter().map(|binding| binding.name).chain(WORDED.iter().map(|worded| worded.name));
        let scored = names.map(|known| (strsim::jaro_winkler(name, known), known));
        let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right)).filter(|(score, _)| *score > 0.75);
        best.map_or(String::new(), |(_, known)| format!(": did you mean `{known}`?"))
    };
    found.map(|binding| binding.action).ok_or_else(|| format!("`{name}` is not a command{}", near()))
}

/// `2h load test`: how long, and why.
///
/// # Errors
/// When there is no length of time, no reason, or more than a day.
pub fn silence(words: &str) -> Result<(SignedDuration, String), String> {
    let wrong = || "for how long, and why? for example 2h load test".to_owned();
    let (length, comment) = words.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let length = duration(length).filter(SignedDuration::is_positive).ok_or_else(wrong)?;
    if length > SignedDuration::from_hours(24) {
        return Err("a silence lasts 24 hours at most".to_owned());
    }
    let comment = comment.trim();
    if comment.is_empty() { Err(wrong()) } else { Ok((length, comment.to_owned())) }
}

fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// `2026-11-20 02:47`, `02:47` (the last one before now), `-2h`, or RFC 3339.
///
/// # Errors
/// When it is none of these, or lies ahead.
pub fn time(text: &str, moment: Moment<'_>) -> Result<Timestamp, String> {
    let wrong = || "when? for example 2026-11-20 02:47, 02:47 or -2h".to_owned();
    let zone = TimeZone::get(moment.zone).unwrap_or(TimeZone::UTC);
    let at = if let Some(back) = text.strip_prefix('-') {
        moment.now.checked_sub(duration(back).ok_or_else(wrong)?).map_err(|_| wrong())?
    } else if let Ok(at) = text.parse::<Timestamp>() {
        at
    } else if let Ok(at) = text.replacen(' ', "T", 1).parse::<DateTime>() {
        at.to_zoned_datetime(zone).map_err(|_| wrong())?.timestamp()
    } else if let Ok(day) = text.parse::<Date>() {
        day.to_zoned_datetime(zone).map_err(|_| wrong())?.timestamp()
    } else {
        last_at(text.parse::<Time>().map_err(|_| wrong())?, moment.now, &zone).ok_or_else(wrong)?
    };
    if at > moment.now { Err("that lies ahead of what is known".to_owned()) } else { Ok(at) }
}

/// The last instant up to now at which the clock showed this time.
fn last_at(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let on = |day: Date| day.to_datetime(time).to_zoned_datetime(zone.clone()).ok().map(|at| at.timestamp());
    on(today).filter(|at| *at <= now).or_else(|| on(today.yesterday().ok()?))
}

/// What a text may be completed to: names of commands, then what fits after them.
#[must_use]
pub fn completions<'a>(text: &str, tenants: impl Iterator<Item = &'a str>) -> Vec<String> {
    if let Some(part) = text.strip_prefix("tenant ") {
        return tenants.filter(|name| name.starts_with(part)).take(50).map(|name| format!("tenant {name}")).collect();
    }
    if let Some(part) = text.strip_prefix("view ") {
        let views = View::ALL.map(View::name);
        return views.iter().filter(|name| name.starts_with(part)).map(|name| format!("view {name}")).collect();
    }
    let worded = WORDED.iter().map(|worded| worded.name);
    let actions = BINDINGS.iter().map(|binding| binding.name);
    let mut names: Vec<String> =
        worded.chain(actions).filter(|name| name.starts_with(text)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const BERLIN: Moment<'_> = Moment { now: Timestamp::constant(1_795_095_720, 0), zone: "Europe/Berlin" };

    #[rstest]
    #[case::date_and_time("at 2026-11-19 02:47", "2026-11-19T01:47:00Z")]
    #[case::this_morning("at 02:47", "2026-11-19T01:47:00Z")]
    #[case::yesterday_evening("at 23:10", "2026-11-18T22:10:00Z")]
    #[case::back("at -2h", "2026-11-19T11:42:00Z")]
    #[case::rfc("at 2026-11-19T02:47:00Z", "2026-11-19T02:47:00Z")]
    #[case::day("at 2026-11-01", "2026-10-31T23:00:00Z")]
    fn moments(#[case] text: &str, #[case] expected: &str) {
        let expected = expected.parse().expect("a time");
        assert_eq!(parse(text, BERLIN), Ok(Command::At(expected)));
    }

    #[rstest]
    #[case("view money", Command::Do(Action::Show(View::Money)))]
    #[case("quit", Command::Do(Action::Quit))]
    #[case("filter level>=red", Command::Filter("level>=red".into()))]
    #[case("silence 2h load test", Command::Silence(SignedDuration::from_hours(2), "load test".into()))]
    #[case("ack", Command::Acknowledge(String::new()))]
    fn commands(#[case] text: &str, #[case] expected: Command) {
        assert_eq!(parse(text, BERLIN), Ok(expected));
    }

    #[rstest]
    #[case("at 2027-01-01", "that lies ahead of what is known")]
    #[case("at noon", "when? for example 2026-11-20 02:47, 02:47 or -2h")]
    #[case("silence 2h", "for how long, and why? for example 2h load test")]
    #[case("silence 30h x", "a silence lasts 24 hours at most")]
    #[case("quti", "`quti` is not a command: did you mean `quit`?")]
    fn faulty_commands(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse(text, BERLIN), Err(expected.into()));
    }

    #[test]
    fn names_are_completed_and_then_what_follows_them() {
        let tenants = || ["acme", "acorn", "hooli"].into_iter();
        assert_eq!(completions("si", tenants()), ["silence"]);
        assert_eq!(completions("tenant ac", tenants()), ["tenant acme", "tenant acorn"]);
        assert_eq!(completions("view m", tenants()), ["view money"]);
    }
}
