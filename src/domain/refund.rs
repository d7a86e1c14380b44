//! Giving money back: each refund is a little machine of its own under one payment.

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{CancelNo, Money, Reason};

/// Seoul has no daylight saving time, so its offset is a constant and needs no time-zone database.
const SEOUL: Offset = Offset::constant(9);

/// The calendar day in Seoul: what settlement calls a business day.
pub fn business_day(at: Timestamp) -> Date {
    SEOUL.to_datetime(at).date()
}

/// How a card network books it: a cancel on the day of the approval never reaches the statement, a
/// refund on a later day does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundKind {
    Canceled,
    Refunded,
}

impl RefundKind {
    pub fn on(approved_at: Timestamp, requested_at: Timestamp) -> Self {
        if business_day(requested_at) > business_day(approved_at) { Self::Refunded } else { Self::Canceled }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    Requested,
    /// The acquirer may or may not have done it; the amount stays reserved.
    Unknown,
    Done {
        at: Timestamp,
    },
    Failed(Reason),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub cancel_no: CancelNo,
    pub amount: Money,
    pub kind: RefundKind,
    pub reason: Option<Box<str>>,
    pub requested_at: Timestamp,
    pub state: RefundState,
}

impl Refund {
    /// Whether its amount is gone, or may be.
    pub fn holds_money(&self) -> bool {
        !matches!(self.state, RefundState::Failed(_))
    }
}
