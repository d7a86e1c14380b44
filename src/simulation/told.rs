//! What callers are told, read off a payment as the routes do it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    actors::AskError,
    domain::{Authorization, CancelNo, CustomerId, Payment, PaymentKey, Reason, RefundState, Rejection, Status},
};

/// An answer that must be true for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    Created,
    Approved { key: PaymentKey, by: CustomerId },
    Charged,
    NotCharged,
    Refunded { cancel_no: CancelNo, amount: i64 },
    NotRefunded { cancel_no: CancelNo },
}

impl Told {
    /// As it is kept under an idempotency key.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("JSON")
    }

    /// What was kept; nothing when it was a refusal.
    pub fn read(kept: &[u8]) -> Option<Self> {
        serde_json::from_slice(kept).ok()
    }
}

/// How a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Pending,
    Unknown,
    NotSent,
    /// The call had been refused, and nothing happened.
    Refused,
    Is(Told),
}

pub type View = fn(&Payment, Option<Uuid>) -> Standing;

pub fn confirmed(payment: &Payment, _: Option<Uuid>) -> Standing {
    match (&payment.authorization, payment.status) {
        (Authorization::Requested { .. }, _) => Standing::Pending,
        (Authorization::Unknown { .. } | Authorization::Reversing { .. }, _) => Standing::Unknown,
        (Authorization::Approved { .. }, _) => Standing::Is(Told::Charged),
        (_, Status::Aborted | Status::Expired | Status::Canceled) => Standing::Is(Told::NotCharged),
        (Authorization::None | Authorization::Closed { .. }, _) => Standing::NotSent,
    }
}

pub fn refunded(payment: &Payment, operation: Option<Uuid>) -> Standing {
    let Some(refund) = operation.and_then(|number| payment.refund(number.into())) else { return Standing::NotSent };
    let (cancel_no, amount) = (refund.cancel_no, refund.amount.minor());
    match refund.state {
        RefundState::Requested { .. } => Standing::Pending,
        RefundState::Unknown { .. } => Standing::Unknown,
        RefundState::Done { .. } => Standing::Is(Told::Refunded { cancel_no, amount }),
        RefundState::Failed(Reason::NetworkUnavailable) => Standing::NotSent,
        RefundState::Failed(_) => Standing::Is(Told::NotRefunded { cancel_no }),
    }
}

/// A refusal tells something about the money, too.
pub fn by_refusal(error: AskError) -> Option<Told> {
    match error {
        AskError::Rejected(Rejection::AlreadyConfirmed) => Some(Told::Charged),
        AskError::Rejected(Rejection::Ended(_)) => Some(Told::NotCharged),
        _ => None,
    }
}
