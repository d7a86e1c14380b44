//! The web origins that shops have registered.

use jiff::Timestamp;
use paygate_entity::{
    merchant,
    shop_origin::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Store, StoreError, rows::micros};
use crate::domain::MerchantId;

/// Origins of one shop.
pub const MAX_ORIGINS: u64 = 20;

impl Store {
    /// Registers an origin; one that is there already stays.
    ///
    /// # Errors
    /// [`StoreError::Full`], or the database failed.
    pub async fn add_origin(&self, merchant: MerchantId, origin: &str, now: Timestamp) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        // Whoever else adds one waits until this one counts.
        merchant::Entity::find_by_id(merchant.uuid()).lock_exclusive().one(&txn).await?;
        if Entity::find_by_id((merchant.uuid(), origin.to_owned())).one(&txn).await?.is_some() {
            txn.rollback().await;
            return Ok(());
        }
        let own = Entity::find().filter(Column::MerchantId.eq(merchant.uuid()));
        if own.count(&txn).await? >= MAX_ORIGINS {
            return txn.refuse(StoreError::Full).await;
        }
        let row = ActiveModel {
            merchant_id: Set(merchant.uuid()),
            origin: Set(origin.to_owned()),
            created_at: Set(micros(now)),
        };
        row.insert(&txn).await?;
        txn.commit().await?;
        Ok(())
    }

    /// # Errors
    /// The database failed.
    pub async fn remove_origin(&self, merchant: MerchantId, origin: &str) -> Result<(), StoreError> {
        let own = Entity::delete_many().filter(Column::MerchantId.eq(merchant.uuid()));
        self.run(own.filter(Column::Origin.eq(origin))).await?;
        Ok(())
    }

    /// A shop's origins, in alphabetical order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn origins_of(&self, merchant: MerchantId) -> Result<Vec<String>, StoreError> {
        let own = Entity::find().filter(Column::MerchantId.eq(merchant.uuid())).order_by_asc(Column::Origin);
        Ok(own.select_only().column(Column::Origin).into_tuple().all(&self.read).await?)
    }
}
