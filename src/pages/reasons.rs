//! Why a payment failed, in words: what an event gives is a code, and a page has its text ready.

use super::texts::Reasons;
use crate::{
    domain::Reason,
    error::{Code, Lang},
};

/// What an event may give as its reason.
const REASONS: [Reason; 12] = [
    Reason::CardNotFound,
    Reason::CardExpired,
    Reason::CardWrongCvc,
    Reason::CardWrongExpDate,
    Reason::CardWrongCardCompany,
    Reason::CardNotValid,
    Reason::CardLost,
    Reason::LimitExceeded,
    Reason::NetworkUnavailable,
    Reason::TooManyAttempts,
    Reason::OutcomeUnknown,
    Reason::Declined,
];

/// A reason as events spell it, with its text.
pub type Told = (String, &'static str);

/// All of them, for a page that follows a payment.
pub fn told(lang: Lang) -> Vec<Told> {
    let spelled = |reason: &Reason| serde_json::to_value(reason).ok()?.as_str().map(str::to_owned);
    REASONS.iter().filter_map(|reason| Some((spelled(reason)?, text(*reason, lang)))).collect()
}

/// Why a payment failed or ended.
pub fn text(reason: Reason, lang: Lang) -> &'static str {
    match reason {
        // The public code of these two says no more than that the payment has ended.
        Reason::TooManyAttempts => Reasons::of(lang).too_many,
        Reason::OutcomeUnknown => Reasons::of(lang).undone,
        refused => Code::from(refused).text(lang),
    }
}
