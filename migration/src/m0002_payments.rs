//! Payments: the projection, its journal, and the money that moved.

use sea_orm_migration::{prelude::*, schema::*};

use crate::m0001_accounts::{Customer, Merchant};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(payment_table()).await?;
        for index in payment_indexes() {
            manager.create_index(index).await?;
        }
        manager.create_table(event_table()).await?;
        manager.create_table(transaction_table()).await?;
        manager
            .create_index(
                Index::create()
                    .name("transaction_of_payment")
                    .table(PaymentTransaction::Table)
                    .col(PaymentTransaction::PaymentId)
                    .to_owned(),
            )
            .await
    }
}

fn payment_table() -> TableCreateStatement {
    let balance = Expr::col(Payment::Balance);
    Table::create()
        .table(Payment::Table)
        .col(uuid(Payment::Id).primary_key())
        .col(uuid(Payment::MerchantId))
        .col(string_len(Payment::OrderId, 100))
        .col(string_len(Payment::OrderName, 100))
        .col(string_len(Payment::SearchText, 500))
        .col(big_integer(Payment::Amount).check(Expr::col(Payment::Amount).gt(0)))
        .col(big_integer(Payment::Balance).check(balance.clone().gte(0).and(balance.lte(Expr::col(Payment::Amount)))))
        .col(string_len(Payment::Currency, 3))
        .col(string_len(Payment::Status, 20))
        .col(big_integer(Payment::Seq).check(Expr::col(Payment::Seq).gt(0)))
        .col(string_len_null(Payment::PaymentKey, 43).unique_key())
        .col(uuid_null(Payment::CustomerId))
        .col(string_len_null(Payment::Method, 20))
        .col(string_len_null(Payment::CardMasked, 24))
        .col(string_len_null(Payment::CardCompany, 50))
        .col(boolean(Payment::HasCancel))
        .col(boolean(Payment::HasRefund))
        .col(big_integer(Payment::CreatedAt))
        .col(big_integer(Payment::UpdatedAt))
        .col(big_integer(Payment::ExpiresAt))
        .col(big_integer_null(Payment::ApprovedAt))
        .col(big_integer_null(Payment::DueAt))
        .foreign_key(ForeignKey::create().from(Payment::Table, Payment::MerchantId).to(Merchant::Table, Merchant::Id))
        .foreign_key(ForeignKey::create().from(Payment::Table, Payment::CustomerId).to(Customer::Table, Customer::Id))
        .to_owned()
}

/// One index for each list that is offered: a shop's or a customer's payments by time, all of them or
/// those with an approval, a cancel or a refund; and what is open and due.
fn payment_indexes() -> Vec<IndexCreateStatement> {
    let by_merchant = |name: &str| {
        Index::create()
            .name(name)
            .table(Payment::Table)
            .col(Payment::MerchantId)
            .col((Payment::CreatedAt, IndexOrder::Desc))
            .col((Payment::Id, IndexOrder::Desc))
            .to_owned()
    };
    vec![
        Index::create()
            .name("payment_order")
            .table(Payment::Table)
            .col(Payment::MerchantId)
            .col(Payment::OrderId)
            .unique()
            .to_owned(),
        by_merchant("payment_of_merchant"),
        by_merchant("payment_approved").and_where(Expr::col(Payment::ApprovedAt).is_not_null()).to_owned(),
        by_merchant("payment_with_cancel").and_where(Expr::col(Payment::HasCancel)).to_owned(),
        by_merchant("payment_with_refund").and_where(Expr::col(Payment::HasRefund)).to_owned(),
        Index::create()
            .name("payment_of_customer")
            .table(Payment::Table)
            .col(Payment::CustomerId)
            .col((Payment::CreatedAt, IndexOrder::Desc))
            .col((Payment::Id, IndexOrder::Desc))
            .and_where(Expr::col(Payment::CustomerId).is_not_null())
            .to_owned(),
        Index::create()
            .name("payment_due")
            .table(Payment::Table)
            .col(Payment::DueAt)
            .and_where(Expr::col(Payment::DueAt).is_not_null())
            .to_owned(),
    ]
}

fn event_table() -> TableCreateStatement {
    Table::create()
        .table(PaymentEvent::Table)
        .col(uuid(PaymentEvent::PaymentId))
        .col(big_integer(PaymentEvent::Seq))
        .col(big_integer(PaymentEvent::At))
        .col(string_len(PaymentEvent::Who, 20))
        .col(uuid_null(PaymentEvent::WhoId))
        .col(string_len(PaymentEvent::Kind, 40))
        .col(text(PaymentEvent::Body))
        .primary_key(Index::create().col(PaymentEvent::PaymentId).col(PaymentEvent::Seq))
        .foreign_key(
            ForeignKey::create().from(PaymentEvent::Table, PaymentEvent::PaymentId).to(Payment::Table, Payment::Id),
        )
        .to_owned()
}

fn transaction_table() -> TableCreateStatement {
    Table::create()
        .table(PaymentTransaction::Table)
        .col(uuid(PaymentTransaction::Id).primary_key())
        .col(uuid(PaymentTransaction::PaymentId))
        .col(
            string_len(PaymentTransaction::Status, 10)
                .check(Expr::col(PaymentTransaction::Status).is_in(["APPROVED", "CANCELED", "REFUNDED"])),
        )
        .col(big_integer(PaymentTransaction::Amount).check(Expr::col(PaymentTransaction::Amount).ne(0)))
        .col(string_len_null(PaymentTransaction::Reason, 200))
        .col(big_integer(PaymentTransaction::RequestedAt))
        .col(big_integer(PaymentTransaction::CompletedAt))
        .foreign_key(
            ForeignKey::create()
                .from(PaymentTransaction::Table, PaymentTransaction::PaymentId)
                .to(Payment::Table, Payment::Id),
        )
        .to_owned()
}

#[derive(DeriveIden)]
#[expect(clippy::enum_variant_names, reason = "a column is called payment_key")]
pub(crate) enum Payment {
    Table,
    Id,
    MerchantId,
    OrderId,
    OrderName,
    SearchText,
    Amount,
    Balance,
    Currency,
    Status,
    Seq,
    PaymentKey,
    CustomerId,
    Method,
    CardMasked,
    CardCompany,
    HasCancel,
    HasRefund,
    CreatedAt,
    UpdatedAt,
    ExpiresAt,
    ApprovedAt,
    DueAt,
}

#[derive(DeriveIden)]
enum PaymentEvent {
    Table,
    PaymentId,
    Seq,
    At,
    Who,
    WhoId,
    Kind,
    Body,
}

#[derive(DeriveIden)]
enum PaymentTransaction {
    Table,
    Id,
    PaymentId,
    Status,
    Amount,
    Reason,
    RequestedAt,
    CompletedAt,
}
