//! Failed registrations of cards, counted for all processes together.
//!
//! A try is counted before its outcome is known, and taken back when it did not fail: a thousand tries at once are a
//! thousand tries, and one whose caller went away counts.

use jiff::{SignedDuration, Timestamp};
use paygate_entity::card_failure::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{CaseStatement, Expr, ExprTrait, OnConflict},
};

use super::{
    Store, StoreError,
    rows::{micros, timestamp},
};

/// How many tries may fail in a window of time, of those that have something in common.
#[derive(Debug, Clone)]
pub struct FailureLimit {
    /// A keyed hash of what they have in common: under the present key, and under those before it.
    pub subjects: Vec<[u8; 32]>,
    pub most: i64,
    pub window: SignedDuration,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReached {
    /// Which one, by its place in what was asked.
    pub limit: usize,
    /// When the window ends.
    pub until: Timestamp,
    /// Nobody was told of it yet in this window.
    pub is_new: bool,
}

impl FailureLimit {
    fn begins(&self, now: Timestamp) -> i64 {
        micros(now.checked_sub(self.window).unwrap_or(Timestamp::MIN))
    }

    /// The rows of its subjects that are of this window.
    fn rows<'a>(&'a self, rows: &'a [Model], now: Timestamp) -> impl Iterator<Item = &'a Model> {
        let begins = self.begins(now);
        rows.iter()
            .filter(move |row| row.since > begins && self.subjects.iter().any(|subject| *subject == *row.subject))
    }

    /// Whether the limit is reached by `rows`.
    fn reached(&self, limit: usize, rows: &[Model], now: Timestamp) -> Result<Option<LimitReached>, StoreError> {
        if self.rows(rows, now).map(|row| row.failures).sum::<i64>() < self.most {
            return Ok(None);
        }
        let last = self.rows(rows, now).map(|row| row.since).max().unwrap_or_else(|| micros(now));
        let until = timestamp(last)?.checked_add(self.window).unwrap_or(Timestamp::MAX);
        Ok(Some(LimitReached { limit, until, is_new: self.rows(rows, now).all(|row| !row.is_reported) }))
    }
}

impl Store {
    /// Counts a try that has not failed yet against each of `limits`, unless one is reached already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_card_try(
        &self,
        limits: &[FailureLimit],
        now: Timestamp,
    ) -> Result<Result<(), LimitReached>, StoreError> {
        // Whoever is refused takes no part of the database's time for writing.
        if let Some(reached) = first_reached(limits, &counted(&self.read, limits).await?, now)? {
            return self.told(limits, reached).await.map(Err);
        }
        let txn = self.begin().await?;
        // In one order, so that two of them cannot wait for each other; the rows stay locked until the end.
        for limit in limits {
            count(&txn, limit, now).await?;
        }
        let rows = counted(&txn, limits).await?;
        // With this try.
        let others = |limit: &FailureLimit| FailureLimit { most: limit.most + 1, ..limit.clone() };
        let others: Vec<_> = limits.iter().map(others).collect();
        if let Some(reached) = first_reached(&others, &rows, now)? {
            txn.rollback().await;
            return self.told(limits, reached).await.map(Err);
        }
        txn.commit().await?;
        Ok(Ok(()))
    }

    /// A try that was counted has not failed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn uncount_card_try(&self, limits: &[FailureLimit]) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        for subject in limits.iter().filter_map(|limit| limit.subjects.first()) {
            let taken_back = Entity::update_many()
                .col_expr(Column::Failures, ExprTrait::sub(Expr::col(Column::Failures), 1))
                .filter(Column::Subject.eq(subject.to_vec()))
                .filter(Column::Failures.gt(0));
            taken_back.exec(&txn).await?;
        }
        Ok(txn.commit().await?)
    }

    /// Forgets failures of windows that began before `cutoff`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_card_failures(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        Ok(self.run(Entity::delete_many().filter(Column::Since.lt(micros(cutoff)))).await?)
    }

    /// Of all callers in all processes that meet a limit in its window, one hears that it is new.
    async fn told(&self, limits: &[FailureLimit], mut reached: LimitReached) -> Result<LimitReached, StoreError> {
        if reached.is_new {
            let subjects = limits[reached.limit].subjects.iter().map(|subject| subject.to_vec());
            let first = Entity::update_many()
                .col_expr(Column::IsReported, Expr::value(true))
                .filter(Column::Subject.is_in(subjects))
                .filter(Column::IsReported.eq(false));
            reached.is_new = self.run(first).await? > 0;
        }
        Ok(reached)
    }
}

async fn counted(db: &impl ConnectionTrait, limits: &[FailureLimit]) -> Result<Vec<Model>, DbErr> {
    let subjects = limits.iter().flat_map(|limit| &limit.subjects).map(|subject| subject.to_vec());
    Entity::find().filter(Column::Subject.is_in(subjects)).all(db).await
}

fn first_reached(limits: &[FailureLimit], rows: &[Model], now: Timestamp) -> Result<Option<LimitReached>, StoreError> {
    for (place, limit) in limits.iter().enumerate() {
        if let Some(reached) = limit.reached(place, rows, now)? {
            return Ok(Some(reached));
        }
    }
    Ok(None)
}

/// One more in the window, or the first of a new one.
async fn count(db: &impl ConnectionTrait, limit: &FailureLimit, now: Timestamp) -> Result<(), DbErr> {
    let Some(subject) = limit.subjects.first() else { return Ok(()) };
    let row = ActiveModel {
        subject: Set(subject.to_vec()),
        failures: Set(1),
        since: Set(micros(now)),
        is_reported: Set(false),
    };
    let begins = limit.begins(now);
    let is_over = || ExprTrait::lte(Expr::col((Entity, Column::Since)), begins);
    let anew = |fresh: Expr, same: Expr| CaseStatement::new().case(is_over(), fresh).finally(same);
    let old = |column| Expr::col((Entity, column));
    let next = OnConflict::column(Column::Subject)
        .values([
            (Column::Failures, anew(Expr::value(1), ExprTrait::add(old(Column::Failures), 1)).into()),
            (Column::IsReported, anew(Expr::value(false), old(Column::IsReported)).into()),
            (Column::Since, anew(Expr::value(micros(now)), old(Column::Since)).into()),
        ])
        .to_owned();
    Entity::insert(row).on_conflict(next).exec_without_returning(db).await?;
    Ok(())
}
