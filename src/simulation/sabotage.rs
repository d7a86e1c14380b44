//! Deliberate bugs, put in at the seams: what the simulation is worth shows in that it finds them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    acquirer::{Acquirer, Authorization, Capabilities, Record, RefundCall},
    domain::{Approval, Event, Money, Outcome, Recorded, TxnNo},
    vault::{Credential, Cvc},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The acquirer hears of a charge whose intent is not durable.
    NoIntent,
    /// An unknown outcome is taken for "not sent", so that the next try bears a new number.
    UnknownIsNotSent,
    /// A commit that is behind overwrites what another process has committed.
    NoFence,
    /// An outcome is told before it is durable.
    ToldTooEarly,
    /// Who finds that a call under an idempotency key came to nothing lets the key go, although it has been
    /// taken again meanwhile.
    LooseKeys,
    /// Nobody notices that the network answers again.
    NoRecovery,
    /// Deadlines are measured by the machine's clock, which may be set.
    Leaps,
}

impl Bug {
    pub const ALL: [Bug; 7] = [
        Bug::NoIntent,
        Bug::UnknownIsNotSent,
        Bug::NoFence,
        Bug::ToldTooEarly,
        Bug::NoRecovery,
        Bug::Leaps,
        // The rarest.
        Bug::LooseKeys,
    ];

    /// What the finding must say.
    pub const fn symptom(self) -> &'static str {
        match self {
            Bug::NoIntent => "was sent without a durable intent",
            Bug::NoFence => "the acquirer holds",
            Bug::LooseKeys => "wanted once, given back",
            Bug::UnknownIsNotSent => "was not sent, and it holds",
            Bug::ToldTooEarly => "told Charged, but it is",
            Bug::Leaps => "expired after",
            Bug::NoRecovery => "still in doubt long after",
        }
    }

    /// The commits that such a journal only pretends to write.
    pub fn pretends(self) -> Option<fn(&[Recorded]) -> bool> {
        match self {
            Bug::NoIntent => Some(|events| has(events, |event| matches!(event, Event::AuthorizationRequested { .. }))),
            Bug::ToldTooEarly => Some(|events| has(events, |event| matches!(event, Event::Approved { .. }))),
            Bug::UnknownIsNotSent | Bug::NoFence | Bug::LooseKeys | Bug::NoRecovery | Bug::Leaps => None,
        }
    }
}

fn has(events: &[Recorded], is: fn(&Event) -> bool) -> bool {
    events.iter().any(|recorded| is(&recorded.event))
}

/// An acquirer of which nobody remembers that a call may have arrived.
pub struct Forgetful(pub Arc<dyn Acquirer>);

#[async_trait]
impl Acquirer for Forgetful {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn validate(&self, credential: &Credential, cvc: &Cvc) -> Outcome<()> {
        self.0.validate(credential, cvc).await
    }

    async fn verify(&self, credential: &Credential) -> Outcome<()> {
        self.0.verify(credential).await
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        match self.0.authorize(call).await {
            Outcome::Unknown => Outcome::NotSent,
            outcome => outcome,
        }
    }

    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record> {
        self.0.inquire(txn_no).await
    }

    async fn reverse(&self, txn_no: TxnNo, amount: Money) -> Outcome<()> {
        self.0.reverse(txn_no, amount).await
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        self.0.refund(call).await
    }
}
