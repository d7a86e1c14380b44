//! Section 2: shops.

mod confirm;
mod confirm_outcomes;
mod create;
mod create_input;
mod expiry;
mod keys;
mod metadata;
mod money_fields;
mod order_ids;
mod orders;
mod refunds;
mod token;
