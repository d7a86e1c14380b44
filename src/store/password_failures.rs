//! Wrong passwords of an account, counted for all processes together.
//!
//! A try is counted before its password is checked, so that a thousand tries at once are a thousand tries. The right
//! password forgets the count.

use jiff::{SignedDuration, Timestamp};
use paygate_entity::password_failure::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, rows::micros};

/// How often two tries may meet before one of them is told to wait.
const MAX_MEETINGS: usize = 5;

/// After a day without a try the count begins anew.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// An account by which tries are counted, whether it exists or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountHash([u8; 32]);

impl AccountHash {
    pub fn of_customer(email: &str) -> Self {
        Self::of("customer", email)
    }

    pub fn of_merchant(email: &str) -> Self {
        Self::of("merchant", email)
    }

    fn of(kind: &str, email: &str) -> Self {
        Self(Sha256::digest(format!("{kind}\n{email}")).into())
    }
}

/// How tries are slowed down.
#[derive(Debug, Clone, Copy)]
pub struct Slowing {
    /// Wrong passwords in a row that cost no time.
    pub free: u32,
    /// The pause after the next one is a second, then two, four, …: up to this.
    pub longest: SignedDuration,
}

impl Slowing {
    /// How long the next try has to wait after so many failures.
    pub fn pause(self, failures: i64) -> SignedDuration {
        let beyond = failures - i64::from(self.free);
        if beyond < 0 {
            return SignedDuration::ZERO;
        }
        let seconds = 1 << Ord::min(beyond, 32);
        Ord::min(SignedDuration::from_secs(seconds), self.longest)
    }

    /// When the next try may be made.
    fn next_at(self, row: &Model, now: Timestamp) -> i64 {
        let pause = self.pause(row.failures);
        // A clock that was ahead and is set right lets nobody wait longer than that.
        let is_ahead = row.last_at > micros(now.checked_add(self.longest).unwrap_or(Timestamp::MAX));
        let pause = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        if is_ahead { micros(now) } else { row.last_at.saturating_add(pause) }
    }
}

impl Store {
    /// Counts a try that may be wrong; how many are counted now, or how long it has to wait.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_password_try(
        &self,
        AccountHash(account): AccountHash,
        slowing: Slowing,
        now: Timestamp,
    ) -> Result<Result<i64, SignedDuration>, StoreError> {
        let at = micros(now);
        let begins = micros(now.checked_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN));
        for _ in 0..MAX_MEETINGS {
            let Some(row) = Entity::find_by_id(account.to_vec()).one(&self.read).await? else {
                let first = Model { account: account.to_vec(), failures: 1, last_at: at }.into_active_model();
                let unless_there = OnConflict::column(Column::Account).do_nothing().to_owned();
                let txn = self.begin().await?;
                let written = Entity::insert(first).on_conflict(unless_there).exec_without_returning(&txn).await?;
                txn.commit().await?;
                if written == 1 {
                    return Ok(Ok(1));
                }
                continue;
            };
            let wait = slowing.next_at(&row, now).saturating_sub(at);
            if wait > 0 {
                return Ok(Err(SignedDuration::from_micros(wait)));
            }
            let failures = if row.last_at < begins { 1 } else { row.failures + 1 };
            let next = Entity::update_many()
                .col_expr(Column::Failures, Expr::value(failures))
                .col_expr(Column::LastAt, Expr::value(at))
                .filter(Column::Account.eq(row.account))
                .filter(Column::Failures.eq(row.failures))
                .filter(Column::LastAt.eq(row.last_at));
            if self.run(next).await? == 1 {
                return Ok(Ok(failures));
            }
        }
        Ok(Err(SignedDuration::from_secs(1)))
    }

    /// A try that was counted came to nothing: its password was not checked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn uncount_password_try(&self, AccountHash(account): AccountHash) -> Result<(), StoreError> {
        let fewer = Entity::update_many()
            .col_expr(Column::Failures, ExprTrait::sub(Expr::col(Column::Failures), 1))
            .filter(Column::Account.eq(account.to_vec()))
            .filter(Column::Failures.gt(0));
        self.run(fewer).await?;
        Ok(())
    }

    /// Forgets the wrong passwords of an account; whether there were any.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_password_failures(&self, AccountHash(account): AccountHash) -> Result<bool, StoreError> {
        Ok(self.run(Entity::delete_many().filter(Column::Account.eq(account.to_vec()))).await? > 0)
    }

    /// Forgets accounts whose last try was before `cutoff`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_password_failures(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        Ok(self.run(Entity::delete_many().filter(Column::LastAt.lt(micros(cutoff)))).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_password_beyond_the_free_ones_doubles_the_pause() {
        let slowing = Slowing { free: 10, longest: SignedDuration::from_mins(15) };
        let pauses = [(0, 0), (9, 0), (10, 1), (11, 2), (12, 4), (19, 512), (20, 900), (1_000, 900)];
        for (failures, seconds) in pauses {
            assert_eq!(slowing.pause(failures), SignedDuration::from_secs(seconds), "after {failures}");
        }
    }
}
