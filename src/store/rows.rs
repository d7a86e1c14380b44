//! Between the domain's values and the rows of the payment tables.

use jiff::Timestamp;
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{ActiveValue::Set, IntoActiveModel, QueryResult};
use unicode_normalization::UnicodeNormalization;

use super::StoreError;
use crate::domain::{Authorization, By, Event, Payment, PaymentId, Recorded, RefundKind, RefundState};

/// The journal's and the tables' time.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Corrupt(format!("time {micros}")))
}

/// The answer to a `SELECT COUNT(*) AS count`.
pub(super) fn counted(row: Option<QueryResult>) -> Result<i64, StoreError> {
    Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or_default())
}

/// Money in doubt, as the projection says it.
pub(super) const RESOLVING: &str = "resolving";
pub(super) const MANUAL: &str = "manual";

/// The text that a name filter looks into.
pub(super) fn search_text(order_name: &str, customer_email: Option<&str>) -> String {
    let email: String = customer_email.unwrap_or_default().nfc().collect();
    format!("{}\n{email}", folded(order_name))
}

/// In the composed form (NFC) and in lower case, each character by itself: what is part of a text shall be part of the folded one. (The
/// language's own way writes a sigma at the end of a word as another letter.)
pub(super) fn folded(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).nfc().collect()
}

/// The customer in such a text, in lower case.
pub(super) fn customer_in(search_text: &str) -> Option<&str> {
    search_text.split_once('\n').map(|(_, email)| email).filter(|email| !email.is_empty())
}

/// How a payment is listed whose order id may be another one's: readable still, and unique, as no order id has a `#`.
fn released(order_id: &str, payment: PaymentId) -> String {
    let kept: String = order_id.chars().take(MAX_ORDER_ID_CHARS - 1 - 32).collect();
    format!("{kept}#{}", payment.uuid().simple())
}

/// What the column takes.
const MAX_ORDER_ID_CHARS: usize = 100;

/// The projection of a payment.
pub(super) fn payment_row(payment: &Payment) -> payment::Model {
    let order = &payment.order;
    let completed = |wanted| {
        payment.refunds.iter().any(|refund| refund.kind == wanted && matches!(refund.state, RefundState::Done { .. }))
    };
    payment::Model {
        id: payment.id.uuid(),
        merchant_id: order.merchant.uuid(),
        order_id: if payment.is_order_released {
            released(order.order_id.as_str(), payment.id)
        } else {
            order.order_id.as_str().to_owned()
        },
        order_name: order.order_name.as_str().to_owned(),
        search_text: search_text(order.order_name.as_str(), payment.payer.as_ref().map(|payer| &*payer.email)),
        amount: order.amount.minor(),
        balance: payment.balance(),
        currency: order.amount.currency().code().to_owned(),
        status: payment.status.as_str().to_owned(),
        seq: payment.seq,
        payment_key: payment.payment_key.map(|key| key.to_string()),
        customer_id: payment.payer.as_ref().map(|payer| payer.id.uuid()),
        method: payment.instrument.as_ref().map(|instrument| instrument.method.to_string()),
        card_masked: payment.instrument.as_ref().map(|instrument| instrument.masked.to_string()),
        card_company: payment.instrument.as_ref().map(|instrument| instrument.issuer.to_string()),
        has_cancel: completed(RefundKind::Canceled),
        has_refund: completed(RefundKind::Refunded),
        created_at: micros(payment.created_at),
        updated_at: micros(payment.updated_at),
        expires_at: micros(order.expires_at),
        approved_at: match payment.authorization {
            Authorization::Approved { completed_at, .. } => Some(micros(completed_at)),
            _ => None,
        },
        due_at: payment.due_at().map(micros),
        doubt: payment.resolution().map(|doubt| {
            let doubt = if doubt.may_be_decided() { MANUAL } else { RESOLVING };
            doubt.to_owned()
        }),
    }
}

pub(super) fn event_row(payment: PaymentId, recorded: &Recorded) -> Result<payment_event::ActiveModel, StoreError> {
    let (who, who_id) = match recorded.by {
        By::Shop => ("shop", None),
        By::ClientKey => ("client_key", None),
        By::Customer(id) => ("customer", Some(id.uuid())),
        By::BackOffice(id) => ("back_office", Some(id.uuid())),
        By::Operator => ("operator", None),
        By::Gateway => ("gateway", None),
    };
    let body = serde_json::to_string(&recorded.event).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(payment_event::ActiveModel {
        payment_id: Set(payment.uuid()),
        seq: Set(recorded.seq),
        at: Set(micros(recorded.at)),
        who: Set(who.to_owned()),
        who_id: Set(who_id),
        kind: Set(recorded.event.kind().to_owned()),
        body: Set(body),
    })
}

pub(super) fn recorded(row: &payment_event::Model) -> Result<Recorded, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("event {} of payment {}: {what}", row.seq, row.payment_id));
    let by = match (row.who.as_str(), row.who_id) {
        ("shop", _) => By::Shop,
        ("client_key", _) => By::ClientKey,
        ("customer", Some(id)) => By::Customer(id.into()),
        ("back_office", Some(id)) => By::BackOffice(id.into()),
        ("operator", _) => By::Operator,
        ("gateway", _) => By::Gateway,
        _ => return Err(corrupt("unknown author")),
    };
    let event: Event = serde_json::from_str(&row.body).map_err(|error| corrupt(&error.to_string()))?;
    if event.kind() != row.kind {
        return Err(corrupt("the column says another kind than the body"));
    }
    Ok(Recorded { seq: row.seq, at: timestamp(row.at)?, by, event })
}

/// The money that moved because of `events`, read off the payment after them.
pub(super) fn transaction_rows(payment: &Payment, events: &[Recorded]) -> Vec<payment_transaction::ActiveModel> {
    events.iter().filter_map(|recorded| transaction_row(payment, recorded)).collect()
}

fn transaction_row(payment: &Payment, recorded: &Recorded) -> Option<payment_transaction::ActiveModel> {
    let row = match &recorded.event {
        Event::Approved { txn_no, .. } => {
            let Authorization::Approved { requested_at, .. } = payment.authorization else { return None };
            payment_transaction::Model {
                id: txn_no.uuid(),
                payment_id: payment.id.uuid(),
                merchant_id: payment.order.merchant.uuid(),
                status: "APPROVED".to_owned(),
                amount: payment.order.amount.minor(),
                reason: None,
                requested_at: micros(requested_at),
                completed_at: micros(recorded.at),
            }
        }
        Event::RefundSucceeded { cancel_no } => {
            let refund = payment.refund(*cancel_no)?;
            payment_transaction::Model {
                id: cancel_no.uuid(),
                payment_id: payment.id.uuid(),
                merchant_id: payment.order.merchant.uuid(),
                status: match refund.kind {
                    RefundKind::Canceled => "CANCELED",
                    RefundKind::Refunded => "REFUNDED",
                }
                .to_owned(),
                amount: -refund.amount.minor(),
                reason: refund.reason.as_deref().map(str::to_owned),
                requested_at: micros(refund.requested_at),
                completed_at: micros(recorded.at),
            }
        }
        _ => return None,
    };
    Some(row.into_active_model())
}
