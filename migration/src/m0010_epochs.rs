//! How often a business has signed out everywhere. What was opened in an earlier epoch is closed.

use sea_orm_migration::{prelude::*, schema::*};

use crate::m0001_accounts::Merchant;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let epoch = big_integer(Epoch::Epoch).default(0).to_owned();
        manager.alter_table(Table::alter().table(Merchant::Table).add_column(epoch).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Epoch {
    Epoch,
}
