//! What receivers and routes say, and what is told of their faults.

use std::path::PathBuf;

use rstest::rstest;

use super::*;
use crate::config::Config;
use crate::config::load::parse;

fn parsed(text: &str) -> Result<Responses, String> {
    let read = parse(text, Config::with_defaults(PathBuf::new()));
    read.map(|(config, _)| config.responses).map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

fn receiver(lines: &str) -> Result<ReceiverKind, String> {
    parsed(&format!("[[receiver]]\nname = \"r\"\n{lines}\n")).map(|mut read| read.receivers.remove(0).kind)
}

#[rstest]
#[case::clear_text("kind = \"webhook\"\nurl = \"http://example.com/\"", "http is for this machine only")]
#[case::no_url("kind = \"webhook\"\nurl = \"example.com\"", "this is not a URL")]
#[case::password("kind = \"webhook\"\nurl = \"https://me:secret@example.com/\"", "a user or password in a URL")]
#[case::missing("kind = \"webhook\"", "one of `url`, `url_env`, `url_file` is missing here")]
#[case::twice("kind = \"webhook\"\nurl_env = \"A\"\nurl_file = \"/b\"", "say the same thing: keep one")]
#[case::a_secret_in_the_file("kind = \"pagerduty\"\nrouting_key = \"abc\"", "`routing_key` is not a key of [receiver]")]
#[case::a_secret_for_a_name("kind = \"pagerduty\"\nrouting_key_env = \"ab-c!\"", "is not the name of an environment")]
#[case::relative_program("kind = \"exec\"\ncommand = [\"run.sh\"]", "`run.sh` is not an absolute path")]
#[case::ttl_for_nothing("kind = \"exec\"\ncommand = [\"/bin/true\"]\nttl = \"1h\"", "there is no `revert`")]
#[case::not_of_this_kind("kind = \"bell\"\nurl_env = \"A\"", "`url_env` is not a key of [receiver]")]
#[case::half_a_bot("kind = \"slack\"\ntoken_env = \"A\"", "Slack needs")]
#[case::not_a_topic("kind = \"sns\"\ntopic_arn = \"alerts\"", "is not the ARN of a topic")]
#[case::not_a_kind("kind = \"email\"", "`email` is none of \"log\", \"bell\"")]
fn faulty_receivers_are_told_with_a_way_out(#[case] lines: &str, #[case] expected: &str) {
    let told = receiver(lines).expect_err("a fault");
    assert!(told.contains(expected) && told.contains("line "), "{told}");
}

#[test]
fn a_fault_never_repeats_a_secret() {
    let told = receiver("kind = \"webhook\"\nurl = \"https://me:hunter2@example.com/\"").expect_err("a fault");
    assert!(!told.contains("hunter2"), "{told}");
}

#[rstest]
#[case("https://hooks.example.com/a", true)]
#[case("http://127.0.0.1:9093", true)]
#[case("http://[::1]:9093/x", true)]
#[case("http://localhost/x", true)]
#[case("http://localhost.example.com/x", false)]
#[case("http://127.0.0.1.example.com/x", false)]
#[case("https://", false)]
#[case("https://a b/", false)]
#[case("ftp://example.com", false)]
fn only_addresses_that_keep_a_secret_are_taken(#[case] url: &str, #[case] expected: bool) {
    assert_eq!(safe_url(url).is_ok(), expected, "{url}");
}

const LOG: &str = "[[receiver]]\nname = \"log\"\nkind = \"log\"\n[[receiver]]\nname = \"beat\"\nkind = \"heartbeat\"\nurl = \"https://example.com/\"\n";

#[rstest]
#[case::unknown("receiver = \"lug\"", "there is no [[receiver]] named `lug`")]
#[case::heartbeat("receiver = \"beat\"", "`beat` is a heartbeat")]
#[case::nobody("levels = [\"red\"]", "`receiver` is missing here")]
#[case::level("receiver = \"log\"\nlevels = [\"green\"]", "`green` is none of")]
#[case::matcher("receiver = \"log\"\nmatchers = [\"tenent=a\"]", "did you mean `tenant`?")]
#[case::hours("receiver = \"log\"\nquiet_hours = \"22-7\"", "is not a part of the day")]
#[case::escalation("receiver = \"log\"\nescalate_after = \"5m\"", "`escalate_to` is missing")]
#[case::escalation_to_nobody("receiver = \"log\"\nescalate_to = \"boss\"", "there is no [[receiver]] named `boss`")]
#[case::repeat("receiver = \"log\"\nrepeat = { red = \"1s\" }", "1s is outside 5m to 30d")]
fn faulty_routes_are_told_with_a_way_out(#[case] lines: &str, #[case] expected: &str) {
    let told = parsed(&format!("{LOG}[[route]]\n{lines}\n")).expect_err("a fault");
    assert!(told.contains(expected) && told.contains("line "), "{told}");
}

#[test]
fn a_route_has_the_documented_defaults() {
    let read = parsed(&format!("{LOG}[[route]]\nreceiver = \"log\"\n")).expect("sound");
    let route = &read.routes[0];
    assert_eq!(route.levels, [Level::Yellow, Level::Orange, Level::Red]);
    assert_eq!(route.repeat, Repeat::default());
    assert_eq!((route.group_by, route.goes_on), (GroupBy::Subject, false));
}

#[test]
fn quiet_hours_are_in_the_zone_of_the_file_unless_they_have_their_own() {
    let zone_of = |lines: &str| {
        let text = format!(
            "timezone = \"Asia/Tokyo\"\n{LOG}[[route]]\nreceiver = \"log\"\nquiet_hours = \"22:00-07:00\"\n{lines}"
        );
        let read = parsed(&text).expect("sound");
        read.routes[0].quiet_hours.as_ref().and_then(|hours| hours.zone.iana_name()).map(str::to_owned)
    };
    assert_eq!(zone_of("").as_deref(), Some("Asia/Tokyo"));
    assert_eq!(zone_of("quiet_zone = \"Europe/Berlin\"").as_deref(), Some("Europe/Berlin"));
}
