//! Quotas that AWS sets for a model in an account and region: all profiles of the scope share them.

use crate::domain::ids::{ModelId, ScopeName};
use crate::domain::meter::{Counts, Meter};
use crate::domain::tenancy::matches_pattern;

/// A quota as the user states it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelQuota {
    /// A pattern over scopes.
    pub scope: String,
    /// A pattern over models.
    pub model: String,
    /// Tokens a minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// As how many tokens one of output counts.
    pub output_burndown: f64,
}

impl ModelQuota {
    /// The first quota that is meant for a model in a scope.
    #[must_use]
    pub fn of<'a>(quotas: &'a [Self], scope: &ScopeName, model: &ModelId) -> Option<&'a Self> {
        let fits = |quota: &&Self| {
            matches_pattern(&quota.scope, scope.as_str()) && matches_pattern(&quota.model, model.as_str())
        };
        quotas.iter().find(fits)
    }
}

/// Tokens as a quota counts them: what AWS estimates itself (`EstimatedTPMQuotaUsage`), or input, cache writes and output
/// times its burndown. Reads of the cache do not count.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a speed")]
pub fn quota_tokens(counts: &Counts, output_burndown: f64) -> f64 {
    if let Some(estimated) = counts.get(Meter::QuotaTokens) {
        return estimated as f64;
    }
    let plain = counts.sum_of(Meter::InputTokens).saturating_add(counts.sum_of(Meter::CacheWriteTokens)) as f64;
    plain + output_burndown * counts.sum_of(Meter::OutputTokens) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(scope: &str, model: &str, tokens: u64) -> ModelQuota {
        ModelQuota {
            scope: scope.into(),
            model: model.into(),
            tokens_per_minute: Some(tokens),
            requests_per_minute: None,
            output_burndown: 1.0,
        }
    }

    #[test]
    fn the_first_that_fits_holds() {
        let quotas = [quota("prod*", "anthropic.*", 1), quota("*", "anthropic.*", 2)];
        let of = |scope: &str, model: &str| {
            ModelQuota::of(&quotas, &scope.into(), &model.into()).and_then(|quota| quota.tokens_per_minute)
        };
        assert_eq!(
            (of("prod-eu", "anthropic.c"), of("dev", "anthropic.c"), of("dev", "meta.l")),
            (Some(1), Some(2), None)
        );
    }

    #[test]
    fn aws_own_estimate_wins_over_the_sum() {
        let counts = Counts::EMPTY
            .with(Meter::InputTokens, 100)
            .with(Meter::CacheReadTokens, 1_000)
            .with(Meter::CacheWriteTokens, 20)
            .with(Meter::OutputTokens, 10);
        assert!((quota_tokens(&counts, 5.0) - 170.0).abs() < 1e-9);
        assert!((quota_tokens(&counts.with(Meter::QuotaTokens, 400), 5.0) - 400.0).abs() < 1e-9);
    }
}
