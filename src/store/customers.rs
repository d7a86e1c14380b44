//! Customers' accounts.

use jiff::Timestamp;
use paygate_entity::customer::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};

use super::{Store, StoreError, exists_or, rows::micros};
use crate::domain::CustomerId;

/// A customer, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: CustomerId,
    pub email: String,
}

impl From<Model> for Customer {
    fn from(row: Model) -> Self {
        let Model { id, email, password_hash: _, created_at: _ } = row;
        Self { id: id.into(), email }
    }
}

impl Store {
    /// Signs a customer up. `email` is in lower case.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the e-mail is taken.
    pub async fn add_customer(
        &self,
        customer: &Customer,
        password_hash: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row =
            Model { id: customer.id.uuid(), email: customer.email.clone(), password_hash, created_at: micros(now) };
        let txn = self.begin().await?;
        if let Err(error) = row.into_active_model().insert(&txn).await {
            return txn.refuse(exists_or(error)).await;
        }
        Ok(txn.commit().await?)
    }

    /// A customer by e-mail, with the password hash.
    ///
    /// # Errors
    /// The database failed.
    pub async fn customer_by_email(&self, email: &str) -> Result<Option<(Customer, String)>, StoreError> {
        let row = Entity::find().filter(Column::Email.eq(email)).one(&self.read).await?;
        Ok(row.map(|row| (row.clone().into(), row.password_hash)))
    }

    /// Puts another hash of the same password in the place of `old`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew_customer_password(&self, id: CustomerId, old: &str, new: String) -> Result<(), StoreError> {
        let own = Entity::update_many().filter(Column::Id.eq(id.uuid())).filter(Column::PasswordHash.eq(old));
        self.run(own.col_expr(Column::PasswordHash, Expr::value(new))).await?;
        Ok(())
    }

    /// # Errors
    /// The database failed.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        Ok(Entity::find_by_id(id.uuid()).one(&self.read).await?.map(Customer::from))
    }
}
