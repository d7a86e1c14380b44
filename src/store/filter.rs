//! What lists of payments are narrowed by.

use jiff::Timestamp;
use paygate_entity::payment;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait, LikeExpr},
};

use super::{TransactionStatus, rows::micros};
use crate::domain::{PaymentKey, Status};

/// What a list is narrowed by; everything applies before paging.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    pub payment_key: Option<PaymentKey>,
    /// The shop's own number, as a whole.
    pub order_id: Option<String>,
    /// Substring of the order name or the customer's e-mail, any case.
    pub name: Option<String>,
    /// Payments that have such a transaction.
    pub status: Option<TransactionStatus>,
    /// Where the payment stands.
    pub stands: Option<Status>,
    /// A payment method: `card`, ….
    pub method: Option<String>,
    /// Minor units, inclusive.
    pub amount_from: Option<i64>,
    /// Minor units, inclusive.
    pub amount_to: Option<i64>,
    pub created_from: Option<Timestamp>,
    /// Exclusive.
    pub created_until: Option<Timestamp>,
    /// Also payments in which no money has moved.
    pub include_unfinished: bool,
    /// From 0.
    pub page: u64,
    pub limit: u64,
}

/// What no index is chosen for. A wide range is better left to a walk along the order of the list, and the
/// order better left to a sort when few rows are found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hidden {
    pub amount: bool,
    pub dates: bool,
    pub order: bool,
}

/// A column, or a sum that no index knows.
pub(super) fn number(column: payment::Column, is_hidden: bool) -> Expr {
    let column = Expr::col((payment::Entity, column));
    if is_hidden { column.add(0) } else { column }
}

impl PaymentFilter {
    pub(super) fn condition(&self, hidden: Hidden) -> Condition {
        use payment::Column::{
            Amount, ApprovedAt, CreatedAt, HasCancel, HasRefund, Method, OrderId, PaymentKey, SearchText, Status,
        };
        let like = |name: &String| {
            // The separator of the search text cannot be searched for.
            let escaped = name.to_lowercase().replace('\n', " ").replace('\\', "\\\\");
            let pattern = escaped.replace('%', "\\%").replace('_', "\\_");
            Expr::col((payment::Entity, SearchText)).like(LikeExpr::new(format!("%{pattern}%")).escape('\\'))
        };
        Condition::all()
            .add_option(self.payment_key.map(|key| PaymentKey.eq(key.to_string())))
            .add_option(self.order_id.as_ref().map(|order| OrderId.eq(order.as_str())))
            .add_option(self.name.as_ref().map(like))
            .add_option(self.status.map(|status| match status {
                TransactionStatus::Approved => ApprovedAt.is_not_null(),
                // As the partial index spells it.
                TransactionStatus::Canceled => Expr::col(HasCancel),
                TransactionStatus::Refunded => Expr::col(HasRefund),
            }))
            .add_option(self.stands.map(|status| Status.eq(status.as_str())))
            .add_option(self.method.as_ref().map(|method| Method.eq(method.as_str())))
            .add_option(self.amount_from.map(|from| number(Amount, hidden.amount).gte(from)))
            .add_option(self.amount_to.map(|to| number(Amount, hidden.amount).lte(to)))
            .add_option(self.created_from.map(|from| number(CreatedAt, hidden.dates).gte(micros(from))))
            .add_option(self.created_until.map(|until| number(CreatedAt, hidden.dates).lt(micros(until))))
            .add_option((!self.include_unfinished).then(|| ApprovedAt.is_not_null()))
    }
}
