//! What is known of an owner at an instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::alert::calls::Calls;
use crate::alert::machine::Hold;
use crate::cost::budget::{Recent, stand};
use crate::cost::contract;
use crate::domain::budget::{Budget, BudgetStanding};
use crate::domain::contract::RateLimits;
use crate::domain::health::Health;
use crate::domain::ids::{Owner, PlanId, ScopeName};
use crate::domain::meter::{Counts, Meter};
use crate::domain::statement::ContractStanding;
use crate::domain::tenancy::Tags;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::{Assessment, PricedUsage, ProfileRow};
use crate::judge::course::{self, Course};
use crate::judge::outlook::Outlook;
use crate::judge::points_start;
use crate::judge::policy::Policy;
use crate::judge::pulse::Pulse;
use crate::judge::sparkline::Sparkline;
use crate::judge::tally::ScopeTally;

/// What is known of an owner.
pub(super) struct OwnerTally {
    /// Usage over the view's usage span.
    pub usage: PricedUsage,
    /// Usage of the fleet's month.
    pub month: PricedUsage,
    /// Its budgets.
    pub budgets: Vec<BudgetStanding>,
    /// How it stands with its contract, if it has one.
    pub contract: Option<ContractStanding>,
    /// How fast it may use, by its plan.
    pub limits: RateLimits,
    /// What the contract will come to.
    pub course: Option<Course>,
    /// Usage over the speed window.
    pub window: PricedUsage,
    /// Counts of the last half hour.
    pub half_hour: Counts,
    /// Its recent past.
    pub sparkline: Sparkline,
    /// Its dollars of the last hours.
    pub pulse: Pulse,
    /// What is to be expected of it.
    pub outlook: Option<Outlook>,
    /// Dollars that late or revised data changed of what was judged already.
    pub revised: f64,
    /// Dollars that came new since the last step.
    pub news: f64,
    /// What the signals say.
    pub assessed: Vec<Assessment>,
    /// Its plan.
    pub plan: Option<PlanId>,
    /// Its tags.
    pub tags: Tags,
    /// Start of its newest step with use.
    pub last_use: Option<Timestamp>,
    /// Its profiles.
    pub profiles: Vec<ProfileRow>,
    /// The worst health of its scopes.
    pub health: Health,
    /// What a step may do to its alerts.
    pub hold: Hold,
    /// The age of its oldest scope's data; `None` if a scope never had any.
    pub data_age: Option<SignedDuration>,
    /// Usage since the start of each period that is asked for.
    pub since: BTreeMap<Timestamp, PricedUsage>,
    /// The scopes it has profiles in.
    pub scopes: BTreeSet<ScopeName>,
}

/// The standing of a budget; what is expected by now follows the hours of the week where the past is long enough.
pub(super) fn stand_against(
    budget: &Budget,
    usage: &PricedUsage,
    window: &PricedUsage,
    length: SignedDuration,
    outlook: Option<&Outlook>,
    now: Timestamp,
) -> BudgetStanding {
    let mut standing = stand(budget, usage, Recent { usage: window, length }, now);
    if let Some(share) = outlook.and_then(|outlook| outlook.expected_share(standing.span)) {
        standing.expected = share;
    }
    standing
}

impl OwnerTally {
    /// An owner that has used nothing yet.
    pub(super) fn new(now: Timestamp, step: Step) -> Self {
        Self {
            usage: PricedUsage::default(),
            month: PricedUsage::default(),
            budgets: Vec::new(),
            contract: None,
            limits: RateLimits::default(),
            course: None,
            window: PricedUsage::default(),
            half_hour: Counts::EMPTY,
            sparkline: Sparkline::new(now, step),
            pulse: Pulse::new(points_start(now), now, step),
            outlook: None,
            revised: 0.0,
            news: 0.0,
            assessed: Vec::new(),
            plan: None,
            tags: Tags::new(),
            last_use: None,
            profiles: Vec::new(),
            health: Health::Ok,
            hold: Hold::No,
            data_age: Some(SignedDuration::ZERO),
            since: BTreeMap::new(),
            scopes: BTreeSet::new(),
        }
    }

    /// The greater share of its limits that it uses; `None` where it has none.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn limits_used(&self, length: SignedDuration) -> Option<f64> {
        let minutes = (length.as_secs_f64() / 60.0).max(f64::MIN_POSITIVE);
        let share = |used: u64, limit: Option<u64>| limit.map(|limit| used as f64 / minutes / limit as f64);
        let counts = &self.window.counts;
        let tokens = share(counts.tokens(), self.limits.tokens_per_minute);
        let requests = share(counts.sum_of(Meter::Invocations), self.limits.requests_per_minute);
        tokens.into_iter().chain(requests).reduce(f64::max)
    }

    /// What was called lately.
    pub(super) fn calls(&self, length: SignedDuration) -> Calls {
        Calls { lately: self.window.counts, minutes: length.as_secs_f64() / 60.0, half_hour: self.half_hour }
    }

    /// Whether late data weighs as much in this step as new data does: what changes now, changes because of it.
    pub(super) fn is_revised(&self) -> bool {
        self.revised > 0.0 && self.revised >= self.news
    }

    /// Usage since the start of a period that was asked for.
    pub(super) fn since_start(&self, start: Timestamp) -> PricedUsage {
        self.since.get(&start).copied().unwrap_or_default()
    }

    /// Takes the plan and the tags that hold at `now`.
    pub(super) fn take_plan(&mut self, policy: &Policy, owner: &Owner, now: Timestamp) {
        let Owner::Tenant(tenant) = owner else { return };
        let tags = policy.contracts.tags_of(tenant, self.profile_tags());
        self.plan = policy.contracts.plan_of(tenant, &tags, now).cloned();
        self.tags = tags;
    }

    /// Takes how the owner stands with its contract.
    pub(super) fn take_contract(&mut self, policy: &Policy, owner: &Owner, known_from: Timestamp, now: Timestamp) {
        let Owner::Tenant(tenant) = owner else { return };
        let account = contract::Account { contracts: policy.contracts.as_ref(), tenant, tags: &self.tags, known_from };
        let usage = |span| self.between(span);
        let contract = contract::standing(account, now, &usage);
        let ahead = contract.as_ref().zip(self.outlook.as_ref());
        let course = ahead.and_then(|(stands, outlook)| course::course(account, stands, outlook, now, &usage));
        (self.contract, self.course) = (contract, course);
        self.limits = policy.contracts.rate_limits(tenant, &self.tags, now);
    }

    /// Usage of a span that starts and ends where sums are known; what ends later ends now.
    fn between(&self, span: TimeSpan) -> PricedUsage {
        self.since_start(span.start).less(&self.since_start(span.end))
    }

    /// How the owner's own budgets stand.
    pub(super) fn standings(&self, own: &[&Budget], length: SignedDuration, now: Timestamp) -> Vec<BudgetStanding> {
        let stand = |budget: &&Budget| {
            let usage = self.since_start(budget.calendar.span_at(now).start);
            stand_against(budget, &usage, &self.window, length, self.outlook.as_ref(), now)
        };
        own.iter().map(stand).collect()
    }

    /// The tags of all profiles; of several values of a key, the first by name.
    fn profile_tags(&self) -> Tags {
        let mut tags = Tags::new();
        for (key, value) in self.profiles.iter().flat_map(|profile| &profile.tags) {
            let known = tags.entry(key.clone()).or_insert_with(|| value.clone());
            if value < known {
                known.clone_from(value);
            }
        }
        tags
    }

    /// Takes the worst health and the greatest age of the owner's scopes; its sparkline is known as far as all
    /// of them are.
    pub(super) fn take_health(&mut self, scopes: &[ScopeTally], now: Timestamp) {
        let mut known_until = now;
        let (mut judged, mut blind) = (0, 0);
        for scope in scopes.iter().filter(|scope| self.scopes.contains(&scope.status.scope)) {
            let is_judged = !scope.health.is_blind() && !scope.status.collecting.is_filling;
            *if is_judged { &mut judged } else { &mut blind } += 1;
            self.health = self.health.max(scope.health);
            let age = scope.status.age(now);
            self.data_age = self.data_age.zip(age).map(|(mine, theirs)| mine.max(theirs));
            known_until = known_until.min(scope.status.watermark.unwrap_or(Timestamp::MIN));
        }
        self.hold = match (judged, blind) {
            (_, 0) => Hold::No,
            (0, _) => Hold::Frozen,
            _ => Hold::MayRise,
        };
        self.sparkline.know(TimeSpan::new(Timestamp::MIN, known_until));
        self.pulse.cut(known_until);
    }
}
