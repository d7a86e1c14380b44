//! What a list has got since its page was made.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use paygate_entity::{payment, payment_transaction};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    Bounded, Cursor, Owner, PaymentFilter, Store, StoreError,
    desk::beyond,
    payments::payments_of,
    rows::{micros, payment_row},
    way::{Way, number},
};
use crate::domain::{MerchantId, Payment, PaymentId};

/// Payments come to their end sooner as a rule. (It is an announcement: what a person decides days later is in the
/// list at the next look.)
pub const UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);
/// Of the payments that may have changed, no more than the newest are looked at.
const LOOKED_AT: u64 = 2_000;

impl Store {
    /// How many payments a list has that it had not when it was `made`: those asked for after the one at `after`,
    /// and those asked for before it that have come to be what the list is about: lately asked for (see
    /// [`UNDER_WAY`]), or, however old they are, with money that moved since.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_news(
        &self,
        merchant: MerchantId,
        filter: &PaymentFilter,
        after: Cursor,
        made: Option<Timestamp>,
        most: u64,
    ) -> Result<Bounded, StoreError> {
        let new = self.count_entries(Owner::Merchant(merchant), filter, Some(after), most).await?;
        let Some(made) = made.filter(|_| filter.may_be_entered() && !new.is_more) else { return Ok(new) };
        let mut count = new.count;
        for id in self.changed(merchant, filter, after, made, most).await? {
            count += u64::from(!self.had(filter, id, made).await?);
            if count > most {
                break;
            }
        }
        Ok(Bounded { count: Ord::min(count, most), is_more: count > most })
    }

    /// Payments of the list from before `after` that something has happened to since it was made.
    async fn changed(
        &self,
        merchant: MerchantId,
        filter: &PaymentFilter,
        after: Cursor,
        made: Timestamp,
        most: u64,
    ) -> Result<BTreeSet<PaymentId>, StoreError> {
        use payment::Column::{CreatedAt, Id, UpdatedAt};
        let mut found = BTreeSet::new();
        for rows in [lately_asked_for(merchant, made), lately_moved(merchant, made)] {
            // A query of its own within: what is looked at is bounded before anything is looked for.
            let list = Query::select()
                .column(Id)
                .from_subquery(rows.into_query(), Alias::new("payment"))
                .and_where(Expr::col(UpdatedAt).gt(micros(made)))
                .and_where(beyond(number(CreatedAt, false), after, false))
                .cond_where(filter.condition(Way::default()))
                // What came last is judged first.
                .order_by(UpdatedAt, Direction::Desc)
                .limit(most + 1)
                .to_owned();
            for row in self.read.query_all(&list).await? {
                found.insert(row.try_get::<Uuid>("", "id")?.into());
            }
        }
        Ok(found)
    }

    /// The list had the payment at that time: so says its journal.
    async fn had(&self, filter: &PaymentFilter, id: PaymentId, at: Timestamp) -> Result<bool, StoreError> {
        let events = self.events_after(id, 0).await?;
        let then = Payment::replay(id, events.into_iter().take_while(|event| event.at <= at));
        Ok(then.is_some_and(|then| filter.has(&payment_row(&then))))
    }
}

fn lately_asked_for(merchant: MerchantId, made: Timestamp) -> Select<payment::Entity> {
    use payment::Column::{CreatedAt, Id};
    let from = made.checked_sub(UNDER_WAY).unwrap_or(Timestamp::MIN);
    let rows = payments_of(Owner::Merchant(merchant)).filter(CreatedAt.between(micros(from), micros(made)));
    rows.order_by_desc(CreatedAt).order_by_desc(Id).limit(LOOKED_AT)
}

fn lately_moved(merchant: MerchantId, made: Timestamp) -> Select<payment::Entity> {
    use payment_transaction::Column::{CompletedAt, MerchantId, PaymentId};
    let moves = payment_transaction::Entity::find().filter(MerchantId.eq(merchant.uuid()));
    let moves = moves.filter(CompletedAt.gt(micros(made))).order_by_desc(CompletedAt).limit(LOOKED_AT);
    let payments = moves.select_only().column(PaymentId).into_query();
    payment::Entity::find().filter(payment::Column::Id.in_subquery(payments))
}
