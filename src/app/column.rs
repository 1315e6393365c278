//! Columns of the tables: their names, their titles, and the letter in a title that sorts by it.

use crate::app::action::View;

/// A column of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// Level, then money at risk: the judge's own order.
    #[default]
    Level,
    /// Name.
    Name,
    /// Money spent.
    Spent,
    /// The amount of the budget.
    Budget,
    /// The budget as a bar.
    Bar,
    /// Share of the budget used.
    Used,
    /// What will be spent at the end of the period.
    Forecast,
    /// When the budget is gone.
    Gone,
    /// Burn rates of 1 and of 6 hours.
    Burn,
    /// Pace against an even one.
    Pace,
    /// Dollars an hour.
    Rate,
    /// Tokens, a minute or in all.
    Tokens,
    /// Requests a minute.
    Requests,
    /// Errors a minute.
    Errors,
    /// Throttles a minute.
    Throttles,
    /// Average latency.
    Latency,
    /// The recent past as a sparkline.
    Spark,
    /// Age of the data.
    Age,
    /// Whose it is.
    Tenant,
    /// The model.
    Model,
    /// What someone should mend.
    ToMend,
    /// What tenants owe us.
    Revenue,
    /// Revenue less cost.
    Margin,
    /// Dollars per million tokens.
    PerMillion,
    /// Share of the whole.
    Share,
}

/// What is known of a column: its name in the config, its title, the letter of the title that sorts by it (if any can),
/// and the name of sorting by it.
struct Spec(
    #[cfg_attr(not(test), expect(dead_code, reason = "names the line; a test compares it with its place"))] Column,
    &'static str,
    &'static str,
    Option<char>,
    &'static str,
);

const SPECS: [Spec; 25] = [
    Spec(Column::Level, "level", "Lvl", Some('L'), "sort-by-level"),
    Spec(Column::Name, "name", "naMe", Some('M'), "sort-by-name"),
    Spec(Column::Spent, "spent", "$ spent", Some('$'), "sort-by-spent"),
    Spec(Column::Budget, "budget", "Budget", None, ""),
    Spec(Column::Bar, "bar", "Of budget", None, ""),
    Spec(Column::Used, "used", "Used", Some('U'), "sort-by-used"),
    Spec(Column::Forecast, "forecast", "Forecast", Some('F'), "sort-by-forecast"),
    Spec(Column::Gone, "gone", "gOne", Some('O'), "sort-by-gone"),
    Spec(Column::Burn, "burn", "Burn 1h 6h", Some('B'), "sort-by-burn"),
    Spec(Column::Pace, "pace", "Pace", Some('P'), "sort-by-pace"),
    Spec(Column::Rate, "rate", "Rate/h", Some('R'), "sort-by-rate"),
    Spec(Column::Tokens, "tokens", "Tok/m", Some('T'), "sort-by-tokens"),
    Spec(Column::Requests, "requests", "reQ/m", Some('Q'), "sort-by-requests"),
    Spec(Column::Errors, "errors", "Err/m", Some('E'), "sort-by-errors"),
    Spec(Column::Throttles, "throttles", "tHr/m", Some('H'), "sort-by-throttles"),
    Spec(Column::Latency, "latency", "latencY", Some('Y'), "sort-by-latency"),
    Spec(Column::Spark, "spark", "Last hour", None, ""),
    Spec(Column::Age, "age", "Age", Some('A'), "sort-by-age"),
    Spec(Column::Tenant, "tenant", "tenAnt", Some('A'), "sort-by-tenant"),
    Spec(Column::Model, "model", "moDel", Some('D'), "sort-by-model"),
    Spec(Column::ToMend, "to-mend", "to mEnd", Some('E'), "sort-by-mend"),
    Spec(Column::Revenue, "revenue", "reVenue", Some('V'), "sort-by-revenue"),
    Spec(Column::Margin, "margin", "margIn", Some('I'), "sort-by-margin"),
    Spec(Column::PerMillion, "per-million", "$ Per M", Some('P'), "sort-by-per-million"),
    Spec(Column::Share, "share", "Share", None, ""),
];

impl Column {
    /// The columns of the table of tenants, in the order of the screen.
    pub const OF_TENANTS: [Self; 18] = [
        Self::Level,
        Self::Name,
        Self::Spent,
        Self::Budget,
        Self::Bar,
        Self::Used,
        Self::Forecast,
        Self::Gone,
        Self::Burn,
        Self::Pace,
        Self::Rate,
        Self::Tokens,
        Self::Requests,
        Self::Errors,
        Self::Throttles,
        Self::Latency,
        Self::Spark,
        Self::Age,
    ];
    const OF_PROFILES: [Self; 7] =
        [Self::ToMend, Self::Name, Self::Tenant, Self::Model, Self::Spent, Self::Tokens, Self::Rate];
    const OF_MONEY: [Self; 7] =
        [Self::Name, Self::Spent, Self::Share, Self::Revenue, Self::Margin, Self::Tokens, Self::PerMillion];

    /// The columns of a view's table, in the order of the screen.
    #[must_use]
    pub fn all(view: View) -> &'static [Self] {
        match view {
            View::Tenants | View::Spark => &Self::OF_TENANTS,
            View::Profiles => &Self::OF_PROFILES,
            View::Money => &Self::OF_MONEY,
            View::Alerts | View::Pools | View::Collector => &[],
        }
    }

    const fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The name in the config and in the picker.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().1
    }

    /// The title on the screen; it holds the letter that sorts by it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.spec().2
    }

    /// The letter of the title that sorts by it; `None` where nothing can be sorted by.
    #[must_use]
    pub const fn letter(self) -> Option<char> {
        self.spec().3
    }

    /// The name of the action that sorts by it.
    pub(super) const fn sort_name(self) -> &'static str {
        self.spec().4
    }

    /// Columns of the table of tenants by their names.
    ///
    /// # Errors
    /// Names that no column has; that the name's own column is missing.
    pub fn parse_list(names: &[String]) -> Result<Vec<Self>, String> {
        let known = || Self::OF_TENANTS.map(Self::name).join(", ");
        let column = |name: &String| {
            let found = Self::OF_TENANTS.into_iter().find(|column| column.name() == name);
            found.ok_or_else(|| format!("`{name}` is not a column: choose of {}", known()))
        };
        let columns: Vec<Self> = names.iter().map(column).collect::<Result<_, _>>()?;
        if columns.contains(&Self::Name) { Ok(columns) } else { Err("the column `name` cannot be left out".to_owned()) }
    }

    /// The sortable column of the view beside this one, around the edges.
    #[must_use]
    pub fn beside(self, view: View, to_the_right: bool) -> Self {
        let sortable: Vec<Self> = Self::all(view).iter().copied().filter(|column| column.letter().is_some()).collect();
        if sortable.is_empty() {
            return self;
        }
        let place = sortable.iter().position(|column| *column == self).unwrap_or(0);
        let step = if to_the_right { 1 } else { sortable.len() - 1 };
        sortable[(place + step) % sortable.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_own_line() {
        for (place, Spec(column, _, title, letter, _)) in SPECS.iter().enumerate() {
            assert_eq!(*column as usize, place, "{column:?}");
            assert!(letter.is_none_or(|letter| title.contains(letter)), "{title}");
        }
    }

    #[test]
    fn a_list_of_columns_is_checked() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(Column::parse_list(&names(&["name", "spent"])), Ok(vec![Column::Name, Column::Spent]));
        assert!(Column::parse_list(&names(&["name", "price"])).expect_err("no column").contains("`price`"));
        assert!(Column::parse_list(&names(&["spent"])).expect_err("no name").contains("`name`"));
    }
}
