//! How a list is found: by walking along its order until a page is full, or by finding the rows of a filter
//! and sorting them. Planners guess here, and a wrong guess costs a walk over everything; so little is
//! counted first, and what shall not be chosen is spelled in a way that no index knows.

use paygate_entity::payment;
use sea_orm::sea_query::{Expr, ExprTrait};

use super::{
    Bounded, Owner, PaymentFilter, Sort, Store, StoreError, TransactionKind, Window, names::NameIndex,
    payments::found_by,
};

/// What no index is chosen for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    /// Whose payments they are.
    pub hides_owner: bool,
    pub hides_amount: bool,
    pub hides_dates: bool,
    pub hides_order: bool,
    /// Kinds of transactions.
    pub hides_kind: bool,
    /// Status and method.
    pub hides_status: bool,
    /// A condition that is always true leads SQLite to the indexes that go by time.
    pub by_time: bool,
    /// Where the name is looked up.
    pub by_name: Option<NameIndex>,
}

impl Way {
    /// No other index than the one of the name.
    pub(super) fn by_name(index: NameIndex, sort: Sort) -> Self {
        Self {
            hides_owner: index == NameIndex::Triples,
            hides_order: index != NameIndex::List || sort != Sort::Date,
            hides_amount: true,
            hides_kind: true,
            hides_status: true,
            by_time: index == NameIndex::List,
            by_name: Some(index),
            ..Self::default()
        }
    }

    /// Few are in doubt: they are found by that and sorted.
    pub(super) fn by_doubt() -> Self {
        Self {
            hides_order: true,
            hides_amount: true,
            hides_dates: true,
            hides_kind: true,
            hides_status: true,
            ..Self::default()
        }
    }
}

/// Rows that are found and sorted in a moment.
pub(super) const WORTH_SORTING: u64 = 5_000;

impl Store {
    /// Cancels and refunds are rarer than any status. SQLite would not believe it; PostgreSQL knows, and looks for
    /// the status within the index of the kind.
    fn plain(&self, filter: &PaymentFilter) -> Way {
        let is_rare = filter.kind.is_some_and(TransactionKind::is_back);
        Way { hides_status: is_rare && self.is_sqlite(), ..Way::default() }
    }

    /// `None` when nothing can be found.
    pub(super) async fn way(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        window: Window,
    ) -> Result<Option<Way>, StoreError> {
        if filter.is_contradictory() {
            return Ok(None);
        }
        if filter.is_in_doubt {
            return Ok(Some(Way::by_doubt()));
        }
        let sort = window.sort;
        if let Some(index) = self.name_index(owner, filter, window).await? {
            return Ok(Some(Way::by_name(index, sort)));
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
        self.count_up_to(found_by(way, owner, filter), WORTH_SORTING).await
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
