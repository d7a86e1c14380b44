//! Payment methods: everything that talks to those who move the money.
//!
//! One trait ([`Acquirer`]), one implementation per method ([`CardAcquirer`]), and one table
//! ([`Acquirers`]) in which the rest of the house finds them by the method's name. A new payment method
//! is a new file here and a new line in the table.
//!
//! This room turns an answer, or the lack of one, into an [`Outcome`], and that is its whole
//! responsibility. The rule of the room: **only what the acquirer said in so many words is definite.**
//! `Declined` needs a refusal that can be read, `NotSent` needs the proof that not a byte of the request
//! left this machine, and everything else is `Unknown`.
//!
//! What it must never do: repeat a call on its own, decide what an outcome means for a payment, keep or
//! log a card number, or hold a lock or a transaction of the caller's. It imports `domain` and `vault`
//! only; the actors call it, after the intent is durable.

mod card;
mod classify;
mod guard;
mod sandbox;
mod transport;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};

pub use card::{CardAcquirer, CardSettings, Dialect, Paths};
pub use guard::{BreakerSettings, Guarded, Health};
pub use sandbox::{
    Behaviour, Charges, FaultKind, FaultPlan, MAX_TRANSACTIONS, SLOW_APPROVAL, SPECIAL_CARDS, Sandbox, SandboxReply,
    SpecialCard, Sum, Totals, routes, serve, server,
};
pub use transport::{
    CALL_TIMEOUT, CONNECT_TIMEOUT, CallError, CardNetwork, HttpNetwork, HttpNetworkError, HttpSettings, InProcess,
    MAX_ANSWER_BYTES, MAX_CALLS_IN_FLIGHT, Method, Reply,
};

use crate::{
    domain::{Approval, CancelNo, MerchantId, Money, Outcome, TxnNo},
    vault::{Credential, Cvc},
};

/// The card method's name in the table, and in an `Instrument`.
pub const CARD: &str = "card";

/// What an acquirer can be asked. A call that it lacks answers [`Outcome::NotSent`] without leaving this
/// machine, so look here before relying on one: where `inquire` and `reverse` are missing, an unknown
/// authorization stays in doubt until a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The acquirer itself says whether a card is alive; without it the check is a local one.
    pub verify: bool,
    pub inquire: bool,
    pub reverse: bool,
    pub refund: bool,
}

/// Whether a network answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// The last call that ended got an answer. `false` until the first one did.
    pub is_answering: bool,
    /// How often a call got an answer after one that did not, the first answer of this process included.
    pub recoveries: u64,
}

/// One request to take money.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    /// The acquirer is idempotent by it: the same number never charges twice.
    pub txn_no: TxnNo,
    pub amount: Money,
    pub merchant: MerchantId,
    pub credential: &'a Credential,
}

/// One request to give money back.
#[derive(Debug, Clone)]
pub struct RefundCall {
    /// The acquirer is idempotent by it: the same number never gives back twice.
    pub cancel_no: CancelNo,
    pub txn_no: TxnNo,
    pub amount: Money,
    pub reason: Option<Box<str>>,
}

/// What the acquirer's own record says of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// `amount` and `canceled_amount` in minor units; the time, if the record tells it.
    Approved {
        approval_no: Box<str>,
        approved_at: Option<Timestamp>,
        amount: i64,
        canceled_amount: i64,
    },
    Declined,
    /// It is or will never be charged.
    Reversed,
    /// Nothing is known of it *yet*: a request that is still on its way may arrive later. Only a
    /// reversal makes this final.
    NotFound,
}

/// What a network's own list of a day is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayList {
    /// This network has no such list.
    Missing,
    Page {
        records: Vec<Listed>,
        /// Where the next page begins; `None` after the last one.
        next: Option<Box<str>>,
    },
}

/// One record of such a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The number of ours by which the network knows it; text, because it may be none of ours.
    pub txn_no: Box<str>,
    /// What the network holds of it after everything that went back, in minor units.
    pub held: i64,
}

/// One payment method's network.
///
/// Every call ends by itself, within the time-out of its transport. Whoever drops a call's future before
/// it ends knows as much as after [`Outcome::Unknown`].
#[async_trait]
pub trait Acquirer: Send + Sync {
    fn capabilities(&self) -> Capabilities;

    /// Whether calls go through at all; see [`Guarded`].
    fn health(&self) -> Health {
        Health::Closed
    }

    /// A call made now would not be sent.
    fn is_resting(&self) -> bool {
        false
    }

    /// Whether this network answers, as far as its last calls tell; see [`Guarded`].
    fn answers(&self) -> Answers {
        Answers { is_answering: true, recoveries: 0 }
    }

    /// At registration: does the instrument exist, and does the customer know its secret?
    async fn validate(&self, credential: &Credential, cvc: &Cvc) -> Outcome<()>;

    /// When the customer approves: is the instrument still good? No secret, no money.
    async fn verify(&self, credential: &Credential) -> Outcome<()>;

    /// Takes the money. Repeating it with the same number and the same content is safe where
    /// [`Capabilities::inquire`] is true, and a second charge where it is false.
    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval>;

    /// Asks for the record of an authorization: `Approved(record)` when the answer could be read,
    /// `Unknown` or `NotSent` when not. Never `Declined`.
    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record>;

    /// Net-cancels an authorization whose outcome is in doubt: what was charged (`amount`) is given
    /// back, and what arrives later under this number is refused. Repeating it is safe. `Declined` means
    /// that it was *not* reversed now (with `TxnReversed`: because it was before).
    async fn reverse(&self, txn_no: TxnNo, amount: Money) -> Outcome<()>;

    /// A page of what the network approved on a day in Seoul: the first, or the one that begins at `after`. Never
    /// `Declined`.
    async fn list(&self, _day: Date, _after: Option<&str>) -> Outcome<DayList> {
        Outcome::Approved(DayList::Missing)
    }

    /// Gives back a part or all of a charge. Repeating it with the same `cancel_no` is safe.
    async fn refund(&self, call: &RefundCall) -> Outcome<()>;
}

/// The payment methods of this installation, by name.
pub struct Acquirers {
    by_method: BTreeMap<&'static str, Arc<dyn Acquirer>>,
}

impl Acquirers {
    /// A later entry replaces an earlier one of the same name.
    pub fn new(entries: impl IntoIterator<Item = (&'static str, Arc<dyn Acquirer>)>) -> Self {
        Self { by_method: entries.into_iter().collect() }
    }

    pub fn get(&self, method: &str) -> Option<&Arc<dyn Acquirer>> {
        self.by_method.get(method)
    }

    /// The methods and their names, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Arc<dyn Acquirer>)> {
        self.by_method.iter().map(|(name, acquirer)| (*name, acquirer))
    }

    /// The methods' names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_method.keys().copied()
    }

    /// The state of each method's circuit breaker.
    pub fn health(&self) -> BTreeMap<&'static str, &'static str> {
        self.by_method.iter().map(|(name, acquirer)| (*name, acquirer.health().as_str())).collect()
    }
}
