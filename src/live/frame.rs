//! One event as a watcher reads it (wire contract, section 5).

use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Event, Payment, PaymentId, Reason, Recorded, Status};

/// An event ready to be sent: rendered once, shared by all who listen.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The journal's number, which is the SSE id.
    pub seq: i64,
    pub name: &'static str,
    /// JSON without any escape: the texts in it cannot contain what would need one.
    pub data: Arc<str>,
    /// Who scanned the code, for those who see it on another screen: enough to recognise oneself.
    pub scanned_by: Option<Arc<str>>,
    pub is_final: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status: &'static str,
    order_id: &'a str,
    merchant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<Reason>,
}

/// What the event is called that leads to a status.
pub const fn event_name(status: Status) -> &'static str {
    match status {
        Status::Ready => "payment-ready",
        Status::InVerificate => "payment-in-verificate",
        Status::InProgress => "payment-in-progress",
        Status::Done => "payment-done",
        Status::PartialCanceled => "payment-partial-canceled",
        Status::Canceled => "payment-canceled",
        Status::Aborted => "payment-aborted",
        Status::Expired => "payment-expired",
    }
}

/// Who looks at a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The shop, or the payer.
    Party,
    /// Somebody who holds the token of its QR code.
    Bystander,
}

impl Viewer {
    pub fn sees(self, frame: Frame) -> Frame {
        match self {
            Viewer::Party => frame,
            Viewer::Bystander => frame.for_bystanders(),
        }
    }
}

/// The customer who has taken the payment on, as bystanders may know it.
pub fn scanned_by(payment: &Payment) -> Option<String> {
    payment.payer.as_ref().map(|payer| masked(&payer.email))
}

/// `c***`: of somebody who has only looked at a payment, a link in an e-mail may have been enough for that.
pub fn initial(email: &str) -> String {
    masked(email).split('@').next().unwrap_or_default().to_owned()
}

/// `c***@example.com`: enough to recognise oneself.
fn masked(email: &str) -> String {
    let (name, host) = email.rsplit_once('@').unwrap_or((email, ""));
    // Nothing that an event's data would have to escape.
    let first = name.chars().next().filter(char::is_ascii_alphanumeric).map(String::from).unwrap_or_default();
    let is_plain = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    format!("{first}***@{}", if is_plain { host } else { "***" })
}

impl Frame {
    /// What watchers hear of `recorded`, given the payment right after it; `None` when it is not theirs
    /// to know.
    pub fn of(after: &Payment, recorded: &Recorded) -> Option<Self> {
        if !recorded.event.is_public() {
            return None;
        }
        let name = event_name(after.status);
        let in_progress = matches!(recorded.event, Event::VerificationPassed { .. });
        let failed = matches!(recorded.event, Event::VerificationFailed { .. } | Event::Aborted { .. });
        let body = Body {
            status: name,
            order_id: after.order.order_id.as_str(),
            merchant_id: after.order.merchant.to_string(),
            payment_key: after.payment_key.filter(|_| in_progress).map(|key| key.to_string()),
            amount: in_progress.then(|| after.order.amount.minor()),
            card_number: after.instrument.as_ref().filter(|_| in_progress).map(|instrument| &*instrument.masked),
            failure_code: after.failure.filter(|_| failed),
        };
        // Strings and numbers always serialize.
        let data = serde_json::to_string(&body).unwrap_or_default().into();
        let scanned_by = scanned_by(after).map(Arc::from);
        Some(Self { seq: recorded.seq, name, data, scanned_by, is_final: after.status.is_final() })
    }

    /// The frame as somebody may see it who is neither the shop nor the payer: nothing of the customer but
    /// the first letter and the host of the address.
    #[must_use]
    fn for_bystanders(mut self) -> Self {
        if let Ok(serde_json::Value::Object(mut body)) = serde_json::from_str(&self.data) {
            body.retain(|field, _| matches!(field.as_str(), "status" | "orderId" | "merchantId" | "failureCode"));
            if let Some(scanned_by) = &self.scanned_by {
                body.insert("scannedBy".to_owned(), scanned_by.as_ref().into());
            }
            self.data = serde_json::Value::Object(body).to_string().into();
        }
        self
    }

    /// What watchers would have heard of a whole journal.
    pub fn history(id: PaymentId, events: &[Recorded]) -> Vec<Self> {
        let mut frames = Vec::with_capacity(events.len());
        let mut payment: Option<Payment> = None;
        for recorded in events {
            match &mut payment {
                None => payment = Payment::created(id, recorded),
                Some(payment) => payment.apply(recorded),
            }
            frames.extend(payment.as_ref().and_then(|payment| Frame::of(payment, recorded)));
        }
        frames
    }
}
