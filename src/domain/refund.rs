//! Giving money back: each refund is a little machine of its own under one payment.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::{
    Attempts, Authorization, By, CancelNo, Effect, Event, Money, Outcome, Payment, Policy, Reason, Rejection, Step,
};

/// Refunds of one payment, refused ones included, but not those that never left: bounds the memory of a payment.
pub const MAX_REFUNDS: usize = 5_000;

/// Events of a payment after which no refund is begun: bounds its journal.
const MAX_EVENTS: i64 = 50_000;

/// Refunds that never left are remembered for those who asked for them last, and then no more: who tries
/// through a long outage must not use up the refunds of the payment.
const MAX_UNSENT: usize = 100;

/// Seoul has no daylight saving time, so its offset is a constant and needs no time-zone database.
const SEOUL: Offset = Offset::constant(9);

/// The calendar day in Seoul: what settlement calls a business day.
pub fn business_day(at: Timestamp) -> Date {
    SEOUL.to_datetime(at).date()
}

/// How a card network books it: a cancel on the day of the approval never reaches the statement, a
/// refund on a later day does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundKind {
    Canceled,
    Refunded,
}

impl RefundKind {
    pub fn on(approved_at: Timestamp, requested_at: Timestamp) -> Self {
        if business_day(requested_at) > business_day(approved_at) { Self::Refunded } else { Self::Canceled }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    Requested {
        /// When the call is taken for lost.
        look_at: Timestamp,
    },
    /// The acquirer may or may not have done it; the amount stays reserved.
    Unknown {
        /// When it is tried again, or the try under way is taken for lost; `None`: a person has to decide.
        next_at: Option<Timestamp>,
        attempts: Attempts,
    },
    Done {
        at: Timestamp,
        /// What was left of the charge after it, in minor units.
        balance: i64,
    },
    Failed(Reason),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub cancel_no: CancelNo,
    pub amount: Money,
    /// It was all that was left when it was asked for.
    pub is_all: bool,
    /// What its caller believed to be left.
    pub expected_balance: Option<i64>,
    pub by: By,
    /// It was asked for without an idempotency key.
    pub keyless: bool,
    /// Whoever asked for it (without a key) was not told its outcome, and has not got the result since.
    pub answer_withheld: bool,
    pub kind: RefundKind,
    pub reason: Option<Box<str>>,
    pub requested_at: Timestamp,
    pub state: RefundState,
}

impl Refund {
    /// It is not known yet whether the money was given back.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, RefundState::Requested { .. } | RefundState::Unknown { .. })
    }

    /// Calls made so far.
    pub const fn attempts(&self) -> u32 {
        self.calls().made
    }

    pub(super) const fn calls(&self) -> Attempts {
        match self.state {
            RefundState::Unknown { attempts, .. } => attempts,
            _ => Attempts::none(self.requested_at).and_one_made(self.requested_at),
        }
    }

    /// A call has not been answered yet.
    pub const fn is_under_way(&self) -> bool {
        match self.state {
            RefundState::Requested { .. } => true,
            RefundState::Unknown { attempts, .. } => attempts.is_under_way,
            RefundState::Done { .. } | RefundState::Failed(_) => false,
        }
    }

    /// No acquirer has heard of it, nor will.
    pub fn never_left(&self) -> bool {
        self.state == RefundState::Failed(Reason::NetworkUnavailable)
    }

    /// When somebody must look at it although nobody asks.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            RefundState::Requested { look_at } => Some(look_at),
            RefundState::Unknown { next_at, .. } => next_at,
            RefundState::Done { .. } | RefundState::Failed(_) => None,
        }
    }
}

/// What was asked for.
pub(super) struct Asked {
    pub cancel_no: CancelNo,
    pub amount: Option<i64>,
    pub expected_balance: Option<i64>,
    pub keyless: bool,
}

/// Begins a refund: its amount is reserved before the acquirer hears of it.
pub(super) fn request(
    payment: &Payment,
    asked: &Asked,
    reason: Option<Box<str>>,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    let Authorization::Approved { approval, .. } = &payment.authorization else {
        return Err(if payment.status.is_final() {
            Rejection::Ended(payment.status)
        } else if payment.authorization.is_open() {
            Rejection::ConfirmUnderWay
        } else {
            Rejection::NotCharged
        });
    };
    if payment.refund(asked.cancel_no).is_some() {
        // This very refund was asked for before: its own state is the answer, or the next call about it.
        return Ok(retry_now(payment, asked.cancel_no, now, policy));
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
    let left = payment.refunds.iter().filter(|refund| !refund.never_left()).count();
    if left >= MAX_REFUNDS || payment.seq >= MAX_EVENTS {
        return Err(Rejection::TooManyRefunds);
    }
    let amount = Money::new(minor, payment.order.amount.currency()).map_err(|_| Rejection::AmountNotPositive)?;
    let call = call(payment, (asked.cancel_no, 1), amount, reason.clone()).ok_or(Rejection::NotCharged)?;
    let requested = Event::RefundRequested {
        cancel_no: asked.cancel_no,
        amount,
        refund_kind: RefundKind::on(approval.approved_at, now),
        look_at: policy.lost_at(now),
        reason,
        keyless: asked.keyless,
        expected_balance: asked.expected_balance,
    };
    Ok(Step::record([requested]).then(call))
}

fn call(
    payment: &Payment,
    (cancel_no, attempt): (CancelNo, u32),
    amount: Money,
    reason: Option<Box<str>>,
) -> Option<Effect> {
    let Authorization::Approved { txn_no, .. } = payment.authorization else { return None };
    let method = payment.instrument.as_ref()?.method.clone();
    let repeated = (attempt > 1).then_some(payment.refunded);
    Some(Effect::Refund { cancel_no, txn_no, method, amount, reason, attempt, repeated })
}

/// For how long after its end a refund whose result was not told is what the same call is about: long enough for
/// whoever asks again, and not so long that a wish for another refund like it is taken for the first one.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A refund as it is asked for again.
#[derive(Debug, Clone, Copy)]
pub struct AskedAgain<'a> {
    /// Minor units; all that is left when absent.
    pub amount: Option<i64>,
    pub expected_balance: Option<i64>,
    pub reason: Option<&'a str>,
    pub by: By,
}

impl Payment {
    /// The refund that a call without an idempotency key is about, when it is made again by somebody who
    /// was not told the outcome: the oldest one like it, while it is open and for a while after. One that
    /// came to nothing is not looked for; the call is simply a new one then.
    pub fn refund_asked_before(&self, asked: &AskedAgain<'_>, now: Timestamp) -> Option<CancelNo> {
        let is_fresh = |refund: &Refund| match refund.state {
            RefundState::Done { at, .. } => now.duration_since(at) < REMEMBERED_FOR,
            RefundState::Failed(_) => false,
            RefundState::Requested { .. } | RefundState::Unknown { .. } => true,
        };
        let is_same = |refund: &&Refund| {
            refund.answer_withheld
                && refund.by == asked.by
                && refund.reason.as_deref() == asked.reason
                // Who names another balance has looked, and wants something new.
                && refund.expected_balance == asked.expected_balance
                && asked.amount.map_or(refund.is_all, |minor| refund.amount.minor() == minor)
                && is_fresh(refund)
        };
        self.refunds.iter().find(is_same).map(|refund| refund.cancel_no)
    }
}

/// Drops the oldest of too many refunds that never left.
pub(super) fn forget_unsent(refunds: &mut Vec<Refund>) {
    if refunds.iter().filter(|refund| refund.never_left()).count() > MAX_UNSENT
        && let Some(oldest) = refunds.iter().position(Refund::never_left)
    {
        refunds.remove(oldest);
    }
}

/// The caller goes without an answer. It may be written late, when the refund has ended already.
pub(super) fn withhold(payment: &Payment, cancel_no: CancelNo) -> Step {
    match payment.refund(cancel_no) {
        Some(refund) if refund.keyless && !refund.answer_withheld => {
            Step::record([Event::RefundAnswerWithheld { cancel_no }])
        }
        _ => Step::unchanged(),
    }
}

/// The caller gets the result.
pub(super) fn give(payment: &Payment, cancel_no: CancelNo) -> Step {
    match payment.refund(cancel_no) {
        Some(refund) if !refund.is_open() && refund.answer_withheld => {
            Step::record([Event::RefundAnswerGiven { cancel_no }])
        }
        _ => Step::unchanged(),
    }
}

/// A person has found out, by other means, what became of a refund that nobody can be asked about.
pub(super) fn resolve_by_hand(
    payment: &Payment,
    cancel_no: CancelNo,
    approved: bool,
    note: &str,
) -> Result<Step, Rejection> {
    let doubt = payment.doubts().find(|doubt| doubt.refund == Some(cancel_no)).ok_or(Rejection::NothingToResolve)?;
    // Its outcome may be another than the one that is being decided.
    if doubt.is_under_way {
        return Err(Rejection::CallUnderWay);
    }
    if !doubt.may_be_decided() {
        return Err(Rejection::NothingToResolve);
    }
    // A refund that was given up may have succeeded meanwhile: no more went back than was taken.
    let balance = payment.balance();
    if approved && payment.refund(cancel_no).is_some_and(|refund| refund.amount.minor() > balance) {
        return Err(Rejection::ExceedsBalance { balance });
    }
    let by_hand = Event::RefundResolvedByHand { cancel_no, approved, note: note.into() };
    let ended = if approved {
        Event::RefundSucceeded { cancel_no }
    } else {
        Event::RefundFailed { cancel_no, reason: Reason::Declined }
    };
    Ok(Step::record([by_hand, ended]))
}

/// A refund whose answer is owed is asked for again, under the same number.
pub(super) fn wake(payment: &Payment, now: Timestamp, policy: &Policy) -> Result<Step, Rejection> {
    let due = |refund: &&Refund| refund.due_at().is_some_and(|at| at <= now);
    let refund = payment.refunds.iter().filter(due).min_by_key(|refund| refund.due_at()).ok_or(Rejection::NotDue)?;
    if !policy.refunds {
        return Ok(Step::record([Event::RefundUnknown { cancel_no: refund.cancel_no, next_at: None }]));
    }
    repeat(payment, refund, now, policy).ok_or(Rejection::NotDue)
}

/// The next call of a refund in doubt, before its time, where there is one to come.
pub(super) fn retry_now(payment: &Payment, cancel_no: CancelNo, now: Timestamp, policy: &Policy) -> Step {
    match payment.refund(cancel_no) {
        Some(refund @ Refund { state: RefundState::Unknown { next_at: Some(_), attempts }, .. })
            if policy.refunds && policy.may_retry_now(attempts, now) =>
        {
            repeat(payment, refund, now, policy).unwrap_or_default()
        }
        _ => Step::unchanged(),
    }
}

fn repeat(payment: &Payment, refund: &Refund, now: Timestamp, policy: &Policy) -> Option<Step> {
    let cancel_no = refund.cancel_no;
    let (attempt, reason) = (refund.attempts() + 1, refund.reason.clone());
    let again = call(payment, (cancel_no, attempt), refund.amount, reason)?;
    Some(Step::record([Event::RefundRetried { cancel_no, look_at: policy.lost_at(now) }]).then(again))
}

/// A refund's call has ended. A success counts whenever it comes, because the money has moved; anything else
/// tells of its own call alone, and says nothing once there is a later one.
pub(super) fn ended(
    payment: &Payment,
    (cancel_no, attempt): (CancelNo, u32),
    outcome: &Outcome<()>,
    now: Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    let refund = payment.refund(cancel_no).ok_or(Rejection::Stale)?;
    match (refund.state, outcome) {
        (RefundState::Done { .. }, Outcome::Declined(_)) => return Err(Rejection::Contradiction),
        (RefundState::Done { .. }, _) => return Err(Rejection::Stale),
        (_, Outcome::Approved(())) if refund.amount.minor() > payment.balance() => {
            return Err(Rejection::Contradiction);
        }
        (_, Outcome::Approved(())) => return Ok(Step::record([Event::RefundSucceeded { cancel_no }])),
        (RefundState::Failed(_), _) => return Err(Rejection::Stale),
        _ if attempt != refund.attempts() => return Err(Rejection::Stale),
        _ => {}
    }
    let is_first = matches!(refund.state, RefundState::Requested { .. });
    match outcome {
        Outcome::NotSent if is_first => {
            Ok(Step::record([Event::RefundFailed { cancel_no, reason: Reason::NetworkUnavailable }]))
        }
        // The acquirer answers the same number the same way: a "no" now means that it never was a "yes".
        Outcome::Declined(reason) => Ok(Step::record([Event::RefundFailed { cancel_no, reason: *reason }])),
        // It was told already, and the next call is planned.
        _ if !is_first && !refund.is_under_way() => Err(Rejection::Stale),
        // "It was not sent" is no proof once it may have been sent before.
        _ => {
            let answered = refund.calls().answered + 1;
            let next_at = policy.refunds.then(|| policy.next_attempt_at(now, answered));
            Ok(Step::record([Event::RefundUnknown { cancel_no, next_at }]))
        }
    }
}
