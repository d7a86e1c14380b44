//! Pools, pragmas and the schema.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use paygate_migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr, QueryTrait, sqlx::sqlite::SqliteConnectOptions,
};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    StoreError,
    health::Health,
    pool::Pool,
    reads::Reads,
    writes::{Write, Writes},
};
use crate::private_files;

/// `[database]` of the configuration.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite://path/to/file` or `postgres://…`.
    pub url: String,
    /// Connections for look-ups and lists.
    pub read_connections: u32,
    /// Connections for writing on PostgreSQL; SQLite always has one writer.
    pub write_connections: u32,
    /// How long a caller waits for a free connection before it is refused with 503.
    pub acquire_timeout_ms: u64,
    /// How long a statement that reads may take; its connection is replaced then.
    pub read_timeout_ms: u64,
    /// How long a writing transaction may take, from BEGIN to the answer to COMMIT.
    pub write_timeout_ms: u64,
    /// How long the file of SQLite may fail to be opened anew after an I/O error before the process gives up.
    pub reopen_timeout_ms: u64,
}

impl DatabaseSettings {
    /// # Errors
    /// `url` cannot be used, and why.
    pub fn check_url(&self) -> Result<(), &'static str> {
        check_url(&self.url)
    }
}

impl fmt::Debug for DatabaseSettings {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = if is_sqlite(&self.url) { "sqlite" } else { "postgres" };
        f.debug_struct("DatabaseSettings").field("backend", &backend).finish_non_exhaustive()
    }
}

/// How long SQLite waits for another process's write before it gives up.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// How long PostgreSQL lets a statement wait for a lock of another session.
const POSTGRES_LOCK_TIMEOUT_MS: u64 = 2_000;

/// How long the parts of a command wait for each other: they share one connection.
const COMMAND_ACQUIRE_TIMEOUT_MS: u64 = 30_000;

/// Advisory lock that makes concurrent migrators on PostgreSQL wait for each other; any constant does.
const MIGRATION_LOCK: i64 = 0x0070_6179_6761_7465;

/// The database, as two doors: many may read, few may write.
#[derive(Clone)]
pub struct Store {
    pub(super) read: Reads,
    pub(super) write: Writes,
    pub(super) health: Arc<Health>,
    pub(super) reopen_limit: Duration,
    /// One caller at a time finds out whether what the database shows is durable.
    pub(super) proving: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the pools. The schema is not touched: see [`Store::migrate`].
    ///
    /// # Errors
    /// The database cannot be reached or the URL makes no sense.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        if let Some(file) = sqlite_file(&settings.url) {
            make_file(&file)?;
        }
        let backend = if is_sqlite(&settings.url) { DbBackend::Sqlite } else { DbBackend::Postgres };
        let health = Arc::new(Health::default());
        let open = async |door: Door| {
            let acquire = Duration::from_millis(settings.acquire_timeout_ms);
            Pool::open(options(settings, door), settings.connections(door), acquire, health.epoch().clone()).await
        };
        let limit = |ms| Duration::from_millis(ms);
        let write = Writes::new(open(Door::Write).await?, backend, limit(settings.write_timeout_ms), health.clone());
        let read = Reads::new(open(Door::Read).await?, backend, limit(settings.read_timeout_ms));
        if backend == DbBackend::Postgres {
            read.pool().join(write.pool());
        }
        Ok(Self { read, write, health, reopen_limit: limit(settings.reopen_timeout_ms), proving: Arc::default() })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    /// A migration failed; it was rolled back.
    pub async fn migrate(settings: &DatabaseSettings) -> Result<(), StoreError> {
        let one = DatabaseSettings { write_connections: 1, ..settings.clone() };
        let _file_lock = sqlite_file(&settings.url).as_deref().map(lock_beside).transpose()?;
        let db = Database::connect(options(&one, Door::Migration)).await?;
        let advisory = db.get_database_backend() == DbBackend::Postgres;
        if advisory {
            db.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
        }
        // One connection in the pool: closing it releases the advisory lock, whatever happened.
        let migrated = Migrator::up(&db, None).await;
        db.close().await?;
        Ok(migrated?)
    }

    /// Whether the schema is what this binary expects.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        let lease = self.write.pool().lend().await?;
        let pending = Migrator::get_pending_migrations_read_only(&lease.db()?).await?;
        lease.give_back();
        Ok(pending.is_empty())
    }

    /// Readiness: the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.read.ping().await?)
    }

    pub fn is_sqlite(&self) -> bool {
        self.write.backend() == DbBackend::Sqlite
    }

    /// Starts a writing transaction; see [`Writes::begin`].
    pub(super) async fn begin(&self) -> Result<Write, DbErr> {
        self.write.begin().await
    }

    /// Runs one UPDATE or DELETE in a transaction of its own, and returns how many rows it changed.
    pub(super) async fn run(&self, statement: impl QueryTrait) -> Result<u64, DbErr> {
        let txn = self.begin().await?;
        let changed = txn.execute(&statement.into_query()).await?.rows_affected();
        txn.commit().await?;
        Ok(changed)
    }

    /// Closes the pools after the last user is gone. A database that does not answer is not waited for.
    pub async fn close(self) {
        self.read.pool().close().await;
        self.write.pool().close().await;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Door {
    Read,
    Write,
    /// For as long as it takes.
    Migration,
}

impl DatabaseSettings {
    /// For a command beside a server, which must have its connections left: one to read and one to write.
    #[must_use]
    pub fn for_a_command(&self) -> Self {
        let acquire_timeout_ms = self.acquire_timeout_ms.max(COMMAND_ACQUIRE_TIMEOUT_MS);
        Self { read_connections: 1, write_connections: 1, acquire_timeout_ms, ..self.clone() }
    }

    fn connections(&self, door: Door) -> u32 {
        match door {
            Door::Read => self.read_connections,
            Door::Write if is_sqlite(&self.url) => 1,
            Door::Write => self.write_connections,
            Door::Migration => 1,
        }
    }
}

fn options(settings: &DatabaseSettings, door: Door) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.clone());
    let limits = match door {
        Door::Read => postgres_limits(settings.read_timeout_ms),
        Door::Write => postgres_limits(settings.write_timeout_ms),
        Door::Migration => Vec::new(),
    };
    options
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .connect_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |postgres| {
            // Acknowledged means on disk, whatever the server's default is.
            postgres.options([("synchronous_commit", "on")]).options(limits.clone())
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .create_if_missing(true)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .foreign_keys(true)
                .pragma("journal_mode", "WAL")
                // An acknowledged payment survives a power cut.
                .pragma("synchronous", "FULL")
                .pragma("cache_size", "-65536");
            if door == Door::Read { sqlite.pragma("query_only", "1") } else { sqlite }
        });
    options
}

/// Limits that the server keeps by itself, so that a session whose client is gone does not hold locks. The server does
/// not apply `statement_timeout` to a COMMIT that waits for a standby.
fn postgres_limits(limit_ms: u64) -> Vec<(&'static str, String)> {
    vec![
        ("statement_timeout", limit_ms.to_string()),
        ("lock_timeout", POSTGRES_LOCK_TIMEOUT_MS.min(limit_ms).to_string()),
        ("idle_in_transaction_session_timeout", (2 * limit_ms).to_string()),
        // Seconds, then milliseconds: the server's end of a connection whose client's machine is gone.
        ("tcp_keepalives_idle", "10".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_user_timeout", (2 * limit_ms).to_string()),
    ]
}

/// Whether it names a database that Paygate knows. The reason never repeats it: it may hold a password.
fn check_url(text: &str) -> Result<(), &'static str> {
    if text.starts_with("sqlite:") {
        let is_good = SqliteConnectOptions::from_str(text).is_ok();
        return if is_good { Ok(()) } else { Err("must be sqlite:// and the path of a file") };
    }
    let url = url::Url::parse(text).map_err(
        |_| "cannot be read; in a user name or a password write characters such as @ : / ? # % percent-encoded",
    )?;
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("must begin with sqlite:// or postgres://");
    }
    // What follows a `#` in a password would silently be left out.
    if url.fragment().is_some() {
        return Err("must not have a fragment; in a password write # as %23");
    }
    Ok(())
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// The file behind a SQLite URL; `None` for another database, or one in memory.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return None;
    }
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}

/// Makes the database file for its owner alone, before SQLite would make it for all; the files that SQLite puts beside
/// it get the mode of this one. Those that are there already are closed to others.
fn make_file(database: &Path) -> Result<(), DbErr> {
    let failed = |error: std::io::Error| DbErr::Custom(format!("cannot create {}: {error}", database.display()));
    if let Some(folder) = database.parent() {
        private_files::create_folder(folder).map_err(failed)?;
    }
    private_files::create(database).map_err(failed)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = database.as_os_str().to_owned();
        beside.push(suffix);
        private_files::close(Path::new(&beside));
    }
    Ok(())
}

/// Takes an exclusive lock beside the database file; dropping it releases it.
fn lock_beside(database: &Path) -> Result<File, DbErr> {
    let failed = |error: std::io::Error| DbErr::Custom(format!("cannot lock {}: {error}", database.display()));
    make_file(database)?;
    let path = database.with_added_extension("lock");
    private_files::close(&path);
    let file = private_files::creating().write(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_one_that_paygate_knows() {
        for good in ["sqlite://data/paygate.db", "sqlite::memory:", "postgres://u:p%23w@db/pay?sslmode=require"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["", "mysql://u:secret@db/pay", "postgres://u:se/cr@et/pay", "postgres://u:5432#secret@db/pay"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
