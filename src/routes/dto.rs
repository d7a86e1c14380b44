//! Shapes that several resources answer with. A field that the wire contract does not name is ours.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::metadata;
use crate::{
    acquirer::CARD,
    domain::{Approval, Authorization, Payment, RefundKind, RefundState, Resolution, Resolving},
    store::{Bounded, Card, Listed, Page, Transaction},
};

/// `2026-11-22T16:09:48.832456Z`: how every time of the API is written.
pub fn iso(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Money that moved.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    pub id: String,
    pub payment_key: String,
    /// Won; negative when money went back.
    pub amount: i64,
    /// `APPROVED`, `CANCELED`, or `REFUNDED` when it was on a later business day than the approval.
    pub status: &'static str,
    pub reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: String,
    #[schema(value_type = String, format = DateTime)]
    pub completed_at: String,
    /// What is left after it; on the answer to a cancel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_amount: Option<i64>,
}

/// A payment with what was charged and given back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentView {
    /// Null until a customer has approved.
    pub payment_key: Option<String>,
    /// Masked.
    pub card_number: Option<String>,
    pub account_id: Option<String>,
    /// Newest first.
    pub transactions: Vec<TransactionView>,
    /// The payment method: `CARD`, ….
    pub payment_type: String,
    pub order_id: String,
    pub order_name: String,
    pub status: &'static str,
    pub merchant_name: String,
    pub amount: i64,
    /// Charged and not given back.
    pub balance_amount: i64,
    /// When the shop asked for it: what lists are sorted and filtered by.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// While an outcome is in doubt, in a payment's own view: what is being done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<ResolutionView>,
    /// The shop's own object, byte for byte as it came with the create; in what its secret key reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Box<RawValue>>,
}

/// What is being done about money in doubt.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolutionView {
    /// `INQUIRING`, `REVERSING` or `REFUNDING`; `MANUAL` when a person has to decide.
    pub state: &'static str,
    /// The refund in doubt; absent when it is the charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub since: String,
    /// Calls made so far to find out, or to undo it.
    pub attempts: u32,
    /// When the next one is made; null when a person has to decide.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<String>,
    /// A person may decide: nobody can be asked, or asking was in vain for long.
    pub decidable: bool,
}

impl From<Resolution> for ResolutionView {
    fn from(doubt: Resolution) -> Self {
        let Resolution { state, refund, since, attempts, next_at, is_under_way: _ } = doubt;
        Self {
            state: match state {
                Resolving::Inquiring => "INQUIRING",
                Resolving::Reversing => "REVERSING",
                Resolving::Refunding => "REFUNDING",
                Resolving::Manual => "MANUAL",
            },
            refund_id: refund.map(|number| number.to_string()),
            since: iso(since),
            attempts,
            next_at: next_at.map(iso),
            decidable: doubt.may_be_decided(),
        }
    }
}

/// One page of payments.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentsView {
    pub payments: Vec<PaymentView>,
    /// Payments on all pages, counted up to 10,000; with a name that many have, of the newest 100,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
    /// There are more than were counted; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub total_count_is_lower_bound: bool,
    /// What `after` takes for the payments that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl PaymentsView {
    pub fn of(page: Page, count: Option<Bounded>) -> Self {
        Self {
            payments: page.payments.into_iter().map(PaymentView::from).collect(),
            total_count: count.map(|count| count.count),
            total_count_is_lower_bound: count.is_some_and(|count| count.is_more),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

/// A registered card.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardView {
    pub id: String,
    pub account_id: String,
    pub is_representative: bool,
    /// Masked, last four digits kept.
    pub card_number: String,
    pub expiration_period: String,
    /// Always `***`: it is never stored.
    pub cvc: &'static str,
    pub card_company: String,
}

impl From<Card> for CardView {
    fn from(card: Card) -> Self {
        let Card { id, customer, masked, expiry, company, is_representative, method: _, sealed_pan: _ } = card;
        Self {
            id: id.to_string(),
            account_id: customer.to_string(),
            is_representative,
            card_number: masked,
            expiration_period: expiry,
            cvc: "***",
            card_company: company,
        }
    }
}

impl TransactionView {
    fn of_row(row: Transaction, payment_key: &str) -> Self {
        let Transaction { id, status, amount, reason, requested_at, completed_at } = row;
        Self {
            id: id.simple().to_string(),
            payment_key: payment_key.to_owned(),
            amount,
            status: status.as_str(),
            reason,
            requested_at: iso(requested_at),
            completed_at: iso(completed_at),
            balance_amount: None,
        }
    }

    /// The refund of this number, when it is done.
    pub fn of_refund(payment: &Payment, cancel_no: crate::domain::CancelNo) -> Option<Self> {
        let refund = payment.refund(cancel_no)?;
        let RefundState::Done { at, balance } = refund.state else { return None };
        Some(Self {
            id: cancel_no.to_string(),
            payment_key: payment.payment_key.map(|key| key.to_string()).unwrap_or_default(),
            amount: -refund.amount.minor(),
            status: match refund.kind {
                RefundKind::Canceled => "CANCELED",
                RefundKind::Refunded => "REFUNDED",
            },
            reason: refund.reason.as_deref().map(str::to_owned),
            requested_at: iso(refund.requested_at),
            completed_at: iso(at),
            balance_amount: Some(balance),
        })
    }

    /// What a payment's own history says moved, newest first.
    fn of_payment(payment: &Payment) -> Vec<Self> {
        let mut all: Vec<Self> =
            payment.refunds.iter().filter_map(|refund| Self::of_refund(payment, refund.cancel_no)).collect();
        for transaction in &mut all {
            transaction.balance_amount = None;
        }
        if let Authorization::Approved { txn_no, requested_at, completed_at, .. } = &payment.authorization {
            all.push(Self {
                id: txn_no.to_string(),
                payment_key: payment.payment_key.map(|key| key.to_string()).unwrap_or_default(),
                amount: payment.order.amount.minor(),
                status: "APPROVED",
                reason: None,
                requested_at: iso(*requested_at),
                completed_at: iso(*completed_at),
                balance_amount: None,
            });
        }
        all.sort_by(|a, b| (&b.completed_at, &b.id).cmp(&(&a.completed_at, &a.id)));
        all
    }
}

impl From<Listed> for PaymentView {
    fn from(row: Listed) -> Self {
        let Listed {
            created_at,
            payment_key,
            order_id,
            order_name,
            merchant_name,
            customer,
            card_masked,
            method,
            status,
            amount,
            balance,
            transactions,
        } = row;
        let key = payment_key.clone().unwrap_or_default();
        Self {
            payment_key,
            card_number: card_masked,
            account_id: customer.map(|id| id.to_string()),
            transactions: transactions.into_iter().map(|row| TransactionView::of_row(row, &key)).collect(),
            payment_type: payment_type(method.as_deref()),
            order_id,
            order_name,
            status: status.as_str(),
            merchant_name,
            amount,
            balance_amount: balance,
            created_at: iso(created_at),
            resolution: None,
            metadata: None,
        }
    }
}

impl PaymentView {
    pub fn of(payment: &Payment, merchant_name: &str) -> Self {
        Self {
            payment_key: payment.payment_key.map(|key| key.to_string()),
            card_number: payment.instrument.as_ref().map(|instrument| instrument.masked.to_string()),
            account_id: payment.payer.as_ref().map(|payer| payer.id.to_string()),
            transactions: TransactionView::of_payment(payment),
            payment_type: payment_type(payment.instrument.as_ref().map(|instrument| &*instrument.method)),
            order_id: payment.order.order_id.to_string(),
            order_name: payment.order.order_name.to_string(),
            status: payment.status.as_str(),
            merchant_name: merchant_name.to_owned(),
            amount: payment.order.amount.minor(),
            balance_amount: payment.balance(),
            created_at: iso(payment.created_at),
            resolution: payment.resolution().map(ResolutionView::from),
            metadata: None,
        }
    }

    /// As the shop's own server reads it.
    pub fn for_shop(payment: &Payment, merchant_name: &str) -> Self {
        let metadata = metadata::shown(payment.order.metadata.as_deref());
        Self { metadata, ..Self::of(payment, merchant_name) }
    }
}

/// Until a customer chose an instrument it is taken for a card payment, as existing clients expect.
fn payment_type(method: Option<&str>) -> String {
    method.unwrap_or(CARD).to_uppercase()
}

/// The proof of an approval.
pub fn approval(payment: &Payment) -> Option<&Approval> {
    match &payment.authorization {
        Authorization::Approved { approval, .. } => Some(approval),
        _ => None,
    }
}
