//! What can be asked of a payment, and what the domain answers.

use super::{
    Approval, By, CancelNo, CustomerId, Event, Found, Instrument, Money, Operation, Outcome, Payer, PaymentKey, Status,
    TxnNo,
};

/// Something somebody wants of a payment, or an outcome that came back. Fresh numbers travel inside,
/// because the domain cannot make any.
#[derive(Debug, Clone)]
pub enum Command {
    /// A customer approves the QR token with an instrument.
    Approve {
        payer: Payer,
        instrument: Instrument,
    },
    /// The acquirer answered the verification number `attempt`.
    VerificationEnded {
        attempt: u32,
        outcome: Outcome<()>,
        payment_key: PaymentKey,
    },
    /// The shop's server wants the money.
    Confirm {
        payment_key: PaymentKey,
        amount: i64,
        txn_no: TxnNo,
    },
    AuthorizationEnded {
        txn_no: TxnNo,
        outcome: Outcome<Approval>,
    },
    /// The holder of the QR token gives the payment up.
    CancelByCustomer {
        customer: CustomerId,
    },
    CancelByShop {
        reason: Option<Box<str>>,
    },
    /// Give back `amount` minor units, or all that is left.
    Refund {
        cancel_no: CancelNo,
        amount: Option<i64>,
        expected_balance: Option<i64>,
        reason: Option<Box<str>>,
        /// The call bore no idempotency key.
        keyless: bool,
        by: By,
    },
    RefundEnded {
        cancel_no: CancelNo,
        /// Of which call.
        attempt: u32,
        outcome: Outcome<()>,
    },
    /// The caller's patience is over: it is told that the outcome of the charge, or of a refund, is
    /// unknown.
    WithholdAnswer {
        refund: Option<CancelNo>,
    },
    /// The result of a refund reaches a caller.
    GiveAnswer {
        refund: CancelNo,
    },
    InquiryEnded {
        txn_no: TxnNo,
        outcome: Outcome<Found>,
    },
    ReversalEnded {
        txn_no: TxnNo,
        outcome: Outcome<()>,
    },
    /// A person decides about money in doubt that nobody can be asked about: the charge, or a refund.
    ResolveByHand {
        refund: Option<CancelNo>,
        /// The acquirer did it.
        approved: bool,
        note: Box<str>,
        by: By,
    },
    /// The merchant wants the order id for another payment, with its secret key ([`By::Shop`]) or with its client key.
    ReleaseOrder {
        by: By,
    },
    /// The time has come to look: at the deadline, or at an answer that is owed.
    Wake,
    /// The next call about a doubt, the charge's or a refund's, is made now and not at its time: somebody asked again,
    /// or the acquirer answers again.
    RetryNow {
        refund: Option<CancelNo>,
    },
}

impl Command {
    /// What the caller of this command waits for.
    pub const fn operation(&self) -> Option<Operation> {
        match self {
            Command::Approve { .. } => Some(Operation::Verification),
            Command::Confirm { .. } => Some(Operation::Authorization),
            Command::Refund { cancel_no, .. } | Command::RetryNow { refund: Some(cancel_no) } => {
                Some(Operation::Refund(*cancel_no))
            }
            Command::RetryNow { refund: None } => Some(Operation::Authorization),
            _ => None,
        }
    }

    /// Who is behind the command, for the journal.
    pub fn by(&self) -> By {
        match self {
            Command::Approve { payer, .. } => By::Customer(payer.id),
            Command::CancelByCustomer { customer } => By::Customer(*customer),
            Command::Confirm { .. } | Command::CancelByShop { .. } => By::Shop,
            Command::Refund { by, .. } | Command::ResolveByHand { by, .. } | Command::ReleaseOrder { by } => *by,
            Command::VerificationEnded { .. }
            | Command::AuthorizationEnded { .. }
            | Command::WithholdAnswer { .. }
            | Command::GiveAnswer { .. }
            | Command::InquiryEnded { .. }
            | Command::ReversalEnded { .. }
            | Command::RefundEnded { .. }
            | Command::Wake
            | Command::RetryNow { .. } => By::Gateway,
        }
    }
}

/// A decision: what to persist, what to do outside once that is durable, and whether the asker is
/// refused although something was recorded (a wrong amount is counted *and* refused).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Empty when nothing changes: the asker gets the present state, or waits for what is under way.
    pub events: Vec<Event>,
    pub effect: Option<Effect>,
    pub refused: Option<Rejection>,
}

impl Step {
    pub(super) fn unchanged() -> Self {
        Self::default()
    }

    pub(super) fn record(events: impl Into<Vec<Event>>) -> Self {
        Self { events: events.into(), ..Self::default() }
    }

    pub(super) fn then(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    pub(super) fn but_refuse(mut self, rejection: Rejection) -> Self {
        self.refused = Some(rejection);
        self
    }
}

/// One call to the acquirer, to be made after the step is durable and never before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Verify {
        attempt: u32,
        instrument: Instrument,
    },
    Authorize {
        txn_no: TxnNo,
        instrument: Instrument,
        amount: Money,
    },
    /// Asks what became of an authorization.
    Inquire {
        txn_no: TxnNo,
        method: Box<str>,
        amount: Money,
    },
    /// Net-cancels an authorization.
    Reverse {
        txn_no: TxnNo,
        method: Box<str>,
        amount: Money,
    },
    Refund {
        cancel_no: CancelNo,
        txn_no: TxnNo,
        method: Box<str>,
        amount: Money,
        reason: Option<Box<str>>,
        /// Counts the calls of this refund, from 1.
        attempt: u32,
        /// The same call may have been made before; then, what was certainly given back so far.
        repeated: Option<i64>,
    },
}

/// Why a command is not possible now. Nothing was charged because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("another customer owns this payment")]
    ClaimedByAnother,
    #[error("the customer has not approved yet")]
    NotApprovedYet,
    #[error("the order id belongs to this payment")]
    OrderInUse,
    #[error("the payment key is not the one of this payment")]
    WrongKey,
    #[error("the amount is not the amount of the payment")]
    WrongAmount,
    #[error("a confirmation is under way")]
    ConfirmUnderWay,
    #[error("the payment is already confirmed")]
    AlreadyConfirmed,
    #[error("the payment has ended as {0:?}")]
    Ended(Status),
    #[error("nothing has been charged that could be given back")]
    NotCharged,
    #[error("the amount is larger than what is left ({balance})")]
    ExceedsBalance { balance: i64 },
    #[error("the balance is {balance}, not what was expected")]
    BalanceMismatch { balance: i64 },
    #[error("everything has been given back already")]
    NothingLeft,
    #[error("the amount must be greater than zero")]
    AmountNotPositive,
    #[error("this payment has too many refunds")]
    TooManyRefunds,
    #[error("it is not time yet")]
    NotDue,
    #[error("this outcome belongs to nothing that is under way")]
    Stale,
    /// The acquirer contradicts what it said before. Somebody must look into it.
    #[error("this outcome contradicts an earlier one")]
    Contradiction,
    #[error("a call about this is under way")]
    CallUnderWay,
    #[error("nothing here waits for a person's decision")]
    NothingToResolve,
    #[error("this is being reversed and cannot become a charge any more")]
    Reversing,
}
