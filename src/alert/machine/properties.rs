//! What holds whatever comes: of any sequence of levels, holes in the data, actions and restarts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::fixtures::{Bench, at, budget, of};
use super::*;
use crate::domain::action::{Deed, Silence, SilenceId};
use crate::domain::event::Signal;
use crate::domain::matcher::Matchers;
use crate::domain::notice::Fingerprint;
use crate::domain::view::Notification;

/// Something that happens in a minute, to a rate of one tenant and a budget of another.
#[derive(Clone, Debug)]
enum Event {
    Seen { burn: Level, budget: Level, day: i64, hold: Hold, minutes: usize },
    Ack(i64),
    Silence { minutes: i64, cap: Level },
    Unsilence,
    Vanish,
}

fn any_level() -> impl Strategy<Value = Level> {
    prop::sample::select(Level::ALL.to_vec())
}

fn any_event() -> impl Strategy<Value = Event> {
    let hold = prop::sample::select(vec![Hold::No, Hold::No, Hold::No, Hold::MayRise, Hold::Frozen]);
    prop_oneof![
        8 => (any_level(), any_level(), 0_i64..3, hold, 1_usize..25).prop_map(|(burn, budget, day, hold, minutes)| {
            Event::Seen { burn, budget, day, hold, minutes }
        }),
        1 => (0_i64..200).prop_map(Event::Ack),
        1 => (0_i64..200, any_level()).prop_map(|(minutes, cap)| Event::Silence { minutes, cap }),
        1 => Just(Event::Unsilence),
        1 => Just(Event::Vanish),
    ]
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(any_event(), 1..25)
}

fn seen(event: &Event) -> Vec<Observation> {
    match *event {
        Event::Seen { burn, budget: of_budget, day, hold, .. } => vec![
            Observation { hold, is_rate: true, ..of("globex", Signal::Anomaly, burn) },
            Observation { hold, ..of("acme", Signal::Burn, burn) },
            Observation { hold, ..budget(of_budget, day) },
        ],
        _ => Vec::new(),
    }
}

fn happen(bench: &mut Bench, event: &Event) {
    let minute = bench.minute;
    match *event {
        Event::Seen { minutes, .. } => bench.steps(minutes, &seen(event)),
        Event::Ack(minutes) => {
            bench.act(Deed::Ack { matchers: Matchers::default(), note: String::new(), until: at(minute + minutes) });
        }
        Event::Silence { minutes, cap } => {
            bench.act(Deed::Silence(Silence {
                id: SilenceId("s".into()),
                matchers: Matchers::default(),
                author: "ada".into(),
                comment: String::new(),
                starts: at(minute),
                ends: at(minute + minutes),
                cap,
            }));
        }
        Event::Unsilence => {
            bench.act(Deed::Unsilence { id: SilenceId("s".into()) });
        }
        Event::Vanish => bench.step(&[]),
    }
}

fn run(events: &[Event]) -> Bench {
    let mut bench = Bench::default();
    for event in events {
        happen(&mut bench, event);
    }
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Nobody is told twice that an alert fires, everybody who was is told of its end, and of nothing before or after.
    #[test]
    fn every_fire_has_one_end_and_every_end_one_fire(events in any_events()) {
        let mut bench = run(&events);
        bench.step(&[]);
        let mut open: BTreeMap<Fingerprint, bool> = BTreeMap::new();
        for notice in &bench.notices {
            let is_open = open.entry(notice.fingerprint.clone()).or_default();
            prop_assert_eq!(*is_open, notice.kind != NoticeKind::Fire, "{:?} of {}", notice.kind, notice.fingerprint);
            *is_open = !notice.kind.is_end();
        }
        prop_assert!(open.values().all(|is_open| !is_open), "a resolve was lost");
    }

    /// The changes of an alert are a chain from green to green.
    #[test]
    fn changes_of_level_are_a_chain(events in any_events()) {
        let mut bench = run(&events);
        bench.step(&[]);
        let mut levels: BTreeMap<AlertKey, Level> = BTreeMap::new();
        for change in &bench.changes {
            let level = levels.entry(change.alert.clone()).or_default();
            prop_assert_eq!(*level, change.previous);
            prop_assert!(change.level != change.previous || change.note == Some(ChangeNote::Flapping));
            *level = change.level;
        }
        prop_assert!(levels.values().all(|level| *level == Level::Green));
    }

    #[test]
    fn a_rise_always_breaks_the_ack(events in any_events()) {
        let mut bench = Bench::default();
        let mut before: BTreeMap<AlertKey, AlertRow> = BTreeMap::new();
        for event in events.iter().flat_map(minute_by_minute) {
            happen(&mut bench, &event);
            let rows = bench.machine.rows(&seen(&event));
            for row in rows.iter().filter(|row| row.condition.is_firing()) {
                let known = before.get(&row.alert).filter(|known| known.condition.is_firing());
                if known.is_some_and(|known| row.level > known.level) {
                    let is_acked = matches!(row.notification, Notification::Acked { .. });
                    prop_assert!(!is_acked, "{:?} after {:?}", row, known);
                }
            }
            if matches!(event, Event::Seen { .. }) {
                before = rows.into_iter().map(|row| (row.alert.clone(), row)).collect();
            }
        }
    }

    #[test]
    fn blind_data_never_changes_a_condition(events in any_events(), blind in any_level(), minutes in 1_usize..200) {
        let mut bench = run(&events);
        let frozen = Event::Seen { burn: blind, budget: blind, day: 1, hold: Hold::Frozen, minutes: 1 };
        bench.step(&seen(&frozen));
        let conditions = |bench: &Bench| -> Vec<_> {
            let rows = bench.machine.rows(&seen(&frozen));
            rows.into_iter().map(|row| (row.alert, row.condition, row.level)).collect()
        };
        let (before, changes) = (conditions(&bench), bench.changes.len());
        bench.steps(minutes, &seen(&frozen));
        prop_assert_eq!(conditions(&bench), before);
        prop_assert_eq!(bench.changes.len(), changes);
    }

    #[test]
    fn restarts_anywhere_give_the_same_log(events in any_events(), cuts in prop::collection::vec(any::<bool>(), 25)) {
        let whole = run(&events);
        let mut restarted = Bench::default();
        for (event, cut) in events.iter().zip(cuts) {
            for minute in minute_by_minute(event) {
                happen(&mut restarted, &minute);
                if cut {
                    restarted.restart();
                    if matches!(minute, Event::Seen { .. }) {
                        restarted.step_again(&seen(&minute));
                    }
                }
            }
        }
        prop_assert_eq!(whole.changes, restarted.changes);
        prop_assert_eq!(whole.notices, restarted.notices);
        prop_assert_eq!(whole.skips, restarted.skips);
        prop_assert_eq!(whole.machine, restarted.machine);
    }
}

/// The event taken apart into minutes.
fn minute_by_minute(event: &Event) -> Vec<Event> {
    match event {
        &Event::Seen { burn, budget, day, hold, minutes } => {
            (0..minutes).map(|_| Event::Seen { burn, budget, day, hold, minutes: 1 }).collect()
        }
        other => vec![other.clone()],
    }
}
