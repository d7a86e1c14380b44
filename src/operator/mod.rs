//! What a person at this server's command line can ask and decide: the life of one payment, an audit of
//! all of them, money in doubt, a forgotten password. Works beside a running server, on the same database.

mod audit;
mod doubt;
pub mod keys;
mod network_side;
mod password;
mod why;

pub use audit::{Audit, audit};
pub use doubt::{list_doubt, resolve_doubt};
pub use password::{reset_password, unlock};
pub use why::why;

use crate::store::StoreError;

/// Why an operator's question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error("this is not a payment key")]
    BadKey,
    #[error("there is no such payment")]
    NotFound,
    #[error("no business has this e-mail")]
    NoBusiness,
    #[error("no account with this e-mail is locked")]
    NotLocked,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}
