//! The table of actions, in the order of the help.

use crossterm::event::KeyCode;

use crate::app::action::{Action, Binding, Places, View};
use crate::app::column::Column;
use crate::app::key::{Chord, Key};

const fn plain(letter: char) -> Chord {
    Chord::of(Key::plain(letter))
}

const fn control(letter: char) -> Chord {
    Chord::of(Key::control(letter))
}

const fn named(code: KeyCode) -> Chord {
    Chord::of(Key::named(code))
}

const fn bind(
    action: Action,
    name: &'static str,
    keys: &'static [Chord],
    places: Places,
    help: &'static str,
) -> Binding {
    Binding { action, name, keys, places, help, footer: None }
}

impl Binding {
    const fn in_footer(self, footer: &'static str) -> Self {
        Self { footer: Some(footer), ..self }
    }
}

const fn sort(column: Column, keys: &'static [Chord], places: Places, help: &'static str) -> Binding {
    bind(Action::SortBy(column), column.sort_name(), keys, places, help)
}

const fn show(view: View, name: &'static str, keys: &'static [Chord], help: &'static str) -> Binding {
    bind(Action::Show(view), name, keys, Places::EVERYWHERE, help)
}

const EVERYWHERE: Places = Places::EVERYWHERE;
const GG: Chord = Chord::two(Key::plain('g'), Key::plain('g'));

/// Every action, in the order of the help.
pub static BINDINGS: &[Binding] = &[
    bind(
        Action::Open,
        "open",
        &[named(KeyCode::Enter), named(KeyCode::Right), plain('l')],
        Places::ABOUT_SOMETHING,
        "open what is selected, one deeper",
    )
    .in_footer("open"),
    bind(
        Action::Back,
        "back",
        &[named(KeyCode::Esc), named(KeyCode::Left), plain('h'), named(KeyCode::Backspace)],
        EVERYWHERE,
        "back; on a list: clear the filter",
    )
    .in_footer("back"),
    bind(Action::Why, "why", &[plain('w')], Places::ABOUT_SOMETHING, "why: the explanation of the loudest alert")
        .in_footer("why"),
    bind(
        Action::Filter,
        "filter",
        &[plain('/')],
        Places::LISTS,
        "filter: text, !text, /re/, level>=orange, spend>1000, and, or, ( )",
    )
    .in_footer("filter"),
    bind(Action::Acknowledge, "ack", &[plain('a')], Places::ACTING, "acknowledge the alert, with a note")
        .in_footer("ack"),
    bind(Action::Silence, "silence", &[plain('s')], Places::ACTING, "silence its alerts for a while, with a reason")
        .in_footer("silence"),
    bind(Action::Resend, "resend", &[plain('x')], Places::ALERTS, "send what could not be told of the alert again"),
    bind(Action::Group, "group", &[named(KeyCode::Tab)], Places::MONEY, "by tenant, by model, by meter")
        .in_footer("group"),
    show(View::Tenants, "tenants", &[plain('1')], "tenants"),
    show(View::Alerts, "alerts", &[plain('2')], "alerts, and the log of what was said and done"),
    show(View::Pools, "pools", &[plain('3')], "pools: shared budgets and quotas, who moves them"),
    show(View::Profiles, "profiles", &[plain('4')], "profiles, what to mend first"),
    show(View::Money, "money", &[plain('5')], "money: cost, revenue and margin of the period"),
    show(View::Collector, "collector", &[plain('6')], "collector: scopes, lag, calls, and what they cost"),
    show(View::Spark, "spark", &[plain('7')], "one large sparkline a tenant"),
    bind(Action::LastView, "last-view", &[plain('-')], Places::CHARTS.others(), "the screen before this one"),
    bind(Action::Down, "down", &[named(KeyCode::Down), plain('j')], EVERYWHERE, "down"),
    bind(Action::Up, "up", &[named(KeyCode::Up), plain('k')], EVERYWHERE, "up"),
    bind(Action::Top, "top", &[GG, named(KeyCode::Home)], EVERYWHERE, "to the top"),
    bind(Action::Bottom, "bottom", &[plain('G'), named(KeyCode::End)], EVERYWHERE, "to the bottom"),
    bind(Action::HalfPageDown, "half-page-down", &[control('d')], EVERYWHERE, "half a page down"),
    bind(Action::HalfPageUp, "half-page-up", &[control('u')], EVERYWHERE, "half a page up"),
    bind(Action::PageDown, "page-down", &[named(KeyCode::PageDown), control('f')], EVERYWHERE, "a page down"),
    bind(Action::PageUp, "page-up", &[named(KeyCode::PageUp), control('b')], EVERYWHERE, "a page up"),
    bind(Action::NextMatch, "next-match", &[plain('n')], Places::LISTS, "to the next row that holds the text"),
    bind(Action::PreviousMatch, "previous-match", &[plain('N')], Places::LISTS, "to the one before"),
    bind(Action::Pause, "pause", &[plain(' ')], EVERYWHERE, "pause the screen, or go on; collecting goes on meanwhile"),
    bind(Action::Earlier, "earlier", &[plain(',')], EVERYWHERE, "a step back: the whole screen shows that moment")
        .in_footer("back in time"),
    bind(Action::Later, "later", &[plain('.')], EVERYWHERE, "a step forth"),
    bind(Action::MuchEarlier, "much-earlier", &[plain('[')], EVERYWHERE, "an hour back"),
    bind(Action::MuchLater, "much-later", &[plain(']')], EVERYWHERE, "an hour forth"),
    bind(Action::Live, "live", &[plain('0')], EVERYWHERE, "back to the present"),
    bind(Action::Longer, "longer", &[plain('+')], EVERYWHERE, "a longer range of time in charts"),
    bind(Action::Shorter, "shorter", &[plain('-'), plain('_')], Places::CHARTS, "a shorter one"),
    bind(Action::UsualRange, "usual-range", &[plain('=')], EVERYWHERE, "the usual range of time"),
    sort(Column::Level, &[plain('L')], Places::OF_TENANTS, "sort by level, then money at risk"),
    sort(Column::Name, &[plain('M')], Places::TABLES, "sort by name"),
    sort(Column::Spent, &[plain('$')], Places::TABLES, "sort by money spent"),
    sort(Column::Used, &[plain('U')], Places::OF_TENANTS, "sort by share of the budget used"),
    sort(Column::Forecast, &[plain('F')], Places::OF_TENANTS, "sort by the forecast of the period's end"),
    sort(Column::Gone, &[plain('O')], Places::OF_TENANTS, "sort by when the budget is gone"),
    sort(Column::Burn, &[plain('B')], Places::OF_TENANTS, "sort by burn rate of the last hour"),
    sort(Column::Pace, &[plain('P')], Places::OF_TENANTS, "sort by pace against an even one"),
    sort(Column::Rate, &[plain('R')], Places::TABLES, "sort by dollars an hour"),
    sort(Column::Tokens, &[plain('T')], Places::TABLES, "sort by tokens"),
    sort(Column::Requests, &[plain('Q')], Places::OF_TENANTS, "sort by requests a minute"),
    sort(Column::Errors, &[plain('E')], Places::OF_TENANTS, "sort by errors a minute"),
    sort(Column::Throttles, &[plain('H')], Places::OF_TENANTS, "sort by throttles a minute"),
    sort(Column::Latency, &[plain('Y')], Places::OF_TENANTS, "sort by latency"),
    sort(Column::Age, &[plain('A')], Places::OF_TENANTS, "sort by age of the data"),
    sort(Column::Tenant, &[plain('A')], Places::PROFILES, "sort by tenant"),
    sort(Column::Model, &[plain('D')], Places::PROFILES, "sort by model"),
    sort(Column::ToMend, &[plain('E')], Places::PROFILES, "what to mend first, by money at risk"),
    sort(Column::Revenue, &[plain('V')], Places::MONEY, "sort by revenue"),
    sort(Column::Margin, &[plain('I')], Places::MONEY, "sort by margin"),
    sort(Column::PerMillion, &[plain('P')], Places::MONEY, "sort by dollars per million tokens"),
    bind(Action::SortLeft, "sort-left", &[plain('<')], Places::TABLES, "sort by the column to the left"),
    bind(Action::SortRight, "sort-right", &[plain('>')], Places::TABLES, "sort by the column to the right"),
    bind(Action::Columns, "columns", &[plain('C')], Places::TENANTS, "choose the columns; kept for the next time"),
    bind(Action::Palette, "palette", &[plain(':')], EVERYWHERE, "type a command; Tab completes, Up recalls")
        .in_footer("command"),
    bind(Action::Copy, "copy", &[plain('y')], EVERYWHERE, "copy what is selected"),
    bind(Action::Snapshot, "snapshot", &[plain('S')], EVERYWHERE, "write the screen to files: text, JSON, SVG"),
    bind(Action::Refresh, "refresh", &[plain('r')], EVERYWHERE, "poll now"),
    bind(Action::Mouse, "mouse", &[plain('m')], EVERYWHERE, "mouse on or off; off leaves it to the terminal"),
    bind(Action::Redraw, "redraw", &[control('l')], EVERYWHERE, "draw everything anew"),
    bind(Action::Suspend, "suspend", &[control('z')], EVERYWHERE, "stop until `fg`"),
    bind(Action::Help, "help", &[plain('?'), named(KeyCode::F(1))], EVERYWHERE, "show or hide this help")
        .in_footer("help"),
    bind(Action::Quit, "quit", &[plain('q')], EVERYWHERE, "quit").in_footer("quit"),
    bind(Action::Interrupt, "interrupt", &[control('c')], EVERYWHERE, "quit at once, with exit code 130"),
];
