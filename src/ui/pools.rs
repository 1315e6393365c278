//! Budgets and quotas that several tenants share: who moves them and what room is left.
//!
//! ```text
//! ─ Pools 1 · quotas 2 ─────────────────────────────────────────────────────────────────────
//!  ◆ O  consumer      $41.2k of $50.0k ████████┃░ 82%  $8,800 left  $210/h  gone 23:40   CONFLUENCE
//!       acme                 43% ██████████░░░░░░░░░░░░░░  $88.10/h above its own past
//!  Quota                                used     tokens/min   throttled/m  minutes left
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::amount::Unit;
use crate::domain::view::{BudgetRow, FleetView, PoolRow, QuotaRow};
use crate::ui::paint::{Row, left, right, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, help, movers, outlook};

const NAME_WIDTH: usize = 24;
const QUOTA_NAME: usize = 36;
const BAR_WIDTH: usize = 16;
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
        lines.push(quota_heading(theme));
        let by_use = |quota: &&QuotaRow| std::cmp::Reverse((quota.level, share_key(quota)));
        let mut quotas: Vec<&QuotaRow> = view.quotas.iter().collect();
        quotas.sort_by_key(by_use);
        for quota in quotas {
            lines.push(quota_line(quota, theme));
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
    let level = format!(" {} {}  ", glyphs.level(pool.level), pool.level.letter());
    let row = Row::new(theme)
        .add(Role::Level(pool.level), level)
        .add(Role::Title, left(pool.pool.as_str(), NAME_WIDTH, glyphs));
    let budget = pool.budgets.first();
    let row = match budget {
        Some(budget) => {
            let spent = format!(" {} of {} ", format::amount(&budget.spent.likely), format::amount(&budget.amount));
            let row = row.add(Role::Text, right(&spent, 20, glyphs));
            let row = bar::add(row, budget.used, budget.expected, budget.level, BAR_WIDTH, theme);
            row.add(Role::Level(budget.level), right(&format::percent(budget.used), 6, glyphs))
        }
        None => row.add(Role::Text, right(&format::cost(&pool.usage, super::table::is_ascii(theme)), 20, glyphs)),
    };
    let gone = outlook::gone(pool.forecast.as_ref(), budget, view);
    let gone = match gone.as_str() {
        "" => String::new(),
        "gone" => "  gone".to_owned(),
        when => format!("  gone {when}"),
    };
    let row = row
        .add(Role::Text, room_left(budget))
        .add(Role::Text, format!("  {}/h{gone}", format::dollars(pool.rates.usd_per_hour)))
        .add(Role::Dim, format!("  {} members", pool.members.len()))
        .add_if(pool.is_confluence, Role::Warning, "  CONFLUENCE: they rise together, none of them alone is loud");
    let mut lines = vec![row];
    for signal in &pool.signals {
        let text = format!("{} {}: {}", signal.level.letter(), signal.signal.name(), signal.reason);
        let texts = wrap(&text, width.saturating_sub(8).max(20));
        lines.extend(texts.into_iter().map(|text| Row::new(theme).add(Role::Dim, format!("      {text}"))));
    }
    lines.extend(movers::of_pool(&pool.movers, theme, width));
    lines
}

/// `  $8,800 left` of a budget.
fn room_left(budget: Option<&BudgetRow>) -> String {
    let Some(budget) = budget else { return String::new() };
    let left = (budget.amount.to_f64() - budget.spent.likely.to_f64()).max(0.0);
    match budget.amount.unit {
        Unit::Usd => format!("  {} left", format::dollars(left)),
        Unit::Count(_) => format!("  {} left", format::count(left)),
    }
}

fn quota_heading(theme: &Theme) -> Row<'_> {
    let glyphs = theme.glyphs();
    Row::new(theme).add(Role::Title, left(" Quotas", QUOTA_NAME + 6, glyphs)).add(
        Role::Heading,
        format!("{:>6}{:>16}{:>15}{:>10}  throttles in", "used", "tokens/m", "requests/m", "refused/m"),
    )
}

fn quota_line<'a>(quota: &QuotaRow, theme: &'a Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let of = |now: f64, limit: Option<f64>| match limit {
        Some(limit) => format!("{} of {}", format::count(now), format::count(limit)),
        None => format::count(now),
    };
    let left_over = quota.minutes_to_throttle.map_or(String::new(), |minutes| format!("{minutes:.0} min"));
    let name = format!("{} {}", quota.model, quota.scope);
    Row::new(theme)
        .add(Role::Level(quota.level), format!(" {} {}  ", glyphs.level(quota.level), quota.level.letter()))
        .add(Role::Text, left(&name, QUOTA_NAME, glyphs))
        .add(Role::Level(quota.level), right(&quota.used.map(format::percent).unwrap_or_default(), 6, glyphs))
        .add(Role::Text, right(&of(quota.tokens_per_minute, quota.tokens_limit), 16, glyphs))
        .add(Role::Text, right(&of(quota.requests_per_minute, quota.requests_limit), 15, glyphs))
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
