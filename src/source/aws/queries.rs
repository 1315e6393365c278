//! Meters to metrics: by which names, statistics and dimensions CloudWatch is asked for what.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};

use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Meter, MeterSet};
use crate::domain::profile::ServiceTier;
use crate::domain::time::Step;
use crate::source::Ask;
use crate::source::aws::inventory::{Inventory, MANTLE, RUNTIME, mantle_project, part_key};

/// Money hangs on these: without them a poll has failed.
pub(super) const CORE: MeterSet = MeterSet::of(&[
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::Images,
]);
/// What a service tier is a part of.
const OF_TIERS: MeterSet = MeterSet::of(&[
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
]);

/// Which of the two names of the cache metrics this account and region has, once one has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CacheNames {
    /// Not known: both are asked for.
    #[default]
    Unknown,
    /// `...TokenCount`.
    Counts,
    /// `...Tokens`.
    Tokens,
}

impl CacheNames {
    /// What is known once a metric has answered.
    pub(super) fn learned(self, answered: &str) -> Self {
        match (self, answered) {
            (Self::Unknown, "CacheReadInputTokenCount" | "CacheWriteInputTokenCount") => Self::Counts,
            (Self::Unknown, "CacheReadInputTokens" | "CacheWriteInputTokens") => Self::Tokens,
            (known, _) => known,
        }
    }

    /// One meter under two names, depending on the region: never added.
    fn of(self, counts: &'static str, tokens: &'static str) -> Vec<&'static str> {
        match self {
            Self::Unknown => vec![counts, tokens],
            Self::Counts => vec![counts],
            Self::Tokens => vec![tokens],
        }
    }
}

/// One metric that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Whose meter it is.
    pub profile: ProfileKey,
    /// Which meter.
    pub meter: Meter,
    /// For a part: the profile that the whole is counted under.
    pub whole: Option<ProfileKey>,
    /// The metric's name.
    pub metric: &'static str,
    namespace: &'static str,
    statistic: &'static str,
    dimensions: Vec<(&'static str, String)>,
}

impl Wanted {
    /// The query, without a unit: one that does not fit would yield nothing.
    pub(super) fn query(&self, index: usize, step: Step, account: Option<&str>) -> MetricDataQuery {
        let dimension = |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value).build();
        let metric = Metric::builder()
            .namespace(self.namespace)
            .metric_name(self.metric)
            .set_dimensions(Some(self.dimensions.iter().map(dimension).collect()))
            .build();
        let period = i32::try_from(step.seconds()).unwrap_or(60);
        let stat = MetricStat::builder().metric(metric).period(period).stat(self.statistic).build();
        MetricDataQuery::builder()
            .id(format!("m{index}"))
            .metric_stat(stat)
            .return_data(true)
            .set_account_id(account.map(str::to_owned))
            .build()
    }
}

/// The metrics of a question: those of the profile itself, and those of its parts.
pub(super) fn wanted(ask: &Ask, inventory: &Inventory, cache_names: CacheNames) -> Vec<Wanted> {
    if let Some((project, model)) = mantle_project(&ask.profile.id) {
        let dimensions = vec![("Project", project.to_owned()), ("Model", model.to_owned())];
        let metric = |meter| Some(of_metric(ask, meter, MANTLE, (mantle_metric(meter)?, "Sum"), dimensions.clone()));
        return ask.meters.iter().filter_map(metric).collect();
    }
    let id = ask.profile.id.as_str().to_owned();
    let mut wanted = Vec::new();
    for meter in ask.meters.iter() {
        for (metric, statistic) in runtime_metrics(meter, cache_names) {
            let dimensions = vec![("ModelId", id.clone())];
            wanted.push(of_metric(ask, meter, RUNTIME, (metric, statistic), dimensions));
            if OF_TIERS.has(meter) {
                wanted.extend(of_tiers(ask, meter, (metric, statistic), inventory));
            }
        }
    }
    wanted
}

fn of_tiers(ask: &Ask, meter: Meter, metric: (&'static str, &'static str), inventory: &Inventory) -> Vec<Wanted> {
    let of_tier = |(tier, dimensions): (ServiceTier, &crate::source::aws::inventory::TierDimensions)| Wanted {
        profile: part_key(&ask.profile, tier),
        whole: Some(ask.profile.clone()),
        ..of_metric(
            ask,
            meter,
            RUNTIME,
            metric,
            vec![
                ("ModelId", ask.profile.id.as_str().to_owned()),
                ("ServiceTier", dimensions.asked.clone()),
                ("ResolvedServiceTier", dimensions.resolved.clone()),
            ],
        )
    };
    inventory.tiers(&ask.profile.id).map(of_tier).collect()
}

fn of_metric(
    ask: &Ask,
    meter: Meter,
    namespace: &'static str,
    (metric, statistic): (&'static str, &'static str),
    dimensions: Vec<(&'static str, String)>,
) -> Wanted {
    Wanted { profile: ask.profile.clone(), meter, whole: None, metric, namespace, statistic, dimensions }
}

/// Names and statistic of a meter in `AWS/Bedrock`.
fn runtime_metrics(meter: Meter, cache_names: CacheNames) -> Vec<(&'static str, &'static str)> {
    let one = match meter {
        Meter::Invocations => ("Invocations", "Sum"),
        Meter::InputTokens => ("InputTokenCount", "Sum"),
        Meter::OutputTokens => ("OutputTokenCount", "Sum"),
        Meter::Images => ("OutputImageCount", "Sum"),
        Meter::ClientErrors => ("InvocationClientErrors", "Sum"),
        Meter::ServerErrors => ("InvocationServerErrors", "Sum"),
        Meter::Throttles => ("InvocationThrottles", "Sum"),
        Meter::LatencyMs => ("InvocationLatency", "Sum"),
        Meter::LatencyP50Ms => ("InvocationLatency", "p50"),
        Meter::LatencyP90Ms => ("InvocationLatency", "p90"),
        Meter::LatencyP99Ms => ("InvocationLatency", "p99"),
        Meter::FirstTokenP50Ms => ("TimeToFirstToken", "p50"),
        Meter::FirstTokenP90Ms => ("TimeToFirstToken", "p90"),
        Meter::QuotaTokens => ("EstimatedTPMQuotaUsage", "Sum"),
        Meter::LegacyInvocations => ("LegacyModelInvocations", "Sum"),
        Meter::CacheReadTokens => return cache(cache_names, "CacheReadInputTokenCount", "CacheReadInputTokens"),
        Meter::CacheWriteTokens => return cache(cache_names, "CacheWriteInputTokenCount", "CacheWriteInputTokens"),
    };
    vec![one]
}

fn cache(names: CacheNames, counts: &'static str, tokens: &'static str) -> Vec<(&'static str, &'static str)> {
    names.of(counts, tokens).into_iter().map(|name| (name, "Sum")).collect()
}

/// The name of a meter in `AWS/BedrockMantle`, at the level of project and model.
fn mantle_metric(meter: Meter) -> Option<&'static str> {
    match meter {
        Meter::Invocations => Some("Inferences"),
        Meter::InputTokens => Some("InputTokens"),
        Meter::OutputTokens => Some("OutputTokens"),
        Meter::ClientErrors => Some("InferenceClientErrors"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn ask(id: &str, meters: MeterSet) -> Ask {
        let profile = ProfileKey { scope: "main".into(), id: id.into() };
        Ask { profile, meters, from: Timestamp::UNIX_EPOCH }
    }

    fn names(wanted: &[Wanted]) -> Vec<&str> {
        wanted.iter().map(|wanted| wanted.metric).collect()
    }

    #[test]
    fn the_query_has_the_bare_id_as_its_only_dimension() {
        let ask = ask("blkjc8qmk04r", MeterSet::of(&[Meter::Invocations]));
        let wanted = wanted(&ask, &Inventory::default(), CacheNames::Unknown);
        let query = wanted[0].query(3, Step::MINUTE, Some("111122223333"));
        let metric = query.metric_stat().and_then(MetricStat::metric).expect("a metric");
        let dimensions: Vec<_> = metric.dimensions().iter().map(|it| (it.name(), it.value())).collect();
        assert_eq!(dimensions, [(Some("ModelId"), Some("blkjc8qmk04r"))]);
        assert_eq!(query.metric_stat().and_then(MetricStat::unit), None);
        assert_eq!(query.account_id(), Some("111122223333"));
    }

    #[test]
    fn the_other_name_of_a_cache_meter_is_not_asked_for_once_one_has_answered() {
        let ask = ask("blkjc8qmk04r", MeterSet::of(&[Meter::CacheReadTokens]));
        let asked = |known| names(&wanted(&ask, &Inventory::default(), known)).join(" ");
        assert_eq!(asked(CacheNames::Unknown), "CacheReadInputTokenCount CacheReadInputTokens");
        let learned = CacheNames::Unknown.learned("Invocations").learned("CacheWriteInputTokens");
        assert_eq!(asked(learned), "CacheReadInputTokens");
        assert_eq!(learned.learned("CacheReadInputTokenCount"), learned);
    }

    #[test]
    fn a_project_is_asked_for_at_the_level_of_project_and_model() {
        let wanted = wanted(&ask("mantle/p/openai.gpt-6.1", MeterSet::ALL), &Inventory::default(), CacheNames::Counts);
        assert_eq!(names(&wanted), ["Inferences", "InputTokens", "OutputTokens", "InferenceClientErrors"]);
        assert_eq!(wanted[0].dimensions, [("Project", "p".to_owned()), ("Model", "openai.gpt-6.1".to_owned())]);
        assert_eq!(wanted[0].namespace, "AWS/BedrockMantle");
    }

    #[test]
    fn every_meter_has_a_metric() {
        let wanted = wanted(&ask("blkjc8qmk04r", MeterSet::ALL), &Inventory::default(), CacheNames::Counts);
        assert_eq!(wanted.len(), Meter::COUNT);
    }
}
