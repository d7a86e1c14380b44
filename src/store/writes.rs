//! Writing: one transaction at a time on each connection, and no write outside of one.
//!
//! # Why an acknowledged write is durable
//!
//! A write is acknowledged when [`Write::commit`] returns `Ok`, and only then. That needs the COMMIT to end the
//! transaction that the writes were made in. It does, because
//!
//! 1. a connection is lent only when it is new, or after a COMMIT or ROLLBACK on it has returned `Ok`, so it is
//!    outside a transaction;
//! 2. there, BEGIN opens a transaction of the database (never a savepoint), and nested work uses explicit savepoints,
//!    of which the driver knows nothing, so COMMIT is sent as COMMIT;
//! 3. after an error of any statement COMMIT is not sent, unless ROLLBACK TO has returned `Ok`: the database refuses it
//!    when it has ended the transaction by itself;
//! 4. every other end (an error, a deadline, a cancelled caller) closes the connection.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::time::{Instant, timeout_at};

use super::{
    StoreError,
    health::{Health, concerns_data, is_lost_connection},
    pool::{Lease, Pool},
};

/// Connections for writing.
#[derive(Clone)]
pub(super) struct Writes {
    pool: Pool,
    backend: DbBackend,
    /// From BEGIN to the answer to COMMIT.
    limit: Duration,
    health: Arc<Health>,
}

impl Writes {
    pub fn new(pool: Pool, backend: DbBackend, limit: Duration, health: Arc<Health>) -> Self {
        Self { pool, backend, limit, health }
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Starts a transaction. On SQLite it takes the write lock at once: a transaction that reads first and writes later
    /// would fail when another one wrote in between.
    ///
    /// # Errors
    /// The database is known to refuse writes, or does so now. Nothing was written.
    pub async fn begin(&self) -> Result<Write, DbErr> {
        self.health.permit()?;
        self.begin_anyway().await
    }

    /// As [`Writes::begin`], even while the database is known to refuse writes: how its recovery is noticed.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn begin_anyway(&self) -> Result<Write, DbErr> {
        let begun = match self.try_begin().await {
            // The server was restarted since the connection was last used.
            Err(error) if is_lost_connection(&error) => {
                self.pool.renew();
                self.try_begin().await
            }
            begun => begun,
        };
        begun.inspect_err(|error| {
            if !concerns_data(error) {
                self.health.note_failure(error);
            }
        })
    }

    /// A transaction failed in a way that may concern all of them.
    pub fn note_failure(&self, error: &DbErr) {
        self.health.note_failure(error);
    }

    async fn try_begin(&self) -> Result<Write, DbErr> {
        self.begin_on(self.pool.lend().await?).await
    }

    /// Starts a transaction on a connection of the caller's.
    ///
    /// # Errors
    /// Nothing was written.
    pub async fn begin_on(&self, lease: Lease) -> Result<Write, DbErr> {
        let (db, deadline) = (lease.db()?, Instant::now() + self.limit);
        let epoch = self.health.epoch().now();
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match in_time(deadline, db.begin_with_options(options)).await {
            Ok(txn) => Ok(Write {
                txn,
                lease,
                deadline,
                epoch,
                backend: self.backend,
                has_failed: AtomicBool::new(false),
                is_suspect: AtomicBool::new(false),
                health: self.health.clone(),
            }),
            Err(error) => {
                if is_late(&error) {
                    self.pool.renew_all();
                }
                lease.discard();
                Err(error)
            }
        }
    }
}

/// A writing transaction. Dropped, it is rolled back by closing its connection.
pub(super) struct Write {
    txn: DatabaseTransaction,
    lease: Lease,
    deadline: Instant,
    /// In which it began.
    epoch: u64,
    backend: DbBackend,
    /// A statement failed and its effects were not undone.
    has_failed: AtomicBool,
    /// A statement failed for a reason that is not in the data: the state of the connection is not known.
    is_suspect: AtomicBool,
    health: Arc<Health>,
}

/// Why a transaction was not committed.
#[derive(Debug)]
pub(super) enum CommitFailure {
    /// COMMIT was not sent: nothing was written.
    NotSent(DbErr),
    /// COMMIT was sent, and its answer is an error or missing.
    InDoubt(DbErr),
}

impl From<CommitFailure> for DbErr {
    fn from(failure: CommitFailure) -> Self {
        match failure {
            CommitFailure::NotSent(error) | CommitFailure::InDoubt(error) => error,
        }
    }
}

impl From<CommitFailure> for StoreError {
    fn from(failure: CommitFailure) -> Self {
        StoreError::Database(failure.into())
    }
}

impl Write {
    /// Makes everything durable: `Ok` means that the database has answered COMMIT.
    ///
    /// # Errors
    /// See [`CommitFailure`].
    pub async fn commit(self) -> Result<(), CommitFailure> {
        if self.has_failed.load(Ordering::Acquire) {
            let error = DbErr::Custom("a statement of the transaction failed".to_owned());
            return Err(CommitFailure::NotSent(error));
        }
        let Self { txn, lease, deadline, epoch, health, .. } = self;
        match in_time(deadline, txn.commit()).await {
            Ok(()) => {
                lease.give_back();
                health.note_commit(epoch);
                Ok(())
            }
            Err(error) => {
                health.note_failure(&error);
                lease.discard();
                Err(CommitFailure::InDoubt(error))
            }
        }
    }

    /// Takes everything back. The connection is kept only when the database says that it did.
    pub async fn rollback(self) {
        let Self { txn, lease, deadline, is_suspect, .. } = self;
        let is_clean = in_time(deadline, txn.rollback()).await.is_ok() && !is_suspect.into_inner();
        if is_clean { lease.give_back() } else { lease.discard() }
    }

    /// Rolls back and returns `refusal`, for a transaction that found out that it must not happen.
    pub async fn refuse<T, E>(self, refusal: E) -> Result<T, E> {
        self.rollback().await;
        Err(refusal)
    }

    /// Marks a place to which [`Write::undo`] goes back.
    pub async fn savepoint(&self) -> Result<(), DbErr> {
        self.execute_unprepared("SAVEPOINT one").await.map(|_| ())
    }

    /// Keeps what was written since [`Write::savepoint`].
    pub async fn release(&self) -> Result<(), DbErr> {
        self.execute_unprepared("RELEASE SAVEPOINT one").await.map(|_| ())
    }

    /// Takes back what was written since [`Write::savepoint`]. `Ok` proves that the transaction is still there: it is
    /// the savepoint's home, so a database that has ended it by itself refuses.
    ///
    /// # Errors
    /// The transaction is lost with all that it wrote.
    pub async fn undo(&self) -> Result<(), DbErr> {
        if self.is_suspect.load(Ordering::Acquire) {
            return Err(DbErr::Custom("the state of the connection is not known".to_owned()));
        }
        self.execute_unprepared("ROLLBACK TO SAVEPOINT one").await?;
        self.release().await?;
        self.has_failed.store(false, Ordering::Release);
        Ok(())
    }

    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let answer = in_time(self.deadline, statement).await;
        if let Err(error) = &answer {
            self.has_failed.store(true, Ordering::Release);
            if !concerns_data(error) {
                self.is_suspect.store(true, Ordering::Release);
                self.health.note_failure(error);
            }
        }
        answer
    }
}

#[async_trait]
impl ConnectionTrait for Write {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.txn.execute_raw(stmt)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.txn.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.txn.query_one_raw(stmt)).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.txn.query_all_raw(stmt)).await
    }
}

/// What a deadline is told as.
const LATE: &str = "the database did not answer in time";

async fn in_time<T>(deadline: Instant, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    timeout_at(deadline, answer).await.unwrap_or_else(|_| Err(DbErr::Custom(LATE.to_owned())))
}

fn is_late(error: &DbErr) -> bool {
    matches!(error, DbErr::Custom(text) if text == LATE)
}
