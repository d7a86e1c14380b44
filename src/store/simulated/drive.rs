//! A process's way to the disk: it fails by a seeded plan, and it ends with the process.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use sea_orm::TryIntoModel;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    super::{Card, Commit, CommitError, LeaseRow, Records, StoreError, rows},
    Disk, Tables, lock,
};
use crate::domain::{CardId, MerchantId, OrderId, PaymentId, Recorded};

/// Whether a process is alive. What a dead one does never reaches anything.
#[derive(Default)]
pub struct Life {
    is_over: AtomicBool,
    over: Notify,
}

impl Life {
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.over.notify_waiters();
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub async fn over(&self) {
        let notified = self.over.notified();
        if !self.is_over() {
            notified.await;
        }
    }

    /// Nothing, while the process lives; for ever, when it does not.
    pub async fn or_never(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// How often a drive fails, and in which way: chances from 0 to 1 of one write, or read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chances {
    pub read_fails: f64,
    /// Nothing is written.
    pub write_fails: f64,
    /// Written, but who wrote does not hear of it.
    pub answer_lost: f64,
    /// The process dies just before the commit.
    pub crash_before: f64,
    /// The process dies just after the commit, before anybody hears of it.
    pub crash_after: f64,
}

/// One process's way to the disk.
pub struct Drive {
    pub disk: Arc<Disk>,
    pub life: Arc<Life>,
    pub faults: Arc<Faults>,
    /// A deliberate bug: says "durable" without writing commits that hold such an event.
    pub pretends: Option<fn(&[Recorded]) -> bool>,
}

/// The faults of all drives, and how many there were.
pub struct Faults {
    rng: Mutex<Xoshiro256PlusPlus>,
    chances: Chances,
    is_calm: AtomicBool,
    injected: Mutex<BTreeMap<&'static str, u64>>,
}

enum Fate {
    Good,
    Fails,
    AnswerLost,
    CrashBefore,
    CrashAfter,
}

impl Faults {
    pub fn new(rng: Xoshiro256PlusPlus, chances: Chances) -> Self {
        Self { rng: Mutex::new(rng), chances, is_calm: AtomicBool::new(false), injected: Mutex::default() }
    }

    pub fn calm(&self) {
        self.is_calm.store(true, Ordering::SeqCst);
    }

    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.injected).clone()
    }

    fn pause(&self) -> Duration {
        Duration::from_micros(lock(&self.rng).random_range(0..5_000))
    }

    fn of_read(&self) -> bool {
        let drawn: f64 = lock(&self.rng).random();
        !self.is_calm.load(Ordering::SeqCst) && drawn < self.chances.read_fails && self.count("journal: read fails")
    }

    fn count(&self, what: &'static str) -> bool {
        *lock(&self.injected).entry(what).or_default() += 1;
        true
    }

    fn of_write(&self) -> Fate {
        let mut drawn: f64 = lock(&self.rng).random();
        if self.is_calm.load(Ordering::SeqCst) {
            return Fate::Good;
        }
        let Chances { write_fails, answer_lost, crash_before, crash_after, read_fails: _ } = self.chances;
        for (chance, name, fate) in [
            (write_fails, "journal: commit fails", Fate::Fails),
            (answer_lost, "journal: commit's answer lost", Fate::AnswerLost),
            (crash_before, "process: dies before a commit", Fate::CrashBefore),
            (crash_after, "process: dies after a commit", Fate::CrashAfter),
        ] {
            if drawn < chance {
                self.count(name);
                return fate;
            }
            drawn -= chance;
        }
        Fate::Good
    }
}

impl Drive {
    async fn read<T>(&self, read: impl FnOnce(&Tables) -> T + Send) -> Result<T, StoreError> {
        tokio::time::sleep(self.faults.pause()).await;
        self.life.or_never().await;
        if self.faults.of_read() {
            return Err(StoreError::Corrupt("a fault of the simulation".to_owned()));
        }
        Ok(read(&lock(&self.disk.tables)))
    }

    fn write_one(&self, commit: &Commit) -> Result<(), CommitError> {
        let events = || commit.events.iter().map(|row| row.clone().try_into_model().expect("a whole row"));
        let recorded: Vec<_> = events().map(|row| rows::recorded(&row).expect("it can be read")).collect();
        if self.pretends.is_some_and(|pretends| pretends(&recorded)) {
            return Ok(());
        }
        self.disk.write(commit)
    }
}

#[async_trait]
impl Records for Drive {
    async fn events_after(&self, id: PaymentId, seq: i64) -> Result<Vec<Recorded>, StoreError> {
        let after = |event: &&Recorded| event.seq > seq;
        self.read(|tables| tables.events.get(&id).into_iter().flatten().filter(after).cloned().collect()).await
    }

    async fn payment_of_order(&self, merchant: MerchantId, order: &OrderId) -> Result<Option<PaymentId>, StoreError> {
        self.read(|tables| tables.orders.get(&(merchant.uuid(), order.to_string())).copied()).await
    }

    async fn card_of_payment(&self, id: CardId) -> Result<Option<Card>, StoreError> {
        self.read(|_| self.disk.cards.iter().find(|card| card.id == id).cloned()).await
    }

    async fn due_payments(&self, now: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_due = |(_, at): &(&PaymentId, &i64)| **at <= now.as_microsecond();
        self.read(|tables| tables.due.iter().filter(is_due).map(|(id, _)| *id).take(limit).collect()).await
    }

    async fn payments_ahead(&self, from: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_ahead = |tables: &Tables, id: &PaymentId| {
            let last = tables.events.get(id).and_then(|events| events.last());
            last.is_some_and(|event| event.at > from)
        };
        self.read(|tables| tables.due.keys().filter(|id| is_ahead(tables, id)).copied().take(limit).collect()).await
    }

    async fn doubtful_payments(&self, method: &str, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_of = |(_, of): &(&PaymentId, &String)| **of == method;
        self.read(|tables| tables.doubtful.iter().filter(is_of).map(|(id, _)| *id).take(limit).collect()).await
    }

    async fn write(&self, commits: &[Commit]) -> Vec<Result<(), CommitError>> {
        tokio::time::sleep(self.faults.pause()).await;
        self.life.or_never().await;
        let fate = self.faults.of_write();
        if matches!(fate, Fate::CrashBefore) {
            self.life.end();
        }
        self.life.or_never().await;
        if matches!(fate, Fate::Fails) {
            return vec![Err(CommitError::Unavailable); commits.len()];
        }
        let written: Vec<_> = commits.iter().map(|commit| self.write_one(commit)).collect();
        if matches!(fate, Fate::CrashAfter) {
            self.life.end();
        }
        tokio::time::sleep(self.faults.pause()).await;
        self.life.or_never().await;
        match fate {
            Fate::AnswerLost => vec![Err(CommitError::Unavailable); commits.len()],
            _ => written,
        }
    }

    async fn sweep_idempotency_keys(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn purge_cards(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn sweep_failures(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn sweep_sessions(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn take_lease(
        &self,
        _: &str,
        _: Uuid,
        _: Timestamp,
        _: Option<LeaseRow>,
    ) -> Result<Option<LeaseRow>, StoreError> {
        Ok(None)
    }

    async fn release_lease(&self, _: &str, _: Uuid) -> Result<(), StoreError> {
        Ok(())
    }
}
