//! The built-in card network: a stand-in that speaks the wire contract's section 6.
//!
//! It takes no money. It behaves like the real thing where that matters: it is idempotent, it remembers
//! (over a restart too, with [`Sandbox::open`]), and its [`SPECIAL_CARDS`] go wrong in each way in which
//! a network can go wrong. [`Sandbox::totals`] and [`Sandbox::charges`] are its own books, to be held
//! against ours.
//!
//! The gateway reaches it without a socket (`InProcess`) or over HTTP ([`serve`]); it must never be able
//! to tell which, and it must never import what the client side knows of the protocol.

mod cards;
mod file;
mod http;
mod ledger;
mod totals;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub use cards::{Behaviour, SPECIAL_CARDS, SpecialCard};
pub use http::{routes, serve, server};
pub use ledger::MAX_TRANSACTIONS;
pub use totals::{Charges, Sum, Totals};
pub use wire::SandboxReply;

use crate::{domain::TxnNo, vault::Pan};
use ledger::{Charge, Ledger};
use wire::{Approve, Call, Refusal};

/// How long the slow card takes.
pub const SLOW_APPROVAL: Duration = Duration::from_secs(3);

/// Slow approvals under way at the same time.
const MAX_SLOW: usize = 1_024;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Processed and answered after this time, even when the caller has gone.
    Late(Duration),
    /// The request is lost: not processed, no answer.
    LostRequest,
    /// Processed, no answer.
    LostAnswer,
    /// Processed, an answer that cannot be read.
    Garbled,
    /// 500, not processed.
    ErrorBefore,
    /// 500, processed.
    ErrorAfter,
}

/// The card network of a test, a demonstration or a rehearsal.
pub struct Sandbox {
    ledger: Arc<Mutex<Ledger>>,
    slow_approval: Duration,
    slow_places: Arc<Semaphore>,
}

impl Sandbox {
    /// A network that forgets everything when it is dropped.
    pub fn in_memory() -> Self {
        Self::with(Ledger::in_memory(MAX_TRANSACTIONS))
    }

    /// A network that remembers in the file at `path`, as long as the operating system lives. Blocks
    /// while it reads the file.
    ///
    /// # Errors
    /// The file cannot be read or written, is in use by another process, or is damaged before its end.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Ledger::open(path.as_ref(), MAX_TRANSACTIONS).map(Self::with)
    }

    fn with(ledger: Ledger) -> Self {
        Self {
            ledger: Arc::new(Mutex::new(ledger)),
            slow_approval: SLOW_APPROVAL,
            slow_places: Arc::new(Semaphore::new(MAX_SLOW)),
        }
    }

    /// Lets the slow card take `delay` instead of [`SLOW_APPROVAL`].
    #[must_use]
    pub fn with_slow_approval(mut self, delay: Duration) -> Self {
        self.slow_approval = delay;
        self
    }

    /// Everything the network ever did.
    pub fn totals(&self) -> Totals {
        lock(&self.ledger).totals()
    }

    /// What the network did under one number; all zero for a number it does not know.
    pub fn charges(&self, txn_no: TxnNo) -> Charges {
        lock(&self.ledger).charges(txn_no)
    }

    /// Answers one request. `path` is relative to the network's base URL.
    pub async fn handle(&self, method: &str, path: &str, body: &[u8]) -> SandboxReply {
        let call = match Call::read(method, path, body) {
            Ok(call) => call,
            Err(refusal) => return refusal.into(),
        };
        match self.fault(&call) {
            Fault::None => process(&self.ledger, call),
            Fault::Late(delay) => self.process_late(call, delay).await,
            Fault::LostRequest => SandboxReply::Silence,
            Fault::LostAnswer => {
                process(&self.ledger, call);
                SandboxReply::Silence
            }
            Fault::Garbled => {
                process(&self.ledger, call);
                SandboxReply::Answer { status: 200, body: b"{\"cardNumber\":\"9999-0000-00".to_vec() }
            }
            Fault::ErrorBefore => server_error(),
            Fault::ErrorAfter => {
                process(&self.ledger, call);
                server_error()
            }
        }
    }

    /// The one place that decides what goes wrong. Today the card does; a plan of faults for every call
    /// would be a field of the sandbox, asked here before the card.
    fn fault(&self, call: &Call) -> Fault {
        let Call::Approve(approve) = call else { return Fault::None };
        let Some(card) = cards::find(approve.pan.as_ref()) else { return Fault::None };
        match card.behaviour {
            Behaviour::Slow => Fault::Late(self.slow_approval),
            Behaviour::DeadBefore => Fault::LostRequest,
            Behaviour::DeadAfter => Fault::LostAnswer,
            Behaviour::Garbage => Fault::Garbled,
            Behaviour::ErrorBefore => Fault::ErrorBefore,
            Behaviour::ErrorAfter => Fault::ErrorAfter,
            Behaviour::Good
            | Behaviour::FailsVerification
            | Behaviour::Declined
            | Behaviour::LimitExceeded
            | Behaviour::Lost => Fault::None,
        }
    }

    /// A task of its own: a network goes on when its caller hangs up.
    async fn process_late(&self, call: Call, delay: Duration) -> SandboxReply {
        let Ok(place) = self.slow_places.clone().try_acquire_owned() else { return Refusal::Unavailable.into() };
        let ledger = self.ledger.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            drop(place);
            process(&ledger, call)
        });
        task.await.unwrap_or(SandboxReply::Silence)
    }
}

/// Nothing in the ledger is left half-done by a panic that the next call could trip over.
fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

fn server_error() -> SandboxReply {
    SandboxReply::json(500, &json!({ "code": "INTERNAL", "message": "the sandbox fails on purpose" }))
}

/// Does what the call asks, at once and as a whole.
fn process(ledger: &Mutex<Ledger>, call: Call) -> SandboxReply {
    let answered = match call {
        Call::Check(asked) => {
            cards::check(&asked, Timestamp::now()).map(|()| json!({ "cardNumber": asked.number, "isValid": true }))
        }
        Call::Approve(asked) => approve(ledger, &asked),
        Call::Inquire(txn_no) => lock(ledger).inquire(txn_no).map(|entry| {
            json!({
                "txnNo": txn_no.to_string(),
                "status": entry.status,
                "approvalNo": entry.approval_no.map(|no| no.to_string()),
                "amount": entry.amount,
                "canceledAmount": entry.canceled_amount,
            })
        }),
        Call::Reverse { txn_no, amount } => lock(ledger)
            .reverse(txn_no, amount.minor())
            .map(|()| json!({ "txnNo": txn_no.to_string(), "status": "REVERSED" })),
        Call::Cancel(asked) => lock(ledger)
            .cancel(asked.txn_no, asked.cancel_no, asked.amount.minor())
            .map(|balance| json!({ "cancelNo": asked.cancel_no.to_string(), "balanceAmount": balance })),
    };
    match answered {
        Ok(body) => SandboxReply::json(200, &body),
        Err(refusal) => refusal.into(),
    }
}

fn approve(ledger: &Mutex<Ledger>, asked: &Approve) -> Result<serde_json::Value, Refusal> {
    let now = Timestamp::now();
    // Milliseconds, as networks tell the time.
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    // Without a number nothing can be recognised: every approve of the `basic` dialect is a new charge.
    let txn_no = asked.txn_no.unwrap_or_else(|| Uuid::now_v7().into());
    let approved = lock(ledger).approve(Charge {
        txn_no,
        last_four: last_four(asked.pan.as_ref()),
        amount: asked.amount.minor(),
        verdict: cards::may_charge(asked.pan.as_ref(), now),
        now,
    })?;
    Ok(match asked.txn_no {
        None => json!({ "cardNumber": asked.number, "isValid": true }),
        Some(_) => json!({
            "cardNumber": asked.number,
            "isValid": true,
            "txnNo": txn_no.to_string(),
            "approvalNo": approved.approval_no.to_string(),
            "approvedAt": approved.at.to_string(),
        }),
    })
}

fn last_four(pan: Option<&Pan>) -> Box<str> {
    let Some(pan) = pan else { return "".into() };
    let mut last: Vec<char> = pan.expose().chars().rev().filter(char::is_ascii_digit).take(4).collect();
    last.reverse();
    last.into_iter().collect()
}
