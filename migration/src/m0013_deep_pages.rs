//! Far pages of lists that are paged by number, and counts: what a payment is listed by lies in the index as a
//! whole (SQLite does not take a column for known because the index has only rows where it is set).

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
        let name = "payment_approved";
        manager.drop_index(Index::drop().name(name).table(Payment::Table).to_owned()).await?;
        let mut index = Index::create().name(name).table(Payment::Table).col(Payment::MerchantId).to_owned();
        index.col((Payment::CreatedAt, IndexOrder::Desc)).col((Payment::Id, IndexOrder::Desc));
        index.col(Payment::ApprovedAt).and_where(Expr::col(Payment::ApprovedAt).is_not_null());
        manager.create_index(index).await
    }
}
