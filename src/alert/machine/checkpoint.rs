//! The machine's state as bytes, with a version; what the first version wrote is still read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::machine::Machine;
use crate::alert::machine::instance::{Instance, Told, Track, rank};
use crate::alert::machine::mute::SilenceState;
use crate::alert::machine::tell::Groups;
use crate::domain::event::AlertKey;
use crate::domain::level::Level;

/// The version written.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    alerts: Vec<(AlertKey, Instance)>,
    silences: Vec<SilenceState>,
    groups: Groups,
    #[serde(default)]
    stepped: Option<Timestamp>,
}

/// An alert as the first version had it.
#[derive(Deserialize)]
struct FirstStanding {
    level: Level,
    period_start: Option<Timestamp>,
}

impl Machine {
    /// Takes up a checkpoint. One that cannot be read counts as none: levels are then judged afresh.
    #[must_use]
    pub fn from_checkpoint(bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Stored>(bytes) {
            Ok(stored) if stored.version == VERSION => Self {
                instances: stored.alerts.into_iter().collect(),
                silences: stored.silences,
                groups: stored.groups,
                stepped: stored.stepped,
            },
            _ => first_version(bytes).unwrap_or_default(),
        }
    }

    /// The state as bytes for the store.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let stored = Stored {
            version: VERSION,
            alerts: self.instances.iter().map(|(alert, instance)| (alert.clone(), instance.clone())).collect(),
            silences: self.silences.clone(),
            groups: self.groups.clone(),
            stepped: self.stepped,
        };
        serde_json::to_vec(&stored).unwrap_or_default()
    }
}

fn first_version(bytes: &[u8]) -> Option<Machine> {
    let entries: Vec<(AlertKey, FirstStanding)> = serde_json::from_slice(bytes).ok()?;
    let instances = entries.into_iter().map(|(alert, standing)| (alert, taken_up(&standing))).collect();
    Some(Machine { instances, ..Machine::default() })
}

/// An alert whose level is all that is known. People know of it: nobody is told again.
fn taken_up(standing: &FirstStanding) -> Instance {
    let mut instance =
        Instance { shown: standing.level, raw: standing.level, period: standing.period_start, ..<_>::default() };
    let since = standing.period_start.unwrap_or_default();
    for track in &mut instance.tracks[..rank(standing.level)] {
        *track = Track { since: Some(since), fired: true, ..Track::default() };
    }
    if instance.is_firing() {
        instance.started_at = Some(since);
        instance.fired_at = Some(since);
        instance.told = Some(Told { level: standing.level, since, last: since, escalated: true });
    } else {
        instance.raw = Level::Green;
    }
    instance
}
