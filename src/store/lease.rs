//! Leases: work that one process at a time does for all of them.

use jiff::Timestamp;
use paygate_entity::lease::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, TryInsertResult,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{Store, StoreError, rows::micros};

impl Store {
    /// Takes or extends the lease `name` for `holder` up to `until`; `false` while somebody else has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = ActiveModel { name: Set(name.to_owned()), holder: Set(holder), until: Set(micros(until)) };
        let own = ExprTrait::eq(Expr::col((Entity, Column::Holder)), holder);
        let over = ExprTrait::lt(Expr::col((Entity, Column::Until)), micros(now));
        let taken = Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::Name)
                    .update_columns([Column::Holder, Column::Until])
                    .action_and_where(own.or(over))
                    .to_owned(),
            )
            .try_insert()
            .exec_without_returning(&self.write)
            .await?;
        Ok(matches!(taken, TryInsertResult::Inserted(1)))
    }

    /// Gives the lease `name` up, if `holder` has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_lease(&self, name: &str, holder: Uuid) -> Result<(), StoreError> {
        let own = Entity::delete_many().filter(Column::Name.eq(name)).filter(Column::Holder.eq(holder));
        own.exec(&self.write).await?;
        Ok(())
    }
}
