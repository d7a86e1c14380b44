//! Reading: each statement has a deadline and a connection of its own.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, TransactionTrait,
};
use tokio::time::timeout;

use super::{
    health::is_lost_connection,
    pool::{Lease, Pool},
};

/// Connections for look-ups and lists. They cannot write.
#[derive(Clone)]
pub(super) struct Reads {
    pool: Pool,
    backend: DbBackend,
    limit: Duration,
    #[cfg(test)]
    pub asked: std::sync::Arc<std::sync::Mutex<Vec<Statement>>>,
}

impl Reads {
    pub fn new(pool: Pool, backend: DbBackend, limit: Duration) -> Self {
        Self {
            pool,
            backend,
            limit,
            #[cfg(test)]
            asked: std::sync::Arc::default(),
        }
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not, within the limit.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.ask(|db| async move { db.ping().await }).await
    }

    /// One moment of several tables. (Any transaction of SQLite sees one moment.)
    ///
    /// # Errors
    /// The database failed.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        let isolation = (self.backend == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
        let lease = self.pool.lend().await?;
        let db = lease.db()?;
        let txn = timeout(self.limit, db.begin_with_config(isolation, None)).await.map_err(|_| self.is_late())??;
        Ok(Snapshot { txn, lease, reads: self.clone() })
    }

    /// Asks one question. When its connection turns out to be lost (the server was restarted since it was last used),
    /// it is asked once more on a new one.
    async fn ask<T, A>(&self, question: impl Fn(DatabaseConnection) -> A) -> Result<T, DbErr>
    where
        A: Future<Output = Result<T, DbErr>>,
    {
        match self.ask_once(&question).await {
            Err(error) if is_lost_connection(&error) => {
                self.pool.renew();
                self.ask_once(&question).await
            }
            answer => answer,
        }
    }

    /// The connection is kept only if the question was answered.
    async fn ask_once<T, A>(&self, question: &impl Fn(DatabaseConnection) -> A) -> Result<T, DbErr>
    where
        A: Future<Output = Result<T, DbErr>>,
    {
        let lease = self.pool.lend().await?.checked_on_drop();
        let answer = timeout(self.limit, question(lease.db()?)).await;
        self.settle(lease, answer)
    }

    fn settle<T>(
        &self,
        lease: Lease,
        answer: Result<Result<T, DbErr>, tokio::time::error::Elapsed>,
    ) -> Result<T, DbErr> {
        match answer {
            Ok(Ok(answer)) => {
                lease.give_back();
                Ok(answer)
            }
            Ok(Err(error)) => {
                lease.discard();
                Err(error)
            }
            Err(_) => {
                lease.discard();
                Err(self.is_late())
            }
        }
    }

    /// When one connection hangs, its machine may be gone without a word, and the others hang as well.
    fn is_late(&self) -> DbErr {
        self.pool.renew_all();
        DbErr::Custom(format!("the database did not answer within {} ms", self.limit.as_millis()))
    }

    fn note(&self, _statement: &Statement) {
        #[cfg(test)]
        self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(_statement.clone());
    }
}

#[async_trait]
impl ConnectionTrait for Reads {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.ask(|db| {
            let stmt = stmt.clone();
            async move { db.execute_raw(stmt).await }
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.ask(move |db| async move { db.execute_unprepared(sql).await }).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(&stmt);
        self.ask(|db| {
            let stmt = stmt.clone();
            async move { db.query_one_raw(stmt).await }
        })
        .await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(&stmt);
        self.ask(|db| {
            let stmt = stmt.clone();
            async move { db.query_all_raw(stmt).await }
        })
        .await
    }
}

/// A reading transaction.
pub(super) struct Snapshot {
    txn: DatabaseTransaction,
    lease: Lease,
    reads: Reads,
}

impl Snapshot {
    /// Reads what `work` wants, and ends the transaction.
    ///
    /// # Errors
    /// The database failed, or did not answer within the limit.
    pub async fn read<T>(self, work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let Self { txn, lease, reads } = self;
        let answer = timeout(reads.limit, async move {
            let answer = work(&txn).await?;
            txn.commit().await?;
            Ok(answer)
        });
        let answer = answer.await;
        reads.settle(lease, answer)
    }
}
