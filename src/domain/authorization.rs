//! How far taking the money has come: the machine inside IN_PROGRESS.

use jiff::Timestamp;

use super::{Approval, TxnNo};

/// The calls that were made about one doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Calls made so far.
    pub made: u32,
    /// Calls that came back, whatever their outcome. The pause before the next call grows with these: a call that
    /// ended with its process says nothing about the network.
    pub answered: u32,
    /// When the last call was made.
    pub last_at: Timestamp,
    /// The last call has not come back.
    pub is_under_way: bool,
}

impl Attempts {
    /// No call yet; `last_at` is when the call was made that the doubt is about.
    pub(super) const fn none(last_at: Timestamp) -> Self {
        Self { made: 0, answered: 0, last_at, is_under_way: false }
    }

    pub(super) const fn and_one_made(self, at: Timestamp) -> Self {
        Self { made: self.made + 1, last_at: at, is_under_way: true, ..self }
    }

    pub(super) const fn and_one_answered(self) -> Self {
        Self { answered: self.answered + 1, is_under_way: false, ..self }
    }

    /// The last call never left.
    pub(super) const fn but_not_sent(self) -> Self {
        Self { made: self.made.saturating_sub(1), is_under_way: false, ..self }
    }
}

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
        /// Inquiries.
        attempts: Attempts,
        /// When the next one is made; `None`: nobody can be asked, a person has to decide.
        next_at: Option<Timestamp>,
    },
    /// A reversal was sent, or is about to be: this will not become a charge.
    Reversing {
        txn_no: TxnNo,
        since: Timestamp,
        /// Reversals.
        attempts: Attempts,
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
