//! One pass over the history: what every owner used, spent and does, as of `now`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::cost::contract;
use crate::domain::budget::Budget;
use crate::domain::calendar::Calendar;
use crate::domain::event::Subject;
use crate::domain::health::{Health, ScopeStatus};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileKey, ScopeName};
use crate::domain::profile::{Profile, ProfileKind, Reach, ServiceTier};
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::view::{Assessment, PricedUsage, ProfileRow};
use crate::forecast::Prior;
use crate::judge::books::Books;
use crate::judge::ledger::{Account, Ledger};
use crate::judge::outlook::Outlook;
use crate::judge::owner::OwnerTally;
use crate::judge::page::{Entry, Page};
use crate::judge::policy::{Policy, UsageWindow};
use crate::judge::pool::{self, PoolTally};
use crate::judge::provisioned::{Idle, Shares, spent};
use crate::judge::quota::Quotas;
use crate::judge::rating::add_share;
use crate::judge::{observe, points_start, rates};

/// How far back shares of calls are taken over.
const HALF_HOUR: SignedDuration = SignedDuration::from_mins(30);

/// What is known of every owner and scope at an instant; made by [`Judge::tally`](crate::judge::Judge::tally).
pub struct Tally {
    /// The instant.
    pub(super) now: Timestamp,
    /// The width of a point.
    pub(super) step: Step,
    /// The fleet's month.
    pub(super) month: TimeSpan,
    /// What `usage` sums over.
    pub(super) usage_span: TimeSpan,
    /// Usage before this is not known.
    known_from: Timestamp,
    /// The owners.
    pub(super) owners: BTreeMap<Owner, OwnerTally>,
    /// The shared budgets.
    pub(super) pools: Vec<PoolTally>,
    /// What is used of quotas.
    pub(super) quotas: Quotas,
    /// What happens to most tenants at once.
    pub(super) everybody: Vec<Assessment>,
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

impl Tally {
    /// Takes the tally of the history as of `now`.
    pub(super) fn take(
        history: &dyn History,
        policy: &Policy,
        now: Timestamp,
        ledger: &mut Ledger,
        books: &mut Books,
    ) -> Self {
        let mut tally = Self::empty(history, policy, now);
        let starts = tally.starts(policy);
        ledger.keep_only(&starts);
        let old = Books::look_back(history, points_start(now));
        let earliest = starts.first().copied().unwrap_or(now);
        let provisioned = Shares::take(history, policy, TimeSpan::new(earliest, now), now);
        for (profile, versions) in history.profiles() {
            let rates = books.page(profile).rates(versions, policy);
            let account = Account { profile, versions, rates: &rates, by_hour: provisioned.of(profile) };
            let judged = versions.last().map_or(Timestamp::MIN, |newest| books.judged_until(&newest.key.scope));
            books.page(profile).read_points(history, profile, &rates, tally.young(), judged);
            books.read_hours(history, profile, &rates, old);
            tally.add_profile(history, policy, ledger, &account, &starts, books.page(profile));
        }
        tally.add_idle(&provisioned, &starts);
        books.sum_up(old);
        tally.finish(policy, books);
        tally
    }

    /// Points that have closed by now and are too young for hourly sums.
    fn young(&self) -> TimeSpan {
        let closed = self.now.saturating_sub(self.step.duration()).unwrap_or(Timestamp::MIN);
        let end = closed.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        TimeSpan::new(points_start(self.now), end)
    }

    /// Up to where the data of each scope is judged.
    pub(super) fn judged_until(&self) -> impl Iterator<Item = (ScopeName, Timestamp)> {
        let known = |status: &ScopeStatus| status.watermark.unwrap_or(Timestamp::MIN).min(self.now);
        self.scopes.iter().map(move |scope| (scope.status.scope.clone(), known(&scope.status)))
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
        Self {
            now,
            step,
            month,
            usage_span: TimeSpan::new(usage_start, now),
            known_from: history.extent().map_or(now, |extent| extent.start),
            owners: BTreeMap::new(),
            pools: Vec::new(),
            quotas: Quotas::new(),
            everybody: Vec::new(),
            scopes,
        }
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
        starts: &[Timestamp],
        page: &Page,
    ) {
        let Some(newest) = account.versions.last() else { return };
        let entries = page.entries();
        let current = account.rates.newest_owner();
        let mut used: Vec<(Owner, PricedUsage)> = vec![(current.clone(), PricedUsage::default())];
        let young_start = points_start(self.now);
        let young = account.rates.by_owner(entries.iter().map(|entry| entry.point));
        for &start in starts {
            let mut shares = ledger.hours(history, account, TimeSpan::new(start, young_start));
            // A period that began within the last hours has only a part of the young points.
            let later = (start > young_start).then(|| {
                let inside = entries.iter().map(|entry| entry.point).filter(|point| floor_hour(point.at) >= start);
                account.rates.by_owner(inside)
            });
            for (owner, part) in later.as_ref().unwrap_or(&young) {
                add_share(&mut shares, owner, part);
            }
            for &(hour, part) in account.by_hour.iter().filter(|(hour, _)| *hour >= start) {
                let owner = account.rates.owner_at(hour).unwrap_or(current);
                add_share(&mut shares, owner, &spent(part));
            }
            for (owner, part) in shares {
                self.owner(&owner).since.entry(start).or_default().add(&part);
                if start == self.usage_span.start {
                    add_share(&mut used, &owner, &part);
                }
            }
        }
        let window = self.window_of(&newest.key.scope);
        let used_lately = used_in(entries, window, account);
        self.add_recent(entries, newest, account, window.end, &used_lately);
        let tally = self.owner(current);
        tally.revised += page.revised();
        tally.news += page.news();
        if let Some(model) = &newest.model {
            let key = (newest.key.scope.clone(), model.clone());
            self.quotas.entry(key).or_default().add(entries, window, current);
        }
        for (owner, usage) in used {
            let rates = if owner == *current { rates::of(&used_lately, window.length()) } else { <_>::default() };
            self.owner(&owner).profiles.push(profile_row(newest, policy, usage, rates));
        }
    }

    /// Hours of provisioned throughput that nobody used are nobody's.
    fn add_idle(&mut self, provisioned: &Shares, starts: &[Timestamp]) {
        for idle in provisioned.idle().iter().filter(|idle| !idle.parts.is_empty()) {
            let since = |start: Timestamp| -> PricedUsage {
                spent(idle.parts.iter().filter(|(hour, _)| *hour >= start).map(|(_, part)| *part).sum())
            };
            let usage = since(self.usage_span.start);
            let nobody = self.owner(&Owner::Unattributed);
            for &start in starts {
                nobody.since.entry(start).or_default().add(&since(start));
            }
            nobody.profiles.push(idle_row(idle, usage));
        }
    }

    /// Adds the recent past to the profile's present owner: what it does now, whoever had it before. Its dollars go to
    /// whom it belonged to at their time.
    fn add_recent(
        &mut self,
        entries: &[Entry],
        newest: &Profile,
        account: &Account<'_>,
        end: Timestamp,
        used_lately: &PricedUsage,
    ) {
        if let Some(scope) = self.scopes.iter_mut().find(|scope| scope.status.scope == newest.key.scope) {
            scope.profiles += 1;
        }
        let owner = account.rates.newest_owner();
        let then = |entry: &Entry| account.rates.owner_at(entry.point.at).filter(|then| *then != owner);
        for (entry, then) in entries.iter().filter_map(|entry| Some((entry, then(entry)?))) {
            self.owner(then).pulse.add(entry.point.at, entry.dollars);
        }
        let half_hour = TimeSpan::new(end.saturating_sub(HALF_HOUR).unwrap_or(end), end);
        let tally = self.owner(owner);
        if !tally.scopes.contains(&newest.key.scope) {
            tally.scopes.insert(newest.key.scope.clone());
        }
        tally.window.add(used_lately);
        let reach = tally.sparkline.span();
        for entry in entries {
            if then(entry).is_none() {
                tally.pulse.add(entry.point.at, entry.dollars);
            }
            if reach.contains(entry.point.at) {
                tally.sparkline.add(entry.point.at, entry.dollars, entry.point.counts.tokens());
                if half_hour.contains(entry.point.at) {
                    tally.half_hour.add(&entry.point.counts);
                }
            }
        }
        let newest_use = entries.iter().rev().find(|entry| entry.point.counts.tokens() > 0);
        tally.last_use = tally.last_use.max(newest_use.map(|entry| entry.point.at));
    }

    fn window_of(&self, scope: &ScopeName) -> TimeSpan {
        let status = self.scopes.iter().find(|known| &known.status.scope == scope).map(|known| &known.status);
        let watermark = status.and_then(|status| status.watermark).unwrap_or(self.now);
        rates::window(watermark.min(self.now), self.step)
    }

    fn owner(&mut self, owner: &Owner) -> &mut OwnerTally {
        let (now, step) = (self.now, self.step);
        self.owners.entry(owner.clone()).or_insert_with(|| OwnerTally::new(now, step))
    }

    fn finish(&mut self, policy: &Policy, books: &mut Books) {
        let length = self.rate_window();
        let prior = Prior::shipped();
        for (owner, tally) in &mut self.owners {
            tally.usage = tally.since_start(self.usage_span.start);
            tally.month = tally.since_start(self.month.start);
            tally.take_health(&self.scopes, self.now);
            tally.take_plan(policy, owner, self.now);
            let own = books.budgets_of(owner, tally.plan.as_ref(), &tally.tags, &policy.budgets);
            let own: Vec<&Budget> = own.iter().map(|&index| &policy.budgets[index]).collect();
            let until = furthest_end(&own, self.now).unwrap_or(self.month.end);
            let fitted = books.fit(&Subject::Owner(owner.clone()), &[owner], &tally.pulse, &prior, until);
            tally.outlook = Some(Outlook { pulse: tally.pulse.clone(), fitted });
            tally.budgets = tally.standings(&own, length, self.now);
            tally.take_contract(policy, owner, self.known_from, self.now);
        }
        books.keep_only(|subject| match subject {
            Subject::Owner(owner) => self.owners.contains_key(owner),
            _ => true,
        });
        self.pools = pool::tally(self, policy, books, &prior);
        observe::assess_all(self, policy, length);
    }
}

/// The end of the budgets' periods that ends last.
pub(super) fn furthest_end(budgets: &[&Budget], now: Timestamp) -> Option<Timestamp> {
    budgets.iter().map(|budget| budget.calendar.span_at(now).end).max()
}

/// What was used of a profile in a window.
fn used_in(entries: &[Entry], window: TimeSpan, account: &Account<'_>) -> PricedUsage {
    let inside = entries.iter().map(|entry| entry.point).filter(|point| window.contains(point.at));
    let mut used = PricedUsage::default();
    for (_, part) in account.rates.by_owner(inside) {
        used.add(&part);
    }
    used
}

/// What stands for idle hours among profiles, so that these add up to their owner.
fn idle_row(idle: &Idle, usage: PricedUsage) -> ProfileRow {
    ProfileRow {
        key: ProfileKey { scope: "provisioned".into(), id: idle.name.as_str().into() },
        name: idle.label(),
        model: Some(idle.model.clone()),
        reach: Reach::InRegion,
        kind: ProfileKind::Model,
        tier: ServiceTier::Standard,
        deleted: false,
        tags: Vec::new(),
        tag_faults: Vec::new(),
        usage,
        rates: crate::domain::view::Rates::default(),
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
