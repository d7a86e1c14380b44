//! What was tried, call by call, and how each call ended: read off the journal.

use std::collections::HashMap;

use super::{tag::Tag, timeline::refund_refused};
use crate::{
    domain::{
        Event, MAX_CONFIRM_ATTEMPTS, MAX_REFUSED_VERIFICATIONS, MAX_VERIFICATIONS, Payment, Reason, Recorded, Status,
    },
    error::{Code, Lang},
    pages::{
        show::{second, won},
        texts::{Attempts, Statuses},
    },
};

/// One call to the card company, or a confirmation that did not lead to one.
pub struct Attempt {
    /// Of the event that it began with.
    pub seq: i64,
    pub at: String,
    pub what: &'static str,
    /// Masked.
    pub card: String,
    /// What the card company knows the call by; empty for a check of the card.
    pub number: String,
    /// Absent until it is known.
    pub result: Option<Tag>,
    pub reason: String,
}

/// How an attempt ended: its number, the result and the reason.
type End = (String, Tag, String);

/// All attempts, oldest first.
pub fn of(events: &[Recorded], payment: &Payment, lang: Lang) -> Vec<Attempt> {
    let (texts, under_way) = (Attempts::of(lang), Statuses::of(lang).under_way);
    let no_answer = Tag { tone: "warn", text: texts.no_answer };
    let mut attempts: Vec<Attempt> = Vec::new();
    // Of each number the last call.
    let mut last: HashMap<String, usize> = HashMap::new();
    let (mut card, mut is_by_hand) = (String::new(), false);
    for recorded in events {
        let event = &recorded.event;
        if let Event::VerificationStarted { instrument, .. } = event {
            card = format!("{} {}", instrument.issuer, instrument.masked);
        }
        if let Some((what, number)) = begun(event, texts) {
            // Who tries again has given the call before up.
            let before = last.insert(number.clone(), attempts.len());
            if let Some(lost) = before.and_then(|place| attempts.get_mut(place)) {
                lost.result.get_or_insert(no_answer);
            }
            let (seq, at) = (recorded.seq, second(recorded.at));
            attempts.push(Attempt { seq, at, what, card: card.clone(), number, result: None, reason: String::new() });
        }
        // What follows from a decision by hand is no answer to a call.
        if let Some((number, result, reason)) = ended(event, texts, lang).filter(|_| !is_by_hand) {
            // An answer that comes after all is the last call's.
            if let Some(attempt) = last.get(&number).and_then(|place| attempts.get_mut(*place)) {
                (attempt.result, attempt.reason) = (Some(result), reason);
            }
        }
        is_by_hand = matches!(event, Event::ResolvedByHand { .. } | Event::RefundResolvedByHand { .. });
    }
    for attempt in attempts.iter_mut().filter(|attempt| attempt.result.is_none()) {
        let is_given_up = attempt.number.is_empty() && payment.status != Status::InVerificate;
        attempt.result = Some(if is_given_up { no_answer } else { Tag { tone: "accent", text: under_way } });
    }
    attempts
}

fn begun(event: &Event, texts: &Attempts) -> Option<(&'static str, String)> {
    Some(match event {
        Event::VerificationStarted { .. } => (texts.check, String::new()),
        Event::ConfirmRefused { .. } => (texts.confirm, String::new()),
        Event::AuthorizationRequested { txn_no, .. } => (texts.charge, txn_no.to_string()),
        Event::InquiryRequested { txn_no, .. } => (texts.inquiry, txn_no.to_string()),
        Event::ReversalRequested { txn_no, .. } => (texts.reversal, txn_no.to_string()),
        Event::RefundRequested { cancel_no, .. } => (texts.refund, cancel_no.to_string()),
        Event::RefundRetried { cancel_no, .. } => (texts.refund_again, cancel_no.to_string()),
        _ => return None,
    })
}

fn ended(event: &Event, texts: &Attempts, lang: Lang) -> Option<End> {
    let good = |text| Tag { tone: "good", text };
    let refused = Tag { tone: "bad", text: texts.refused };
    let unknown = Tag { tone: "warn", text: texts.unknown };
    let not_sent = Tag { tone: "warn", text: texts.not_sent };
    let because = |reason: &Reason| Code::from(*reason).text(lang).to_owned();
    let (number, result, reason) = match event {
        Event::VerificationPassed { .. } => (String::new(), good(texts.passed), String::new()),
        Event::VerificationFailed { reason: reason @ Reason::NetworkUnavailable } => {
            (String::new(), Tag { tone: "warn", text: texts.no_answer }, because(reason))
        }
        Event::VerificationFailed { reason } => (String::new(), refused, because(reason)),
        Event::ConfirmRefused { amount } => {
            (String::new(), refused, texts.other_amount.replace("{n}", &won(*amount, lang)))
        }
        Event::Approved { txn_no, .. } => (txn_no.to_string(), good(texts.approved), String::new()),
        Event::Declined { txn_no, reason } => (txn_no.to_string(), refused, because(reason)),
        Event::AuthorizationNotSent { txn_no } | Event::InquiryFailed { txn_no, not_sent: true, .. } => {
            (txn_no.to_string(), not_sent, String::new())
        }
        Event::AuthorizationUnknown { txn_no, .. }
        | Event::InquiryFailed { txn_no, .. }
        | Event::ReversalFailed { txn_no, .. } => (txn_no.to_string(), unknown, String::new()),
        Event::Reversed { txn_no } => (txn_no.to_string(), good(texts.reversed), String::new()),
        Event::RefundSucceeded { cancel_no } => (cancel_no.to_string(), good(texts.refunded), String::new()),
        Event::RefundUnknown { cancel_no, .. } => (cancel_no.to_string(), unknown, String::new()),
        Event::RefundFailed { cancel_no, reason: Reason::NetworkUnavailable } => {
            (cancel_no.to_string(), not_sent, String::new())
        }
        Event::RefundFailed { cancel_no, reason } => {
            (cancel_no.to_string(), refused, refund_refused(*reason).text(lang).to_owned())
        }
        _ => return None,
    };
    Some((number, result, reason))
}

/// How many more refusals end a payment that has had some; empty when none counts any more.
pub fn left(payment: &Payment, lang: Lang) -> String {
    let texts = Attempts::of(lang);
    let (text, left, had) = match payment.status {
        Status::Ready | Status::InVerificate => {
            let refusals = MAX_REFUSED_VERIFICATIONS.saturating_sub(payment.refused_verifications);
            let checks = MAX_VERIFICATIONS.saturating_sub(payment.verifications);
            (texts.checks_left, refusals.min(checks), payment.refused_verifications)
        }
        Status::InProgress => {
            (texts.confirms_left, MAX_CONFIRM_ATTEMPTS.saturating_sub(payment.wrong_confirms), payment.wrong_confirms)
        }
        _ => return String::new(),
    };
    if had == 0 { String::new() } else { text.replace("{n}", &left.to_string()) }
}
