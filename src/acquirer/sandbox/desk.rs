//! Where a call is processed, when nothing goes wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    SandboxReply, cards,
    ledger::{Charge, Ledger},
    wire::{Approve, Call, Refusal},
};
use crate::{domain::TxnNo, vault::Pan};

/// The books and the time.
#[derive(Clone)]
pub(super) struct Desk {
    pub ledger: Arc<Mutex<Ledger>>,
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    pub is_on_disk: bool,
}

impl Desk {
    /// Nothing in the books is left half-done by a panic that the next call could trip over.
    pub fn books(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the call asks, at once and as a whole; on a thread of its own when a disk may let it wait.
    pub async fn answer(&self, call: &Arc<Call>) -> SandboxReply {
        if !self.is_on_disk {
            return self.process(call);
        }
        let (desk, call) = (self.clone(), call.clone());
        let answered = tokio::task::spawn_blocking(move || desk.process(&call)).await;
        answered.unwrap_or_else(|_| Refusal::Unavailable.into())
    }

    fn process(&self, call: &Call) -> SandboxReply {
        let answered = match call {
            Call::Check(asked) => {
                cards::check(asked, (self.now)()).map(|()| json!({ "cardNumber": asked.number, "isValid": true }))
            }
            Call::Approve(asked) => self.approve(asked),
            Call::Inquire(txn_no) => self.inquire(*txn_no),
            Call::List { day, after } => self.list(*day, *after),
            Call::Reverse { txn_no, amount } => self
                .books()
                .reverse(*txn_no, amount.minor())
                .map(|()| json!({ "txnNo": txn_no.to_string(), "status": "REVERSED" })),
            Call::Cancel(asked) => self
                .books()
                .cancel(asked.txn_no, asked.cancel_no, asked.amount.minor())
                .map(|balance| json!({ "cancelNo": asked.cancel_no.to_string(), "balanceAmount": balance })),
        };
        match answered {
            Ok(body) => SandboxReply::json(200, &body),
            Err(refusal) => refusal.into(),
        }
    }

    /// The books as they are now, should another process write them.
    fn latest_books(&self) -> Result<MutexGuard<'_, Ledger>, Refusal> {
        let mut books = self.books();
        books.catch_up().map_err(|error| {
            tracing::warn!(%error, "the sandbox's file cannot be read");
            Refusal::Unavailable
        })?;
        Ok(books)
    }

    fn list(&self, day: Date, after: Option<TxnNo>) -> Result<Value, Refusal> {
        let (page, has_more) = self.latest_books()?.list(day, after);
        let next = page.last().filter(|_| has_more).map(|(txn_no, ..)| txn_no.to_string());
        let approvals = page.into_iter().map(|(txn_no, entry, at)| {
            json!({
                "txnNo": txn_no.to_string(),
                "status": entry.status,
                "approvalNo": entry.approval_no.map(|no| no.to_string()),
                "amount": entry.amount,
                "canceledAmount": entry.canceled_amount,
                "approvedAt": at.to_string(),
            })
        });
        Ok(json!({ "approvals": approvals.collect::<Vec<_>>(), "next": next }))
    }

    fn inquire(&self, txn_no: TxnNo) -> Result<Value, Refusal> {
        let books = self.latest_books()?;
        let entry = books.inquire(txn_no)?;
        Ok(json!({
            "txnNo": txn_no.to_string(),
            "status": entry.status,
            "approvalNo": entry.approval_no.map(|no| no.to_string()),
            "amount": entry.amount,
            "canceledAmount": entry.canceled_amount,
        }))
    }

    fn approve(&self, asked: &Approve) -> Result<Value, Refusal> {
        let now = (self.now)();
        // Milliseconds, as networks tell the time.
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        // Without a number nothing can be recognised: every approve of the `basic` dialect is a new charge.
        let txn_no = asked.txn_no.unwrap_or_else(|| Uuid::now_v7().into());
        let approved = self.books().approve(Charge {
            txn_no,
            last_four: last_four(asked.pan.as_ref()),
            amount: asked.amount.minor(),
            verdict: cards::may_charge(asked.pan.as_ref(), now),
            now,
        })?;
        Ok(match asked.txn_no {
            None => json!({ "cardNumber": asked.number, "isValid": true }),
            Some(_) => json!({
                "cardNumber": asked.number,
                "isValid": true,
                "txnNo": txn_no.to_string(),
                "approvalNo": approved.approval_no.to_string(),
                "approvedAt": approved.at.to_string(),
            }),
        })
    }
}

fn last_four(pan: Option<&Pan>) -> Box<str> {
    let Some(pan) = pan else { return "".into() };
    let mut last: Vec<char> = pan.expose().chars().rev().filter(char::is_ascii_digit).take(4).collect();
    last.reverse();
    last.into_iter().collect()
}
