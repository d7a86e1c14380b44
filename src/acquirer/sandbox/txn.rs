//! One transaction in the network's books.

use jiff::Timestamp;

use super::{totals::Charges, wire::Refusal};
use crate::domain::CancelNo;

#[derive(Debug, Clone, Copy)]
pub(super) struct Approved {
    pub approval_no: u64,
    pub at: Timestamp,
}

/// A cancel and its answer, which is the same for ever: what is left, or the refusal.
pub(super) struct Cancel {
    pub cancel_no: CancelNo,
    pub amount: i64,
    pub answer: Result<i64, Refusal>,
}

pub(super) struct Txn {
    /// Enough to notice that a number is used for another card.
    pub last_four: Box<str>,
    pub amount: i64,
    /// A transaction that was reversed before it was seen is refused for that.
    pub fate: Result<Approved, Refusal>,
    /// What the reversal gave back.
    pub reversed: Option<i64>,
    pub cancels: Vec<Cancel>,
    pub approve_calls: u32,
}

impl Txn {
    pub fn charges(&self) -> Charges {
        Charges {
            approved: if self.fate.is_ok() { self.amount } else { 0 },
            reversed: self.reversed.unwrap_or(0),
            refunded: self.refunds().sum(),
            approve_calls: self.approve_calls,
        }
    }

    pub fn refunds(&self) -> impl Iterator<Item = i64> {
        self.cancels.iter().filter(|cancel| cancel.answer.is_ok()).map(|cancel| cancel.amount)
    }

    pub fn balance(&self) -> i64 {
        self.charges().held()
    }
}
