//! Time zones by their IANA names.

use jiff::tz::{self, TimeZone};

/// The zone of this name.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        let names: Vec<String> = tz::db().available().map(|known| known.to_string()).collect();
        let hint = super::reader::nearest(name, names.iter().map(String::as_str));
        let hint = hint.map_or_else(
            || "write for example UTC or Europe/Berlin".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        format!("`{name}` is not a time zone: {hint}")
    })
}
