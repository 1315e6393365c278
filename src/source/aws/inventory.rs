//! What CloudWatch has counts of: so that calls without an application inference profile are seen as well, and the
//! parts add up to the account.
//!
//! A call is counted under the dimension `ModelId` alone, and where it has a service tier once more under
//! `ModelId`, `ServiceTier` and `ResolvedServiceTier`: the tiers are parts of the whole and never added to it. A call
//! of `bedrock-mantle` is counted at four levels; only `Project` and `Model` together are read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_cloudwatch::types::{Metric, RecentlyActive};
use jiff::Timestamp;

use crate::domain::ids::{ProfileId, ProfileKey, ScopeName};
use crate::domain::profile::{Profile, ProfileKind, ServiceTier};
use crate::source::aws::client::Clients;
use crate::source::aws::faults::fault;
use crate::source::{SourceError, SourceErrorKind, model_name};

/// Calls of `bedrock-runtime`.
pub(super) const RUNTIME: &str = "AWS/Bedrock";
/// Calls of `bedrock-mantle`.
pub(super) const MANTLE: &str = "AWS/BedrockMantle";
/// What the ids of its projects begin with here.
const MANTLE_PREFIX: &str = "mantle/";
/// More pages than any account has; 500 metrics each.
const MOST_PAGES: usize = 2000;

/// One service tier as the dimensions of a metric have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TierDimensions {
    /// The tier that was asked for.
    pub asked: String,
    /// The tier that served.
    pub resolved: String,
}

/// What has counts, as of the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    models: BTreeSet<String>,
    tiers: BTreeMap<String, BTreeSet<TierDimensions>>,
    projects: BTreeSet<(String, String)>,
}

impl Inventory {
    /// Looks at all that had counts within two weeks.
    pub(super) async fn take(clients: &Clients) -> Result<Self, SourceError> {
        let mut inventory = Self::default();
        for metric in list(clients, RUNTIME, "Invocations", false).await? {
            inventory.models.extend(only_dimension(&metric, "ModelId"));
        }
        for metric in list(clients, RUNTIME, "InputTokenCount", false).await? {
            inventory.add_tier(&metric);
        }
        for metric in list(clients, MANTLE, "Inferences", false).await? {
            inventory.projects.extend(project(&metric));
        }
        Ok(inventory)
    }

    /// What had use within the last hours.
    pub(super) async fn recently_used(
        &self,
        clients: &Clients,
        scope: &ScopeName,
    ) -> Result<HashSet<ProfileKey>, SourceError> {
        let key = |id: String| ProfileKey { scope: scope.clone(), id: ProfileId::new(id) };
        let metrics = list(clients, RUNTIME, "Invocations", true).await?;
        let mut active: HashSet<ProfileKey> =
            metrics.iter().filter_map(|metric| only_dimension(metric, "ModelId")).map(key).collect();
        if !self.projects.is_empty() {
            let metrics = list(clients, MANTLE, "Inferences", true).await?;
            active.extend(metrics.iter().filter_map(project).map(|(project, model)| key(mantle_id(&project, &model))));
        }
        Ok(active)
    }

    /// What is used beside the profiles that are listed: models, system profiles, projects, ids of profiles that are
    /// gone, and the service tiers as parts of all of them.
    pub(super) fn others(&self, listed: &[Profile], scope: &ScopeName, region: &str, now: Timestamp) -> Vec<Profile> {
        let known: HashSet<&str> = listed.iter().map(|profile| profile.key.id.as_str()).collect();
        let bare = |id: &str| {
            let key = ProfileKey { scope: scope.clone(), id: ProfileId::new(id) };
            Profile { region: region.to_owned(), ..Profile::bare(key, now) }
        };
        let models = self.models.iter().filter(|id| !known.contains(id.as_str())).map(|id| called_directly(bare(id)));
        let projects = self.projects.iter().map(|(project, model)| {
            let name = model_name::parse(model);
            let kind = ProfileKind::Project;
            Profile { name: project.clone(), model: Some(name.model), kind, ..bare(&mantle_id(project, model)) }
        });
        let mut others: Vec<Profile> = models.chain(projects).collect();
        let parts: Vec<Profile> = listed.iter().chain(&others).flat_map(|whole| self.parts(whole)).collect();
        others.extend(parts);
        others
    }

    /// The tiers beside the standard one under which an id has counts.
    pub(super) fn tiers(&self, id: &ProfileId) -> impl Iterator<Item = (ServiceTier, &TierDimensions)> {
        let tiers = self.tiers.get(id.as_str()).into_iter().flatten();
        let tier = |dimensions| (tier_of(dimensions), dimensions);
        tiers.map(tier).filter(|(tier, _)| *tier != ServiceTier::Standard)
    }

    fn add_tier(&mut self, metric: &Metric) {
        let dimensions = dimensions(metric);
        if let [("ModelId", id), ("ResolvedServiceTier", resolved), ("ServiceTier", asked)] = dimensions.as_slice() {
            let tier = TierDimensions { asked: (*asked).to_owned(), resolved: (*resolved).to_owned() };
            self.tiers.entry((*id).to_owned()).or_default().insert(tier);
        }
    }

    fn parts(&self, whole: &Profile) -> Vec<Profile> {
        let tiers: BTreeSet<ServiceTier> = self.tiers(&whole.key.id).map(|(tier, _)| tier).collect();
        let part = |tier: ServiceTier| Profile {
            key: part_key(&whole.key, tier),
            name: format!("{} ({})", whole.name, tier.name()),
            tier,
            ..whole.clone()
        };
        tiers.into_iter().map(part).collect()
    }
}

/// The key of a tier's part of a profile.
pub(super) fn part_key(whole: &ProfileKey, tier: ServiceTier) -> ProfileKey {
    ProfileKey { scope: whole.scope.clone(), id: ProfileId::new(format!("{}@{}", whole.id, tier.name())) }
}

/// Project and model of an id that stands for them.
pub(super) fn mantle_project(id: &ProfileId) -> Option<(&str, &str)> {
    id.as_str().strip_prefix(MANTLE_PREFIX)?.split_once('/')
}

fn mantle_id(project: &str, model: &str) -> String {
    format!("{MANTLE_PREFIX}{project}/{model}")
}

fn tier_of(dimensions: &TierDimensions) -> ServiceTier {
    ServiceTier::of_dimension(&dimensions.resolved)
}

/// By the shape of the id: with a dot it is a model, with the prefix of a geography a system profile; without one it
/// is an application inference profile that is not listed.
fn called_directly(bare: Profile) -> Profile {
    let id = bare.key.id.as_str().to_owned();
    let last = id.rsplit('/').next().unwrap_or(&id);
    if !last.contains('.') {
        return bare;
    }
    let name = model_name::parse(last);
    let kind = if name.model.as_str() == last { ProfileKind::Model } else { ProfileKind::System };
    Profile { model: Some(name.model), reach: name.reach, kind, ..bare }
}

/// Every page of ListMetrics for one metric. New metrics appear up to 15 minutes late.
async fn list(clients: &Clients, namespace: &str, metric: &str, is_recent: bool) -> Result<Vec<Metric>, SourceError> {
    let request = clients.cloudwatch.list_metrics().namespace(namespace).metric_name(metric);
    let request = if is_recent { request.recently_active(RecentlyActive::Pt3H) } else { request };
    let request = match &clients.account {
        Some(account) => request.include_linked_accounts(true).owning_account(account),
        None => request,
    };
    let mut metrics = Vec::new();
    let mut next_token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        clients.paces.listings.wait().await;
        clients.counters.add_listing();
        let page = request.clone().set_next_token(next_token).send().await;
        let page = page.map_err(|error| fault("cloudwatch:ListMetrics", &error, &clients.place))?;
        metrics.extend_from_slice(page.metrics());
        next_token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next_token.is_none() {
            return Ok(metrics);
        }
    }
    Err(SourceError {
        kind: SourceErrorKind::Service,
        message: format!("cloudwatch:ListMetrics has no end: more than {MOST_PAGES} pages of {metric}"),
        remedy: "bedtop asks again; please report it if it lasts".to_owned(),
    })
}

/// Name and value of each dimension, by name.
fn dimensions(metric: &Metric) -> Vec<(&str, &str)> {
    let mut dimensions: Vec<(&str, &str)> =
        metric.dimensions().iter().filter_map(|dimension| Some((dimension.name()?, dimension.value()?))).collect();
    dimensions.sort_unstable();
    dimensions
}

fn only_dimension(metric: &Metric, name: &str) -> Option<String> {
    match dimensions(metric).as_slice() {
        [(only, value)] if *only == name => Some((*value).to_owned()),
        _ => None,
    }
}

fn project(metric: &Metric) -> Option<(String, String)> {
    match dimensions(metric).as_slice() {
        [("Model", model), ("Project", project)] => Some(((*project).to_owned(), (*model).to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::Dimension;
    use rstest::rstest;

    use super::*;

    fn metric(dimensions: &[(&str, &str)]) -> Metric {
        let dimension = |&(name, value): &(&str, &str)| Dimension::builder().name(name).value(value).build();
        Metric::builder().set_dimensions(Some(dimensions.iter().map(dimension).collect())).build()
    }

    fn profile(id: &str) -> Profile {
        let key = ProfileKey { scope: "main".into(), id: id.into() };
        Profile { name: "acme-chat".into(), ..Profile::bare(key, Timestamp::UNIX_EPOCH) }
    }

    #[rstest]
    #[case::application("blkjc8qmk04r", ProfileKind::Application)]
    #[case::model("anthropic.claude-opus-4-6-v1", ProfileKind::Model)]
    #[case::model_by_arn("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", ProfileKind::Model)]
    #[case::system("eu.anthropic.claude-opus-4-6-v1", ProfileKind::System)]
    #[case::global("global.anthropic.claude-opus-4-6-v1", ProfileKind::System)]
    fn ids_tell_what_they_are(#[case] id: &str, #[case] kind: ProfileKind) {
        assert_eq!(called_directly(profile(id)).kind, kind);
    }

    #[test]
    fn tiers_are_parts_of_what_they_belong_to() {
        let mut inventory = Inventory::default();
        let dimensions = |asked, resolved| {
            metric(&[("ModelId", "blkjc8qmk04r"), ("ServiceTier", asked), ("ResolvedServiceTier", resolved)])
        };
        inventory.add_tier(&dimensions("priority", "priority"));
        inventory.add_tier(&dimensions("reserved", "default"));
        inventory.add_tier(&metric(&[("ModelId", "blkjc8qmk04r")]));
        let whole = [profile("blkjc8qmk04r")];
        let parts = inventory.others(&whole, &"main".into(), "us-east-1", Timestamp::UNIX_EPOCH);
        assert_eq!(parts.len(), 1, "what overflowed to the standard tier is standard");
        assert_eq!((parts[0].key.id.as_str(), parts[0].tier), ("blkjc8qmk04r@priority", ServiceTier::Priority));
        assert_eq!(parts[0].name, "acme-chat (priority)");
    }

    #[test]
    fn only_one_level_of_a_project_is_read() {
        assert_eq!(project(&metric(&[("Project", "p")])), None);
        assert_eq!(project(&metric(&[("Model", "m")])), None);
        let both = project(&metric(&[("Project", "p"), ("Model", "openai.gpt-6.1")]));
        assert_eq!(both, Some(("p".to_owned(), "openai.gpt-6.1".to_owned())));
        let id = ProfileId::new(mantle_id("p", "openai.gpt-6.1"));
        assert_eq!(mantle_project(&id), Some(("p", "openai.gpt-6.1")));
    }

    #[test]
    fn what_is_called_directly_is_listed_beside_the_profiles() {
        let models = ["blkjc8qmk04r", "amazon.nova-lite-v1:0"].map(str::to_owned).into();
        let projects = [("p".to_owned(), "openai.gpt-6.1".to_owned())].into();
        let inventory = Inventory { models, projects, ..Inventory::default() };
        let others = inventory.others(&[profile("blkjc8qmk04r")], &"main".into(), "us-east-1", Timestamp::UNIX_EPOCH);
        let names: Vec<(&str, ProfileKind)> = others.iter().map(|other| (other.name.as_str(), other.kind)).collect();
        assert_eq!(names, [("amazon.nova-lite-v1:0", ProfileKind::Model), ("p", ProfileKind::Project)]);
    }
}
