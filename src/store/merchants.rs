//! Businesses.

use jiff::Timestamp;
use paygate_entity::merchant::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};

use super::{Store, StoreError, exists_or, rows::micros};
use crate::domain::MerchantId;

/// A business, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub email: String,
    pub name: String,
}

impl From<Model> for Merchant {
    fn from(row: Model) -> Self {
        let Model { id, email, name, password_hash: _, created_at: _ } = row;
        Self { id: id.into(), email, name }
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
        };
        row.into_active_model().insert(&self.write).await.map_err(exists_or)?;
        Ok(())
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
        own.col_expr(Column::Name, Expr::value(name)).exec(&self.write).await?;
        Ok(())
    }

    /// Changes a password from the one behind `old_hash`; `false` when somebody else was faster.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change_password(&self, id: MerchantId, old_hash: &str, new: String) -> Result<bool, StoreError> {
        let own = Entity::update_many().filter(Column::Id.eq(id.uuid())).filter(Column::PasswordHash.eq(old_hash));
        let changed = own.col_expr(Column::PasswordHash, Expr::value(new)).exec(&self.write).await?;
        Ok(changed.rows_affected == 1)
    }

    /// # Errors
    /// The database failed.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        Ok(Entity::find_by_id(id.uuid()).one(&self.read).await?.map(Merchant::from))
    }
}
