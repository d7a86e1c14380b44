//! Section 4: the back office.

mod accounts;
mod keys;
mod payments;
