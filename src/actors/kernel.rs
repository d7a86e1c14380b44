//! What a payment actor does, without actix: decide, commit, and only then remember and publish.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use tokio::sync::oneshot;

use super::{Claim, ClaimAnswer, Clock, Services};
use crate::{
    domain::{
        By, Command, Effect, Operation, Order, Payment, PaymentId, Recorded, Rejection, Status, Step, create, decide,
    },
    live::Frame,
    shares::NoShare,
    store::{Commit, CommitError, KeyRef, KeyWrite, Running, StoreError},
};

/// How often a decision is taken anew because another node moved the payment meanwhile.
const MAX_STALE_RETRIES: usize = 20;

/// Callers that may wait for one payment; one more is refused with 503.
const MAX_WAITERS: usize = 4096;

/// Idempotency keys of one payment that may be running; one more is refused with 503.
const MAX_CLAIMS: usize = 4096;

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
    /// A limit of this process is reached, and there is no new payment.
    #[error("too busy; there is no new payment")]
    NotCreated,
    /// The merchant has its share of a limit of this process, and there is no new payment.
    #[error("the merchant has its share; there is no new payment")]
    ShareSpent,
    /// The acquirer's network is known to be down, and nothing was begun.
    #[error("the network is down")]
    NotSent,
    /// A limit of this process is reached; nothing happened. An earlier call for the same may have done
    /// everything, though.
    #[error("too busy")]
    Overloaded,
    /// The database failed, or the process is going down.
    #[error("the payment cannot be reached")]
    Unavailable,
}

impl From<NoShare> for AskError {
    fn from(none: NoShare) -> Self {
        match none {
            NoShare::Full => AskError::Overloaded,
            NoShare::Spent => AskError::ShareSpent,
        }
    }
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
    /// The last event that memory holds: the journal has to have the same one in its place.
    last: Option<Recorded>,
    /// While something is due at a moment of its own, the payment's time, and the steady clock's at that time.
    time: Option<(Timestamp, SignedDuration)>,
    /// A write failed half-way or another node was faster: the journal knows better than this memory.
    is_dirty: bool,
    /// Idempotency keys of calls that have not ended.
    claims: Vec<Claim>,
    waiters: Vec<(Operation, oneshot::Sender<Arc<Payment>>)>,
}

impl Kernel {
    pub fn new(services: Arc<Services>, id: PaymentId) -> Self {
        Self {
            services,
            id,
            payment: None,
            last: None,
            time: None,
            is_dirty: true,
            claims: Vec::new(),
            waiters: Vec::new(),
        }
    }

    pub fn payment(&self) -> Option<&Arc<Payment>> {
        self.payment.as_ref()
    }

    /// Somebody waits for an operation. (An answer that has to be kept does not need this memory: whoever
    /// asks under that idempotency key again gets it read off the payment.)
    pub fn is_awaited(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// The payment's own time. Its deadlines are lengths, so its time does not leap with the machine's clock: from the
    /// first event that has a moment to wait for, it goes on by the steady clock until nothing is waited for any more.
    /// And it never goes back, because the journal's does not.
    pub fn now(&self) -> Timestamp {
        match (self.time, &self.payment) {
            (Some((at, since)), _) => micros(at, self.services.clock.steady() - since),
            (None, Some(payment)) => self.services.now().max(payment.updated_at),
            (None, None) => self.services.now(),
        }
    }

    /// After the payment has changed: what is waited for begins at its last event, which was at `at` by its own time.
    fn keep_time(&mut self, at: impl FnOnce(&Clock, &Payment) -> Timestamp) {
        let clock = &self.services.clock;
        self.time = match &self.payment {
            Some(payment) if !payment.is_at_rest() => {
                let running = self.time.is_some().then(|| self.now()).filter(|now| *now >= payment.updated_at);
                Some((running.unwrap_or_else(|| at(clock, payment)), clock.steady()))
            }
            _ => None,
        };
    }

    /// The first event of a new payment.
    pub async fn create(&mut self, order: Order, by: By, claim: Option<Claim>) -> Result<Reply, AskError> {
        let first = Recorded { seq: 1, at: self.services.now(), by, event: create(order) };
        let change = Change::first(self.id, first).ok_or(AskError::Unavailable)?;
        self.commit(change, claim, None).await?;
        self.reply(None, None)
    }

    /// Brings memory up to the journal, if it may be behind; whether it had to.
    pub async fn load(&mut self) -> Result<bool, AskError> {
        if !self.is_dirty {
            return Ok(false);
        }
        let caught_up = match (&self.payment, &self.last) {
            (Some(known), Some(last)) => self.catch_up(known, last).await,
            _ => Ok(None),
        };
        let loaded = match caught_up {
            Ok(None) => self.replay().await,
            caught_up => caught_up,
        };
        let loaded = loaded.map_err(|error| {
            tracing::warn!(payment = %self.id, %error, "a payment cannot be read");
            AskError::Unavailable
        })?;
        let Some((payment, last)) = loaded else {
            // Whatever memory holds, the database is the authority.
            (self.payment, self.last, self.time) = (None, None, None);
            return Err(AskError::NotFound);
        };
        (self.payment, self.last) = (Some(Arc::new(payment)), Some(last));
        self.keep_time(|clock, payment| clock.time_since(payment.updated_at));
        self.is_dirty = false;
        self.wake_waiters();
        Ok(true)
    }

    /// The payment as the journal tells it, and its last event.
    async fn replay(&self) -> Result<Option<(Payment, Recorded)>, StoreError> {
        let events = self.services.records.events_after(self.id, 0).await?;
        let last = events.last().cloned();
        Ok(Payment::replay(self.id, events).zip(last))
    }

    /// Applies and publishes what other processes have written. `None` when the journal does not hold what memory
    /// holds: a database that was restored, or failed over without its last transactions, has another past.
    async fn catch_up(&self, known: &Payment, last: &Recorded) -> Result<Option<(Payment, Recorded)>, StoreError> {
        let mut events = self.services.records.events_after(self.id, last.seq - 1).await?.into_iter();
        if events.next().as_ref() != Some(last) {
            tracing::error!(payment = %self.id, seq = last.seq, "the journal lost an event; reading all of it again");
            return Ok(None);
        }
        let (mut payment, mut last) = (known.clone(), last.clone());
        for recorded in events {
            payment.apply(&recorded);
            if let Some(frame) = Frame::of(&payment, &recorded) {
                self.services.bus.publish(self.id, &frame);
            }
            last = recorded;
        }
        Ok(Some((payment, last)))
    }

    /// Decides a command, makes the decision durable, and then lets the world know. Returns what to call
    /// outside, if anything.
    pub async fn execute(
        &mut self,
        command: &Command,
        claim: Option<Claim>,
    ) -> Result<(Reply, Option<Effect>), AskError> {
        if self.waiters_are_full(command) || claim.is_some() && self.claims.len() >= MAX_CLAIMS {
            return Err(AskError::Overloaded);
        }
        for _ in 0..MAX_STALE_RETRIES {
            let is_fresh = self.load().await?;
            let before = self.payment.clone().ok_or(AskError::NotFound)?;
            if matches!(command, Command::Wake) && !self.services.knows_method_of(&before) {
                return Err(AskError::Unavailable);
            }
            let now = self.now();
            let decided = decide(&before, command, now, &self.services.policy(&before));
            // A change is fenced by the journal. A refusal is not, nor is an answer from memory: another
            // process may have moved the payment, so both are given on what the journal says now.
            if !is_fresh && decided.as_ref().map_or(true, |step| step.events.is_empty()) {
                self.is_dirty = true;
                continue;
            }
            let step = decided?;
            // What would only be noted as not sent is not begun; what memory says may be out of date, though.
            let is_new = matches!(step.effect, Some(Effect::Authorize { .. } | Effect::Refund { attempt: 1, .. }));
            if is_new && self.services.rests(&before) {
                if is_fresh {
                    return Err(AskError::NotSent);
                }
                self.is_dirty = true;
                continue;
            }
            let change = Change::fold(&before, &step, command.by(), now);
            let recorded = change.recorded.clone();
            match self.commit(change, claim.clone(), step.refused).await {
                Ok(()) => {}
                // The answer to a commit may be lost although it is durable; then its effect is still ours.
                Err(CommitError::Stale | CommitError::Unavailable) if self.has_happened(&recorded).await => {
                    self.claims.extend(claim.filter(|claim| self.is_pending(claim)));
                }
                Err(CommitError::Stale) => continue,
                Err(error) => return Err(error.into()),
            }
            return Ok((self.reply(step.refused, command.operation())?, step.effect));
        }
        // Others were faster each time, so nothing of this happened.
        Err(AskError::Overloaded)
    }

    /// Whether the journal holds exactly these events. Most carry fresh random numbers, so that they can
    /// only be our own.
    async fn has_happened(&mut self, recorded: &[Recorded]) -> bool {
        let Some(first) = recorded.first() else { return false };
        match self.services.records.events_after(self.id, first.seq - 1).await {
            Ok(events) => events.starts_with(recorded) && self.load().await.is_ok(),
            Err(_) => false,
        }
    }

    fn is_pending(&self, claim: &Claim) -> bool {
        self.payment.as_ref().is_some_and(|payment| matches!(claim.answer(payment, None), ClaimAnswer::Pending))
    }

    fn waiters_are_full(&mut self, command: &Command) -> bool {
        if command.operation().is_none() || self.waiters.len() < MAX_WAITERS {
            return false;
        }
        self.waiters.retain(|(_, waiter)| !waiter.is_closed());
        self.waiters.len() >= MAX_WAITERS
    }

    /// The present state; a payment past its time is ended first.
    pub async fn look(&mut self) -> Result<Arc<Payment>, AskError> {
        // Another process may have moved it.
        self.is_dirty = true;
        self.load().await?;
        let payment = self.payment.clone().ok_or(AskError::NotFound)?;
        if !payment.is_due(self.now()) {
            return Ok(payment);
        }
        match self.execute(&Command::Wake, None).await {
            Ok((reply, _)) => Ok(reply.payment),
            Err(AskError::Rejected(_)) => self.payment.clone().ok_or(AskError::NotFound),
            Err(error) => Err(error),
        }
    }

    fn reply(&mut self, refused: Option<Rejection>, operation: Option<Operation>) -> Result<Reply, AskError> {
        let payment = self.payment.clone().ok_or(AskError::NotFound)?;
        // While the acquirer is left alone, no answer comes before the caller's patience ends.
        let is_coming = |operation| payment.is_calling(operation) || !self.services.rests(&payment);
        let operation = operation.filter(|operation| payment.is_under_way(*operation) && is_coming(*operation));
        let Some(operation) = operation else { return Ok(Reply { payment, refused, ended: None }) };
        let (waiter, ended) = oneshot::channel();
        self.waiters.push((operation, waiter));
        Ok(Reply { payment, refused, ended: Some(ended) })
    }

    /// The only place where a payment changes: durable first, then in memory, then in public.
    async fn commit(
        &mut self,
        change: Change,
        claim: Option<Claim>,
        refused: Option<Rejection>,
    ) -> Result<(), CommitError> {
        let Change { after, recorded, frames, entered } = change;
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
        self.payment = Some(after);
        self.last = recorded.into_iter().next_back().or_else(|| self.last.take());
        self.keep_time(|_, payment| payment.updated_at);
        self.claims.retain(|claim| !keys.ended.contains(&claim.key));
        self.claims.extend(claim.filter(|_| keys.is_claim_open));
        for status in entered {
            counter!("paygate_payments_total", "status" => status.as_str()).increment(1);
        }
        for frame in &frames {
            self.services.bus.publish(self.id, frame);
        }
        self.wake_waiters();
        Ok(())
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
            let (key, running) = (open.key.clone(), Running { subject: Some(self.id), operation: open.operation });
            match open.answer(after, None) {
                ClaimAnswer::Pending => continue,
                ClaimAnswer::Keep(answer) => keys.writes.push(KeyWrite::Complete { key, running, answer }),
                ClaimAnswer::Release => keys.writes.push(KeyWrite::Release { key, running }),
            }
            keys.ended.push(open.key.clone());
        }
        let Some(claim) = claim else { return keys };
        let answer = match claim.answer(after, refused) {
            ClaimAnswer::Release => return keys,
            // A refusal without an effect is not kept: the same call may succeed later.
            ClaimAnswer::Keep(answer) if is_unchanged && answer.status >= 400 => return keys,
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

/// `at` and so much later, in whole microseconds: what the journal can keep.
fn micros(at: Timestamp, later: SignedDuration) -> Timestamp {
    let now = at.checked_add(later).unwrap_or(Timestamp::MAX);
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

#[derive(Default)]
struct KeyWrites {
    writes: Vec<KeyWrite>,
    /// Keys of open claims that end with this commit.
    ended: Vec<KeyRef>,
    is_claim_open: bool,
}

/// What a step makes of a payment.
struct Change {
    after: Arc<Payment>,
    /// The step's events, with their places in the journal.
    recorded: Vec<Recorded>,
    /// What watchers will hear.
    frames: Vec<Frame>,
    /// Statuses on the way.
    entered: Vec<Status>,
}

impl Change {
    fn first(id: PaymentId, first: Recorded) -> Option<Self> {
        let after = Payment::created(id, &first)?;
        let frames = Frame::of(&after, &first).into_iter().collect();
        let entered = vec![after.status];
        Some(Self { after: Arc::new(after), recorded: vec![first], frames, entered })
    }

    fn fold(before: &Arc<Payment>, step: &Step, by: By, now: Timestamp) -> Self {
        let (mut frames, mut entered) = (Vec::new(), Vec::new());
        if step.events.is_empty() {
            return Self { after: before.clone(), recorded: Vec::new(), frames, entered };
        }
        let mut after = Payment::clone(before);
        // A clock that was set back must not turn the journal's time around.
        let at = now.max(before.updated_at);
        let mut recorded = Vec::with_capacity(step.events.len());
        for event in &step.events {
            let event = Recorded { seq: after.seq + 1, at, by, event: event.clone() };
            let status = after.status;
            after.apply(&event);
            if after.status != status {
                entered.push(after.status);
            }
            frames.extend(Frame::of(&after, &event));
            recorded.push(event);
        }
        Self { after: Arc::new(after), recorded, frames, entered }
    }
}
