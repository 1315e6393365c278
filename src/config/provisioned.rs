//! `[[provisioned]]`: model units that are paid by the hour.

use rust_decimal::Decimal;

use crate::config::reader::Table;
use crate::config::{plans, values};
use crate::domain::ids::ModelId;
use crate::domain::provisioned::Provisioned;

/// The highest price of an hour of a unit that is taken.
const DEAREST: i64 = 100_000;

/// Model units and who shares them.
pub(super) fn provisioned(table: Table<'_>) -> Option<Provisioned> {
    let name = table.require("name", values::text);
    let model = table.require("model", values::text).map(ModelId::new);
    let profiles = table.require("profiles", values::texts);
    let units = table.get("units", values::whole(1, 10_000)).unwrap_or(1);
    let usd_hour = table.require("usd_hour", values::decimal(DEAREST));
    if usd_hour.is_some_and(|usd| usd <= Decimal::ZERO) {
        table.fault_of(
            "usd_hour",
            "an hour of a unit costs more than nothing: `bedtop prices MODEL` tells what is listed",
        );
    }
    let validity = plans::validity(&table);
    table.finish();
    Some(Provisioned {
        name: name?,
        model: model?,
        profiles: profiles?,
        units: u32::try_from(units).unwrap_or(1),
        usd_hour: usd_hour?,
        validity,
    })
}
