//! Periods of uneven length: anchors that short months lack, and days of 23 and 25 hours.

use rstest::rstest;

use super::*;

#[test]
fn periods_anchored_on_the_31st_have_no_gap_and_no_overlap() {
    let cycle = Calendar { anchor_day: 31, ..month("UTC") };
    let contracts = contracts(Terms { cycle, base_fee: 5.into(), ..terms(vec![flat(0, "1")]) });
    let used = [
        ("2026-02-27T23:59:59Z", 1, 0),
        ("2026-02-28T00:00:00Z", 10, 0),
        ("2026-03-30T23:59:59Z", 100, 0),
        ("2026-03-31T00:00:00Z", 1000, 0),
    ];
    let bills = billed(&contracts, "2026-01-31T00:00:00Z", "2026-04-30T00:00:00Z", &used);
    let spans: Vec<String> = bills.iter().map(|bill| bill.span.start.strftime("%m-%d").to_string()).collect();
    assert_eq!(spans, ["01-31", "02-28", "03-31"]);
    assert_eq!(bills.iter().map(|bill| bill.total().normalize().to_string()).collect::<Vec<_>>(), ["6", "115", "1005"]);
}

/// Berlin's clocks change on 29 March and on 25 October 2026.
#[rstest]
#[case::march("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 743)]
#[case::october("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", 745)]
fn months_with_a_change_of_the_clocks_are_whole(#[case] from: &str, #[case] to: &str, #[case] hours: i64) {
    let contracts = contracts(Terms { cycle: month("Europe/Berlin"), base_fee: 31.into(), ..terms(Vec::new()) });
    let bills = billed(&contracts, from, to, &[]);
    assert_eq!((bills.len(), bills[0].span.length().as_hours()), (1, hours));
    assert_eq!(bills[0].total(), 31.into());
    // A day of 23 or 25 hours is a day.
    let mut part = contracts.clone();
    let first = bills[0].span.start.to_zoned_datetime(TimeZone::get("Europe/Berlin").expect("known")).date();
    part.plans[0].validity = Validity { from: Some(first), to: first.checked_add(jiff::Span::new().days(30)).ok() };
    assert_eq!(billed(&part, from, to, &[])[0].total(), 30.into());
}

#[test]
fn days_of_their_own_have_23_and_25_hours() {
    let cycle = Calendar { length: PeriodLength::Day, ..month("Europe/Berlin") };
    let contracts = contracts(Terms { cycle, base_fee: 1.into(), ..terms(Vec::new()) });
    let bills = billed(&contracts, "2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z", &[]);
    let hours: Vec<i64> = bills.iter().map(|bill| bill.span.length().as_hours()).collect();
    assert_eq!(hours, [25, 24]);
    assert!(bills.iter().all(|bill| bill.total() == Decimal::ONE));
}
