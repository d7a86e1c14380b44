//! The built-in card network: a stand-in that speaks the wire contract's section 6.
//!
//! It takes no money. It behaves like the real thing where that matters: it is idempotent, it remembers
//! (over a restart too, with [`Sandbox::open`]), and its [`SPECIAL_CARDS`] go wrong in each way in which
//! a network can go wrong; a seeded [`FaultPlan`] lets every call go wrong, whatever the card.
//! [`Sandbox::totals`], [`Sandbox::charges`] and [`Sandbox::transactions`] are its own books, to be held
//! against ours.
//!
//! The gateway reaches it without a socket (`InProcess`) or over HTTP ([`serve`]); it must never be able
//! to tell which, and it must never import what the client side knows of the protocol.

mod cards;
mod desk;
mod file;
mod follow;
mod http;
mod ledger;
mod plan;
mod totals;
mod txn;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinHandle};

pub use cards::{Behaviour, SPECIAL_CARDS, SpecialCard};
pub use http::{routes, serve, server};
pub use ledger::MAX_TRANSACTIONS;
pub use plan::{FaultKind, FaultPlan};
pub use totals::{Charges, Sum, Totals};
pub use wire::SandboxReply;

use crate::domain::TxnNo;
use desk::Desk;
use ledger::Ledger;
use plan::{Fault, Faults};
use wire::{Call, Refusal};

/// How long the slow card takes.
pub const SLOW_APPROVAL: Duration = Duration::from_secs(3);

/// Calls that wait to be processed, late ones and doubled ones.
const MAX_SLOW: usize = 1_024;

/// Between two bytes of a dripping answer: the shortest answer takes longer than any caller waits.
const DRIP_PAUSE: Duration = Duration::from_millis(500);

/// The card network of a test, a demonstration or a rehearsal.
pub struct Sandbox {
    desk: Desk,
    slow_approval: Duration,
    slow_places: Arc<Semaphore>,
    faults: Option<Faults>,
}

impl Sandbox {
    /// A network that forgets everything when it is dropped.
    pub fn in_memory() -> Self {
        Self::with(Ledger::in_memory(MAX_TRANSACTIONS))
    }

    /// A network that remembers in the file at `path`. Blocks while it reads the file.
    ///
    /// # Errors
    /// The file cannot be read or written, is in use by another process, or is damaged before its end.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Ledger::open(path.as_ref(), MAX_TRANSACTIONS).map(Self::with)
    }

    /// The network of another process, as its file tells it from moment to moment: it can be asked, and does
    /// nothing else. Blocks while it reads.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged before its end.
    pub fn look_on(path: impl AsRef<Path>) -> io::Result<Self> {
        Ledger::follow(path.as_ref(), MAX_TRANSACTIONS).map(Self::with)
    }

    fn with(ledger: Ledger) -> Self {
        let is_on_disk = ledger.is_on_disk();
        Self {
            desk: Desk { ledger: Arc::new(Mutex::new(ledger)), now: Arc::new(Timestamp::now), is_on_disk },
            slow_approval: SLOW_APPROVAL,
            slow_places: Arc::new(Semaphore::new(MAX_SLOW)),
            faults: None,
        }
    }

    /// Tells the time by `now` instead of the system's clock.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.desk.now = Arc::new(now);
        self
    }

    /// Lets calls go wrong as planned, until [`calm`](Self::calm).
    #[must_use]
    pub fn with_plan(mut self, plan: FaultPlan) -> Self {
        self.faults = Some(Faults::new(plan));
        self
    }

    /// Ends the plan's faults for all calls to come. The cards go on as they are, and what is under way
    /// late or twice still arrives.
    pub fn calm(&self) {
        if let Some(faults) = &self.faults {
            faults.calm();
        }
    }

    /// How many calls the plan has let go wrong, by what went wrong.
    pub fn faults(&self) -> BTreeMap<FaultKind, u64> {
        self.faults.as_ref().map(Faults::injected).unwrap_or_default()
    }

    /// Lets the slow card take `delay` instead of [`SLOW_APPROVAL`].
    #[must_use]
    pub fn with_slow_approval(mut self, delay: Duration) -> Self {
        self.slow_approval = delay;
        self
    }

    /// Everything the network ever did.
    pub fn totals(&self) -> Totals {
        self.desk.books().totals()
    }

    /// What the network did under one number; all zero for a number it does not know.
    pub fn charges(&self, txn_no: TxnNo) -> Charges {
        self.desk.books().charges(txn_no)
    }

    /// What the network did under every number it remembers, oldest first.
    pub fn transactions(&self) -> Vec<(TxnNo, Charges)> {
        self.desk.books().transactions()
    }

    /// Answers one request. `path` is relative to the network's base URL.
    pub async fn handle(&self, method: &str, path: &str, body: &[u8]) -> SandboxReply {
        let call = match Call::read(method, path, body) {
            Ok(call) => Arc::new(call),
            Err(refusal) => return refusal.into(),
        };
        let Some(Fault { kind, delay }) = self.fault(&call) else { return self.desk.answer(&call).await };
        match kind {
            FaultKind::Refused | FaultKind::Flap => SandboxReply::Refused,
            FaultKind::LostRequest => SandboxReply::Silence,
            FaultKind::LostAnswer => {
                self.desk.answer(&call).await;
                SandboxReply::Silence
            }
            FaultKind::Late => match self.process_later(call, delay) {
                Some(answer) => answer.await.unwrap_or(SandboxReply::Silence),
                None => Refusal::Unavailable.into(),
            },
            FaultKind::Duplicate => {
                let answer = self.desk.answer(&call).await;
                self.process_later(call, delay);
                answer
            }
            FaultKind::GarbledBefore => garbage(),
            FaultKind::GarbledAfter => {
                self.desk.answer(&call).await;
                garbage()
            }
            FaultKind::ErrorBefore => server_error(),
            FaultKind::ErrorAfter => {
                self.desk.answer(&call).await;
                server_error()
            }
            FaultKind::Drip => self.desk.answer(&call).await.dripping(DRIP_PAUSE),
        }
    }

    /// The one place that decides what goes wrong: the plan, and where it lets a call pass, the card.
    fn fault(&self, call: &Call) -> Option<Fault> {
        let planned = self.faults.as_ref().and_then(Faults::next);
        planned.or_else(|| self.fault_of_the_card(call))
    }

    fn fault_of_the_card(&self, call: &Call) -> Option<Fault> {
        let Call::Approve(approve) = call else { return None };
        let kind = match cards::find(approve.pan.as_ref())?.behaviour {
            Behaviour::Slow => return Some(Fault { kind: FaultKind::Late, delay: self.slow_approval }),
            Behaviour::DeadBefore => FaultKind::LostRequest,
            Behaviour::DeadAfter => FaultKind::LostAnswer,
            Behaviour::Garbage => FaultKind::GarbledAfter,
            Behaviour::ErrorBefore => FaultKind::ErrorBefore,
            Behaviour::ErrorAfter => FaultKind::ErrorAfter,
            Behaviour::Good
            | Behaviour::FailsVerification
            | Behaviour::Declined
            | Behaviour::LimitExceeded
            | Behaviour::Lost => return None,
        };
        Some(kind.into())
    }

    /// A task of its own: a network goes on when its caller hangs up. Nothing when too much waits.
    fn process_later(&self, call: Arc<Call>, delay: Duration) -> Option<JoinHandle<SandboxReply>> {
        let place = self.slow_places.clone().try_acquire_owned().ok()?;
        let desk = self.desk.clone();
        Some(tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            drop(place);
            desk.answer(&call).await
        }))
    }
}

fn server_error() -> SandboxReply {
    SandboxReply::json(500, &json!({ "code": "INTERNAL", "message": "the sandbox fails on purpose" }))
}

fn garbage() -> SandboxReply {
    SandboxReply::Answer { status: 200, body: b"{\"cardNumber\":\"9999-0000-00".to_vec() }
}
