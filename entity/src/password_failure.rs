//! Wrong passwords of an account since the last right one.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_failure")]
pub struct Model {
    /// Hash of the kind of account and its e-mail, whether there is such an account or not.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: Vec<u8>,
    /// With those under way.
    pub failures: i64,
    /// Microseconds since 1970.
    pub last_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
