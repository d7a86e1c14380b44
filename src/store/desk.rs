//! What the back office asks of a business's payments. Nothing here costs more than a bounded walk over an
//! index.

use paygate_entity::payment;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Expr, Query},
};

use super::{Owner, Store, StoreError, payments::payments_of};
use crate::domain::MerchantId;

/// A number of rows, counted up to a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounded {
    pub count: u64,
    /// There are more than these.
    pub is_more: bool,
}

impl Store {
    /// A business's payments with money in doubt.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_doubts(&self, merchant: MerchantId, most: u64) -> Result<Bounded, StoreError> {
        let doubts = payments_of(Owner::Merchant(merchant)).filter(payment::Column::Doubt.is_not_null());
        self.count_up_to(doubts, most).await
    }

    /// Counts no further than one row beyond `most`.
    pub(super) async fn count_up_to<E: EntityTrait>(&self, rows: Select<E>, most: u64) -> Result<Bounded, StoreError> {
        let rows = rows.select_only().expr_as(Expr::val(1), "one").limit(most + 1).into_query();
        let count =
            Query::select().expr_as(Expr::cust("COUNT(*)"), "count").from_subquery(rows, Alias::new("rows")).to_owned();
        let row = self.read.query_one(&count).await?;
        let count: i64 = row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default();
        let count = count.unsigned_abs();
        Ok(Bounded { count: count.min(most), is_more: count > most })
    }
}
