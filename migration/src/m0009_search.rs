//! Looking for part of a name among very many payments.
//!
//! SQLite reads the text off the index by which a business's payments are listed, so that only rows that
//! match are fetched. PostgreSQL would need an entry per row version for that; it gets an index of pairs of
//! neighbouring characters, which also finds Korean words of two syllables (`pg_trgm` needs three), and
//! only of payments with nothing left to do: each enters it once or twice, and not with each step.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::m0002_payments::Payment;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A number for each pair of neighbours in a text; the second occurrence of a pair is another number, so
/// that `777` is not found in every text with a `77`. Collisions do no harm: what is found is compared.
const PAIRS: &str = r"
CREATE FUNCTION paygate_pairs(t text) RETURNS int[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT array_agg(pair # ((row_number - 1)::int << 27)) FROM (
    SELECT pair, row_number() OVER (PARTITION BY pair) FROM (
      SELECT ascii(c) << 10 # ascii(lead(c) OVER ()) AS pair FROM unnest(string_to_array(t, NULL)) c
    ) AS pairs WHERE pair IS NOT NULL
  ) AS counted
$$";

/// The pending list is kept short: whoever fills it pays for emptying it, in the middle of a commit.
const INDEX: &str = "
CREATE INDEX payment_text ON payment USING gin (paygate_pairs(search_text))
  WITH (gin_pending_list_limit = 64) WHERE due_at IS NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(PAIRS).await?;
            manager.get_connection().execute_unprepared(INDEX).await?;
            return Ok(());
        }
        let name = "payment_of_merchant";
        manager.drop_index(Index::drop().name(name).table(Payment::Table).to_owned()).await?;
        let mut index = Index::create().name(name).table(Payment::Table).col(Payment::MerchantId).to_owned();
        index.col((Payment::CreatedAt, IndexOrder::Desc)).col((Payment::Id, IndexOrder::Desc));
        manager.create_index(index.col(Payment::SearchText).to_owned()).await
    }
}
