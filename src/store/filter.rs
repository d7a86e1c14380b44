//! What lists of payments are narrowed by.

use jiff::Timestamp;
use paygate_entity::payment;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait},
};
use unicode_normalization::UnicodeNormalization;

use super::{
    Cursor, TransactionKind,
    names::{contains, searched},
    payments::in_doubt,
    rows::micros,
    way::{Way, hidden, number},
};
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
    pub kind: Option<TransactionKind>,
    /// Where the payment stands.
    pub status: Option<Status>,
    /// Payments with money in doubt.
    pub is_in_doubt: bool,
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
    /// From here on, without the payment it names. (Only the lists of the API; the back office has windows.)
    pub after: Option<Cursor>,
    /// From 0, after that.
    pub page: u64,
    pub limit: u64,
}

impl PaymentFilter {
    /// No payment is like that: what stands here has had no such transaction.
    pub(super) fn is_contradictory(&self) -> bool {
        let Some((kind, status)) = self.kind.zip(self.status) else { return false };
        let has_it = match status {
            Status::PartialCanceled | Status::Canceled => true,
            Status::Done => !kind.is_back(),
            Status::Ready | Status::InVerificate | Status::InProgress | Status::Aborted | Status::Expired => false,
        };
        !has_it
    }

    /// A payment may come to be in such a list later than it was made.
    pub(super) const fn may_be_entered(&self) -> bool {
        self.is_in_doubt || self.status.is_some() || self.kind.is_some() || self.method.is_some() || self.name.is_some()
    }

    /// A payment is in the list, as far as that changes in its life.
    pub(super) fn has(&self, row: &payment::Model) -> bool {
        let is_such = |kind| match kind {
            TransactionKind::Approved => row.approved_at.is_some(),
            TransactionKind::Canceled => row.has_cancel,
            TransactionKind::Refunded => row.has_refund,
        };
        self.kind.is_none_or(is_such)
            && self.status.is_none_or(|status| row.status == status.as_str())
            && self.method.as_ref().is_none_or(|method| row.method.as_ref() == Some(method))
            && self.name.as_ref().is_none_or(|name| row.search_text.contains(&searched(name)))
            && (!self.is_in_doubt || row.doubt.is_some())
    }

    pub(super) fn condition(&self, way: Way) -> Condition {
        use payment::Column::{
            Amount, ApprovedAt, CreatedAt, HasCancel, HasRefund, Method, OrderId, PaymentKey, SearchText, Status,
        };
        let kind = |condition: Expr| hidden(condition, way.hides_kind);
        let standing = |condition: Expr| hidden(condition, way.hides_status);
        let amount = |condition: Expr| hidden(condition, way.hides_amount);
        // A sum has no statistics, which know nothing of the newest payments.
        let date = || number(CreatedAt, way.hides_dates);
        Condition::all()
            .add_option(self.payment_key.map(|key| PaymentKey.eq(key.to_string())))
            .add_option(self.order_id.as_ref().map(|order| OrderId.is_in(forms(order))))
            .add_option(self.name.as_ref().map(|name| contains(Expr::col((payment::Entity, SearchText)), name)))
            .add_option(self.name.as_ref().zip(way.by_name).and_then(|(name, index)| index.condition(name)))
            .add_option(self.kind.map(|wanted| {
                kind(match wanted {
                    TransactionKind::Approved => ApprovedAt.is_not_null(),
                    // As the partial index spells it.
                    TransactionKind::Canceled => Expr::col(HasCancel),
                    TransactionKind::Refunded => Expr::col(HasRefund),
                })
            }))
            .add_option(way.by_time.then(|| CreatedAt.gt(i64::MIN)))
            .add_option(self.status.map(|status| standing(Status.eq(status.as_str()))))
            .add_option(self.is_in_doubt.then(in_doubt))
            .add_option(self.method.as_ref().map(|method| standing(Method.eq(method.as_str()))))
            .add_option(self.amount_from.map(|from| amount(Amount.gte(from))))
            .add_option(self.amount_to.map(|to| amount(Amount.lte(to))))
            .add_option(self.created_from.map(|from| ExprTrait::gte(date(), micros(from))))
            .add_option(self.created_until.map(|until| ExprTrait::lt(date(), micros(until))))
            .add_option((!self.include_unfinished).then(|| kind(ApprovedAt.is_not_null())))
    }
}

/// An order id as it is given, composed and decomposed: older versions stored ids as they came.
fn forms(order_id: &str) -> Vec<String> {
    let mut forms = vec![order_id.to_owned(), order_id.nfc().collect(), order_id.nfd().collect()];
    forms.sort_unstable();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_not_looked_for() {
        let is_looked_for = |kind, status| {
            let filter = PaymentFilter { kind, status, ..PaymentFilter::default() };
            !filter.is_contradictory()
        };
        for status in Status::ALL {
            let is_charged = matches!(status, Status::Done | Status::PartialCanceled | Status::Canceled);
            let has_returns = matches!(status, Status::PartialCanceled | Status::Canceled);
            assert_eq!(is_looked_for(Some(TransactionKind::Approved), Some(status)), is_charged, "{status:?}");
            for kind in [TransactionKind::Canceled, TransactionKind::Refunded] {
                assert_eq!(is_looked_for(Some(kind), Some(status)), has_returns, "{kind:?} {status:?}");
            }
            assert!(is_looked_for(None, Some(status)));
        }
        assert!(is_looked_for(Some(TransactionKind::Refunded), None));
    }
}
