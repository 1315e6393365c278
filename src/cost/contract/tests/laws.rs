//! What holds for every contract and any usage.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn any_pricing() -> impl Strategy<Value = Pricing> {
    let tier = (1_u32..1000, 0_u32..10_000, 0_u32..100);
    let mode = prop_oneof![Just(TierMode::Graduated), Just(TierMode::Volume), Just(TierMode::Package)];
    (mode, prop::collection::vec(tier, 1..5)).prop_map(|(mode, steps)| {
        let mut reached = Decimal::ZERO;
        let last = steps.len() - 1;
        let tiers = steps.into_iter().enumerate().map(|(index, (width, price, flat))| {
            reached += Decimal::from(width) * Decimal::from(7);
            let up_to = (index < last).then_some(reached);
            Tier { up_to, unit_price: Decimal::new(price.into(), 3), flat_fee: Decimal::new(flat.into(), 1) }
        });
        Pricing::Tiered { mode, price_per: 7.into(), tiers: tiers.collect() }
    })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let money = || prop::option::of(0_i64..10_000);
    (any_pricing(), 0_i64..2000, any::<bool>(), 0_i64..500, money(), money(), any::<bool>()).prop_map(
        |(pricing, included, rollover, base_fee, commitment, minimum, prorate)| Terms {
            base_fee: Decimal::new(base_fee, 2),
            commitment: commitment.map(|amount| Commitment::Spend(Decimal::new(amount, 1))),
            minimum: minimum.map(|amount| Decimal::new(amount, 1)),
            prorate,
            ..terms(vec![Charge { rollover, ..charge(included, pricing) }])
        },
    )
}

/// Tokens at hours after 1 October 2026.
fn any_usage() -> impl Strategy<Value = Vec<(i64, u64)>> {
    prop::collection::vec((0_i64..24 * 61, 0_u64..2000), 0..20)
}

fn bill_of(contracts: &Contracts, used: &[(i64, u64)], from: Timestamp, to: Timestamp) -> Vec<Bill> {
    let start = at("2026-10-01T00:00:00Z");
    let sum = |span: TimeSpan| {
        let mut counts = Counts::EMPTY;
        for (hour, tokens) in used {
            if span.contains(start + SignedDuration::from_hours(*hour)) {
                counts.add(&Counts::EMPTY.with(Meter::InputTokens, *tokens));
            }
        }
        PricedUsage { counts, ..PricedUsage::default() }
    };
    let account = Account { contracts, tenant: &"acme".into(), tags: &Tags::new(), known_from: start };
    bills(account, TimeSpan::new(from, to), &sum)
}

fn october_and_november(contracts: &Contracts, used: &[(i64, u64)]) -> Vec<Bill> {
    bill_of(contracts, used, at("2026-10-01T00:00:00Z"), at("2026-12-01T00:00:00Z"))
}

proptest! {
    #[test]
    fn order_and_splitting_of_usage_never_change_a_bill(terms in any_terms(), used in any_usage()) {
        let contracts = contracts(terms);
        let whole = october_and_november(&contracts, &used);
        let mut other: Vec<(i64, u64)> = used.iter().flat_map(|&(hour, tokens)| [(hour, tokens / 3), (hour, tokens - tokens / 3)]).collect();
        other.reverse();
        prop_assert_eq!(whole, october_and_november(&contracts, &other));
    }

    #[test]
    fn adjoining_spans_add_up_to_the_whole(terms in any_terms(), used in any_usage(), hour in 0_i64..24 * 61) {
        let contracts = contracts(terms);
        let (from, to) = (at("2026-10-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let cut = from + SignedDuration::from_hours(hour);
        let total = |from, to| bill_of(&contracts, &used, from, to).iter().map(Bill::usd).sum::<Money>();
        let difference = (total(from, cut) + total(cut, to) - total(from, to)).amount().abs();
        prop_assert!(difference <= Decimal::new(1, 20), "{}", difference);
    }

    #[test]
    fn the_lines_hold_all_that_was_used(terms in any_terms(), used in any_usage()) {
        let is_whole = !matches!(terms.charges[0].pricing, Pricing::Tiered { mode: TierMode::Package, .. });
        let bills = october_and_november(&contracts(terms), &used);
        let counted: Decimal = bills.iter().flat_map(|bill| &bill.lines).map(|line| line.quantity).sum();
        let all = Decimal::from(used.iter().map(|(_, tokens)| tokens).sum::<u64>());
        let at_most = if is_whole { all } else { all + Decimal::from(14) };
        prop_assert!(all <= counted && counted <= at_most);
        for bill in &bills {
            prop_assert_eq!(bill.total(), bill.lines.iter().map(|line| line.amount).sum::<Decimal>());
        }
    }

    #[test]
    fn volume_and_graduated_agree_on_one_band(tokens in 0_u64..1 << 50, price in 0_i64..100_000, flat_fee in 0_i64..1000) {
        let band = format!("- {} {}", Decimal::new(price, 3), Decimal::new(flat_fee, 1));
        let total = |mode| november_total(terms(vec![charge(0, tiered(mode, 1, &[&band]))]), tokens);
        prop_assert_eq!(total(TierMode::Graduated), total(TierMode::Volume));
    }

    #[test]
    fn a_contract_from_tomorrow_changes_nothing_before(terms in any_terms(), later in any_terms(), used in any_usage()) {
        let before = contracts(terms.clone());
        let changed = Contracts {
            plans: vec![
                Plan { validity: Validity { from: None, to: "2026-12-01".parse().ok() }, ..before.plans[0].clone() },
                Plan { id: "gold".into(), validity: Validity { from: "2026-12-01".parse().ok(), to: None }, terms: later },
            ],
            ..before.clone()
        };
        prop_assert_eq!(october_and_november(&before, &used), october_and_november(&changed, &used));
    }
}
