//! How the console starts, for every command that has one, and `bedtop keys`.

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, eyre};
use serde::Serialize;

use crate::app::State;
use crate::app::action::View;
use crate::app::column::Column;
use crate::app::filter::Filter;
use crate::app::keymap::Keymap;
use crate::cli::{GlobalOptions, load_config, print};
use crate::config::UiSettings;

/// Where the console starts.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ScreenOptions {
    /// Start on this screen: tenants, alerts, pools, profiles, money, collector, spark
    #[arg(long, value_name = "VIEW")]
    pub(super) view: Option<View>,
    /// Show only tenants whose names match (`*` and `?`)
    #[arg(long, value_name = "GLOB")]
    pub(super) tenant: Option<String>,
}

impl ScreenOptions {
    /// A screen that starts as config and options ask for.
    pub(super) fn apply(&self, ui: &UiSettings, state: State) -> Result<State> {
        let keymap =
            Keymap::with(&ui.keys).map_err(|faults| eyre!("[ui.keys] of the config: {}", faults.join("; ")))?;
        let mut state = state.starting_at(self.view.unwrap_or_default(), only(self.tenant.as_deref())?);
        state.keymap = keymap.into();
        state.mouse = ui.mouse;
        if !ui.columns.is_empty() {
            state.columns =
                Column::parse_list(&ui.columns).map_err(|fault| eyre!("ui.columns of the config: {fault}"))?;
        }
        Ok(state)
    }
}

/// The filter that a pattern of names stands for.
fn only(glob: Option<&str>) -> Result<Filter> {
    let Some(glob) = glob else { return Ok(Filter::default()) };
    let sign = |letter: char| match letter {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        '/' => "\\x2f".to_owned(),
        letter => regex_lite::escape(&letter.to_string()),
    };
    let pattern: String = glob.chars().map(sign).collect();
    Filter::parse(&format!("/^{pattern}$/")).map_err(|fault| eyre!("--tenant {glob}: {fault}"))
}

/// Every key of the console, as the config has them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop keys --output json")]
pub(super) struct Keys {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
    Markdown,
}

#[derive(Serialize)]
struct KeyJson {
    action: &'static str,
    keys: Vec<String>,
    place: &'static str,
    help: &'static str,
}

impl Keys {
    pub(super) fn run(&self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let keymap =
            Keymap::with(&config.ui.keys).map_err(|faults| eyre!("[ui.keys] of the config: {}", faults.join("; ")))?;
        let rows: Vec<KeyJson> = keymap
            .all()
            .iter()
            .map(|bound| KeyJson {
                action: bound.binding.name,
                keys: bound.keys.iter().map(ToString::to_string).collect(),
                place: bound.places_text(),
                help: bound.binding.help,
            })
            .collect();
        print(&match self.output {
            Output::Table => table(&rows),
            Output::Json => serde_json::to_string_pretty(&serde_json::json!({ "schema": 1, "keys": rows }))?,
            Output::Markdown => markdown(&rows),
        })?;
        Ok(0)
    }
}

fn table(rows: &[KeyJson]) -> String {
    rows.iter()
        .map(|row| format!("{:<22} {:<20} {:<27} {}\n", row.keys.join("  "), row.action, row.place, row.help))
        .collect()
}

fn markdown(rows: &[KeyJson]) -> String {
    let line = |row: &KeyJson| {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        format!("| {} | {} | {} | {} |\n", keys.join(" "), row.action, row.place, row.help.replace('|', "\\|"))
    };
    format!("| key | action | where | what it does |\n|---|---|---|---|\n{}", rows.iter().map(line).collect::<String>())
}
