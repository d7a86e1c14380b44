//! Wrong passwords of an account, so that each further try has to wait longer, in whichever process it is made.

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
            .table(PasswordFailure::Table)
            .col(binary_len(PasswordFailure::Account, 32).primary_key())
            .col(big_integer(PasswordFailure::Failures))
            .col(big_integer(PasswordFailure::LastAt))
            .to_owned();
        manager.create_table(table).await?;
        let last = Index::create()
            .name("password_failure_last_at")
            .table(PasswordFailure::Table)
            .col(PasswordFailure::LastAt)
            .to_owned();
        manager.create_index(last).await
    }
}

#[derive(DeriveIden)]
enum PasswordFailure {
    Table,
    Account,
    Failures,
    LastAt,
}
