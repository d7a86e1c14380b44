//! How a list is found: by walking along its order until a page is full, or by finding the rows of a filter
//! and sorting them. Planners guess here, and a wrong guess costs a walk over everything; so little is
//! counted first, and what shall not be chosen is spelled in a way that no index knows.

use paygate_entity::payment;
use sea_orm::{
    ConnectionTrait, DbBackend, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use super::{
    Bounded, Owner, PaymentFilter, Sort, Store, StoreError, TransactionKind, filter::contains, payments::payments_of,
};

/// What no index is chosen for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    pub hides_amount: bool,
    pub hides_dates: bool,
    pub hides_order: bool,
    /// Kinds of transactions.
    pub hides_kind: bool,
    /// Status and method.
    pub hides_status: bool,
    /// A condition that is always true leads SQLite to the indexes that go by time.
    pub by_time: bool,
    /// PostgreSQL's index of pairs of characters is chosen (see the migration `m0009_search`).
    pub by_pairs: bool,
}

/// Rows that are found and sorted in a moment.
const WORTH_SORTING: u64 = 5_000;

/// A name is rare when fewer than [`FEW`] of so many newest payments have it.
const SAMPLE: u64 = 2_000;
const FEW: i64 = 5;

impl Store {
    /// Cancels and refunds are rarer than any status. SQLite would not believe it; PostgreSQL knows, and looks for
    /// the status within the index of the kind.
    fn plain(&self, filter: &PaymentFilter) -> Way {
        let is_rare = filter.kind.is_some_and(TransactionKind::is_back);
        Way { hides_status: is_rare && !self.is_postgres(), ..Way::default() }
    }

    fn is_postgres(&self) -> bool {
        self.read.get_database_backend() == DbBackend::Postgres
    }

    /// `None` when nothing can be found.
    pub(super) async fn way(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        sort: Sort,
    ) -> Result<Option<Way>, StoreError> {
        if filter.is_contradictory() {
            return Ok(None);
        }
        if let Some(name) = &filter.name
            && self.is_rare(owner, name).await?
        {
            return Ok(Some(self.by_text(sort)));
        }
        let way = self.plain(filter);
        let PaymentFilter { amount_from, amount_to, created_from, created_until, kind, status, .. } = *filter;
        let all = PaymentFilter { include_unfinished: true, ..PaymentFilter::default() };
        let has_dates = created_from.or(created_until).is_some();
        let narrowing = match sort {
            Sort::Date if amount_from.or(amount_to).is_some() => PaymentFilter { amount_from, amount_to, ..all },
            Sort::Amount if has_dates || kind.is_some() || status.is_some() || filter.method.is_some() => {
                let method = filter.method.clone();
                PaymentFilter { created_from, created_until, kind, status, method, ..all }
            }
            _ => return Ok(Some(way)),
        };
        let Bounded { count, is_more: is_wide } = self.width(owner, &narrowing).await?;
        if count == 0 {
            return Ok(None);
        }
        Ok(Some(match (sort, is_wide) {
            (Sort::Date, true) => Way { hides_amount: true, ..way },
            (Sort::Date, false) => {
                Way { hides_order: true, hides_dates: true, hides_kind: true, hides_status: true, ..way }
            }
            (Sort::Amount, true) => Way { hides_dates: true, hides_kind: true, hides_status: true, ..way },
            (Sort::Amount, false) => Way { hides_order: true, hides_amount: true, by_time: true, ..way },
        }))
    }

    /// How many rows there are, as far as they are sorted in a moment.
    async fn width(&self, owner: Owner, filter: &PaymentFilter) -> Result<Bounded, StoreError> {
        let mut way = self.plain(filter);
        // Of the indexes that would do, the one of the kind goes by time.
        way.by_time = filter.amount_from.or(filter.amount_to).is_none();
        self.count_up_to(payments_of(owner).filter(filter.condition(way)), WORTH_SORTING).await
    }

    /// PostgreSQL looks the name up, SQLite reads the texts off the index by which payments are listed.
    fn by_text(&self, sort: Sort) -> Way {
        let by_pairs = self.is_postgres();
        let way = Way { hides_amount: true, hides_kind: true, hides_status: true, ..Way::default() };
        Way { hides_order: by_pairs || sort != Sort::Date, by_time: !by_pairs, by_pairs, ..way }
    }

    async fn is_rare(&self, owner: Owner, name: &str) -> Result<bool, StoreError> {
        use payment::Column::{CreatedAt, Id, SearchText};
        let newest = payments_of(owner)
            .order_by(CreatedAt, Direction::Desc)
            .order_by(Id, Direction::Desc)
            .limit(SAMPLE)
            .select_only()
            .column(SearchText)
            .into_query();
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from_subquery(newest, Alias::new("newest"))
            .and_where(contains(Expr::col(SearchText), name))
            .to_owned();
        let row = self.read.query_one(&count).await?;
        let count: i64 = row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default();
        Ok(count < FEW)
    }
}

/// A column, or a sum that no index knows.
pub(super) fn number(column: payment::Column, is_hidden: bool) -> Expr {
    let column = Expr::col((payment::Entity, column));
    if is_hidden { column.add(0) } else { column }
}

/// The same condition, in words that no index knows.
pub(super) fn hidden(condition: Expr, is_hidden: bool) -> Expr {
    if is_hidden { condition.is(Expr::Constant(true.into())) } else { condition }
}
