//! The schema, step by step. Every migration runs on SQLite and on PostgreSQL, each in a transaction of
//! its own; foreign keys stand inside CREATE TABLE because SQLite cannot add them later.

pub use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_accounts;
mod m0002_payments;
mod m0003_idempotency;
mod m0004_recovery;
mod m0005_doubt;
mod m0006_sessions;
mod m0007_desk_lists;
mod m0008_shop_keys;
mod m0009_search;
mod m0010_epochs;
mod m0011_returns;
mod m0012_names;
mod m0013_deep_pages;
mod m0020_card_failures;
mod m0021_normal_form;
mod m0022_password_failures;
mod m0023_working_keys;

pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_payments::Migration),
            Box::new(m0003_idempotency::Migration),
            Box::new(m0004_recovery::Migration),
            Box::new(m0005_doubt::Migration),
            Box::new(m0006_sessions::Migration),
            Box::new(m0007_desk_lists::Migration),
            Box::new(m0008_shop_keys::Migration),
            Box::new(m0009_search::Migration),
            Box::new(m0010_epochs::Migration),
            Box::new(m0011_returns::Migration),
            Box::new(m0012_names::Migration),
            Box::new(m0013_deep_pages::Migration),
            Box::new(m0020_card_failures::Migration),
            Box::new(m0021_normal_form::Migration),
            Box::new(m0022_password_failures::Migration),
            Box::new(m0023_working_keys::Migration),
        ]
    }
}
