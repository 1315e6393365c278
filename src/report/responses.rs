//! Letters, tried receivers and previews of responses as tables, JSON and CSV.

use serde::Serialize;
use serde_json::json;

use crate::config::ReceiverKind;
use crate::domain::letter::LetterRow;
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, TenantRow};
use crate::report::csv::{cell_text, to_text};
use crate::report::table::{Column, cost, render};
use crate::respond::{Router, Verdict};

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// One line a letter, those that wait first.
#[must_use]
pub fn table(letters: &[LetterRow]) -> String {
    if letters.is_empty() {
        return "nothing was told yet\n".to_owned();
    }
    let columns = [
        Column::left("STATE"),
        Column::left("RECEIVER"),
        Column::left("WHEN"),
        Column::right("TRIES"),
        Column::left("WHAT"),
        Column::left("NOTE"),
        Column::left("KEY"),
    ];
    render(&columns, letters.iter().map(|letter| cells(letter).to_vec()))
}

/// The letters as JSON.
///
/// # Errors
/// Never in practice.
pub fn json(letters: &[LetterRow]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({ "schema": SCHEMA, "letters": letters }))
}

/// The letters as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(letters: &[LetterRow]) -> csv::Result<String> {
    rows_as_csv(["state", "receiver", "when", "tries", "what", "note", "key"], letters.iter().map(cells))
}

fn cells(letter: &LetterRow) -> [String; 7] {
    [
        letter.state.name().to_owned(),
        printable(&letter.receiver),
        format!("{:.0}", letter.when()),
        letter.attempts.to_string(),
        printable(&letter.summary),
        printable(letter.note.as_deref().unwrap_or_default()),
        letter.key.clone(),
    ]
}

/// A receiver that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    receiver: String,
    kind: &'static str,
    result: &'static str,
    note: String,
}

impl Tried {
    /// How it ended.
    #[must_use]
    pub fn new(receiver: &str, kind: &'static str, verdict: &Verdict) -> Self {
        let (result, note) = match verdict {
            Verdict::Delivered { note, .. } => ("delivered", note.clone().unwrap_or_default()),
            Verdict::Retry { why, .. } => ("failed", why.clone()),
            Verdict::Refused(why) => ("refused", why.clone()),
            Verdict::Skipped(why) => ("skipped", why.clone()),
        };
        Self { receiver: printable(receiver), kind, result, note: printable(&note) }
    }

    /// Whether it arrived.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.result == "delivered"
    }

    fn cells(&self) -> [String; 4] {
        [self.receiver.clone(), self.kind.to_owned(), self.result.to_owned(), self.note.clone()]
    }
}

/// One line.
#[must_use]
pub fn tried_table(tried: &Tried) -> String {
    let columns = [Column::left("RECEIVER"), Column::left("KIND"), Column::left("RESULT"), Column::left("NOTE")];
    render(&columns, std::iter::once(tried.cells().to_vec()))
}

/// The same as JSON.
///
/// # Errors
/// Never in practice.
pub fn tried_json(tried: &Tried) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({ "schema": SCHEMA, "test": tried }))
}

/// The same as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn tried_csv(tried: &Tried) -> csv::Result<String> {
    rows_as_csv(["receiver", "kind", "result", "note"], std::iter::once(tried.cells()))
}

/// One thing that responses to an alert would hit.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewLine {
    what: &'static str,
    name: String,
    detail: String,
}

/// What responses to an alert would hit; `None` where the fleet has no such tenant or pool.
#[must_use]
pub fn preview(view: &FleetView, router: &Router, alert: &str) -> Option<Vec<PreviewLine>> {
    let mut parts = alert.split('/').map(|part| part.replace("%2F", "/").replace("%25", "%"));
    let (kind, subject) = (parts.next()?, parts.next()?);
    let mut labels = Labels::default();
    labels.set(&kind, &subject);
    labels.set("signal", &parts.next().unwrap_or_default());
    labels.set("budget", &parts.next().unwrap_or_default());
    let tenants: Vec<&TenantRow> = match kind.as_str() {
        "tenant" => view.tenants.iter().filter(|row| row.owner.name() == subject).collect(),
        "pool" => {
            let pool = view.pools.iter().find(|row| row.pool.as_str() == subject)?;
            view.tenants.iter().filter(|row| pool.members.contains(&row.owner)).collect()
        }
        _ => Vec::new(),
    };
    if tenants.is_empty() {
        return None;
    }
    let hit = tenants.iter().flat_map(|row| tenant_lines(view, row));
    let told =
        [Level::Yellow, Level::Orange, Level::Red].into_iter().flat_map(|level| told_lines(router, &labels, level));
    Some(hit.chain(told).collect())
}

fn tenant_lines(view: &FleetView, row: &TenantRow) -> Vec<PreviewLine> {
    let line =
        |what, name: &str, detail: String| PreviewLine { what, name: printable(name), detail: printable(&detail) };
    let mut lines = vec![line("tenant", row.owner.name(), format!("{}, {}", row.level.name(), cost(row)))];
    lines.extend(row.profiles.iter().map(|profile| {
        let model = profile.model.as_ref().map_or("unknown model", |model| model.as_str());
        let id = format!("{}/{}", profile.key.scope, profile.key.id);
        line("profile", &id, format!("{}, {model}, {}", profile.name, profile.usage.cost.likely))
    }));
    for pool in view.pools.iter().filter(|pool| pool.members.contains(&row.owner)) {
        let others: Vec<&str> =
            pool.members.iter().filter(|member| **member != row.owner).map(crate::domain::ids::Owner::name).collect();
        lines.push(line("shares pool", pool.pool.as_str(), format!("with {}", others.join(", "))));
    }
    lines
}

fn told_lines(router: &Router, labels: &Labels, level: Level) -> Vec<PreviewLine> {
    let line = |receiver: &crate::config::Receiver| {
        let program = match &receiver.kind {
            ReceiverKind::Exec(exec) => {
                let dry = if exec.dry_run { " (dry run)" } else { "" };
                format!(": runs {}{dry}", exec.command.join(" "))
            }
            _ => String::new(),
        };
        PreviewLine {
            what: "tells",
            name: printable(&receiver.name),
            detail: printable(&format!("at {}, {}{program}", level.name(), receiver.kind.name())),
        }
    };
    router.receivers_for(labels, level).into_iter().map(line).collect()
}

/// One line a thing.
#[must_use]
pub fn preview_table(lines: &[PreviewLine]) -> String {
    let columns = [Column::left("WHAT"), Column::left("NAME"), Column::left("DETAIL")];
    render(&columns, lines.iter().map(|line| line.cells().to_vec()))
}

/// The same as JSON.
///
/// # Errors
/// Never in practice.
pub fn preview_json(lines: &[PreviewLine]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({ "schema": SCHEMA, "preview": lines }))
}

/// The same as CSV with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn preview_csv(lines: &[PreviewLine]) -> csv::Result<String> {
    rows_as_csv(["what", "name", "detail"], lines.iter().map(PreviewLine::cells))
}

impl PreviewLine {
    fn cells(&self) -> [String; 3] {
        [self.what.to_owned(), self.name.clone(), self.detail.clone()]
    }
}

fn rows_as_csv<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row.map(|cell| cell_text(&cell)))?;
        }
        Ok(())
    })
}
