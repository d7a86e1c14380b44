//! Shops' API keys.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use paygate_entity::{
    api_key::{Column, Entity, Model},
    merchant,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    KeyWrite, Merchant, Store, StoreError, idempotency,
    rows::{micros, timestamp},
};
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

/// How a new pair takes the old one's place.
pub struct Renewal {
    pub now: Timestamp,
    /// Until when the pair in force so far stays good, and none but it and the new one; `None`: nothing but the
    /// new pair is good from now on.
    pub old_until: Option<Timestamp>,
    /// Taken in the same commit.
    pub key: Option<KeyWrite>,
}

/// Whose key it is, and what it may do.
#[derive(Debug, Clone)]
pub struct FoundKey {
    pub id: Uuid,
    pub merchant: Merchant,
    pub kind: ApiKeyKind,
    /// When it stops.
    pub until: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl FoundKey {
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A good key as its business sees it.
#[derive(Debug, Clone)]
pub struct KeyOf {
    pub id: Uuid,
    pub kind: ApiKeyKind,
    /// Sealed under the context `api-key:<id>`.
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// When it stops; `None` for the pair in force.
    pub until: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

fn kind(name: &str) -> Result<ApiKeyKind, StoreError> {
    ApiKeyKind::from_name(name).ok_or_else(|| StoreError::Corrupt(format!("key kind {name}")))
}

fn is_good(now: Timestamp) -> Condition {
    Condition::any().add(Column::RevokedAt.is_null()).add(Column::RevokedAt.gt(micros(now)))
}

impl Store {
    /// Puts a new pair in force and the old one out of it, now or later, in one commit.
    ///
    /// # Errors
    /// [`StoreError::KeyTaken`], or the database failed.
    pub async fn issue_keys(
        &self,
        merchant: MerchantId,
        issued: IssuedKeys,
        renewal: Renewal,
    ) -> Result<(), StoreError> {
        let Renewal { now, old_until, key } = renewal;
        let txn = self.begin().await?;
        // Two renewals at once wait for each other, so that one pair is left and not two.
        merchant::Entity::find_by_id(merchant.uuid()).lock_exclusive().one(&txn).await?;
        stop(&txn, merchant, now, old_until).await?;
        let rows = issued.keys.into_iter().map(|issued| {
            Model {
                id: issued.id,
                merchant_id: merchant.uuid(),
                kind: issued.kind.as_str().to_owned(),
                key_hash: issued.hash.to_vec(),
                sealed: issued.sealed,
                created_at: micros(now),
                revoked_at: None,
                last_used_at: None,
            }
            .into_active_model()
        });
        Entity::insert_many(rows).exec_without_returning(&txn).await?;
        if let Some(key) = key
            && !idempotency::write(&txn, &key).await?
        {
            return txn.refuse(StoreError::KeyTaken).await;
        }
        txn.commit().await?;
        Ok(())
    }

    /// The keys of a business that are good, the newest first; those without an end are the pair in force.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keys_of(&self, merchant: MerchantId, now: Timestamp) -> Result<Vec<KeyOf>, StoreError> {
        let rows = Entity::find()
            .filter(Column::MerchantId.eq(merchant.uuid()))
            .filter(is_good(now))
            .order_by_desc(Column::CreatedAt)
            .all(&self.read)
            .await?;
        let key = |row: Model| {
            Ok(KeyOf {
                id: row.id,
                kind: kind(&row.kind)?,
                sealed: row.sealed,
                created_at: timestamp(row.created_at)?,
                until: row.revoked_at.map(timestamp).transpose()?,
                last_used_at: row.last_used_at.map(timestamp).transpose()?,
            })
        };
        rows.into_iter().map(key).collect()
    }

    /// Stops what is only good for a while yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stop_old_keys(&self, merchant: MerchantId, now: Timestamp) -> Result<(), StoreError> {
        let old = Entity::update_many().filter(Column::RevokedAt.gt(micros(now)));
        self.run(revoked(old, merchant, at_once(now))).await?;
        Ok(())
    }

    /// Whose key has one of these hashes; `None` for an unknown or revoked one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn key_by_hash(&self, hashes: &[[u8; 32]], now: Timestamp) -> Result<Option<FoundKey>, StoreError> {
        let found = Entity::find()
            .filter(Column::KeyHash.is_in(hashes.iter().map(|hash| hash.to_vec())))
            .filter(is_good(now))
            .find_also_related(merchant::Entity)
            .one(&self.read)
            .await?;
        let Some((row, Some(merchant))) = found else { return Ok(None) };
        Ok(Some(FoundKey {
            id: row.id,
            merchant: merchant.into(),
            kind: kind(&row.kind)?,
            until: row.revoked_at.map(timestamp).transpose()?,
            last_used_at: row.last_used_at.map(timestamp).transpose()?,
        }))
    }

    /// Which of these keys are still good.
    ///
    /// # Errors
    /// The database failed.
    pub async fn good_keys(&self, ids: &[Uuid], now: Timestamp) -> Result<HashSet<Uuid>, StoreError> {
        let good = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).filter(is_good(now));
        let ids: Vec<Uuid> = good.select_only().column(Column::Id).into_tuple().all(&self.read).await?;
        Ok(ids.into_iter().collect())
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_key_use(&self, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
        let earlier = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(micros(at)));
        let note = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(micros(at)));
        self.run(note.filter(Column::Id.eq(id)).filter(earlier)).await?;
        Ok(())
    }
}

/// The pair in force is good until `until`, and what was only good for a while yet stops now: two pairs are
/// good at most. Without an `until` all stop now.
async fn stop(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: Timestamp,
    until: Option<Timestamp>,
) -> Result<(), DbErr> {
    let older = Entity::update_many().filter(Column::RevokedAt.gt(micros(now)));
    revoked(older, merchant, at_once(now)).exec(db).await?;
    let in_force = Entity::update_many().filter(Column::RevokedAt.is_null());
    revoked(in_force, merchant, until.unwrap_or(at_once(now))).exec(db).await?;
    Ok(())
}

/// The end of a key that stops at once. It lies so far in the past that the key stays stopped when a clock that was ahead
/// is set right.
fn at_once(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MIN)
}

fn revoked(keys: UpdateMany<Entity>, merchant: MerchantId, end: Timestamp) -> UpdateMany<Entity> {
    let own = keys.filter(Column::MerchantId.eq(merchant.uuid()));
    own.col_expr(Column::RevokedAt, Expr::value(micros(end)))
}
