//! Lists of cancels and of refunds that something else narrows, too: what it is lies in the index, so that
//! only rows that match are fetched.

use sea_orm_migration::prelude::*;

use crate::m0002_payments::Payment;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, has) in [("payment_with_cancel", Payment::HasCancel), ("payment_with_refund", Payment::HasRefund)] {
            manager.drop_index(Index::drop().name(name).table(Payment::Table).to_owned()).await?;
            let mut index = Index::create().name(name).table(Payment::Table).col(Payment::MerchantId).to_owned();
            index.col((Payment::CreatedAt, IndexOrder::Desc)).col((Payment::Id, IndexOrder::Desc));
            index.col(Payment::Status).col(Payment::Method).col(Payment::Amount);
            manager.create_index(index.and_where(Expr::col(has)).to_owned()).await?;
        }
        Ok(())
    }
}
