//! A browser that is signed in to the back office.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "desk_session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// HMAC-SHA256 of the token in the browser's cookie.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    pub merchant_id: Uuid,
    /// Browser and system, in a few words.
    pub device: String,
    pub created_at: i64,
    /// Exact to a minute: it is not written at every request.
    pub last_seen_at: i64,
    /// Moves on while the session is used, up to its longest life.
    pub expires_at: i64,
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
