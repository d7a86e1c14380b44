//! The lists and sums of the back office: an index for each filter that narrows a list, and for the money
//! that moved in a business on a day.

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
        for index in payment_indexes() {
            manager.create_index(index).await?;
        }
        // As the list of doubts asks for them: by business and kind.
        manager.drop_index(Index::drop().name("payment_doubt").table(Payment::Table).to_owned()).await?;
        let doubt = Expr::col(Doubt::Doubt).is_not_null();
        let mut doubts =
            Index::create().name("payment_doubts").table(Payment::Table).col(Payment::MerchantId).to_owned();
        manager.create_index(doubts.col(Doubt::Doubt).and_where(doubt).to_owned()).await?;
        let merchant = uuid_null(Transaction::MerchantId);
        manager.alter_table(Table::alter().table(Transaction::Table).add_column(merchant).to_owned()).await?;
        let payer = Query::select()
            .column((Payment::Table, Payment::MerchantId))
            .from(Payment::Table)
            .and_where(Expr::col((Payment::Table, Payment::Id)).equals((Transaction::Table, Transaction::PaymentId)))
            .to_owned();
        let fill = Query::update()
            .table(Transaction::Table)
            .value(Transaction::MerchantId, Expr::SubQuery(None, Box::new(payer.into())))
            .to_owned();
        manager.execute(fill).await?;
        manager
            .create_index(
                Index::create()
                    .name("transaction_of_merchant")
                    .table(Transaction::Table)
                    .col(Transaction::MerchantId)
                    .col(Transaction::CompletedAt)
                    // A day's sums are read off the index alone.
                    .col(Transaction::Status)
                    .col(Transaction::Amount)
                    .to_owned(),
            )
            .await
    }
}

fn payment_indexes() -> Vec<IndexCreateStatement> {
    let of_merchant = |name: &str| Index::create().name(name).table(Payment::Table).col(Payment::MerchantId).to_owned();
    let newest_first = |index: &mut IndexCreateStatement| {
        index.col((Payment::CreatedAt, IndexOrder::Desc)).col((Payment::Id, IndexOrder::Desc)).to_owned()
    };
    vec![
        newest_first(of_merchant("payment_by_status").col(Payment::Status)),
        newest_first(of_merchant("payment_by_method").col(Payment::Method)),
        of_merchant("payment_by_amount").col(Payment::Amount).col(Payment::Id).to_owned(),
    ]
}

#[derive(DeriveIden)]
enum Doubt {
    Doubt,
}

#[derive(DeriveIden)]
enum Transaction {
    #[sea_orm(iden = "payment_transaction")]
    Table,
    PaymentId,
    MerchantId,
    CompletedAt,
    Status,
    Amount,
}
