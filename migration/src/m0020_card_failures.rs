//! How often the registration of a card failed of late: the limits against guessing hold for all processes together
//! and outlive them.

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
            .table(CardFailure::Table)
            .col(binary_len(CardFailure::Subject, 32).primary_key())
            .col(big_integer(CardFailure::Failures))
            .col(big_integer(CardFailure::Since))
            .col(boolean(CardFailure::IsReported))
            .to_owned();
        manager.create_table(table).await?;
        let since =
            Index::create().name("card_failure_since").table(CardFailure::Table).col(CardFailure::Since).to_owned();
        manager.create_index(since).await
    }
}

#[derive(DeriveIden)]
enum CardFailure {
    Table,
    Subject,
    Failures,
    Since,
    IsReported,
}
