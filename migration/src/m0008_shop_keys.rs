//! When a key was last used, and the pages a shop has registered. A key's `revoked_at` may lie in the
//! future from here on: until then the key is good.

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
        let used = big_integer_null(ApiKey::LastUsedAt);
        manager.alter_table(Table::alter().table(ApiKey::Table).add_column(used).to_owned()).await?;
        let merchant = &mut ForeignKey::create();
        merchant.from(ShopOrigin::Table, ShopOrigin::MerchantId).to(Merchant::Table, Merchant::Id);
        manager
            .create_table(
                Table::create()
                    .table(ShopOrigin::Table)
                    .col(uuid(ShopOrigin::MerchantId))
                    .col(string_len(ShopOrigin::Origin, 200))
                    .col(big_integer(ShopOrigin::CreatedAt))
                    .primary_key(Index::create().col(ShopOrigin::MerchantId).col(ShopOrigin::Origin))
                    .foreign_key(merchant)
                    .to_owned(),
            )
            .await
    }
}

#[derive(DeriveIden)]
enum ApiKey {
    Table,
    LastUsedAt,
}

#[derive(DeriveIden)]
enum ShopOrigin {
    Table,
    MerchantId,
    Origin,
    CreatedAt,
}
