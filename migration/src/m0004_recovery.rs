//! Recovery: who looks for what is due, and what waits for a person.

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
        manager
            .create_table(
                Table::create()
                    .table(Lease::Table)
                    .col(string_len(Lease::Name, 40).primary_key())
                    .col(uuid(Lease::Holder))
                    .col(big_integer(Lease::Until))
                    .to_owned(),
            )
            .await?;
        // Unfinished, and nothing will happen by itself: money in doubt that a person has to decide about.
        let waits = Expr::col(Payment::Status).eq("IN_PROGRESS").and(Expr::col(Payment::DueAt).is_null());
        manager
            .create_index(
                Index::create()
                    .name("payment_in_doubt")
                    .table(Payment::Table)
                    .col(Payment::CreatedAt)
                    .and_where(waits)
                    .to_owned(),
            )
            .await
    }
}

#[derive(DeriveIden)]
enum Lease {
    Table,
    Name,
    Holder,
    Until,
}
