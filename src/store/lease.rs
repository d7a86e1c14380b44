//! Leases: work that one process at a time does for all of them.

use jiff::Timestamp;
use paygate_entity::lease::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{Store, StoreError, rows::micros};

/// A lease as another process has it. A renewal changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRow {
    pub holder: Uuid,
    /// Until when it was last renewed, by the holder's clock.
    pub until: i64,
}

impl Store {
    /// Takes or renews the lease `name` for `holder`, in place of `abandoned` if that is given and still there. Returns
    /// the lease of another process that has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        until: Timestamp,
        abandoned: Option<LeaseRow>,
    ) -> Result<Option<LeaseRow>, StoreError> {
        let row = ActiveModel { name: Set(name.to_owned()), holder: Set(holder), until: Set(micros(until)) };
        let is_of = |holder| ExprTrait::eq(Expr::col((Entity, Column::Holder)), holder);
        let mut free = is_of(holder);
        if let Some(LeaseRow { holder, until }) = abandoned {
            free = free.or(is_of(holder).and(ExprTrait::eq(Expr::col((Entity, Column::Until)), until)));
        }
        let txn = self.begin().await?;
        Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::Name)
                    .update_columns([Column::Holder, Column::Until])
                    .action_and_where(free)
                    .to_owned(),
            )
            .try_insert()
            .exec_without_returning(&txn)
            .await?;
        let held = Entity::find_by_id(name.to_owned()).one(&txn).await?;
        txn.commit().await?;
        Ok(held.filter(|row| row.holder != holder).map(|row| LeaseRow { holder: row.holder, until: row.until }))
    }

    /// Gives the lease `name` up, if `holder` has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError> {
        let own = Entity::delete_many().filter(Column::Name.eq(name)).filter(Column::Holder.eq(holder));
        self.run(own).await?;
        Ok(())
    }
}
