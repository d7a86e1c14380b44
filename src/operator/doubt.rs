//! `paygate doubt`: money that nobody can be asked about, and a person's decision.

use std::io::Write;

use super::OperatorError;
use crate::{
    actors::Payments,
    domain::{By, PaymentKey},
    store::Store,
};

/// Lists what waits for a decision, oldest first: one line a payment.
///
/// # Errors
/// The database failed, or the output cannot be written.
pub async fn list_doubt(store: &Store, out: &mut impl Write) -> Result<usize, OperatorError> {
    let waiting = store.payments_waiting_for_a_person(None, MAX_LISTED).await?;
    for payment in &waiting {
        let order = &payment.order;
        let key = payment.payment_key.map(|key| key.to_string()).unwrap_or_default();
        let since = payment.updated_at;
        writeln!(
            out,
            "{key}  {}  order {} of merchant {}  since {since:.3}",
            order.amount, order.order_id, order.merchant
        )?;
    }
    Ok(waiting.len())
}

/// Payments one list shows.
const MAX_LISTED: u64 = 1_000;

/// Writes a person's decision into the journal, which is the audit log of it: who, when, why.
///
/// # Errors
/// Nothing waits for a decision there.
pub async fn resolve_doubt(
    payments: &Payments,
    key: &str,
    approved: bool,
    note: &str,
) -> Result<String, OperatorError> {
    let key: PaymentKey = key.parse().map_err(|_| OperatorError::BadKey)?;
    let payment = payments.look(key.payment()).await.map_err(|_| OperatorError::NotFound)?;
    if payment.payment_key != Some(key) {
        return Err(OperatorError::NotFound);
    }
    let resolved = payments.resolve_by_hand(key.payment(), approved, note.into(), By::Operator).await;
    let resolved = resolved.map_err(|error| OperatorError::Refused(error.to_string()))?;
    Ok(resolved.status.to_string())
}
