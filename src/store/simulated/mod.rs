//! A database of a simulation: tables in memory with the same fences as the real ones, behind a drive
//! that fails on purpose.

mod drive;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sea_orm::TryIntoModel;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Answered, Card, Commit, CommitError, KeyRef, KeyState, KeyWrite, Running, rows};
use crate::domain::{PaymentId, Recorded};
pub use drive::{Chances, Drive, Faults, Life};

/// What has become durable, whatever happens to processes.
pub struct Disk {
    tables: Mutex<Tables>,
    cards: Vec<Card>,
    flaws: Flaws,
}

/// Deliberate bugs of a disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flaws {
    /// A commit that is behind is written all the same.
    pub no_fence: bool,
    /// Whoever lets an idempotency key go lets it go for everybody.
    pub loose_keys: bool,
}

#[derive(Default)]
struct Tables {
    events: BTreeMap<PaymentId, Vec<Recorded>>,
    /// When each of them was written.
    written: BTreeMap<PaymentId, Vec<Instant>>,
    due: BTreeMap<PaymentId, i64>,
    /// The methods of payments with money in doubt.
    doubtful: BTreeMap<PaymentId, String>,
    orders: BTreeMap<(Uuid, String), PaymentId>,
    keys: BTreeMap<([u8; 32], String), KeyState>,
}

impl Disk {
    pub fn new(cards: Vec<Card>, flaws: Flaws) -> Self {
        Self { tables: Mutex::default(), cards, flaws }
    }

    pub fn journals(&self) -> BTreeMap<PaymentId, Vec<Recorded>> {
        lock(&self.tables).events.clone()
    }

    /// When each event of a payment was written.
    pub fn written(&self, id: PaymentId) -> Vec<Instant> {
        lock(&self.tables).written.get(&id).cloned().unwrap_or_default()
    }

    pub fn has_something_due(&self) -> bool {
        !lock(&self.tables).due.is_empty()
    }

    /// Payments with money in doubt about which something is still to be done.
    pub fn doubtful(&self) -> BTreeSet<PaymentId> {
        lock(&self.tables).doubtful.keys().copied().collect()
    }

    pub fn key_state(&self, key: &KeyRef) -> KeyState {
        lock(&self.tables).keys.get(&(key.scope, key.key.clone())).cloned().unwrap_or(KeyState::Free)
    }

    /// Whether it was this run that was let go.
    pub fn release_key(&self, key: &KeyRef, running: Running) -> bool {
        lock(&self.tables).release(key, running, self.flaws.loose_keys)
    }

    /// The first answer stays the first answer.
    pub fn complete_key(&self, key: &KeyRef, running: Running, answer: &Answered) {
        lock(&self.tables).complete(key, running, answer);
    }

    fn write(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut tables = lock(&self.tables);
        for write in &commit.keys {
            if matches!(write, KeyWrite::Take { key, .. } if tables.keys.contains_key(&(key.scope, key.key.clone()))) {
                return Err(CommitError::KeyTaken);
            }
        }
        if !commit.events.is_empty() {
            tables.write_events(commit, self.flaws.no_fence)?;
        }
        for write in &commit.keys {
            match write {
                KeyWrite::Take { key, subject, operation, answer, at: _ } => {
                    let running = || KeyState::Running(Running { subject: *subject, operation: *operation });
                    let state = answer.clone().map_or_else(running, KeyState::Answered);
                    tables.keys.insert((key.scope, key.key.clone()), state);
                }
                KeyWrite::Complete { key, running, answer } => tables.complete(key, *running, answer),
                KeyWrite::Release { key, running } => {
                    tables.release(key, *running, self.flaws.loose_keys);
                }
            }
        }
        Ok(())
    }
}

impl Tables {
    fn write_events(&mut self, commit: &Commit, has_no_fence: bool) -> Result<(), CommitError> {
        let payment = commit.payment.clone().try_into_model().expect("a whole row");
        let id = PaymentId::from(payment.id);
        let order = (payment.merchant_id, payment.order_id);
        if self.orders.get(&order).is_some_and(|other| *other != id) {
            return Err(CommitError::OrderExists);
        }
        let journal = self.events.entry(id).or_default();
        let written = self.written.entry(id).or_default();
        for event in &commit.events {
            let event = event.clone().try_into_model().expect("a whole row");
            let event = rows::recorded(&event).expect("what was written can be read");
            let next = i64::try_from(journal.len()).expect("a short journal") + 1;
            match event.seq {
                seq if seq == next => journal.push(event),
                seq if has_no_fence && seq < next => {
                    // As an update without a condition would: what stood there is gone.
                    journal.truncate(usize::try_from(seq - 1).expect("a place in a journal"));
                    journal.push(event);
                    written.truncate(journal.len() - 1);
                }
                _ => return Err(CommitError::Stale),
            }
            written.push(Instant::now());
        }
        // A payment whose order id was released is listed under another one.
        self.orders.retain(|known, other| *other != id || *known == order);
        self.orders.insert(order, id);
        match payment.due_at {
            Some(at) => self.due.insert(id, at),
            None => self.due.remove(&id),
        };
        match payment.method.filter(|_| payment.doubt.is_some() && payment.due_at.is_some()) {
            Some(method) => self.doubtful.insert(id, method),
            None => self.doubtful.remove(&id),
        };
        Ok(())
    }

    fn complete(&mut self, key: &KeyRef, running: Running, answer: &Answered) {
        match self.keys.get_mut(&(key.scope, key.key.clone())) {
            Some(state) if *state == KeyState::Running(running) => *state = KeyState::Answered(answer.clone()),
            _ => {}
        }
    }

    fn release(&mut self, key: &KeyRef, running: Running, is_loose: bool) -> bool {
        let key = (key.scope, key.key.clone());
        let is_this_run = match self.keys.get(&key) {
            Some(KeyState::Running(now)) => is_loose || *now == running,
            _ => is_loose,
        };
        is_this_run && (self.keys.remove(&key).is_some() || is_loose)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
