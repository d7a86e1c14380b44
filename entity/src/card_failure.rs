//! Failed registrations of cards in a window of time, counted by what they have in common.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "card_failure")]
pub struct Model {
    /// Keyed hash of a card number or of an address, or of the whole installation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: Vec<u8>,
    /// Since `since`, with those under way.
    pub failures: i64,
    pub since: i64,
    /// The operator was told that the limit is reached.
    pub is_reported: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
