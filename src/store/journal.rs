//! The commit path: the one way a payment changes.
//!
//! Actors hand in commits over a bounded channel. A writer takes whatever queued up while its last
//! commit ran (natural batching: no timer, and no added latency when little happens) and writes it in
//! one transaction. Two fences keep a stale actor out: the primary key (payment, seq) of an event, and
//! the seq of the projection, which only grows.
//!
//! A batch is written optimistically, all together. When any row of it is refused, the transaction is
//! rolled back and the batch is written once more with a savepoint around each commit, so that only the
//! losers lose, and each hears why.

use std::sync::Arc;

use metrics::{counter, histogram};
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, Iterable, TransactionTrait,
    sea_query::{Alias, Expr, ExprTrait, OnConflict},
};
use serde::Deserialize;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use super::{
    KeyWrite, Records, StoreError,
    connect::begin,
    idempotency, is_unique_violation,
    rows::{event_row, payment_row, transaction_rows},
};
use crate::domain::{Payment, Recorded};

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
    lane: u128,
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
            events: events.iter().map(|recorded| event_row(payment.id, recorded)).collect::<Result<_, _>>()?,
            keys,
            lane: payment.id.uuid().as_u128(),
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
    /// The queue is full; nothing was written.
    #[error("too many commits are waiting")]
    Overloaded,
    /// The database failed. It may or may not have been written: reload before the next decision.
    #[error("the journal cannot be written")]
    Unavailable,
}

struct Entry {
    commit: Commit,
    done: oneshot::Sender<Result<(), CommitError>>,
}

/// The actors' end of the journal. When the last clone is dropped, the writers finish and stop.
#[derive(Clone)]
pub struct Journal {
    lanes: Arc<[mpsc::Sender<Entry>]>,
}

impl Journal {
    /// Starts writers, each for the payments of its hash. Await the handles after the last [`Journal`] is dropped to know that all is
    /// written.
    pub fn start(
        records: &Arc<dyn Records>,
        writers: usize,
        settings: &JournalSettings,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let mut lanes = Vec::with_capacity(writers);
        let mut handles = Vec::with_capacity(writers);
        for _ in 0..writers.max(1) {
            let (sender, receiver) = mpsc::channel(settings.queue);
            lanes.push(sender);
            handles.push(tokio::spawn(write_all(records.clone(), receiver, settings.max_batch)));
        }
        (Self { lanes: lanes.into() }, handles)
    }

    /// Makes `commit` durable: `Ok` means fsynced.
    ///
    /// # Errors
    /// See [`CommitError`]; except for `Unavailable`, nothing was written.
    pub async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let lane = usize::try_from(commit.lane % self.lanes.len() as u128).unwrap_or(0);
        let (done, answer) = oneshot::channel();
        self.lanes[lane].try_send(Entry { commit, done }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => CommitError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => CommitError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(CommitError::Unavailable))
    }
}

async fn write_all(records: Arc<dyn Records>, mut queue: mpsc::Receiver<Entry>, max_batch: usize) {
    let mut batch = Vec::with_capacity(max_batch);
    while queue.recv_many(&mut batch, max_batch).await > 0 {
        let started = Instant::now();
        let (commits, answers): (Vec<_>, Vec<_>) = batch.drain(..).map(|entry| (entry.commit, entry.done)).unzip();
        let results = records.write(&commits).await;
        histogram!("paygate_journal_batch_commits").record(commits.len() as f64);
        histogram!("paygate_journal_commit_seconds").record(started.elapsed().as_secs_f64());
        for (answer, result) in answers.into_iter().zip(results) {
            if let Err(error) = result {
                counter!("paygate_journal_refused_total", "why" => why(error)).increment(1);
            }
            // Whoever asked may be gone; what is durable stays durable.
            let _ = answer.send(result);
        }
    }
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

/// Writes commits in one transaction, without those that somebody else was faster than.
pub(super) async fn write_batch(db: &DatabaseConnection, commits: &[Commit]) -> Vec<Result<(), CommitError>> {
    match write_together(db, commits).await {
        Ok(()) => return vec![Ok(()); commits.len()],
        // The answer to COMMIT is lost: writing again would find our own rows and call them another's.
        Err(Together::InDoubt(error)) => {
            tracing::error!(%error, commits = commits.len(), "a journal transaction is in doubt");
            return vec![Err(CommitError::Unavailable); commits.len()];
        }
        Err(Together::Refused) => {}
    }
    match write_apart(db, commits).await {
        Ok(results) => results,
        Err(error) => {
            tracing::error!(%error, commits = commits.len(), "the journal cannot be written");
            vec![Err(CommitError::Unavailable); commits.len()]
        }
    }
}

/// The common case: nobody conflicts. An error says only that somebody does, or that the database is ill;
/// [`write_apart`] finds out which.
async fn write_together(db: &DatabaseConnection, commits: &[Commit]) -> Result<(), Together> {
    let txn = begin(db).await.map_err(|_| Together::Refused)?;
    write(&txn, commits).await.map_err(|_| Together::Refused)?;
    txn.commit().await.map_err(Together::InDoubt)
}

/// Why a batch was not written together.
enum Together {
    /// Nothing was written.
    Refused,
    /// It may or may not have been written.
    InDoubt(DbErr),
}

/// Each commit in its own savepoint, all in one transaction.
async fn write_apart(db: &DatabaseConnection, commits: &[Commit]) -> Result<Vec<Result<(), CommitError>>, DbErr> {
    let txn = begin(db).await?;
    let mut results = Vec::with_capacity(commits.len());
    for commit in commits {
        let savepoint = txn.begin().await?;
        match write(&savepoint, std::slice::from_ref(commit)).await {
            Ok(()) => {
                savepoint.commit().await?;
                results.push(Ok(()));
            }
            Err(Refused::Commit(error)) => {
                savepoint.rollback().await?;
                results.push(Err(error));
            }
            // A commit that the database cannot take must not take the others with it.
            Err(Refused::Database(error)) => {
                savepoint.rollback().await?;
                tracing::error!(%error, "a commit cannot be written");
                results.push(Err(CommitError::Unavailable));
            }
        }
    }
    txn.commit().await?;
    Ok(results)
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

/// Insert, or update what may change in a payment, provided that it has moved forward.
fn fenced_update() -> OnConflict {
    use payment::Column::{Amount, CreatedAt, Currency, ExpiresAt, Id, MerchantId, OrderId, OrderName, Seq};
    let is_fixed = |column: &payment::Column| {
        matches!(column, Id | MerchantId | OrderId | OrderName | Amount | Currency | CreatedAt | ExpiresAt)
    };
    OnConflict::column(Id)
        .update_columns(payment::Column::iter().filter(|column| !is_fixed(column)))
        .action_and_where(Expr::col((payment::Entity, Seq)).lt(Expr::col((Alias::new("excluded"), Seq))))
        .to_owned()
}
