//! What the table says when it has no rows: what is going on and what to check.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::health::Health;
use crate::ui::paint::{Row, wrap};
use crate::ui::theme::{Role, Theme};

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (title, lines) = texts(state);
    Row::new(theme).add(Role::Title, format!("  {title}")).paint(area, 1, buf);
    let width = usize::from(area.width.saturating_sub(4)).max(20);
    let wrapped = lines.iter().flat_map(|line| wrap(line, width));
    for (line, text) in (3..area.height).zip(wrapped) {
        Row::new(theme).add(Role::Text, format!("  {text}")).paint(area, line, buf);
    }
}

fn texts(state: &State) -> (&'static str, Vec<String>) {
    let Some(view) = &state.view else {
        return ("Opening the history", vec!["Usage is asked for as soon as it is open.".to_owned()]);
    };
    if !view.tenants.is_empty() {
        let filter = format!(
            "The filter `{}` fits none of {} tenants.",
            crate::domain::text::printable(state.list().filter.input.value()),
            view.tenants.len()
        );
        return ("No tenant fits", vec![filter, "Press / to change it or Esc to clear it.".to_owned()]);
    }
    if view.scopes.is_empty() || view.scopes.iter().any(|scope| scope.health == Health::NoData && scope.fault.is_none())
    {
        return ("Asking for profiles and usage", vec!["The first answers take a few seconds.".to_owned()]);
    }
    if view.scopes.iter().any(|scope| scope.fault.is_some()) {
        let hint = "What went wrong and what to do is said above. bedtop asks again by itself; r asks at once.";
        return ("No answer yet", vec![hint.to_owned()]);
    }
    let hints = [
        "bedtop watches application inference profiles: without any there is nothing to show.",
        "Check that the account and region above are the ones you mean (--profile, --region).",
        "`aws bedrock list-inference-profiles --type-equals APPLICATION` lists the profiles.",
        "Calls that name a model directly, and the bedrock-mantle endpoint, are not seen this way.",
    ];
    ("No application inference profiles found", hints.map(str::to_owned).to_vec())
}
