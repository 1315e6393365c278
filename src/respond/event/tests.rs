//! What leaves the machine is of a fixed shape, short and printable.

use proptest::prelude::*;

use super::*;
use crate::respond::fixtures::notice;

#[test]
fn the_json_has_the_documented_shape() {
    let event = Event::of(&notice("acme", NoticeKind::Fire, Level::Red));
    insta::assert_snapshot!(serde_json::to_string_pretty(&event).expect("JSON"));
}

#[test]
fn what_was_stored_is_read_again() {
    let event = Event::of(&notice("acme", NoticeKind::Resolve, Level::Green));
    let stored = serde_json::to_string(&event).expect("JSON");
    assert_eq!(serde_json::from_str::<Event>(&stored).expect("an event"), event);
}

#[test]
fn the_log_finds_the_alert_of_an_event() {
    let quota = Subject::Quota("main".into(), "claude".into());
    let subjects = [
        Subject::Owner(Owner::Tenant("acme".into())),
        Subject::Owner(Owner::Unattributed),
        Subject::Scope("main".into()),
        Subject::Pool("team".into()),
        quota,
        Subject::Fleet,
    ];
    for subject in subjects {
        let alert = AlertKey { subject, signal: Signal::Burn, budget: Some("monthly".into()) };
        let plain = notice("acme", NoticeKind::Fire, Level::Red);
        let labels = Labels::of(&alert).at(Level::Red);
        let notice = Notice { fingerprint: Fingerprint::from(&alert), alert: alert.clone(), labels, ..plain };
        let event = Event::of(&notice);
        assert_eq!((event.alert(), event.fingerprint), (alert.clone(), identity_of(&alert)));
    }
}

#[test]
fn hostile_names_are_told_short_and_printable() {
    let long = format!("a\u{1b}[31m\"';\n{}", "x".repeat(10_000));
    let event = Event::of(&notice(&long, NoticeKind::Fire, Level::Red));
    let stored = serde_json::to_string(&event).expect("JSON");
    assert!(stored.len() < 4_000, "{}", stored.len());
    assert!(!stored.contains("\\u001b") && !stored.contains("\\n"), "{stored}");
    assert!(event.fingerprint.starts_with("sha256:"), "{}", event.fingerprint);
}

#[test]
fn two_long_names_stay_two_alerts() {
    let fingerprint = |last: &str| {
        let name = format!("{}{last}", "x".repeat(5_000));
        Event::of(&notice(&name, NoticeKind::Fire, Level::Red)).fingerprint
    };
    assert_ne!(fingerprint("a"), fingerprint("b"));
}

proptest! {
    #[test]
    fn clipped_text_is_never_longer_than_asked(text in ".*", longest in 1_usize..40) {
        let cut = clipped(&text, longest);
        prop_assert!(cut.chars().count() <= longest + 1);
        prop_assert!(!cut.chars().any(char::is_control));
    }
}
