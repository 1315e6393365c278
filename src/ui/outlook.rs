//! Forecasts in words: what a period will come to, when a budget is gone, how fast it burns.

use jiff::Timestamp;

use crate::domain::view::{BudgetRow, Burn, FleetView, GoneWhen, PeriodForecast};
use crate::ui::format;
use crate::ui::header::clock;

/// `$18.2k` of a forecast, in its unit.
pub(super) fn total(forecast: &PeriodForecast, budget: Option<&BudgetRow>) -> String {
    number(forecast.total, budget)
}

/// A number in the unit of a budget; dollars where there is none.
pub(super) fn number(number: f64, budget: Option<&BudgetRow>) -> String {
    match budget.map(|budget| budget.amount.unit) {
        None | Some(crate::domain::amount::Unit::Usd) => format::dollars(number),
        Some(_) => format::count(number),
    }
}

/// `gone Thu 14:00`, `over by 21 Nov`; what is over already is `gone`.
pub(super) fn gone(forecast: Option<&PeriodForecast>, budget: Option<&BudgetRow>, view: &FleetView) -> String {
    if budget.is_some_and(|budget| budget.used >= 1.0) {
        return "gone".to_owned();
    }
    let when = forecast.and_then(|forecast| forecast.gone).and_then(|gone| gone.median);
    when.map(|when| moment(when, view)).unwrap_or_default()
}

/// A moment ahead in at most nine characters: `Thu 14:00`, `21 Nov`.
pub(super) fn moment(when: Timestamp, view: &FleetView) -> String {
    let hours = when.duration_since(view.at).as_hours();
    match hours {
        ..20 => clock(when, &view.zone, "%H:%M"),
        20..144 => clock(when, &view.zone, "%a %H:%M"),
        _ => clock(when, &view.zone, "%-d %b"),
    }
}

/// `gone Thu 14:00 to 19:00 (80 %)`.
pub(super) fn gone_between(gone: GoneWhen, view: &FleetView) -> String {
    let late = gone.late.map_or("later than the period".to_owned(), |late| moment(late, view));
    let median = gone.median.map_or(String::new(), |median| format!(", most likely {}", moment(median, view)));
    format!("gone between {} and {late}{median}", moment(gone.early, view))
}

/// `2.1 1.4`: burn rates of one and of six hours.
pub(super) fn burn(burn: &Burn) -> String {
    let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.1}", rate.min(99.9)));
    if burn.hour.is_none() && burn.six_hours.is_none() {
        return String::new();
    }
    format!("{:>4} {:>4}", rate(burn.hour), rate(burn.six_hours))
}
