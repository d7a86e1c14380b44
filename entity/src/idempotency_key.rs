//! An `Idempotency-Key` and the first answer given to it, stored in the same commit as its effect.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// SHA-256 of caller, method and concrete path.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// HMAC-SHA256 of the request body (which may hold a card number, so a plain hash would not do).
    pub fingerprint: Vec<u8>,
    /// The payment the call is about, and the refund within it, so that a call whose process died can
    /// still be answered from what became of it.
    pub payment_id: Option<Uuid>,
    pub operation: Option<Uuid>,
    /// HTTP status of the answer; null while the first request is still running.
    pub status: Option<i16>,
    /// The answer's body, sealed by the vault (it may hold an API key); null while running.
    pub answer: Option<Vec<u8>>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
