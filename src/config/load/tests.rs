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
    let uncommented = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.contains(" = ") => Some(format!("{rest}\n")),
        None if line.starts_with('[') => Some(format!("{line}\n")),
        _ => None,
    };
    let tables: String = EXAMPLE.lines().filter_map(uncommented).collect();
    let config = parsed(&tables).expect("the examples are valid");
    assert_eq!((config.scopes.len(), config.tenants.len(), config.budgets.len()), (5, 1, 7), "{tables}");
    assert_eq!((config.plans.len(), config.pools.len(), config.exchange_rates.len()), (2, 1, 1), "{tables}");
    assert_eq!((config.prices.len(), config.provisioned.len()), (2, 1), "{tables}");
    assert_eq!((config.responses.receivers.len(), config.responses.routes.len()), (6, 2), "{tables}");
    assert_eq!(config.plans[0].terms.charges.len(), 2, "{tables}");
    assert!(config.metrics.listen.is_some() && config.metrics.otlp.is_some() && config.log.file.is_some(), "{tables}");
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
    "line 3, column 10: budget.amount: an amount of -5 makes no sense"
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

/// A plan of tokens with these lines.
fn plan(lines: &str) -> String {
    format!("[[plan]]\nid = \"gold\"\nmeter = \"tokens\"\n{lines}\n")
}

#[rstest]
#[case::overlapping_tiers("tiers = [{ unit_price = 6 }, { unit_price = 5 }]", "holds all of this one: they overlap")]
#[case::overlapping_by_from(
    "tiers = [{ up_to = 10, unit_price = 6 }, { from = 9, unit_price = 5 }]",
    "line 4, column 51: plan.tiers.from: overlaps the tier before it, which ends at 10"
)]
#[case::gap("tiers = [{ up_to = 10, unit_price = 6 }, { from = 12, unit_price = 5 }]", "leaves a gap")]
#[case::falling(
    "tiers = [{ up_to = 10, unit_price = 6 }, { up_to = 5, unit_price = 5 }, { unit_price = 4 }]",
    "line 4, column 52: plan.tiers.up_to: 5 does not rise: the tier before it ends at 10"
)]
#[case::open_above("tiers = [{ up_to = 10, unit_price = 6 }]", "nothing is said of what is above 10")]
#[case::negative_price("tiers = [{ unit_price = -6 }]", "an amount of -6 makes no sense")]
#[case::absurd_price("tiers = [{ unit_price = 6e10 }]", "makes no sense as a price")]
#[case::free_by_oversight("tiers = [{ }]", "it has no price: write unit_price")]
#[case::cut_package(
    "mode = \"package\"\nprice_per = 100\ntiers = [{ up_to = 150, unit_price = 1 }, { unit_price = 1 }]",
    "cuts a package of 100"
)]
#[case::two_prices("markup = 0.2\ntiers = [{ unit_price = 6 }]", "a charge has one price")]
#[case::no_price("included = 5", "it has no price")]
#[case::markup_on_tokens("markup = 0.2", "it is on what AWS charges")]
#[case::charged_twice(
    "tiers = [{ unit_price = 6 }]\n[[plan.charge]]\nmeter = \"input_tokens\"\ntiers = [{ unit_price = 1 }]",
    "line 6, column 9: plan.charge.meter: a charge before this one counts it already"
)]
#[case::unknown_currency(
    "currency = \"EUR\"\ntiers = [{ unit_price = 6 }]",
    "add [[exchange_rate]] with currency = \"EUR\""
)]
#[case::no_currency("currency = \"euro\"\ntiers = [{ unit_price = 6 }]", "write its three capital letters")]
#[case::another_currency("base_fee = \"5 CHF\"\ntiers = [{ unit_price = 6 }]", "which is USD")]
#[case::zone("timezone = \"Europe/Berln\"\ntiers = [{ unit_price = 6 }]", "did you mean `Europe/Berlin`?")]
#[case::twice_in_force(
    "tiers = [{ unit_price = 6 }]\n[[plan]]\nid = \"gold\"\nfrom = 2026-07-01\nmarkup = 0.1",
    "line 5, column 1: plan: `gold`: two versions are in force at once"
)]
#[case::backwards("from = 2026-07-01\nto = 2026-07-01\ntiers = [{ unit_price = 6 }]", "it is not after `from`")]
#[case::no_day("from = \"soon\"\ntiers = [{ unit_price = 6 }]", "`soon` is not a day")]
#[case::minimum("minimum = 5\nmaximum = 4\ntiers = [{ unit_price = 6 }]", "it is above `maximum`")]
#[case::commitment("commitment = \"5 requests\"\ntiers = [{ unit_price = 6 }]", "nothing here charges requests")]
#[case::rollover("rollover = true\ntiers = [{ unit_price = 6 }]", "nothing is included that could roll over")]
#[case::caps("caps = { soft = \"30 USD\", hard = \"20 USD\" }\ntiers = [{ unit_price = 6 }]", "it is above `hard`")]
fn faulty_plans(#[case] lines: &str, #[case] expected: &str) {
    let faults = parsed(&plan(lines)).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case::no_such_plan("plan = \"silver\"", "there is no plan `silver`")]
#[case::contract_without_plan("[[tenant.contract]]\nbase_fee = 5", "it is for no plan")]
#[case::two_contracts(
    "plan = \"gold\"\n[[tenant.contract]]\nbase_fee = 5\n[[tenant.contract]]\nfrom = 2026-07-01",
    "line 10, column 1: tenant.contract: two contracts are in force at once"
)]
#[case::runbook("runbook_url = \"see wiki\"", "`see wiki` is not a URL")]
#[case::tag("tags = { }", "there is no tag in it")]
fn faulty_tenants(#[case] lines: &str, #[case] expected: &str) {
    let text = format!("{}[[tenant]]\nid = \"acme\"\n{lines}\n", plan("tiers = [{ unit_price = 6 }]"));
    let faults = parsed(&text).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case::for_nobody("", "it is not said for whom")]
#[case::for_several("fleet = true\ntenants = [\"*\"]", "it is for several at once")]
#[case::not_for_the_fleet("fleet = false", "it is not said for whom")]
#[case::no_pool("pool = \"emea\"", "line 1, column 1: budget: `b` is for no known pool `emea`")]
#[case::no_plan("plan = \"gold\"", "is for no known plan `gold`")]
#[case::soft_cap("fleet = true\nsoft = 1.2\nhard = 1.1", "it is above `hard`")]
#[case::cap_of_another_unit("fleet = true\nhard = \"5 tokens\"", "is not in USD")]
fn faulty_budgets(#[case] lines: &str, #[case] expected: &str) {
    let faults = parsed(&format!("[[budget]]\nid = \"b\"\namount = \"5 USD\"\n{lines}\n")).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case::says_nothing("", "it changes nothing")]
#[case::negative("input = -3", "line 3, column 9: price.input: `-3` is not a price of input")]
#[case::absurd("output = 5e9", "is not a price of output")]
#[case::discount("discount = \"0%\"", "is not a discount")]
#[case::discount_above_all("discount = \"120%\"", "is not a discount")]
#[case::lifetime("cache_write_lifetime = \"2h\"", "is none of \"5m\", \"1h\"")]
#[case::share("long_context = 3", "is not a share of the tokens")]
#[case::backwards("input = 3\nfrom = 2026-07-01\nto = 2026-06-01", "it is not after `from`")]
fn faulty_prices(#[case] lines: &str, #[case] expected: &str) {
    let faults = parsed(&format!("[[price]]\nmodel = \"*\"\n{lines}\n")).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected), "{told}");
}

#[rstest]
#[case::no_users("profiles = []\nusd_hour = 39.6", "provisioned.profiles: ")]
#[case::free("profiles = [\"*\"]\nusd_hour = 0", "costs more than nothing")]
#[case::absurd("profiles = [\"*\"]\nusd_hour = 1e9", "usd_hour")]
#[case::no_price("profiles = [\"*\"]", "usd_hour")]
#[case::no_units("profiles = [\"*\"]\nusd_hour = 1\nunits = 0", "0 is outside 1 to 10000")]
#[case::backwards("profiles = [\"*\"]\nusd_hour = 1\nfrom = 2026-07-01\nto = 2026-06-01", "it is not after `from`")]
fn faulty_model_units(#[case] lines: &str, #[case] expected: &str) {
    let text = format!("[[provisioned]]\nname = \"p\"\nmodel = \"anthropic.claude-v1\"\n{lines}\n");
    let faults = parsed(&text).expect_err("a fault");
    let told = faults.iter().map(|fault| format!("{fault}\n")).collect::<String>();
    assert!(told.contains(expected) && told.contains("line "), "{told}");
}

#[test]
fn the_caps_of_a_plan_are_a_budget_for_each_of_its_tenants() {
    let config = parsed(&plan("caps = { soft = \"8 USD\", hard = \"10 USD\" }\ntiers = [{ unit_price = 6 }]"));
    let budget = config.expect("sound").budgets.remove(0);
    assert_eq!((budget.id.as_str(), budget.amount.to_string().as_str()), ("plan:gold", "$10.00"));
    assert_eq!(budget.over, crate::domain::budget::BudgetOver::Plan("gold".into()));
    assert_eq!((budget.caps.soft, budget.caps.hard), (Some(0.8), Some(1.0)));
}

#[test]
fn a_contract_changes_what_it_says_and_keeps_the_rest_of_its_plan() {
    let tenant = "[[tenant]]\nid = \"acme\"\nplan = \"gold\"\n[[tenant.contract]]\nto = 2026-07-01\nbase_fee = 5\n\
                  [[tenant.contract]]\nfrom = 2026-07-01\n";
    let config = parsed(&format!("{}{tenant}", plan("base_fee = 9\ntiers = [{ unit_price = 6 }]"))).expect("sound");
    let [first, second] = &config.tenants[0].contracts[..] else { panic!("two contracts") };
    let own = first.terms.as_ref().expect("terms of its own");
    assert_eq!((own.base_fee, &own.charges), (5.into(), &config.plans[0].terms.charges));
    assert_eq!(second.terms, None, "it says nothing else than the plan");
}

#[test]
fn a_budget_has_a_zone_of_its_own_and_flags_leave_it_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    let budget = |id: &str, more: &str| format!("[[budget]]\nid = \"{id}\"\namount = \"5 USD\"\nfleet = true\n{more}");
    fs::write(&path, budget("a", "timezone = \"Asia/Tokyo\"\n") + &budget("b", "")).expect("written");
    let flags = Overrides { config: Some(path), timezone: Some("Europe/Paris".into()), ..Overrides::default() };
    let budgets = loaded(&flags, &[("HOME", "/home/op")]).expect("sound").config.budgets;
    let zones: Vec<_> = budgets.iter().map(|budget| budget.calendar.zone.iana_name().expect("a name")).collect();
    assert_eq!(zones, ["Asia/Tokyo", "Europe/Paris"]);
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

#[rstest]
#[case::loopback("127.0.0.1:9464", None)]
#[case::loopback_of_six("[::1]:9464", None)]
#[case::socket("unix:/run/bedtop.sock", None)]
#[case::everybody("0.0.0.0:9464", Some("`0.0.0.0:9464` can be reached from outside: write 127.0.0.1:9464"))]
#[case::a_relative_path("unix:here.sock", Some("is not an absolute path"))]
#[case::a_port_alone("9464", Some("is no address: write for example 127.0.0.1:9464"))]
fn where_metrics_are_served(#[case] listen: &str, #[case] fault: Option<&str>) {
    match (parsed(&format!("[metrics]\nlisten = \"{listen}\"")), fault) {
        (Ok(config), None) => assert_eq!(config.metrics.listen.expect("given").text(), listen),
        (Err(faults), Some(fault)) => assert!(faults[0].to_string().contains(fault), "{}", faults[0]),
        (outcome, expected) => panic!("{outcome:?} where {expected:?} was expected"),
    }
}

#[rstest]
#[case::loopback("otlp_url = \"http://127.0.0.1:4318/v1/metrics\"", None)]
#[case::all(
    "otlp_url = \"https://otlp.example.com/v1/metrics\"\notlp_headers_env = \"H\"\notlp_interval = \"30s\"",
    None
)]
#[case::plain_http("otlp_url = \"http://otlp.example.com/v1/metrics\"", Some("http is for this machine only"))]
#[case::no_url("otlp_url = \"127.0.0.1:4318\"", Some("this is not a URL"))]
#[case::nowhere("otlp_headers_env = \"H\"", Some("name the receiver with `otlp_url`"))]
#[case::too_often("otlp_url = \"http://127.0.0.1/\"\notlp_interval = \"1s\"", Some("1s is outside 10s to 1h"))]
fn where_metrics_are_pushed(#[case] lines: &str, #[case] fault: Option<&str>) {
    match (parsed(&format!("[metrics]\n{lines}")), fault) {
        (Ok(config), None) => assert!(lines.contains(&config.metrics.otlp.expect("given").url)),
        (Err(faults), Some(fault)) => assert!(faults[0].to_string().contains(fault), "{}", faults[0]),
        (outcome, expected) => panic!("{outcome:?} where {expected:?} was expected"),
    }
}

#[test]
fn a_name_pattern_without_its_group_is_refused_with_an_example() {
    let faults = parsed("tenant_name_pattern = \"^[a-z]+\"").expect_err("a fault");
    assert!(faults[0].to_string().contains("^(?<tenant>[a-z0-9]+)-"), "{}", faults[0]);
}
