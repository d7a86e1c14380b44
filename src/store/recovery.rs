//! What a process does about a database that refused a write. It finds out by writing when writes work again, and it
//! opens a file of SQLite anew when that file may hold less than it shows.

use std::time::Duration;

use jiff::Timestamp;
use paygate_entity::lease;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, Statement,
    sea_query::OnConflict,
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{Store, StoreError, rows::micros, writes::Write};

/// Between two attempts to write.
const PROBE_EVERY: Duration = Duration::from_millis(250);

/// How long connections that are lent may take to come back before a file is opened anew.
const RETURN_LIMIT: Duration = Duration::from_secs(8);

/// How long writing the log back and checking the file may take.
const CHECK_LIMIT: Duration = Duration::from_secs(20);

/// Larger files are not checked page by page: that takes seconds for each GiB.
const MAX_CHECKED_BYTES: i64 = 256 * 1024 * 1024;

/// The row that a probe writes.
const PROBE: &str = "write-probe";

impl Store {
    /// Why the database takes no writes; `None` while it takes them.
    pub fn write_failure(&self) -> Option<String> {
        self.health.failure().map(|(reason, _)| reason)
    }

    /// After each failed write, writes until writes work again. Returns only when the database cannot be used any more.
    pub async fn recover(&self) -> StoreError {
        loop {
            self.health.failed().await;
            while let Some((_, failing_for)) = self.health.failure() {
                let must_reopen = self.is_sqlite() && self.health.needs_reopening();
                let recovered = if must_reopen { self.reopen().await } else { self.probe().await };
                match recovered {
                    Ok(()) => {}
                    Err(error) if must_reopen && failing_for > self.reopen_limit => return error,
                    Err(error) => {
                        tracing::debug!(%error, "the database does not take writes yet");
                        sleep(PROBE_EVERY).await;
                    }
                }
            }
        }
    }

    /// Makes sure that what a reader has just seen is durable (see [`super::health::Epoch`] for when it may not be). The
    /// log is replicated in order, so a commit of our own that began after the read, and was answered, proves all that
    /// was seen.
    ///
    /// # Errors
    /// Nothing can be committed at present.
    pub(super) async fn prove(&self) -> Result<(), StoreError> {
        if self.is_sqlite() || self.health.is_proven() {
            return Ok(());
        }
        let _first = self.proving.lock().await;
        if self.health.is_proven() {
            return Ok(());
        }
        self.health.permit()?;
        self.probe().await
    }

    /// Writes and commits.
    async fn probe(&self) -> Result<(), StoreError> {
        probe_in(self.write.begin_anyway().await?).await
    }

    /// Closes every connection to a file of SQLite and opens it anew.
    ///
    /// After a failed fsync the system may have dropped what was not written, and reports no error again. A commit that
    /// was appended to the log behind such a gap would be lost with it. So the log is written back to the database and
    /// emptied, which has to be fsynced with success, before anything is served.
    async fn reopen(&self) -> Result<(), StoreError> {
        tracing::warn!("opening the database file anew after an I/O error");
        let mut writers = self.write.pool().lock(RETURN_LIMIT).await?;
        let readers = self.read.pool().lock(RETURN_LIMIT).await?;
        let lease = self.write.pool().lend_locked(&mut writers).await?;
        let db = lease.db()?;
        timeout(CHECK_LIMIT, check(&db)).await.map_err(|_| failed("the check took too long"))??;
        drop(db);
        self.health.note_reopened();
        probe_in(self.write.begin_on(lease).await?).await?;
        drop((writers, readers));
        tracing::warn!("the database file was opened anew, checked and written");
        Ok(())
    }
}

/// The tables of the journal, and how long a probe waits for whoever has locked one.
const JOURNAL_TABLES: &str = "payment, payment_event, payment_transaction, idempotency_key";
const PROBE_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '500ms'";

async fn probe_in(txn: Write) -> Result<(), StoreError> {
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared(PROBE_LOCK_TIMEOUT).await?;
        txn.execute_unprepared(&format!("LOCK TABLE {JOURNAL_TABLES} IN ROW EXCLUSIVE MODE")).await?;
    }
    let row = lease::ActiveModel {
        name: Set(PROBE.to_owned()),
        holder: Set(Uuid::nil()),
        until: Set(micros(Timestamp::now())),
    };
    let upsert = OnConflict::column(lease::Column::Name).update_column(lease::Column::Until).to_owned();
    lease::Entity::insert(row).on_conflict(upsert).exec_without_returning(&txn).await?;
    txn.commit().await.map_err(DbErr::from)?;
    Ok(())
}

/// The log is written back and emptied, and a file of a moderate size is sound.
async fn check(db: &DatabaseConnection) -> Result<(), DbErr> {
    let checkpoint = ask(db, "PRAGMA wal_checkpoint(TRUNCATE)").await?;
    if checkpoint.try_get::<i32>("", "busy")? != 0 {
        return Err(failed("another process reads the log"));
    }
    let size = ask(db, "SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size").await?;
    if size.try_get::<i64>("", "size")? > MAX_CHECKED_BYTES {
        return Ok(());
    }
    let found: String = ask(db, "PRAGMA quick_check(1)").await?.try_get("", "quick_check")?;
    if found == "ok" { Ok(()) } else { Err(DbErr::Custom(format!("the database file is damaged: {found}"))) }
}

async fn ask(db: &DatabaseConnection, sql: &str) -> Result<sea_orm::QueryResult, DbErr> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    row.ok_or_else(|| failed("a pragma did not answer"))
}

fn failed(why: &str) -> DbErr {
    DbErr::Custom(format!("the database file cannot be opened anew: {why}"))
}
