//! What is being done about money in doubt.

use jiff::Timestamp;

use super::{Attempts, Authorization, CancelNo, Payment, RefundState};

/// What is being done about one doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolving {
    /// The acquirer is asked what became of the charge.
    Inquiring,
    /// The charge is being taken back.
    Reversing,
    /// The refund is repeated under its number.
    Refunding,
    /// Nobody can be asked: a person has to find out and decide.
    Manual,
}

/// One doubt about a payment, and how far the search for the truth has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    pub state: Resolving,
    /// The refund it is about; the charge when absent.
    pub refund: Option<CancelNo>,
    /// When the call was made whose outcome is not known.
    pub since: Timestamp,
    /// Inquiries, reversals or refund calls made so far.
    pub attempts: u32,
    /// When the next one is made, or the one under way is taken for lost.
    pub next_at: Option<Timestamp>,
    /// A refund's call has not been answered yet.
    pub is_under_way: bool,
}

/// After so many calls in vain a person may find out and decide, while Paygate goes on trying.
pub const STUCK_AFTER: u32 = 5;

impl Resolution {
    /// A person may decide: nobody else can find out, or all attempts to were in vain so far.
    pub const fn may_be_decided(&self) -> bool {
        match self.state {
            Resolving::Manual => true,
            Resolving::Reversing | Resolving::Refunding => self.attempts >= STUCK_AFTER && !self.is_under_way,
            // It is reversed before long.
            Resolving::Inquiring => false,
        }
    }
}

impl Payment {
    /// Everything about this payment that is in doubt: the charge, then refunds in the order in which they
    /// were asked for.
    pub fn doubts(&self) -> impl Iterator<Item = Resolution> + '_ {
        let state = |state, next_at: Option<Timestamp>| if next_at.is_some() { state } else { Resolving::Manual };
        let charge = match self.authorization {
            Authorization::Unknown { since, attempts, next_at, .. } => {
                let (state, attempts) = (state(Resolving::Inquiring, next_at), attempts.made);
                Some(Resolution { state, refund: None, since, attempts, next_at, is_under_way: false })
            }
            Authorization::Reversing { since, attempts, next_at, .. } => {
                let (state, attempts) = (state(Resolving::Reversing, next_at), attempts.made);
                Some(Resolution { state, refund: None, since, attempts, next_at, is_under_way: false })
            }
            _ => None,
        };
        let refunds = self.refunds.iter().filter_map(move |refund| match refund.state {
            RefundState::Unknown { next_at, attempts: Attempts { made, is_under_way, .. } } => {
                let (state, since) = (state(Resolving::Refunding, next_at), refund.requested_at);
                Some(Resolution { state, refund: Some(refund.cancel_no), since, attempts: made, next_at, is_under_way })
            }
            _ => None,
        });
        charge.into_iter().chain(refunds)
    }

    /// The doubt that shows: one that a person may decide before one that resolves itself.
    pub fn resolution(&self) -> Option<Resolution> {
        self.doubts().find(Resolution::may_be_decided).or_else(|| self.doubts().next())
    }
}
