//! How a business goes: sums by day, and how its payments end.

use jiff::Timestamp;
use paygate_entity::{payment, payment_transaction};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, sea_query::Expr};

use super::{Owner, Store, StoreError, TransactionKind, payments::payments_of, rows::micros};
use crate::domain::{MerchantId, Status};

/// Money that moved in a business on one day in Seoul.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySum {
    /// Days since 1970-01-01, in Seoul.
    pub day: i64,
    pub status: TransactionKind,
    pub count: i64,
    /// Minor units; negative when money went back.
    pub sum: i64,
}

/// How payments that began in some time have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub charged: i64,
    /// All that have ended, the charged ones included.
    pub ended: i64,
}

#[derive(FromQueryResult)]
struct DayRow {
    day: i64,
    status: String,
    count: i64,
    sum: i64,
}

/// The number of the day in Seoul. Spelled out, because PostgreSQL takes two placeholders for two things.
const DAY: &str = "(completed_at + 32400000000) / 86400000000";

impl Store {
    /// What moved in a business from `from` until `until`, by day and kind.
    ///
    /// # Errors
    /// The database failed.
    pub async fn day_sums(
        &self,
        merchant: MerchantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<DaySum>, StoreError> {
        use payment_transaction::Column::{CompletedAt, MerchantId, Status};
        let rows = payment_transaction::Entity::find()
            .select_only()
            .expr_as(Expr::cust(DAY), "day")
            .column(Status)
            .expr_as(Expr::cust("COUNT(*)"), "count")
            // PostgreSQL sums BIGINTs up to a NUMERIC.
            .expr_as(Expr::cust("CAST(SUM(amount) AS BIGINT)"), "sum")
            .filter(MerchantId.eq(merchant.uuid()))
            .filter(CompletedAt.gte(micros(from)))
            .filter(CompletedAt.lt(micros(until)))
            .group_by(Expr::cust(DAY))
            .group_by(Status)
            .into_model::<DayRow>()
            .all(&self.read)
            .await?;
        let day_sum = |DayRow { day, status, count, sum }: DayRow| {
            let kind = TransactionKind::from_name(&status);
            let status = kind.ok_or_else(|| StoreError::Corrupt(format!("transaction status {status}")))?;
            Ok(DaySum { day, status, count, sum })
        };
        rows.into_iter().map(day_sum).collect()
    }

    /// How a business's payments that began from `from` until `until` have ended so far.
    ///
    /// # Errors
    /// The database failed.
    pub async fn ends(&self, merchant: MerchantId, from: Timestamp, until: Timestamp) -> Result<Ends, StoreError> {
        use payment::Column::{ApprovedAt, CreatedAt, Status as Stands};
        let begun = || {
            let all = payments_of(Owner::Merchant(merchant));
            all.filter(CreatedAt.gte(micros(from))).filter(CreatedAt.lt(micros(until)))
        };
        let open = Status::ALL.into_iter().filter(|status| !status.is_final()).map(Status::as_str);
        let all = self.count(begun()).await?;
        let charged = self.count(begun().filter(ApprovedAt.is_not_null())).await?;
        let open = self.count(begun().filter(Stands.is_in(open))).await?;
        Ok(Ends { charged, ended: all - open })
    }
}
