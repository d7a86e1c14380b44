//! A database per test: a SQLite file, or a PostgreSQL database beside the configured one.

use std::path::{Path, PathBuf};

use paygate::store::DatabaseSettings;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

use super::unique;

/// Dropped, it takes its data along.
pub struct TestDatabase {
    folder: TempDir,
    url: String,
    /// Where to drop it, when it is a PostgreSQL database.
    server: Option<Server>,
}

/// A transaction of somebody else that others wait for.
pub struct Held(DatabaseConnection);

impl Held {
    pub async fn release(self) {
        self.0.execute_unprepared("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

struct Server {
    admin_url: String,
    name: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let folder = TempDir::new().unwrap();
        let Some(admin_url) = std::env::var("PAYGATE_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
            let url = format!("sqlite://{}", folder.path().join("paygate.db").display());
            return Self { folder, url, server: None };
        };
        let name = format!("it_{}", unique());
        run(&admin_url, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&admin_url).unwrap();
        url.set_path(&name);
        Self { folder, url: url.into(), server: Some(Server { admin_url, name }) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the process under test keeps its files.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Few connections: many tests share one server.
    pub fn settings(&self) -> DatabaseSettings {
        DatabaseSettings {
            url: self.url.clone(),
            read_connections: 2,
            write_connections: 3,
            acquire_timeout_ms: 20_000,
            read_timeout_ms: 20_000,
            write_timeout_ms: 20_000,
            reopen_timeout_ms: 60_000,
        }
    }

    /// A look past all doors, at what is really stored.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }

    /// Keeps everybody else from writing events, until it is released.
    pub async fn hold(&self) -> Held {
        let db = self.connect().await;
        let postgres = "BEGIN; LOCK TABLE payment_event IN SHARE MODE";
        let hold = if self.is_postgres() { postgres } else { "BEGIN IMMEDIATE" };
        db.execute_unprepared(hold).await.unwrap();
        Held(db)
    }

    /// Everything the database holds, as bytes: the SQLite files as they are, or every row as text.
    pub async fn everything(&self) -> Vec<u8> {
        let mut all = Vec::new();
        if !self.is_postgres() {
            for file in std::fs::read_dir(self.folder.path()).unwrap().flatten() {
                if file.path().is_file() {
                    all.extend(std::fs::read(file.path()).unwrap());
                }
            }
            assert!(!all.is_empty(), "there is a database file");
            return all;
        }
        let db = self.connect().await;
        let tables = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'";
        for table in texts(&db, tables, "name").await {
            for row in texts(&db, &format!("SELECT t::text AS row FROM {table} t"), "row").await {
                all.extend(row.into_bytes());
                all.push(b'\n');
            }
        }
        db.close().await.unwrap();
        assert!(!all.is_empty(), "there are rows");
        all
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(Server { admin_url, name }) = self.server.take() else { return };
        // A runtime cannot be blocked from within, so the last call has one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&admin_url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let dropped = dropped.join().is_ok();
        assert!(dropped || std::thread::panicking(), "the test's database was not dropped");
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn run(url: &str, statement: &str) {
    let db = connect(url).await;
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

async fn texts(db: &DatabaseConnection, query: &str, column: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, query)).await.unwrap();
    rows.iter().map(|row| row.try_get("", column).unwrap()).collect()
}
