//! Back-office sessions.

use jiff::Timestamp;
use paygate_entity::{
    desk_session::{Column, Entity, Model},
    merchant,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Merchant, Store, StoreError,
    rows::{micros, timestamp},
};
use crate::domain::MerchantId;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub merchant: MerchantId,
    /// Browser and system, in a few words.
    pub device: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

impl TryFrom<Model> for Session {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let Model { id, token_hash: _, merchant_id, device, created_at, last_seen_at, expires_at } = row;
        Ok(Self {
            id,
            merchant: merchant_id.into(),
            device,
            created_at: timestamp(created_at)?,
            last_seen_at: timestamp(last_seen_at)?,
            expires_at: timestamp(expires_at)?,
        })
    }
}

/// The door to a business's sessions.
fn sessions_of(merchant: MerchantId) -> Select<Entity> {
    Entity::find().filter(Column::MerchantId.eq(merchant.uuid()))
}

impl Store {
    /// Signs a browser in, for somebody whose password was good in `epoch`: `false` when that epoch has ended
    /// meanwhile, because checking a password takes time. Of too many sessions the longest unused ones end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_session(
        &self,
        session: &Session,
        token_hash: [u8; 32],
        epoch: i64,
        max: u64,
    ) -> Result<bool, StoreError> {
        let txn = self.begin().await?;
        let merchant = merchant::Entity::find_by_id(session.merchant.uuid()).lock_exclusive().one(&txn).await?;
        if merchant.is_none_or(|merchant| merchant.epoch != epoch) {
            txn.rollback().await;
            return Ok(false);
        }
        let row = Model {
            id: session.id,
            token_hash: token_hash.to_vec(),
            merchant_id: session.merchant.uuid(),
            device: session.device.clone(),
            created_at: micros(session.created_at),
            last_seen_at: micros(session.last_seen_at),
            expires_at: micros(session.expires_at),
        };
        row.into_active_model().insert(&txn).await?;
        let surplus: Vec<Uuid> = sessions_of(session.merchant)
            .filter(Column::Id.ne(session.id))
            .order_by_desc(Column::LastSeenAt)
            .offset(max.saturating_sub(1))
            .limit(max)
            .select_only()
            .column(Column::Id)
            .into_tuple()
            .all(&txn)
            .await?;
        if !surplus.is_empty() {
            Entity::delete_many().filter(Column::Id.is_in(surplus)).exec(&txn).await?;
        }
        txn.commit().await?;
        Ok(true)
    }

    /// The session whose token has one of these hashes, with its business; `None` once it has ended.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_by_hash(
        &self,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<Option<(Session, Merchant)>, StoreError> {
        let found = Entity::find()
            .filter(Column::TokenHash.is_in(hashes.iter().map(|hash| hash.to_vec())))
            .filter(Column::ExpiresAt.gt(micros(now)))
            .find_also_related(merchant::Entity)
            .one(&self.read)
            .await?;
        let Some((row, Some(merchant))) = found else { return Ok(None) };
        Ok(Some((row.try_into()?, merchant.into())))
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    /// The database failed.
    pub async fn touch_session(&self, id: Uuid, seen: Timestamp, expires: Timestamp) -> Result<(), StoreError> {
        let seen = Entity::update_many()
            .col_expr(Column::LastSeenAt, Expr::value(micros(seen)))
            .col_expr(Column::ExpiresAt, Expr::value(micros(expires)));
        self.run(seen.filter(Column::Id.eq(id))).await?;
        Ok(())
    }

    /// A business's open sessions, the last used first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions_of(&self, merchant: MerchantId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let open = sessions_of(merchant).filter(Column::ExpiresAt.gt(micros(now)));
        open.order_by_desc(Column::LastSeenAt).all(&self.read).await?.into_iter().map(Session::try_from).collect()
    }

    /// Ends one session of a business.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_session(&self, merchant: MerchantId, id: Uuid) -> Result<(), StoreError> {
        let own = Entity::delete_many().filter(Column::MerchantId.eq(merchant.uuid())).filter(Column::Id.eq(id));
        self.run(own).await?;
        Ok(())
    }

    /// Forgets sessions that have expired.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.run(Entity::delete_many().filter(Column::ExpiresAt.lte(micros(now)))).await?)
    }
}

/// Ends all sessions of a business but `kept`.
pub(super) async fn end_sessions(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    kept: Option<Uuid>,
) -> Result<(), DbErr> {
    let mut all = Entity::delete_many().filter(Column::MerchantId.eq(merchant.uuid()));
    if let Some(kept) = kept {
        all = all.filter(Column::Id.ne(kept));
    }
    all.exec(db).await?;
    Ok(())
}
