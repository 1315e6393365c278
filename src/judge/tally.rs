//! One pass over the history: what every owner used, spent and does, as of `now`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::alert::machine::Hold;
use crate::cost::budget::{Recent, stand};
use crate::cost::contract;
use crate::domain::budget::BudgetStanding;
use crate::domain::calendar::Calendar;
use crate::domain::health::{Health, ScopeStatus};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef, ScopeName, TenantId};
use crate::domain::profile::Profile;
use crate::domain::statement::ContractStanding;
use crate::domain::tenancy::Tags;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::Point;
use crate::domain::view::{PricedUsage, ProfileRow};
use crate::judge::ledger::{Account, Ledger};
use crate::judge::policy::{Policy, UsageWindow};
use crate::judge::rating::{Rates, add_share};
use crate::judge::sparkline::Sparkline;
use crate::judge::{points_start, rates};

/// What is known of every owner and scope at an instant; made by [`Judge::tally`](crate::judge::Judge::tally).
pub struct Tally {
    /// The instant.
    pub(super) now: Timestamp,
    /// The width of a point.
    pub(super) step: Step,
    /// The fleet's month.
    pub(super) month: TimeSpan,
    /// What [`OwnerTally::usage`] sums over.
    pub(super) usage_span: TimeSpan,
    /// Usage before this is not known.
    known_from: Timestamp,
    /// The owners.
    pub(super) owners: BTreeMap<Owner, OwnerTally>,
    /// The scopes.
    pub(super) scopes: Vec<ScopeTally>,
}

/// A scope with its health.
pub(super) struct ScopeTally {
    /// Its status as of now.
    pub status: ScopeStatus,
    /// Its health as of now.
    pub health: Health,
    /// How many profiles it has.
    pub profiles: usize,
}

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
    /// Usage over the speed window.
    pub window: PricedUsage,
    /// Its recent past.
    pub sparkline: Sparkline,
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
    since: BTreeMap<Timestamp, PricedUsage>,
    scopes: BTreeSet<ScopeName>,
}

impl Tally {
    /// Takes the tally of the history as of `now`.
    pub(super) fn take(history: &dyn History, policy: &Policy, now: Timestamp, ledger: &mut Ledger) -> Self {
        let mut tally = Self::empty(history, policy, now);
        let starts = tally.starts(policy);
        ledger.keep_only(&starts);
        for (profile, versions) in history.profiles() {
            let rates = Rates::new(versions, policy);
            let account = Account { profile, versions: versions.len(), rates: &rates };
            tally.add_profile(history, policy, ledger, &account, versions, &starts);
        }
        tally.finish(policy);
        tally
    }

    /// The length of the window that speeds are taken over.
    pub(super) fn rate_window(&self) -> SignedDuration {
        rates::window(self.now, self.step).length()
    }

    /// A scope of an owner that cannot be judged.
    pub(super) fn blind_scope_of(&self, owner: &OwnerTally) -> Option<ScopeName> {
        let blind = self.scopes.iter().filter(|scope| scope.health.is_blind()).map(|scope| &scope.status.scope);
        blind.into_iter().find(|scope| owner.scopes.contains(*scope)).cloned()
    }

    fn empty(history: &dyn History, policy: &Policy, now: Timestamp) -> Self {
        let step = history.step();
        let month = Calendar::months(policy.zone.clone()).span_at(now);
        let usage_start = match policy.usage_window {
            UsageWindow::Month => month.start,
            UsageWindow::Everything => history.extent().map_or(month.start, |extent| floor_hour(extent.start)),
        };
        let scope = |status: ScopeStatus| ScopeTally { health: status.health(now, step), status, profiles: 0 };
        let scopes = history.scopes(now).into_iter().map(scope).collect();
        let known_from = history.extent().map_or(now, |extent| extent.start);
        let usage_span = TimeSpan::new(usage_start, now);
        Self { now, step, month, usage_span, known_from, owners: BTreeMap::new(), scopes }
    }

    /// The starts of all periods that sums are needed of.
    fn starts(&self, policy: &Policy) -> Vec<Timestamp> {
        let budgets = policy.budgets.iter().map(|budget| budget.calendar.span_at(self.now).start);
        let mut starts: BTreeSet<_> = budgets.chain([self.usage_span.start, self.month.start]).collect();
        if !policy.contracts.is_empty() {
            let now = TimeSpan::new(self.now, self.now.saturating_add(Step::MINUTE.duration()).unwrap_or(self.now));
            let cuts = contract::cuts_of_all(&policy.contracts, self.known_from, now);
            starts.extend(cuts.into_iter().filter(|&cut| cut < self.now));
        }
        starts.into_iter().collect()
    }

    fn add_profile(
        &mut self,
        history: &dyn History,
        policy: &Policy,
        ledger: &mut Ledger,
        account: &Account<'_>,
        versions: &[Profile],
        starts: &[Timestamp],
    ) {
        let Some(newest) = versions.last() else { return };
        let current = policy.tenancy.owner(newest);
        let points = self.recent_points(history, account.profile);
        let mut used: BTreeMap<Owner, PricedUsage> = BTreeMap::from([(current.clone(), PricedUsage::default())]);
        for &start in starts {
            let sealed = TimeSpan::new(start, points_start(self.now));
            let mut shares = ledger.hours(history, account, sealed);
            let inside = points.iter().filter(|point| floor_hour(point.at) >= start).copied();
            for (owner, part) in account.rates.by_owner(inside) {
                add_share(&mut shares, &owner, &part);
            }
            for (owner, part) in shares {
                self.owner(&owner).since.entry(start).or_default().add(&part);
                if start == self.usage_span.start {
                    used.entry(owner).or_default().add(&part);
                }
            }
        }
        self.add_recent(&points, newest, &current, account);
        for (owner, usage) in used {
            let rates = if owner == current { self.profile_rates(&points, newest, account) } else { <_>::default() };
            self.owner(&owner).profiles.push(profile_row(newest, policy, usage, rates));
        }
    }

    /// Points that have closed by now and are too young for hourly sums.
    fn recent_points(&self, history: &dyn History, profile: ProfileRef) -> Vec<Point> {
        let closed = self.now.saturating_sub(self.step.duration()).unwrap_or(Timestamp::MIN);
        let end = closed.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        history.points(profile, TimeSpan::new(points_start(self.now), end))
    }

    /// Adds the recent past to the profile's present owner: what it does now, whoever had it before.
    fn add_recent(&mut self, points: &[Point], newest: &Profile, owner: &Owner, account: &Account<'_>) {
        let window = self.window_of(&newest.key.scope);
        if let Some(scope) = self.scopes.iter_mut().find(|scope| scope.status.scope == newest.key.scope) {
            scope.profiles += 1;
        }
        let tally = self.owner(owner);
        tally.scopes.insert(newest.key.scope.clone());
        let reach = tally.sparkline.span();
        for point in points.iter().filter(|point| reach.contains(point.at)) {
            let priced = account.rates.price(point.at, &point.counts);
            tally.sparkline.add(point.at, &priced);
            if window.contains(point.at) {
                tally.window.add(&priced);
            }
        }
        let newest_use = points.iter().rev().find(|point| point.counts.tokens() > 0).map(|point| point.at);
        tally.last_use = tally.last_use.max(newest_use);
    }

    fn profile_rates(&self, points: &[Point], profile: &Profile, account: &Account<'_>) -> crate::domain::view::Rates {
        let window = self.window_of(&profile.key.scope);
        let inside = points.iter().filter(|point| window.contains(point.at)).copied();
        let mut used = PricedUsage::default();
        for (_, part) in account.rates.by_owner(inside) {
            used.add(&part);
        }
        rates::of(&used, window.length())
    }

    fn window_of(&self, scope: &ScopeName) -> TimeSpan {
        let status = self.scopes.iter().find(|known| &known.status.scope == scope).map(|known| &known.status);
        let watermark = status.and_then(|status| status.watermark).unwrap_or(self.now);
        rates::window(watermark.min(self.now), self.step)
    }

    fn owner(&mut self, owner: &Owner) -> &mut OwnerTally {
        let (now, step) = (self.now, self.step);
        self.owners.entry(owner.clone()).or_insert_with(|| OwnerTally {
            usage: PricedUsage::default(),
            month: PricedUsage::default(),
            budgets: Vec::new(),
            contract: None,
            window: PricedUsage::default(),
            sparkline: Sparkline::new(now, step),
            last_use: None,
            profiles: Vec::new(),
            health: Health::Ok,
            hold: Hold::No,
            data_age: Some(SignedDuration::ZERO),
            since: BTreeMap::new(),
            scopes: BTreeSet::new(),
        })
    }

    fn finish(&mut self, policy: &Policy) {
        let length = self.rate_window();
        for (owner, tally) in &mut self.owners {
            tally.usage = tally.since_start(self.usage_span.start);
            tally.month = tally.since_start(self.month.start);
            if let Owner::Tenant(tenant) = owner {
                let tags = policy.contracts.tags_of(tenant, tally.profile_tags());
                tally.budgets =
                    tally.standings(policy, tenant, &tags, Recent { usage: &tally.window, length }, self.now);
                let contracts = policy.contracts.as_ref();
                let account = contract::Account { contracts, tenant, tags: &tags, known_from: self.known_from };
                tally.contract = contract::standing(account, self.now, &|span| tally.between(span));
            }
            tally.take_health(&self.scopes, self.now);
        }
    }
}

impl OwnerTally {
    fn since_start(&self, start: Timestamp) -> PricedUsage {
        self.since.get(&start).copied().unwrap_or_default()
    }

    /// Usage of a span that starts and ends where sums are known; what ends later ends now.
    fn between(&self, span: TimeSpan) -> PricedUsage {
        self.since_start(span.start).less(&self.since_start(span.end))
    }

    /// How the budgets stand that the tenant has for itself.
    fn standings(
        &self,
        policy: &Policy,
        tenant: &TenantId,
        tags: &Tags,
        recent: Recent<'_>,
        now: Timestamp,
    ) -> Vec<BudgetStanding> {
        let plan = policy.contracts.plan_of(tenant, tags, now);
        let own = policy.budgets.iter().filter(|budget| budget.over.is_for(tenant, plan, tags));
        own.map(|budget| stand(budget, &self.since_start(budget.calendar.span_at(now).start), recent, now)).collect()
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
    fn take_health(&mut self, scopes: &[ScopeTally], now: Timestamp) {
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
    }
}

fn profile_row(
    profile: &Profile,
    policy: &Policy,
    usage: PricedUsage,
    rates: crate::domain::view::Rates,
) -> ProfileRow {
    ProfileRow {
        key: profile.key.clone(),
        name: profile.name.clone(),
        model: profile.model.clone(),
        reach: profile.reach,
        kind: profile.kind,
        tier: profile.tier,
        deleted: profile.deleted,
        tag_faults: if profile.deleted { Vec::new() } else { policy.tenancy.tag_faults(profile) },
        tags: profile.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        usage,
        rates,
    }
}
