//! How far taking the money has come: the machine inside IN_PROGRESS.

use jiff::Timestamp;

use super::{Approval, TxnNo};

/// How far taking the money has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    None,
    /// The intent is durable, the acquirer's answer is not known yet.
    Requested {
        txn_no: TxnNo,
        since: Timestamp,
        /// When the call is taken for lost.
        look_at: Timestamp,
    },
    /// The acquirer may or may not have taken the money.
    Unknown {
        txn_no: TxnNo,
        since: Timestamp,
        /// Inquiries made so far.
        attempts: u32,
        /// When the next one is made; `None`: nobody can be asked, a person has to decide.
        next_at: Option<Timestamp>,
    },
    /// A reversal was sent, or is about to be: this will not become a charge.
    Reversing {
        txn_no: TxnNo,
        since: Timestamp,
        /// Reversals sent so far.
        attempts: u32,
        /// When the next one is sent; `None`: it cannot be, a person has to see to it.
        next_at: Option<Timestamp>,
    },
    Approved {
        txn_no: TxnNo,
        approval: Approval,
        requested_at: Timestamp,
        completed_at: Timestamp,
    },
    /// Declined or reversed: it is not charged, and never will be.
    Closed {
        txn_no: TxnNo,
    },
}

impl Authorization {
    /// When it was asked for, while it is not known what became of it.
    pub(super) const fn since(&self) -> Option<Timestamp> {
        match self {
            Authorization::Requested { since, .. }
            | Authorization::Unknown { since, .. }
            | Authorization::Reversing { since, .. } => Some(*since),
            Authorization::None | Authorization::Approved { .. } | Authorization::Closed { .. } => None,
        }
    }

    /// Money may be taken, or may have been: nothing else may end the payment meanwhile.
    pub const fn is_open(&self) -> bool {
        self.since().is_some()
    }

    /// When somebody must look at it although nobody asks.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Authorization::Requested { look_at, .. } => Some(*look_at),
            Authorization::Unknown { next_at, .. } | Authorization::Reversing { next_at, .. } => *next_at,
            Authorization::None | Authorization::Approved { .. } | Authorization::Closed { .. } => None,
        }
    }
}
