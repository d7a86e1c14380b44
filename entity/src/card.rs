//! A registered card. The number is sealed; there is no column for a CVC.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "card")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub customer_id: Uuid,
    /// The payment method it belongs to: `card`, or another line of the acquirers' table.
    pub method: String,
    /// HMAC-SHA256 of the digits, unique per customer; null once removed, so that the card may come back.
    pub fingerprint: Option<Vec<u8>>,
    /// The number, sealed by the vault under the context `card:<id>`; null once it was purged.
    pub sealed_pan: Option<Vec<u8>>,
    /// `****-****-****-3456`.
    pub masked: String,
    /// `MM/YY`.
    pub expiry: String,
    pub company: String,
    pub is_representative: bool,
    pub created_at: i64,
    pub removed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::customer::Entity", from = "Column::CustomerId", to = "super::customer::Column::Id")]
    Customer,
}

impl Related<super::customer::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Customer.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
