//! The config file, and what is written in it as text.

use std::path::PathBuf;

use crate::config::model::Config;
use crate::config::{amounts, load};
use crate::domain::fuzz;

#[test]
fn configs_are_understood_or_their_faults_told() {
    fuzz::text_target("config", |text| {
        let Err(faults) = load::parse(text, Config::with_defaults(PathBuf::new())) else { return };
        assert!(!faults.is_empty());
        for fault in faults {
            assert!(fault.line <= text.matches('\n').count() + 1 && fault.column > 0, "{fault}");
            assert!(!fault.to_string().chars().any(char::is_control), "{fault:?}");
        }
    });
}

#[test]
fn lengths_of_time_are_read_as_they_are_written() {
    fuzz::text_target("duration", |text| {
        let Ok(duration) = amounts::duration(text) else { return };
        // What is written is in whole seconds.
        let whole = jiff::SignedDuration::from_secs(duration.as_secs());
        assert_eq!(amounts::duration(&amounts::duration_text(whole)), Ok(whole));
    });
}

#[test]
fn amounts_are_read_within_their_bounds() {
    fuzz::text_target("amount", |text| {
        if let Ok(amount) = amounts::amount(text) {
            assert!(!amount.number.is_sign_negative() && !amount.number.is_zero());
            let _ = amount.to_string();
        }
        if let Ok((number, _)) = amounts::quantity(text) {
            assert!(!number.is_sign_negative() || number.is_zero());
        }
        let _ = amounts::share(text).map(|share| assert!(share <= 10.into()));
    });
}
