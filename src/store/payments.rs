//! Reading payments: the journal of one, and lists of many.

use jiff::Timestamp;
use paygate_entity::{merchant, payment, payment_event, payment_transaction};
use sea_orm::{
    ColumnTrait, EntityTrait, LoaderTrait, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Bounded, Cursor, PaymentFilter, Store, StoreError, Window,
    desk::beyond,
    rows::{MANUAL, RESOLVING, micros, recorded, timestamp},
    way::{Way, hidden, number},
};
use crate::domain::{CustomerId, MerchantId, OrderId, Payment, PaymentId, Recorded, Status};

/// Whose payments are looked at. There is no way to look at everybody's.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    Merchant(MerchantId),
    Customer(CustomerId),
}

/// A kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    Approved,
    Canceled,
    Refunded,
}

impl TransactionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            TransactionKind::Approved => "APPROVED",
            TransactionKind::Canceled => "CANCELED",
            TransactionKind::Refunded => "REFUNDED",
        }
    }

    /// Money went back to the customer.
    pub const fn is_back(self) -> bool {
        matches!(self, Self::Canceled | Self::Refunded)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Approved, Self::Canceled, Self::Refunded].into_iter().find(|status| status.as_str() == name)
    }
}

/// Money that moved.
#[derive(Debug, Clone)]
pub struct Transaction {
    pub id: Uuid,
    pub status: TransactionKind,
    /// Minor units, negative when it went back.
    pub amount: i64,
    pub reason: Option<String>,
    pub requested_at: Timestamp,
    pub completed_at: Timestamp,
}

/// A payment as a list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub created_at: Timestamp,
    pub payment_key: Option<String>,
    pub order_id: String,
    pub order_name: String,
    pub merchant_name: String,
    pub customer: Option<CustomerId>,
    pub card_masked: Option<String>,
    pub method: Option<String>,
    pub status: Status,
    pub amount: i64,
    pub balance: i64,
    /// Newest first.
    pub transactions: Vec<Transaction>,
}

/// A part of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub payments: Vec<Listed>,
    /// Where the next part begins; absent at the end.
    pub next: Option<Cursor>,
}

/// Which doubts are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Doubts {
    /// All of one business.
    Of(MerchantId),
    /// Those of all businesses that a person may decide: for the operator of this installation.
    WaitingForAPerson,
}

/// The door to somebody's payments.
pub(super) fn payments_of(owner: Owner) -> Select<payment::Entity> {
    payment::Entity::find().filter(owned_by(owner))
}

/// The same door, with a filter, to be found in a certain way.
pub(super) fn found_by(way: Way, owner: Owner, filter: &PaymentFilter) -> Select<payment::Entity> {
    payment::Entity::find().filter(hidden(owned_by(owner), way.hides_owner)).filter(filter.condition(way))
}

fn owned_by(owner: Owner) -> Expr {
    match owner {
        Owner::Merchant(id) => payment::Column::MerchantId.eq(id.uuid()),
        Owner::Customer(id) => payment::Column::CustomerId.eq(id.uuid()),
    }
}

/// A business's payments in doubt.
pub(super) fn doubts_of(merchant: MerchantId) -> Select<payment::Entity> {
    payments_of(Owner::Merchant(merchant)).filter(in_doubt())
}

/// The words are named, because without statistics SQLite takes an index with two columns that are known for
/// better than one with a condition.
pub(super) fn in_doubt() -> Expr {
    payment::Column::Doubt.is_in([RESOLVING, MANUAL])
}

impl Store {
    /// Rebuilds a payment from its journal.
    ///
    /// # Errors
    /// The database failed, or the journal cannot be read.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(Payment::replay(id, self.events_after(id, 0).await?))
    }

    /// The events of a payment after number `seq`, oldest first.
    ///
    /// # Errors
    /// The database failed, or the journal cannot be read.
    pub async fn events_after(&self, id: PaymentId, seq: i64) -> Result<Vec<Recorded>, StoreError> {
        let rows = payment_event::Entity::find()
            .filter(payment_event::Column::PaymentId.eq(id.uuid()))
            .filter(payment_event::Column::Seq.gt(seq))
            .order_by_asc(payment_event::Column::Seq)
            .all(&self.read)
            .await?;
        // No payment is rebuilt from a part of its events.
        for (row, expected) in rows.iter().zip(seq + 1..) {
            if row.seq != expected {
                return Err(StoreError::Corrupt(format!("event {} of payment {id} where {expected} belongs", row.seq)));
            }
        }
        rows.iter().map(recorded).collect()
    }

    /// The payment of a shop's order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payment_of_order(
        &self,
        merchant: MerchantId,
        order: &OrderId,
    ) -> Result<Option<PaymentId>, StoreError> {
        let id: Option<Uuid> = payments_of(Owner::Merchant(merchant))
            .filter(payment::Column::OrderId.eq(order.as_str()))
            .select_only()
            .column(payment::Column::Id)
            .into_tuple()
            .one(&self.read)
            .await?;
        Ok(id.map(PaymentId::from))
    }

    /// One page of somebody's payments, newest first, and how many are on all pages, up to `most`: with a name that
    /// many have, as far as so many are looked through.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_and_count(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        most: u64,
        now: Timestamp,
    ) -> Result<(Page, Bounded), StoreError> {
        let Some(way) = self.way(owner, filter, window(filter)).await? else { return Ok(Default::default()) };
        let count = match &filter.name {
            Some(name) if way.by_name.is_none() => self.count_named(owner, filter, (way, name)).await?,
            _ => self.count_up_to(found_by(way, owner, filter), most).await?,
        };
        Ok((self.page_of(owner, filter, way, now).await?, count))
    }

    /// One page of somebody's payments, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_payments(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        let Some(way) = self.way(owner, filter, window(filter)).await? else { return Ok(Page::default()) };
        self.page_of(owner, filter, way, now).await
    }

    async fn page_of(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        way: Way,
        now: Timestamp,
    ) -> Result<Page, StoreError> {
        use payment::Column::{CreatedAt, Id};
        let created_at = || number(CreatedAt, way.hides_order);
        let mut found = found_by(way, owner, filter);
        if let Some(after) = filter.after {
            found = found.filter(beyond(created_at(), after, false));
        }
        // A far page is counted off in the index; only its own rows are fetched, and one that tells of a next page.
        let page = found
            .order_by(created_at(), Direction::Desc)
            .order_by(Id, Direction::Desc)
            .offset(filter.page * filter.limit)
            .limit(filter.limit + 1)
            .select_only()
            .column(Id)
            .into_query();
        let mut rows = payment::Entity::find()
            .filter(Id.in_subquery(page))
            .order_by_desc(CreatedAt)
            .order_by_desc(Id)
            .find_also_related(merchant::Entity)
            .all(&self.read)
            .await?;
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|(payment, _)| Cursor { value: payment.created_at, id: payment.id.into() });
        let (payments, merchants): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let transactions = payments.load_many(payment_transaction::Entity, &self.read).await?;
        let payments = payments
            .into_iter()
            .zip(merchants)
            .zip(transactions)
            .map(|((payment, merchant), transactions)| listed(payment, merchant, transactions, now))
            .collect::<Result<_, _>>()?;
        Ok(Page { payments, next })
    }

    /// Payments with money in doubt: those that wait for a person first, then the oldest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payments_in_doubt(&self, whose: Doubts, limit: u64) -> Result<Vec<Payment>, StoreError> {
        use payment::Column::{CreatedAt, Doubt, Id};
        let query = match whose {
            Doubts::Of(merchant) => doubts_of(merchant),
            Doubts::WaitingForAPerson => payment::Entity::find().filter(Doubt.eq(MANUAL)),
        };
        // `manual` comes before `resolving`. Few are in doubt: they are found by that and sorted, and not looked
        // for in the order of time.
        let query =
            query.order_by_asc(Doubt).order_by(number(CreatedAt, true), Direction::Asc).order_by_asc(Id).limit(limit);
        let ids: Vec<Uuid> = query.select_only().column(payment::Column::Id).into_tuple().all(&self.read).await?;
        let mut payments = Vec::with_capacity(ids.len());
        for id in ids {
            payments.extend(self.payment(id.into()).await?);
        }
        Ok(payments)
    }

    /// Payments whose time to be looked at has come, the longest overdue first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn due_payments(&self, now: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let ids: Vec<Uuid> = payment::Entity::find()
            .filter(payment::Column::DueAt.lte(micros(now)))
            .order_by_asc(payment::Column::DueAt)
            .limit(limit)
            .select_only()
            .column(payment::Column::Id)
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(ids.into_iter().map(PaymentId::from).collect())
    }

    /// Payments for which something is due some time, and whose last event is later than `from`: the next that are due
    /// come first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payments_ahead(&self, from: Timestamp, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let ids: Vec<Uuid> = payment::Entity::find()
            .filter(payment::Column::DueAt.is_not_null())
            .filter(payment::Column::UpdatedAt.gt(micros(from)))
            .order_by_asc(payment::Column::DueAt)
            .limit(limit)
            .select_only()
            .column(payment::Column::Id)
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(ids.into_iter().map(PaymentId::from).collect())
    }

    /// Payments of a method with money in doubt about which a call is still to be made. In no order: sorted by their
    /// ids, they would be looked for among all payments.
    ///
    /// # Errors
    /// The database failed.
    pub async fn doubtful_payments(&self, method: &str, limit: u64) -> Result<Vec<PaymentId>, StoreError> {
        let ids: Vec<Uuid> = payment::Entity::find()
            .filter(in_doubt())
            .filter(payment::Column::DueAt.is_not_null())
            .filter(payment::Column::Method.eq(method))
            .limit(limit)
            .select_only()
            .column(payment::Column::Id)
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(ids.into_iter().map(PaymentId::from).collect())
    }
}

/// What decides about the way to a list is where it begins.
fn window(filter: &PaymentFilter) -> Window {
    Window { from: filter.after, ..Window::default() }
}

/// Where a payment stands. One past its time never shows as open, even before the sweeper came by.
pub(super) fn shown_status(row: &payment::Model, now: Timestamp) -> Result<Status, StoreError> {
    let status = Status::ALL
        .into_iter()
        .find(|status| status.as_str() == row.status)
        .ok_or_else(|| StoreError::Corrupt(format!("status {}", row.status)))?;
    let expired = !status.is_final() && row.due_at == Some(row.expires_at) && row.expires_at <= micros(now);
    Ok(if expired { Status::Expired } else { status })
}

fn listed(
    row: payment::Model,
    merchant: Option<merchant::Model>,
    transactions: Vec<payment_transaction::Model>,
    now: Timestamp,
) -> Result<Listed, StoreError> {
    let status = shown_status(&row, now)?;
    let mut transactions: Vec<_> = transactions.into_iter().map(transaction).collect::<Result<_, _>>()?;
    transactions.sort_by_key(|transaction| std::cmp::Reverse((transaction.completed_at, transaction.id)));
    Ok(Listed {
        created_at: timestamp(row.created_at)?,
        payment_key: row.payment_key,
        order_id: row.order_id,
        order_name: row.order_name,
        merchant_name: merchant.map(|merchant| merchant.name).unwrap_or_default(),
        customer: row.customer_id.map(CustomerId::from),
        card_masked: row.card_masked,
        method: row.method,
        status,
        amount: row.amount,
        balance: row.balance,
        transactions,
    })
}

fn transaction(row: payment_transaction::Model) -> Result<Transaction, StoreError> {
    let payment_transaction::Model {
        id,
        payment_id: _,
        merchant_id: _,
        status,
        amount,
        reason,
        requested_at,
        completed_at,
    } = row;
    Ok(Transaction {
        id,
        status: TransactionKind::from_name(&status)
            .ok_or_else(|| StoreError::Corrupt(format!("transaction status {status}")))?,
        amount,
        reason,
        requested_at: timestamp(requested_at)?,
        completed_at: timestamp(completed_at)?,
    })
}
