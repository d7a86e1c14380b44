//! Connections that are lent one at a time and come back only when they are known to be clean.
//!
//! A pool that takes every connection back trusts the driver's memory of its state. That memory can be wrong: when
//! SQLite rolls a transaction back by itself after a failed write, the driver still believes that one is open, and
//! the next COMMIT only releases a savepoint. So the rule here is the other way round: a connection is closed unless
//! its borrower proves that it is clean, and a new one is opened in its place.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::health::Epoch;
use crate::shares::{Gate, Pass, Rule, current};

/// Callers that may wait for a connection; one more is refused. One tenant may be half of them.
const MAX_WAITING: usize = 4096;

/// How long a connection may take to close before it is abandoned.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection whose borrower was cancelled may take to answer a ping.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// A bounded number of connections.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    options: ConnectOptions,
    size: u32,
    /// How long a borrower waits for a free connection, and for a new one to open.
    acquire_timeout: Duration,
    /// Connections belong to the runtime that opened them, so all are opened on the one that outlives their users.
    home: Handle,
    /// Whose turn it is, while more want a connection than there are.
    gate: Arc<Gate>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    /// A connection of an earlier generation is closed when it comes back.
    generation: AtomicU64,
    epoch: Epoch,
    /// Another pool of the same database: when the machine behind one is silent, so is the one behind the other.
    sibling: OnceLock<Weak<Inner>>,
}

struct Idle {
    db: DatabaseConnection,
    generation: u64,
}

impl Pool {
    /// Opens all connections at once, so that a server that starts has what it needs.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn open(
        mut options: ConnectOptions,
        size: u32,
        acquire_timeout: Duration,
        epoch: Epoch,
    ) -> Result<Self, DbErr> {
        options.max_connections(1).min_connections(0).acquire_timeout(acquire_timeout);
        let pool = Self(Arc::new(Inner {
            options,
            size,
            acquire_timeout,
            home: Handle::current(),
            gate: Gate::new(size as usize, MAX_WAITING, Rule::default()),
            permits: Arc::new(Semaphore::new(size as usize)),
            idle: Mutex::default(),
            generation: AtomicU64::new(0),
            epoch,
            sibling: OnceLock::new(),
        }));
        for _ in 0..size {
            let idle = Idle { db: pool.connect().await?, generation: 0 };
            pool.idle().push(idle);
        }
        Ok(pool)
    }

    /// Lends a connection. Where several wait, merchants take turns, and one merchant leaves some for the others.
    ///
    /// # Errors
    /// None is free in time, or a new one cannot be opened.
    pub async fn lend(&self) -> Result<Lease, DbErr> {
        let permit = timeout(self.0.acquire_timeout, async {
            let pass = self.0.gate.enter(current()).await.map_err(|_| busy())?;
            let permit = self.0.permits.clone().acquire_owned().await.map_err(|_| closed())?;
            Ok::<_, DbErr>(Permit { _permit: permit, _pass: Some(pass) })
        });
        self.lease(permit.await.map_err(|_| busy())??).await
    }

    /// Takes every permit, which means that no connection is lent to anybody else, and closes what is idle.
    ///
    /// # Errors
    /// Some connection did not come back within `limit`.
    pub async fn lock(&self, limit: Duration) -> Result<OwnedSemaphorePermit, DbErr> {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
        let all = timeout(limit, self.0.permits.clone().acquire_many_owned(self.0.size)).await;
        let all = all.map_err(|_| busy())?.map_err(|_| closed())?;
        let idle = std::mem::take(&mut *self.idle());
        for one in idle {
            close(one.db).await;
        }
        Ok(all)
    }

    /// Lends a new connection to the holder of all permits, of which it takes one.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn lend_locked(&self, all: &mut OwnedSemaphorePermit) -> Result<Lease, DbErr> {
        self.lease(Permit { _permit: all.split(1).ok_or_else(closed)?, _pass: None }).await
    }

    /// Closes idle connections now, and those that are lent when they come back.
    pub fn renew(&self) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
        for idle in std::mem::take(&mut *self.idle()) {
            self.0.home.spawn(close(idle.db));
        }
    }

    /// Makes two pools of one database known to each other.
    pub fn join(&self, other: &Self) {
        let _ = self.0.sibling.set(Arc::downgrade(&other.0));
        let _ = other.0.sibling.set(Arc::downgrade(&self.0));
    }

    /// A connection did not answer in time. Its machine may be gone without a word, and then every connection hangs:
    /// waiting for a deadline in each pool would take twice as long.
    pub fn renew_all(&self) {
        self.renew();
        if let Some(sibling) = self.0.sibling.get().and_then(Weak::upgrade) {
            Self(sibling).renew();
        }
    }

    /// Closes the pool; each connection has [`CLOSE_TIMEOUT`].
    pub async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for one in idle {
            close(one.db).await;
        }
    }

    async fn lease(&self, permit: Permit) -> Result<Lease, DbErr> {
        // Before the connection is opened: what changes meanwhile makes it one of an earlier generation.
        let generation = self.generation();
        let idle = self.idle().pop();
        let (db, generation) = match idle {
            Some(idle) => (idle.db, idle.generation),
            None => (self.connect().await?, generation),
        };
        Ok(Lease { lent: Some((db, permit)), generation, pool: self.clone(), is_checked_on_drop: false })
    }

    async fn connect(&self) -> Result<DatabaseConnection, DbErr> {
        let opening = self.0.home.spawn(Database::connect(self.0.options.clone()));
        let abort = opening.abort_handle();
        let db = timeout(self.0.acquire_timeout, opening).await.map_err(|_| {
            abort.abort();
            DbErr::Custom("the database did not accept a connection in time".to_owned())
        })?;
        let db = db.map_err(|error| DbErr::Custom(format!("a connection was not opened: {error}")))??;
        self.0.epoch.advance();
        Ok(db)
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a clean connection for the next borrower, and only then lets that borrower in.
    fn keep(&self, db: DatabaseConnection, generation: u64, permit: Permit) {
        if generation == self.generation() && !self.0.permits.is_closed() {
            self.idle().push(Idle { db, generation });
            drop(permit);
        } else {
            self.dispose(db, permit);
        }
    }

    /// Closes a connection; its place is free once it is closed or abandoned.
    fn dispose(&self, db: DatabaseConnection, permit: Permit) {
        self.0.epoch.advance();
        #[cfg(debug_assertions)]
        if planted_bug::reuses_connections() {
            return self.idle().push(Idle { db, generation: self.generation() });
        }
        self.0.home.spawn(async move {
            close(db).await;
            drop(permit);
        });
    }
}

/// A place among the connections, freed in this order: the next one whose turn it is finds a permit.
struct Permit {
    _permit: OwnedSemaphorePermit,
    _pass: Option<Pass>,
}

/// A connection on loan. Dropped without [`Lease::give_back`], it is closed.
pub(super) struct Lease {
    lent: Option<(DatabaseConnection, Permit)>,
    generation: u64,
    pool: Pool,
    is_checked_on_drop: bool,
}

impl Lease {
    /// The connection; an error once it was given back, which no caller does.
    ///
    /// # Errors
    /// It was given back.
    pub fn db(&self) -> Result<DatabaseConnection, DbErr> {
        self.lent.as_ref().map(|(db, _)| db.clone()).ok_or_else(closed)
    }

    /// A connection whose borrower is cancelled is pinged and kept when it answers: for borrowers that only read,
    /// outside a transaction.
    pub fn checked_on_drop(mut self) -> Self {
        self.is_checked_on_drop = true;
        self
    }

    /// The connection is known to be outside a transaction.
    pub fn give_back(mut self) {
        if let Some((db, permit)) = self.lent.take() {
            self.pool.keep(db, self.generation, permit);
        }
    }

    /// Closes the connection.
    pub fn discard(mut self) {
        self.is_checked_on_drop = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((db, permit)) = self.lent.take() else { return };
        if !self.is_checked_on_drop {
            return self.pool.dispose(db, permit);
        }
        let (pool, generation) = (self.pool.clone(), self.generation);
        self.pool.0.home.spawn(async move {
            match timeout(CHECK_TIMEOUT, db.ping()).await {
                Ok(Ok(())) => pool.keep(db, generation, permit),
                _ => pool.dispose(db, permit),
            }
        });
    }
}

/// For the lab's proof that it would find this bug: connections are reused whatever their state is.
#[cfg(debug_assertions)]
mod planted_bug {
    use std::sync::LazyLock;

    pub fn reuses_connections() -> bool {
        static IS_PLANTED: LazyLock<bool> =
            LazyLock::new(|| std::env::var_os("PAYGATE_PLANTED_BUG").is_some_and(|bug| bug == "reuse-connections"));
        *IS_PLANTED
    }
}

async fn close(db: DatabaseConnection) {
    match timeout(CLOSE_TIMEOUT, db.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a database connection was not closed cleanly"),
        Err(_) => tracing::warn!("a database connection did not close in time and was abandoned"),
    }
}

fn busy() -> DbErr {
    DbErr::Custom("all database connections are in use".to_owned())
}

fn closed() -> DbErr {
    DbErr::Custom("the database pool is closed".to_owned())
}
