//! The real SDK against a script of ours: pages, late and revised points, bulk tags, calls without a profile, service
//! tiers, roles, linked accounts and permissions that lack.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use bedtop::collect::{Clock, CollectSettings, Collector, Delivery, Known, Purse};
use bedtop::domain::history::History;
use bedtop::domain::ids::ProfileKey;
use bedtop::domain::meter::{Meter, MeterSet};
use bedtop::domain::profile::{Profile, ProfileKind, Reach, ServiceTier};
use bedtop::domain::time::{Step, TimeSpan};
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::source::aws::{AssumedRole, AwsSettings, AwsSource, LinkedAccount};
use bedtop::source::{Ask, Source, SourceErrorKind, UsageReply, UsageRequest};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};

#[path = "support/scripted_aws.rs"]
mod scripted_aws;

use scripted_aws::{Script, ScriptedAws, field, of_model};

/// 2026-11-19T16:00:00Z.
const START: i64 = 1_795_104_000;
const CHILD: &str = "BEDTOP_TEST_CHILD";

/// Runs a test in a process whose environment has credentials: the environment of this one is not touched.
fn run(name: &str, test: impl Future<Output = ()>) {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        return runtime.expect("a runtime").block_on(test);
    }
    let output = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--nocapture"])
        .envs([("AWS_ACCESS_KEY_ID", "OWNKEY"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("AWS_PROFILE")
        .env(CHILD, "1")
        .output()
        .expect("it runs");
    let told = [output.stdout, output.stderr].map(|told| String::from_utf8_lossy(&told).into_owned());
    assert!(output.status.success(), "{}", told.concat());
}

fn settings(aws: &ScriptedAws) -> AwsSettings {
    AwsSettings {
        scope: "main".into(),
        region: Some("us-east-1".into()),
        endpoint_url: Some(aws.endpoint().to_owned()),
        ..AwsSettings::default()
    }
}

fn source(aws: &ScriptedAws) -> AwsSource {
    AwsSource::connect(settings(aws))
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a valid time")
}

fn key(id: &str) -> ProfileKey {
    ProfileKey { scope: "main".into(), id: id.into() }
}

/// Asks for these meters of the first hour.
fn hour_of(ids: &[&str], meters: &[Meter]) -> UsageRequest {
    let ask = |id: &&str| Ask { profile: key(id), meters: MeterSet::of(meters), from: second(START) };
    let end = second(START + 3600);
    UsageRequest { now: end, until: end, step: Step::MINUTE, asks: ids.iter().map(ask).collect() }
}

fn sum(reply: &UsageReply, id: &str, meter: Meter) -> u64 {
    let of_profile = reply.usage.iter().filter(|usage| usage.profile == key(id));
    of_profile.flat_map(|usage| &usage.points).map(|point| point.counts.sum_of(meter)).sum()
}

fn tags(tenant: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("TenantID".to_owned(), tenant.to_owned())])
}

fn find<'a>(profiles: &'a [Profile], id: &str) -> &'a Profile {
    profiles.iter().find(|profile| profile.key.id.as_str() == id).unwrap_or_else(|| panic!("{id} in {profiles:?}"))
}

#[test]
fn pages_that_overlap_and_run_backwards_are_read_once_each() {
    run("pages_that_overlap_and_run_backwards_are_read_once_each", async {
        let mut script = Script::default();
        for minute in 0..60 {
            script.put("a", "Invocations", START + minute * 60, f64::from(u8::try_from(minute).expect("small")));
        }
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let reply = source.usage(&hour_of(&["a"], &[Meter::Invocations])).await.expect("answered");
        assert_eq!((reply.usage[0].points.len(), sum(&reply, "a", Meter::Invocations)), (60, 59 * 60 / 2));
        let traffic = source.take_traffic();
        assert_eq!((traffic.metrics, traffic.calls), (1, 2), "a metric is billed once, however many pages it has");
    });
}

#[test]
fn more_queries_than_one_request_may_have_are_sent_in_several() {
    run("more_queries_than_one_request_may_have_are_sent_in_several", async {
        let aws = ScriptedAws::start(Script::default());
        let ids: Vec<String> = (0..600).map(|number| format!("profile{number:05}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut source = source(&aws);
        source.usage(&hour_of(&ids, &[Meter::Invocations, Meter::InputTokens])).await.expect("answered");
        let traffic = source.take_traffic();
        assert_eq!((traffic.metrics, traffic.calls, traffic.retries), (1200, 6, 0), "three requests of two pages");
        assert!(traffic.bytes > 0);
    });
}

#[test]
fn a_metric_that_does_not_come_fails_the_poll_only_where_money_hangs_on_it() {
    run("a_metric_that_does_not_come_fails_the_poll_only_where_money_hangs_on_it", async {
        let mut script = Script::default();
        script.put("a", "Invocations", START, 3.0);
        script.broken_metrics = [("TimeToFirstToken", "InternalError"), ("OutputTokenCount", "Forbidden")].into();
        let aws = ScriptedAws::start(script);
        let meters = [Meter::Invocations, Meter::FirstTokenP90Ms];
        let reply = source(&aws).usage(&hour_of(&["a"], &meters)).await.expect("answered");
        assert_eq!(sum(&reply, "a", Meter::Invocations), 3);
        assert!(reply.shortfall.expect("told").message.contains("TimeToFirstToken"));
        let meters = [Meter::Invocations, Meter::OutputTokens];
        let error = source(&aws).usage(&hour_of(&["a"], &meters)).await.expect_err("refused");
        assert_eq!(error.kind, SourceErrorKind::Denied);
        assert!(error.remedy.contains("cloudwatch:GetMetricData"), "{}", error.remedy);
    });
}

#[test]
fn tags_come_in_bulk_and_only_the_rest_is_asked_one_by_one_and_remembered() {
    run("tags_come_in_bulk_and_only_the_rest_is_asked_one_by_one_and_remembered", async {
        let mut script = Script { page: 2, ..Script::default() };
        for number in 0..5 {
            script.profiles.insert(format!("profile{number}"), tags(&format!("tenant{number}")));
        }
        script.profiles.insert("untagged".into(), BTreeMap::new());
        script.profiles.insert("us.amazon.nova-lite-v1:0".into(), BTreeMap::new());
        script.not_in_bulk.insert("profile3".into());
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let found = source.profiles(second(START)).await.expect("answered");
        assert_eq!(found.len(), 6, "all pages, and no system profiles");
        for number in 0..5 {
            let profile = find(&found, &format!("profile{number}"));
            assert_eq!(profile.tags, tags(&format!("tenant{number}")));
            assert_eq!((profile.reach, profile.region.as_str()), (Reach::Geo, "us-east-1"));
        }
        assert_eq!(aws.script().of("ListTagsForResource").len(), 2, "one that the tagging API left out, one untagged");
        assert_eq!(aws.script().of("GetResources").len(), 2);
        aws.script().profiles.insert("profile1".into(), tags("moved"));
        let later = source.profiles(second(START + 600)).await.expect("answered");
        assert_eq!(find(&later, "profile1").tags, tags("moved"), "a new tag is found");
        assert_eq!(find(&later, "profile3").tags, tags("tenant3"));
        assert_eq!(aws.script().of("ListTagsForResource").len(), 2, "what was asked one by one is remembered");
        source.profiles(second(START + 3700)).await.expect("answered");
        assert_eq!(aws.script().of("ListTagsForResource").len(), 4, "for an hour");
    });
}

#[test]
fn without_the_tagging_api_tags_are_read_one_by_one_and_it_is_told() {
    run("without_the_tagging_api_tags_are_read_one_by_one_and_it_is_told", async {
        let mut script = Script::default();
        script.profiles.insert("profile1".into(), tags("acme"));
        script.denied.insert("GetResources");
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let found = source.profiles(second(START)).await.expect("answered");
        assert_eq!(find(&found, "profile1").tags, tags("acme"));
        let notices = source.notices().concat();
        assert!(notices.contains("tags are read one by one") && notices.contains("tag:GetResources"), "{notices}");
        aws.script().denied = BTreeSet::from(["ListTagsForResource"]);
        aws.script().profiles.insert("untagged".into(), BTreeMap::new());
        let found = source.profiles(second(START + 600)).await.expect("the tagging API has told all that is tagged");
        assert_eq!(find(&found, "profile1").tags, tags("acme"));
        aws.script().denied.insert("GetResources");
        let error = source.profiles(second(START + 9000)).await.expect_err("nobody tells tags");
        assert_eq!(error.kind, SourceErrorKind::Denied);
    });
}

#[test]
fn calls_without_a_profile_and_service_tiers_are_found_and_the_parts_add_up_to_the_account() {
    run("calls_without_a_profile_and_service_tiers_are_found_and_the_parts_add_up_to_the_account", async {
        let mut script = Script::default();
        script.profiles.insert("blkjc8qmk04r".into(), tags("acme"));
        let ids = ["blkjc8qmk04r", "amazon.nova-lite-v1:0", "eu.anthropic.claude-opus-4-6-v1", "goneprofile1"];
        for (number, id) in (1_u32..).zip(ids) {
            script.put(id, "Invocations", START, f64::from(number));
            script.put(id, "InputTokenCount", START, f64::from(number * 1000));
        }
        let tier = |asked: &str, resolved: &str| {
            let (space, metric, mut dimensions) = of_model("blkjc8qmk04r", "InputTokenCount");
            dimensions.extend([("ServiceTier".to_owned(), asked.to_owned())]);
            dimensions.extend([("ResolvedServiceTier".to_owned(), resolved.to_owned())]);
            (space, metric, dimensions)
        };
        for (series, tokens) in
            [(tier("flex", "flex"), 300.0), (tier("default", "flex"), 50.0), (tier("reserved", "default"), 25.0)]
        {
            script.series.entry(series).or_default().insert(START, tokens);
        }
        for (metric, count) in [("Inferences", 7.0), ("InputTokens", 70.0)] {
            for level in [vec!["Project", "Model"], vec!["Project"], vec!["Model"], vec![]] {
                let dimensions = level.iter().map(|name| ((*name).to_owned(), format!("the-{name}"))).collect();
                let series = ("AWS/BedrockMantle".to_owned(), metric.to_owned(), dimensions);
                script.series.entry(series).or_default().insert(START, count);
            }
        }
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let found = source.profiles(second(START + 60)).await.expect("answered");
        let kind = |id: &str| find(&found, id).kind;
        assert_eq!(kind("amazon.nova-lite-v1:0"), ProfileKind::Model);
        assert_eq!(kind("eu.anthropic.claude-opus-4-6-v1"), ProfileKind::System);
        assert_eq!(kind("goneprofile1"), ProfileKind::Application);
        assert_eq!(kind("mantle/the-Project/the-Model"), ProfileKind::Project);
        assert_eq!(find(&found, "blkjc8qmk04r@flex").tier, ServiceTier::Flex);
        assert_eq!(find(&found, "blkjc8qmk04r@flex").tags, tags("acme"));
        assert_eq!(found.len(), 6);
        let whole: Vec<&str> =
            found.iter().filter(|it| it.tier == ServiceTier::Standard).map(|it| it.key.id.as_str()).collect();
        let reply = source.usage(&hour_of(&whole, &[Meter::Invocations, Meter::InputTokens])).await.expect("answered");
        assert_eq!(sum(&reply, "blkjc8qmk04r@flex", Meter::InputTokens), 350);
        assert_eq!(sum(&reply, "blkjc8qmk04r", Meter::InputTokens), 650, "the tier is a part of the whole");
        let all: u64 = found.iter().map(|profile| sum(&reply, profile.key.id.as_str(), Meter::InputTokens)).sum();
        assert_eq!(all, 1000 + 2000 + 3000 + 4000 + 70);
        assert_eq!(sum(&reply, "mantle/the-Project/the-Model", Meter::Invocations), 7, "one level of four");
    });
}

#[test]
fn who_was_active_lately_is_listed_and_without_permission_it_is_told() {
    run("who_was_active_lately_is_listed_and_without_permission_it_is_told", async {
        let mut script = Script::default();
        for id in ["a", "b"] {
            script.profiles.insert(id.into(), tags("acme"));
            script.put(id, "Invocations", START, 1.0);
        }
        script.recently_active.insert(of_model("b", "Invocations"));
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let active = source.recently_used(second(START)).await.expect("answered").expect("it can tell");
        assert_eq!(active.into_iter().collect::<Vec<_>>(), [key("b")]);
        assert_eq!(source.take_traffic().listings, 1);
        aws.script().denied.insert("ListMetrics");
        assert_eq!(source.profiles(second(START)).await.expect("profiles come all the same").len(), 2);
        let notices = source.notices().concat();
        assert!(
            notices.contains("calls without a profile are not seen") && notices.contains("ListMetrics"),
            "{notices}"
        );
    });
}

#[test]
fn an_empty_429_is_tried_again() {
    run("an_empty_429_is_tried_again", async {
        let mut script = Script { too_many: 2, ..Script::default() };
        script.put("a", "Invocations", START, 3.0);
        let aws = ScriptedAws::start(script);
        let mut source = source(&aws);
        let reply = source.usage(&hour_of(&["a"], &[Meter::Invocations])).await.expect("answered in the end");
        assert_eq!(sum(&reply, "a", Meter::Invocations), 3);
        assert_eq!(source.take_traffic().retries, 2);
    });
}

#[test]
fn a_clock_that_is_wrong_is_noticed_from_the_answers() {
    run("a_clock_that_is_wrong_is_noticed_from_the_answers", async {
        let aws = ScriptedAws::start(Script { date: Some("Tue, 24 Nov 2020 12:00:00 GMT"), ..Script::default() });
        let mut source = source(&aws);
        source.usage(&hour_of(&["a"], &[Meter::Invocations])).await.expect("answered");
        let notices = source.notices().concat();
        assert!(notices.contains("ahead of that of AWS") && notices.contains("timedatectl"), "{notices}");
    });
}

#[test]
fn a_role_is_assumed_with_its_external_id_and_its_credentials_are_used() {
    run("a_role_is_assumed_with_its_external_id_and_its_credentials_are_used", async {
        let aws = ScriptedAws::start(Script::default());
        let role = AssumedRole {
            arn: "arn:aws:iam::111122223333:role/bedtop-reader".into(),
            external_id: Some("an-external-id".into()),
            session_name: "on-call".into(),
        };
        let mut source = AwsSource::connect(AwsSettings { role: Some(role), ..settings(&aws) });
        source.usage(&hour_of(&["a"], &[Meter::Invocations])).await.expect("answered");
        let script = aws.script();
        let assumed = script.of("AssumeRole");
        let form = assumed[0].body.as_text().expect("a form");
        for part in ["bedtop-reader", "ExternalId=an-external-id", "RoleSessionName=on-call"] {
            assert!(form.contains(part), "{part} in {form}");
        }
        assert!(assumed[0].head.contains("Credential=OWNKEY/"));
        assert!(script.of("GetMetricData").iter().all(|seen| seen.head.contains("Credential=ASSUMEDKEY/")));
        assert_eq!(assumed.len(), 1, "credentials are kept until they expire");
    });
}

#[test]
fn a_linked_account_is_read_through_the_monitoring_account() {
    run("a_linked_account_is_read_through_the_monitoring_account", async {
        let mut script = Script::default();
        script.profiles.insert("blkjc8qmk04r".into(), tags("acme"));
        script.put("blkjc8qmk04r", "Invocations", START, 3.0);
        let aws = ScriptedAws::start(script);
        let without_role = LinkedAccount { account: "444455556666".into(), discovery: None };
        let mut source = AwsSource::connect(AwsSettings { linked: Some(without_role.clone()), ..settings(&aws) });
        let found = source.profiles(second(START)).await.expect("answered");
        assert_eq!((found.len(), find(&found, "blkjc8qmk04r").tags.len()), (1, 0), "only the id is known");
        assert!(aws.script().of("ListInferenceProfiles").is_empty());
        let reply = source.usage(&hour_of(&["blkjc8qmk04r"], &[Meter::Invocations])).await.expect("answered");
        assert_eq!(sum(&reply, "blkjc8qmk04r", Meter::Invocations), 3);
        let account = |seen: &scripted_aws::Seen| {
            let queries = field(&seen.body, "MetricDataQueries")?.as_array()?;
            field(queries.first()?, "AccountId")?.as_text().map(str::to_owned)
        };
        assert_eq!(account(aws.script().of("GetMetricData")[0]).as_deref(), Some("444455556666"));
        let listing = aws.script().of("ListMetrics")[0].clone();
        assert_eq!(field(&listing.body, "OwningAccount").and_then(|it| it.as_text()), Some("444455556666"));
        assert_eq!(field(&listing.body, "IncludeLinkedAccounts").and_then(ciborium::Value::as_bool), Some(true));
        let discovery = AssumedRole {
            arn: "arn:aws:iam::444455556666:role/bedtop-discovery".into(),
            external_id: None,
            session_name: "bedtop".into(),
        };
        let with_role = LinkedAccount { discovery: Some(discovery), ..without_role };
        let mut source = AwsSource::connect(AwsSettings { linked: Some(with_role), ..settings(&aws) });
        let found = source.profiles(second(START)).await.expect("answered");
        assert_eq!(find(&found, "blkjc8qmk04r").tags, tags("acme"));
        let script = aws.script();
        assert!(script.of("ListInferenceProfiles")[0].head.contains("Credential=ASSUMEDKEY/"));
        assert!(script.of("ListMetrics").last().expect("asked").head.contains("Credential=OWNKEY/"));
    });
}

/// What is true of a profile's minute, and how much of it is known so many minutes after it ended: points come up to
/// nine minutes late and grow until then.
fn known_of(profile: i64, minute: i64, age: i64) -> Option<f64> {
    let mixed = (profile * 7919 + minute * 104_729).rem_euclid(1000);
    let (late, whole) = (mixed % 6, f64::from(u16::try_from(mixed).expect("small")) + 1.0);
    match age {
        age if age < late || mixed % 4 == 0 => None,
        age if age < late + 4 => Some((whole / 2.0).floor()),
        _ => Some(whole),
    }
}

#[test]
fn late_and_revised_points_end_exactly_right() {
    run("late_and_revised_points_end_exactly_right", async {
        const PROFILES: i64 = 4;
        const MINUTES: i64 = 50;
        let id = |profile: i64| format!("profile{profile}");
        let mut script = Script::default();
        (0..PROFILES).for_each(|profile| drop(script.profiles.insert(id(profile), tags("acme"))));
        let aws = ScriptedAws::start(script);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };
        let mut store = Store::open(folder.path(), &options).expect("opens");
        let (clock, hand) = Clock::by_hand(second(START));
        let (batches, mut taken) = mpsc::channel(1);
        let (_stop, stopped) = watch::channel(false);
        let collector = Collector {
            settings: CollectSettings {
                interval: SignedDuration::from_mins(1),
                meters: MeterSet::ALL,
                revise_window: SignedDuration::from_mins(15),
                backfill: SignedDuration::ZERO,
                finer: None,
            },
            known: Known::default(),
            purse: Arc::new(Purse::new(None, &[], second(START))),
            clock,
            batches,
            refresh: Arc::new(Notify::new()),
            stopped,
        };
        let running = tokio::spawn(collector.run(source(&aws)));
        let mut take = async |store: &mut Store| {
            let delivery: Delivery = taken.recv().await.expect("a batch");
            assert_eq!(delivery.batch.poll.fault, None);
            store.apply(&delivery.batch).expect("stored");
            delivery.answer(true);
        };
        take(&mut store).await;
        for now in 1..MINUTES + 15 {
            for (profile, minute) in
                (0..PROFILES).flat_map(|profile| (0..MINUTES.min(now)).map(move |it| (profile, it)))
            {
                if let Some(value) = known_of(profile, minute, now - minute - 1) {
                    let at = START + minute * 60;
                    aws.script().put(&id(profile), "Invocations", at, value);
                    aws.script().put(&id(profile), "InputTokenCount", at, value * 100.0);
                }
            }
            hand.set(second(START + now * 60));
            take(&mut store).await;
        }
        running.abort();
        let span = TimeSpan::new(second(START), second(START + MINUTES * 60));
        for (number, versions) in store.profiles() {
            let profile: i64 = versions[0].key.id.as_str()[7..].parse().expect("a number");
            let stored = store.points(number, span);
            let stored: BTreeMap<i64, (u64, u64)> = stored
                .iter()
                .map(|point| {
                    let counts = &point.counts;
                    (point.at.as_second(), (counts.sum_of(Meter::Invocations), counts.sum_of(Meter::InputTokens)))
                })
                .collect();
            let truth = (0..MINUTES).filter_map(|minute| {
                let value = known_of(profile, minute, 100)?;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
                Some((START + minute * 60, (value as u64, value as u64 * 100)))
            });
            assert_eq!(stored, truth.collect(), "profile {profile}");
        }
        let status = store.scopes(second(START + MINUTES * 60 + 900)).remove(0);
        assert!(status.revised_month > 50, "{} points were revised", status.revised_month);
        assert!((60..=360).contains(&status.lag_seconds.expect("measured")), "{:?}", status.lag_seconds);
    });
}
