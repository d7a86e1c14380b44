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
    /// The acquirer gave back more than the journal says.
    OverRefunded,
    /// Somebody was told what is not true.
    ToldWrongly,
    /// `paygate audit` found a difference.
    Audit,
    /// The server panicked.
    Panic,
}

impl Kind {
    pub const ALL: [Kind; 7] = [
        Kind::ChargedTwice,
        Kind::Lost,
        Kind::InDoubt,
        Kind::OverRefunded,
        Kind::ToldWrongly,
        Kind::Audit,
        Kind::Panic,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::ChargedTwice => "charged twice",
            Kind::Lost => "lost",
            Kind::InDoubt => "in doubt",
            Kind::OverRefunded => "over-refunded",
            Kind::ToldWrongly => "told wrongly",
            Kind::Audit => "audit differences",
            Kind::Panic => "panics",
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
}

impl Finding {
    pub fn new(kind: Kind, payment_key: Option<String>, what: impl Into<String>) -> Self {
        Self { kind, payment_key, what: what.into() }
    }
}
