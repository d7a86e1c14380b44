//! The public status of a payment.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The public status of a payment. ARCHITECTURE.md draws the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waiting for a customer, or for another instrument after a failed verification.
    Ready,
    /// The customer approved; the instrument is being checked.
    InVerificate,
    /// Approved by the customer; waiting for the shop to confirm, or for the acquirer.
    InProgress,
    /// Charged.
    Done,
    /// Charged, and a part was given back.
    PartialCanceled,
    /// Given up before the charge, or everything was given back.
    Canceled,
    /// Declined for good, or too many attempts. Nothing is charged.
    Aborted,
    /// Nobody finished it in time. Nothing is charged.
    Expired,
}

impl Status {
    pub const ALL: [Status; 8] = [
        Status::Ready,
        Status::InVerificate,
        Status::InProgress,
        Status::Done,
        Status::PartialCanceled,
        Status::Canceled,
        Status::Aborted,
        Status::Expired,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Ready => "READY",
            Status::InVerificate => "IN_VERIFICATE",
            Status::InProgress => "IN_PROGRESS",
            Status::Done => "DONE",
            Status::PartialCanceled => "PARTIAL_CANCELED",
            Status::Canceled => "CANCELED",
            Status::Aborted => "ABORTED",
            Status::Expired => "EXPIRED",
        }
    }

    /// Nothing moves any more, except refunds of a charged payment.
    pub const fn is_final(self) -> bool {
        !matches!(self, Status::Ready | Status::InVerificate | Status::InProgress)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
