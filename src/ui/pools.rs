//! Budgets and quotas that several tenants share: who moves them and what room is left.
//!
//! ```text
//! ─ Pools 1 · quotas 2 ─────────────────────────────────────────────────────────────────────
//!  ◆ O  consumer      $41.2k of $50.0k ████████┃░ 82%  $8,800 left  $210/h  gone 23:40   CONFLUENCE
//!       acme                 43% ██████████░░░░░░░░░░░░░░  $88.10/h above its own past
//!  Quota                                used     tokens/min   throttled/m  minutes left
//! ```
//!
//! Where a pool's facts do not fit beside its bar they are below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::State;
use crate::domain::amount::Unit;
use crate::domain::view::{BudgetRow, FleetView, PoolRow, QuotaRow};
use crate::ui::paint::{Row, cut, left, right, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, help, movers, outlook};

const NAME_WIDTH: usize = 24;
const QUOTA_NAME: usize = 36;
const BAR_WIDTH: usize = 16;
/// What a pool's line takes beside its bar.
const BESIDE_BAR: usize = 57;
/// What it takes beside its name without a bar, and the shortest that a name gets.
const BESIDE_POOL: usize = 32;
const SHORTEST: usize = 8;
/// From this width on a quota's line has all of its columns; what they take beside the name, with and without requests.
const ROOMY: usize = 104;
const BESIDE_NAME: (usize, usize) = (68, 53);
/// What a confluence is, below this width and from it on.
const NARROW: usize = 70;
const CONFLUENCE: (&str, &str) =
    ("CONFLUENCE: they rise together", "CONFLUENCE: they rise together, none of them alone is loud");
/// Between facts of a pool.
const GAP: &str = "  ";
const NONE: [&str; 2] = [
    "No pool is configured.",
    "A pool is a budget that several tenants share: [[pool]] names its members, [[budget]] gives it an amount.",
];

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let title = format!("Pools {} {} quotas {}", view.pools.len(), theme.glyphs().dot, view.quotas.len());
    rule(&title, "shares add up to 100 %", theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    help::paint(lines(view, theme, usize::from(area.width)), state.scroll, body, buf);
}

fn lines<'a>(view: &FleetView, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let mut lines = Vec::new();
    if view.pools.is_empty() {
        let texts = NONE.iter().flat_map(|text| wrap(text, width.saturating_sub(4).max(20)));
        lines.extend(texts.map(|text| Row::new(theme).add(Role::Dim, format!("  {text}"))));
        lines.push(Row::new(theme));
    }
    for pool in &view.pools {
        lines.extend(pool_lines(pool, view, theme, width));
        lines.push(Row::new(theme));
    }
    if !view.quotas.is_empty() {
        lines.push(quota_heading(theme, width));
        let by_use = |quota: &&QuotaRow| std::cmp::Reverse((quota.level, share_key(quota)));
        let mut quotas: Vec<&QuotaRow> = view.quotas.iter().collect();
        quotas.sort_by_key(by_use);
        for quota in quotas {
            lines.push(quota_line(quota, theme, width));
            lines.extend(holders(quota, theme, width));
        }
    }
    lines
}

/// Shares as whole numbers, for sorting.
#[expect(clippy::cast_possible_truncation, reason = "a share in millionths")]
fn share_key(quota: &QuotaRow) -> i64 {
    (quota.used.unwrap_or(0.0) * 1e6) as i64
}

fn pool_lines<'a>(pool: &PoolRow, view: &FleetView, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let glyphs = theme.glyphs();
    let name_width = NAME_WIDTH.min(width.saturating_sub(BESIDE_POOL)).max(SHORTEST);
    let level = format!(" {} {}  ", glyphs.level(pool.level), pool.level.letter());
    let row = Row::new(theme)
        .add(Role::Level(pool.level), level)
        .add(Role::Title, left(pool.pool.as_str(), name_width, glyphs));
    let budget = pool.budgets.first();
    let bar_width = BAR_WIDTH.min(width.saturating_sub(BESIDE_BAR));
    let row = match budget {
        Some(budget) => {
            let spent = format!(" {} of {} ", format::amount(&budget.spent.likely), format::amount(&budget.amount));
            let row = row.add(Role::Text, right(&spent, 20, glyphs));
            let row = bar::add(row, budget.used, budget.expected, budget.level, bar_width, theme);
            row.add(Role::Level(budget.level), right(&format::percent(budget.used), 6, glyphs))
        }
        None => row.add(Role::Text, right(&format::cost(&pool.usage, super::table::is_ascii(theme)), 20, glyphs)),
    };
    let gone = outlook::gone(pool.forecast.as_ref(), budget, view);
    let gone = match gone.as_str() {
        "" => String::new(),
        "gone" => "gone".to_owned(),
        when => format!("gone {when}"),
    };
    let mut facts = vec![
        (Role::Text, room_left(budget)),
        (Role::Text, format!("{}/h", format::dollars(pool.rates.usd_per_hour))),
        (Role::Text, gone),
        (Role::Dim, format!("{} members", pool.members.len())),
    ];
    if pool.is_confluence {
        let text = if width < NARROW { CONFLUENCE.0 } else { CONFLUENCE.1 };
        facts.push((Role::Warning, text.to_owned()));
    }
    facts.retain(|(_, text)| !text.is_empty());
    let mut lines = with_facts(row, facts, theme, width);
    for signal in &pool.signals {
        let text = format!("{} {}: {}", signal.level.letter(), signal.signal.name(), signal.reason);
        let texts = wrap(&text, width.saturating_sub(8).max(20));
        lines.extend(texts.into_iter().map(|text| Row::new(theme).add(Role::Dim, format!("      {text}"))));
    }
    lines.extend(movers::of_pool(&pool.movers, theme, width));
    lines
}

/// A line with facts after it: beside it where all of them fit, else on lines below; none is ever cut in two.
fn with_facts<'a>(row: Row<'a>, facts: Vec<(Role, String)>, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let needed = |text: &str| text.width() + GAP.len();
    if row.width() + facts.iter().map(|(_, text)| needed(text)).sum::<usize>() <= width {
        return vec![facts.into_iter().fold(row, |row, (role, text)| row.add(Role::Text, GAP).add(role, text))];
    }
    let below = || Row::new(theme).add(Role::Text, "    ");
    let mut lines = vec![row];
    let mut line = below();
    let indent = line.width();
    for (role, text) in facts {
        if line.width() > indent && line.width() + needed(&text) > width {
            lines.push(std::mem::replace(&mut line, below()));
        }
        line = line.add(Role::Text, GAP).add(role, text);
    }
    lines.push(line);
    lines
}

/// `$8,800 left` of a budget.
fn room_left(budget: Option<&BudgetRow>) -> String {
    let Some(budget) = budget else { return String::new() };
    let left = (budget.amount.to_f64() - budget.spent.likely.to_f64()).max(0.0);
    match budget.amount.unit {
        Unit::Usd => format!("{} left", format::dollars(left)),
        Unit::Count(_) => format!("{} left", format::count(left)),
    }
}

/// How wide the name of a quota is, and whether there is room for requests.
fn quota_columns(width: usize) -> (usize, bool) {
    let is_roomy = width >= ROOMY;
    let beside = if is_roomy { BESIDE_NAME.0 } else { BESIDE_NAME.1 };
    (QUOTA_NAME.min(width.saturating_sub(beside)).max(SHORTEST), is_roomy)
}

fn quota_heading(theme: &Theme, width: usize) -> Row<'_> {
    let (name, has_requests) = quota_columns(width);
    Row::new(theme)
        .add(Role::Title, left(" Quotas", name + 6, theme.glyphs()))
        .add(Role::Heading, format!("{:>6}{:>16}", "used", "tokens/m"))
        .add_if(has_requests, Role::Heading, format!("{:>15}", "requests/m"))
        .add(Role::Heading, format!("{:>10}  throttles in", "refused/m"))
}

/// The model and the scope: the scope whole, the model without its vendor and cut where there is no room.
fn quota_name(quota: &QuotaRow, width: usize, theme: &Theme) -> String {
    let (model, scope) = (quota.model.as_str(), quota.scope.as_str());
    let room = width.saturating_sub(scope.width() + 1);
    let bare = model.rsplit_once('.').map_or(model, |(_, bare)| bare);
    let model = if model.width() <= room { model } else { bare };
    format!("{} {scope}", cut(model, room.max(width / 3), theme.glyphs()))
}

fn quota_line<'a>(quota: &QuotaRow, theme: &'a Theme, width: usize) -> Row<'a> {
    let glyphs = theme.glyphs();
    let of = |now: f64, limit: Option<f64>| match limit {
        Some(limit) => format!("{} of {}", format::count(now), format::count(limit)),
        None => format::count(now),
    };
    let left_over = quota.minutes_to_throttle.map_or(String::new(), |minutes| format!("{minutes:.0} min"));
    let (name, has_requests) = quota_columns(width);
    let requests = of(quota.requests_per_minute, quota.requests_limit);
    Row::new(theme)
        .add(Role::Level(quota.level), format!(" {} {}  ", glyphs.level(quota.level), quota.level.letter()))
        .add(Role::Text, left(&quota_name(quota, name, theme), name, glyphs))
        .add(Role::Level(quota.level), right(&quota.used.map(format::percent).unwrap_or_default(), 6, glyphs))
        .add(Role::Text, right(&of(quota.tokens_per_minute, quota.tokens_limit), 16, glyphs))
        .add_if(has_requests, Role::Text, right(&requests, 15, glyphs))
        .add(Role::Text, right(&format::count(quota.throttles_per_minute), 10, glyphs))
        .add(Role::Text, format!("  {left_over}"))
}

fn holders<'a>(quota: &QuotaRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let is_pressing = quota.used.is_some_and(|used| used > 0.5) || quota.throttles_per_minute > 0.0;
    if !is_pressing {
        return Vec::new();
    }
    let part = |holder: &crate::domain::view::QuotaHolder| movers::Part {
        name: holder.owner.name().to_owned(),
        share: holder.share,
        figure: String::new(),
    };
    movers::lines(quota.holders.iter().map(part).collect(), theme, width)
}
