//! What becomes of an authorization once its call was made: the outcome, or the doubt and its end.
//!
//! The rule: only an approval makes a charge, only a decline or a reversal makes it certain that there is
//! none, and everything else is asked again. Once a reversal was sent the payment never becomes DONE.

use jiff::Timestamp;

use super::{Approval, Authorization, Effect, Event, Found, Outcome, Payment, Policy, Reason, Rejection, Step, TxnNo};

/// The call for `txn_no` has ended, in time or late.
pub(super) fn authorization_ended(
    payment: &Payment,
    txn_no: TxnNo,
    outcome: &Outcome<Approval>,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    match (&payment.authorization, outcome) {
        (Authorization::Requested { txn_no: own, .. } | Authorization::Unknown { txn_no: own, .. }, _)
            if *own == txn_no =>
        {
            Ok(in_time(payment, txn_no, outcome, now, policy))
        }
        (Authorization::Reversing { txn_no: own, .. }, Outcome::Approved(approval)) if *own == txn_no => {
            // The reversal that is under way gives it back.
            Ok(Step::record([Event::LateApproval { txn_no, approval: approval.clone() }]))
        }
        (Authorization::Approved { txn_no: own, .. }, Outcome::Declined(_)) if *own == txn_no => {
            Err(Rejection::Contradiction)
        }
        (Authorization::Approved { txn_no: own, .. }, _) if *own == txn_no => Err(Rejection::Stale),
        (Authorization::None | Authorization::Closed { .. }, Outcome::Approved(approval)) => {
            // The acquirer approves what it had refused, reversed, or never got. Nobody asked for that any
            // more: it is given back, whatever the payment has come to.
            let late = Event::LateApproval { txn_no, approval: approval.clone() };
            if !policy.resolves {
                return Ok(Step::record([late, Event::ReversalFailed { txn_no, next_at: None }]));
            }
            Ok(Step::record([late, reversal(txn_no, now, policy)]).then(reverse(payment, txn_no)))
        }
        (_, Outcome::Approved(_)) => Err(Rejection::Contradiction),
        _ => Err(Rejection::Stale),
    }
}

fn in_time(payment: &Payment, txn_no: TxnNo, outcome: &Outcome<Approval>, now: Timestamp, policy: &Policy) -> Step {
    let in_doubt = matches!(payment.authorization, Authorization::Unknown { .. });
    match outcome {
        Outcome::Approved(approval) => Step::record([Event::Approved { txn_no, approval: approval.clone() }]),
        Outcome::Declined(reason) => declined(payment, txn_no, *reason, now),
        // "It was not sent" is no proof once it may have been sent before.
        Outcome::NotSent | Outcome::Unknown if in_doubt => Step::unchanged(),
        Outcome::NotSent if now >= payment.order.expires_at => {
            Step::record([Event::AuthorizationNotSent { txn_no }, Event::Expired])
        }
        Outcome::NotSent => Step::record([Event::AuthorizationNotSent { txn_no }]),
        Outcome::Unknown => {
            Step::record([Event::AuthorizationUnknown { txn_no, next_at: policy.resolves.then_some(now) }])
        }
    }
}

fn declined(payment: &Payment, txn_no: TxnNo, reason: Reason, now: Timestamp) -> Step {
    let too_late = now >= payment.order.expires_at;
    let end = if too_late { Event::Expired } else { Event::Aborted { reason } };
    Step::record([Event::Declined { txn_no, reason }, end])
}

/// An answer is owed, and its time has come.
pub(super) fn wake(payment: &Payment, now: Timestamp, policy: &Policy) -> Result<Step, Rejection> {
    match payment.authorization {
        Authorization::Requested { txn_no, .. } => {
            Ok(Step::record([Event::AuthorizationUnknown { txn_no, next_at: policy.resolves.then_some(now) }]))
        }
        Authorization::Unknown { txn_no, .. } if !policy.resolves => {
            Ok(Step::record([Event::AuthorizationUnknown { txn_no, next_at: None }]))
        }
        Authorization::Reversing { txn_no, .. } if !policy.resolves => {
            Ok(Step::record([Event::ReversalFailed { txn_no, next_at: None }]))
        }
        // After a long outage, too, it is asked once before anything is given back.
        Authorization::Unknown { txn_no, since, attempts, .. }
            if attempts.made == 0 || !policy.inquired_enough(since, now) =>
        {
            let requested = Event::InquiryRequested { txn_no, look_at: policy.lost_at(now) };
            let method = method(payment);
            Ok(Step::record([requested]).then(Effect::Inquire { txn_no, method, amount: payment.order.amount }))
        }
        Authorization::Unknown { txn_no, .. } | Authorization::Reversing { txn_no, .. } => {
            Ok(Step::record([reversal(txn_no, now, policy)]).then(reverse(payment, txn_no)))
        }
        Authorization::None | Authorization::Approved { .. } | Authorization::Closed { .. } => Err(Rejection::NotDue),
    }
}

/// The next inquiry or reversal, before its time, where there is one to come.
pub(super) fn retry_now(payment: &Payment, now: Timestamp, policy: &Policy) -> Step {
    match &payment.authorization {
        Authorization::Unknown { attempts, next_at: Some(_), .. }
        | Authorization::Reversing { attempts, next_at: Some(_), .. }
            if policy.resolves && policy.may_retry_now(attempts, now) =>
        {
            wake(payment, now, policy).unwrap_or_default()
        }
        _ => Step::unchanged(),
    }
}

fn reversal(txn_no: TxnNo, now: Timestamp, policy: &Policy) -> Event {
    Event::ReversalRequested { txn_no, look_at: policy.lost_at(now) }
}

/// The whole authorized amount, whatever was given back: the acquirer reverses what is left.
fn reverse(payment: &Payment, txn_no: TxnNo) -> Effect {
    Effect::Reverse { txn_no, method: method(payment), amount: payment.order.amount }
}

fn method(payment: &Payment) -> Box<str> {
    payment.instrument.as_ref().map(|instrument| instrument.method.clone()).unwrap_or_default()
}

/// The acquirer was asked what became of `txn_no`.
pub(super) fn inquiry_ended(
    payment: &Payment,
    txn_no: TxnNo,
    outcome: &Outcome<Found>,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    let since = match payment.authorization {
        Authorization::Unknown { txn_no: own, since, .. } if own == txn_no => since,
        _ => return Err(Rejection::Stale),
    };
    Ok(match outcome {
        Outcome::Approved(Found::Approved { approval_no, approved_at }) => {
            // The charge is as old as its request, not as the answer: the business day of a refund counts.
            let approval = Approval { approval_no: approval_no.clone(), approved_at: approved_at.unwrap_or(since) };
            Step::record([Event::Approved { txn_no, approval }])
        }
        Outcome::Approved(Found::Declined) => declined(payment, txn_no, Reason::Declined, now),
        Outcome::Approved(Found::Reversed) => reversed(payment, txn_no),
        // Not found is not final: the request may still be on its way. Only a reversal closes the number.
        Outcome::Approved(Found::NotFound) | Outcome::Declined(_) | Outcome::Unknown => {
            let (next_at, not_sent) = (policy.next_inquiry_at(now), false);
            Step::record([Event::InquiryFailed { txn_no, next_at, not_sent }])
        }
        // The network is down: it was not asked, and the longer that lasts the less it helps to hurry.
        Outcome::NotSent => {
            let (next_at, not_sent) = (policy.next_unsent_inquiry_at(since, now), true);
            Step::record([Event::InquiryFailed { txn_no, next_at, not_sent }])
        }
    })
}

/// A reversal of `txn_no` has ended.
pub(super) fn reversal_ended(
    payment: &Payment,
    txn_no: TxnNo,
    outcome: &Outcome<()>,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    let answered = match payment.authorization {
        Authorization::Reversing { txn_no: own, attempts, .. } if own == txn_no => attempts.answered + 1,
        _ => return Err(Rejection::Stale),
    };
    Ok(match outcome {
        // Some networks say "it is reversed" as a refusal to do it again.
        Outcome::Approved(()) | Outcome::Declined(Reason::TxnReversed) => reversed(payment, txn_no),
        // There is nothing to take back, and never was.
        Outcome::Declined(Reason::TxnNotApproved) if !payment.approved_late => reversed(payment, txn_no),
        // Even "no" is no end here: the money may be with us, and it is not ours.
        Outcome::Declined(_) | Outcome::NotSent | Outcome::Unknown => {
            let next_at = policy.resolves.then(|| policy.next_attempt_at(now, answered));
            Step::record([Event::ReversalFailed { txn_no, next_at }])
        }
    })
}

fn reversed(payment: &Payment, txn_no: TxnNo) -> Step {
    let mut events = vec![Event::Reversed { txn_no }];
    if !payment.status.is_final() {
        events.push(Event::Aborted { reason: Reason::OutcomeUnknown });
    }
    Step::record(events)
}

/// A person has found out, by other means, what became of an authorization that nobody can be asked about.
pub(super) fn resolve_by_hand(payment: &Payment, approved: bool, note: &str) -> Result<Step, Rejection> {
    if !payment.doubts().any(|doubt| doubt.refund.is_none() && doubt.may_be_decided()) {
        return Err(Rejection::NothingToResolve);
    }
    let (txn_no, since) = match payment.authorization {
        // It will not become a charge any more: a person can only have it given back, and say so.
        Authorization::Reversing { .. } if approved => return Err(Rejection::Reversing),
        Authorization::Unknown { txn_no, since, .. } | Authorization::Reversing { txn_no, since, .. } => {
            (txn_no, since)
        }
        _ => return Err(Rejection::NothingToResolve),
    };
    let by_hand = Event::ResolvedByHand { txn_no, approved, note: note.into() };
    if approved {
        // The charge is as old as the question, which counts for the business day of a refund.
        let approval = Approval { approval_no: "".into(), approved_at: since };
        return Ok(Step::record([by_hand, Event::Approved { txn_no, approval }]));
    }
    let mut step = reversed(payment, txn_no);
    step.events.insert(0, by_hand);
    Ok(step)
}
