//! Section 2: shops.

mod confirm;
mod confirm_outcomes;
mod create;
mod create_input;
mod expiry;
mod keys;
mod orders;
mod refunds;
mod token;
