//! The hours of the last weeks, as every owner and pool spent in them, and the forecasts that are fitted to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::budget::Budget;
use crate::domain::event::Subject;
use crate::domain::history::History;
use crate::domain::ids::{Owner, PlanId, ProfileRef, ScopeName};
use crate::domain::tenancy::Tags;
use crate::domain::time::{HOUR_SECONDS, Step, TimeSpan, floor_hour};
use crate::forecast::track::Track;
use crate::forecast::{HourlySeries, Model, Prior};
use crate::judge::page::{PAST, Page};
use crate::judge::pulse::Pulse;
use crate::judge::rating::Rates;

/// One day.
const DAY: Step = Step::from_minutes(24 * 60);

/// A series with the forecast fitted to it.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    generation: u64,
    tail: Vec<f64>,
    until: Timestamp,
    track: Track,
    /// Dollars by the hour, up to the last one that is over.
    pub series: HourlySeries,
    /// The forecast from there on.
    pub model: Model,
}

/// The budgets that an owner with this plan and these tags has for itself, by their place in the policy.
#[derive(Debug)]
struct OwnBudgets {
    plan: Option<PlanId>,
    tags: Tags,
    places: Arc<[usize]>,
}

/// What is remembered of all profiles between steps, and what follows from it. A fresh one comes to the same.
#[derive(Debug, Default)]
pub(super) struct Books {
    pages: BTreeMap<ProfileRef, Page>,
    old: HashMap<Owner, Vec<f64>>,
    span: Option<TimeSpan>,
    generation: u64,
    is_changed: bool,
    fitted: HashMap<Subject, Arc<Fitted>>,
    judged: BTreeMap<ScopeName, Timestamp>,
    budgets: HashMap<Owner, OwnBudgets>,
}

impl Books {
    /// The page of a profile.
    pub(super) fn page(&mut self, profile: ProfileRef) -> &mut Page {
        self.pages.entry(profile).or_default()
    }

    /// The old hours that are looked back at: five weeks, no further than the history goes.
    pub(super) fn look_back(history: &dyn History, points_start: Timestamp) -> TimeSpan {
        // A store knows of what it has packed only the day, so that whole days are taken: the same then as before.
        let first = history.extent().map_or(points_start, |extent| DAY.floor(extent.start));
        let start = points_start.saturating_sub(PAST).unwrap_or(Timestamp::MIN).max(first);
        TimeSpan::new(start.min(points_start), points_start)
    }

    /// Up to where the data of a scope was judged by the last step.
    pub(super) fn judged_until(&self, scope: &ScopeName) -> Timestamp {
        self.judged.get(scope).copied().unwrap_or(Timestamp::MIN)
    }

    /// A step has judged what is known of the scopes up to these instants.
    pub(super) fn judged(&mut self, scopes: impl IntoIterator<Item = (ScopeName, Timestamp)>) {
        self.judged = scopes.into_iter().collect();
        self.pages.values_mut().for_each(Page::judged);
    }

    /// Brings a profile's old hours up to date.
    pub(super) fn read_hours(&mut self, history: &dyn History, profile: ProfileRef, rates: &Rates, span: TimeSpan) {
        self.is_changed |= self.page(profile).read_hours(history, profile, rates, span);
    }

    /// Sums up the old hours by owner, if any have changed. Profiles are added in the order of their numbers, so that the
    /// sums come out the same to the last bit however often it is done.
    pub(super) fn sum_up(&mut self, span: TimeSpan) {
        if !self.is_changed && self.span == Some(span) {
            return;
        }
        let first = span.start.as_second().div_euclid(HOUR_SECONDS);
        let length = usize::try_from(span.length().as_secs() / HOUR_SECONDS).unwrap_or(0);
        self.old.clear();
        for page in self.pages.values() {
            for (owner, hour, dollars) in page.old_hours() {
                let hours = match self.old.get_mut(owner) {
                    Some(hours) => hours,
                    None => self.old.entry(owner.clone()).or_insert_with(|| vec![0.0; length]),
                };
                if let Some(sum) = usize::try_from(hour - first).ok().and_then(|index| hours.get_mut(index)) {
                    *sum += dollars;
                }
            }
        }
        (self.span, self.is_changed) = (Some(span), false);
        self.generation += 1;
    }

    /// The forecast of what these owners spend together, fitted anew only where its hours have changed. Its intervals are
    /// as wide as the errors of the last week's forecasts ask for. Most will be asked up to `until`.
    pub(super) fn fit(
        &mut self,
        subject: &Subject,
        owners: &[&Owner],
        pulse: &Pulse,
        prior: &Prior,
        until: Timestamp,
    ) -> Arc<Fitted> {
        let tail = pulse.hours();
        let kept = self.fitted.get(subject);
        if let Some(kept) = kept.filter(|kept| kept.is_of(self.generation, &tail, until)) {
            return Arc::clone(kept);
        }
        let series = self.series(owners, &tail);
        let continued = kept.filter(|kept| series.continues(&kept.series));
        let mut track = continued.map(|kept| kept.track.clone()).unwrap_or_default();
        track.update_recent(&series, prior);
        let model = Model::fit(&series, prior).widened(track.widening()).looking_ahead(until);
        let fitted = Arc::new(Fitted { generation: self.generation, tail, until, track, series, model });
        self.fitted.insert(subject.clone(), Arc::clone(&fitted));
        fitted
    }

    /// Which budgets of the policy an owner has for itself, by their place; looked up again only when its plan or its tags
    /// have changed.
    pub(super) fn budgets_of(
        &mut self,
        owner: &Owner,
        plan: Option<&PlanId>,
        tags: &Tags,
        all: &[Budget],
    ) -> Arc<[usize]> {
        let Owner::Tenant(tenant) = owner else { return Arc::default() };
        let kept = self.budgets.get(owner);
        if let Some(kept) = kept.filter(|kept| kept.plan.as_ref() == plan && kept.tags == *tags) {
            return Arc::clone(&kept.places);
        }
        let places: Arc<[usize]> = (0..all.len()).filter(|&index| all[index].over.is_for(tenant, plan, tags)).collect();
        let own = OwnBudgets { plan: plan.cloned(), tags: tags.clone(), places: Arc::clone(&places) };
        self.budgets.insert(owner.clone(), own);
        places
    }

    /// Forgets forecasts of whom there is no usage any more.
    pub(super) fn keep_only(&mut self, is_known: impl Fn(&Subject) -> bool) {
        self.fitted.retain(|subject, _| is_known(subject));
    }

    fn series(&self, owners: &[&Owner], tail: &[f64]) -> HourlySeries {
        let span = self.span.unwrap_or(TimeSpan::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
        let length = usize::try_from(span.length().as_secs() / HOUR_SECONDS).unwrap_or(0);
        let mut values = vec![0.0; length];
        for old in owners.iter().filter_map(|owner| self.old.get(*owner)) {
            values.iter_mut().zip(old).for_each(|(sum, more)| *sum += more);
        }
        values.extend(tail);
        HourlySeries::new(span.start, values)
    }
}

impl Fitted {
    /// Whether it would come out the same.
    fn is_of(&self, generation: u64, tail: &[f64], until: Timestamp) -> bool {
        self.generation == generation && self.tail == tail && self.until == until
    }

    /// The highest hour of the last `days` days that began before `before`, in dollars.
    pub(super) fn highest(&self, before: Timestamp, days: i64) -> f64 {
        let end = floor_hour(before);
        let start = end.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(end);
        self.between(start, end).iter().copied().fold(0.0, f64::max)
    }

    /// The highest hour at this time of the day, an hour more or less, on the last `days` days.
    pub(super) fn highest_at_this_hour(&self, at: Timestamp, days: i64) -> f64 {
        let hour = SignedDuration::from_hours(1);
        let around = |day: i64| {
            let same = floor_hour(at).saturating_sub(SignedDuration::from_hours(24 * day)).unwrap_or(at);
            let (start, end) =
                (same.saturating_sub(hour).unwrap_or(same), same.saturating_add(hour + hour).unwrap_or(same));
            self.between(start, end).iter().copied().fold(0.0, f64::max)
        };
        (1..=days).map(around).fold(0.0, f64::max)
    }

    /// The mean of all hours; `None` where there are none.
    pub(super) fn mean(&self) -> Option<f64> {
        mean(self.series.values())
    }

    /// By how much the last day's mean hour lies above that of the seven days before.
    pub(super) fn rise(&self) -> f64 {
        let values = self.series.values();
        let (before, last) = values.split_at(values.len().saturating_sub(24));
        let before = &before[before.len().saturating_sub(7 * 24)..];
        mean(last).unwrap_or(0.0) - mean(before).unwrap_or(0.0)
    }

    fn between(&self, from: Timestamp, until: Timestamp) -> &[f64] {
        let values = self.series.values();
        let index = |at: Timestamp| {
            let hours = at.duration_since(self.series.start()).as_secs().div_euclid(HOUR_SECONDS);
            usize::try_from(hours).unwrap_or(0).min(values.len())
        };
        &values[index(from)..index(until).max(index(from))]
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of hours")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
