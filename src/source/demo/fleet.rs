//! The tenants and their profiles.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{ProfileId, ProfileKey, ScopeName};
use crate::domain::profile::{Profile, Reach};
use crate::source::demo::START;
use crate::source::demo::noise;
use crate::source::demo::shape::Habits;
use crate::source::demo::story::{LATE_SCOPE, Role, Scenario, role};

/// The scopes, with their regions.
pub(super) const SCOPES: [(&str, &str); 3] =
    [("prod/us-east-1", "us-east-1"), ("prod/eu-west-1", "eu-west-1"), (LATE_SCOPE, "us-west-2")];
/// A model that no price book has.
pub(super) const UNKNOWN_MODEL: &str = "internal.distilled-preview-v1";
/// The tenant that uses it, by rank of size.
const UNKNOWN_MODEL_TENANT: usize = 14;
/// Profiles that nobody has tagged.
const UNTAGGED: usize = 2;

const NAMES: [&str; 56] = [
    "northwind",
    "acme",
    "globex",
    "initech",
    "umbra-health",
    "hooli",
    "stark-freight",
    "wayne-retail",
    "tyrell",
    "cyberdyne",
    "soylent-foods",
    "vandelay",
    "wonka",
    "oscorp-bio",
    "massive-dynamic",
    "pied-piper",
    "aperture",
    "black-mesa",
    "monarch-air",
    "weyland",
    "gringotts-pay",
    "duff-brewing",
    "bluth-homes",
    "dunder-paper",
    "prestige",
    "sterling-ads",
    "los-pollos",
    "nakatomi",
    "virtucon",
    "zorg",
    "kobol-bank",
    "rekall",
    "omni-care",
    "ingen-labs",
    "multi-mart",
    "spacely",
    "cogswell",
    "planet-express",
    "momcorp",
    "primatech",
    "veridian",
    "abstergo",
    "vault-id",
    "rapture-games",
    "shinra-power",
    "capsule",
    "octan",
    "axiom-cruise",
    "buy-n-large",
    "ewing-oil",
    "mooby",
    "paper-street",
    "strickland",
    "krusty-media",
    "central-perk",
    "lacuna",
];

/// A model as the fleet uses it: requests are like this on the mean.
struct ModelUse {
    model: &'static str,
    reach: Reach,
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
    latency_ms: f64,
}

const MODELS: [ModelUse; 7] = [
    ModelUse {
        model: "anthropic.claude-sonnet-4-5-20250929-v1:0",
        reach: Reach::Geo,
        input: 1_800.0,
        output: 520.0,
        cache_read: 9_500.0,
        cache_write: 700.0,
        latency_ms: 6_200.0,
    },
    ModelUse {
        model: "anthropic.claude-haiku-4-5-20251001-v1:0",
        reach: Reach::Global,
        input: 1_200.0,
        output: 260.0,
        cache_read: 2_400.0,
        cache_write: 200.0,
        latency_ms: 1_900.0,
    },
    ModelUse {
        model: "amazon.nova-lite-v1:0",
        reach: Reach::InRegion,
        input: 900.0,
        output: 180.0,
        cache_read: 0.0,
        cache_write: 0.0,
        latency_ms: 900.0,
    },
    ModelUse {
        model: "anthropic.claude-opus-4-6-v1",
        reach: Reach::Geo,
        input: 2_600.0,
        output: 900.0,
        cache_read: 21_000.0,
        cache_write: 1_300.0,
        latency_ms: 14_000.0,
    },
    ModelUse {
        model: "amazon.nova-pro-v1:0",
        reach: Reach::InRegion,
        input: 1_400.0,
        output: 300.0,
        cache_read: 0.0,
        cache_write: 0.0,
        latency_ms: 1_700.0,
    },
    ModelUse {
        model: "meta.llama3-3-70b-instruct-v1:0",
        reach: Reach::Geo,
        input: 1_500.0,
        output: 340.0,
        cache_read: 0.0,
        cache_write: 0.0,
        latency_ms: 2_400.0,
    },
    ModelUse {
        model: UNKNOWN_MODEL,
        reach: Reach::InRegion,
        input: 1_000.0,
        output: 250.0,
        cache_read: 0.0,
        cache_write: 0.0,
        latency_ms: 1_200.0,
    },
];

/// A profile and how it is used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub profile: Profile,
    /// The tenant's rank of size, from 0.
    pub tenant: usize,
    /// Tells its noise apart.
    pub number: u64,
    /// Requests an hour on the mean.
    pub requests_per_hour: f64,
    pub habits: Habits,
    /// Tokens a request on the mean.
    pub input: f64,
    pub output: f64,
    pub cache_read: f64,
    pub cache_write: f64,
    pub latency_ms: f64,
}

/// The simulated fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    pub(super) seed: u64,
    pub(super) scenario: Scenario,
    pub(super) tenants: usize,
    pub(super) members: Vec<Member>,
}

impl Fleet {
    /// The fleet of a seed: the same one each time.
    #[must_use]
    pub fn new(seed: u64, tenants: usize, scenario: Scenario) -> Self {
        let mut members = Vec::new();
        for tenant in 0..tenants {
            add_tenant(&mut members, seed, tenant, tenants);
        }
        for untagged in 0..UNTAGGED {
            let mut member = member(seed, members.len() as u64, tenants + untagged, 0, SCOPES[untagged % 2]);
            member.profile.tags.remove("TenantID");
            member.profile.name = format!("poc-{}", ["chatbot", "summaries"][untagged % 2]);
            member.requests_per_hour = 60.0;
            members.push(member);
        }
        Self { seed, scenario, tenants, members }
    }

    /// The name of a tenant by its rank of size.
    #[must_use]
    pub fn tenant_name(tenant: usize) -> String {
        let name = NAMES[tenant % NAMES.len()];
        match tenant / NAMES.len() {
            0 => name.to_owned(),
            round => format!("{name}-{}", round + 1),
        }
    }

    pub(super) fn members_of(&self, tenant: usize) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.tenant == tenant)
    }
}

fn add_tenant(members: &mut Vec<Member>, seed: u64, tenant: usize, tenants: usize) {
    let for_story = role(tenant, tenants, 0);
    let count = if for_story == Some(Role::Runaway) { 2 } else { 1 + noise::bits(&[seed, tenant as u64, 20]) % 4 };
    for place in 0..count {
        let number = members.len() as u64;
        let scope = match for_story {
            // The story's tenants are not in the scope that goes late.
            Some(_) => SCOPES[usize::try_from(place % 2).unwrap_or(0)],
            None => SCOPES[home_scope(noise::bits(&[seed, number, 21]))],
        };
        members.push(member(seed, number, tenant, place, scope));
    }
}

/// Most profiles are in production; few are in the scope that goes late.
fn home_scope(bits: u64) -> usize {
    match bits % 16 {
        0 => 2,
        1..=9 => 0,
        _ => 1,
    }
}

fn member(seed: u64, number: u64, tenant: usize, place: u64, (scope, region): (&str, &str)) -> Member {
    let known = MODELS.len() - 1;
    let choice = match (tenant, place) {
        (UNKNOWN_MODEL_TENANT, 0) => known,
        // Every tenant's first profile is one of the common models.
        (_, 0) => usize::try_from(noise::bits(&[seed, number, 22]) % 2).unwrap_or(0),
        _ => usize::try_from(noise::bits(&[seed, number, 22])).unwrap_or(0) % known,
    };
    let model = &MODELS[choice];
    let vary = |mean: f64, purpose: u64| mean * noise::between(0.6, 1.5, &[seed, number, purpose]);
    Member {
        profile: profile(seed, number, tenant, model, scope, region),
        tenant,
        number,
        requests_per_hour: size(tenant) / (1.0 + f64::from(u32::try_from(place).unwrap_or(0)) * 1.5),
        habits: habits(seed, tenant),
        input: vary(model.input, 23),
        output: vary(model.output, 24),
        cache_read: vary(model.cache_read, 25),
        cache_write: vary(model.cache_write, 26),
        latency_ms: vary(model.latency_ms, 27),
    }
}

/// Requests an hour: few are large, many are small.
#[expect(clippy::cast_precision_loss, reason = "a rank")]
fn size(tenant: usize) -> f64 {
    14_000.0 / (tenant as f64 + 1.5).powf(1.25)
}

fn habits(seed: u64, tenant: usize) -> Habits {
    let number = tenant as u64;
    let offsets = [-8, -6, -5, -5, 0, 1, 1, 2, 5, 9];
    Habits {
        offset_hours: match tenant {
            // The runaway's day has just begun when the demo does, so that its budget is nearly whole.
            3 => -4,
            // The spike's tenant is at rest.
            5 => 9,
            _ => *noise::pick(&offsets, &[seed, number, 30]),
        },
        office: if tenant == 3 { 0.9 } else { noise::between(0.5, 0.95, &[seed, number, 31]) },
        active: if tenant < 12 { 1.0 } else { noise::between(0.25, 1.0, &[seed, number, 32]) },
    }
}

fn profile(seed: u64, number: u64, tenant: usize, model: &ModelUse, scope: &str, region: &str) -> Profile {
    let id = profile_id(seed, number);
    let name = Fleet::tenant_name(tenant);
    let purpose = noise::pick(&["chat", "agent", "search", "batch", "support", "code"], &[seed, number, 40]);
    let environment = if scope.starts_with("labs") { "staging" } else { "production" };
    let tags = [("TenantID", name.as_str()), ("Environment", environment), ("Workload", purpose)];
    let key = ProfileKey { scope: ScopeName::new(scope), id: ProfileId::new(&id) };
    Profile {
        arn: format!("arn:aws:bedrock:{region}:000000000000:application-inference-profile/{id}"),
        name: format!("{name}-{purpose}"),
        model: Some(model.model.into()),
        reach: model.reach,
        region: region.to_owned(),
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
        ..Profile::bare(key, beginning())
    }
}

/// Twelve characters, as AWS makes them.
fn profile_id(seed: u64, number: u64) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..12).map(|place| char::from(*noise::pick(LETTERS, &[seed, number, 41, place]))).collect()
}

/// Before anything that is asked for.
fn beginning() -> Timestamp {
    START.saturating_sub(SignedDuration::from_hours(60 * 24)).unwrap_or(START)
}
