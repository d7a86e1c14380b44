//! What the network did, in sums: the other side of our own books.

use serde::{Deserialize, Serialize};

/// How often something happened, and how much money moved with it (minor units).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    pub count: u64,
    pub amount: i64,
}

impl Sum {
    pub(super) fn add(&mut self, amount: i64) {
        self.count += 1;
        self.amount += amount;
    }
}

/// All that the network ever did, forgotten transactions included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    pub approved: Sum,
    /// `amount` is what would have been charged.
    pub declined: Sum,
    /// `amount` is what was really given back: a reversal of nothing counts with zero.
    pub reversed: Sum,
    /// Cancels, partial and full.
    pub refunded: Sum,
}

impl Totals {
    /// What the network holds for the gateway's shops: approvals − reversals − refunds.
    pub const fn held(&self) -> i64 {
        self.approved.amount - self.reversed.amount - self.refunded.amount
    }
}

/// What the network did under one transaction number (minor units).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Charges {
    pub approved: i64,
    pub reversed: i64,
    pub refunded: i64,
    /// Approve calls that were processed, repetitions and refusals included; counted since the start of
    /// the process, except that one survives a restart.
    pub approve_calls: u32,
}

impl Charges {
    pub const fn held(&self) -> i64 {
        self.approved - self.reversed - self.refunded
    }
}
