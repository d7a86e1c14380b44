//! The state machine: what a command does to a payment in its present state.

use jiff::Timestamp;

use super::{
    By, Command, CustomerId, Effect, Event, Instrument, Order, Outcome, Payer, Payment, PaymentKey, Policy, Reason,
    Rejection, Status, Step, TxnNo, doubt, refund,
};

/// Instruments a customer may have refused (or the same one this often) before the payment is aborted.
pub const MAX_REFUSED_VERIFICATIONS: u32 = 5;

/// Verifications of one payment, those included in which the network did not answer: bounds its journal.
pub const MAX_VERIFICATIONS: u32 = 20;

/// A shop may confirm with a wrong amount this often before the payment is aborted.
pub const MAX_CONFIRM_ATTEMPTS: u32 = 10;

/// The first event of a payment.
pub fn create(order: Order) -> Event {
    Event::Created { order: Box::new(order) }
}

/// Decides what `command` does to `payment` at the time `now`. Nothing is changed here: the events of
/// the step become true when they are durable and applied. `policy` says when to look again at what is
/// not known.
///
/// # Errors
/// The reason why the command is not possible in this state.
pub fn decide(payment: &Payment, command: &Command, now: Timestamp, policy: &Policy) -> Result<Step, Rejection> {
    match command {
        Command::AuthorizationEnded { txn_no, outcome } => {
            doubt::authorization_ended(payment, *txn_no, outcome, now, policy)
        }
        Command::InquiryEnded { txn_no, outcome } => doubt::inquiry_ended(payment, *txn_no, outcome, now, policy),
        Command::ReversalEnded { txn_no, outcome } => doubt::reversal_ended(payment, *txn_no, outcome, now, policy),
        Command::ResolveByHand { refund: None, approved, note, by: _ } => {
            doubt::resolve_by_hand(payment, *approved, note)
        }
        Command::ResolveByHand { refund: Some(cancel_no), approved, note, by: _ } => {
            refund::resolve_by_hand(payment, *cancel_no, *approved, note)
        }
        Command::RefundEnded { cancel_no, attempt, outcome } => {
            refund::ended(payment, (*cancel_no, *attempt), outcome, now, policy)
        }
        Command::WithholdAnswer { refund: None } if payment.authorization.is_open() && !payment.was_in_doubt => {
            Ok(Step::record([Event::AnswerWithheld]))
        }
        Command::WithholdAnswer { refund: None } => Ok(Step::unchanged()),
        Command::WithholdAnswer { refund: Some(cancel_no) } => Ok(refund::withhold(payment, *cancel_no)),
        Command::GiveAnswer { refund } => Ok(refund::give(payment, *refund)),
        Command::Wake => wake(payment, now, policy),
        Command::RetryNow { refund: None } => Ok(doubt::retry_now(payment, now, policy)),
        Command::RetryNow { refund: Some(cancel_no) } => Ok(refund::retry_now(payment, *cancel_no, now, policy)),
        Command::ReleaseOrder { by } => release_order(payment, *by, now),
        // Whoever asks first after the deadline ends the payment; the timer is only the last resort.
        _ if payment.is_due(now) => Ok(Step::record([Event::Expired]).but_refuse(Rejection::Ended(Status::Expired))),
        Command::VerificationEnded { attempt, outcome, payment_key } => {
            verification_ended(payment, *attempt, outcome, *payment_key)
        }
        Command::Approve { payer, instrument } => approve(payment, payer, instrument, now, policy),
        Command::Confirm { payment_key, amount, txn_no } => {
            confirm(payment, *payment_key, *amount, *txn_no, now, policy)
        }
        Command::CancelByCustomer { customer } => cancel_by_customer(payment, *customer),
        Command::CancelByShop { reason } => cancel(payment, reason.clone()),
        Command::Refund { cancel_no, amount, expected_balance, reason, keyless, by: _ } => {
            let (cancel_no, amount, expected_balance) = (*cancel_no, *amount, *expected_balance);
            let asked = refund::Asked { cancel_no, amount, expected_balance, keyless: *keyless };
            refund::request(payment, &asked, reason.clone(), now, policy)
        }
    }
}

/// The time has come to look: one thing that is due is done, and the rest is due still.
fn wake(payment: &Payment, now: Timestamp, policy: &Policy) -> Result<Step, Rejection> {
    if payment.is_due(now) {
        return Ok(Step::record([Event::Expired]));
    }
    if payment.status == Status::InVerificate && payment.verification_look_at.is_some_and(|at| at <= now) {
        // No money is involved, and whoever asked is gone: the customer tries again.
        return Ok(verification_failed(payment, Reason::NetworkUnavailable));
    }
    if payment.authorization.due_at().is_some_and(|at| at <= now) {
        return doubt::wake(payment, now, policy);
    }
    refund::wake(payment, now, policy)
}

fn approve(
    payment: &Payment,
    payer: &Payer,
    instrument: &Instrument,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    if payment.payer.is_some() && !payment.is_payer(payer.id) {
        return Err(Rejection::ClaimedByAnother);
    }
    match payment.status {
        Status::Ready => {
            let mut events = Vec::with_capacity(2);
            if payment.payer.is_none() {
                events.push(Event::Claimed { payer: payer.clone() });
            }
            events.push(Event::VerificationStarted { instrument: instrument.clone(), look_at: policy.lost_at(now) });
            let attempt = payment.verifications + 1;
            Ok(Step::record(events).then(Effect::Verify { attempt, instrument: instrument.clone() }))
        }
        // The same customer again: the same answer, or the wait for it.
        Status::InVerificate | Status::InProgress | Status::Done | Status::PartialCanceled => Ok(Step::unchanged()),
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
    Ok(match outcome {
        Outcome::Approved(()) => Step::record([Event::VerificationPassed { payment_key }]),
        Outcome::Declined(reason) => verification_failed(payment, *reason),
        // No money is involved: not knowing is the same as a refusal, and the customer tries again.
        Outcome::NotSent | Outcome::Unknown => verification_failed(payment, Reason::NetworkUnavailable),
    })
}

fn verification_failed(payment: &Payment, reason: Reason) -> Step {
    let refused = payment.refused_verifications + u32::from(reason != Reason::NetworkUnavailable);
    let mut events = vec![Event::VerificationFailed { reason }];
    if refused >= MAX_REFUSED_VERIFICATIONS || payment.verifications >= MAX_VERIFICATIONS {
        events.push(Event::Aborted { reason: Reason::TooManyAttempts });
    }
    Step::record(events)
}

fn confirm(
    payment: &Payment,
    key: PaymentKey,
    amount: i64,
    txn_no: TxnNo,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    if payment.payment_key.is_some_and(|own| own != key) {
        return Err(Rejection::WrongKey);
    }
    match payment.status {
        Status::Ready | Status::InVerificate => Err(Rejection::NotApprovedYet),
        Status::InProgress if amount != payment.order.amount.minor() => Ok(refuse_amount(payment, amount)),
        // The same confirm again joins the attempt that is under way, or makes the next one.
        Status::InProgress if payment.authorization.is_open() => Ok(doubt::retry_now(payment, now, policy)),
        Status::InProgress => {
            let instrument = payment.instrument.clone().ok_or(Rejection::NotApprovedYet)?;
            let requested = Event::AuthorizationRequested { txn_no, look_at: policy.lost_at(now) };
            let effect = Effect::Authorize { txn_no, instrument, amount: payment.order.amount };
            Ok(Step::record([requested]).then(effect))
        }
        // The shop was told "unknown" before: the same call returns the result.
        Status::Done if payment.was_in_doubt && amount == payment.order.amount.minor() => Ok(Step::unchanged()),
        Status::Done | Status::PartialCanceled => Err(Rejection::AlreadyConfirmed),
        Status::Canceled if payment.is_charged() => Err(Rejection::AlreadyConfirmed),
        Status::Aborted if payment.was_in_doubt => Ok(Step::unchanged()),
        Status::Canceled | Status::Aborted | Status::Expired => Err(Rejection::Ended(payment.status)),
    }
}

fn refuse_amount(payment: &Payment, amount: i64) -> Step {
    // A guess beside a running authorization must not end what may become a charge.
    let may_end = !payment.authorization.is_open();
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

/// Anybody can read a client key, so what was created with one reserves its order id only while somebody may pay it:
/// otherwise a stranger could take order ids away from the merchant. The secret key takes the id back at any time
/// before a customer has approved.
fn release_order(payment: &Payment, by: By, now: Timestamp) -> Result<Step, Rejection> {
    if !payment.is_by_client_key || payment.payer.is_some() {
        return Err(Rejection::OrderInUse);
    }
    match payment.status {
        _ if payment.is_order_released => Ok(Step::unchanged()),
        Status::Canceled | Status::Expired => Ok(Step::record([Event::OrderReleased])),
        Status::Ready if payment.is_due(now) => Ok(Step::record([Event::Expired, Event::OrderReleased])),
        Status::Ready if by == By::Shop => Ok(Step::record([Event::Canceled { reason: None }, Event::OrderReleased])),
        _ => Err(Rejection::OrderInUse),
    }
}

fn cancel_by_customer(payment: &Payment, customer: CustomerId) -> Result<Step, Rejection> {
    if payment.payer.is_some() && !payment.is_payer(customer) {
        return Err(Rejection::ClaimedByAnother);
    }
    cancel(payment, None)
}

fn cancel(payment: &Payment, reason: Option<Box<str>>) -> Result<Step, Rejection> {
    match payment.status {
        Status::Ready | Status::InVerificate | Status::InProgress if !payment.authorization.is_open() => {
            Ok(Step::record([Event::Canceled { reason }]))
        }
        Status::Ready | Status::InVerificate | Status::InProgress => Err(Rejection::ConfirmUnderWay),
        Status::Done | Status::PartialCanceled => Err(Rejection::AlreadyConfirmed),
        Status::Canceled if payment.is_charged() => Err(Rejection::AlreadyConfirmed),
        Status::Canceled | Status::Aborted | Status::Expired => Err(Rejection::Ended(payment.status)),
    }
}
