//! Whatever happens in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Turn {
    Fire(u8),
    Rise(u8),
    End(u8),
    Deliver,
    Fail,
    Refuse,
    Restart,
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Turn::Fire),
        1 => (0..3_u8).prop_map(Turn::Rise),
        3 => (0..3_u8).prop_map(Turn::End),
        4 => Just(Turn::Deliver),
        1 => Just(Turn::Fail),
        1 => Just(Turn::Refuse),
        1 => Just(Turn::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However notices, deliveries, failures and restarts follow each other: each event arrives unless it was refused,
    /// always under one key, and an end only where a beginning arrived.
    #[test]
    fn nothing_is_lost_and_nothing_is_told_twice(turns in prop::collection::vec(any_turn(), 1..60)) {
        let mut office = Office::new(vec![Receiver { per_minute: 6000, ..webhook("a") }], vec![route(&["a"])]);
        let mut firing = [false; 3];
        let mut keys: BTreeMap<String, String> = BTreeMap::new();
        let mut knows: BTreeMap<String, bool> = BTreeMap::new();
        let mut now = 0;
        let mut arrive = |office: &mut Office, knows: &mut BTreeMap<String, bool>, at: i64, verdict: &Verdict| {
            for job in office.due(at) {
                for event in &job.letter.events {
                    let key = keys.entry(event.id.clone()).or_insert_with(|| job.letter.key.clone());
                    assert_eq!(key, &job.letter.key, "one event, one key");
                    if matches!(verdict, Verdict::Delivered { .. }) {
                        let before = knows.insert(event.fingerprint.clone(), !event.is_end()).unwrap_or(false);
                        assert!(before || !event.is_end(), "an end without a beginning");
                    }
                }
                office.settle(&job, verdict.clone(), at);
            }
        };
        for turn in turns {
            now += 1000;
            match turn {
                Turn::Fire(tenant) if !firing[tenant as usize] => {
                    firing[tenant as usize] = true;
                    office.take_of(&format!("t{tenant}"), Fire, Level::Orange, now);
                }
                Turn::Rise(tenant) if firing[tenant as usize] => office.take_of(&format!("t{tenant}"), Rise, Level::Red, now),
                Turn::End(tenant) if firing[tenant as usize] => {
                    firing[tenant as usize] = false;
                    office.take_of(&format!("t{tenant}"), Resolve, Level::Green, now);
                }
                Turn::Deliver => arrive(&mut office, &mut knows, now, &Verdict::delivered()),
                Turn::Fail => arrive(&mut office, &mut knows, now, &Verdict::retry("503")),
                Turn::Refuse => arrive(&mut office, &mut knows, now, &Verdict::Refused("404".to_owned())),
                Turn::Restart => office.restart(),
                _ => {}
            }
        }
        for _ in 0..40 {
            now += 1000;
            arrive(&mut office, &mut knows, now, &Verdict::delivered());
        }
        prop_assert_eq!(office.responder.waiting(), 0);
    }
}
