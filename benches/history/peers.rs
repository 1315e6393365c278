//! The peers: `SQLite`, redb and fjall, each with a row a tenant and minute.

use std::path::Path;

use fjall::{KeyspaceCreateOptions, PersistMode};
use redb::{ReadableDatabase, TableDefinition};
use rusqlite::params_from_iter;

use crate::{Engine, Failure, Row};

/// Opens a peer by its name.
pub(super) fn open(name: &str, folder: &Path) -> Result<Box<dyn Engine>, Failure> {
    Ok(match name {
        "sqlite" => Box::new(Sqlite::open(folder)?),
        "redb" => Box::new(Redb(redb::Database::create(folder.join("points.redb"))?)),
        _ => Box::new(Fjall::open(folder)?),
    })
}

const COLUMNS: [&str; 8] = ["calls", "input", "output", "cache_read", "cache_write", "errors", "throttles", "p90"];

struct Sqlite(rusqlite::Connection);

impl Sqlite {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let connection = rusqlite::Connection::open(folder.join("points.sqlite"))?;
        let columns = COLUMNS.map(|column| format!("{column} INTEGER NOT NULL")).join(", ");
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
             CREATE TABLE IF NOT EXISTS points (minute INTEGER, tenant INTEGER, {columns}, PRIMARY KEY (minute, tenant)) WITHOUT ROWID;"
        ))?;
        Ok(Self(connection))
    }
}

impl Engine for Sqlite {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure> {
        let transaction = self.0.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            for (tenant, row) in rows.iter().enumerate() {
                let values = [minute, number(tenant)].into_iter().chain(row.map(u64::cast_signed));
                insert.execute(params_from_iter(values))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn last(&self, minute: i64) -> Result<u64, Failure> {
        let mut select = self.0.prepare_cached("SELECT input FROM points WHERE minute = ?")?;
        let values = select.query_map([minute], |row| row.get::<_, i64>(0))?;
        Ok(values.sum::<Result<i64, _>>()?.cast_unsigned())
    }

    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure> {
        let column = COLUMNS[meter];
        let mut select =
            self.0.prepare_cached(&format!("SELECT {column} FROM points WHERE minute = ? AND tenant = ?"))?;
        let value = |minute| {
            Ok((minute, select.query_row([minute, number(tenant)], |row| row.get::<_, i64>(0))?.cast_unsigned()))
        };
        (from..to).map(value).collect()
    }

    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure> {
        let mut select = self.0.prepare_cached("SELECT sum(input) FROM points WHERE minute >= ? AND minute < ?")?;
        Ok(select.query_row([from, to], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }
}

fn number(tenant: usize) -> i64 {
    i64::try_from(tenant).unwrap_or(0)
}

fn key(minute: i64, tenant: usize) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&u32::try_from(minute).unwrap_or(0).to_be_bytes());
    key[4..].copy_from_slice(&u32::try_from(tenant).unwrap_or(0).to_be_bytes());
    key
}

/// Eight numbers of variable length.
fn packed(row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    for &value in row {
        let mut value = value;
        while value >= 0x80 {
            out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        out.push(value.to_le_bytes()[0]);
    }
    out
}

fn unpacked(bytes: &[u8], meter: usize) -> u64 {
    let (mut place, mut shift, mut value) = (0, 0, 0);
    for &byte in bytes {
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            if place == meter {
                return value;
            }
            (place, shift, value) = (place + 1, 0, 0);
        }
    }
    0
}

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("points");

struct Redb(redb::Database);

impl Engine for Redb {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (tenant, row) in rows.iter().enumerate() {
                table.insert(key(minute, tenant).as_slice(), packed(row).as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn last(&self, minute: i64) -> Result<u64, Failure> {
        self.fleet(minute, minute + 1)
    }

    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let value = |minute| {
            let found = table.get(key(minute, tenant).as_slice())?;
            Ok((minute, found.map_or(0, |found| unpacked(found.value(), meter))))
        };
        (from..to).map(value).collect()
    }

    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let (from, to) = (key(from, 0), key(to, 0));
        let mut sum = 0;
        for entry in table.range::<&[u8]>(from.as_slice()..to.as_slice())? {
            sum += unpacked(entry?.1.value(), 1);
        }
        Ok(sum)
    }
}

struct Fjall {
    database: fjall::Database,
    points: fjall::Keyspace,
}

impl Fjall {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let database = fjall::Database::builder(folder.join("fjall")).open()?;
        let points = database.keyspace("points", KeyspaceCreateOptions::default)?;
        Ok(Self { database, points })
    }
}

impl Engine for Fjall {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure> {
        let mut batch = self.database.batch();
        for (tenant, row) in rows.iter().enumerate() {
            batch.insert(&self.points, key(minute, tenant), packed(row));
        }
        batch.commit()?;
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn last(&self, minute: i64) -> Result<u64, Failure> {
        self.fleet(minute, minute + 1)
    }

    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure> {
        let value = |minute| {
            let found = self.points.get(key(minute, tenant))?;
            Ok((minute, found.map_or(0, |found| unpacked(&found, meter))))
        };
        (from..to).map(value).collect()
    }

    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure> {
        let mut sum = 0;
        for guard in self.points.range(key(from, 0)..key(to, 0)) {
            sum += unpacked(&guard.value()?, 1);
        }
        Ok(sum)
    }
}
