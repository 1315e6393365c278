//! One coloured line for tmux's status bar.

use crate::domain::level::Level;
use crate::domain::view::FleetView;

/// For example `R1 O2 G37 $12,345.67 61 % $410/h`, with tmux styles; grey and with its age when blind.
#[must_use]
pub fn line(view: &FleetView) -> String {
    let mut parts: Vec<String> = Level::ALL
        .iter()
        .rev()
        .filter(|&&level| view.count_at(level) > 0)
        .map(|&level| format!("#[{}]{}{}#[default]", style(level), level.letter(), view.count_at(level)))
        .collect();
    parts.push(match view.totals.usage.known_cost() {
        Some(_) => view.totals.period_spent.likely.to_string(),
        None => "unpriced".to_owned(),
    });
    if let Some(used) = view.totals.period_budget.and_then(|budget| view.totals.period_budget_spent.share_of(budget)) {
        parts.push(format!("{:.0} %", used * 100.0));
    }
    parts.push(format!("${:.0}/h", view.totals.rates.usd_per_hour));
    if view.health.is_blind() {
        let age = view.data_age.map_or("no data".to_owned(), |age| format!("{} min old", age.as_mins()));
        parts.push(format!("#[{}]{} {age}#[default]", style(Level::Blind), view.health.name()));
    }
    parts.join(" ")
}

/// Colours that stay apart for colour-blind eyes, as on the screen.
fn style(level: Level) -> &'static str {
    match level {
        Level::Green => "fg=colour36",
        Level::Blind => "fg=colour244",
        Level::Yellow => "fg=colour220",
        Level::Orange => "fg=colour208",
        Level::Red => "fg=colour160,bold",
    }
}
