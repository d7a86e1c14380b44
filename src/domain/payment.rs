//! The payment and how events fold into it.

use jiff::Timestamp;

use super::{
    Attempts, Authorization, By, CancelNo, CustomerId, Event, Instrument, Order, Payer, PaymentId, PaymentKey, Reason,
    Recorded, Refund, RefundState, Status,
};

/// Everything known about one payment: the sum of its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    /// Number of the last event folded in.
    pub seq: i64,
    pub order: Box<Order>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub status: Status,
    pub payer: Option<Payer>,
    pub instrument: Option<Instrument>,
    pub payment_key: Option<PaymentKey>,
    pub authorization: Authorization,
    /// The answer to the confirm was withheld from the shop at least once (it was told `unknown`), so a
    /// repeated confirm is entitled to the result.
    pub was_in_doubt: bool,
    /// The acquirer has said that it approved what had been given up: "never approved" is no proof any more.
    pub approved_late: bool,
    pub refunds: Vec<Refund>,
    /// Sum of the refunds that are done, in minor units.
    pub refunded: i64,
    /// Sum of the refunds that are done, under way or in doubt.
    pub reserved: i64,
    /// Verifications started so far.
    pub verifications: u32,
    /// When the verification under way is taken for lost.
    pub verification_look_at: Option<Timestamp>,
    /// Verifications the acquirer refused so far.
    pub refused_verifications: u32,
    /// Confirms with a wrong amount so far.
    pub wrong_confirms: u32,
    /// Why the last verification or the authorization was refused, or why the payment was aborted.
    pub failure: Option<Reason>,
    /// It was created with the client key, which anybody can read.
    pub is_by_client_key: bool,
    /// Its order id may be another payment's.
    pub is_order_released: bool,
}

impl Payment {
    /// Rebuilds a payment from the events of its journal, oldest first. `None` when there are none (or
    /// they do not begin with a creation, which no journal of ours does).
    pub fn replay(id: PaymentId, events: impl IntoIterator<Item = Recorded>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut payment = Self::created(id, &events.next()?)?;
        for recorded in events {
            payment.apply(&recorded);
        }
        Some(payment)
    }

    /// The payment after its first event.
    pub fn created(id: PaymentId, first: &Recorded) -> Option<Self> {
        let Event::Created { order } = &first.event else { return None };
        Some(Self {
            id,
            seq: first.seq,
            order: order.clone(),
            created_at: first.at,
            updated_at: first.at,
            status: Status::Ready,
            payer: None,
            instrument: None,
            payment_key: None,
            authorization: Authorization::None,
            was_in_doubt: false,
            approved_late: false,
            refunds: Vec::new(),
            refunded: 0,
            reserved: 0,
            verifications: 0,
            verification_look_at: None,
            refused_verifications: 0,
            wrong_confirms: 0,
            failure: None,
            is_by_client_key: first.by == By::ClientKey,
            is_order_released: false,
        })
    }

    /// Folds one event in. It has happened, so there is nothing to refuse.
    pub fn apply(&mut self, recorded: &Recorded) {
        debug_assert_eq!(recorded.seq, self.seq + 1, "the journal has no gaps");
        self.seq = recorded.seq;
        self.updated_at = recorded.at;
        match &recorded.event {
            Event::Created { .. } => {}
            Event::Claimed { payer } => self.payer = Some(payer.clone()),
            Event::VerificationStarted { instrument, look_at } => {
                self.status = Status::InVerificate;
                self.instrument = Some(instrument.clone());
                self.verifications += 1;
                self.verification_look_at = Some(*look_at);
                self.failure = None;
            }
            Event::VerificationFailed { reason } => {
                self.status = Status::Ready;
                self.refused_verifications += u32::from(*reason != Reason::NetworkUnavailable);
                self.failure = Some(*reason);
            }
            Event::VerificationPassed { payment_key } => {
                self.status = Status::InProgress;
                self.payment_key = Some(*payment_key);
            }
            Event::ConfirmRefused { .. } => self.wrong_confirms += 1,
            Event::AnswerWithheld => self.was_in_doubt = true,
            Event::Declined { txn_no, reason } => {
                self.authorization = Authorization::Closed { txn_no: *txn_no };
                self.failure = Some(*reason);
            }
            // What follows from it is an event of its own.
            Event::LateApproval { .. } => self.approved_late = true,
            Event::AuthorizationRequested { .. }
            | Event::AuthorizationNotSent { .. }
            | Event::AuthorizationUnknown { .. }
            | Event::InquiryRequested { .. }
            | Event::InquiryFailed { .. }
            | Event::ReversalRequested { .. }
            | Event::ReversalFailed { .. }
            | Event::Reversed { .. }
            | Event::ResolvedByHand { .. }
            | Event::Approved { .. } => self.apply_authorization(recorded),
            Event::Canceled { .. } => self.status = Status::Canceled,
            Event::Aborted { reason } => {
                self.status = Status::Aborted;
                self.failure = Some(*reason);
            }
            Event::Expired => self.status = Status::Expired,
            Event::OrderReleased => self.is_order_released = true,
            Event::RefundRequested { cancel_no, amount, refund_kind, look_at, reason, keyless, expected_balance } => {
                self.reserved += amount.minor();
                let is_all = self.refundable() == 0;
                super::refund::forget_unsent(&mut self.refunds);
                self.refunds.push(Refund {
                    cancel_no: *cancel_no,
                    amount: *amount,
                    is_all,
                    expected_balance: *expected_balance,
                    by: recorded.by,
                    keyless: *keyless,
                    answer_withheld: false,
                    kind: *refund_kind,
                    reason: reason.clone(),
                    requested_at: recorded.at,
                    state: RefundState::Requested { look_at: *look_at },
                });
            }
            Event::RefundUnknown { cancel_no, next_at } => {
                self.set_refund(*cancel_no, |refund| RefundState::Unknown {
                    next_at: *next_at,
                    attempts: refund.calls().and_one_answered(),
                });
                self.set_answer_withheld(*cancel_no, true);
            }
            Event::RefundRetried { cancel_no, look_at } => {
                self.set_refund(*cancel_no, |refund| RefundState::Unknown {
                    next_at: Some(*look_at),
                    attempts: refund.calls().and_one_made(recorded.at),
                });
                // Whoever asked has gone by now: the first call was lost.
                self.set_answer_withheld(*cancel_no, true);
            }
            Event::RefundSucceeded { cancel_no } => {
                let refund = self.refund(*cancel_no);
                let minor = refund.map_or(0, |refund| refund.amount.minor());
                // One that was given up has its amount reserved no longer.
                self.reserved += if refund.is_some_and(Refund::is_open) { 0 } else { minor };
                self.refunded += minor;
                let balance = self.balance();
                self.set_refund(*cancel_no, |_| RefundState::Done { at: recorded.at, balance });
                self.status = if balance == 0 { Status::Canceled } else { Status::PartialCanceled };
            }
            Event::RefundFailed { cancel_no, reason } => {
                self.set_refund(*cancel_no, |_| RefundState::Failed(*reason));
                self.reserved -= self.refund(*cancel_no).map_or(0, |refund| refund.amount.minor());
            }
            // Told for the record; what follows from it is an event of its own.
            Event::RefundResolvedByHand { .. } => {}
            Event::RefundAnswerWithheld { cancel_no } => self.set_answer_withheld(*cancel_no, true),
            Event::RefundAnswerGiven { cancel_no } => self.set_answer_withheld(*cancel_no, false),
        }
    }

    /// What happens to the authorization. `since` stays the moment of the first request throughout.
    fn apply_authorization(&mut self, recorded: &Recorded) {
        let since = self.authorization.since().unwrap_or(recorded.at);
        let none = Attempts::none(since);
        let (asked, reversed) = match self.authorization {
            Authorization::Unknown { attempts, .. } => (attempts, none),
            Authorization::Reversing { attempts, .. } => (none, attempts),
            _ => (none, none),
        };
        let next = match &recorded.event {
            Event::AuthorizationRequested { txn_no, look_at } => {
                Authorization::Requested { txn_no: *txn_no, since, look_at: *look_at }
            }
            Event::AuthorizationNotSent { .. } => Authorization::None,
            Event::AuthorizationUnknown { txn_no, next_at } => {
                self.was_in_doubt = true;
                Authorization::Unknown { txn_no: *txn_no, since, attempts: asked, next_at: *next_at }
            }
            Event::InquiryRequested { txn_no, look_at } => {
                let (attempts, next_at) = (asked.and_one_made(recorded.at), Some(*look_at));
                Authorization::Unknown { txn_no: *txn_no, since, attempts, next_at }
            }
            Event::InquiryFailed { txn_no, next_at, not_sent } => {
                let attempts = if *not_sent { asked.but_not_sent() } else { asked.and_one_answered() };
                let next_at = Some(*next_at);
                Authorization::Unknown { txn_no: *txn_no, since, attempts, next_at }
            }
            Event::ReversalRequested { txn_no, look_at } => {
                let (attempts, next_at) = (reversed.and_one_made(recorded.at), Some(*look_at));
                Authorization::Reversing { txn_no: *txn_no, since, attempts, next_at }
            }
            Event::ReversalFailed { txn_no, next_at } => {
                let attempts = reversed.and_one_answered();
                Authorization::Reversing { txn_no: *txn_no, since, attempts, next_at: *next_at }
            }
            Event::Reversed { txn_no } => Authorization::Closed { txn_no: *txn_no },
            Event::Approved { txn_no, approval } => {
                self.status = Status::Done;
                let (txn_no, approval) = (*txn_no, approval.clone());
                Authorization::Approved { txn_no, approval, requested_at: since, completed_at: recorded.at }
            }
            // Told for the record; what follows from it is an event of its own.
            _ => return,
        };
        self.authorization = next;
    }

    fn set_refund(&mut self, cancel_no: CancelNo, state: impl FnOnce(&Refund) -> RefundState) {
        // The newest is the likeliest: refunds end in about the order in which they began.
        if let Some(refund) = self.refunds.iter_mut().rfind(|refund| refund.cancel_no == cancel_no) {
            refund.state = state(refund);
        }
    }

    fn set_answer_withheld(&mut self, cancel_no: CancelNo, withheld: bool) {
        if let Some(refund) = self.refunds.iter_mut().rfind(|refund| refund.cancel_no == cancel_no) {
            // Who has a key needs nothing else to find the way back.
            refund.answer_withheld = withheld && refund.keyless;
        }
    }

    pub fn refund(&self, cancel_no: CancelNo) -> Option<&Refund> {
        self.refunds.iter().rfind(|refund| refund.cancel_no == cancel_no)
    }

    /// The acquirer took the money (whatever was given back since).
    pub fn is_charged(&self) -> bool {
        matches!(self.authorization, Authorization::Approved { .. })
    }

    /// Minor units that are charged and not given back; 0 before the charge.
    pub fn balance(&self) -> i64 {
        if self.is_charged() { self.order.amount.minor() - self.refunded } else { 0 }
    }

    /// Minor units that may still be given back: the balance without what is under way or in doubt. More than
    /// the balance may be in doubt, when a refund that was given up succeeded after all.
    pub fn refundable(&self) -> i64 {
        if self.is_charged() { (self.order.amount.minor() - self.reserved).max(0) } else { 0 }
    }

    pub fn is_payer(&self, customer: CustomerId) -> bool {
        self.payer.as_ref().is_some_and(|payer| payer.id == customer)
    }

    /// When somebody must look at it although nobody asks: its deadline, or the moment when an answer that
    /// is owed is taken for lost or asked for again.
    pub fn due_at(&self) -> Option<Timestamp> {
        let verification = self.verification_look_at.filter(|_| self.status == Status::InVerificate);
        let deadline = Some(self.order.expires_at).filter(|_| !self.status.is_final() && !self.authorization.is_open());
        let refund = self.refunds.iter().filter_map(Refund::due_at).min();
        [verification, deadline, self.authorization.due_at(), refund].into_iter().flatten().min()
    }

    /// Its time is over and nothing holds it open: an authorization under way or in doubt does.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.status.is_final() && !self.authorization.is_open() && now >= self.order.expires_at
    }
}

/// Something of a payment that takes a call to the outside, and whose end a caller may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Verification,
    Authorization,
    Refund(CancelNo),
}

impl Payment {
    /// The acquirer was asked, or will be asked again by itself, and has not answered. What waits for a
    /// person is not under way: nobody knows until when.
    pub fn is_under_way(&self, operation: Operation) -> bool {
        match operation {
            Operation::Verification => self.status == Status::InVerificate,
            Operation::Authorization => self.authorization.due_at().is_some(),
            Operation::Refund(cancel_no) => self.refund(cancel_no).is_some_and(|refund| refund.due_at().is_some()),
        }
    }

    /// A call to the acquirer has not come back yet.
    pub fn is_calling(&self, operation: Operation) -> bool {
        match operation {
            Operation::Verification => self.status == Status::InVerificate,
            Operation::Authorization => match self.authorization {
                Authorization::Requested { .. } => true,
                Authorization::Unknown { attempts, .. } | Authorization::Reversing { attempts, .. } => {
                    attempts.is_under_way
                }
                Authorization::None | Authorization::Approved { .. } | Authorization::Closed { .. } => false,
            },
            Operation::Refund(cancel_no) => self.refund(cancel_no).is_some_and(Refund::is_under_way),
        }
    }

    /// Nothing moves by itself any more and nobody owes an answer: the payment may leave memory.
    pub fn is_at_rest(&self) -> bool {
        self.due_at().is_none()
    }
}
