//! A shop's key: found by its keyed hash, shown again from its sealed clear text.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Uuid,
    /// `secret` or `client`.
    pub kind: String,
    /// HMAC-SHA256 of the key.
    #[sea_orm(unique)]
    pub key_hash: Vec<u8>,
    /// The key, sealed by the vault under the context `api-key:<id>`.
    pub sealed: Vec<u8>,
    pub created_at: i64,
    /// From when on it is refused; null while it is good without an end.
    pub revoked_at: Option<i64>,
    /// Exact to a minute: it is not written at every use.
    pub last_used_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::merchant::Entity", from = "Column::MerchantId", to = "super::merchant::Column::Id")]
    Merchant,
}

impl Related<super::merchant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Merchant.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
