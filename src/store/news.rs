//! What a list has got since its page was made.

use jiff::{SignedDuration, Timestamp};
use paygate_entity::payment;
use sea_orm::{
    ColumnTrait, ConnectionTrait, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use super::{
    Bounded, Cursor, Owner, PaymentFilter, Store, StoreError,
    desk::beyond,
    payments::found_by,
    rows::{counted, micros},
    way::{Way, number},
};

/// Payments live shorter than this as a rule. (It is an announcement: what a person decides days later is in the list
/// at the next look.)
pub const PAID_LATE: SignedDuration = SignedDuration::from_hours(1);
/// Of those, no more than the newest are looked at.
const LOOKED_AT: u64 = 2_000;

impl Store {
    /// How many payments a list has that it had not when it was `made`: what came after `after`, and of those
    /// asked for lately before, what was charged since. Only a narrowed list gets these: any other one shows them
    /// already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_news(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        after: Cursor,
        made: Option<Timestamp>,
        most: u64,
    ) -> Result<Bounded, StoreError> {
        let Bounded { count, is_more } = self.count_entries(owner, filter, Some(after), most).await?;
        let is_narrowed = filter.status.is_some() || filter.kind.is_some();
        let Some(made) = made.filter(|_| is_narrowed) else {
            return Ok(Bounded { count, is_more });
        };
        let count = count + self.count_paid_late(owner, filter, after, made).await?.unsigned_abs();
        Ok(Bounded { count: Ord::min(count, most), is_more: is_more || count > most })
    }

    /// Of the payments that were asked for within [`PAID_LATE`] before, those charged since.
    async fn count_paid_late(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        after: Cursor,
        made: Timestamp,
    ) -> Result<i64, StoreError> {
        use payment::Column::{ApprovedAt, CreatedAt, Id};
        let from = made.checked_sub(PAID_LATE).unwrap_or(Timestamp::MIN);
        let way = Way { hides_amount: true, ..Way::default() };
        let rows = found_by(way, owner, filter)
            .filter(ApprovedAt.is_not_null())
            .filter(CreatedAt.between(micros(from), micros(made)))
            .filter(beyond(number(CreatedAt, false), after, false))
            .order_by(CreatedAt, Direction::Desc)
            .order_by(Id, Direction::Desc)
            .limit(LOOKED_AT)
            .select_only()
            .column(ApprovedAt)
            .into_query();
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from_subquery(rows, Alias::new("late"))
            .and_where(Expr::col(ApprovedAt).gt(micros(made)))
            .to_owned();
        counted(self.read.query_one(&count).await?)
    }
}
