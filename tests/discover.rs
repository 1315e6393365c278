//! The first config of the real program: what a script of ours has is found and written, and where nobody answers the
//! commented default is.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "support/scripted_aws.rs"]
mod scripted_aws;

use scripted_aws::{Script, ScriptedAws};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "OWNKEY"), ("AWS_SECRET_ACCESS_KEY", "y")];

fn bedtop(home: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_REGION", "eu-west-1"), ("AWS_MAX_ATTEMPTS", "1")])
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs")
}

fn written(home: &Path) -> String {
    fs::read_to_string(home.join(".config/bedtop/config.toml")).expect("written")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn aws() -> ScriptedAws {
    let of = |tags: &[(&str, &str)]| tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    let profiles = BTreeMap::from([
        ("aaaaaaaaaaaa".to_owned(), of(&[("TenantID", "acme"), ("Plan", "gold"), ("env", "prod")])),
        ("bbbbbbbbbbbb".to_owned(), of(&[("TenantID", "beta"), ("env", "prod")])),
        ("cccccccccccc".to_owned(), of(&[])),
    ]);
    let regions = BTreeMap::from([("bbbbbbbbbbbb".to_owned(), "eu-west-1")]);
    ScriptedAws::start(Script { profiles, regions, page: 100, ..Script::default() })
}

#[test]
fn regions_tags_tenants_and_plans_are_found_and_written() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws();
    let output = bedtop(home.path(), &KEYS, &["config", "init", "--wait", "30", "--endpoint-url", aws.endpoint()]);
    assert!(output.status.success(), "{}", told(&output));
    let found = "3 application inference profiles of account 111122223333 (1 in eu-west-1, 2 in us-east-1; looked at";
    assert!(
        told(&output).contains(found) && told(&output).contains("2 tenants and 1 plan by tags"),
        "{}",
        told(&output)
    );
    let text = written(home.path());
    for expected in [
        "# Tags in use: TenantID (2 of 3 profiles, 2 values), env (2 of 3 profiles, 1 value), Plan (1 of 3 profiles, 1 value).",
        "name = \"default\"\nregion = \"eu-west-1\"",
        "name = \"us-east-1\"\nregion = \"us-east-1\"",
        "# [[tenant]]\n# id = \"acme\"  # 1 profile, plan \"gold\"",
        "# [[plan]]\n# id = \"gold\"",
        "# Nothing tells the tenant of 1 profile",
    ] {
        assert!(text.contains(expected), "{expected}:\n{text}");
    }
    let checked = bedtop(home.path(), &[], &["config", "check"]);
    assert!(checked.status.success(), "{}", told(&checked));
    let asked = aws.script().seen.iter().map(|seen| seen.operation).collect::<std::collections::BTreeSet<_>>();
    let free = ["GetResources", "ListInferenceProfiles", "ListTagsForResource"];
    assert!(asked.iter().all(|operation| free.contains(operation)), "nothing that is billed is asked: {asked:?}");
}

#[test]
fn what_may_not_be_listed_is_told_in_the_file() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws();
    aws.script().denied.insert("ListInferenceProfiles");
    let output = bedtop(home.path(), &KEYS, &["config", "init", "--wait", "30", "--endpoint-url", aws.endpoint()]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(written(home.path()).contains("bedrock:ListInferenceProfiles in eu-west-1"), "{}", written(home.path()));
    assert!(bedtop(home.path(), &[], &["config", "check"]).status.success());
}

#[test]
fn without_credentials_network_or_leave_to_ask_it_is_the_commented_default() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let init = ["config", "init", "--endpoint-url", &endpoint];
    for (environment, arguments, why) in [
        (&KEYS[..0], &init[..], "credentials"),
        (&KEYS[..], &init[..], "no answer within 0.8 s"),
        (&KEYS[..], &["config", "init", "--offline"][..], "it was not asked"),
    ] {
        let home = tempfile::tempdir().expect("a temporary home");
        let start = Instant::now();
        let output = bedtop(home.path(), environment, arguments);
        // A second on a machine at rest; an operation of the SDK would take ten.
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        assert!(output.status.success() && told(&output).contains(why), "{why}: {}", told(&output));
        let text = written(home.path());
        let (head, rest) = text.split_once('\n').expect("lines");
        assert!(head.starts_with("# Nothing was found out") && rest == bedtop::config::EXAMPLE, "{text}");
        assert!(bedtop(home.path(), &[], &["config", "check"]).status.success());
    }
}

#[test]
fn an_existing_file_is_neither_written_nor_asked_for() {
    let home = tempfile::tempdir().expect("a temporary home");
    let aws = aws();
    fs::create_dir_all(home.path().join(".config/bedtop")).expect("a folder");
    fs::write(home.path().join(".config/bedtop/config.toml"), "# mine\n").expect("written");
    let output = bedtop(home.path(), &KEYS, &["config", "init", "--endpoint-url", aws.endpoint()]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(written(home.path()), "# mine\n");
    assert!(aws.script().seen.is_empty(), "nothing was asked");
}
