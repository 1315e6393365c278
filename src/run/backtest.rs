//! The files of a back-test: budgets and the truth.

use std::collections::BTreeMap;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use csv::StringRecord;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::cost::ModelPrice;
use crate::domain::amount::Amount;
use crate::domain::budget::{Budget, BudgetOver, Caps, Pool};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::ids::{BudgetId, PoolName};
use crate::domain::text::printable;
use crate::domain::time::TimeSpan;
use crate::judge::backtest::Truth;

/// What a file of budgets holds.
#[derive(Clone, Debug, Default)]
pub struct BudgetFile {
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// The members of those that are shared.
    pub pools: Vec<Pool>,
    /// The price of models that are not in the price book, where the file tells one.
    pub price: Option<ModelPrice>,
    /// From the first start of a period to the last end.
    pub span: Option<TimeSpan>,
}

/// Reads `budget_id,kind,members,budget_usd,period_start,period_end[,price_in,price_out]`.
///
/// # Errors
/// The first line that cannot be used, and what is wrong with it.
pub fn read_budgets(path: &Path) -> Result<BudgetFile> {
    let mut file = BudgetFile::default();
    for row in rows(path)? {
        let what = || format!("could not use a budget of {}: line {}", path.display(), row.line);
        let span = row.span().wrap_err_with(what)?;
        let (budget, pool) = row.budget(span).wrap_err_with(what)?;
        file.budgets.push(budget);
        file.pools.extend(pool);
        file.price = file.price.or(row.price().wrap_err_with(what)?);
        let whole = file.span.unwrap_or(span);
        file.span = Some(TimeSpan::new(whole.start.min(span.start), whole.end.max(span.end)));
    }
    Ok(file)
}

/// Reads `budget_id,...,harmful`: 1 where something was wrong with a budget.
///
/// # Errors
/// The first line that cannot be used, and what is wrong with it.
pub fn read_truth(path: &Path) -> Result<Vec<Truth>> {
    let truth = |row: &Row| -> Result<Truth> {
        let is_harmful = match row.cell("harmful")? {
            "0" => false,
            "1" => true,
            other => return Err(eyre!("`{}` in the column harmful: write 0 or 1", printable(other))),
        };
        Ok(Truth { budget: BudgetId::new(row.cell("budget_id")?), is_harmful })
    };
    let read = |row: &Row| {
        truth(row).wrap_err_with(|| format!("could not use the truth of {}: line {}", path.display(), row.line))
    };
    rows(path)?.iter().map(read).collect()
}

/// A line of a CSV, by column.
struct Row {
    line: u64,
    cells: BTreeMap<String, String>,
}

fn rows(path: &Path) -> Result<Vec<Row>> {
    let what = || format!("could not read {}: check its path, and that it is a CSV with a header", path.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).wrap_err_with(what)?;
    let header = reader.headers().wrap_err_with(what)?.clone();
    let row = |record: StringRecord| Row {
        line: record.position().map_or(0, csv::Position::line),
        cells: header.iter().map(str::to_lowercase).zip(record.iter().map(str::to_owned)).collect(),
    };
    reader.into_records().map(|record| record.map(row).wrap_err_with(what)).collect()
}

impl Row {
    fn optional(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    fn cell(&self, column: &str) -> Result<&str> {
        self.optional(column).ok_or_else(|| eyre!("the column {column} is empty or missing"))
    }

    fn time(&self, column: &str) -> Result<Timestamp> {
        let cell = self.cell(column)?;
        cell.parse().map_err(|_| eyre!("`{}` in {column} is not a time (RFC 3339 with a zone)", printable(cell)))
    }

    fn number(&self, column: &str) -> Result<Decimal> {
        let cell = self.cell(column)?;
        let number = cell.parse().or_else(|_| Decimal::from_scientific(cell));
        number.map_err(|_| eyre!("`{}` in {column} is not a number", printable(cell)))
    }

    fn span(&self) -> Result<TimeSpan> {
        let (start, end) = (self.time("period_start")?, self.time("period_end")?);
        if start < end { Ok(TimeSpan::new(start, end)) } else { Err(eyre!("period_end is not after period_start")) }
    }

    fn budget(&self, span: TimeSpan) -> Result<(Budget, Option<Pool>)> {
        let id = self.cell("budget_id")?;
        let members: Vec<String> = self.cell("members")?.split(';').map(|member| member.trim().to_owned()).collect();
        let amount = self.number("budget_usd")?;
        if amount <= Decimal::ZERO {
            return Err(eyre!("budget_usd is not above zero"));
        }
        let (over, pool) = match self.cell("kind")? {
            "tenant" => (BudgetOver::Tenants(members), None),
            "shared" => {
                let name = PoolName::new(id);
                let pool = Pool { name: name.clone(), members, plan: None, tags: BTreeMap::new() };
                (BudgetOver::Pool(name), Some(pool))
            }
            other => return Err(eyre!("`{}` in kind: write tenant or shared", printable(other))),
        };
        let calendar = Calendar { length: PeriodLength::Once(span), anchor_day: 1, zone: TimeZone::UTC };
        let budget =
            Budget { id: BudgetId::new(id), amount: Amount::usd(amount), calendar, over, caps: Caps::default() };
        Ok((budget, pool))
    }

    /// The price of a token becomes one of a million.
    fn price(&self) -> Result<Option<ModelPrice>> {
        if self.optional("price_in").is_none() || self.optional("price_out").is_none() {
            return Ok(None);
        }
        let million = Decimal::from(1_000_000);
        let of_a_million = |column: &str| {
            let price = self.number(column)?.checked_mul(million);
            price.ok_or_else(|| eyre!("the price in {column} is too large: write USD per token"))
        };
        let (input, output) = (of_a_million("price_in")?, of_a_million("price_out")?);
        let price = format!("input={},output={}", input.normalize(), output.normalize()).parse();
        price.map(Some).map_err(|error: crate::cost::PriceError| eyre!("{error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::fuzz;

    fn file(text: impl AsRef<[u8]>) -> Result<BudgetFile> {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_ref()).expect("written");
        read_budgets(file.path())
    }

    const HEADER: &str = "budget_id,kind,members,budget_usd,period_start,period_end,price_in,price_out\n";

    #[test]
    fn budgets_of_tenants_and_shared_ones_are_read() {
        let rows = "a,tenant,acme,10.5,2026-11-01T00:00:00Z,2026-11-11T00:00:00Z,3e-06,1.5e-05\n\
                    g,shared,acme;globex,20,2026-11-02T00:00:00Z,2026-11-12T00:00:00Z,3e-06,1.5e-05\n";
        let read = file(format!("{HEADER}{rows}")).expect("readable");
        assert_eq!(read.budgets.len(), 2);
        assert_eq!(read.pools[0].members, ["acme", "globex"]);
        assert_eq!(read.span.map(|span| span.length().as_hours()), Some(11 * 24));
        assert_eq!(read.price, "input=3,output=15".parse().ok());
    }

    #[test]
    fn budgets_of_any_bytes_are_read_or_refused() {
        fuzz::target("budgets_csv", |bytes| {
            let Ok(found) = file(bytes) else { return };
            assert!(found.budgets.iter().all(|budget| budget.amount.number > Decimal::ZERO));
            assert!(found.pools.len() <= found.budgets.len());
        });
    }

    #[test]
    fn a_price_beyond_all_numbers_is_told() {
        let row = "b,tenant,acme,5,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,7e28,1\n";
        let error = file(format!("{HEADER}{row}")).expect_err("a fault");
        assert!(format!("{error:#}").contains("price_in is too large"), "{error:#}");
    }

    #[test]
    fn a_faulty_budget_is_told_with_its_line() {
        let error = file(format!("{HEADER}a,tenant,acme,ten,2026-11-01T00:00:00Z,2026-11-11T00:00:00Z,,\n"));
        let text = format!("{:#}", error.expect_err("no amount"));
        assert!(text.contains("line 2") && text.contains("`ten` in budget_usd"), "{text}");
    }
}
