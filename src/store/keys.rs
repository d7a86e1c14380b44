//! Shops' API keys.

use jiff::Timestamp;
use paygate_entity::{
    api_key::{Column, Entity, Model},
    merchant,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::{KeyWrite, Merchant, Store, StoreError, idempotency, rows::micros};
use crate::{domain::MerchantId, vault::ApiKeyKind};

/// A key of a pair, ready to be stored.
pub struct IssuedKey {
    pub id: Uuid,
    pub kind: ApiKeyKind,
    pub hash: [u8; 32],
    /// Sealed under the context `api-key:<id>`.
    pub sealed: Vec<u8>,
}

/// A new pair of keys, or the pair in force.
pub struct IssuedKeys {
    pub keys: Vec<IssuedKey>,
}

/// Whose key it is, and what it may do.
#[derive(Debug, Clone)]
pub struct FoundKey {
    pub merchant: Merchant,
    pub kind: ApiKeyKind,
}

fn kind(name: &str) -> Result<ApiKeyKind, StoreError> {
    ApiKeyKind::from_name(name).ok_or_else(|| StoreError::Corrupt(format!("key kind {name}")))
}

impl Store {
    /// Puts a new pair in force and the old one out of it, in one commit, together with `key`.
    ///
    /// # Errors
    /// [`StoreError::KeyTaken`], or the database failed.
    pub async fn issue_keys(
        &self,
        merchant: MerchantId,
        issued: IssuedKeys,
        now: Timestamp,
        key: Option<KeyWrite>,
    ) -> Result<(), StoreError> {
        let txn = self.begin().await?;
        // Two renewals at once wait for each other, so that one pair is left and not two.
        merchant::Entity::find_by_id(merchant.uuid()).lock_exclusive().one(&txn).await?;
        Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::value(micros(now)))
            .filter(Column::MerchantId.eq(merchant.uuid()))
            .filter(Column::RevokedAt.is_null())
            .exec(&txn)
            .await?;
        let rows = issued.keys.into_iter().map(|issued| {
            Model {
                id: issued.id,
                merchant_id: merchant.uuid(),
                kind: issued.kind.as_str().to_owned(),
                key_hash: issued.hash.to_vec(),
                sealed: issued.sealed,
                created_at: micros(now),
                revoked_at: None,
            }
            .into_active_model()
        });
        Entity::insert_many(rows).exec_without_returning(&txn).await?;
        if let Some(key) = key
            && !idempotency::write(&txn, &key).await?
        {
            return Err(StoreError::KeyTaken);
        }
        txn.commit().await?;
        Ok(())
    }

    /// The pair in force; empty before the first issue.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keys_of(&self, merchant: MerchantId) -> Result<Vec<(Uuid, ApiKeyKind, Vec<u8>)>, StoreError> {
        Entity::find()
            .filter(Column::MerchantId.eq(merchant.uuid()))
            .filter(Column::RevokedAt.is_null())
            .order_by_desc(Column::CreatedAt)
            .all(&self.read)
            .await?
            .into_iter()
            .map(|row| Ok((row.id, kind(&row.kind)?, row.sealed)))
            .collect()
    }

    /// Whose key has one of these hashes; `None` for an unknown or revoked one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn key_by_hash(&self, hashes: &[[u8; 32]]) -> Result<Option<FoundKey>, StoreError> {
        let found = Entity::find()
            .filter(Column::KeyHash.is_in(hashes.iter().map(|hash| hash.to_vec())))
            .filter(Column::RevokedAt.is_null())
            .find_also_related(merchant::Entity)
            .one(&self.read)
            .await?;
        let Some((row, Some(merchant))) = found else { return Ok(None) };
        Ok(Some(FoundKey { merchant: merchant.into(), kind: kind(&row.kind)? }))
    }
}
