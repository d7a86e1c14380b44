//! Where things stand, in a word and a colour. The word alone says it all.

use crate::{
    domain::Status,
    error::Lang,
    pages::texts::{Desk, Statuses},
    store::TransactionKind,
};

/// A word with the tone it is said in.
#[derive(Clone, Copy)]
pub struct Tag {
    pub tone: &'static str,
    pub text: &'static str,
}

impl Tag {
    pub const fn of(status: Status, lang: Lang) -> Self {
        let texts = Statuses::of(lang);
        let (tone, text) = match status {
            Status::Ready => ("quiet", texts.ready),
            Status::InVerificate => ("accent", texts.in_verificate),
            Status::InProgress => ("accent", texts.in_progress),
            Status::Done => ("good", texts.done),
            Status::PartialCanceled => ("good", texts.partial_canceled),
            Status::Canceled => ("quiet", texts.canceled),
            Status::Aborted => ("bad", texts.aborted),
            Status::Expired => ("quiet", texts.expired),
        };
        Self { tone, text }
    }

    pub const fn in_doubt(lang: Lang) -> Self {
        Self { tone: "warn", text: Desk::of(lang).doubts }
    }

    pub const fn moved(status: TransactionKind, lang: Lang) -> Self {
        let texts = Statuses::of(lang);
        let (tone, text) = match status {
            TransactionKind::Approved => ("good", texts.approved),
            TransactionKind::Canceled => ("quiet", texts.cancel),
            TransactionKind::Refunded => ("quiet", texts.refund),
        };
        Self { tone, text }
    }
}
