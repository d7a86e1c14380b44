//! A circuit breaker around an acquirer: when its network is down, calls fail at once as not sent instead
//! of piling up, and a single probe at a time finds out when it is back.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use failsafe::{
    Instrument, StateMachine,
    failure_policy::{self, ConsecutiveFailures},
};
use jiff::civil::Date;
use metrics::{counter, gauge};
use tokio::sync::Semaphore;

use super::{Acquirer, Answers, Authorization, Capabilities, DayList, Record, RefundCall};
use crate::{
    domain::{Approval, Money, Outcome, TxnNo},
    vault::{Credential, Cvc},
};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BreakerSettings {
    /// Calls without an answer in a row that open it.
    pub failures: u32,
    /// The first pause; it doubles with every probe that fails.
    pub open_for: Duration,
    pub open_for_at_most: Duration,
}

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Closed,
    /// One call at a time finds out whether the network is back.
    Probing,
    /// Calls fail at once.
    Open,
}

impl Health {
    const ALL: [Health; 3] = [Health::Closed, Health::Probing, Health::Open];

    pub const fn as_str(self) -> &'static str {
        match self {
            Health::Closed => "closed",
            Health::Probing => "probing",
            Health::Open => "open",
        }
    }
}

/// The state machine's word to us, to the log and to the metrics.
#[derive(Clone)]
struct Observer {
    method: &'static str,
    health: Arc<AtomicU8>,
}

impl Observer {
    fn is_now(&self, health: Health) {
        let number = health as u8;
        if self.health.swap(number, Ordering::Relaxed) != number {
            tracing::warn!(method = self.method, state = health.as_str(), "the circuit breaker has changed");
        }
        gauge!("paygate_acquirer_breaker", "method" => self.method).set(f64::from(number));
    }
}

impl Instrument for Observer {
    fn on_call_rejected(&self) {
        counter!("paygate_acquirer_rejected_total", "method" => self.method).increment(1);
    }

    fn on_open(&self) {
        self.is_now(Health::Open);
    }

    fn on_half_open(&self) {
        self.is_now(Health::Probing);
    }

    fn on_closed(&self) {
        self.is_now(Health::Closed);
    }
}

/// Pauses that double up to a limit. (The library's own take whole seconds only, and panic otherwise.)
#[derive(Clone, Copy)]
struct Pauses {
    next: Duration,
    most: Duration,
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next.min(self.most);
        self.next = pause.saturating_mul(2);
        Some(pause)
    }
}

type Breaker = StateMachine<ConsecutiveFailures<Pauses>, Observer>;

/// An acquirer behind a breaker.
pub struct Guarded {
    inner: Arc<dyn Acquirer>,
    breaker: Breaker,
    health: Arc<AtomicU8>,
    probe: Semaphore,
    heard: Heard,
}

/// What the calls say about the network, apart from what the breaker makes of it.
#[derive(Default)]
struct Heard {
    is_answering: AtomicBool,
    recoveries: AtomicU64,
}

impl Heard {
    fn note(&self, has_answer: bool) {
        if !self.is_answering.swap(has_answer, Ordering::AcqRel) && has_answer {
            self.recoveries.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Guarded {
    pub fn new(method: &'static str, inner: Arc<dyn Acquirer>, settings: BreakerSettings) -> Self {
        let pauses = Pauses { next: settings.open_for, most: settings.open_for_at_most };
        let policy = failure_policy::consecutive_failures(settings.failures, pauses);
        let health = Arc::new(AtomicU8::new(Health::Closed as u8));
        let observer = Observer { method, health: health.clone() };
        observer.is_now(Health::Closed);
        let breaker = StateMachine::new(policy, observer);
        Self { inner, breaker, health, probe: Semaphore::new(1), heard: Heard::default() }
    }

    async fn guard<T: Send>(&self, call: impl Future<Output = Outcome<T>> + Send) -> Outcome<T> {
        if !self.breaker.is_call_permitted() {
            return Outcome::NotSent;
        }
        let _probe = match self.health() {
            Health::Probing => match self.probe.try_acquire() {
                Ok(probe) => Some(probe),
                Err(_) => return Outcome::NotSent,
            },
            Health::Closed | Health::Open => None,
        };
        // A call that is given up counts as one without an answer.
        let mut verdict = Verdict { breaker: &self.breaker, heard: &self.heard, has_answer: false };
        let outcome = call.await;
        verdict.has_answer = matches!(outcome, Outcome::Approved(_) | Outcome::Declined(_));
        outcome
    }
}

struct Verdict<'a> {
    breaker: &'a Breaker,
    heard: &'a Heard,
    has_answer: bool,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        if self.has_answer {
            self.breaker.on_success();
        } else {
            self.breaker.on_error();
        }
        self.heard.note(self.has_answer);
    }
}

#[async_trait]
impl Acquirer for Guarded {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn health(&self) -> Health {
        let number = self.health.load(Ordering::Relaxed);
        Health::ALL.into_iter().find(|health| *health as u8 == number).unwrap_or(Health::Closed)
    }

    fn is_resting(&self) -> bool {
        let is_probed = || self.health() == Health::Probing && self.probe.available_permits() == 0;
        !self.breaker.is_call_permitted() || is_probed()
    }

    fn answers(&self) -> Answers {
        Answers {
            is_answering: self.heard.is_answering.load(Ordering::Acquire),
            recoveries: self.heard.recoveries.load(Ordering::Acquire),
        }
    }

    async fn validate(&self, credential: &Credential, cvc: &Cvc) -> Outcome<()> {
        self.guard(self.inner.validate(credential, cvc)).await
    }

    async fn verify(&self, credential: &Credential) -> Outcome<()> {
        self.guard(self.inner.verify(credential)).await
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        self.guard(self.inner.authorize(call)).await
    }

    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record> {
        self.guard(self.inner.inquire(txn_no)).await
    }

    async fn reverse(&self, txn_no: TxnNo, amount: Money) -> Outcome<()> {
        self.guard(self.inner.reverse(txn_no, amount)).await
    }

    async fn list(&self, day: Date, after: Option<&str>) -> Outcome<DayList> {
        self.guard(self.inner.list(day, after)).await
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        self.guard(self.inner.refund(call)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use uuid::Uuid;

    use super::*;

    /// A network that is down for its first calls.
    struct Flaky {
        calls: AtomicU32,
        down_for: u32,
    }

    #[async_trait]
    impl Acquirer for Flaky {
        fn capabilities(&self) -> Capabilities {
            Capabilities { verify: false, inquire: true, reverse: false, refund: false }
        }

        async fn validate(&self, _: &Credential, _: &Cvc) -> Outcome<()> {
            Outcome::NotSent
        }

        async fn verify(&self, _: &Credential) -> Outcome<()> {
            Outcome::NotSent
        }

        async fn authorize(&self, _: Authorization<'_>) -> Outcome<Approval> {
            Outcome::NotSent
        }

        async fn inquire(&self, _: TxnNo) -> Outcome<Record> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            if call < self.down_for { Outcome::Unknown } else { Outcome::Approved(Record::NotFound) }
        }

        async fn reverse(&self, _: TxnNo, _: Money) -> Outcome<()> {
            Outcome::NotSent
        }

        async fn refund(&self, _: &RefundCall) -> Outcome<()> {
            Outcome::NotSent
        }
    }

    #[tokio::test]
    async fn a_network_that_is_down_is_left_alone_until_a_probe_gets_through() {
        let flaky = Arc::new(Flaky { calls: AtomicU32::new(0), down_for: 4 });
        let open_for = Duration::from_millis(2);
        let settings = BreakerSettings { failures: 3, open_for, open_for_at_most: open_for };
        let guarded = Guarded::new("test", flaky.clone(), settings);
        let ask = async || guarded.inquire(Uuid::nil().into()).await;

        for _ in 0..3 {
            assert_eq!(ask().await, Outcome::Unknown);
        }
        assert_eq!(guarded.health(), Health::Open);
        assert_eq!(guarded.answers(), Answers { is_answering: false, recoveries: 0 });
        assert_eq!(ask().await, Outcome::NotSent);
        assert_eq!(flaky.calls.load(Ordering::Relaxed), 3, "an open breaker lets nothing through");

        // Bounded by the breaker's pause: the first probe fails, a later one gets through.
        let closed = async {
            while guarded.health() != Health::Closed {
                ask().await;
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), closed).await.unwrap();
        assert_eq!(flaky.calls.load(Ordering::Relaxed), 5);
        assert_eq!(ask().await, Outcome::Approved(Record::NotFound));
        assert_eq!(guarded.answers(), Answers { is_answering: true, recoveries: 1 });
    }
}
