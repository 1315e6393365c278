//! What people do, as the machine takes it: between two steps, with nothing judged anew.

use crate::alert::machine::instance::{Ack, Instance};
use crate::alert::machine::mute::{SilenceState, silencing};
use crate::alert::machine::observation::{Moment, Observation};
use crate::alert::machine::{Machine, Outcome, tell};
use crate::config::Timing;
use crate::domain::action::{Action, Deed, LONGEST_SILENCE, Silence};
use crate::domain::event::{AlertKey, Mute};
use crate::domain::level::Level;
use crate::domain::matcher::Matchers;
use crate::domain::notice::NoticeKind;

impl Machine {
    /// Takes an action; `moment.now` is when it was done.
    pub fn act(&mut self, action: &Action, moment: &Moment<'_>) -> Outcome {
        let mut outcome = match &action.what {
            Deed::Ack { matchers, note, until } => {
                let of = |level| Ack { by: action.by.clone(), note: note.clone(), at: action.at, until: *until, level };
                self.ack(matchers, &of, moment)
            }
            Deed::Unack { matchers } => self.unack(matchers, moment),
            Deed::Silence(silence) => self.silence(silence, moment),
            Deed::Unsilence { id } => {
                let states = self.silences.iter_mut().filter(|state| state.silence.id == *id);
                let running = states.filter(|state| state.silence.ends > action.at);
                let touched = running.map(|state| state.silence.ends = action.at).count();
                self.unmute(&Mute::Silenced(id.clone()));
                Outcome { touched, ..Outcome::default() }
            }
        };
        outcome.is_unsaved = outcome.touched > 0;
        outcome
    }

    fn ack(&mut self, matchers: &Matchers, of: &dyn Fn(Level) -> Ack, moment: &Moment<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        for (alert, instance) in fitting(&mut self.instances, matchers, moment) {
            instance.ack = Some(of(instance.shown));
            outcome.touched += 1;
            if instance.told.is_some() {
                let seen = Observation {
                    reason: "acknowledged".into(),
                    ..Observation::new(alert.clone(), instance.shown, Timing::default())
                };
                let notice = tell::notice(instance, &seen, NoticeKind::Acknowledge, moment);
                outcome.notices.push(crate::domain::notice::Notice { value: None, threshold: None, ..notice });
            }
        }
        outcome
    }

    fn unack(&mut self, matchers: &Matchers, moment: &Moment<'_>) -> Outcome {
        let mut touched = 0;
        for (_, instance) in fitting(&mut self.instances, matchers, moment) {
            touched += usize::from(instance.ack.take().is_some());
        }
        Outcome { touched, ..Outcome::default() }
    }

    fn silence(&mut self, silence: &Silence, moment: &Moment<'_>) -> Outcome {
        let longest = silence.starts.saturating_add(LONGEST_SILENCE).unwrap_or(silence.ends);
        let silence = Silence { ends: silence.ends.min(longest), ..silence.clone() };
        self.silences.retain(|state| state.silence.id != silence.id);
        self.silences.push(SilenceState { silence, suppressed: 0, cost: <_>::default() });
        let newest = self.silences.last_mut().map(std::slice::from_mut).unwrap_or_default();
        for (alert, instance) in self.instances.iter_mut().filter(|(_, instance)| instance.is_firing()) {
            let labels = (moment.labels)(alert).at(instance.shown);
            if let Some(state) = silencing(newest, &labels, instance.shown, moment) {
                instance.mute = Some(Mute::Silenced(state.silence.id.clone()));
            }
        }
        Outcome { touched: 1, ..Outcome::default() }
    }

    fn unmute(&mut self, mute: &Mute) {
        let muted = self.instances.values_mut().filter(|instance| instance.mute.as_ref() == Some(mute));
        muted.for_each(|instance| instance.mute = None);
    }
}

/// The alerts that fire and fit.
fn fitting<'a>(
    instances: &'a mut std::collections::BTreeMap<AlertKey, Instance>,
    matchers: &'a Matchers,
    moment: &'a Moment<'_>,
) -> impl Iterator<Item = (&'a AlertKey, &'a mut Instance)> {
    instances
        .iter_mut()
        .filter(|(alert, instance)| instance.is_firing() && matchers.fit(&(moment.labels)(alert).at(instance.shown)))
}
