//! One payment: where it stands, the money that moved, and everything that happened to it.

use std::{ops::Range, sync::Arc};

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web};
use askama::Template;

use super::{
    attempts::{self, Attempt},
    session::Desk,
    shell::{Section, Shell},
    tag::Tag,
    timeline::{self, Moment},
};
use crate::{
    domain::{Authorization, CancelNo, Event, Payment, PaymentId, Reason, Recorded, Refund, RefundKind, RefundState},
    error::{ApiError, Code, Lang},
    pages::{
        page::Page,
        reasons,
        show::{minute, second, won},
        texts,
    },
    store::TransactionKind,
};

#[derive(Template)]
#[template(path = "backoffice/payment.html")]
struct Shown<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Payment,
    payment: Summary,
    notice: Option<Notice>,
    moves: Vec<Move>,
    no_moves: &'static str,
    attempts_texts: &'static texts::Attempts,
    attempts: Vec<Attempt>,
    attempts_left: String,
    moments: Vec<Moment>,
    /// The part of a long life that comes before this one: what leads there, and the number of its last event.
    earlier: String,
    before: i64,
    is_latest: bool,
    /// There is money to give back.
    can_refund: bool,
    /// Nothing was charged, and the shop may still end it.
    can_give_up: bool,
    is_in_doubt: bool,
    /// The last event shown, and whether more will come.
    seq: i64,
    goes_on: bool,
}

/// What stands at the head of a payment's pages.
pub struct Summary {
    pub id: PaymentId,
    pub tag: Tag,
    pub order_name: String,
    pub order_id: String,
    pub key: String,
    pub customer: String,
    pub method: String,
    pub created: String,
    pub expires: String,
    pub approved: String,
    pub approval_no: String,
    pub amount: String,
    pub balance: String,
    pub given_back: String,
    pub failure: String,
    pub metadata: String,
}

/// Money that moved, or is about to.
struct Move {
    kind: &'static str,
    state: Tag,
    amount: String,
    reason: String,
    requested: String,
    completed: String,
    number: String,
}

/// What became of what somebody has just asked for.
struct Notice {
    tone: &'static str,
    text: String,
}

impl Summary {
    pub fn of(payment: &Payment, lang: Lang) -> Self {
        let order = &payment.order;
        let (approved, approval_no) = match &payment.authorization {
            Authorization::Approved { approval, completed_at, .. } => {
                (second(*completed_at), approval.approval_no.to_string())
            }
            _ => Default::default(),
        };
        let card = payment.instrument.as_ref().map(|card| format!("{} {}", card.issuer, card.masked));
        let failure = payment.failure.filter(|_| !payment.is_charged());
        Self {
            id: payment.id,
            tag: Tag::of(payment.status, lang),
            order_name: order.order_name.to_string(),
            order_id: order.order_id.to_string(),
            key: payment.payment_key.map(|key| key.to_string()).unwrap_or_default(),
            customer: payment.payer.as_ref().map(|payer| payer.email.to_string()).unwrap_or_default(),
            method: card.unwrap_or_default(),
            created: second(payment.created_at),
            expires: if payment.status.is_final() { String::new() } else { minute(order.expires_at) },
            approved,
            approval_no,
            amount: won(order.amount.minor(), lang),
            balance: won(payment.balance(), lang),
            given_back: if payment.refunded > 0 { won(-payment.refunded, lang) } else { String::new() },
            failure: failure.map(|reason| reasons::text(reason, lang).to_owned()).unwrap_or_default(),
            metadata: order.metadata.as_deref().unwrap_or_default().to_owned(),
        }
    }
}

/// The payment of this business that an address names.
///
/// # Errors
/// 404, for another business's as for none.
pub async fn own(desk: &Desk, id: &str) -> Result<Arc<Payment>, ApiError> {
    let id = id.parse().map_err(|_| Code::PaymentNotFound)?;
    let payment = desk.app.payments.look(id).await?;
    if payment.order.merchant == desk.merchant.id { Ok(payment) } else { Err(Code::PaymentNotFound.into()) }
}

pub fn can_give_up(payment: &Payment) -> bool {
    !payment.status.is_final() && !payment.authorization.is_open() && !payment.is_charged()
}

/// Events that are shown at once: a payment may have thousands of refunds, each with a few events, and a page has
/// to stay light.
const SHOWN: usize = 20;

/// Where the part of a life lies that ends before an event; the latest part when there is no such event.
fn part(events: &[Recorded], before: Option<i64>) -> Range<usize> {
    let end = before.map(|before| events.partition_point(|event| event.seq < before)).filter(|end| *end > 0);
    let end = end.unwrap_or(events.len());
    end.saturating_sub(SHOWN)..end
}

/// `/backoffice/payments/{id}`; `?refund=` names the refund that was just asked for, `?before=` the event before
/// which the part of a long life ends that is shown.
pub async fn page(desk: Desk, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let payment = own(&desk, &id).await?;
    let events = desk.app.store.events_after(payment.id, 0).await?;
    // One state for the whole page: what the events say.
    let payment = Payment::replay(payment.id, events.clone()).ok_or(Code::PaymentNotFound)?;
    let shell = Shell::of(&desk, Section::Payments).await?;
    let lang = shell.page.lang;
    let texts = texts::Payment::of(lang);
    let part = part(&events, desk.asked("before").parse().ok());
    let (first, is_latest) = (part.start, part.end == events.len());
    let shown = &events[part];
    let before = shown.first().map_or(1, |event| event.seq);
    let mut attempts = attempts::of(&events, &payment, lang);
    attempts.retain(|attempt| shown.iter().any(|event| event.seq == attempt.seq));
    shell.send(&Shown {
        texts,
        payment: Summary::of(&payment, lang),
        notice: desk.asked("refund").parse().ok().and_then(|number| notice(&payment, number, texts, lang)),
        moves: moves(&payment, shown, lang),
        no_moves: if payment.is_charged() { texts.no_transactions_here } else { texts.no_transactions },
        attempts_texts: texts::Attempts::of(lang),
        attempts,
        attempts_left: attempts::left(&payment, lang),
        moments: timeline::of(shown, first.checked_sub(1).map(|last| events[last].at), lang),
        earlier: if first > 0 { texts.earlier.replace("{n}", &first.min(SHOWN).to_string()) } else { String::new() },
        before,
        is_latest,
        can_refund: payment.refundable() > 0,
        can_give_up: can_give_up(&payment),
        is_in_doubt: payment.resolution().is_some(),
        seq: payment.seq,
        goes_on: timeline::goes_on(&payment),
        page: &shell.page,
        shell: &shell,
    })
}

/// `/backoffice/payments/{id}/seq`: how far the payment has come, for a page that waits for it.
pub async fn seq(desk: Desk, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let payment = own(&desk, &id).await?;
    let told = serde_json::json!({ "seq": payment.seq });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(told))
}

/// The truth about a refund at this moment.
fn notice(payment: &Payment, number: CancelNo, texts: &texts::Payment, lang: Lang) -> Option<Notice> {
    let refund = payment.refund(number)?;
    let (tone, text) = match refund.state {
        RefundState::Done { .. } => ("good", texts.refund_done.to_owned()),
        RefundState::Unknown { next_at: None, .. } => ("warn", texts.refund_manual.to_owned()),
        RefundState::Requested { .. } | RefundState::Unknown { .. } => ("warn", texts.refund_unknown.to_owned()),
        RefundState::Failed(Reason::NetworkUnavailable) => ("bad", texts.refund_not_sent.to_owned()),
        RefundState::Failed(reason) => {
            ("bad", format!("{} {}", texts.refund_failed, timeline::refund_refused(reason).text(lang)))
        }
    };
    Some(Notice { tone, text: text.replace("{n}", &won(refund.amount.minor(), lang)) })
}

/// The charge and the refunds of a part of its life, newest first; refunds that are under way or failed, too.
fn moves(payment: &Payment, part: &[Recorded], lang: Lang) -> Vec<Move> {
    let moved = |recorded: &Recorded| match &recorded.event {
        Event::RefundRequested { cancel_no, .. } => payment.refund(*cancel_no).map(|refund| given_back(refund, lang)),
        Event::Approved { .. } => charge(payment, lang),
        _ => None,
    };
    part.iter().rev().filter_map(moved).collect()
}

fn given_back(refund: &Refund, lang: Lang) -> Move {
    let statuses = texts::Statuses::of(lang);
    let kind = match refund.kind {
        RefundKind::Canceled => TransactionKind::Canceled,
        RefundKind::Refunded => TransactionKind::Refunded,
    };
    let (state, completed) = match refund.state {
        RefundState::Requested { .. } => (Tag { tone: "accent", text: statuses.under_way }, String::new()),
        RefundState::Unknown { .. } => (Tag::in_doubt(lang), String::new()),
        RefundState::Done { at, .. } => (done(lang), second(at)),
        RefundState::Failed(_) => (Tag { tone: "bad", text: statuses.failed }, String::new()),
    };
    Move {
        kind: Tag::moved(kind, lang).text,
        state,
        amount: won(-refund.amount.minor(), lang),
        reason: refund.reason.as_deref().unwrap_or_default().to_owned(),
        requested: second(refund.requested_at),
        completed,
        number: refund.cancel_no.to_string(),
    }
}

fn charge(payment: &Payment, lang: Lang) -> Option<Move> {
    let Authorization::Approved { txn_no, requested_at, completed_at, .. } = &payment.authorization else {
        return None;
    };
    Some(Move {
        kind: texts::Statuses::of(lang).approved,
        state: done(lang),
        amount: won(payment.order.amount.minor(), lang),
        reason: String::new(),
        requested: second(*requested_at),
        completed: second(*completed_at),
        number: txn_no.to_string(),
    })
}

fn done(lang: Lang) -> Tag {
    Tag { tone: "good", text: texts::Payment::of(lang).completed }
}
