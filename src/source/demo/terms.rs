//! What the fleet's tenants pay: large ones a mark-up on what AWS charges, with a commitment; the others by tiers.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::amount::Unit;
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::contract::{
    Charge, Commitment, Contracts, Plan, Pricing, TenantContracts, Terms, Tier, TierMode, Validity,
};
use crate::domain::ids::PlanId;
use crate::domain::meter::{Meter, MeterSet};
use crate::source::demo::fleet::Fleet;

/// How many of the largest tenants have a plan of their own.
const LARGE: usize = 6;
const MILLION: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// The plans, and who has which.
#[must_use]
pub fn contracts(fleet: &Fleet) -> Contracts {
    let enterprise = PlanId::new("enterprise");
    let standard = PlanId::new("standard");
    let large = (0..LARGE.min(fleet.tenants)).map(|tenant| {
        let own = TenantContracts { plan: Some(enterprise.clone()), ..TenantContracts::default() };
        (Fleet::tenant_name(tenant).as_str().into(), own)
    });
    Contracts {
        tenants: large.collect(),
        plans: vec![plan(&enterprise, enterprise_terms()), plan(&standard, standard_terms())],
        default_plan: Some(standard),
        ..Contracts::default()
    }
}

fn plan(id: &PlanId, terms: Terms) -> Plan {
    Plan { id: id.clone(), validity: Validity::default(), terms }
}

/// Cost and 22 % on top, 20,000 dollars a month at least.
fn enterprise_terms() -> Terms {
    let charge = Charge {
        unit: Unit::Usd,
        included: Decimal::ZERO,
        rollover: false,
        pricing: Pricing::Markup(Decimal::new(22, 2)),
    };
    Terms { charges: vec![charge], commitment: Some(Commitment::Spend(Decimal::from(20_000))), ..monthly() }
}

/// A fee with some tokens in it, then 3.60, 3.00 and 2.60 dollars a million.
fn standard_terms() -> Terms {
    let tier = |up_to: Option<i64>, cents: i64| Tier {
        up_to: up_to.map(|millions| Decimal::from(millions) * MILLION),
        unit_price: Decimal::new(cents, 2),
        flat_fee: Decimal::ZERO,
    };
    let charge = Charge {
        unit: Unit::Count(MeterSet::of(&Meter::TOKENS)),
        included: Decimal::from(200) * MILLION,
        rollover: false,
        pricing: Pricing::Tiered {
            mode: TierMode::Graduated,
            price_per: MILLION,
            tiers: vec![tier(Some(1_000), 360), tier(Some(4_000), 300), tier(None, 260)],
        },
    };
    Terms { base_fee: Decimal::from(400), charges: vec![charge], ..monthly() }
}

fn monthly() -> Terms {
    Terms::free(Calendar { length: PeriodLength::Month, anchor_day: 1, zone: TimeZone::UTC })
}
