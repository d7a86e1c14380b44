//! What a run may find, and must not.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The acquirer took the money of one payment more than once.
    ChargedTwice,
    /// The acquirer holds money that no charged payment accounts for, or a charged payment has no charge.
    Lost,
    /// Nobody knows, and nobody will.
    InDoubt,
    /// Doubts went on for too long after the faults had ended.
    SlowToResolve,
    /// The acquirer gave back more than the journal says.
    OverRefunded,
    /// Somebody was told what is not true.
    ToldWrongly,
    /// `paygate audit` found a difference.
    Audit,
    /// The server panicked.
    Panic,
    /// The fault was over, and the server did not work again in time.
    SlowRecovery,
    /// The server said that it is ready while no write succeeded.
    ReadyWrongly,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::ChargedTwice,
        Kind::Lost,
        Kind::InDoubt,
        Kind::SlowToResolve,
        Kind::OverRefunded,
        Kind::ToldWrongly,
        Kind::Audit,
        Kind::Panic,
        Kind::SlowRecovery,
        Kind::ReadyWrongly,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::ChargedTwice => "charged twice",
            Kind::Lost => "lost",
            Kind::InDoubt => "in doubt",
            Kind::SlowToResolve => "slow to resolve",
            Kind::OverRefunded => "over-refunded",
            Kind::ToldWrongly => "told wrongly",
            Kind::Audit => "audit differences",
            Kind::Panic => "panics",
            Kind::SlowRecovery => "slow recoveries",
            Kind::ReadyWrongly => "ready wrongly",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub kind: Kind,
    /// For `paygate why`; a payment that nobody has approved has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_key: Option<String>,
    pub what: String,
    /// The fault that came last before, if it is known.
    #[serde(skip)]
    pub fault: Option<usize>,
}

impl Finding {
    pub fn new(kind: Kind, payment_key: Option<String>, what: impl Into<String>) -> Self {
        Self { kind, payment_key, what: what.into(), fault: None }
    }
}
