//! `paygate why`: the life of one payment, from its journal.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::OperatorError;
use crate::{
    domain::{By, Event, Payment, PaymentKey, Recorded},
    store::Store,
};

/// Writes every event of the payment: when, how long after the one before, who, what. As JSON, one
/// object a line.
///
/// # Errors
/// There is no such payment, or it cannot be read.
pub async fn why(store: &Store, key: &str, as_json: bool, out: &mut impl Write) -> Result<(), OperatorError> {
    let key: PaymentKey = key.parse().map_err(|_| OperatorError::BadKey)?;
    let events = store.events_after(key.payment(), 0).await?;
    let payment = Payment::replay(key.payment(), events.clone()).ok_or(OperatorError::NotFound)?;
    if payment.payment_key != Some(key) {
        return Err(OperatorError::NotFound);
    }
    if as_json {
        for event in &events {
            writeln!(out, "{}", json_line(event))?;
        }
        return Ok(());
    }
    let order = &payment.order;
    writeln!(out, "payment {} · order {} “{}” · {}", payment.id, order.order_id, order.order_name, order.amount)?;
    let mut before: Option<Timestamp> = None;
    for event in &events {
        let pause = before.map_or(0.0, |before| event.at.duration_since(before).as_secs_f64());
        let line = format!(
            "{:.3}  {:>+10.3} s  {:>4}  {:<13} {:<24} {}",
            event.at,
            pause,
            event.seq,
            who(event.by),
            event.event.kind(),
            detail(&event.event),
        );
        writeln!(out, "{}", line.trim_end())?;
        before = Some(event.at);
    }
    let due = payment.due_at().map(|at| format!(", next look at {at:.3}")).unwrap_or_default();
    writeln!(out, "now {} · {} left of {}{due}", payment.status, payment.balance(), order.amount)?;
    Ok(())
}

fn json_line(event: &Recorded) -> Value {
    let Recorded { seq, at, by, event } = event;
    json!({ "seq": seq, "at": at, "by": by, "event": event })
}

/// Accounts by the end of their number, which is what differs; `--json` has the whole one.
fn who(by: By) -> String {
    let end = |id: Uuid| id.simple().to_string().split_off(28);
    match by {
        By::Shop => "shop".to_owned(),
        By::ClientKey => "client key".to_owned(),
        By::Customer(id) => format!("customer {}", end(id.uuid())),
        By::BackOffice(id) => format!("desk {}", end(id.uuid())),
        By::Operator => "operator".to_owned(),
        By::Gateway => "gateway".to_owned(),
    }
}

/// What an event says beyond its name.
fn detail(event: &Event) -> String {
    let next = |at: &Option<Timestamp>| match at {
        Some(at) => format!("next look at {at:.3}"),
        None => "waits for a person".to_owned(),
    };
    match event {
        Event::Created { order } => format!("{}, until {:.3}", order.amount, order.expires_at),
        Event::Claimed { payer } => format!("by {}", payer.email),
        Event::VerificationStarted { instrument, .. } => format!("{} {}", instrument.issuer, instrument.masked),
        Event::VerificationFailed { reason } | Event::Aborted { reason } => format!("{reason:?}"),
        Event::VerificationPassed { payment_key } => format!("key {payment_key}"),
        Event::ConfirmRefused { amount } => format!("{amount} was confirmed"),
        Event::AuthorizationRequested { txn_no, .. }
        | Event::AuthorizationNotSent { txn_no }
        | Event::InquiryRequested { txn_no, .. }
        | Event::ReversalRequested { txn_no, .. }
        | Event::Reversed { txn_no } => format!("txn {txn_no}"),
        Event::AuthorizationUnknown { txn_no, next_at } | Event::ReversalFailed { txn_no, next_at } => {
            format!("txn {txn_no}, {}", next(next_at))
        }
        Event::InquiryFailed { txn_no, next_at, not_sent } => {
            let why = if *not_sent { ", not sent" } else { "" };
            format!("txn {txn_no}{why}, {}", next(&Some(*next_at)))
        }
        Event::LateApproval { txn_no, approval } | Event::Approved { txn_no, approval } => {
            format!("txn {txn_no}, approval {}", approval.approval_no)
        }
        Event::ResolvedByHand { approved, note, .. } => {
            format!("{}: {note}", if *approved { "approved" } else { "reversed" })
        }
        Event::RefundResolvedByHand { cancel_no, approved, note } => {
            format!("cancel {cancel_no} {}: {note}", if *approved { "approved" } else { "declined" })
        }
        Event::Declined { txn_no, reason } => format!("txn {txn_no}, {reason:?}"),
        Event::Canceled { reason } => reason.as_deref().unwrap_or_default().to_owned(),
        Event::RefundRequested { cancel_no, amount, reason, .. } => {
            format!("cancel {cancel_no}, {amount} {}", reason.as_deref().unwrap_or_default())
        }
        Event::RefundUnknown { cancel_no, next_at } => format!("cancel {cancel_no}, {}", next(next_at)),
        Event::RefundRetried { cancel_no, .. } | Event::RefundSucceeded { cancel_no } => format!("cancel {cancel_no}"),
        Event::RefundAnswerWithheld { cancel_no } | Event::RefundAnswerGiven { cancel_no } => {
            format!("cancel {cancel_no}")
        }
        Event::RefundFailed { cancel_no, reason } => format!("cancel {cancel_no}, {reason:?}"),
        Event::AnswerWithheld | Event::Expired | Event::OrderReleased => String::new(),
    }
}
