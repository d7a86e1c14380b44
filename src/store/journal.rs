//! The commit path: the one way a payment changes.
//!
//! Actors hand in commits, as many as there are places. A writer takes whatever queued up while its last
//! commit ran, one commit of each merchant after the other (natural batching: no timer, and no added latency when little happens) and writes it in
//! one transaction. Two fences keep a stale actor out: the primary key (payment, seq) of an event, and
//! the seq of the projection, which only grows.
//!
//! A batch is written optimistically, all together. When any row of it is refused, the transaction is
//! rolled back and the batch is written once more with a savepoint around each commit, so that only the
//! losers lose, and each hears why.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use metrics::{counter, histogram};
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, OnConflict},
};
use serde::Deserialize;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use uuid::Uuid;

use super::{
    KeyWrite, Records, StoreError,
    health::is_lock_timeout,
    idempotency, is_unique_violation,
    rows::{event_row, payment_row, transaction_rows},
    writes::{CommitFailure, Write, Writes},
};
use crate::{
    domain::{MerchantId, Payment, Recorded},
    shares::{Rule, Share, Shares},
    supervision::survive,
};

/// `[journal]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalSettings {
    /// Commits that may wait for a writer; one more is refused with 503.
    pub queue: usize,
    /// Commits written in one transaction at most.
    pub max_batch: usize,
    /// Writers on PostgreSQL, each owning the payments of its hash; SQLite has one.
    pub writers: usize,
}

/// What becomes durable together: events, the projection after them, the money that moved, and the
/// idempotency keys of the calls behind it.
pub struct Commit {
    pub(super) payment: payment::ActiveModel,
    pub(super) events: Vec<payment_event::ActiveModel>,
    transactions: Vec<payment_transaction::ActiveModel>,
    pub(super) keys: Vec<KeyWrite>,
    is_first: bool,
    /// The seq of the event before the first of these; `None` for the first of all, and without events.
    continues: Option<i64>,
    lane: u128,
    merchant: MerchantId,
}

impl Commit {
    /// `payment` is the state after `events`.
    ///
    /// # Errors
    /// An event cannot be written as JSON, which no event of ours does.
    pub fn new(payment: &Payment, events: &[Recorded], keys: Vec<KeyWrite>) -> Result<Self, StoreError> {
        Ok(Self {
            payment: payment_row(payment).into_active_model(),
            transactions: transaction_rows(payment, events),
            is_first: events.first().is_some_and(|first| first.seq == 1),
            continues: events.first().map(|first| first.seq - 1).filter(|seq| *seq > 0),
            events: events.iter().map(|recorded| event_row(payment.id, recorded)).collect::<Result<_, _>>()?,
            keys,
            lane: payment.id.uuid().as_u128(),
            merchant: payment.order.merchant,
        })
    }
}

/// Why a commit did not become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else moved the payment: reload it and decide again.
    #[error("the payment has moved on")]
    Stale,
    /// The shop has a payment for this order already.
    #[error("the order exists")]
    OrderExists,
    /// The idempotency key was taken by another call meanwhile.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// Too many commits wait, or the database takes no writes at present. Nothing was written.
    #[error("the journal takes no commits at present")]
    Overloaded,
    /// The database failed. It may or may not have been written: reload before the next decision.
    #[error("the journal cannot be written")]
    Unavailable,
}

/// The name of the writers, where tasks are reported.
pub const JOURNAL_WRITER: &str = "journal writer";

struct Entry {
    commit: Commit,
    since: Instant,
    done: oneshot::Sender<Result<(), CommitError>>,
    /// Of the places among those that wait.
    _place: Share<MerchantId>,
}

/// A commit that has waited longer than this for a writer is refused: its caller is answered in time, and the writers
/// get back to those that are still waited for.
const MAX_WAIT: Duration = Duration::from_secs(4);

/// The actors' end of the journal. When the last clone is dropped, the writers finish and stop.
#[derive(Clone)]
pub struct Journal {
    lanes: Arc<[Lane]>,
    progress: Arc<Progress>,
}

/// The way to one writer. Its places are shared between merchants, so the channel itself needs no limit.
struct Lane {
    sender: mpsc::UnboundedSender<Entry>,
    places: Arc<Shares<MerchantId>>,
}

/// How long each writer has been at its transaction.
struct Progress {
    started: Instant,
    /// Milliseconds from `started` to the beginning of the transaction under way; negative when there is none.
    busy_since: Vec<AtomicI64>,
}

impl Progress {
    const IDLE: i64 = -1;

    fn now(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn longest(&self) -> Duration {
        let now = self.now();
        let busy = self.busy_since.iter().map(|since| since.load(Ordering::Relaxed)).filter(|since| *since >= 0);
        let longest = busy.map(|since| now.saturating_sub(since)).fold(0, Ord::max);
        Duration::from_millis(longest.unsigned_abs())
    }
}

impl Journal {
    /// Starts `writers` writers and returns them, to be waited for at the end of the process.
    pub fn start(
        records: &Arc<dyn Records>,
        writers: usize,
        settings: &JournalSettings,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let writers = writers.max(1);
        let idle = || AtomicI64::new(Progress::IDLE);
        let progress = Arc::new(Progress {
            started: Instant::now(),
            busy_since: std::iter::repeat_with(idle).take(writers).collect(),
        });
        let mut lanes = Vec::with_capacity(writers);
        let mut handles = Vec::with_capacity(writers);
        for lane in 0..writers {
            let (sender, receiver) = mpsc::unbounded_channel();
            lanes.push(Lane { sender, places: Shares::new("commits", settings.queue, Rule::default()) });
            let writer = Writer { records: records.clone(), progress: progress.clone(), lane };
            handles.push(tokio::spawn(writer.write_all(receiver, settings.max_batch)));
        }
        (Self { lanes: lanes.into(), progress }, handles)
    }

    /// Makes `commit` durable: `Ok` means fsynced.
    ///
    /// # Errors
    /// See [`CommitError`]; except for `Unavailable`, nothing was written.
    pub async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let lane = usize::try_from(commit.lane % self.lanes.len() as u128).unwrap_or(0);
        let (done, answer) = oneshot::channel();
        let Lane { sender, places } = &self.lanes[lane];
        let place = places.take(Some(commit.merchant)).map_err(|_| CommitError::Overloaded)?;
        let entry = Entry { commit, since: Instant::now(), done, _place: place };
        sender.send(entry).map_err(|_| CommitError::Unavailable)?;
        answer.await.unwrap_or(Err(CommitError::Unavailable))
    }

    /// For how long the slowest transaction has been under way.
    pub fn longest_write(&self) -> Duration {
        self.progress.longest()
    }
}

/// Commits that wait for the writer. Merchants take turns: one with thousands of commits delays the others by one.
/// (Commits of one payment are never two at a time, so their order needs no care.)
#[derive(Default)]
struct Waiting {
    of: HashMap<MerchantId, VecDeque<Entry>>,
    turns: VecDeque<MerchantId>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    fn push(&mut self, entry: Entry) {
        let merchant = entry.commit.merchant;
        let own = self.of.entry(merchant).or_default();
        if own.is_empty() {
            self.turns.push_back(merchant);
        }
        own.push_back(entry);
    }

    fn take(&mut self, most: usize) -> Vec<Entry> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(merchant) = self.turns.pop_front()
        {
            let Some(own) = self.of.get_mut(&merchant) else { continue };
            taken.extend(own.pop_front());
            if own.is_empty() {
                self.of.remove(&merchant);
            } else {
                self.turns.push_back(merchant);
            }
        }
        taken
    }
}

struct Writer {
    records: Arc<dyn Records>,
    progress: Arc<Progress>,
    lane: usize,
}

impl Writer {
    async fn write_all(self, mut queue: mpsc::UnboundedReceiver<Entry>, max_batch: usize) {
        let mut waiting = Waiting::default();
        loop {
            if waiting.is_empty() {
                let Some(entry) = queue.recv().await else { return };
                waiting.push(entry);
            }
            while let Ok(entry) = queue.try_recv() {
                waiting.push(entry);
            }
            let batch = waiting.take(max_batch);
            let (late, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(|entry| entry.since.elapsed() > MAX_WAIT);
            for entry in late {
                refuse(entry.done, CommitError::Overloaded);
            }
            if !batch.is_empty() {
                self.write(batch).await;
            }
        }
    }

    async fn write(&self, batch: Vec<Entry>) {
        let started = Instant::now();
        let (commits, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|entry| (entry.commit, entry.done)).unzip();
        self.progress.busy_since[self.lane].store(self.progress.now(), Ordering::Relaxed);
        // After a panic the writer can go on: the transaction is dropped with its connection, and the callers read the
        // journal before they decide again.
        let written = survive(JOURNAL_WRITER, self.records.write(&commits)).await;
        let results = written.unwrap_or_else(|| vec![Err(CommitError::Unavailable); commits.len()]);
        self.progress.busy_since[self.lane].store(Progress::IDLE, Ordering::Relaxed);
        histogram!("paygate_journal_batch_commits").record(commits.len() as f64);
        histogram!("paygate_journal_commit_seconds").record(started.elapsed().as_secs_f64());
        for (answer, result) in answers.into_iter().zip(results) {
            match result {
                // The caller may be gone; what is durable stays durable.
                Ok(()) => drop(answer.send(Ok(()))),
                Err(error) => refuse(answer, error),
            }
        }
    }
}

fn refuse(answer: oneshot::Sender<Result<(), CommitError>>, error: CommitError) {
    counter!("paygate_journal_refused_total", "why" => why(error)).increment(1);
    // The caller may be gone.
    let _ = answer.send(Err(error));
}

const fn why(error: CommitError) -> &'static str {
    match error {
        CommitError::Stale => "stale",
        CommitError::OrderExists => "order_exists",
        CommitError::KeyTaken => "key_taken",
        CommitError::Overloaded => "overloaded",
        CommitError::Unavailable => "unavailable",
    }
}

/// Writes commits in one transaction, without those that another process was faster than.
pub(super) async fn write_batch(writes: &Writes, commits: &[Commit]) -> Vec<Result<(), CommitError>> {
    let written = match write_together(writes, commits).await {
        Ok(()) => Ok(vec![Ok(()); commits.len()]),
        Err(Together::Refused) => write_apart(writes, commits).await,
        Err(Together::Failed(failure)) => Err(failure),
    };
    written.unwrap_or_else(|failure| {
        let error = match failure {
            CommitFailure::NotSent(error) => {
                tracing::warn!(%error, commits = commits.len(), "a journal transaction was not written");
                CommitError::Overloaded
            }
            // Writing again would find our own rows and call them another process's.
            CommitFailure::InDoubt(error) => {
                tracing::error!(%error, commits = commits.len(), "a journal transaction is in doubt");
                CommitError::Unavailable
            }
        };
        vec![Err(error); commits.len()]
    })
}

/// The common case: no commit conflicts with another. An error says only that one does, or that the database failed;
/// [`write_apart`] finds out which.
async fn write_together(writes: &Writes, commits: &[Commit]) -> Result<(), Together> {
    let txn = writes.begin().await.map_err(CommitFailure::NotSent)?;
    if write(&txn, commits).await.is_err() {
        txn.rollback().await;
        return Err(Together::Refused);
    }
    Ok(txn.commit().await?)
}

/// Why a batch was not written together.
enum Together {
    /// A row was refused. Nothing was written.
    Refused,
    Failed(CommitFailure),
}

impl From<CommitFailure> for Together {
    fn from(failure: CommitFailure) -> Self {
        Together::Failed(failure)
    }
}

/// Each commit in its own savepoint, all in one transaction.
async fn write_apart(writes: &Writes, commits: &[Commit]) -> Result<Vec<Result<(), CommitError>>, CommitFailure> {
    let txn = writes.begin().await.map_err(CommitFailure::NotSent)?;
    let mut results = Vec::with_capacity(commits.len());
    let mut failure = None;
    for commit in commits {
        let result = write_one(&txn, commit).await.map_err(CommitFailure::NotSent)?;
        results.push(result.map_err(|refused| match refused {
            Refused::Commit(error) => error,
            // A commit that the database cannot take must not take the others with it.
            Refused::Database(error) => {
                tracing::error!(%error, "a commit cannot be written");
                failure = Some(error);
                CommitError::Unavailable
            }
        }));
    }
    txn.commit().await?;
    let is_none_written = results.iter().all(|result| *result == Err(CommitError::Unavailable));
    if let Some(error) = failure.filter(|error| is_none_written && is_lock_timeout(error)) {
        // One of the tables may be locked, not a row of one payment.
        writes.note_failure(&error);
    }
    Ok(results)
}

/// An error means that the transaction is lost, with all that was written in it.
async fn write_one(txn: &Write, commit: &Commit) -> Result<Result<(), Refused>, DbErr> {
    txn.savepoint().await?;
    let written = write(txn, std::slice::from_ref(commit)).await;
    if written.is_ok() {
        txn.release().await?;
    } else {
        txn.undo().await?;
    }
    Ok(written)
}

enum Refused {
    Commit(CommitError),
    Database(DbErr),
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Refused::Database(error)
    }
}

impl Refused {
    /// A broken unique key means `conflict`; anything else is the database's own trouble.
    fn unless_unique(conflict: CommitError) -> impl Fn(DbErr) -> Self {
        move |error| if is_unique_violation(&error) { Refused::Commit(conflict) } else { Refused::Database(error) }
    }
}

async fn write(txn: &impl ConnectionTrait, commits: &[Commit]) -> Result<(), Refused> {
    let moved = || commits.iter().filter(|commit| !commit.events.is_empty());
    // A commit without events only keeps an idempotency key.
    let mut rows: Vec<_> = moved().map(|commit| commit.payment.clone()).collect();
    // Two writers that wait for each other's orders must do so in the same order; likewise below.
    rows.sort_by(|a, b| a.order_id.as_ref().cmp(b.order_id.as_ref()));
    if !rows.is_empty() {
        if !follow_the_journal(txn, commits).await? {
            return Err(Refused::Commit(CommitError::Stale));
        }
        let wanted = rows.len() as u64;
        let first = moved().any(|commit| commit.is_first);
        let conflict = if first { CommitError::OrderExists } else { CommitError::Stale };
        let written = payment::Entity::insert_many(rows)
            .on_conflict(fenced_update())
            .exec_without_returning(txn)
            .await
            .map_err(Refused::unless_unique(conflict))?;
        if written != wanted {
            return Err(Refused::Commit(CommitError::Stale));
        }
        let events = moved().flat_map(|commit| commit.events.iter().cloned());
        payment_event::Entity::insert_many(events)
            .exec_without_returning(txn)
            .await
            .map_err(Refused::unless_unique(CommitError::Stale))?;
    }
    let transactions: Vec<_> = moved().flat_map(|commit| commit.transactions.iter().cloned()).collect();
    if !transactions.is_empty() {
        payment_transaction::Entity::insert_many(transactions)
            .exec_without_returning(txn)
            .await
            .map_err(Refused::unless_unique(CommitError::Stale))?;
    }
    let mut keys: Vec<_> = commits.iter().flat_map(|commit| &commit.keys).collect();
    keys.sort_by_key(|write| write.key_text().to_owned());
    for key in keys {
        if !idempotency::write(txn, key).await? {
            return Err(Refused::Commit(CommitError::KeyTaken));
        }
    }
    Ok(())
}

/// Whether each commit that is not a payment's first continues where the database is. A payment that has moved on is
/// refused, and so is one that lags behind or is missing: a database that was restored, or a standby that took over
/// without its primary's last transactions, must not receive the continuation of what it does not have.
async fn follow_the_journal(txn: &impl ConnectionTrait, commits: &[Commit]) -> Result<bool, DbErr> {
    use payment::Column::{Id, Seq};
    let expected: BTreeMap<Uuid, i64> =
        commits.iter().filter_map(|commit| Some((*commit.payment.id.as_ref(), commit.continues?))).collect();
    if expected.is_empty() {
        return Ok(true);
    }
    // Locked in one order, so that two writers cannot wait for each other. SQLite has one writer and no such clause.
    let rows = payment::Entity::find().filter(Id.is_in(expected.keys().copied())).order_by_asc(Id).lock_exclusive();
    let found: Vec<(Uuid, i64)> = rows.select_only().columns([Id, Seq]).into_tuple().all(txn).await?;
    Ok(found.len() == expected.len() && found.iter().all(|(id, seq)| expected.get(id) == Some(seq)))
}

/// Insert, or update what may change in a payment, provided that it has moved forward.
fn fenced_update() -> OnConflict {
    use payment::Column::{Amount, CreatedAt, Currency, ExpiresAt, Id, MerchantId, OrderName, Seq};
    let is_fixed = |column: &payment::Column| {
        matches!(column, Id | MerchantId | OrderName | Amount | Currency | CreatedAt | ExpiresAt)
    };
    OnConflict::column(Id)
        .update_columns(payment::Column::iter().filter(|column| !is_fixed(column)))
        .action_and_where(Expr::col((payment::Entity, Seq)).lt(Expr::col((Alias::new("excluded"), Seq))))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;
    use crate::{
        domain::{By, Currency, MerchantId, Money, Order, PaymentId, create},
        store::simulated::{Chances, Disk, Drive, Faults, Flaws},
    };

    fn first_commit() -> Commit {
        let order = Order {
            merchant: MerchantId::from(Uuid::from_u128(1)),
            order_id: "order".parse().unwrap(),
            order_name: "coffee".parse().unwrap(),
            amount: Money::new(1_000, Currency::KRW).unwrap(),
            expires_at: "2026-12-01T00:10:00Z".parse().unwrap(),
            redirects: Box::default(),
            metadata: None,
        };
        let created = Recorded { seq: 1, at: jiff::Timestamp::UNIX_EPOCH, by: By::Shop, event: create(order) };
        let payment = Payment::created(PaymentId::from(Uuid::from_u128(2)), &created).unwrap();
        Commit::new(&payment, &[created], Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn a_writer_that_panics_reports_its_batch_as_in_doubt_and_writes_the_next_one() {
        static PANICS: AtomicBool = AtomicBool::new(true);
        let faults = Faults::new(Xoshiro256PlusPlus::seed_from_u64(1), Chances::default());
        let drive = Drive {
            disk: Arc::new(Disk::new(Vec::new(), Flaws::default())),
            life: Arc::default(),
            faults: Arc::new(faults),
            pretends: Some(|_| PANICS.swap(false, Ordering::SeqCst) && panic!("on purpose")),
        };
        let disk = drive.disk.clone();
        let records: Arc<dyn Records> = Arc::new(drive);
        let settings = JournalSettings { queue: 8, max_batch: 8, writers: 1 };
        let (journal, _writers) = Journal::start(&records, 1, &settings);
        assert_eq!(journal.commit(first_commit()).await, Err(CommitError::Unavailable));
        assert!(disk.journals().is_empty());
        assert_eq!(journal.commit(first_commit()).await, Ok(()));
        assert_eq!(disk.journals().len(), 1);
    }
}
