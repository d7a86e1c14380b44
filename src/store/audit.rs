//! Holding the projections against the journals they are made from.

use std::{collections::HashSet, fmt};

use jiff::Timestamp;
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, LoaderTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, Value,
    sea_query::{Query, QueryBuilder, SqliteQueryBuilder},
};
use uuid::Uuid;

use super::{
    Store, StoreError,
    rows::{micros, payment_row, recorded, transaction_rows},
};
use crate::domain::{Event, Payment, PaymentId, Recorded, TxnNo};

/// One payment as its journal tells it, and how its rows differ from that.
pub struct Audited {
    pub id: PaymentId,
    /// `None` when the journal cannot be replayed.
    pub payment: Option<Payment>,
    pub events: Vec<Recorded>,
    pub differences: Vec<String>,
}

impl Store {
    /// The next `limit` payments after `after`, in the order of their ids, each held against its journal.
    /// Memory is bounded by `limit`, however many payments there are.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_page(&self, after: Option<PaymentId>, limit: u64) -> Result<Vec<Audited>, StoreError> {
        let mut query = payment::Entity::find().order_by_asc(payment::Column::Id).limit(limit);
        if let Some(after) = after {
            query = query.filter(payment::Column::Id.gt(after.uuid()));
        }
        self.audited(query).await
    }

    /// One payment, held against its journal as it is now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_payment(&self, id: PaymentId) -> Result<Option<Audited>, StoreError> {
        Ok(self.audited(payment::Entity::find_by_id(id.uuid())).await?.pop())
    }

    async fn audited(&self, query: Select<payment::Entity>) -> Result<Vec<Audited>, StoreError> {
        // Beside a server that goes on writing, all three tables are read as of one moment.
        let moment = self.read.snapshot().await?;
        let (payments, events, transactions) = moment
            .read(async |moment| {
                let payments = query.all(moment).await?;
                let events = payments.load_many(payment_event::Entity, moment).await?;
                let transactions = payments.load_many(payment_transaction::Entity, moment).await?;
                Ok((payments, events, transactions))
            })
            .await?;
        let rows = payments.into_iter().zip(events).zip(transactions);
        Ok(rows.map(|((payment, events), transactions)| audited(&payment, events, transactions)).collect())
    }
}

impl Store {
    /// Payments that are named by events or transactions, and are not there: a few of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn orphans(&self) -> Result<Vec<PaymentId>, StoreError> {
        let known = || Query::select().column(payment::Column::Id).from(payment::Entity).to_owned();
        let events: Vec<Uuid> = payment_event::Entity::find()
            .filter(payment_event::Column::PaymentId.not_in_subquery(known()))
            .select_only()
            .column(payment_event::Column::PaymentId)
            .distinct()
            .limit(MAX_ORPHANS)
            .into_tuple()
            .all(&self.read)
            .await?;
        let transactions: Vec<Uuid> = payment_transaction::Entity::find()
            .filter(payment_transaction::Column::PaymentId.not_in_subquery(known()))
            .select_only()
            .column(payment_transaction::Column::PaymentId)
            .distinct()
            .limit(MAX_ORPHANS)
            .into_tuple()
            .all(&self.read)
            .await?;
        let mut orphans: Vec<_> = events.into_iter().chain(transactions).map(PaymentId::from).collect();
        orphans.sort();
        orphans.dedup();
        Ok(orphans)
    }
}

impl Store {
    /// Those of the acquirer's numbers under which a charge is booked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn booked_charges(&self, numbers: &[TxnNo]) -> Result<HashSet<TxnNo>, StoreError> {
        let numbers = numbers.iter().map(|number| number.uuid());
        let booked: Vec<Uuid> = payment_transaction::Entity::find()
            .filter(payment_transaction::Column::Id.is_in(numbers))
            .filter(payment_transaction::Column::Amount.gt(0))
            .select_only()
            .column(payment_transaction::Column::Id)
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(booked.into_iter().map(TxnNo::from).collect())
    }

    /// The numbers of all charges that were asked for after `since`, whatever became of them. Reads through the journal.
    ///
    /// # Errors
    /// The database failed.
    pub async fn requested_since(&self, since: Timestamp) -> Result<HashSet<TxnNo>, StoreError> {
        let rows = payment_event::Entity::find()
            .filter(payment_event::Column::Kind.eq("authorization_requested"))
            .filter(payment_event::Column::At.gte(micros(since)))
            .all(&self.read)
            .await?;
        let mut numbers = HashSet::new();
        for row in &rows {
            if let Event::AuthorizationRequested { txn_no, .. } = recorded(row)?.event {
                numbers.insert(txn_no);
            }
        }
        Ok(numbers)
    }
}

/// One is enough to know that something is very wrong.
const MAX_ORPHANS: u64 = 20;

fn audited(
    row: &payment::Model,
    mut events: Vec<payment_event::Model>,
    transactions: Vec<payment_transaction::Model>,
) -> Audited {
    let id = PaymentId::from(row.id);
    let mut differences = Vec::new();
    events.sort_by_key(|event| event.seq);
    if let Some((place, (event, seq))) = events.iter().zip(1..).enumerate().find(|(_, (event, seq))| event.seq != *seq)
    {
        differences.push(format!("the journal has event {} where {seq} belongs", event.seq));
        // What follows a gap follows from nothing.
        events.truncate(place);
    }
    let events: Vec<Recorded> = match events.iter().map(recorded).collect() {
        Ok(events) => events,
        Err(error) => {
            differences.push(error.to_string());
            Vec::new()
        }
    };
    let (payment, expected) = replay(id, &events);
    match &payment {
        None => differences.push("the journal tells of no payment".to_owned()),
        Some(payment) => {
            compare_projection(payment, row, &mut differences);
            compare_transactions(expected, transactions, &mut differences);
        }
    }
    Audited { id, payment, events, differences }
}

fn replay(id: PaymentId, events: &[Recorded]) -> (Option<Payment>, Vec<payment_transaction::ActiveModel>) {
    let mut payment: Option<Payment> = None;
    let mut transactions = Vec::new();
    for event in events {
        match &mut payment {
            None => payment = Payment::created(id, event),
            Some(payment) => payment.apply(event),
        }
        if let Some(payment) = &payment {
            transactions.extend(transaction_rows(payment, std::slice::from_ref(event)));
        }
    }
    (payment, transactions)
}

fn compare_projection(payment: &Payment, row: &payment::Model, differences: &mut Vec<String>) {
    differ("the payment", &payment_row(payment).into_active_model(), &row.clone().into(), differences);
}

fn compare_transactions(
    expected: Vec<payment_transaction::ActiveModel>,
    mut stored: Vec<payment_transaction::Model>,
    differences: &mut Vec<String>,
) {
    for wanted in expected {
        let name = |status: &dyn fmt::Display, amount: i64, id: Uuid| format!("transaction {id} ({status} {amount})");
        let (id, amount, status) = (*wanted.id.as_ref(), *wanted.amount.as_ref(), wanted.status.as_ref());
        match stored.iter().position(|found| found.id == id) {
            Some(place) => {
                differ(&name(status, amount, id), &wanted, &stored.swap_remove(place).into(), differences);
            }
            None => differences.push(format!("{} is missing", name(status, amount, id))),
        }
    }
    differences.extend(
        stored
            .iter()
            .map(|found| format!("transaction {} ({} {}) is in no journal", found.id, found.status, found.amount)),
    );
}

/// Each column in which a row is not what the journal makes of it.
fn differ<A: ActiveModelTrait>(name: &str, wanted: &A, found: &A, differences: &mut Vec<String>) {
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let (wanted, found) = (wanted.get(column).into_value(), found.get(column).into_value());
        if wanted != found {
            let text = |value: Option<Value>| value.map(|value| SqliteQueryBuilder.value_to_string(&value));
            let [found, wanted] = [found, wanted].map(|value| text(value).unwrap_or_else(|| "missing".to_owned()));
            differences.push(format!("{name}: {} is {found}, the journal says {wanted}", column.as_str()));
        }
    }
}
