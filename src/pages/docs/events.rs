//! What a stream tells, event by event.

use jiff::SignedDuration;

use crate::{
    domain::Status,
    error::Lang,
    live::{LiveSettings, event_name},
    pages::{show::span, texts::StreamEvents},
};

pub struct EventLine {
    pub name: &'static str,
    pub about: &'static str,
    /// Of its data, beside `status`, `orderId` and `merchantId`; one with `?` is not always there.
    pub fields: &'static [&'static str],
}

/// How long a stream says nothing, and how long it stays.
pub struct Stay {
    pub heartbeat: String,
    pub linger: String,
}

impl Stay {
    pub fn of(live: &LiveSettings, lang: Lang) -> Self {
        let span = |duration| span(duration, lang);
        Self {
            heartbeat: span(SignedDuration::from_millis(live.heartbeat_ms.try_into().unwrap_or(i64::MAX))),
            linger: span(SignedDuration::from_secs(live.linger_s.try_into().unwrap_or(i64::MAX))),
        }
    }
}

/// A stream opens with a word of its own; then each status has an event of its name.
pub fn lines(texts: &'static StreamEvents) -> Vec<EventLine> {
    let open = EventLine { name: "onopen", about: texts.open, fields: &[] };
    let of_status =
        |status: Status| EventLine { name: event_name(status), about: meaning(status, texts), fields: fields(status) };
    std::iter::once(open).chain(Status::ALL.map(of_status)).collect()
}

const fn meaning(status: Status, texts: &StreamEvents) -> &'static str {
    match status {
        Status::Ready => texts.ready,
        Status::InVerificate => texts.in_verificate,
        Status::InProgress => texts.in_progress,
        Status::Done => texts.done,
        Status::PartialCanceled => texts.partial_canceled,
        Status::Canceled => texts.canceled,
        Status::Aborted => texts.aborted,
        Status::Expired => texts.expired,
    }
}

const fn fields(status: Status) -> &'static [&'static str] {
    match status {
        Status::Ready => &["failureCode?"],
        Status::InProgress => &["paymentKey", "amount", "cardNumber"],
        Status::Aborted => &["failureCode"],
        Status::InVerificate | Status::Done | Status::PartialCanceled | Status::Canceled | Status::Expired => &[],
    }
}
