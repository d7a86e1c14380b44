//! Looking for part of a name on SQLite: an index of triples of neighbouring characters, where `m0009_search`
//! gave PostgreSQL one of pairs. (FTS5 makes triples by itself; a part of two characters is found as the
//! beginning of triples, for which each text ends in two line feeds.)
//!
//! As there, only payments with nothing left to do are in it: a payment enters with its last step, and with
//! each refund once more, which does no harm. Nothing leaves it, since no payment does.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEX: &str = "
CREATE VIRTUAL TABLE payment_text USING fts5(search_text, payment_id UNINDEXED, content = '',
  contentless_unindexed = 1, columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1');
CREATE VIRTUAL TABLE payment_text_part USING fts5vocab(payment_text, instance);
INSERT INTO payment_text SELECT search_text || char(10, 10), id FROM payment WHERE due_at IS NULL;
CREATE TRIGGER payment_text_first AFTER INSERT ON payment WHEN new.due_at IS NULL BEGIN
  INSERT INTO payment_text VALUES (new.search_text || char(10, 10), new.id);
END;
CREATE TRIGGER payment_text_last AFTER UPDATE ON payment WHEN new.due_at IS NULL AND old.due_at IS NOT NULL BEGIN
  INSERT INTO payment_text VALUES (new.search_text || char(10, 10), new.id);
END";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.get_connection().execute_unprepared(INDEX).await?;
        }
        Ok(())
    }
}
