//! What tenants used in a period, what it cost and what they owe for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::cost::contract::{Account, bills, cuts_of_all};
use crate::domain::chargeback::{ChargeRow, Chargeback, GroupBy, Period, Unpriced};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef, TenantId};
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::statement::Bill;
use crate::domain::tenancy::{Tags, tag_value};
use crate::domain::time::{TimeSpan, floor_hour};
use crate::domain::usage::Point;
use crate::domain::view::PricedUsage;
use crate::judge::policy::Policy;
use crate::judge::provisioned::{Shares, spent};
use crate::judge::rating::Rates;
use crate::judge::usage_points;

/// What a key of a row is known by: the key, or nothing.
type Key = Option<String>;

/// What is read and how.
struct Reading<'a> {
    history: &'a dyn History,
    policy: &'a Policy,
    cuts: &'a [Timestamp],
    within: TimeSpan,
    by: &'a GroupBy,
    now: Timestamp,
    provisioned: &'a Shares,
}

/// Sums on the way to a report.
#[derive(Default)]
struct Sums {
    /// Usage of the period by row and owner.
    by_row: BTreeMap<Key, BTreeMap<Owner, PricedUsage>>,
    /// Names of rows.
    names: BTreeMap<Key, String>,
    /// Usage by tenant and cut, for contracts.
    by_cut: BTreeMap<TenantId, BTreeMap<Timestamp, PricedUsage>>,
    /// Tags of the tenants' profiles.
    tags: BTreeMap<TenantId, Tags>,
    /// Usage with something without a price in it, by model.
    unpriced: BTreeMap<Option<String>, PricedUsage>,
}

/// The report of a period as of `now`.
#[must_use]
pub fn chargeback(history: &dyn History, policy: &Policy, period: Period, by: GroupBy, now: Timestamp) -> Chargeback {
    let known_from = history.extent().map_or(now, |extent| extent.start);
    let cuts = cuts_of_all(&policy.contracts, known_from, period.span);
    let all = TimeSpan::new(cuts.first().copied().unwrap_or(now), cuts.last().copied().unwrap_or(now));
    let provisioned = Shares::take(history, policy, all, now);
    let reading =
        Reading { history, policy, cuts: &cuts, within: period.span, by: &by, now, provisioned: &provisioned };
    let mut sums = Sums::default();
    for (profile, versions) in history.profiles() {
        sums.add_profile(&reading, profile, versions);
    }
    sums.add_idle(&reading);
    let bills = billed(&sums, policy, period.span, known_from);
    let mut rows = rows(&sums, &bills, &by);
    sort(&mut rows);
    let mut total = ChargeRow::default();
    for row in &rows {
        total.add(row);
    }
    let unpriced = sums.unpriced.into_iter().map(|(model, usage)| Unpriced {
        model,
        tokens: usage.unpriced_tokens,
        images: usage.unpriced_images,
    });
    Chargeback {
        by,
        period: period.name,
        span: period.span,
        data_until: history.scopes(now).iter().map(|scope| scope.watermark).min().flatten().or(known_until(history)),
        has_contracts: !policy.contracts.is_empty(),
        rows,
        total,
        unpriced: unpriced.collect(),
    }
}

fn known_until(history: &dyn History) -> Option<Timestamp> {
    history.extent().map(|extent| extent.end)
}

impl Sums {
    fn add_profile(&mut self, reading: &Reading<'_>, profile: ProfileRef, versions: &[Profile]) {
        let Reading { history, policy, cuts, now, .. } = *reading;
        let (Some(newest), Some(&first), Some(&last)) = (versions.last(), cuts.first(), cuts.last()) else { return };
        let rates = Rates::new(versions, policy);
        let points = usage_points(history, profile, TimeSpan::new(first, last), now);
        for pair in cuts.windows(2) {
            let between = TimeSpan::new(pair[0], pair[1]);
            let is_inside = |point: &&Point| between.contains(floor_hour(point.at));
            for (version, owner, part) in rates.by_version(points.iter().filter(is_inside).copied()) {
                self.add_part(reading, between, &versions[version], owner, &part);
            }
            for &(hour, part) in reading.provisioned.of(profile).iter().filter(|(hour, _)| between.contains(*hour)) {
                let Some((version, owner)) = rates.version_at(hour) else { continue };
                self.add_part(reading, between, &versions[version], owner, &spent(part));
            }
        }
        // A tenant owes its fee without any use as well.
        if let Owner::Tenant(tenant) = policy.tenancy.owner(newest) {
            self.tags.entry(tenant.clone()).or_default().extend(newest.tags.clone());
            self.by_cut.entry(tenant).or_default();
        }
    }

    /// Usage between two cuts, to its row and to its tenant's contracts.
    fn add_part(
        &mut self,
        reading: &Reading<'_>,
        between: TimeSpan,
        version: &Profile,
        owner: &Owner,
        part: &PricedUsage,
    ) {
        if let Owner::Tenant(tenant) = owner {
            self.by_cut.entry(tenant.clone()).or_default().entry(between.start).or_default().add(part);
            self.tags.entry(tenant.clone()).or_default().extend(version.tags.clone());
        }
        if reading.within.start <= between.start && between.end <= reading.within.end {
            self.add(version, owner, part, reading.by);
        }
    }

    /// Hours of provisioned throughput that nobody used are nobody's.
    fn add_idle(&mut self, reading: &Reading<'_>) {
        for idle in reading.provisioned.idle() {
            let key = match reading.by {
                GroupBy::Tenant | GroupBy::Tag(_) => None,
                GroupBy::Profile => Some(idle.label()),
                GroupBy::Model => Some(idle.model.as_str().to_owned()),
            };
            let cost: Money =
                idle.parts.iter().filter(|(hour, _)| reading.within.contains(*hour)).map(|(_, part)| *part).sum();
            if cost > Money::ZERO {
                self.by_row.entry(key).or_default().entry(Owner::Unattributed).or_default().add(&spent(cost));
            }
        }
    }

    fn add(&mut self, version: &Profile, owner: &Owner, part: &PricedUsage, by: &GroupBy) {
        let key = match by {
            GroupBy::Tenant => match owner {
                Owner::Tenant(tenant) => Some(tenant.as_str().to_owned()),
                Owner::Unattributed => None,
            },
            GroupBy::Profile => Some(version.key.id.as_str().to_owned()),
            GroupBy::Model => version.model.as_ref().map(|model| model.as_str().to_owned()),
            GroupBy::Tag(key) => tag_value(&version.tags, key).map(str::to_owned),
        };
        if *by == GroupBy::Profile && version.name != version.key.id.as_str() {
            self.names.insert(key.clone(), version.name.clone());
        }
        self.by_row.entry(key).or_default().entry(owner.clone()).or_default().add(part);
        if part.is_partly_unpriced() {
            let model = version.model.as_ref().map(|model| model.as_str().to_owned());
            self.unpriced.entry(model).or_default().add(part);
        }
    }
}

/// The bills of every tenant that is known from its profiles or from the config.
fn billed(sums: &Sums, policy: &Policy, within: TimeSpan, known_from: Timestamp) -> BTreeMap<TenantId, Vec<Bill>> {
    let contracts = policy.contracts.as_ref();
    let tenants: BTreeSet<&TenantId> = sums.by_cut.keys().chain(contracts.tenants.keys()).collect();
    let none = BTreeMap::new();
    let of = |tenant: &TenantId| {
        let tags = contracts.tags_of(tenant, sums.tags.get(tenant).cloned().unwrap_or_default());
        let by_cut = sums.by_cut.get(tenant).unwrap_or(&none);
        let usage = |span: TimeSpan| {
            let mut sum = PricedUsage::default();
            by_cut.range(span.start..span.end).for_each(|(_, part)| sum.add(part));
            sum
        };
        bills(Account { contracts, tenant, tags: &tags, known_from }, within, &usage)
    };
    tenants.into_iter().map(|tenant| (tenant.clone(), of(tenant))).filter(|(_, bills)| !bills.is_empty()).collect()
}

fn rows(sums: &Sums, bills: &BTreeMap<TenantId, Vec<Bill>>, by: &GroupBy) -> Vec<ChargeRow> {
    let row = |(key, owners): (&Key, &BTreeMap<Owner, PricedUsage>)| {
        let mut usage = PricedUsage::default();
        for part in owners.values() {
            usage.add(part);
        }
        let name = sums.names.get(key).cloned();
        (key.clone(), ChargeRow { key: key.clone(), name, usage, ..ChargeRow::default() })
    };
    let mut rows: BTreeMap<Key, ChargeRow> = sums.by_row.iter().map(row).collect();
    for (tenant, bills) in bills {
        for (key, weight, whole) in weights(sums, tenant, by) {
            let row = rows.entry(key.clone()).or_insert_with(|| ChargeRow { key, ..ChargeRow::default() });
            share_out(row, bills, weight, whole);
        }
    }
    let earned = |row: ChargeRow| {
        let margin = row.usage.known_cost().map(|cost| row.revenue_total() - cost.likely);
        ChargeRow { margin, ..row }
    };
    rows.into_values().map(earned).collect()
}

/// The rows that a tenant's bills go to, each as a part of a whole: from where up to where.
fn weights(sums: &Sums, tenant: &TenantId, by: &GroupBy) -> Vec<(Key, (Money, Money), Money)> {
    let one = Money::usd(rust_decimal::Decimal::ONE);
    if *by == GroupBy::Tenant {
        return vec![(Some(tenant.as_str().to_owned()), (Money::ZERO, one), one)];
    }
    let owner = Owner::Tenant(tenant.clone());
    let of_tenant = || sums.by_row.iter().filter_map(|(key, owners)| Some((key, owners.get(&owner)?)));
    let by_cost: Vec<(&Key, Money)> = of_tenant().map(|(key, part)| (key, part.cost.likely)).collect();
    let by_tokens = || of_tenant().map(|(key, part)| (key, Money::usd(part.counts.tokens().into()))).collect();
    let has_cost = by_cost.iter().any(|(_, cost)| *cost > Money::ZERO);
    let weighed: Vec<(&Key, Money)> = if has_cost { by_cost } else { by_tokens() };
    let whole: Money = weighed.iter().map(|(_, weight)| *weight).sum();
    if whole <= Money::ZERO {
        return vec![(None, (Money::ZERO, one), one)];
    }
    let mut reached = Money::ZERO;
    let part = |(key, weight): (&Key, Money)| {
        let from = reached;
        reached += weight;
        (key.clone(), (from, reached), whole)
    };
    weighed.into_iter().map(part).collect()
}

/// Gives a row its part of bills; the parts from nothing up to the whole add up to the bills, to the last digit.
fn share_out(row: &mut ChargeRow, bills: &[Bill], (from, to): (Money, Money), whole: Money) {
    let up_to = |amount: Money, reached: Money| {
        if reached == whole {
            return amount;
        }
        let part = amount.amount().saturating_mul(reached.amount()).checked_div(whole.amount());
        Money::usd(part.unwrap_or_default())
    };
    for bill in bills {
        for line in &bill.lines {
            let amount = bill.usd_of(line);
            *row.revenue.entry(line.kind).or_default() += up_to(amount, to) - up_to(amount, from);
        }
        if !row.plans.contains(&bill.plan) {
            row.plans.push(bill.plan.clone());
        }
    }
    if from == Money::ZERO && to == whole {
        row.bills.extend(bills.iter().cloned());
    }
}

/// The dearest first, then what is wholly unpriced, then what has no key.
fn sort(rows: &mut [ChargeRow]) {
    rows.sort_by(|a, b| {
        let rank = |row: &ChargeRow| (row.key.is_none(), row.usage.is_wholly_unpriced());
        let cost = b.usage.cost.likely.cmp(&a.usage.cost.likely);
        rank(a).cmp(&rank(b)).then(cost).then_with(|| a.key.cmp(&b.key))
    });
}
