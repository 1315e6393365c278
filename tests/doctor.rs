//! The doctor of the real program against a script of ours: each permission denied in turn is named, and only that one.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "support/scripted_aws.rs"]
mod scripted_aws;

use scripted_aws::{Script, ScriptedAws};

fn doctor(home: &Path, endpoint: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["doctor", "--region", "us-east-1", "--endpoint-url", endpoint, "--output", "json"])
        .args(more)
        .env_clear()
        .env("HOME", home)
        .envs([("AWS_ACCESS_KEY_ID", "OWNKEY"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .env("AWS_MAX_ATTEMPTS", "1")
        .output()
        .expect("the program runs")
}

/// The findings by subject: (verdict, detail, remedy).
fn findings(output: &Output) -> BTreeMap<String, (String, String, String)> {
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().expect("text").to_owned();
    let findings = told["findings"].as_array().expect("a list").iter();
    findings
        .map(|found| (text(found, "subject"), (text(found, "verdict"), text(found, "detail"), text(found, "remedy"))))
        .collect()
}

fn aws_with_a_profile() -> ScriptedAws {
    let tags = BTreeMap::from([("TenantID".to_owned(), "acme".to_owned())]);
    let profiles = BTreeMap::from([("blkjc8qmk04r".to_owned(), tags)]);
    ScriptedAws::start(Script { profiles, ..Script::default() })
}

#[test]
fn all_is_well_where_everything_answers() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws_with_a_profile();
    let output = doctor(home.path(), aws.endpoint(), &[]);
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(0), "{found:#?}");
    assert!(found.values().all(|(verdict, ..)| verdict != "fault"), "{found:#?}");
    assert!(found.keys().any(|subject| subject.ends_with("cloudwatch:GetMetricData")), "{found:#?}");
    assert!(found.keys().any(|subject| subject.ends_with(": clock")), "{found:#?}");
    let of = |name: &str| {
        found
            .iter()
            .find(|(subject, _)| subject.ends_with(name))
            .map(|(_, (verdict, told, _))| (verdict.as_str(), told.as_str()))
    };
    assert_eq!(of(": tags"), Some(("ok", "1 profiles with 1 tenants")));
    assert!(of(": profiles").is_some_and(|(verdict, told)| verdict == "ok" && told.starts_with("1 of the 1000")));
}

#[rstest]
#[case::list_metrics("ListMetrics", "cloudwatch:ListMetrics", "fault")]
#[case::get_metric_data("GetMetricData", "cloudwatch:GetMetricData", "fault")]
#[case::list_profiles("ListInferenceProfiles", "bedrock:ListInferenceProfiles", "fault")]
#[case::bulk_tags("GetResources", "tag:GetResources", "note")]
#[case::tags("ListTagsForResource", "bedrock:ListTagsForResource", "fault")]
fn exactly_the_permission_that_lacks_is_named(
    #[case] operation: &'static str,
    #[case] action: &str,
    #[case] verdict: &str,
) {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws_with_a_profile();
    aws.script().denied.insert(operation);
    let output = doctor(home.path(), aws.endpoint(), &[]);
    let found = findings(&output);
    let amiss: Vec<_> = found.iter().filter(|(_, (_, _, remedy))| remedy.contains("allow ")).collect();
    assert_eq!(amiss.len(), 1, "{found:#?}");
    let (subject, (told, _, remedy)) = amiss[0];
    assert!(subject.ends_with(action) && remedy.contains(action), "{amiss:#?}");
    assert_eq!(told, verdict);
    assert_eq!(output.status.code(), Some(i32::from(verdict == "fault")));
}

#[test]
fn a_clock_that_is_wrong_and_a_machine_alone_are_told() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws_with_a_profile();
    aws.script().date = Some("Tue, 24 Nov 2020 12:00:00 GMT");
    let found = findings(&doctor(home.path(), aws.endpoint(), &[]));
    let clock = found.iter().find(|(subject, _)| subject.ends_with(": clock")).expect("told");
    assert!(clock.1.0 == "fault" && clock.1.1.contains("timedatectl"), "{clock:?}");
    aws.script().seen.clear();
    let output = doctor(home.path(), aws.endpoint(), &["--offline"]);
    let found = findings(&output);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["config", "history", "log", "prices", "quota", "socket", "terminal"]);
    assert!(aws.script().seen.is_empty(), "nothing is asked");
}

#[test]
fn without_credentials_the_command_to_get_some_is_told_once() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws_with_a_profile();
    let output = Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["doctor", "--region", "us-east-1", "--endpoint-url", aws.endpoint(), "--output", "json"])
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("the program runs");
    let found = findings(&output);
    let faults: Vec<_> = found.iter().filter(|(_, (verdict, ..))| verdict == "fault").collect();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].0.ends_with(": credentials") && faults[0].1.2.contains("aws sts get-caller-identity"));
}

#[test]
fn a_socket_that_others_reach_and_a_quota_of_no_scope_are_told_with_what_to_do() {
    let home = tempfile::tempdir().expect("a temporary home");
    let runtime = home.path().join("run");
    let folder = runtime.join("bedtop");
    let config = home.path().join("c.toml");
    std::fs::write(&config, "[[quota]]\nmodel = \"anthropic.*\"\nscope = \"prdo\"\ntpm = 200000\n").expect("written");
    let look = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        command.args(["doctor", "--offline", "--output", "json", "--config"]).arg(&config);
        let output = command.env_clear().env("HOME", home.path()).env("XDG_RUNTIME_DIR", &runtime).output();
        findings(&output.expect("the program runs"))
    };
    let found = look();
    assert!(found["quota"].0 == "fault" && found["quota"].1.contains("scope prdo"), "{found:#?}");
    assert!(found["socket"].0 == "fault" && found["socket"].2.contains("loginctl"), "{found:#?}");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("ours");
    let open = look();
    assert!(open["socket"].0 == "fault" && open["socket"].1.contains("chmod 700"), "{open:#?}");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("ours");
    assert_eq!(look()["socket"].0, "ok");
}
