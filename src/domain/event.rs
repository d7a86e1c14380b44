//! What has happened to a payment: the vocabulary of the journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Approval, CancelNo, CustomerId, Instrument, MerchantId, Money, Order, Payer, PaymentKey, Reason, RefundKind, TxnNo,
};

/// One thing that happened. Journals are read back for ever, so a variant or field is added, never
/// renamed or given another meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Created {
        order: Box<Order>,
    },
    /// The first account that approved owns the payment from here on.
    Claimed {
        payer: Payer,
    },
    VerificationStarted {
        instrument: Instrument,
        /// When the call is taken for lost.
        look_at: Timestamp,
    },
    /// The instrument was refused; the payment is open for another one.
    VerificationFailed {
        reason: Reason,
    },
    VerificationPassed {
        payment_key: PaymentKey,
    },
    /// The shop confirmed with another amount than it had asked for.
    ConfirmRefused {
        amount: i64,
    },
    /// The intent to take money: durable before the acquirer hears of it.
    AuthorizationRequested {
        txn_no: TxnNo,
        /// When the call is taken for lost.
        look_at: Timestamp,
    },
    AuthorizationNotSent {
        txn_no: TxnNo,
    },
    /// Nobody knows whether the money was taken.
    AuthorizationUnknown {
        txn_no: TxnNo,
        /// When the acquirer is asked; absent when it cannot be asked, and a person has to decide.
        next_at: Option<Timestamp>,
    },
    /// The shop was told that the outcome is unknown, so a repeated confirm is entitled to the result.
    AnswerWithheld,
    InquiryRequested {
        txn_no: TxnNo,
        look_at: Timestamp,
    },
    /// The inquiry told nothing definite.
    InquiryFailed {
        txn_no: TxnNo,
        next_at: Timestamp,
        /// It never left: the acquirer was not asked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        not_sent: bool,
    },
    /// The intent to net-cancel. From here on the payment can never become DONE.
    ReversalRequested {
        txn_no: TxnNo,
        look_at: Timestamp,
    },
    ReversalFailed {
        txn_no: TxnNo,
        /// When it is sent again; absent when it cannot be, and a person has to see to it.
        next_at: Option<Timestamp>,
    },
    /// It is not charged, and never will be.
    Reversed {
        txn_no: TxnNo,
    },
    /// The acquirer approved after all, too late to count: it is being reversed.
    LateApproval {
        txn_no: TxnNo,
        approval: Approval,
    },
    /// A person who asked the acquirer by other means has decided.
    ResolvedByHand {
        txn_no: TxnNo,
        approved: bool,
        note: Box<str>,
    },
    Approved {
        txn_no: TxnNo,
        approval: Approval,
    },
    Declined {
        txn_no: TxnNo,
        reason: Reason,
    },
    /// Given up before any money was taken, by the customer or the shop.
    Canceled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Box<str>>,
    },
    Aborted {
        reason: Reason,
    },
    Expired,
    /// The payment has ended without a customer, and the merchant may use its order id for another one.
    OrderReleased,
    /// The intent to give money back. The amount is reserved from here on.
    RefundRequested {
        cancel_no: CancelNo,
        amount: Money,
        refund_kind: RefundKind,
        /// When the call is taken for lost.
        look_at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Box<str>>,
        /// The call bore no idempotency key, so nothing but its content tells that it is made again.
        #[serde(default)]
        keyless: bool,
        /// The balance that the call named: a part of its content.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_balance: Option<i64>,
    },
    /// Nobody knows whether the money was given back; the amount stays reserved.
    RefundUnknown {
        cancel_no: CancelNo,
        /// When it is tried again under the same number; absent when a person has to decide.
        next_at: Option<Timestamp>,
    },
    /// The same refund again, under the same number.
    RefundRetried {
        cancel_no: CancelNo,
        look_at: Timestamp,
    },
    RefundSucceeded {
        cancel_no: CancelNo,
    },
    RefundFailed {
        cancel_no: CancelNo,
        reason: Reason,
    },
    /// A person who asked the acquirer by other means has decided whether the money was given back.
    RefundResolvedByHand {
        cancel_no: CancelNo,
        approved: bool,
        note: Box<str>,
    },
    /// Whoever asked for this refund was told that its outcome is unknown, so the same call again is
    /// about this refund and not about another one.
    RefundAnswerWithheld {
        cancel_no: CancelNo,
    },
    /// They asked again and got the result: the same call is a new refund from here on.
    RefundAnswerGiven {
        cancel_no: CancelNo,
    },
}

impl Event {
    /// The journal's name of this kind, also the `kind` of its JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Event::Created { .. } => "created",
            Event::Claimed { .. } => "claimed",
            Event::VerificationStarted { .. } => "verification_started",
            Event::VerificationFailed { .. } => "verification_failed",
            Event::VerificationPassed { .. } => "verification_passed",
            Event::ConfirmRefused { .. } => "confirm_refused",
            Event::AuthorizationRequested { .. } => "authorization_requested",
            Event::AuthorizationNotSent { .. } => "authorization_not_sent",
            Event::AuthorizationUnknown { .. } => "authorization_unknown",
            Event::AnswerWithheld => "answer_withheld",
            Event::InquiryRequested { .. } => "inquiry_requested",
            Event::InquiryFailed { .. } => "inquiry_failed",
            Event::ReversalRequested { .. } => "reversal_requested",
            Event::ReversalFailed { .. } => "reversal_failed",
            Event::Reversed { .. } => "reversed",
            Event::LateApproval { .. } => "late_approval",
            Event::ResolvedByHand { .. } => "resolved_by_hand",
            Event::Approved { .. } => "approved",
            Event::Declined { .. } => "declined",
            Event::Canceled { .. } => "canceled",
            Event::Aborted { .. } => "aborted",
            Event::Expired => "expired",
            Event::OrderReleased => "order_released",
            Event::RefundRequested { .. } => "refund_requested",
            Event::RefundUnknown { .. } => "refund_unknown",
            Event::RefundRetried { .. } => "refund_retried",
            Event::RefundSucceeded { .. } => "refund_succeeded",
            Event::RefundFailed { .. } => "refund_failed",
            Event::RefundResolvedByHand { .. } => "refund_resolved_by_hand",
            Event::RefundAnswerWithheld { .. } => "refund_answer_withheld",
            Event::RefundAnswerGiven { .. } => "refund_answer_given",
        }
    }

    /// Whether those who watch the payment hear of it: it changed the status, or opened the payment
    /// again. Everything else is between us and the acquirer.
    pub const fn is_public(&self) -> bool {
        matches!(
            self,
            Event::Created { .. }
                | Event::VerificationStarted { .. }
                | Event::VerificationFailed { .. }
                | Event::VerificationPassed { .. }
                | Event::Approved { .. }
                | Event::Canceled { .. }
                | Event::Aborted { .. }
                | Event::Expired
                | Event::RefundSucceeded { .. }
        )
    }
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", content = "id", rename_all = "snake_case")]
pub enum By {
    /// The shop's server, with its secret key. (Earlier journals say so of its page, too.)
    Shop,
    /// The shop's page, or anybody else who has read the client key there.
    ClientKey,
    Customer(CustomerId),
    BackOffice(MerchantId),
    /// A person at this server's command line.
    Operator,
    /// The gateway itself: an outcome, a timer.
    Gateway,
}

/// An event with its place in the payment's life: the journal's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// 1 for `Created`, then without gaps. The same number is the SSE id.
    pub seq: i64,
    pub at: Timestamp,
    pub by: By,
    pub event: Event,
}
