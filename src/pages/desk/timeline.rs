//! The life of a payment, event by event, in words.

use jiff::Timestamp;

use crate::{
    domain::{By, Event, Payment, Reason, Recorded},
    error::{Code, Lang},
    pages::{
        reasons,
        show::{minute, second, span, won},
        texts::Events,
    },
};

/// One thing that happened.
pub struct Moment {
    pub title: &'static str,
    pub tone: &'static str,
    pub who: &'static str,
    pub at: String,
    /// How long after the one before; empty for the first.
    pub gap: String,
    pub details: Vec<(&'static str, String)>,
}

/// What happened, oldest first; `before` is when the last thing happened that is not among it.
pub fn of(events: &[Recorded], mut before: Option<Timestamp>, lang: Lang) -> Vec<Moment> {
    let texts = Events::of(lang);
    let moment = |recorded: &Recorded| {
        let gap = before.map(|before| span(recorded.at.duration_since(before), lang)).unwrap_or_default();
        before = Some(recorded.at);
        Moment {
            title: title(&recorded.event, texts),
            tone: tone(&recorded.event),
            who: who(recorded.by, texts),
            at: second(recorded.at),
            gap,
            details: details(&recorded.event, texts, lang),
        }
    };
    events.iter().map(moment).collect()
}

const fn who(by: By, texts: &Events) -> &'static str {
    match by {
        By::Shop => texts.by_shop,
        By::ClientKey => texts.by_page,
        By::Customer(_) => texts.by_customer,
        By::BackOffice(_) => texts.by_desk,
        By::Operator => texts.by_operator,
        By::Gateway => texts.by_gateway,
    }
}

const fn tone(event: &Event) -> &'static str {
    match event {
        Event::Approved { .. } | Event::RefundSucceeded { .. } | Event::VerificationPassed { .. } => "good",
        Event::Declined { .. }
        | Event::Aborted { .. }
        | Event::VerificationFailed { .. }
        | Event::ConfirmRefused { .. }
        | Event::RefundFailed { .. } => "bad",
        Event::AuthorizationUnknown { .. }
        | Event::AuthorizationNotSent { .. }
        | Event::AnswerWithheld
        | Event::InquiryFailed { .. }
        | Event::ReversalRequested { .. }
        | Event::ReversalFailed { .. }
        | Event::LateApproval { .. }
        | Event::RefundUnknown { .. }
        | Event::RefundAnswerWithheld { .. } => "warn",
        _ => "quiet",
    }
}

const fn title(event: &Event, texts: &Events) -> &'static str {
    match event {
        Event::Created { .. } => texts.created,
        Event::Claimed { .. } => texts.claimed,
        Event::VerificationStarted { .. } => texts.verification_started,
        Event::VerificationFailed { .. } => texts.verification_failed,
        Event::VerificationPassed { .. } => texts.verification_passed,
        Event::ConfirmRefused { .. } => texts.confirm_refused,
        Event::AuthorizationRequested { .. } => texts.authorization_requested,
        Event::AuthorizationNotSent { .. } => texts.authorization_not_sent,
        Event::AuthorizationUnknown { .. } => texts.authorization_unknown,
        Event::AnswerWithheld => texts.answer_withheld,
        Event::InquiryRequested { .. } => texts.inquiry_requested,
        Event::InquiryFailed { .. } => texts.inquiry_failed,
        Event::ReversalRequested { .. } => texts.reversal_requested,
        Event::ReversalFailed { .. } => texts.reversal_failed,
        Event::Reversed { .. } => texts.reversed,
        Event::LateApproval { .. } => texts.late_approval,
        Event::ResolvedByHand { .. } => texts.resolved_by_hand,
        Event::Approved { .. } => texts.approved,
        Event::Declined { .. } => texts.declined,
        Event::Canceled { .. } => texts.canceled,
        Event::Aborted { .. } => texts.aborted,
        Event::Expired => texts.expired,
        Event::OrderReleased => texts.order_released,
        Event::RefundRequested { .. } => texts.refund_requested,
        Event::RefundUnknown { .. } => texts.refund_unknown,
        Event::RefundRetried { .. } => texts.refund_retried,
        Event::RefundSucceeded { .. } => texts.refund_succeeded,
        Event::RefundFailed { .. } => texts.refund_failed,
        Event::RefundResolvedByHand { .. } => texts.refund_resolved_by_hand,
        Event::RefundAnswerWithheld { .. } => texts.refund_answer_withheld,
        Event::RefundAnswerGiven { .. } => texts.refund_answer_given,
    }
}

fn details(event: &Event, texts: &Events, lang: Lang) -> Vec<(&'static str, String)> {
    let reason = |reason: &Reason| (texts.reason, reasons::text(*reason, lang).to_owned());
    let said = |text: &Option<Box<str>>| text.as_deref().map(|text| (texts.reason, text.to_owned()));
    let next = |at: &Option<Timestamp>| (texts.next, at.map_or_else(|| texts.manual.to_owned(), second));
    let txn = |number: &dyn ToString| (texts.txn, number.to_string());
    let cancel = |number: &dyn ToString| (texts.cancel_no, number.to_string());
    let decided =
        |approved: bool| (texts.decision, if approved { texts.decided_yes } else { texts.decided_no }.to_owned());
    match event {
        Event::Created { order } => {
            vec![(texts.amount, won(order.amount.minor(), lang)), (texts.until, minute(order.expires_at))]
        }
        Event::Claimed { payer } => vec![(texts.account, payer.email.to_string())],
        Event::VerificationStarted { instrument, .. } => {
            vec![(texts.card, format!("{} {}", instrument.issuer, instrument.masked))]
        }
        Event::VerificationFailed { reason: why } | Event::Aborted { reason: why } => vec![reason(why)],
        Event::ConfirmRefused { amount } => vec![(texts.asked, won(*amount, lang))],
        Event::AuthorizationRequested { txn_no, .. }
        | Event::AuthorizationNotSent { txn_no }
        | Event::InquiryRequested { txn_no, .. }
        | Event::ReversalRequested { txn_no, .. }
        | Event::Reversed { txn_no } => vec![txn(txn_no)],
        Event::AuthorizationUnknown { txn_no, next_at } | Event::ReversalFailed { txn_no, next_at } => {
            vec![txn(txn_no), next(next_at)]
        }
        Event::InquiryFailed { txn_no, next_at, .. } => vec![txn(txn_no), next(&Some(*next_at))],
        Event::LateApproval { txn_no, approval } | Event::Approved { txn_no, approval } => {
            let at = (texts.acquirer_at, second(approval.approved_at));
            vec![(texts.approval_no, approval.approval_no.to_string()), at, txn(txn_no)]
        }
        Event::ResolvedByHand { approved, note, .. } => vec![decided(*approved), (texts.note, note.to_string())],
        Event::RefundResolvedByHand { cancel_no, approved, note } => {
            vec![decided(*approved), (texts.note, note.to_string()), cancel(cancel_no)]
        }
        Event::Declined { txn_no, reason: why } => vec![reason(why), txn(txn_no)],
        Event::Canceled { reason } => said(reason).into_iter().collect(),
        Event::RefundRequested { cancel_no, amount, reason, .. } => {
            let amount = (texts.amount, won(amount.minor(), lang));
            [Some(amount), said(reason), Some(cancel(cancel_no))].into_iter().flatten().collect()
        }
        Event::RefundUnknown { cancel_no, next_at } => vec![cancel(cancel_no), next(next_at)],
        Event::RefundRetried { cancel_no, .. }
        | Event::RefundSucceeded { cancel_no }
        | Event::RefundAnswerWithheld { cancel_no }
        | Event::RefundAnswerGiven { cancel_no } => vec![cancel(cancel_no)],
        Event::RefundFailed { cancel_no, reason: why } => {
            vec![(texts.reason, refund_refused(*why).text(lang).to_owned()), cancel(cancel_no)]
        }
        Event::VerificationPassed { .. } | Event::AnswerWithheld | Event::Expired | Event::OrderReleased => Vec::new(),
    }
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .collect()
}

/// Why the acquirer refused a refund, in the words that the API has for it.
pub const fn refund_refused(reason: Reason) -> Code {
    match reason {
        Reason::NetworkUnavailable => Code::NetworkUnavailable,
        Reason::ExceedsBalance => Code::ExceedsBalance,
        Reason::NotSupported => Code::RefundNotSupported,
        _ => Code::RefundDeclined,
    }
}

/// Whether anything is to come without anybody asking.
pub fn goes_on(payment: &Payment) -> bool {
    !payment.is_at_rest()
}
