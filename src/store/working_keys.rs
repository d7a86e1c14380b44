//! The working keys, and what is sealed under each.

use jiff::Timestamp;
use paygate_entity::working_key::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QueryResult,
    Statement, Value,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{
    Store, StoreError,
    rows::{micros, timestamp},
};
use crate::vault::{Digest, KeyPurpose};

/// A working key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub purpose: KeyPurpose,
    pub id: u32,
    /// Under the master key.
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// From then on it is used for what is new, unless a later one is.
    pub active_from: Timestamp,
    /// Until then it verifies; no end is set when absent.
    pub last_at: Option<Timestamp>,
}

/// Where values are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedIn {
    Cards,
    ApiKeys,
    /// The answers kept for idempotency keys.
    Answers,
}

impl SealedIn {
    pub const ALL: [SealedIn; 3] = [SealedIn::Cards, SealedIn::ApiKeys, SealedIn::Answers];

    /// Table and column.
    const fn column(self) -> (&'static str, &'static str) {
        match self {
            SealedIn::Cards => ("card", "sealed_pan"),
            SealedIn::ApiKeys => ("api_key", "sealed"),
            SealedIn::Answers => ("idempotency_key", "answer"),
        }
    }
}

/// What names a row with a sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowName {
    Id(Uuid),
    Key { scope: Vec<u8>, key: String },
}

/// A value under a key that is not the current one.
pub struct SealedRow {
    pub name: RowName,
    pub sealed: Vec<u8>,
}

/// A value anew.
pub struct Resealed {
    pub sealed: Vec<u8>,
    /// What it is found by, under the current key.
    pub hash: Option<Digest>,
}

impl Store {
    /// All working keys, the oldest first.
    ///
    /// # Errors
    /// The database failed, or a row cannot be read.
    pub async fn working_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows = Entity::find().order_by_asc(Column::ActiveFrom).order_by_asc(Column::KeyId).all(&self.read).await?;
        rows.into_iter().map(stored).collect()
    }

    /// Adds keys that are not there yet. Where `ends` is given, those that sign so far get this end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_working_keys(&self, keys: &[StoredKey], ends: Option<Timestamp>) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        if let Some(ends) = ends {
            let end = Entity::update_many().col_expr(Column::LastAt, Expr::value(micros(ends)));
            let signing = Column::Purpose.eq(KeyPurpose::Sign.as_str());
            end.filter(signing).filter(Column::LastAt.is_null()).exec(&txn).await?;
        }
        let rows = keys.iter().map(|key| row(key).into_active_model());
        let unless_there = OnConflict::columns([Column::Purpose, Column::KeyId]).do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(unless_there).exec_without_returning(&txn).await?;
        Ok(txn.commit().await?)
    }

    /// Stores a key as it is sealed anew, unless another process was faster.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rewrap_working_key(&self, key: &StoredKey, sealed: Vec<u8>) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Sealed, Expr::value(sealed))
            .filter(Column::Purpose.eq(key.purpose.as_str()))
            .filter(Column::KeyId.eq(i64::from(key.id)))
            .filter(Column::Sealed.eq(key.sealed.clone()));
        self.run(update).await?;
        Ok(())
    }

    /// Removes the keys of this id; how many there were.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove_working_keys(&self, id: u32) -> Result<u64, StoreError> {
        Ok(self.run(Entity::delete_many().filter(Column::KeyId.eq(i64::from(id)))).await?)
    }

    /// How many values are sealed under each key.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sealed_counts(&self, place: SealedIn) -> Result<Vec<(u32, u64)>, StoreError> {
        let (table, column) = place.column();
        let sql = format!(
            "SELECT substr({column}, 1, 4) AS key_id, COUNT(*) AS count FROM {table} WHERE {column} IS NOT NULL \
             GROUP BY substr({column}, 1, 4)"
        );
        let rows = self.read.query_all_raw(self.raw(sql, [])).await?;
        let count = |row: &QueryResult| {
            let (id, count): (Vec<u8>, i64) = (row.try_get("", "key_id")?, row.try_get("", "count")?);
            let id = id.try_into().map_err(|_| StoreError::Corrupt(format!("a sealed value in {table}")))?;
            Ok((u32::from_be_bytes(id), count.unsigned_abs()))
        };
        rows.iter().map(count).collect()
    }

    /// The next values after `after` that are sealed under another key than `current`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sealed_otherwise(
        &self,
        place: SealedIn,
        current: u32,
        after: Option<&RowName>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let (table, column) = place.column();
        let mut values: Vec<Value> = vec![current.to_be_bytes().to_vec().into()];
        let (name, beyond) = match (place, after) {
            (SealedIn::Answers, Some(RowName::Key { scope, key })) => {
                values.extend([scope.clone().into(), key.clone().into()]);
                ("scope, key", "AND (scope, key) > ($2, $3)")
            }
            (SealedIn::Answers, _) => ("scope, key", ""),
            (_, Some(RowName::Id(id))) => {
                values.push((*id).into());
                ("id", "AND id > $2")
            }
            _ => ("id", ""),
        };
        let sql = format!(
            "SELECT {name}, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL AND substr({column}, 1, 4) <> $1 \
             {beyond} ORDER BY {name} LIMIT {limit}"
        );
        let rows = self.read.query_all_raw(self.raw(sql, values)).await?;
        let sealed = |row: &QueryResult| {
            let name = match place {
                SealedIn::Answers => RowName::Key { scope: row.try_get("", "scope")?, key: row.try_get("", "key")? },
                SealedIn::Cards | SealedIn::ApiKeys => RowName::Id(row.try_get("", "id")?),
            };
            Ok(SealedRow { name, sealed: row.try_get("", "sealed")? })
        };
        rows.iter().map(sealed).collect()
    }

    /// Stores values anew, each unless it has changed meanwhile; in one transaction.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reseal(&self, place: SealedIn, rows: Vec<(SealedRow, Resealed)>) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        for (SealedRow { name, sealed: old }, Resealed { sealed, hash }) in rows {
            let hash = hash.map(|hash| hash.to_vec());
            let (sql, values): (&str, Vec<Value>) = match (place, name) {
                // A removed card is not looked for.
                (SealedIn::Cards, RowName::Id(id)) => (
                    "UPDATE card SET sealed_pan = $1, fingerprint = CASE WHEN fingerprint IS NULL THEN NULL ELSE $2 END \
                     WHERE id = $3 AND sealed_pan = $4",
                    vec![sealed.into(), hash.into(), id.into(), old.into()],
                ),
                (SealedIn::ApiKeys, RowName::Id(id)) => (
                    "UPDATE api_key SET sealed = $1, key_hash = $2 WHERE id = $3 AND sealed = $4",
                    vec![sealed.into(), hash.into(), id.into(), old.into()],
                ),
                (_, RowName::Key { scope, key }) => (
                    "UPDATE idempotency_key SET answer = $1 WHERE scope = $2 AND key = $3 AND answer = $4",
                    vec![sealed.into(), scope.into(), key.into(), old.into()],
                ),
                (SealedIn::Answers, RowName::Id(_)) => continue,
            };
            txn.execute_raw(self.raw(sql, values)).await?;
        }
        Ok(txn.commit().await?)
    }

    fn raw(&self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
        let backend = if self.is_sqlite() { DbBackend::Sqlite } else { DbBackend::Postgres };
        Statement::from_sql_and_values(backend, sql.into(), values)
    }
}

fn row(key: &StoredKey) -> Model {
    Model {
        purpose: key.purpose.as_str().to_owned(),
        key_id: key.id.into(),
        sealed: key.sealed.clone(),
        created_at: micros(key.created_at),
        active_from: micros(key.active_from),
        last_at: key.last_at.map(micros),
    }
}

fn stored(row: Model) -> Result<StoredKey, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("working key {} {}", row.purpose, row.key_id));
    Ok(StoredKey {
        purpose: KeyPurpose::from_name(&row.purpose).ok_or_else(corrupt)?,
        id: u32::try_from(row.key_id).map_err(|_| corrupt())?,
        created_at: timestamp(row.created_at)?,
        active_from: timestamp(row.active_from)?,
        last_at: row.last_at.map(timestamp).transpose()?,
        sealed: row.sealed,
    })
}
