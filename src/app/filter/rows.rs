//! What a filter sees of the rows of each list.

use jiff::Timestamp;

use crate::app::filter::{Field, Filterable};
use crate::domain::action::SilenceRow;
use crate::domain::event::{AlertKey, Happening, LevelChange, LogEntry, Subject};
use crate::domain::ids::ModelId;
use crate::domain::level::Level;
use crate::domain::view::{AlertRow, BudgetRow, ProfileRow, TenantRow};

#[expect(clippy::cast_precision_loss, reason = "compared with what a person types")]
fn minutes(age: jiff::SignedDuration) -> f64 {
    age.as_secs() as f64 / 60.0
}

impl Filterable for TenantRow {
    fn texts(&self) -> Vec<&str> {
        vec![self.owner.name()]
    }

    fn level(&self) -> Option<Level> {
        Some(self.level)
    }

    fn number(&self, field: Field) -> Option<f64> {
        let budget = self.worst_budget();
        match field {
            Field::Spend => Some(self.usage.cost.likely.to_f64()),
            Field::Used => budget.map(|budget| budget.used * 100.0),
            Field::Budget => budget.map(|budget| budget.amount.to_f64()),
            Field::Pace => budget.and_then(BudgetRow::pace),
            Field::Rate => Some(self.rates.usd_per_hour),
            Field::Tokens => Some(self.rates.tokens_per_minute),
            Field::Requests => Some(self.rates.requests_per_minute),
            Field::Errors => Some(self.rates.errors_per_minute),
            Field::Throttles => Some(self.rates.throttles_per_minute),
            Field::Latency => self.rates.latency_ms,
            Field::Age => self.data_age.map(minutes),
            _ => None,
        }
    }

    fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Tenant => Some(self.owner.name()),
            Field::Model => self.profiles.iter().find_map(|profile| profile.model.as_ref()).map(ModelId::as_str),
            Field::Signal => self.signals.first().map(|signal| signal.signal.name()),
            Field::Scope => self.profiles.first().map(|profile| profile.key.scope.as_str()),
            _ => None,
        }
    }
}

/// A profile with the row of its tenant.
pub(crate) struct OfTenant<'a>(pub(crate) &'a TenantRow, pub(crate) &'a ProfileRow);

impl Filterable for OfTenant<'_> {
    fn texts(&self) -> Vec<&str> {
        let model = self.1.model.as_ref().map_or("unknown", ModelId::as_str);
        vec![&self.1.name, self.0.owner.name(), model, self.1.key.id.as_str()]
    }

    fn level(&self) -> Option<Level> {
        Some(self.0.level)
    }

    #[expect(clippy::cast_precision_loss, reason = "compared with what a person types")]
    fn number(&self, field: Field) -> Option<f64> {
        match field {
            Field::Spend => Some(self.1.usage.cost.likely.to_f64()),
            Field::Tokens => Some(self.1.usage.counts.tokens() as f64),
            Field::Rate => Some(self.1.rates.usd_per_hour),
            Field::Requests => Some(self.1.rates.requests_per_minute),
            Field::Errors => Some(self.1.rates.errors_per_minute),
            Field::Throttles => Some(self.1.rates.throttles_per_minute),
            _ => None,
        }
    }

    fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Tenant => Some(self.0.owner.name()),
            Field::Model => self.1.model.as_ref().map(ModelId::as_str),
            Field::Scope => Some(self.1.key.scope.as_str()),
            _ => None,
        }
    }
}

/// A row with the instant of the view, so that it has an age.
pub(crate) struct Dated<'a, T>(pub(crate) &'a T, pub(crate) Timestamp);

impl<T> Dated<'_, T> {
    fn age(&self, field: Field, since: Timestamp) -> Option<f64> {
        (field == Field::Age).then(|| minutes(self.1.duration_since(since)))
    }
}

/// What a filter reads of an alert's identity.
fn of_alert(alert: &AlertKey, field: Field) -> Option<&str> {
    match (field, &alert.subject) {
        (Field::Tenant, subject) => Some(subject.name()),
        (Field::Signal, _) => Some(alert.signal.name()),
        (Field::Scope, Subject::Scope(scope) | Subject::Quota(scope, _)) => Some(scope.as_str()),
        (Field::Model, Subject::Quota(_, model)) => Some(model.as_str()),
        _ => None,
    }
}

impl Filterable for Dated<'_, AlertRow> {
    fn texts(&self) -> Vec<&str> {
        let row = self.0;
        vec![row.alert.subject.name(), row.alert.signal.name(), row.notification.name(), &row.reason]
    }

    fn level(&self) -> Option<Level> {
        Some(self.0.level)
    }

    fn number(&self, field: Field) -> Option<f64> {
        self.age(field, self.0.started_at)
    }

    fn text(&self, field: Field) -> Option<&str> {
        of_alert(&self.0.alert, field)
    }
}

impl Filterable for Dated<'_, SilenceRow> {
    fn texts(&self) -> Vec<&str> {
        let silence = &self.0.silence;
        vec!["silence", &silence.author, &silence.comment, &silence.id.0]
    }

    fn level(&self) -> Option<Level> {
        None
    }

    fn number(&self, field: Field) -> Option<f64> {
        self.age(field, self.0.silence.starts)
    }

    fn text(&self, _field: Field) -> Option<&str> {
        None
    }
}

impl Filterable for Dated<'_, LevelChange> {
    fn texts(&self) -> Vec<&str> {
        vec![self.0.alert.subject.name(), self.0.alert.signal.name(), &self.0.reason]
    }

    fn level(&self) -> Option<Level> {
        Some(self.0.level)
    }

    fn number(&self, field: Field) -> Option<f64> {
        self.age(field, self.0.at)
    }

    fn text(&self, field: Field) -> Option<&str> {
        of_alert(&self.0.alert, field)
    }
}

impl Filterable for Dated<'_, LogEntry> {
    fn texts(&self) -> Vec<&str> {
        let of_alert = self.0.what.alert().map(|alert| vec![alert.subject.name(), alert.signal.name()]);
        let mut texts = of_alert.unwrap_or_default();
        match &self.0.what {
            Happening::Change(change) => texts.push(&change.reason),
            Happening::Action(action) => texts.push(&action.by),
            Happening::Skip(_) => texts.push("not told"),
            Happening::Delivery(note) => texts.extend([note.receiver.as_str(), note.outcome.name(), &note.detail]),
        }
        texts
    }

    fn level(&self) -> Option<Level> {
        self.0.what.level()
    }

    fn number(&self, field: Field) -> Option<f64> {
        self.age(field, self.0.at)
    }

    fn text(&self, field: Field) -> Option<&str> {
        self.0.what.alert().and_then(|alert| of_alert(alert, field))
    }
}
