//! What the back office asks of a business's payments: pages that stay right while rows arrive, and
//! counts up to a bound.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use paygate_entity::payment;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    Owner, PaymentFilter, Store, StoreError,
    payments::{doubts_of, found_by, shown_status},
    rows::{counted, customer_in, timestamp},
    way::{Way, number},
};
use crate::domain::{MerchantId, PaymentId, Status};

/// A number of rows, counted up to a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounded {
    pub count: u64,
    /// There are more than these.
    pub is_more: bool,
}

/// What a list is ordered by. The payment's id makes each order a total one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Date,
    Amount,
}

impl Sort {
    const fn column(self) -> payment::Column {
        match self {
            Sort::Date => payment::Column::CreatedAt,
            Sort::Amount => payment::Column::Amount,
        }
    }
}

/// Between two rows of a list: what it is sorted by, and the id. New rows do not move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub value: i64,
    pub id: PaymentId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.value, self.id)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (value, id) = text.split_once('-').ok_or(())?;
        Ok(Self { value: value.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    pub sort: Sort,
    pub is_ascending: bool,
    /// From here on, without the row it names; from the beginning when absent.
    pub from: Option<Cursor>,
    /// Against the order: the rows before `from`. They come in order all the same.
    pub is_backwards: bool,
    pub limit: u64,
}

impl Window {
    /// From little to much, or from old to new.
    pub(super) const fn climbs(self) -> bool {
        self.is_ascending != self.is_backwards
    }
}

/// A payment as the back office lists it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: PaymentId,
    pub created_at: Timestamp,
    pub approved_at: Option<Timestamp>,
    pub payment_key: Option<String>,
    pub order_id: String,
    pub order_name: String,
    /// In lower case; absent until a customer approved.
    pub customer: Option<String>,
    pub method: Option<String>,
    pub card_company: Option<String>,
    pub card_masked: Option<String>,
    pub status: Status,
    pub amount: i64,
    /// Charged and not given back.
    pub balance: i64,
    pub is_in_doubt: bool,
}

impl Entry {
    /// Minor units given back.
    pub const fn given_back(&self) -> i64 {
        if self.approved_at.is_some() { self.amount - self.balance } else { 0 }
    }

    pub fn cursor(&self, sort: Sort) -> Cursor {
        let value = match sort {
            Sort::Date => self.created_at.as_microsecond(),
            Sort::Amount => self.amount,
        };
        Cursor { value, id: self.id }
    }
}

impl Store {
    /// A part of somebody's list of payments, and whether there is more in that direction.
    ///
    /// # Errors
    /// The database failed.
    pub async fn browse(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        window: Window,
        now: Timestamp,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let Some(rows) = self.rows_of(owner, filter, window).await? else { return Ok((Vec::new(), false)) };
        let rows = rows.all(&self.read).await?;
        let mut entries: Vec<_> = rows.into_iter().map(|row| entry(row, now)).collect::<Result<_, _>>()?;
        let shown = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let is_more = entries.len() > shown;
        entries.truncate(shown);
        if window.is_backwards {
            entries.reverse();
        }
        Ok((entries, is_more))
    }

    /// Those of a business's payments that are named, as they are now, in no order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entries(
        &self,
        merchant: MerchantId,
        ids: impl Iterator<Item = PaymentId>,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let way = Way { hides_owner: true, ..Way::default() };
        let all = PaymentFilter { include_unfinished: true, ..PaymentFilter::default() };
        let rows = found_by(way, Owner::Merchant(merchant), &all);
        let rows = rows.filter(payment::Column::Id.is_in(ids.map(PaymentId::uuid))).all(&self.read).await?;
        rows.into_iter().map(|row| entry(row, now)).collect()
    }

    /// How the database finds the rows of [`Store::browse`], line by line in its own words; no line when it need
    /// not look.
    ///
    /// # Errors
    /// The database failed.
    pub async fn plan(&self, owner: Owner, filter: &PaymentFilter, window: Window) -> Result<Vec<String>, StoreError> {
        let backend = self.read.get_database_backend();
        let Some(rows) = self.rows_of(owner, filter, window).await? else { return Ok(Vec::new()) };
        let mut query = rows.build(backend);
        let (explain, column) = match backend {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => ("EXPLAIN (COSTS OFF)", "QUERY PLAN"),
        };
        query.sql = format!("{explain} {}", query.sql);
        let lines = self.read.query_all_raw(query).await?;
        Ok(lines.iter().map(|line| line.try_get("", column)).collect::<Result<_, _>>()?)
    }

    async fn rows_of(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        window: Window,
    ) -> Result<Option<Select<payment::Entity>>, StoreError> {
        let Window { sort, from, limit, .. } = window;
        let direction = if window.climbs() { Direction::Asc } else { Direction::Desc };
        let Some(way) = self.way(owner, filter, window).await? else { return Ok(None) };
        let mut rows = found_by(way, owner, filter);
        if let Some(from) = from {
            rows = rows.filter(beyond(number(sort.column(), way.hides_order), from, window.climbs()));
        }
        // One more than is shown tells whether there is more.
        let rows = rows.order_by(number(sort.column(), way.hides_order), direction.clone());
        Ok(Some(rows.order_by(payment::Column::Id, direction).limit(limit + 1)))
    }

    /// How many payments a list has, up to `most`; with `after`, only what came after that one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_entries(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        after: Option<Cursor>,
        most: u64,
    ) -> Result<Bounded, StoreError> {
        let way = match after {
            // What is new is little: it is found by its time.
            Some(_) => Way { hides_amount: true, ..Way::default() },
            None if filter.is_in_doubt => Way::by_doubt(),
            None => Way::default(),
        };
        let mut rows = found_by(way, owner, filter);
        if let Some(after) = after {
            rows = rows.filter(beyond(number(payment::Column::CreatedAt, false), after, true));
        }
        self.count_up_to(rows, most).await
    }

    /// A business's payments with money in doubt.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_doubts(&self, merchant: MerchantId, most: u64) -> Result<Bounded, StoreError> {
        self.count_up_to(doubts_of(merchant), most).await
    }

    /// Counts no further than one row beyond `most`.
    pub(super) async fn count_up_to(&self, rows: Select<payment::Entity>, most: u64) -> Result<Bounded, StoreError> {
        let count = self.count(rows.limit(most + 1)).await?.unsigned_abs();
        Ok(Bounded { count: Ord::min(count, most), is_more: count > most })
    }

    pub(super) async fn count(&self, rows: Select<payment::Entity>) -> Result<i64, StoreError> {
        let rows = rows.select_only().expr_as(Expr::val(1), "one").into_query();
        let number = Expr::cust("COUNT(*)");
        let count = Query::select().expr_as(number, "count").from_subquery(rows, Alias::new("counted")).to_owned();
        counted(self.read.query_one(&count).await?)
    }
}

/// Beyond a row in the order: one comparison of pairs, which both databases answer from an index.
pub(super) fn beyond(value: Expr, from: Cursor, climbs: bool) -> Expr {
    let id: Uuid = from.id.uuid();
    let here = Expr::tuple([value, Expr::col((payment::Entity, payment::Column::Id))]);
    let there = Expr::tuple([Expr::value(from.value), Expr::value(id)]);
    if climbs { ExprTrait::gt(here, there) } else { ExprTrait::lt(here, there) }
}

fn entry(row: payment::Model, now: Timestamp) -> Result<Entry, StoreError> {
    let status = shown_status(&row, now)?;
    Ok(Entry {
        id: row.id.into(),
        created_at: timestamp(row.created_at)?,
        approved_at: row.approved_at.map(timestamp).transpose()?,
        customer: customer_in(&row.search_text).map(str::to_owned),
        payment_key: row.payment_key,
        order_id: row.order_id,
        order_name: row.order_name,
        method: row.method,
        card_company: row.card_company,
        card_masked: row.card_masked,
        status,
        amount: row.amount,
        balance: row.balance,
        is_in_doubt: row.doubt.is_some(),
    })
}
