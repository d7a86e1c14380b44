//! Texts that are compared are in Unicode's composed form (NFC) from now on: a Mac writes Hangul decomposed, and what it
//! wrote was not found by what a phone types. An e-mail that another account has in the composed form stays as it is.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement, Value, prelude::Uuid},
};
use unicode_normalization::{UnicodeNormalization, is_nfc};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Rows that are read at once.
const BATCH: usize = 1_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = Database(manager);
        for table in ["customer", "merchant"] {
            for (id, email) in database.decomposed(table, "email").await? {
                let normal: String = email.nfc().collect();
                let taken = format!("SELECT 1 FROM {table} WHERE email = $1");
                if database.first(&taken, [normal.clone().into()]).await?.is_none() {
                    database
                        .write(&format!("UPDATE {table} SET email = $1 WHERE id = $2"), [normal.into(), id.into()])
                        .await?;
                } else {
                    tracing::warn!(table, %id, "an e-mail stays in its old form: another account has the composed one");
                }
            }
        }
        for (id, text) in database.decomposed("payment", "search_text").await? {
            let normal: String = text.nfc().collect();
            let update = "UPDATE payment SET search_text = $1 WHERE id = $2";
            database.write(update, [normal.clone().into(), id.into()]).await?;
            if manager.get_database_backend() == DbBackend::Sqlite {
                // The index of names learns of a text only with a payment's last step.
                let index = "INSERT INTO payment_text SELECT search_text || char(10, 10), id FROM payment \
                             WHERE id = $1 AND due_at IS NULL";
                database.write(index, [id.into()]).await?;
            }
        }
        Ok(())
    }
}

struct Database<'a>(&'a SchemaManager<'a>);

impl Database<'_> {
    /// All rows whose text is not in the composed form.
    async fn decomposed(&self, table: &str, column: &str) -> Result<Vec<(Uuid, String)>, DbErr> {
        let beyond_ascii = match self.0.get_database_backend() {
            DbBackend::Sqlite => format!("length(CAST({column} AS BLOB)) > length({column})"),
            _ => format!("octet_length({column}) > char_length({column})"),
        };
        let sql = format!(
            "SELECT id, {column} AS text FROM {table} WHERE id > $1 AND {beyond_ascii} ORDER BY id LIMIT {BATCH}"
        );
        let (mut found, mut after) = (Vec::new(), Uuid::nil());
        loop {
            let rows = self.0.get_connection().query_all_raw(self.statement(&sql, [after.into()])).await?;
            for row in &rows {
                let (id, text): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "text")?);
                after = id;
                if !is_nfc(&text) {
                    found.push((id, text));
                }
            }
            if rows.len() < BATCH {
                return Ok(found);
            }
        }
    }

    async fn first<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<Option<()>, DbErr> {
        let row = self.0.get_connection().query_one_raw(self.statement(sql, values)).await?;
        Ok(row.map(|_| ()))
    }

    async fn write<const N: usize>(&self, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
        self.0.get_connection().execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    fn statement<const N: usize>(&self, sql: &str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.0.get_database_backend(), sql, values)
    }
}
