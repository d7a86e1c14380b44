//! Businesses with their keys, customers with their cards.

use sea_orm_migration::{prelude::*, schema::*};

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
                    .table(Merchant::Table)
                    .col(uuid(Merchant::Id).primary_key())
                    .col(string_len(Merchant::Email, 254).unique_key())
                    .col(string_len(Merchant::Name, 100))
                    .col(string_len(Merchant::PasswordHash, 255))
                    .col(big_integer(Merchant::CreatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(ApiKey::Table)
                    .col(uuid(ApiKey::Id).primary_key())
                    .col(uuid(ApiKey::MerchantId))
                    .col(string_len(ApiKey::Kind, 10).check(Expr::col(ApiKey::Kind).is_in(["secret", "client"])))
                    .col(binary_len(ApiKey::KeyHash, 32).unique_key())
                    .col(blob(ApiKey::Sealed))
                    .col(big_integer(ApiKey::CreatedAt))
                    .col(big_integer_null(ApiKey::RevokedAt))
                    .foreign_key(
                        ForeignKey::create().from(ApiKey::Table, ApiKey::MerchantId).to(Merchant::Table, Merchant::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("api_key_of_merchant")
                    .table(ApiKey::Table)
                    .col(ApiKey::MerchantId)
                    .col(ApiKey::CreatedAt)
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Customer::Table)
                    .col(uuid(Customer::Id).primary_key())
                    .col(string_len(Customer::Email, 254).unique_key())
                    .col(string_len(Customer::PasswordHash, 255))
                    .col(big_integer(Customer::CreatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Card::Table)
                    .col(uuid(Card::Id).primary_key())
                    .col(uuid(Card::CustomerId))
                    .col(string_len(Card::Method, 20))
                    .col(binary_len_null(Card::Fingerprint, 32))
                    .col(blob_null(Card::SealedPan))
                    .col(string_len(Card::Masked, 24))
                    .col(string_len(Card::Expiry, 5))
                    .col(string_len(Card::Company, 50))
                    .col(boolean(Card::IsRepresentative))
                    .col(big_integer(Card::CreatedAt))
                    .col(big_integer_null(Card::RemovedAt))
                    .foreign_key(
                        ForeignKey::create().from(Card::Table, Card::CustomerId).to(Customer::Table, Customer::Id),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("card_once_per_customer")
                    .table(Card::Table)
                    .col(Card::CustomerId)
                    .col(Card::Fingerprint)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("card_removed")
                    .table(Card::Table)
                    .col(Card::RemovedAt)
                    .and_where(Expr::col(Card::RemovedAt).is_not_null())
                    .to_owned(),
            )
            .await
    }
}

#[derive(DeriveIden)]
pub(crate) enum Merchant {
    Table,
    Id,
    Email,
    Name,
    PasswordHash,
    CreatedAt,
}

#[derive(DeriveIden)]
enum ApiKey {
    Table,
    Id,
    MerchantId,
    Kind,
    KeyHash,
    Sealed,
    CreatedAt,
    RevokedAt,
}

#[derive(DeriveIden)]
pub(crate) enum Customer {
    Table,
    Id,
    Email,
    PasswordHash,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Card {
    Table,
    Id,
    CustomerId,
    Method,
    Fingerprint,
    SealedPan,
    Masked,
    Expiry,
    Company,
    IsRepresentative,
    CreatedAt,
    RemovedAt,
}
