//! What a call to an acquirer can come to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The four ends of a call to the outside (invariant 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was done, and here is the proof.
    Approved(T),
    /// It was refused, definitely.
    Declined(Reason),
    /// It never left this machine; doing it again with the same number is safe.
    NotSent,
    /// It may or may not have happened. Never to be read as success or failure.
    Unknown,
}

/// The acquirer's proof of an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub approval_no: Box<str>,
    /// When the acquirer says it approved.
    pub approved_at: Timestamp,
}

/// What the acquirer's own record says of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Approved {
        approval_no: Box<str>,
        /// When the acquirer approved, if its record tells.
        approved_at: Option<Timestamp>,
    },
    Declined,
    /// It is not and will never be charged.
    Reversed,
    /// Nothing is known of it *yet*: the request may still be on its way.
    NotFound,
}

/// Why a card, an authorization or a refund was refused. The journal keeps these words, so a variant
/// is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    CardNotFound,
    CardExpired,
    CardWrongCvc,
    CardWrongExpDate,
    CardWrongCardCompany,
    CardNotValid,
    CardLost,
    LimitExceeded,
    ExceedsBalance,
    TxnReversed,
    /// The acquirer has the call on record, and never approved it.
    TxnNotApproved,
    /// The network could not be asked, or gave no answer that can be read. No money was involved.
    NetworkUnavailable,
    TooManyAttempts,
    /// The acquirer has no such call.
    NotSupported,
    /// The outcome stayed unknown, so whatever may have been charged was given back.
    OutcomeUnknown,
    /// Refused without a reason we know.
    #[serde(other)]
    Declined,
}
