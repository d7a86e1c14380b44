//! A key that seals, hashes or signs, sealed under the master key.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "working_key")]
pub struct Model {
    /// `data`, `hash` or `sign`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// 32 bits: what names the key in front of sealed values and in the head of tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: i64,
    pub sealed: Vec<u8>,
    /// Microseconds since 1970, as below.
    pub created_at: i64,
    /// From then on it is used for what is new, unless a later one is.
    pub active_from: i64,
    /// Until then it verifies; absent: no end is set.
    pub last_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
