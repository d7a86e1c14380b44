//! The payment and how events fold into it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Approval, CancelNo, CustomerId, Event, Instrument, Order, Payer, PaymentId, PaymentKey, Reason, Recorded, Refund,
    RefundState, TxnNo,
};

/// The public status of a payment. ARCHITECTURE.md draws the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waiting for a customer, or for another instrument after a failed verification.
    Ready,
    /// The customer approved; the instrument is being checked.
    InVerificate,
    /// Approved by the customer; waiting for the shop to confirm, or for the acquirer.
    InProgress,
    /// Charged.
    Done,
    /// Charged, and a part was given back.
    PartialCanceled,
    /// Given up before the charge, or everything was given back.
    Canceled,
    /// Declined for good, or too many attempts. Nothing is charged.
    Aborted,
    /// Nobody finished it in time. Nothing is charged.
    Expired,
}

impl Status {
    pub const ALL: [Status; 8] = [
        Status::Ready,
        Status::InVerificate,
        Status::InProgress,
        Status::Done,
        Status::PartialCanceled,
        Status::Canceled,
        Status::Aborted,
        Status::Expired,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Ready => "READY",
            Status::InVerificate => "IN_VERIFICATE",
            Status::InProgress => "IN_PROGRESS",
            Status::Done => "DONE",
            Status::PartialCanceled => "PARTIAL_CANCELED",
            Status::Canceled => "CANCELED",
            Status::Aborted => "ABORTED",
            Status::Expired => "EXPIRED",
        }
    }

    /// Nothing moves any more, except refunds of a charged payment.
    pub const fn is_final(self) -> bool {
        !matches!(self, Status::Ready | Status::InVerificate | Status::InProgress)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far taking the money has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    None,
    /// The intent is durable, the acquirer's answer is not known yet.
    Requested {
        txn_no: TxnNo,
        since: Timestamp,
    },
    /// The acquirer may or may not have taken the money.
    Unknown {
        txn_no: TxnNo,
        since: Timestamp,
    },
    Approved {
        txn_no: TxnNo,
        approval: Approval,
        requested_at: Timestamp,
        completed_at: Timestamp,
    },
}

impl Authorization {
    pub const fn txn_no(&self) -> Option<TxnNo> {
        match self {
            Authorization::None => None,
            Authorization::Requested { txn_no, .. }
            | Authorization::Unknown { txn_no, .. }
            | Authorization::Approved { txn_no, .. } => Some(*txn_no),
        }
    }
}

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
    pub refunds: Vec<Refund>,
    /// Sum of the refunds that are done, in minor units.
    pub refunded: i64,
    /// Sum of the refunds that are done, under way or in doubt.
    pub reserved: i64,
    /// Verifications started so far.
    pub verifications: u32,
    /// Verifications the acquirer refused so far.
    pub refused_verifications: u32,
    /// Confirms with a wrong amount so far.
    pub wrong_confirms: u32,
    /// Why the last verification or the authorization was refused, or why the payment was aborted.
    pub failure: Option<Reason>,
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
            refunds: Vec::new(),
            refunded: 0,
            reserved: 0,
            verifications: 0,
            refused_verifications: 0,
            wrong_confirms: 0,
            failure: None,
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
            Event::VerificationStarted { instrument } => {
                self.status = Status::InVerificate;
                self.instrument = Some(instrument.clone());
                self.verifications += 1;
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
            Event::AuthorizationRequested { txn_no } => {
                self.authorization = Authorization::Requested { txn_no: *txn_no, since: recorded.at };
            }
            Event::AuthorizationNotSent { .. } => self.authorization = Authorization::None,
            Event::AuthorizationUnknown { txn_no } => {
                self.authorization = Authorization::Unknown { txn_no: *txn_no, since: self.authorization_since() };
                self.was_in_doubt = true;
            }
            Event::Approved { txn_no, approval } => {
                self.authorization = Authorization::Approved {
                    txn_no: *txn_no,
                    approval: approval.clone(),
                    requested_at: self.authorization_since(),
                    completed_at: recorded.at,
                };
                self.status = Status::Done;
            }
            Event::Declined { reason, .. } => {
                self.authorization = Authorization::None;
                self.failure = Some(*reason);
            }
            Event::Canceled { .. } => self.status = Status::Canceled,
            Event::Aborted { reason } => {
                self.status = Status::Aborted;
                self.failure = Some(*reason);
            }
            Event::Expired => self.status = Status::Expired,
            Event::RefundRequested { cancel_no, amount, refund_kind, reason } => {
                self.reserved += amount.minor();
                self.refunds.push(Refund {
                    cancel_no: *cancel_no,
                    amount: *amount,
                    kind: *refund_kind,
                    reason: reason.clone(),
                    requested_at: recorded.at,
                    state: RefundState::Requested,
                });
            }
            Event::RefundUnknown { cancel_no } => self.set_refund(*cancel_no, RefundState::Unknown),
            Event::RefundSucceeded { cancel_no } => {
                self.set_refund(*cancel_no, RefundState::Done { at: recorded.at });
                self.refunded += self.refund(*cancel_no).map_or(0, |refund| refund.amount.minor());
                self.status = if self.balance() == 0 { Status::Canceled } else { Status::PartialCanceled };
            }
            Event::RefundFailed { cancel_no, reason } => {
                self.set_refund(*cancel_no, RefundState::Failed(*reason));
                self.reserved -= self.refund(*cancel_no).map_or(0, |refund| refund.amount.minor());
            }
        }
    }

    fn authorization_since(&self) -> Timestamp {
        match &self.authorization {
            Authorization::Requested { since, .. } | Authorization::Unknown { since, .. } => *since,
            Authorization::None | Authorization::Approved { .. } => self.updated_at,
        }
    }

    fn set_refund(&mut self, cancel_no: CancelNo, state: RefundState) {
        // The newest is the likeliest: refunds end in about the order in which they began.
        if let Some(refund) = self.refunds.iter_mut().rfind(|refund| refund.cancel_no == cancel_no) {
            refund.state = state;
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

    /// Minor units that may still be given back: the balance without what is under way or in doubt.
    pub fn refundable(&self) -> i64 {
        if self.is_charged() { self.order.amount.minor() - self.reserved } else { 0 }
    }

    pub fn is_payer(&self, customer: CustomerId) -> bool {
        self.payer.as_ref().is_some_and(|payer| payer.id == customer)
    }

    /// When somebody must look at it although nobody asks: its deadline, or the moment since when an
    /// answer of the acquirer is owed.
    pub fn due_at(&self) -> Option<Timestamp> {
        let refund = self.refunds.iter().filter(|refund| refund.state == RefundState::Requested);
        let refund = refund.map(|refund| refund.requested_at).min();
        match &self.authorization {
            Authorization::None if !self.status.is_final() => Some(self.order.expires_at),
            Authorization::Requested { since, .. } => Some(*since),
            Authorization::None | Authorization::Unknown { .. } | Authorization::Approved { .. } => refund,
        }
    }

    /// Its time is over and nothing holds it open: an authorization under way or in doubt does.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.status.is_final() && self.authorization == Authorization::None && now >= self.order.expires_at
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
    /// The acquirer was asked and has not answered. In doubt is not under way: then nobody knows when.
    pub fn is_under_way(&self, operation: Operation) -> bool {
        match operation {
            Operation::Verification => self.status == Status::InVerificate,
            Operation::Authorization => matches!(self.authorization, Authorization::Requested { .. }),
            Operation::Refund(cancel_no) => {
                self.refund(cancel_no).is_some_and(|refund| refund.state == RefundState::Requested)
            }
        }
    }

    /// Nothing moves by itself any more and nobody owes an answer: the payment may leave memory.
    pub fn is_at_rest(&self) -> bool {
        self.due_at().is_none()
    }
}
