//! The projection of a payment: what lists and look-ups need. The truth is in `payment_event`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub merchant_id: Uuid,
    pub order_id: String,
    pub order_name: String,
    /// Order name and customer e-mail, lower case, for substring search.
    pub search_text: String,
    pub amount: i64,
    /// Charged and not given back; 0 before the charge.
    pub balance: i64,
    pub currency: String,
    pub status: String,
    /// Number of the last event in it: the fence of every update.
    pub seq: i64,
    #[sea_orm(unique)]
    pub payment_key: Option<String>,
    pub customer_id: Option<Uuid>,
    pub method: Option<String>,
    pub card_masked: Option<String>,
    pub card_company: Option<String>,
    pub has_cancel: bool,
    pub has_refund: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub expires_at: i64,
    pub approved_at: Option<i64>,
    /// When somebody must look at it although nobody asks; null when nothing is open.
    pub due_at: Option<i64>,
    /// Money in doubt: `resolving`, or `manual` when a person may decide; null when there is none.
    pub doubt: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::merchant::Entity", from = "Column::MerchantId", to = "super::merchant::Column::Id")]
    Merchant,
    #[sea_orm(has_many = "super::payment_event::Entity")]
    Event,
    #[sea_orm(has_many = "super::payment_transaction::Entity")]
    Transaction,
}

impl Related<super::merchant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Merchant.def()
    }
}

impl Related<super::payment_event::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Event.def()
    }
}

impl Related<super::payment_transaction::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Transaction.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
