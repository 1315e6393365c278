//! What people type: filters and names of keys.

use crate::app::filter::Filter;
use crate::app::fixtures;
use crate::app::key::Chord;
use crate::domain::fuzz;

#[test]
fn filters_are_understood_or_refused() {
    let view = fixtures::view();
    fuzz::text_target("filter", |text| {
        let Ok(filter) = Filter::parse(text) else { return };
        let shown: Vec<bool> = view.tenants.iter().map(|row| filter.shows(row)).collect();
        let Ok(opposite) = Filter::parse(&format!("!({text})")) else { return };
        let hidden: Vec<bool> = view.tenants.iter().map(|row| !opposite.shows(row)).collect();
        assert!(filter.is_empty() || opposite.is_empty() || shown == hidden, "{text} and its opposite");
    });
}

#[test]
fn keys_are_read_as_they_are_written() {
    fuzz::text_target("key", |text| {
        let Ok(chord) = Chord::parse(text) else { return };
        assert_eq!(Chord::parse(&chord.to_string()), Ok(chord), "{chord}");
    });
}
