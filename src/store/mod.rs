//! The only room that names SeaORM. It holds the journal (the one way a payment changes), the look-ups,
//! and the tables around payments.
//!
//! The database is the authority. Nothing here decides: functions take values, write or read rows, and
//! answer. A function that opens a transaction commits it, and no network call happens inside one. Every
//! row that belongs to somebody is reached through a function that takes its owner.

mod audit;
mod card_failures;
mod cards;
mod connect;
mod create;
mod customers;
mod desk;
mod figures;
mod filter;
mod health;
mod idempotency;
mod journal;
mod keys;
mod lease;
mod merchants;
mod names;
mod news;
mod origins;
mod password_failures;
mod payments;
#[cfg(test)]
mod plans;
mod pool;
mod reads;
mod records;
mod recovery;
mod rows;
mod sessions;
#[cfg(test)]
pub mod simulated;
mod way;
mod working_keys;
mod writes;

pub use audit::Audited;
pub use card_failures::{FailureLimit, LimitReached};
pub use cards::{Card, MAX_CARDS, NewCard};
pub use connect::{DatabaseSettings, Store};
pub use create::{create_database, drop_database};
pub use customers::Customer;
pub use desk::{Bounded, Cursor, Entry, Sort, Window};
pub use figures::{DaySum, Ends};
pub use filter::PaymentFilter;
pub use idempotency::{Answered, KeyRef, KeyState, KeyWrite, Running};
pub use journal::{Commit, CommitError, JOURNAL_WRITER, Journal, JournalSettings};
pub use keys::{FoundKey, IssuedKey, IssuedKeys, KeyOf, Renewal};
pub use lease::LeaseRow;
pub use merchants::Merchant;
pub use news::UNDER_WAY;
pub use origins::MAX_ORIGINS;
pub use password_failures::{AccountHash, Slowing};
pub use payments::{Doubts, Listed, Owner, Page, Transaction, TransactionKind};
pub use records::Records;
pub use sessions::Session;
pub use working_keys::{Resealed, RowName, SealedIn, SealedRow, StoredKey};

use sea_orm::{DbErr, SqlErr};

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken: the e-mail, the card, the key.
    #[error("it exists already")]
    Exists,
    /// The idempotency key of the call was taken by another call meanwhile; nothing was changed.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// A named limit of the owner is reached.
    #[error("the limit is reached")]
    Full,
    /// The database did not answer, or not as it must.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// A row holds what no code of ours writes.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
}

fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Turns a broken unique key into [`StoreError::Exists`].
fn exists_or(error: DbErr) -> StoreError {
    if is_unique_violation(&error) { StoreError::Exists } else { error.into() }
}
