//! Every kind of finding, its weight and what to do, on a small fleet.

use super::*;
use crate::app::fixtures;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::CostRange;
use crate::domain::view::TenantRow;

/// A profile that used a million tokens for so many dollars; none means that it has no price.
fn profile(name: &str, kind: ProfileKind, dollars: Option<i64>) -> ProfileRow {
    let mut profile = fixtures::view().tenants[0].profiles[0].clone();
    (profile.name, profile.kind) = (name.to_owned(), kind);
    profile.key.id = name.into();
    profile.usage = PricedUsage {
        counts: Counts::EMPTY.with(Meter::InputTokens, 1_000_000),
        cost: CostRange::exact(Money::usd(dollars.unwrap_or(0).into())),
        unpriced_tokens: if dollars.is_some() { 0 } else { 1_000_000 },
        ..PricedUsage::default()
    };
    profile
}

fn tagged(name: &str, dollars: i64, fault: TagFault) -> ProfileRow {
    ProfileRow { tag_faults: vec![fault], ..profile(name, ProfileKind::Application, Some(dollars)) }
}

/// A fleet of one tenant and the unattributed, with these profiles.
fn fleet(of_tenant: Vec<ProfileRow>, of_nobody: Vec<ProfileRow>) -> FleetView {
    let mut view = fixtures::view();
    let row = |owner: Owner, profiles: Vec<ProfileRow>| TenantRow { owner, profiles, ..view.tenants[0].clone() };
    view.tenants = vec![row(Owner::Tenant("acme".into()), of_tenant), row(Owner::Unattributed, of_nobody)];
    view.totals.usage = PricedUsage::default();
    for profile in view.tenants.iter().flat_map(|row| &row.profiles) {
        view.totals.usage.add(&profile.usage);
    }
    view
}

#[test]
fn every_kind_is_found_with_the_most_money_first_and_says_what_to_do() {
    let sound = profile("sound", ProfileKind::Application, Some(50));
    let mistyped = TagFault::Mistyped { key: "tenant id".into(), meant: "TenantID".into() };
    let unknown = TagFault::UnknownTenant { tenant: "acmee".into(), meant: Some("acme".into()) };
    let of_tenant = vec![
        sound,
        tagged("misspelt", 3, mistyped),
        tagged("two", 9, TagFault::TwoTenants(vec!["acme".into(), "globex".into()])),
        tagged("stranger", 4, unknown),
        profile("acme.unheard-of-v1", ProfileKind::Application, None),
    ];
    let of_nobody = vec![
        tagged("untagged", 2, TagFault::Untagged),
        profile("amazon.nova-pro-v1:0", ProfileKind::Model, Some(7)),
        profile("us.amazon.nova-pro-v1:0", ProfileKind::System, Some(6)),
        profile("proj-1", ProfileKind::Project, Some(5)),
    ];
    let view = fleet(of_tenant, of_nobody);
    let lint = Lint::new(&view, "TenantID");
    let found: Vec<_> = lint.rows.iter().map(|row| (row.finding.kind, row.at_risk.text())).collect();
    // 8 million tokens with a price cost 86 USD: the million without one may cost 10.75.
    let expected = [
        ("unpriced", "~$10.75"),
        ("two_tenants", "$9.00"),
        ("direct_model", "$7.00"),
        ("system_profile", "$6.00"),
        ("mantle_project", "$5.00"),
        ("unknown_tenant", "$4.00"),
        ("mistyped", "$3.00"),
        ("untagged", "$2.00"),
    ];
    assert_eq!(found, expected.map(|(kind, risk)| (kind, risk.to_owned())));
    assert!(lint.rows.iter().all(|row| !row.finding.remedy.is_empty()));
    // 46.75 of 96.75.
    assert!((lint.share() - 46.75 / 96.75).abs() < 1e-12);
    let text = table(&lint);
    assert!(text.contains("if `acme` is meant, mend the tag") && text.contains("tag it with TenantID"), "{text}");
    assert!(text.contains("~48.3 % of ~$96.75 is at risk"), "{text}");
}

#[test]
fn a_profile_with_two_findings_is_at_risk_once() {
    let both = ProfileRow {
        tag_faults: vec![TagFault::Untagged, TagFault::Mistyped { key: "Tenat".into(), meant: "tenant".into() }],
        ..profile("p", ProfileKind::Application, Some(5))
    };
    let view = fleet(vec![profile("q", ProfileKind::Application, Some(15))], vec![both]);
    let lint = Lint::new(&view, "TenantID");
    assert_eq!((lint.rows.len(), lint.at_risk.money), (2, Money::usd(5.into())));
    assert!((lint.share() - 0.25).abs() < 1e-12);
}

#[test]
fn where_nothing_has_a_price_tokens_are_counted_and_no_money_is_made_up() {
    let unpriced = profile("p", ProfileKind::Application, None);
    let idle = ProfileRow { usage: PricedUsage::default(), ..unpriced.clone() };
    let view = fleet(vec![unpriced, idle], Vec::new());
    let lint = Lint::new(&view, "TenantID");
    assert!((lint.share() - 1.0).abs() < 1e-12);
    assert_eq!(lint.rows[0].at_risk.text(), "unknown");
    assert!(json(&lint).expect("JSON").contains("\"at_risk_usd\": null"));
}

#[test]
fn what_is_mapped_to_a_tenant_by_hand_is_somebodys() {
    let view = fleet(vec![profile("amazon.nova-pro-v1:0", ProfileKind::Model, Some(7))], Vec::new());
    assert_eq!(table(&Lint::new(&view, "TenantID")), "nothing to mend: every profile is tagged, priced and known\n");
}

#[test]
fn names_from_outside_cannot_reach_a_terminal_or_a_spreadsheet() {
    let evil = ProfileRow {
        tag_faults: vec![TagFault::UnknownTenant { tenant: "\u{1b}[2J".into(), meant: None }],
        name: "=cmd()".into(),
        ..profile("p", ProfileKind::Application, Some(5))
    };
    let view = fleet(vec![evil], Vec::new());
    let lint = Lint::new(&view, "TenantID");
    assert!(!table(&lint).contains('\u{1b}') && !csv(&lint).expect("CSV").contains('\u{1b}'));
    assert!(csv(&lint).expect("CSV").contains("'=cmd()"));
}
