//! Who is signed in to the back office.

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
        let merchant = ForeignKey::create()
            .from(DeskSession::Table, DeskSession::MerchantId)
            .to(Merchant::Table, Merchant::Id)
            .to_owned();
        manager
            .create_table(
                Table::create()
                    .table(DeskSession::Table)
                    .col(uuid(DeskSession::Id).primary_key())
                    .col(binary_len(DeskSession::TokenHash, 32).unique_key())
                    .col(uuid(DeskSession::MerchantId))
                    .col(string_len(DeskSession::Device, 60))
                    .col(big_integer(DeskSession::CreatedAt))
                    .col(big_integer(DeskSession::LastSeenAt))
                    .col(big_integer(DeskSession::ExpiresAt))
                    .foreign_key(&mut merchant.clone())
                    .to_owned(),
            )
            .await?;
        for (name, column) in
            [("desk_session_of_merchant", DeskSession::MerchantId), ("desk_session_expiry", DeskSession::ExpiresAt)]
        {
            manager.create_index(Index::create().name(name).table(DeskSession::Table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum DeskSession {
    Table,
    Id,
    TokenHash,
    MerchantId,
    Device,
    CreatedAt,
    LastSeenAt,
    ExpiresAt,
}
