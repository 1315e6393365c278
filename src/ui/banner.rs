//! What is wrong with the data or the store, with its age and what to do; no lines where all is well.
//!
//! ```text
//!  LATE prod/us-east-1 data 12m old, expired: the credentials have expired; try `aws sso login`
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::health::Health;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, ScopeRow};
use crate::ui::format;
use crate::ui::paint::{Row, wrap};
use crate::ui::theme::{Role, Theme};

/// How many lines it needs at a width.
pub(super) fn lines(state: &State, width: u16) -> u16 {
    u16::try_from(texts(state, width).len()).unwrap_or(u16::MAX)
}

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for (line, text) in (0..area.height).zip(texts(state, area.width)) {
        Row::new(theme).add(Role::Warning, format!(" {text}")).paint(area, line, buf);
    }
}

fn texts(state: &State, width: u16) -> Vec<String> {
    let Some(view) = &state.view else { return Vec::new() };
    let width = usize::from(width.saturating_sub(2)).max(20);
    messages(view).iter().flat_map(|message| wrap(message, width)).collect()
}

fn messages(view: &FleetView) -> Vec<String> {
    let scopes = view.scopes.iter().filter(|scope| scope.fault.is_some() || scope.health > Health::Error);
    let mut messages: Vec<String> = scopes.map(scope_message).collect();
    messages.extend(view.store_faults.iter().map(|fault| format!("STORE {}", printable(fault))));
    messages.extend(view.config_faults.iter().map(|fault| format!("CONFIG {}", printable(fault))));
    if view.rows_refused > 0 {
        messages.push(format!("{} rows of the file were refused; see the messages at the start", view.rows_refused));
    }
    messages
}

fn scope_message(scope: &ScopeRow) -> String {
    let name = printable(scope.scope.as_str());
    let age = scope.age.map_or_else(|| "no data yet".to_owned(), |age| format!("data {} old", format::age(age)));
    let state = scope.health.name().to_uppercase();
    match &scope.fault {
        Some(fault) => format!("{state} {name} {age}, {}: {}; {}", fault.kind, fault.message, fault.remedy),
        None if scope.health.is_blind() => {
            format!("{state} {name} {age}: levels of its tenants are held and shown as blind")
        }
        None => format!("{state} {name} {age}"),
    }
}
