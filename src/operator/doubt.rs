//! `paygate doubt`: money that nobody can be asked about, and a person's decision.

use std::io::Write;

use super::OperatorError;
use crate::{
    actors::{AskError, Decision, Payments},
    domain::{PaymentKey, Resolution},
    store::{Doubts, Store},
};

/// Lists what waits for a decision, oldest payment first: one line a charge or refund.
///
/// # Errors
/// The database failed, or the output cannot be written.
pub async fn list_doubt(store: &Store, out: &mut impl Write) -> Result<usize, OperatorError> {
    let payments = store.payments_in_doubt(Doubts::WaitingForAPerson, MAX_LISTED).await?;
    let mut waiting = 0;
    for payment in &payments {
        let order = &payment.order;
        let key = payment.payment_key.map(|key| key.to_string()).unwrap_or_default();
        for doubt in payment.doubts().filter(Resolution::may_be_decided) {
            waiting += 1;
            let refund = doubt.refund.and_then(|number| payment.refund(number));
            let amount = refund.map_or(order.amount, |refund| refund.amount);
            let what = doubt.refund.map_or("charge".to_owned(), |number| format!("refund {number}"));
            let (id, merchant, since) = (&order.order_id, order.merchant, doubt.since);
            writeln!(out, "{key}  {what}  {amount}  order {id} of merchant {merchant}  since {since:.3}")?;
        }
    }
    Ok(waiting)
}

/// Payments one list shows.
const MAX_LISTED: u64 = 1_000;

/// Writes a person's decision into the journal, which is the audit log of it: who, when, why.
///
/// # Errors
/// Nothing waits for a decision there.
pub async fn resolve_doubt(payments: &Payments, key: &str, decision: Decision) -> Result<String, OperatorError> {
    let key: PaymentKey = key.parse().map_err(|_| OperatorError::BadKey)?;
    let payment = payments.look(key.payment()).await.map_err(|error| match error {
        AskError::NotFound => OperatorError::NotFound,
        error => OperatorError::Refused(error.to_string()),
    })?;
    if payment.payment_key != Some(key) {
        return Err(OperatorError::NotFound);
    }
    let resolved = payments.resolve_by_hand(key.payment(), decision).await;
    let resolved = resolved.map_err(|error| OperatorError::Refused(error.to_string()))?;
    Ok(resolved.status.to_string())
}
