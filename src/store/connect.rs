//! Pools, pragmas and the schema.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use paygate_migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use serde::Deserialize;

use super::StoreError;

/// `[database]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite://path/to/file` or `postgres://…`.
    pub url: String,
    /// Connections for look-ups and lists.
    pub read_connections: u32,
    /// Connections for writing on PostgreSQL; SQLite always has one writer.
    pub write_connections: u32,
    /// How long a caller waits for a free connection before it hears 503.
    pub acquire_timeout_ms: u64,
}

/// How long SQLite waits for another process's write before it gives up.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Advisory lock that makes concurrent migrators on PostgreSQL wait for each other; any constant does.
const MIGRATION_LOCK: i64 = 0x0070_6179_6761_7465;

/// The database, as two doors: many may read, few may write.
#[derive(Clone)]
pub struct Store {
    pub(super) read: DatabaseConnection,
    pub(super) write: DatabaseConnection,
}

impl Store {
    /// Opens the pools. The schema is not touched: see [`Store::migrate`].
    ///
    /// # Errors
    /// The database cannot be reached or the URL makes no sense.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        if let Some(folder) = sqlite_file(&settings.url).as_deref().and_then(Path::parent) {
            std::fs::create_dir_all(folder)
                .map_err(|e| DbErr::Custom(format!("cannot create {}: {e}", folder.display())))?;
        }
        let write = Database::connect(options(settings, Door::Write)).await?;
        let read = Database::connect(options(settings, Door::Read)).await?;
        Ok(Self { read, write })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    /// A migration failed; it was rolled back.
    pub async fn migrate(settings: &DatabaseSettings) -> Result<(), StoreError> {
        let one = DatabaseSettings { write_connections: 1, ..settings.clone() };
        let _file_lock = sqlite_file(&settings.url).as_deref().map(lock_beside).transpose()?;
        let db = Database::connect(options(&one, Door::Write)).await?;
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
        Ok(Migrator::get_pending_migrations_read_only(&self.write).await?.is_empty())
    }

    /// Readiness: the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.read.ping().await?)
    }

    pub fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Sqlite
    }

    /// Starts a writing transaction. On SQLite it takes the write lock at once: a transaction that reads
    /// first and writes later would fail when another one wrote in between.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Closes the pools after the last user is gone.
    pub async fn close(self) {
        for (door, db) in [("read", self.read), ("write", self.write)] {
            if let Err(error) = db.close().await {
                tracing::warn!(%error, door, "closing a database pool failed");
            }
        }
    }
}

pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    })
    .await
}

#[derive(Clone, Copy, PartialEq)]
enum Door {
    Read,
    Write,
}

fn options(settings: &DatabaseSettings, door: Door) -> ConnectOptions {
    let is_sqlite = settings.url.starts_with("sqlite:");
    let connections = match door {
        Door::Read => settings.read_connections,
        Door::Write if is_sqlite => 1,
        Door::Write => settings.write_connections,
    };
    let mut options = ConnectOptions::new(settings.url.clone());
    options
        .max_connections(connections)
        // All of them at once, for ever: a connection belongs to the thread that opened it, and the threads
        // of the server end before the journal does.
        .min_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .connect_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .sqlx_logging(false)
        // Acknowledged means on disk, whatever the server's default is.
        .map_sqlx_postgres_opts(|postgres| postgres.options([("synchronous_commit", "on")]))
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

/// The file behind a SQLite URL.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

/// Takes an exclusive lock beside the database file; dropping it releases it.
fn lock_beside(database: &Path) -> Result<File, DbErr> {
    let failed = |error: std::io::Error| DbErr::Custom(format!("cannot lock {}: {error}", database.display()));
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::create(database.with_added_extension("lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}
