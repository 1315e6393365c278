//! A judge that remembers says what one says that reads everything anew: bit for bit, whatever came, late or revised.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::amount::{Amount, Unit};
use crate::domain::budget::{Budget, BudgetOver, Caps};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::health::PollRecord;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::{Counts, Meter};
use crate::domain::tenancy::TenantRules;
use crate::domain::view::Mode;
use crate::judge::fixtures::MemoryHistory;

const MODEL: &str = "meta.llama3-3-70b-instruct-v1:0";

/// What happens between two looks.
#[derive(Clone, Debug)]
enum Event {
    /// Time passes, and every minute of it some profile is used: `seed` tells which, and how much.
    Pass { minutes: i64, seed: u64 },
    /// A point so many minutes ago is set, revised or late.
    Late { ago: i64, profile: u32, amount: u64 },
    /// The collector stops for as long.
    Stop { minutes: i64 },
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_i64..200, any::<u64>()).prop_map(|(minutes, seed)| Event::Pass { minutes, seed }),
        2 => (0_i64..1500, 0_u32..3, 0_u64..9_000_000).prop_map(|(ago, profile, amount)| Event::Late { ago, profile, amount }),
        1 => (1_i64..90).prop_map(|minutes| Event::Stop { minutes }),
    ]
}

fn policy() -> Policy {
    let budget = |id: &str, amount: Amount, length: PeriodLength, over: BudgetOver| Budget {
        id: id.into(),
        amount,
        calendar: Calendar { length, anchor_day: 1, zone: TimeZone::UTC },
        over,
        caps: Caps::default(),
    };
    let everyone = || BudgetOver::Tenants(vec!["*".into()]);
    let tokens = Unit::of_meters("tokens").expect("a meter");
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        budgets: vec![
            budget("day", Amount::usd(Decimal::from(300)), PeriodLength::Day, everyone()),
            budget(
                "week",
                Amount { unit: tokens, number: Decimal::from(2_000_000_000_u64) },
                PeriodLength::Week,
                everyone(),
            ),
            budget("all", Amount::usd(Decimal::from(900)), PeriodLength::Day, BudgetOver::Fleet),
        ],
        ..Policy::plain(Mode::Live)
    }
}

fn counts(amount: u64) -> Counts {
    Counts::EMPTY
        .with(Meter::Invocations, amount / 10_000)
        .with(Meter::InputTokens, amount)
        .with(Meter::Throttles, amount % 7)
}

/// A history with the time of its judge.
struct World {
    history: MemoryHistory,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let now: Timestamp = "2026-11-21T09:17:00Z".parse().expect("a time");
        let mut history = MemoryHistory::healthy(now).exact();
        for (id, tenant) in [("a", "acme"), ("b", "acme"), ("c", "globex")] {
            history.add_profile(id, tenant, MODEL);
        }
        Self { history, now }
    }

    fn set(&mut self, profile: u32, ago: i64, amount: u64) {
        let at = self.now - SignedDuration::from_mins(ago + 1);
        self.history.set(ProfileRef(profile), at, counts(amount));
        if at < points_start(self.now) {
            self.history.revisions[profile as usize] += 1;
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Pass { minutes, seed } => {
                for minute in 0..minutes {
                    self.now += SignedDuration::from_mins(1);
                    let random = (seed ^ u64::try_from(minute).unwrap_or(0)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                    self.set(u32::try_from(random % 3).unwrap_or(0), 0, random % 6_000_000);
                }
                self.history.polled(&PollRecord::new("main".into(), self.now, Some(self.now)));
            }
            Event::Late { ago, profile, amount } => self.set(profile, ago, amount),
            Event::Stop { minutes } => self.now += SignedDuration::from_mins(minutes),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_judge_that_remembers_says_what_a_fresh_one_says(events in prop::collection::vec(any_event(), 1..24)) {
        let (policy, mut world, mut judge) = (policy(), World::new(), Judge::default());
        for event in &events {
            world.happen(event);
            let (history, now) = (&world.history, world.now);
            let mut fresh = Judge::new(Some(&judge.checkpoint()));
            let kept = judge.tally(history, &policy, now);
            let outcome = judge.step(&kept, &policy);
            let anew = fresh.tally(history, &policy, now);
            let changes = |outcome: Outcome| -> Vec<_> {
                // Only who remembers can tell what was revised.
                let plain = |change: crate::domain::event::LevelChange| (change.alert, change.previous, change.level);
                outcome.changes.into_iter().map(plain).collect()
            };
            prop_assert_eq!(changes(fresh.step(&anew, &policy)), changes(outcome));
            let (kept, anew) = (judge.view(&kept, history, &policy), fresh.view(&anew, history, &policy));
            prop_assert_eq!(serde_json::to_string(&kept).expect("JSON"), serde_json::to_string(&anew).expect("JSON"));
        }
    }
}
