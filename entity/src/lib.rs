//! One file per table: the row, its relations, and nothing else. Rows are written and read by
//! `paygate::store` alone.
//!
//! Times are UTC microseconds since the epoch in a `BIGINT`: exact, ordered and the same on SQLite and
//! PostgreSQL. Money is minor units in a `BIGINT`.

pub mod api_key;
pub mod card;
pub mod card_failure;
pub mod customer;
pub mod desk_session;
pub mod idempotency_key;
pub mod lease;
pub mod merchant;
pub mod password_failure;
pub mod payment;
pub mod payment_event;
pub mod payment_transaction;
pub mod shop_origin;
pub mod working_key;
