//! Businesses.

use jiff::Timestamp;
use paygate_entity::merchant::{Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, UpdateMany,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{Store, StoreError, exists_or, rows::micros, sessions::end_sessions};
use crate::domain::MerchantId;

/// A business, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub email: String,
    pub name: String,
    /// Which sign-ins are good: a sign-out everywhere and a new password begin the next epoch.
    pub epoch: i64,
}

impl Merchant {
    /// A business that has never signed out everywhere.
    pub fn new(id: MerchantId, email: String, name: String) -> Self {
        Self { id, email, name, epoch: 0 }
    }
}

impl From<Model> for Merchant {
    fn from(row: Model) -> Self {
        let Model { id, email, name, password_hash: _, created_at: _, epoch } = row;
        Self { id: id.into(), email, name, epoch }
    }
}

impl Store {
    /// Signs a business up. `email` is in lower case.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the e-mail is taken.
    pub async fn add_merchant(
        &self,
        merchant: &Merchant,
        password_hash: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = Model {
            id: merchant.id.uuid(),
            email: merchant.email.clone(),
            name: merchant.name.clone(),
            password_hash,
            created_at: micros(now),
            epoch: merchant.epoch,
        };
        let txn = self.begin().await?;
        if let Err(error) = row.into_active_model().insert(&txn).await {
            return txn.refuse(exists_or(error)).await;
        }
        Ok(txn.commit().await?)
    }

    /// A business by e-mail, with its password hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn merchant_by_email(&self, email: &str) -> Result<Option<(Merchant, String)>, StoreError> {
        let row = Entity::find().filter(Column::Email.eq(email)).one(&self.read).await?;
        Ok(row.map(|row| (row.clone().into(), row.password_hash)))
    }

    /// The password hash of a business.
    ///
    /// # Errors
    /// The database failed.
    pub async fn password_of(&self, id: MerchantId) -> Result<Option<String>, StoreError> {
        Ok(Entity::find_by_id(id.uuid()).one(&self.read).await?.map(|row| row.password_hash))
    }

    /// # Errors
    /// The database failed.
    pub async fn rename_merchant(&self, id: MerchantId, name: &str) -> Result<(), StoreError> {
        let own = Entity::update_many().filter(Column::Id.eq(id.uuid()));
        self.run(own.col_expr(Column::Name, Expr::value(name))).await?;
        Ok(())
    }

    /// Changes a password from the one behind `old_hash`, and signs out everywhere but in the session `kept`;
    /// `false` when somebody else was faster.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change_password(
        &self,
        id: MerchantId,
        old_hash: &str,
        new: String,
        kept: Uuid,
    ) -> Result<bool, StoreError> {
        let txn = self.begin().await?;
        let own = next_epoch(id).filter(Column::PasswordHash.eq(old_hash));
        let changed = own.col_expr(Column::PasswordHash, Expr::value(new)).exec(&txn).await?;
        if changed.rows_affected != 1 {
            txn.rollback().await;
            return Ok(false);
        }
        end_sessions(&txn, id, Some(kept)).await?;
        txn.commit().await?;
        Ok(true)
    }

    /// Puts another hash of the same password in the place of `old`; nobody is signed out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew_merchant_password(&self, id: MerchantId, old: &str, new: String) -> Result<(), StoreError> {
        let own = Entity::update_many().filter(Column::Id.eq(id.uuid())).filter(Column::PasswordHash.eq(old));
        self.run(own.col_expr(Column::PasswordHash, Expr::value(new))).await?;
        Ok(())
    }

    /// Sets a password without knowing the old one, and signs out everywhere.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reset_password(&self, id: MerchantId, new: String) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        next_epoch(id).col_expr(Column::PasswordHash, Expr::value(new)).exec(&txn).await?;
        end_sessions(&txn, id, None).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Signs a business out everywhere.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sign_out_everywhere(&self, id: MerchantId) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        next_epoch(id).exec(&txn).await?;
        end_sessions(&txn, id, None).await?;
        txn.commit().await?;
        Ok(())
    }

    /// # Errors
    /// The database failed.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        Ok(Entity::find_by_id(id.uuid()).one(&self.read).await?.map(Merchant::from))
    }
}

/// Sign-ins lock this row, too: one that began in the old epoch either is there to be ended, or finds the new
/// one and opens nothing.
fn next_epoch(id: MerchantId) -> UpdateMany<Entity> {
    let own = Entity::update_many().filter(Column::Id.eq(id.uuid()));
    own.col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
}
