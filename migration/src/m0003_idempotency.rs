//! Idempotency keys with the answers they replay.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(IdempotencyKey::Table)
                    .col(binary_len(IdempotencyKey::Scope, 32))
                    .col(string_len(IdempotencyKey::Key, 300))
                    .col(binary_len(IdempotencyKey::Fingerprint, 32))
                    .col(uuid_null(IdempotencyKey::PaymentId))
                    .col(uuid_null(IdempotencyKey::Operation))
                    .col(small_integer_null(IdempotencyKey::Status))
                    .col(blob_null(IdempotencyKey::Answer))
                    .col(big_integer(IdempotencyKey::CreatedAt))
                    .primary_key(Index::create().col(IdempotencyKey::Scope).col(IdempotencyKey::Key))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("idempotency_key_age")
                    .table(IdempotencyKey::Table)
                    .col(IdempotencyKey::CreatedAt)
                    .to_owned(),
            )
            .await
    }
}

#[derive(DeriveIden)]
enum IdempotencyKey {
    Table,
    Scope,
    Key,
    Fingerprint,
    PaymentId,
    Operation,
    Status,
    Answer,
    CreatedAt,
}
