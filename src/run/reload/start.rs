//! What of the config only a start takes up.

use crate::config::Config;

/// What differs and needs a restart, by its names in the file. The screen's own section is none of it: each pane reads it
/// when it starts.
pub(super) fn needs_one(started: &Config, now: &Config) -> Vec<&'static str> {
    let (collect, store) = ((&started.collect, &now.collect), (&started.store, &now.store));
    let parts = [
        ("[collect] interval", collect.0.interval != collect.1.interval),
        ("[collect] ceiling_usd_month", collect.0.ceiling_usd_month != collect.1.ceiling_usd_month),
        ("[collect] revise_window", collect.0.revise_window != collect.1.revise_window),
        ("[collect] backfill", collect.0.backfill != collect.1.backfill),
        ("[[scope]]", started.scopes != now.scopes),
        ("[store] path", store.0.path != store.1.path),
        ("[store] keep_points", store.0.keep_points != store.1.keep_points),
        ("[store] keep_five_minutes", store.0.keep_five_minutes != store.1.keep_five_minutes),
        ("[store] keep_hours", store.0.keep_hours != store.1.keep_hours),
        ("[log]", started.log != now.log),
        ("[metrics]", started.metrics != now.metrics),
    ];
    parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// The config with what needs a restart as it was at the start.
pub(super) fn without(started: &Config, now: Config) -> Config {
    Config {
        collect: started.collect,
        scopes: started.scopes.clone(),
        ui: started.ui.clone(),
        store: started.store.clone(),
        log: started.log.clone(),
        metrics: started.metrics.clone(),
        ..now
    }
}
