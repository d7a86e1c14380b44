//! Customers' cards. Every function takes the owner: a card of somebody else does not exist.

use jiff::Timestamp;
use paygate_entity::{
    card::{ActiveModel, Column, Entity, Model},
    customer,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
    sea_query::{Expr, ExprTrait},
};

use super::{KeyWrite, Store, StoreError, exists_or, idempotency, rows::micros};
use crate::domain::{CardId, CustomerId};

/// Cards one customer may hold.
pub const MAX_CARDS: u64 = 20;

/// A registered card as it may be shown, and its sealed number.
#[derive(Debug, Clone)]
pub struct Card {
    pub id: CardId,
    pub customer: CustomerId,
    pub method: String,
    pub masked: String,
    /// `MM/YY`.
    pub expiry: String,
    pub company: String,
    pub is_representative: bool,
    /// Sealed under the context `card:<id>`; gone once a removed card was purged.
    pub sealed_pan: Option<Vec<u8>>,
}

impl From<Model> for Card {
    fn from(row: Model) -> Self {
        let Model {
            id,
            customer_id,
            method,
            fingerprint: _,
            sealed_pan,
            masked,
            expiry,
            company,
            is_representative,
            created_at: _,
            removed_at: _,
        } = row;
        Self {
            id: id.into(),
            customer: customer_id.into(),
            method,
            masked,
            expiry,
            company,
            is_representative,
            sealed_pan,
        }
    }
}

/// A validated card about to be registered.
pub struct NewCard {
    pub id: CardId,
    pub customer: CustomerId,
    pub method: String,
    /// The fingerprint to store, first, and those it may be stored under already.
    pub fingerprints: Vec<[u8; 32]>,
    pub sealed_pan: Vec<u8>,
    pub masked: String,
    pub expiry: String,
    pub company: String,
    pub wants_representative: bool,
}

/// The door to a customer's cards: newest first.
fn cards_of(customer: CustomerId) -> Select<Entity> {
    Entity::find()
        .filter(Column::CustomerId.eq(customer.uuid()))
        .filter(Column::RemovedAt.is_null())
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
}

/// Two changes to one customer's cards wait for each other (SQLite has one writer anyway).
async fn lock(txn: &impl ConnectionTrait, customer: CustomerId) -> Result<(), StoreError> {
    customer::Entity::find_by_id(customer.uuid()).lock_exclusive().one(txn).await?;
    Ok(())
}

async fn make_representative(txn: &impl ConnectionTrait, card: &Model) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::IsRepresentative, ExprTrait::eq(Expr::col(Column::Id), card.id))
        .filter(Column::CustomerId.eq(card.customer_id))
        .exec(txn)
        .await?;
    Ok(())
}

impl Store {
    /// # Errors
    /// The database failed.
    pub async fn cards(&self, customer: CustomerId) -> Result<Vec<Card>, StoreError> {
        Ok(cards_of(customer).all(&self.read).await?.into_iter().map(Card::from).collect())
    }

    /// The card a customer pays with: the one asked for, or the representative one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn card_to_pay_with(&self, customer: CustomerId, id: Option<CardId>) -> Result<Option<Card>, StoreError> {
        let cards = match id {
            Some(id) => cards_of(customer).filter(Column::Id.eq(id.uuid())),
            None => cards_of(customer).filter(Column::IsRepresentative.eq(true)),
        };
        Ok(cards.one(&self.read).await?.map(Card::from))
    }

    /// A card by id alone, removed or not: for the payment that was approved with it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn card_of_payment(&self, id: CardId) -> Result<Option<Card>, StoreError> {
        Ok(Entity::find_by_id(id.uuid()).one(&self.read).await?.map(Card::from))
    }

    /// Registers a card. The first one becomes the representative one. `key` is kept in the same commit.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Full`] at [`MAX_CARDS`], [`StoreError::KeyTaken`].
    pub async fn add_card(
        &self,
        card: NewCard,
        now: Timestamp,
        key: impl FnOnce(&Card) -> Option<KeyWrite>,
    ) -> Result<Card, StoreError> {
        let txn = self.begin().await?;
        lock(&txn, card.customer).await?;
        let fingerprints = card.fingerprints.iter().map(|print| print.to_vec());
        if cards_of(card.customer).filter(Column::Fingerprint.is_in(fingerprints)).count(&txn).await? > 0 {
            return txn.refuse(StoreError::Exists).await;
        }
        let held = cards_of(card.customer).count(&txn).await?;
        if held >= MAX_CARDS {
            return txn.refuse(StoreError::Full).await;
        }
        let row = Model {
            id: card.id.uuid(),
            customer_id: card.customer.uuid(),
            method: card.method,
            fingerprint: card.fingerprints.first().map(|print| print.to_vec()),
            sealed_pan: Some(card.sealed_pan),
            masked: card.masked,
            expiry: card.expiry,
            company: card.company,
            is_representative: card.wants_representative || held == 0,
            created_at: micros(now),
            removed_at: None,
        };
        let row = row.into_active_model().insert(&txn).await.map_err(exists_or)?;
        if row.is_representative {
            make_representative(&txn, &row).await?;
        }
        let card = Card::from(row);
        if let Some(key) = key(&card)
            && !idempotency::write(&txn, &key).await?
        {
            return txn.refuse(StoreError::KeyTaken).await;
        }
        txn.commit().await?;
        Ok(card)
    }

    /// Makes a card the representative one; `false` when the customer has no such card.
    ///
    /// # Errors
    /// The database failed.
    pub async fn choose_card(&self, customer: CustomerId, id: CardId) -> Result<bool, StoreError> {
        let txn = self.begin().await?;
        lock(&txn, customer).await?;
        let Some(card) = cards_of(customer).filter(Column::Id.eq(id.uuid())).one(&txn).await? else {
            txn.rollback().await;
            return Ok(false);
        };
        make_representative(&txn, &card).await?;
        txn.commit().await?;
        Ok(true)
    }

    /// Removes a card; the newest one left takes over as representative. The sealed number stays until
    /// [`Store::purge_cards`], because a payment approved a minute ago may still be confirmed with it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove_card(
        &self,
        customer: CustomerId,
        id: CardId,
        now: Timestamp,
    ) -> Result<Option<Card>, StoreError> {
        let txn = self.begin().await?;
        lock(&txn, customer).await?;
        let Some(row) = cards_of(customer).filter(Column::Id.eq(id.uuid())).one(&txn).await? else {
            txn.rollback().await;
            return Ok(None);
        };
        let removed = Card::from(row.clone());
        let mut row: ActiveModel = row.into();
        row.fingerprint = Set(None);
        row.is_representative = Set(false);
        row.removed_at = Set(Some(micros(now)));
        row.update(&txn).await?;
        if removed.is_representative
            && let Some(next) = cards_of(customer).one(&txn).await?
        {
            make_representative(&txn, &next).await?;
        }
        txn.commit().await?;
        Ok(Some(removed))
    }

    /// Deletes the numbers of cards removed before `cutoff`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn purge_cards(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        let purged = Entity::update_many()
            .col_expr(Column::SealedPan, Expr::value(None::<Vec<u8>>))
            .filter(Column::RemovedAt.lt(micros(cutoff)))
            .filter(Column::SealedPan.is_not_null());
        Ok(self.run(purged).await?)
    }
}
