//! `[[route]]`.

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use crate::config::reader::Table;
use crate::config::responses::{Escalation, GroupBy, QuietHours, ReceiverKind, Repeat, Route};
use crate::config::{values, zones};
use crate::domain::level::Level;
use crate::domain::matcher::Matchers;

const GROUPS: [(&str, GroupBy); 4] =
    [("subject", GroupBy::Subject), ("signal", GroupBy::Signal), ("alert", GroupBy::Alert), ("all", GroupBy::All)];
const LEVELS: [Level; 3] = [Level::Yellow, Level::Orange, Level::Red];

/// Looks up a receiver by its name.
pub(super) type Known<'a> = &'a dyn Fn(&str) -> Option<&'a ReceiverKind>;

/// Reads a route.
pub(super) fn route(table: Table<'_>, zone: &TimeZone, known: Known<'_>) -> Option<Route> {
    let receivers = receivers(&table, known);
    let route = Route {
        matchers: table.get("matchers", |value| Matchers::parse(&values::texts(value)?)).unwrap_or_default(),
        levels: table
            .get("levels", |value| values::texts(value)?.iter().map(|text| level(text)).collect())
            .unwrap_or(LEVELS.to_vec()),
        receivers: receivers.clone().unwrap_or_default(),
        group_by: table.get("group_by", values::choice(&GROUPS)).unwrap_or_default(),
        group_wait: table.get("group_wait", values::duration("0s", "1h")),
        group_interval: table.get("group_interval", values::duration("0s", "1d")),
        repeat: repeat(table.table("repeat")),
        quiet_hours: quiet_hours(&table, zone),
        escalation: escalation(&table, known),
        goes_on: table.get("continue", values::flag).unwrap_or(false),
    };
    table.finish();
    receivers.map(|_| route)
}

fn receivers(table: &Table<'_>, known: Known<'_>) -> Option<Vec<String>> {
    let one = table.get("receiver", values::text).map(|name| ("receiver", vec![name]));
    let several = table.get("receivers", values::texts).map(|names| ("receivers", names));
    let (key, names) = match (one, several) {
        (Some(given), None) | (None, Some(given)) => given,
        (Some(_), Some(_)) => {
            table.fault_of("receivers", "`receiver` is there as well: name one, or several here");
            return None;
        }
        (None, None) => {
            table.fault("`receiver` is missing here: name one of the [[receiver]] tables");
            return None;
        }
    };
    for name in &names {
        check_receiver(table, key, name, known);
    }
    Some(names)
}

fn check_receiver(table: &Table<'_>, key: &'static str, name: &str, known: Known<'_>) {
    match known(name) {
        None => table.fault_of(key, format!("there is no [[receiver]] named `{name}`")),
        Some(ReceiverKind::Heartbeat(_)) => {
            table.fault_of(key, format!("`{name}` is a heartbeat: it is called as long as all is well, by no route"));
        }
        Some(_) => {}
    }
}

fn level(text: &str) -> Result<Level, String> {
    let found = LEVELS.into_iter().find(|level| level.name() == text);
    found.ok_or_else(|| format!("`{text}` is none of \"yellow\", \"orange\", \"red\""))
}

fn repeat(table: Table<'_>) -> Repeat {
    let defaults = Repeat::default();
    let repeat = Repeat {
        orange: table.get("orange", repeat_after).unwrap_or(defaults.orange),
        red: table.get("red", repeat_after).unwrap_or(defaults.red),
    };
    table.finish();
    repeat
}

fn repeat_after(value: &DeValue<'_>) -> Result<Option<SignedDuration>, String> {
    if value.as_str() == Some("never") { Ok(None) } else { values::duration("5m", "30d")(value).map(Some) }
}

fn quiet_hours(table: &Table<'_>, zone: &TimeZone) -> Option<QuietHours> {
    let hours = table.get("quiet_hours", |value| hours(&values::text(value)?));
    let own = table.get("quiet_zone", |value| zones::zone(&values::text(value)?));
    if own.is_some() && hours.is_none() {
        table.fault_of("quiet_zone", "there are no `quiet_hours`: add them, or leave this out");
    }
    let (from, to) = hours?;
    Some(QuietHours { from, to, zone: own.unwrap_or_else(|| zone.clone()) })
}

fn hours(text: &str) -> Result<(Time, Time), String> {
    let wrong = || format!("`{text}` is not a part of the day: write for example \"22:00-07:00\"");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| wrong());
    let (from, to) = (time(from)?, time(to)?);
    if from == to { Err(wrong()) } else { Ok((from, to)) }
}

fn escalation(table: &Table<'_>, known: Known<'_>) -> Option<Escalation> {
    let after = table.get("escalate_after", values::duration("1m", "7d"));
    let receiver = table.get("escalate_to", values::text);
    if let Some(name) = &receiver {
        check_receiver(table, "escalate_to", name, known);
    }
    if after.is_some() && receiver.is_none() {
        table.fault_of("escalate_after", "`escalate_to` is missing: name the receiver that is told then");
    }
    Some(Escalation { after: after.unwrap_or(SignedDuration::from_mins(15)), receiver: receiver? })
}
