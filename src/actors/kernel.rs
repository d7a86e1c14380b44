//! What a payment actor does, without actix: decide, commit, and only then remember and publish.

use std::sync::Arc;

use jiff::Timestamp;
use metrics::counter;
use tokio::sync::oneshot;

use super::{Claim, ClaimAnswer, Services};
use crate::{
    domain::{By, Command, Effect, Operation, Order, Payment, PaymentId, Recorded, Rejection, Step, create, decide},
    live::Frame,
    store::{Commit, CommitError, KeyWrite, StoreError},
};

/// How often a decision is taken anew because another node moved the payment meanwhile.
const MAX_STALE_RETRIES: usize = 8;

/// Why a payment could not be asked, or what it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("there is no such payment")]
    NotFound,
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("the shop has a payment for this order already")]
    OrderExists,
    #[error("the idempotency key was taken meanwhile")]
    KeyTaken,
    /// A limit of this process is reached; nothing happened.
    #[error("too many payments or questions")]
    Overloaded,
    /// The database failed, or the process is going down.
    #[error("the payment cannot be reached")]
    Unavailable,
}

impl From<CommitError> for AskError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::OrderExists => AskError::OrderExists,
            CommitError::KeyTaken => AskError::KeyTaken,
            CommitError::Overloaded => AskError::Overloaded,
            CommitError::Stale | CommitError::Unavailable => AskError::Unavailable,
        }
    }
}

/// What a caller gets: the payment as it is now durable, and, when what it asked for is under way, the
/// end of it.
#[derive(Debug)]
pub struct Reply {
    pub payment: Arc<Payment>,
    /// Refused, although something was recorded.
    pub refused: Option<Rejection>,
    pub ended: Option<oneshot::Receiver<Arc<Payment>>>,
}

/// The state of one payment actor.
pub struct Kernel {
    services: Arc<Services>,
    id: PaymentId,
    payment: Option<Arc<Payment>>,
    /// A write failed half-way or another node was faster: the journal knows better than this memory.
    is_dirty: bool,
    /// Idempotency keys of calls that have not ended.
    claims: Vec<Claim>,
    waiters: Vec<(Operation, oneshot::Sender<Arc<Payment>>)>,
}

impl Kernel {
    pub fn new(services: Arc<Services>, id: PaymentId) -> Self {
        Self { services, id, payment: None, is_dirty: true, claims: Vec::new(), waiters: Vec::new() }
    }

    pub fn payment(&self) -> Option<&Arc<Payment>> {
        self.payment.as_ref()
    }

    /// Somebody waits for an operation, or an answer has to be kept.
    pub fn is_awaited(&self) -> bool {
        !self.waiters.is_empty() || !self.claims.is_empty()
    }

    /// The first event of a new payment.
    pub async fn create(&mut self, order: Order, claim: Option<Claim>) -> Result<Reply, AskError> {
        let first = Recorded { seq: 1, at: self.services.now(), by: By::Shop, event: create(order) };
        let payment = Payment::created(self.id, &first).ok_or(AskError::Unavailable)?;
        self.commit(Arc::new(payment), vec![first], claim, None).await.map_err(|error| {
            tracing::debug!(payment = %self.id, %error, "a payment was not created");
            AskError::from(error)
        })?;
        self.reply(None, None)
    }

    /// Brings memory up to the journal.
    pub async fn load(&mut self) -> Result<(), AskError> {
        if !self.is_dirty {
            return Ok(());
        }
        let loaded = match &self.payment {
            None => self.services.store.payment(self.id).await,
            Some(known) => self.catch_up(known).await.map(Some),
        };
        let loaded = loaded.map_err(|error| {
            tracing::warn!(payment = %self.id, %error, "a payment cannot be read");
            AskError::Unavailable
        })?;
        self.payment = Some(Arc::new(loaded.ok_or(AskError::NotFound)?));
        self.is_dirty = false;
        self.wake_waiters();
        Ok(())
    }

    async fn catch_up(&self, known: &Payment) -> Result<Payment, StoreError> {
        let mut payment = known.clone();
        for recorded in self.services.store.events_after(self.id, payment.seq).await? {
            payment.apply(&recorded);
        }
        Ok(payment)
    }

    /// Decides a command, makes the decision durable, and then lets the world know. Returns what to call
    /// outside, if anything.
    pub async fn execute(
        &mut self,
        command: &Command,
        claim: Option<Claim>,
    ) -> Result<(Reply, Option<Effect>), AskError> {
        for _ in 0..MAX_STALE_RETRIES {
            self.load().await?;
            let before = self.payment.clone().ok_or(AskError::NotFound)?;
            let now = self.services.now();
            let step = decide(&before, command, now)?;
            let (after, recorded) = fold(&before, &step, command.by(), now);
            match self.commit(after, recorded, claim.clone(), step.refused).await {
                Ok(()) => return Ok((self.reply(step.refused, command.operation())?, step.effect)),
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AskError::Unavailable)
    }

    /// The present state; a payment past its time is ended first.
    pub async fn look(&mut self) -> Result<Arc<Payment>, AskError> {
        self.load().await?;
        let payment = self.payment.clone().ok_or(AskError::NotFound)?;
        if !payment.is_due(self.services.now()) {
            return Ok(payment);
        }
        match self.execute(&Command::Expire, None).await {
            Ok((reply, _)) => Ok(reply.payment),
            Err(AskError::Rejected(_)) => self.payment.clone().ok_or(AskError::NotFound),
            Err(error) => Err(error),
        }
    }

    fn reply(&mut self, refused: Option<Rejection>, operation: Option<Operation>) -> Result<Reply, AskError> {
        let payment = self.payment.clone().ok_or(AskError::NotFound)?;
        let ended = operation.filter(|operation| payment.is_under_way(*operation)).map(|operation| {
            let (waiter, ended) = oneshot::channel();
            self.waiters.push((operation, waiter));
            ended
        });
        Ok(Reply { payment, refused, ended })
    }

    /// The only place where a payment changes: durable first, then in memory, then in public.
    async fn commit(
        &mut self,
        after: Arc<Payment>,
        recorded: Vec<Recorded>,
        claim: Option<Claim>,
        refused: Option<Rejection>,
    ) -> Result<(), CommitError> {
        let keys = self.key_writes(&after, claim.as_ref(), refused, recorded.is_empty());
        if recorded.is_empty() && keys.writes.is_empty() {
            return Ok(());
        }
        let commit = Commit::new(&after, &recorded, keys.writes).map_err(|error| {
            tracing::error!(payment = %self.id, %error, "an event cannot be written");
            CommitError::Unavailable
        })?;
        let committed = self.services.journal.commit(commit).await;
        if let Err(error) = committed {
            self.is_dirty = matches!(error, CommitError::Stale | CommitError::Unavailable) || self.is_dirty;
            return Err(error);
        }
        self.is_dirty = false;
        let before = self.payment.replace(after.clone());
        self.claims.retain(|claim| !keys.ended.contains(&claim.key.key));
        self.claims.extend(claim.filter(|_| keys.is_claim_open));
        self.publish(before.as_deref(), &recorded);
        self.wake_waiters();
        Ok(())
    }

    fn publish(&self, before: Option<&Payment>, recorded: &[Recorded]) {
        let mut payment = before.cloned();
        for event in recorded {
            let status = payment.as_ref().map(|payment| payment.status);
            match &mut payment {
                None => payment = Payment::created(self.id, event),
                Some(payment) => payment.apply(event),
            }
            let Some(payment) = &payment else { return };
            if status != Some(payment.status) {
                counter!("paygate_payments_total", "status" => payment.status.as_str()).increment(1);
            }
            if let Some(frame) = Frame::of(payment, event) {
                self.services.bus.publish(self.id, &frame);
            }
        }
    }

    fn wake_waiters(&mut self) {
        let Some(payment) = &self.payment else { return };
        for (operation, waiter) in std::mem::take(&mut self.waiters) {
            if payment.is_under_way(operation) {
                self.waiters.push((operation, waiter));
            } else {
                // The caller may have given up; the payment goes on without it.
                let _ = waiter.send(payment.clone());
            }
        }
    }

    /// What this commit does to the idempotency keys of this call and of those still open.
    fn key_writes(
        &self,
        after: &Payment,
        claim: Option<&Claim>,
        refused: Option<Rejection>,
        is_unchanged: bool,
    ) -> KeyWrites {
        let mut keys = KeyWrites::default();
        for open in &self.claims {
            let key = open.key.clone();
            match open.answer(after, None) {
                ClaimAnswer::Pending => continue,
                ClaimAnswer::Keep(answer) => keys.writes.push(KeyWrite::Complete { key, answer }),
                ClaimAnswer::Release => keys.writes.push(KeyWrite::Release { key }),
            }
            keys.ended.push(open.key.key.clone());
        }
        let Some(claim) = claim else { return keys };
        let answer = match claim.answer(after, refused) {
            ClaimAnswer::Release => return keys,
            // Nothing happened because of this call, and nothing is under way: there is nothing to keep.
            ClaimAnswer::Keep(_) if is_unchanged => return keys,
            ClaimAnswer::Keep(answer) => Some(answer),
            ClaimAnswer::Pending => None,
        };
        keys.is_claim_open = answer.is_none();
        keys.writes.push(KeyWrite::Take {
            key: claim.key.clone(),
            subject: Some(self.id),
            operation: claim.operation,
            answer,
            at: self.services.now(),
        });
        keys
    }
}

#[derive(Default)]
struct KeyWrites {
    writes: Vec<KeyWrite>,
    /// Keys of open claims that end with this commit.
    ended: Vec<String>,
    is_claim_open: bool,
}

/// The payment after a step, and the step's events with their places in the journal.
fn fold(before: &Arc<Payment>, step: &Step, by: By, now: Timestamp) -> (Arc<Payment>, Vec<Recorded>) {
    if step.events.is_empty() {
        return (before.clone(), Vec::new());
    }
    let mut after = Payment::clone(before);
    // A clock that was set back must not turn the journal's time around.
    let at = now.max(before.updated_at);
    let recorded: Vec<_> = (before.seq + 1..)
        .zip(&step.events)
        .map(|(seq, event)| Recorded { seq, at, by, event: event.clone() })
        .collect();
    for event in &recorded {
        after.apply(event);
    }
    (Arc::new(after), recorded)
}
