//! Whether the database takes writes, and whether what it shows is durable.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{DbErr, RuntimeErr, sqlx};
use tokio::{sync::Notify, time::Instant};

/// Shared by all connections of a store.
#[derive(Default)]
pub(super) struct Health {
    failing: Mutex<Option<Failing>>,
    /// The same as `failing`, for the hot path.
    is_failing: AtomicBool,
    /// A file of SQLite may hold less than it shows.
    needs_reopening: AtomicBool,
    failed: Notify,
    /// See [`Epoch`].
    epoch: Epoch,
    /// The epoch in which the last committed transaction began.
    proven: AtomicU64,
}

/// Counts the moments after which the database may show what is not durable yet. PostgreSQL shows a transaction that
/// its synchronous standby has not received in two cases: the primary was restarted, and then every connection is a new
/// one; or the session that waited for the standby was ended, and then its connection was not given back. So each
/// opened and each discarded connection begins a new epoch.
#[derive(Clone, Default)]
pub(super) struct Epoch(Arc<AtomicU64>);

impl Epoch {
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

struct Failing {
    since: Instant,
    reason: String,
}

impl Health {
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Refuses while the database is known to refuse writes: a caller that would wait for a deadline is answered at
    /// once instead.
    pub fn permit(&self) -> Result<(), DbErr> {
        if !self.is_failing.load(Ordering::Acquire) {
            return Ok(());
        }
        let reason = self.failure().map(|(reason, _)| reason).unwrap_or_default();
        Err(DbErr::Custom(format!("the database does not take writes: {reason}")))
    }

    /// Since when, and why, writes fail.
    pub fn failure(&self) -> Option<(String, Duration)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|failing| (failing.reason.clone(), failing.since.elapsed()))
    }

    /// A write failed, and not because of its data.
    pub fn note_failure(&self, error: &DbErr) {
        if is_io_error(error) {
            self.needs_reopening.store(true, Ordering::Release);
        }
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.is_none() {
            tracing::error!(%error, "the database does not take writes");
            *failing = Some(Failing { since: Instant::now(), reason: error.to_string() });
            self.is_failing.store(true, Ordering::Release);
        }
        self.failed.notify_one();
    }

    /// A transaction that began in `epoch` was committed.
    pub fn note_commit(&self, epoch: u64) {
        self.proven.fetch_max(epoch, Ordering::AcqRel);
        if !self.is_failing.load(Ordering::Acquire) || self.needs_reopening() {
            return;
        }
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Failing { since, .. }) = failing.take() {
            self.is_failing.store(false, Ordering::Release);
            tracing::info!(
                after_ms = u64::try_from(since.elapsed().as_millis()).ok(),
                "the database takes writes again"
            );
        }
    }

    /// Whether a transaction that began in this epoch was committed.
    pub fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Acquire) >= self.epoch.now()
    }

    pub fn needs_reopening(&self) -> bool {
        self.needs_reopening.load(Ordering::Acquire)
    }

    pub fn note_reopened(&self) {
        self.needs_reopening.store(false, Ordering::Release);
    }

    /// Waits for the next failed write.
    pub async fn failed(&self) {
        self.failed.notified().await;
    }
}

/// The code of the database's own error.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    match &**error {
        sqlx::Error::Database(error) => error.code().map(|code| code.into_owned()),
        _ => None,
    }
}

/// SQLite's primary result code; the extended ones carry more in their higher bits.
fn sqlite_primary(code: &str) -> Option<u32> {
    // SQLSTATE has five characters and SQLite's codes have four at most.
    (code.len() < 5).then(|| code.parse::<u32>().ok()).flatten().map(|code| code & 0xff)
}

const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_NOTADB: u32 = 26;

/// The rows in question are the cause (a taken key, a lock held too long), which says nothing of the database.
pub(super) fn concerns_data(error: &DbErr) -> bool {
    let Some(code) = code(error) else { return false };
    match sqlite_primary(&code) {
        Some(primary) => primary == SQLITE_CONSTRAINT,
        // Constraint, data, transaction rollback (serialization, deadlock), raised by a trigger, lock not available,
        // and "the transaction is aborted", which follows one of these.
        None => {
            let is_of_data = ["22", "23", "40", "P0"].iter().any(|class| code.starts_with(class));
            is_of_data || [LOCK_NOT_AVAILABLE, "25P02"].contains(&&*code)
        }
    }
}

const LOCK_NOT_AVAILABLE: &str = "55P03";

/// PostgreSQL gave up waiting for a lock.
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    code(error).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}

/// The connection is lost, and with it, most likely, all others to the same server.
pub(super) fn is_lost_connection(error: &DbErr) -> bool {
    match code(error) {
        // "Connection exception", and shut-downs of the server.
        Some(code) => code.starts_with("08") || code.starts_with("57P"),
        None => matches!(
            error,
            DbErr::Conn(_) | DbErr::Exec(RuntimeErr::SqlxError(_)) | DbErr::Query(RuntimeErr::SqlxError(_))
        ),
    }
}

/// What was written may be in memory of the system alone (a failed fsync is one of these).
fn is_io_error(error: &DbErr) -> bool {
    let primary = code(error).and_then(|code| sqlite_primary(&code));
    matches!(primary, Some(SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_NOTADB))
}
