//! The state machine: what a command does to a payment in its present state.

use jiff::Timestamp;

use super::{
    Approval, Authorization, CancelNo, Command, CustomerId, Effect, Event, Instrument, Money, Order, Outcome, Payer,
    Payment, PaymentKey, Reason, RefundKind, RefundState, Rejection, Status, Step, TxnNo,
};

/// Instruments a customer may have refused (or the same one this often) before the payment is aborted.
pub const MAX_REFUSED_VERIFICATIONS: u32 = 5;

/// Verifications of one payment, those included in which the network did not answer: bounds its journal.
pub const MAX_VERIFICATIONS: u32 = 20;

/// A shop may confirm with a wrong amount this often before the payment is aborted.
pub const MAX_CONFIRM_ATTEMPTS: u32 = 10;

/// Refunds of one payment, failed ones included: bounds the memory and the journal of a payment.
pub const MAX_REFUNDS: usize = 5_000;

/// The first event of a payment.
pub fn create(order: Order) -> Event {
    Event::Created { order: Box::new(order) }
}

/// Decides what `command` does to `payment` at the time `now`. Nothing is changed here: the events of
/// the step become true when they are durable and applied.
///
/// # Errors
/// The reason why the command is not possible in this state.
pub fn decide(payment: &Payment, command: &Command, now: Timestamp) -> Result<Step, Rejection> {
    match command {
        Command::AuthorizationEnded { txn_no, outcome } => authorization_ended(payment, *txn_no, outcome, now),
        Command::RefundEnded { cancel_no, outcome } => refund_ended(payment, *cancel_no, outcome),
        // Whoever asks first after the deadline ends the payment; the timer is only the last resort.
        Command::Expire if payment.is_due(now) => Ok(Step::record([Event::Expired])),
        _ if payment.is_due(now) => Ok(Step::record([Event::Expired]).but_refuse(Rejection::Ended(Status::Expired))),
        Command::Expire => Err(Rejection::NotDue),
        Command::VerificationEnded { attempt, outcome, payment_key } => {
            verification_ended(payment, *attempt, outcome, *payment_key)
        }
        Command::Approve { payer, instrument } => approve(payment, payer, instrument),
        Command::Confirm { payment_key, amount, txn_no } => confirm(payment, *payment_key, *amount, *txn_no),
        Command::CancelByCustomer { customer } => cancel_by_customer(payment, *customer),
        Command::CancelByShop { reason } => cancel(payment, reason.clone()),
        Command::Refund { cancel_no, amount, expected_balance, reason, by: _ } => refund(
            payment,
            RefundAsked {
                cancel_no: *cancel_no,
                amount: *amount,
                expected_balance: *expected_balance,
                reason: reason.clone(),
            },
            now,
        ),
    }
}

fn approve(payment: &Payment, payer: &Payer, instrument: &Instrument) -> Result<Step, Rejection> {
    if payment.payer.is_some() && !payment.is_payer(payer.id) {
        return Err(Rejection::ClaimedByAnother);
    }
    match payment.status {
        Status::Ready => {
            let mut events = Vec::with_capacity(2);
            if payment.payer.is_none() {
                events.push(Event::Claimed { payer: payer.clone() });
            }
            events.push(Event::VerificationStarted { instrument: instrument.clone() });
            let attempt = payment.verifications + 1;
            Ok(Step::record(events).then(Effect::Verify { attempt, instrument: instrument.clone() }))
        }
        // The same customer again: the same answer, or the wait for it.
        Status::InVerificate | Status::InProgress | Status::Done | Status::PartialCanceled => Ok(Step::unchanged()),
        Status::Canceled if payment.is_charged() => Ok(Step::unchanged()),
        Status::Canceled | Status::Aborted | Status::Expired => Err(Rejection::Ended(payment.status)),
    }
}

fn verification_ended(
    payment: &Payment,
    attempt: u32,
    outcome: &Outcome<()>,
    payment_key: PaymentKey,
) -> Result<Step, Rejection> {
    if payment.status != Status::InVerificate || payment.verifications != attempt {
        return Err(Rejection::Stale);
    }
    let reason = match outcome {
        Outcome::Approved(()) => return Ok(Step::record([Event::VerificationPassed { payment_key }])),
        Outcome::Declined(reason) => *reason,
        // No money is involved: not knowing is the same as a refusal, and the customer tries again.
        Outcome::NotSent | Outcome::Unknown => Reason::NetworkUnavailable,
    };
    let refused = payment.refused_verifications + u32::from(reason != Reason::NetworkUnavailable);
    let mut events = vec![Event::VerificationFailed { reason }];
    if refused >= MAX_REFUSED_VERIFICATIONS || payment.verifications >= MAX_VERIFICATIONS {
        events.push(Event::Aborted { reason: Reason::TooManyAttempts });
    }
    Ok(Step::record(events))
}

fn confirm(payment: &Payment, key: PaymentKey, amount: i64, txn_no: TxnNo) -> Result<Step, Rejection> {
    if payment.payment_key.is_some_and(|own| own != key) {
        return Err(Rejection::WrongKey);
    }
    match payment.status {
        Status::Ready | Status::InVerificate => Err(Rejection::NotApprovedYet),
        Status::InProgress if amount != payment.order.amount.minor() => Ok(refuse_amount(payment, amount)),
        Status::InProgress if payment.authorization != Authorization::None => Ok(Step::unchanged()),
        Status::InProgress => {
            let instrument = payment.instrument.clone().ok_or(Rejection::NotApprovedYet)?;
            Ok(Step::record([Event::AuthorizationRequested { txn_no }]).then(Effect::Authorize {
                txn_no,
                instrument,
                amount: payment.order.amount,
            }))
        }
        // The shop was told "unknown" before: the same call returns the result.
        Status::Done if payment.was_in_doubt && amount == payment.order.amount.minor() => Ok(Step::unchanged()),
        Status::Done | Status::PartialCanceled => Err(Rejection::AlreadyConfirmed),
        Status::Canceled if payment.is_charged() => Err(Rejection::AlreadyConfirmed),
        Status::Canceled | Status::Aborted | Status::Expired => Err(Rejection::Ended(payment.status)),
    }
}

fn refuse_amount(payment: &Payment, amount: i64) -> Step {
    // A guess beside a running authorization must not end what may become a charge.
    let may_end = payment.authorization == Authorization::None;
    let spent = payment.wrong_confirms + 1 >= MAX_CONFIRM_ATTEMPTS;
    let step = match (spent, may_end) {
        (false, _) => Step::record([Event::ConfirmRefused { amount }]),
        (true, true) => {
            Step::record([Event::ConfirmRefused { amount }, Event::Aborted { reason: Reason::TooManyAttempts }])
        }
        (true, false) => Step::unchanged(),
    };
    step.but_refuse(Rejection::WrongAmount)
}

fn authorization_ended(
    payment: &Payment,
    txn_no: TxnNo,
    outcome: &Outcome<Approval>,
    now: Timestamp,
) -> Result<Step, Rejection> {
    let in_doubt = match &payment.authorization {
        Authorization::Requested { txn_no: own, .. } if *own == txn_no => false,
        Authorization::Unknown { txn_no: own, .. } if *own == txn_no => true,
        _ => return Err(Rejection::Stale),
    };
    let too_late = now >= payment.order.expires_at;
    Ok(match outcome {
        Outcome::Approved(approval) => Step::record([Event::Approved { txn_no, approval: approval.clone() }]),
        Outcome::Declined(reason) => {
            let end = if too_late { Event::Expired } else { Event::Aborted { reason: *reason } };
            Step::record([Event::Declined { txn_no, reason: *reason }, end])
        }
        // "It was not sent" is no proof once it may have been sent before.
        Outcome::NotSent | Outcome::Unknown if in_doubt => Step::unchanged(),
        Outcome::NotSent if too_late => Step::record([Event::AuthorizationNotSent { txn_no }, Event::Expired]),
        Outcome::NotSent => Step::record([Event::AuthorizationNotSent { txn_no }]),
        Outcome::Unknown => Step::record([Event::AuthorizationUnknown { txn_no }]),
    })
}

fn cancel_by_customer(payment: &Payment, customer: CustomerId) -> Result<Step, Rejection> {
    if payment.payer.is_some() && !payment.is_payer(customer) {
        return Err(Rejection::ClaimedByAnother);
    }
    cancel(payment, None)
}

fn cancel(payment: &Payment, reason: Option<Box<str>>) -> Result<Step, Rejection> {
    match payment.status {
        Status::Ready | Status::InVerificate | Status::InProgress if payment.authorization == Authorization::None => {
            Ok(Step::record([Event::Canceled { reason }]))
        }
        Status::Ready | Status::InVerificate | Status::InProgress => Err(Rejection::ConfirmUnderWay),
        Status::Done | Status::PartialCanceled => Err(Rejection::AlreadyConfirmed),
        Status::Canceled if payment.is_charged() => Err(Rejection::AlreadyConfirmed),
        Status::Canceled | Status::Aborted | Status::Expired => Err(Rejection::Ended(payment.status)),
    }
}

struct RefundAsked {
    cancel_no: CancelNo,
    amount: Option<i64>,
    expected_balance: Option<i64>,
    reason: Option<Box<str>>,
}

fn refund(payment: &Payment, asked: RefundAsked, now: Timestamp) -> Result<Step, Rejection> {
    let Authorization::Approved { txn_no, approval, .. } = &payment.authorization else {
        return Err(if payment.authorization != Authorization::None {
            Rejection::ConfirmUnderWay
        } else if payment.status.is_final() {
            Rejection::Ended(payment.status)
        } else {
            Rejection::NotCharged
        });
    };
    if payment.refund(asked.cancel_no).is_some() {
        // This very refund was asked for before: its own state is the answer.
        return Ok(Step::unchanged());
    }
    let balance = payment.refundable();
    if asked.expected_balance.is_some_and(|expected| expected != balance) {
        return Err(Rejection::BalanceMismatch { balance });
    }
    if balance == 0 {
        return Err(Rejection::NothingLeft);
    }
    let minor = asked.amount.unwrap_or(balance);
    if minor > balance {
        return Err(Rejection::ExceedsBalance { balance });
    }
    if payment.refunds.len() >= MAX_REFUNDS {
        return Err(Rejection::TooManyRefunds);
    }
    let amount = Money::new(minor, payment.order.amount.currency()).map_err(|_| Rejection::AmountNotPositive)?;
    let instrument = payment.instrument.as_ref().ok_or(Rejection::NotCharged)?;
    let effect = Effect::Refund {
        cancel_no: asked.cancel_no,
        txn_no: *txn_no,
        method: instrument.method.clone(),
        amount,
        reason: asked.reason.clone(),
    };
    Ok(Step::record([Event::RefundRequested {
        cancel_no: asked.cancel_no,
        amount,
        refund_kind: RefundKind::on(approval.approved_at, now),
        reason: asked.reason,
    }])
    .then(effect))
}

fn refund_ended(payment: &Payment, cancel_no: CancelNo, outcome: &Outcome<()>) -> Result<Step, Rejection> {
    let state = payment.refund(cancel_no).ok_or(Rejection::Stale)?.state;
    let in_doubt = match state {
        RefundState::Requested => false,
        RefundState::Unknown => true,
        RefundState::Done { .. } | RefundState::Failed(_) => return Err(Rejection::Stale),
    };
    Ok(match outcome {
        Outcome::Approved(()) => Step::record([Event::RefundSucceeded { cancel_no }]),
        Outcome::Declined(reason) => Step::record([Event::RefundFailed { cancel_no, reason: *reason }]),
        Outcome::NotSent | Outcome::Unknown if in_doubt => Step::unchanged(),
        Outcome::NotSent => Step::record([Event::RefundFailed { cancel_no, reason: Reason::NetworkUnavailable }]),
        Outcome::Unknown => Step::record([Event::RefundUnknown { cancel_no }]),
    })
}

/// Effects whose answer nobody is waiting for any more: the process that made the call is gone. Each
/// becomes an outcome, so that a payment read back from the journal is never stuck.
pub fn interrupted(payment: &Payment) -> Vec<Interrupted> {
    let mut found = Vec::new();
    if let (Status::InVerificate, Some(instrument)) = (payment.status, &payment.instrument) {
        // Asking again whether a card is alive costs nothing.
        found.push(Interrupted::AskAgain(Effect::Verify {
            attempt: payment.verifications,
            instrument: instrument.clone(),
        }));
    }
    if let Authorization::Requested { txn_no, .. } = payment.authorization {
        found.push(Interrupted::Doubt(Command::AuthorizationEnded { txn_no, outcome: Outcome::Unknown }));
    }
    for refund in &payment.refunds {
        if refund.state == RefundState::Requested {
            let cancel_no = refund.cancel_no;
            found.push(Interrupted::Doubt(Command::RefundEnded { cancel_no, outcome: Outcome::Unknown }));
        }
    }
    found
}

/// What to do about a call that was under way when its process ended.
#[derive(Debug)]
pub enum Interrupted {
    AskAgain(Effect),
    Doubt(Command),
}
