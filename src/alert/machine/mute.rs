//! Why nobody is told of an alert that fires: a silence holds, or a louder alert says it already.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::machine::instance::Instance;
use crate::alert::machine::observation::{Moment, Observation};
use crate::domain::action::Silence;
use crate::domain::event::{AlertKey, Mute, Signal, Subject};
use crate::domain::ids::{Owner, ScopeName};
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::money::Money;
use crate::domain::notice::Fingerprint;

/// A silence with what it held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SilenceState {
    /// The silence.
    pub silence: Silence,
    /// How many notices it held back.
    pub suppressed: u64,
    /// What was spent while alerts that have ended under it fired.
    pub cost: Money,
}

/// The first silence that holds an alert of these labels and this level back.
pub(super) fn silencing<'a>(
    silences: &'a mut [SilenceState],
    labels: &Labels,
    level: Level,
    moment: &Moment<'_>,
) -> Option<&'a mut SilenceState> {
    silences.iter_mut().find(|state| {
        let Silence { matchers, cap, .. } = &state.silence;
        state.silence.holds_at(moment.now) && level <= *cap && matchers.fit(labels)
    })
}

/// The alerts that may mute others at a step.
#[derive(Default)]
pub(super) struct Loud {
    /// The loudest of each subject.
    by_subject: BTreeMap<Subject, (Level, Fingerprint)>,
    /// Signals of which an alert about the whole fleet fires.
    fleet: BTreeMap<Signal, Fingerprint>,
    /// Scopes that are not heard from.
    dead: BTreeMap<ScopeName, Fingerprint>,
    /// Members of pools of which an alert fires.
    members: BTreeMap<Owner, Fingerprint>,
}

impl Loud {
    /// Takes an alert that fires and is not silenced.
    pub(super) fn note(&mut self, seen: &Observation, instance: &Instance) {
        let alert = &seen.alert;
        let print = Fingerprint::from(alert);
        let louder = |known: &(Level, Fingerprint)| known.0 < instance.shown;
        if self.by_subject.get(&alert.subject).is_none_or(louder) {
            self.by_subject.insert(alert.subject.clone(), (instance.shown, print.clone()));
        }
        match &alert.subject {
            Subject::Fleet => {
                self.fleet.insert(alert.signal, print);
            }
            Subject::Scope(scope) if alert.signal == Signal::Data && instance.shown >= Level::Orange => {
                self.dead.insert(scope.clone(), print);
            }
            Subject::Pool(_) => {
                let members: BTreeSet<_> = seen.members.iter().cloned().collect();
                self.members.extend(members.into_iter().map(|member| (member, print.clone())));
            }
            _ => {}
        }
    }

    /// The louder alert that says it already, if there is one: one about the whole fleet, the collector it derives
    /// from, a louder one of the same tenant, or, where it is yellow, one of a pool the tenant is in.
    pub(super) fn inhibiting(&self, seen: &Observation, level: Level) -> Option<Fingerprint> {
        let AlertKey { subject, signal, .. } = &seen.alert;
        let of_fleet = || self.fleet.get(signal).filter(|_| *subject != Subject::Fleet);
        let of_collector = || {
            let derives = *signal != Signal::Data;
            seen.blind_scope.as_ref().filter(|_| derives).and_then(|scope| self.dead.get(scope))
        };
        let of_subject = || self.by_subject.get(subject).filter(|(louder, _)| *louder > level).map(|(_, print)| print);
        let of_pool = || match subject {
            Subject::Owner(owner) if level == Level::Yellow => self.members.get(owner),
            _ => None,
        };
        of_fleet().or_else(of_collector).or_else(of_subject).or_else(of_pool).cloned()
    }
}

/// Sets why nobody is told of each alert that fires.
pub(super) fn mute(
    instances: &mut BTreeMap<AlertKey, Instance>,
    seen: &BTreeMap<&AlertKey, &Observation>,
    silences: &mut [SilenceState],
    moment: &Moment<'_>,
) {
    let mut loud = Loud::default();
    for (alert, instance) in instances.iter_mut().filter(|(_, instance)| instance.is_firing()) {
        let labels = (moment.labels)(alert).at(instance.shown);
        let silence = silencing(silences, &labels, instance.shown, moment);
        instance.mute = silence.map(|state| Mute::Silenced(state.silence.id.clone()));
        if let (None, Some(seen)) = (&instance.mute, seen.get(alert)) {
            loud.note(seen, instance);
        }
    }
    if !moment.transitions.inhibit {
        return;
    }
    for (alert, instance) in instances.iter_mut().filter(|(_, instance)| instance.is_firing()) {
        if let (None, Some(seen)) = (&instance.mute, seen.get(alert)) {
            instance.mute = loud.inhibiting(seen, instance.shown).map(Mute::Inhibited);
        }
    }
}
