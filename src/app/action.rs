//! What can be done. [`table`] says by which keys, where, and what it does, in one line each: dispatch, footer, help,
//! palette, `bedtop keys`, the man page and the README all read it, and nothing else names a key.

use crate::app::column::Column;
use crate::app::key::Chord;

mod table;

pub use table::BINDINGS;

/// Something a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Select the next row, or scroll down.
    Down,
    /// Select the row before, or scroll up.
    Up,
    /// Half a page down.
    HalfPageDown,
    /// Half a page up.
    HalfPageUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Open what is selected.
    Open,
    /// Back to where one came from.
    Back,
    /// To the screen before this one.
    LastView,
    /// Show one of the screens.
    Show(View),
    /// Edit the filter.
    Filter,
    /// To the next row that holds the filter's text.
    NextMatch,
    /// To the one before.
    PreviousMatch,
    /// Type a command.
    Palette,
    /// Choose the columns.
    Columns,
    /// Sort by a column; again: the other way round.
    SortBy(Column),
    /// Sort by the column to the left.
    SortLeft,
    /// Sort by the column to the right.
    SortRight,
    /// Group by the next thing.
    Group,
    /// A longer range of time in charts.
    Longer,
    /// A shorter one.
    Shorter,
    /// The usual one.
    UsualRange,
    /// A step back in time.
    Earlier,
    /// A step forth in time.
    Later,
    /// An hour back in time.
    MuchEarlier,
    /// An hour forth in time.
    MuchLater,
    /// Back to the present.
    Live,
    /// Stop the screen while collecting goes on.
    Pause,
    /// Acknowledge an alert.
    Acknowledge,
    /// Silence alerts.
    Silence,
    /// Send dead letters about an alert again.
    Resend,
    /// Why: the explanation.
    Why,
    /// Copy what is selected.
    Copy,
    /// Write the screen to a file.
    Snapshot,
    /// Mouse on or off.
    Mouse,
    /// Poll now.
    Refresh,
    /// Show the keys.
    Help,
    /// Draw everything anew.
    Redraw,
    /// Stop the program as the shell's Ctrl-Z does.
    Suspend,
    /// End.
    Quit,
    /// End as the shell's Ctrl-C does.
    Interrupt,
}

/// A screen that is reached by a key of its own, by `--view` and by `:view`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum View {
    /// The table of tenants.
    #[default]
    Tenants,
    /// Alerts that stand, and the log of what was said and done.
    Alerts,
    /// Budgets that are shared, and quotas.
    Pools,
    /// Every profile.
    Profiles,
    /// Cost, revenue and margin of the period.
    Money,
    /// The scopes that are polled.
    Collector,
    /// One large sparkline a tenant.
    Spark,
}

impl View {
    /// Every view, in the order of their keys.
    pub const ALL: [Self; 7] =
        [Self::Tenants, Self::Alerts, Self::Pools, Self::Profiles, Self::Money, Self::Collector, Self::Spark];

    /// The name on the command line and in the palette.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Alerts => "alerts",
            Self::Pools => "pools",
            Self::Profiles => "profiles",
            Self::Money => "money",
            Self::Collector => "collector",
            Self::Spark => "spark",
        }
    }
}

impl std::str::FromStr for View {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|view| view.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a view: choose one of {}", names()))
    }
}

/// Where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A list or table of this view.
    On(View),
    /// One tenant in depth.
    Tenant,
    /// One profile in depth.
    Profile,
    /// One alert in depth.
    Alert,
    /// The help.
    Help,
}

/// A set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(u16);

impl Places {
    /// Everywhere.
    pub const EVERYWHERE: Self = Self(u16::MAX);
    /// Where rows can be selected.
    pub const LISTS: Self = Self(0b101_1111);
    /// On the table of tenants.
    pub const TENANTS: Self = Self(1);
    /// Tables of tenants, the sparklines too.
    pub const OF_TENANTS: Self = Self(0b100_0001);
    /// On the alerts.
    pub const ALERTS: Self = Self(0b10);
    /// On the profiles.
    pub const PROFILES: Self = Self(0b1000);
    /// On the money.
    pub const MONEY: Self = Self(0b1_0000);
    /// Tables whose columns have letters.
    pub const TABLES: Self = Self(0b101_1001);
    /// Screens with charts over time.
    pub const CHARTS: Self = Self(0b1_1000_0000);
    /// Lists and screens that are about one tenant or alert.
    pub const ABOUT_SOMETHING: Self = Self(0b11_1101_1111);
    /// Where alerts can be acted on.
    pub const ACTING: Self = Self(0b10_1100_0111);
    /// Screens of one thing.
    pub const DEPTH: Self = Self(0b11_1000_0000);

    /// Whether a place is among them.
    #[must_use]
    pub const fn has(self, place: Place) -> bool {
        let bit = match place {
            Place::On(view) => 1 << view as u16,
            Place::Tenant => 1 << 7,
            Place::Profile => 1 << 8,
            Place::Alert => 1 << 9,
            Place::Help => 1 << 10,
        };
        self.0 & bit != 0
    }

    /// All others.
    #[must_use]
    pub const fn others(self) -> Self {
        Self(!self.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// Its name in the palette and in `[ui.keys]`.
    pub name: &'static str,
    /// By which keys, if nobody binds others; the first is the one that is shown in short.
    pub keys: &'static [Chord],
    /// Where.
    pub places: Places,
    /// What it does, for the help.
    pub help: &'static str,
    /// What it does, for the footer; the most useful ones have one.
    pub footer: Option<&'static str>,
}
