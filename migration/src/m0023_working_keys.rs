//! The keys that seal, hash and sign, each sealed under the master key: they are replaced without the master key, and
//! the master key without them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(WorkingKey::Table)
            .col(string(WorkingKey::Purpose))
            .col(big_integer(WorkingKey::KeyId))
            .col(binary(WorkingKey::Sealed))
            .col(big_integer(WorkingKey::CreatedAt))
            .col(big_integer(WorkingKey::ActiveFrom))
            .col(big_integer_null(WorkingKey::LastAt))
            .primary_key(Index::create().col(WorkingKey::Purpose).col(WorkingKey::KeyId))
            .to_owned();
        manager.create_table(table).await
    }
}

#[derive(DeriveIden)]
enum WorkingKey {
    Table,
    Purpose,
    KeyId,
    Sealed,
    CreatedAt,
    ActiveFrom,
    LastAt,
}
