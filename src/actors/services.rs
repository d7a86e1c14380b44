//! What payment actors need of the rest of the house.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    acquirer::{Acquirers, Capabilities},
    clock::Clock,
    domain::{Payment, Policy},
    live::Bus,
    shares::{Shares, Tenant},
    store::{Journal, Records},
    vault::Vault,
};

/// `[payment]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettings {
    /// Life of a payment before it is confirmed.
    pub expires_after_s: u64,
    /// How long a caller waits for the acquirer before it hears that the outcome is unknown.
    pub answer_budget_ms: u64,
    /// How long one call to an acquirer may take before its outcome is unknown.
    pub acquirer_timeout_ms: u64,
}

/// `[resolution]` of the configuration: what is done about outcomes that are not known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolutionSettings {
    pub inquiry_every_ms: u64,
    pub inquiry_for_ms: u64,
    pub retry_after_ms: Vec<u64>,
    pub lost_after_ms: u64,
}

impl ResolutionSettings {
    fn policy(&self, payment: &PaymentSettings, able: Option<Capabilities>, is_circuit_open: bool) -> Policy {
        let ms = |ms: u64| SignedDuration::from_millis(ms.cast_signed());
        Policy {
            call_limit: ms(payment.acquirer_timeout_ms + self.lost_after_ms),
            inquiry_every: ms(self.inquiry_every_ms),
            inquiry_for: ms(self.inquiry_for_ms),
            retry_after: self.retry_after_ms.iter().copied().map(ms).collect(),
            resolves: able.is_some_and(|able| able.inquire && able.reverse),
            refunds: able.is_some_and(|able| able.refund),
            is_circuit_open,
        }
    }
}

/// `[actors]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorSettings {
    /// Threads that carry payment actors; 0: as many as the machine has cores.
    pub arbiters: usize,
    /// Payments in memory at most; one more is refused with 503.
    pub max_payments: usize,
    /// Questions to payments under way at most; one more is refused with 503.
    pub max_asks: usize,
    /// How long a payment stays in memory after its end.
    pub linger_ms: u64,
    /// How often the sweeper looks for payments that are due.
    pub sweep_interval_ms: u64,
    /// Payments the sweeper wakes in one round.
    pub sweep_batch: u64,
    /// How long a shutdown waits for calls to acquirers to end.
    pub drain_timeout_ms: u64,
}

/// Shared by all payment actors of the process.
pub struct Services {
    pub records: Arc<dyn Records>,
    pub journal: Journal,
    pub bus: Bus,
    pub acquirers: Acquirers,
    pub vault: Arc<Vault>,
    pub clock: Clock,
    pub payment: PaymentSettings,
    pub resolution: ResolutionSettings,
    pub actors: ActorSettings,
    /// A place in memory for each payment actor.
    pub places: Arc<Shares<Tenant>>,
    /// A place in the mailboxes for each question: `Addr::send` has no limit of its own.
    pub asks: Arc<Shares<Tenant>>,
    /// Calls to acquirers that are under way.
    pub effects: TaskTracker,
}

impl Services {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How doubt about this payment is resolved.
    pub fn policy(&self, payment: &Payment) -> Policy {
        let method = payment.instrument.as_ref().map(|instrument| &*instrument.method);
        let able = method.and_then(|method| self.acquirers.get(method)).map(|acquirer| acquirer.capabilities());
        // Asking the circuit breaker has effects, so it is asked only where its answer counts.
        let is_circuit_open = payment.resolution().is_some() && self.rests(payment);
        self.resolution.policy(&self.payment, able, is_circuit_open)
    }

    /// Whether the acquirer of this payment is in the table. Where it is not (a command that asks nobody,
    /// a method that was taken out), what is due is left to a process that has it: an absent acquirer is
    /// not one that cannot be asked.
    pub fn knows_method_of(&self, payment: &Payment) -> bool {
        payment.instrument.as_ref().is_none_or(|instrument| self.acquirers.get(&instrument.method).is_some())
    }

    /// The acquirer of this payment is left alone for a while: a call would not be sent.
    pub fn rests(&self, payment: &Payment) -> bool {
        let method = payment.instrument.as_ref().map(|instrument| &*instrument.method);
        method.and_then(|method| self.acquirers.get(method)).is_some_and(|acquirer| acquirer.is_resting())
    }

    pub fn linger(&self) -> Duration {
        Duration::from_millis(self.actors.linger_ms)
    }

    /// A new identifier, ordered by time.
    pub fn fresh<T: From<Uuid>>() -> T {
        Uuid::now_v7().into()
    }
}
