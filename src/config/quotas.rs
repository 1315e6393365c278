//! `[[quota]]`: what AWS allows of a model in an account and region.

use rust_decimal::prelude::ToPrimitive;

use crate::config::reader::Table;
use crate::config::values;
use crate::domain::quota::ModelQuota;

/// Nothing is faster.
const FASTEST: i64 = 1_000_000_000_000;

/// A quota; of every scope unless it names some.
pub(super) fn quota(table: Table<'_>) -> Option<ModelQuota> {
    let limit = |key| table.get(key, values::whole(1, FASTEST)).and_then(|limit| u64::try_from(limit).ok());
    let model = table.require("model", values::text);
    let quota = ModelQuota {
        scope: table.get("scope", values::text).unwrap_or_else(|| "*".to_owned()),
        model: model.clone().unwrap_or_default(),
        tokens_per_minute: limit("tpm"),
        requests_per_minute: limit("rpm"),
        output_burndown: table.get("output_burndown", values::decimal(100)).and_then(|it| it.to_f64()).unwrap_or(1.0),
    };
    if quota.tokens_per_minute.is_none() && quota.requests_per_minute.is_none() {
        table.fault("it limits nothing: write tpm (tokens a minute), rpm (requests a minute), or both");
    }
    table.finish();
    model.map(|_| quota)
}
