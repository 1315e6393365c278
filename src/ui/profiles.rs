//! A tenant's profiles, the dearest first.
//!
//! ```text
//!  Profile           Model                     Reach   Share   Spent  Tokens  Rate/h  Scope           Tags
//!  hooli-chat        claude-sonnet-4-5-2025…   geo       67%  $1,008    1.2G   $5.04  prod/us-east-1  Environment=production
//! ```

use crate::domain::view::{ProfileRow, TenantRow};
use crate::ui::format;
use crate::ui::paint::{Row, cut, left, right};
use crate::ui::table::is_ascii;
use crate::ui::theme::{Role, Theme};

const NAME_WIDTH: usize = 22;
const MODEL_WIDTH: usize = 30;
const NUMBERS: [(&str, usize); 4] = [("Share", 6), ("Spent", 9), ("Tokens", 7), ("Rate/h", 8)];
/// From these widths on model, reach and scope are shown as well.
const WITH_MODEL: usize = 88;
const WITH_SCOPE: usize = 120;

/// The heading and a line a profile, of so many as there is room for.
pub(super) fn lines<'a>(row: &TenantRow, theme: &'a Theme, width: usize, most: usize) -> Vec<Row<'a>> {
    let mut lines = vec![heading(row.profiles.len(), theme, width)];
    lines.extend(row.profiles.iter().take(most).map(|profile| line(profile, row, theme, width)));
    lines
}

fn heading(count: usize, theme: &Theme, width: usize) -> Row<'_> {
    let glyphs = theme.glyphs();
    let title = format!("Profiles {count}");
    let row = Row::new(theme).add(Role::Title, format!(" {}", left(&title, NAME_WIDTH, glyphs)));
    let row = row.add_if(
        width >= WITH_MODEL,
        Role::Heading,
        format!(" {} {:<9}", left("Model", MODEL_WIDTH, glyphs), "Reach"),
    );
    let row = NUMBERS.iter().fold(row, |row, (title, width)| row.add(Role::Heading, right(title, *width, glyphs)));
    row.add_if(width >= WITH_SCOPE, Role::Heading, "  Scope, id and tags")
}

fn line<'a>(profile: &ProfileRow, row: &TenantRow, theme: &'a Theme, width: usize) -> Row<'a> {
    let glyphs = theme.glyphs();
    let model = profile.model.as_ref().map_or("unknown", |model| model.as_str());
    let numbers = [
        share(profile, row),
        format::cost(&profile.usage, is_ascii(theme)),
        format::whole(profile.usage.counts.tokens()),
        format::dollars(profile.rates.usd_per_hour),
    ];
    let line = Row::new(theme).add(Role::Text, format!(" {}", left(&profile.name, NAME_WIDTH, glyphs)));
    let about_model = format!(" {} {:<9}", left(model, MODEL_WIDTH, glyphs), profile.reach.name());
    let line = line.add_if(width >= WITH_MODEL, Role::Dim, about_model);
    let line = NUMBERS
        .iter()
        .zip(numbers)
        .fold(line, |line, ((_, width), number)| line.add(Role::Text, right(&number, *width, glyphs)));
    let room = width.saturating_sub(line.width() + 3);
    let about = cut(&place(profile), room, glyphs);
    line.add_if(width >= WITH_SCOPE, Role::Dim, format!("  {about}"))
}

/// The share of the tenant's cost, or of its tokens where nothing has a price.
#[expect(clippy::cast_precision_loss, reason = "a share of tokens")]
fn share(profile: &ProfileRow, row: &TenantRow) -> String {
    let by_tokens = || profile.usage.counts.tokens() as f64 / row.usage.counts.tokens().max(1) as f64;
    format::percent(profile.usage.cost.likely.share_of(row.usage.cost.likely).unwrap_or_else(by_tokens))
}

fn place(profile: &ProfileRow) -> String {
    let tags = profile.tags.iter().map(|(key, value)| format!("  {key}={value}"));
    format!("{} {}{}", profile.key.scope, profile.key.id, tags.collect::<String>())
}
