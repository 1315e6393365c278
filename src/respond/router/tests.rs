//! Who is told, when, and who must not be.

use rstest::rstest;

use super::*;
use crate::config::Escalation;
use crate::domain::health::Health;
use crate::respond::fixtures::{event, notice, second, start};

fn receiver(name: &str, kind: ReceiverKind) -> Receiver {
    Receiver { name: name.to_owned(), kind, ..defaults().receivers.remove(0) }
}

fn route(receivers: &[&str]) -> Route {
    let receivers = receivers.iter().map(|&name| name.to_owned()).collect();
    Route {
        receivers,
        group_by: GroupBy::Subject,
        group_wait: None,
        group_interval: None,
        ..defaults().routes.remove(0)
    }
}

fn router(routes: Vec<Route>) -> Router {
    let receivers = ["a", "b", "c"].map(|name| receiver(name, ReceiverKind::Bell)).to_vec();
    Router::new(&Responses { receivers, routes })
}

fn told(router: &Router, notice: &Notice) -> Vec<String> {
    let addresses = router.addresses(notice, &|_, _| Before::default());
    addresses.into_iter().map(|address| address.receiver).collect()
}

fn fires(level: Level) -> Notice {
    notice("acme", NoticeKind::Fire, level)
}

#[rstest]
#[case::the_first_that_fits(vec![route(&["a"]), route(&["b"])], &["a"])]
#[case::the_next_as_well(vec![Route { goes_on: true, ..route(&["a"]) }, route(&["b"])], &["a", "b"])]
#[case::another_level(vec![Route { levels: vec![Level::Red], ..route(&["a"]) }, route(&["b"])], &["b"])]
#[case::another_tenant(
    vec![Route { matchers: Matchers::parse(&["tenant=globex"]).expect("sound"), ..route(&["a"]) }, route(&["b"])],
    &["b"]
)]
#[case::each_receiver_once(vec![Route { goes_on: true, ..route(&["a"]) }, route(&["a"])], &["a"])]
#[case::nobody(vec![], &[])]
fn routes_are_taken_in_order(#[case] routes: Vec<Route>, #[case] expected: &[&str]) {
    assert_eq!(told(&router(routes), &fires(Level::Orange)), expected);
}

#[test]
fn with_nothing_configured_only_the_audit_log_is_written() {
    let router = Router::new(&Responses::default());
    assert_eq!(told(&router, &fires(Level::Yellow)), ["log"]);
    assert!(router.receivers().all(|receiver| matches!(receiver.kind, ReceiverKind::Log(_))));
}

#[test]
fn an_escalation_goes_to_the_next_receiver_only_and_not_before_its_time() {
    let escalation = Some(Escalation { after: SignedDuration::from_mins(15), receiver: "c".to_owned() });
    let router = router(vec![Route { escalation, ..route(&["a"]) }, route(&["b"])]);
    let red_since = |seconds| Before { red_since: Some(second(seconds)), ..Before::default() };
    let due = |seconds| {
        let addresses = router.addresses(&notice("acme", NoticeKind::Escalate, Level::Red), &|_, _| red_since(seconds));
        addresses.into_iter().map(|address| (address.receiver, address.due)).collect::<Vec<_>>()
    };
    assert_eq!(due(-1000), [("c".to_owned(), start())]);
    assert_eq!(due(-600), [("c".to_owned(), second(300))]);
    assert_eq!(told(&router, &fires(Level::Red)), ["a"]);
}

#[rstest]
#[case::not_yet(3600, false)]
#[case::at_its_time(14_400, true)]
fn an_alert_is_repeated_after_its_level_s_time(#[case] told_before: i64, #[case] expected: bool) {
    let router = router(vec![route(&["a"])]);
    let before = Before { told_at: Some(second(-told_before)), ..Before::default() };
    let repeat = notice("acme", NoticeKind::Repeat, Level::Red);
    assert_eq!(router.addresses(&repeat, &|_, _| before).len(), usize::from(expected));
    assert!(router.addresses(&notice("acme", NoticeKind::Repeat, Level::Yellow), &|_, _| before).is_empty(), "never");
    assert!(told(&router, &repeat).is_empty(), "who was never told is not told again");
}

#[rstest]
#[case::a_first_alert_waits(NoticeKind::Fire, None, 60)]
#[case::the_next_waits_longer(NoticeKind::Fire, Some(-10), 290)]
#[case::after_long_silence(NoticeKind::Fire, Some(-900), 0)]
#[case::a_rise_does_not_wait(NoticeKind::Rise, Some(-10), 0)]
fn groups_are_told_together(#[case] kind: NoticeKind, #[case] group_at: Option<i64>, #[case] expected: i64) {
    let wait = Some(SignedDuration::from_mins(1));
    let interval = Some(SignedDuration::from_mins(5));
    let router = router(vec![Route { group_wait: wait, group_interval: interval, ..route(&["a"]) }]);
    let before = Before { group_at: group_at.map(second), ..Before::default() };
    let addresses = router.addresses(&notice("acme", kind, Level::Red), &|_, _| before);
    assert_eq!(addresses[0].due, second(expected));
}

#[rstest]
#[case::over_midnight_before("22:00", "07:00", "2026-11-24T23:30:00Z", Some("2026-11-25T07:00:00Z"))]
#[case::over_midnight_after("22:00", "07:00", "2026-11-25T06:59:59Z", Some("2026-11-25T07:00:00Z"))]
#[case::the_end_is_outside("22:00", "07:00", "2026-11-25T07:00:00Z", None)]
#[case::within_a_day("12:00", "13:00", "2026-11-24T12:30:00Z", Some("2026-11-24T13:00:00Z"))]
#[case::outside("12:00", "13:00", "2026-11-24T11:59:59Z", None)]
fn quiet_hours_end(#[case] from: &str, #[case] to: &str, #[case] at: &str, #[case] expected: Option<&str>) {
    let time = |text: &str| text.parse().expect("a time of day");
    let hours = QuietHours { from: time(from), to: time(to), zone: jiff::tz::TimeZone::UTC };
    let at: Timestamp = at.parse().expect("a time");
    assert_eq!(quiet_until(&hours, at).map(|end| end.to_string()).as_deref(), expected);
}

#[test]
fn quiet_hours_follow_their_zone_through_a_change_of_clocks() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("known");
    let time = |text: &str| text.parse().expect("a time of day");
    let hours = QuietHours { from: time("22:00"), to: time("07:00"), zone };
    let evening: Timestamp = "2026-10-24T21:00:00Z".parse().expect("a time");
    assert_eq!(quiet_until(&hours, evening).map(|end| end.to_string()).as_deref(), Some("2026-10-25T06:00:00Z"));
}

fn program(allow_fallback_price: bool) -> ReceiverKind {
    ReceiverKind::Exec(crate::config::Exec {
        command: vec!["/bin/true".to_owned()],
        revert: None,
        cwd: "/".into(),
        env: Vec::new(),
        ttl: None,
        cooldown: SignedDuration::ZERO,
        per_hour: 1,
        dry_run: false,
        allow_fallback_price,
    })
}

#[rstest]
#[case::all_is_well(Health::Ok, Provenance::Measured, false, false)]
#[case::late_is_still_judged(Health::Late, Provenance::Measured, false, false)]
#[case::stale(Health::Stale, Provenance::Measured, true, true)]
#[case::no_data(Health::NoData, Provenance::Measured, true, true)]
#[case::simulated(Health::Ok, Provenance::Simulated, true, true)]
#[case::fallback(Health::Ok, Provenance::Fallback, true, false)]
fn nothing_is_told_and_run_on_doubtful_data(
    #[case] health: Health,
    #[case] provenance: Provenance,
    #[case] bars_a_program: bool,
    #[case] bars_a_message: bool,
) {
    let mut event = event("acme", NoticeKind::Fire, Level::Red);
    (event.health, event.provenance) = (health, Some(provenance));
    assert_eq!(barred(&program(false), &event).is_some(), bars_a_program);
    assert_eq!(barred(&ReceiverKind::Bell, &event).is_some(), bars_a_message);
}

#[test]
fn a_fallback_price_can_be_allowed_and_simulated_data_cannot() {
    let mut event = event("acme", NoticeKind::Fire, Level::Red);
    event.provenance = Some(Provenance::Fallback);
    assert_eq!(barred(&program(true), &event), None);
    event.provenance = Some(Provenance::Simulated);
    assert!(barred(&program(true), &event).is_some());
}

#[test]
fn that_data_is_missing_is_told_but_runs_nothing() {
    let mut event = event("acme", NoticeKind::Fire, Level::Red);
    (event.health, event.signal) = (Health::NoData, Signal::Data);
    assert_eq!(barred(&ReceiverKind::Bell, &event), None);
    assert!(barred(&program(true), &event).is_some());
}
