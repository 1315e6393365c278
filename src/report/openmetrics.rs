//! The fleet as metrics for Prometheus, in the `OpenMetrics` text format.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::view::FleetView;
use crate::report::metrics::{Labels, families};

/// What `OpenMetrics` says of itself over HTTP.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Value = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The metrics of a view as of `now`.
///
/// # Errors
/// Never in practice: text is written to memory.
pub fn text(view: &FleetView, now: Timestamp) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    for found in families(view, now) {
        let family: family::Family<Labels, Value> = family::Family::default();
        for (labels, value) in found.samples {
            family.get_or_create(&labels).set(value);
        }
        registry.register(found.name, found.help, family);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::ids::Owner;
    use crate::domain::text::printable;

    #[test]
    fn every_row_is_there_and_the_unpriced_has_no_cost() {
        let view = fixtures::view();
        let text = text(&view, view.at).expect("text");
        assert!(text.ends_with("# EOF\n"), "{text}");
        for row in &view.tenants {
            let name = printable(row.owner.name());
            assert!(text.contains(&format!("bedtop_tenant_level{{tenant=\"{name}\"}}")), "{name}");
            let spend = format!("bedtop_tenant_spend_usd{{tenant=\"{name}\",bound=\"likely\"}}");
            assert_eq!(text.contains(&spend), row.usage.known_cost().is_some(), "{name}: no cost is never zero");
        }
        assert_eq!(text.matches("# TYPE bedtop_tenant_level gauge").count(), 1);
    }

    #[test]
    fn outside_text_stays_inside_its_label() {
        let mut view = fixtures::view();
        view.tenants.truncate(1);
        view.tenants[0].owner = Owner::Tenant("a\"} 1\n# EOF\\".into());
        let text = text(&view, view.at).expect("text");
        assert!(text.contains(r#"tenant="a\"} 1 # EOF\\""#), "{text}");
    }
}
