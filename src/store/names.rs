//! Looking for part of a name: order names and customers' e-mails, in any case.
//!
//! What is common is met while a list is walked. What is rare is looked up: in an index of pairs of neighbouring
//! characters on PostgreSQL (`m0009_search`), of triples on SQLite (`m0012_names`). What is rare here and common
//! elsewhere, before or with other businesses, SQLite reads off its index of the list.

use paygate_entity::payment;
use sea_orm::{
    ConnectionTrait, DbBackend, Order as Direction, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, Value,
    sea_query::{Alias, Expr, ExprTrait, Func, LikeExpr, Query, extension::postgres::PgExpr},
};

use super::{
    Bounded, Owner, PaymentFilter, Sort, Store, StoreError, Window,
    desk::beyond,
    payments::{found_by, payments_of},
    rows::{counted, folded},
    way::{WORTH_SORTING, Way, number},
};

/// A name is rare when fewer than [`FEW`] of so many payments have it, from where a walk would begin.
const SAMPLE: u64 = 2_000;
const FEW: i64 = 2;

/// Payments that are looked through to count those with a name that is not rare.
const LOOKED_THROUGH: i64 = 100_000;

/// Where a rare name is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameIndex {
    /// PostgreSQL's.
    Pairs,
    /// SQLite's.
    Triples,
    /// In the texts that stand in SQLite's index of the list.
    List,
}

impl Store {
    /// `None` when the name of the filter, if it has one, is met soon enough by walking.
    pub(super) async fn name_index(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        window: Window,
    ) -> Result<Option<NameIndex>, StoreError> {
        let Some(name) = &filter.name else { return Ok(None) };
        if !self.is_rare(owner, name, filter, window).await? {
            return Ok(None);
        }
        Ok(Some(match self.is_sqlite() {
            false => NameIndex::Pairs,
            true if self.has_few_triples_of(name).await? => NameIndex::Triples,
            true => NameIndex::List,
        }))
    }

    async fn is_rare(
        &self,
        owner: Owner,
        name: &str,
        filter: &PaymentFilter,
        window: Window,
    ) -> Result<bool, StoreError> {
        use payment::Column::{CreatedAt, Id, SearchText};
        let PaymentFilter { created_from, created_until, .. } = *filter;
        let dates = PaymentFilter { created_from, created_until, include_unfinished: true, ..PaymentFilter::default() };
        let mut rows = payments_of(owner).filter(dates.condition(Way::default()));
        let by_date = window.sort == Sort::Date;
        // PostgreSQL walks to the end of a list sooner than it sorts all that has a common name.
        if let Some(from) = window.from.filter(|_| by_date && self.is_sqlite()) {
            rows = rows.filter(beyond(number(CreatedAt, false), from, window.climbs()));
        }
        let direction = if by_date && window.climbs() { Direction::Asc } else { Direction::Desc };
        let sample = rows
            .order_by(CreatedAt, direction.clone())
            .order_by(Id, direction)
            .limit(SAMPLE)
            .select_only()
            .column(SearchText)
            .into_query();
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from_subquery(sample, Alias::new("sample"))
            .and_where(contains(Expr::col(SearchText), name))
            .to_owned();
        Ok(counted(self.read.query_one(&count).await?)? < FEW)
    }

    /// How many payments of a list have a name that is met by walking, as far as they are looked through.
    pub(super) async fn count_named(
        &self,
        owner: Owner,
        filter: &PaymentFilter,
        (way, name): (Way, &str),
    ) -> Result<Bounded, StoreError> {
        use payment::Column::{CreatedAt, Id, SearchText};
        let rest = PaymentFilter { name: None, ..filter.clone() };
        let rows = found_by(way, owner, &rest)
            .order_by(CreatedAt, Direction::Desc)
            .order_by(Id, Direction::Desc)
            .limit(LOOKED_THROUGH.unsigned_abs())
            .select_only()
            .column(SearchText)
            .into_query();
        let has_it = Expr::case(contains(Expr::col(SearchText), name), Expr::val(1));
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "looked_through")
            .expr_as(Expr::expr(Func::count(has_it)), "count")
            .from_subquery(rows, Alias::new("looked_through"))
            .to_owned();
        let row = self.read.query_one(&count).await?;
        let looked_through: i64 =
            row.as_ref().map(|row| row.try_get("", "looked_through")).transpose()?.unwrap_or_default();
        Ok(Bounded { count: counted(row)?.unsigned_abs(), is_more: looked_through == LOOKED_THROUGH })
    }

    /// Whether all payments that may have it, whoever's they are, can be looked at in a moment.
    async fn has_few_triples_of(&self, name: &str) -> Result<bool, StoreError> {
        let Triples { texts, values, .. } = Triples::of(name);
        let sql = format!("SELECT COUNT(*) AS count FROM (SELECT 1 FROM {texts} LIMIT {WORTH_SORTING} + 1)");
        let count = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        Ok(counted(self.read.query_one_raw(count).await?)?.unsigned_abs() <= WORTH_SORTING)
    }
}

/// A text in which that name is somewhere.
pub(super) fn contains(text: Expr, name: &str) -> Expr {
    let pattern = searched(name).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    text.like(LikeExpr::new(format!("%{pattern}%")).escape('\\'))
}

/// As search texts are written. Their separator cannot be searched for.
pub(super) fn searched(name: &str) -> String {
    folded(name).replace('\n', " ")
}

impl NameIndex {
    /// What leads the database to this index. What is found there may have the name, and is compared.
    /// (The list's is found by its time: see [`Way::by_time`].)
    pub(super) fn condition(self, name: &str) -> Option<Expr> {
        match self {
            NameIndex::Pairs => has_pairs_of(name),
            NameIndex::Triples => Some(has_triples_of(name)),
            NameIndex::List => None,
        }
    }
}

/// Nothing for one character, which has no neighbours.
fn has_pairs_of(name: &str) -> Option<Expr> {
    use payment::Column::{DueAt, SearchText};
    let name = searched(name);
    let column = |column: payment::Column| Expr::col((payment::Entity, column));
    let pairs = |text: Expr| Expr::expr(Func::cust("paygate_pairs").arg(text));
    let has_neighbours = name.chars().count() > 1;
    has_neighbours.then(|| {
        let found = pairs(column(SearchText)).contains(pairs(Expr::val(name)));
        // The few payments that are under way are not in the index.
        column(DueAt).is_not_null().or(column(DueAt).is_null().and(found))
    })
}

fn has_triples_of(name: &str) -> Expr {
    let Triples { payments, values, .. } = Triples::of(name);
    // The few payments that are under way are not in the index.
    let under_way = format!("SELECT id FROM payment WHERE due_at > {}", i64::MIN);
    Expr::cust_with_values(format!("\"payment\".\"id\" IN ({under_way} UNION ALL {payments})"), values)
}

/// How SQLite's index is asked for a name.
struct Triples {
    /// What is selected from to get a row for each text that may have the name, or more than one.
    texts: &'static str,
    /// The ids of these payments.
    payments: &'static str,
    values: Vec<Value>,
}

impl Triples {
    fn of(name: &str) -> Self {
        let name = searched(name);
        let letters: Vec<char> = name.chars().collect();
        if letters.len() < 3 {
            return Self {
                texts: "payment_text_part WHERE term >= ? AND term < ?",
                payments: "SELECT payment_id FROM payment_text WHERE rowid IN \
                    (SELECT doc FROM payment_text_part WHERE term >= ? AND term < ?)",
                values: vec![name.clone().into(), format!("{name}{}", char::MAX).into()],
            };
        }
        let quoted = |three: &[char]| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\""));
        Self {
            texts: "payment_text WHERE payment_text MATCH ?",
            payments: "SELECT payment_id FROM payment_text WHERE payment_text MATCH ?",
            values: vec![letters.windows(3).map(quoted).collect::<Vec<_>>().join(" ").into()],
        }
    }
}
