//! What the file, flags and environment say, and what is told of their faults.

use std::collections::HashMap;

use rstest::rstest;

use super::*;
use crate::config::EXAMPLE;

fn parsed(text: &str) -> Result<Config, Vec<Fault>> {
    parse(text, Config::with_defaults(PathBuf::new())).map(|(config, _)| config)
}

#[test]
fn the_example_holds_the_defaults() {
    let without_store_path = EXAMPLE.replace("path = \"~/.local/state/bedtop\"", "");
    assert_eq!(parsed(&without_store_path), Ok(Config::with_defaults(PathBuf::new())));
}

#[test]
fn the_example_names_every_key_in_the_order_of_the_show_command() {
    let config = Config::with_defaults(PathBuf::new());
    let mut rest = EXAMPLE;
    for setting in settings(&config, &BTreeMap::new(), &BTreeSet::new()) {
        let key = setting.key.rsplit('.').next().expect("a key has a last part");
        // What has no default is there as a comment.
        let line = format!("\n{key} = ");
        let comment = format!("\n# {key} = ");
        let found = rest.find(&line).or_else(|| rest.find(&comment));
        let found = found.unwrap_or_else(|| panic!("{} is not in the example", setting.key));
        rest = &rest[found + line.len()..];
    }
}

#[test]
fn the_commented_tables_of_the_example_are_sound() {
    let is_table_line = |line: &&str| line.starts_with("# [[") || (line.starts_with("# ") && line.contains(" = "));
    let tables: String = EXAMPLE.lines().filter(is_table_line).map(|line| format!("{}\n", &line[2..])).collect();
    let config = parsed(&tables).expect("the examples are valid");
    assert_eq!((config.scopes.len(), config.tenants.len(), config.budgets.len()), (5, 1, 2), "{tables}");
}

#[rstest]
#[case::misspelt_key(
    "timezon = \"UTC\"",
    "line 1, column 1: `timezon` is not a key of the file: did you mean `timezone`?"
)]
#[case::misspelt_in_a_table(
    "[collect]\nintervall = \"60s\"",
    "line 2, column 1: `intervall` is not a key of [collect]: did you mean `interval`?"
)]
#[case::nothing_alike("[ui]\nxyzzy = 1", "line 2, column 1: `xyzzy` is not a key of [ui]: it has theme, glyphs, bell")]
#[case::wrong_type("timezone = 5", "line 1, column 12: timezone: expected text in quotes, found integer")]
#[case::unknown_zone(
    "timezone = \"Europe/Berln\"",
    "line 1, column 12: timezone: `Europe/Berln` is not a time zone: did you mean `Europe/Berlin`?"
)]
#[case::negative_budget(
    "[[budget]]\nid = \"b\"\namount = \"-5 USD\"\ntenants = [\"*\"]",
    "line 3, column 10: budget.amount: a budget of -5 makes no sense"
)]
#[case::missing("[[budget]]\nid = \"b\"\ntenants = [\"*\"]", "line 1, column 1: budget: `amount` is missing here")]
#[case::anchor(
    "[[budget]]\nid = \"b\"\namount = \"5 USD\"\nper = \"week\"\nanchor_day = 9\ntenants = [\"*\"]",
    "line 5, column 14: budget.anchor_day: a week starts"
)]
#[case::falling_thresholds("[alerts.budget]\nyellow = 0.9", "the thresholds must rise")]
#[case::twice("[[scope]]\nname = \"a\"\n[[scope]]\nname = \"a\"", "scope: `a` is there twice")]
#[case::not_a_list("[budget]\nid = \"b\"", "budget: expected a list of tables: write [[budget]]")]
#[case::not_a_table("collect = 5", "line 1, column 11: collect: expected a table: write [collect]")]
#[case::not_toml("timezone = \"UTC", "line 1, column ")]
#[case::interval("[collect]\ninterval = \"5s\"", "line 2, column 12: collect.interval: 5s is outside 60s to 1h")]
#[case::endpoint("[[scope]]\nname = \"a\"\nendpoint_url = \"localhost\"", "`localhost` is not a URL")]
fn faults_have_a_place_and_a_way_out(#[case] text: &str, #[case] expected: &str) {
    let faults = parsed(text).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected), "{told}");
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let faults =
        parsed("timezone = \"Nowhere/Here\"\ntenant_tags = []\n[ui]\nbell = 1\nbel = 2\n").expect_err("faults");
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 4, 5]);
}

fn loaded(flags: &Overrides, variables: &[(&str, &str)]) -> Result<Effective, ConfigError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    load(flags, &|name| variables.get(name).map(|&value| value.to_owned()))
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, "timezone = \"Asia/Tokyo\"\n[[budget]]\nid = \"b\"\namount = \"5 USD\"\ntenants = [\"*\"]")
        .expect("written");
    let file = path.to_str().expect("a plain path");
    let zone = |flag: Option<&str>, variables: &[(&str, &str)]| {
        let flags = Overrides { timezone: flag.map(str::to_owned), ..Overrides::default() };
        let variables = [variables, &[("HOME", "/home/op")]].concat();
        let effective = loaded(&flags, &variables).expect("a sound config");
        let setting = effective.settings().into_iter().find(|setting| setting.key == "timezone").expect("listed");
        (setting.value, setting.origin)
    };
    let from_file = ("BEDTOP_CONFIG", file);
    let from_variable = ("BEDTOP_TIMEZONE", "Europe/Paris");
    assert_eq!(zone(None, &[]), ("\"UTC\"".to_owned(), Origin::Default));
    assert_eq!(zone(None, &[from_file]), ("\"Asia/Tokyo\"".to_owned(), Origin::File));
    assert_eq!(zone(None, &[from_file, from_variable]), ("\"Europe/Paris\"".to_owned(), Origin::Environment));
    assert_eq!(zone(Some("UTC"), &[from_file, from_variable]), ("\"UTC\"".to_owned(), Origin::Flag));
}

#[test]
fn files_lie_where_xdg_says() {
    let path = |variables: &[(&str, &str)]| loaded(&Overrides::default(), variables).expect("sound").config.store.path;
    assert_eq!(path(&[("HOME", "/home/op")]), PathBuf::from("/home/op/.local/state/bedtop"));
    assert_eq!(path(&[("HOME", "/home/op"), ("XDG_STATE_HOME", "/var/state")]), PathBuf::from("/var/state/bedtop"));
    assert_eq!(
        path(&[("HOME", "/home/op"), ("XDG_STATE_HOME", "relative")]),
        PathBuf::from("/home/op/.local/state/bedtop")
    );
    assert!(matches!(loaded(&Overrides::default(), &[]), Err(ConfigError::NoHome)));
}

#[test]
fn the_scope_is_the_callers_own_unless_one_is_named() {
    let home = ("HOME", "/home/op");
    let scope = |flags: &Overrides, variables: &[(&str, &str)]| {
        loaded(flags, &[variables, &[home]].concat()).expect("sound").config.scopes.remove(0)
    };
    assert_eq!(scope(&Overrides::default(), &[]).name.as_str(), "default");
    assert_eq!(scope(&Overrides::default(), &[("AWS_REGION", "eu-west-1")]).name.as_str(), "eu-west-1");
    let flags = Overrides { profile: Some("prod".into()), region: Some("us-east-1".into()), ..Overrides::default() };
    let named = scope(&flags, &[("AWS_REGION", "eu-west-1")]);
    assert_eq!((named.name.as_str(), named.region.as_deref()), ("prod/us-east-1", Some("us-east-1")));
}

#[test]
fn a_missing_file_that_was_asked_for_is_a_fault() {
    let flags = Overrides { config: Some("/nowhere/config.toml".into()), ..Overrides::default() };
    let error = loaded(&flags, &[("HOME", "/home/op")]).expect_err("a fault").to_string();
    assert!(error.contains("/nowhere/config.toml") && error.contains("config init"), "{error}");
}

#[test]
fn a_table_with_regions_and_accounts_stands_for_as_many_scopes() {
    let text = "[[scope]]\nname = \"m\"\nregions = [\"us-east-1\", \"eu-west-1\"]\n\
                accounts = [\"111122223333\", \"444455556666\"]\n\
                discovery_role_arn = \"arn:aws:iam::{account}:role/d\"\n";
    let scopes = parsed(text).expect("valid").scopes;
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name.as_str()).collect();
    let expected = [
        "m/us-east-1/111122223333",
        "m/us-east-1/444455556666",
        "m/eu-west-1/111122223333",
        "m/eu-west-1/444455556666",
    ];
    assert_eq!(names, expected);
    assert_eq!(scopes[3].region.as_deref(), Some("eu-west-1"));
    assert_eq!(scopes[3].discovery_role_arn.as_deref(), Some("arn:aws:iam::444455556666:role/d"));
}

#[rstest]
#[case::an_account_of_eleven_digits("accounts = [\"11112222333\"]", "is not an account: write its 12 digits")]
#[case::a_role_that_is_none("role_arn = \"bedtop-reader\"", "is not the ARN of a role")]
#[case::both("region = \"a\"\nregions = [\"b\"]", "`region` is there as well")]
#[case::an_external_id_for_nothing("external_id = \"x\"", "no role is assumed")]
#[case::a_discovery_role_for_nothing(
    "discovery_role_arn = \"arn:aws:iam::111122223333:role/d\"",
    "it is for `accounts`"
)]
fn faulty_scopes(#[case] line: &str, #[case] expected: &str) {
    let faults = parsed(&format!("[[scope]]\nname = \"s\"\n{line}\n")).expect_err("a fault");
    let told: String = faults.iter().map(ToString::to_string).collect();
    assert!(told.contains(expected) && told.contains("line "), "{told}");
}

#[test]
fn a_name_pattern_without_its_group_is_refused_with_an_example() {
    let faults = parsed("tenant_name_pattern = \"^[a-z]+\"").expect_err("a fault");
    assert!(faults[0].to_string().contains("^(?<tenant>[a-z0-9]+)-"), "{}", faults[0]);
}
