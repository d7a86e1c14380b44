//! Money that moved: one approval, and each cancel or refund, of a payment.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_transaction")]
pub struct Model {
    /// The number the acquirer knows it by (`txnNo` or `cancelNo`).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub payment_id: Uuid,
    /// Of the payment, so that a business's day can be summed up without its payments.
    pub merchant_id: Uuid,
    /// `APPROVED`, `CANCELED` or `REFUNDED`.
    pub status: String,
    /// Minor units; negative when money went back.
    pub amount: i64,
    pub reason: Option<String>,
    pub requested_at: i64,
    pub completed_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::payment::Entity", from = "Column::PaymentId", to = "super::payment::Column::Id")]
    Payment,
}

impl Related<super::payment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Payment.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
