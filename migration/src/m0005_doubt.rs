//! Money in doubt, in a column of its own: a refund can wait for a person, too, and what is being resolved
//! is worth a list as well.

use sea_orm_migration::{prelude::*, schema::*};

use crate::m0002_payments::Payment;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let doubt = string_len_null(Doubt::Doubt, 10);
        manager.alter_table(Table::alter().table(Payment::Table).add_column(doubt).to_owned()).await?;
        manager.drop_index(Index::drop().name("payment_in_doubt").table(Payment::Table).to_owned()).await?;
        manager
            .create_index(
                Index::create()
                    .name("payment_doubt")
                    .table(Payment::Table)
                    .col(Payment::MerchantId)
                    .col(Payment::CreatedAt)
                    .and_where(Expr::col(Doubt::Doubt).is_not_null())
                    .to_owned(),
            )
            .await
    }
}

#[derive(DeriveIden)]
enum Doubt {
    Doubt,
}
