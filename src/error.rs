//! What callers are told when something does not work: one table of public codes.
//!
//! A code, its status and its outcome never change their meaning; texts may. The inner cause never
//! reaches a caller: it is logged once, where the answer is made, with the request's id.

use std::{borrow::Cow, fmt};

use actix_web::http::StatusCode;

use crate::{
    actors::AskError,
    domain::{Reason, Rejection, Status},
    store::StoreError,
    vault::PasswordError,
};

/// What an error says about the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Refused, definitely: nothing was charged by this call.
    Declined,
    /// It never reached the card network; it may be tried again.
    NotSent,
    /// Nobody knows yet.
    Unknown,
    /// The error is not about money.
    None,
}

impl Told {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Told::Declined, Told::NotSent, Told::Unknown, Told::None].into_iter().find(|told| told.as_str() == name)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Told::Declined => "declined",
            Told::NotSent => "not_sent",
            Told::Unknown => "unknown",
            Told::None => "none",
        }
    }
}

/// The caller's language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Ko,
    En,
}

impl Lang {
    /// The first of Korean and English in an `Accept-Language` header; Korean when there is neither.
    pub fn from_header(header: Option<&str>) -> Self {
        let known = |range: &str| match range.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "ko" => Some(Lang::Ko),
            "en" => Some(Lang::En),
            _ => None,
        };
        header.and_then(|header| header.split(',').find_map(known)).unwrap_or_default()
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $status:literal $told:ident $ko:literal $en:literal;)*) => {
        /// A public error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }

            pub const fn told(self) -> Told {
                match self { $(Code::$name => Told::$told),* }
            }

            pub const fn text(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Code::$name, Lang::Ko) => $ko, (Code::$name, Lang::En) => $en),* }
            }
        }
    };
}

codes! {
    InvalidRequest "INVALID_REQUEST" 400 None "요청이 올바르지 않습니다." "The request is not valid.";
    SignInFailed "SIGN_IN_FAILED" 400 None "이메일 또는 비밀번호가 올바르지 않습니다." "The e-mail or the password is wrong.";
    InvalidToken "INVALID_TOKEN" 400 None "결제 QR 토큰이 올바르지 않습니다." "The payment token is not valid.";
    WrongAmount "WRONG_AMOUNT" 400 None "결제 금액이 일치하지 않습니다." "The amount is not the amount of the payment.";
    NoCard "NO_CARD" 400 None "등록된 카드가 없습니다." "No card is registered.";
    CardExpired "CARD_EXPIRED" 400 Declined "유효기간이 지난 카드입니다." "The card has expired.";
    CardWrongCvc "CARD_WRONG_CVC" 400 Declined "CVC 번호가 올바르지 않습니다." "The CVC is wrong.";
    CardWrongExpDate "CARD_WRONG_EXP_DATE" 400 Declined "카드 유효기간이 올바르지 않습니다." "The expiry date is wrong.";
    CardWrongCompany "CARD_WRONG_CARD_COMPANY" 400 Declined "카드사가 올바르지 않습니다." "The card company is wrong.";
    CardNotValid "CARD_NOT_VALID" 400 Declined "사용할 수 없는 카드입니다." "The card cannot be used.";
    CardUnknown "CARD_NOT_FOUND" 400 Declined "존재하지 않는 카드입니다." "The card company does not know this card.";
    Unauthorized "UNAUTHORIZED" 401 None "인증 정보가 없거나 올바르지 않습니다." "Credentials are missing or not valid.";
    CardDeclined "CARD_DECLINED" 402 Declined "카드사에서 승인을 거절했습니다." "The card company declined.";
    CardLost "CARD_LOST" 402 Declined "분실 또는 도난 신고된 카드입니다." "The card was reported lost or stolen.";
    LimitExceeded "LIMIT_EXCEEDED" 402 Declined "카드 한도를 초과했습니다." "The card's limit is exceeded.";
    Forbidden "FORBIDDEN" 403 None "이 작업을 할 권한이 없습니다." "These credentials do not permit this.";
    FormExpired "FORM_EXPIRED" 403 None "양식이 오래되었거나 다른 곳에서 왔습니다. 이전 페이지를 새로 고친 뒤 다시 시도해 주세요." "This form is out of date or came from elsewhere. Reload the page before it and try again.";
    HostMismatch "HOST_MISMATCH" 403 None "브라우저가 접속한 주소와 서버가 전달받은 주소(Host)가 다릅니다. 프록시를 쓴다면 Host 헤더를 그대로 전달하거나 server.public_url을 설정해 주세요." "The address in your browser differs from the one this server was given (Host). If a proxy is in front of it, pass the Host header through or set server.public_url.";
    CookieMissing "COOKIE_MISSING" 403 None "브라우저가 이 사이트의 쿠키를 보내지 않았습니다. 쿠키를 허용하고, HTTP로 접속했다면 HTTPS 주소를 이용해 주세요." "Your browser didn't send this site's cookie. Allow cookies for this site, and if you opened it over HTTP, use its HTTPS address.";
    RouteNotFound "NOT_FOUND" 404 None "요청한 주소를 찾을 수 없습니다." "There is nothing at this address.";
    PaymentNotFound "PAYMENT_NOT_FOUND" 404 None "결제를 찾을 수 없습니다." "There is no such payment.";
    RegisteredCardNotFound "REGISTERED_CARD_NOT_FOUND" 404 None "등록된 카드를 찾을 수 없습니다." "There is no such registered card.";
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405 None "지원하지 않는 HTTP 메서드입니다." "This address does not take that method.";
    OrderExists "ORDER_ALREADY_EXISTS" 409 None "이미 사용된 주문 번호입니다." "This order has a payment already.";
    EmailExists "EMAIL_ALREADY_EXISTS" 409 None "이미 가입된 이메일입니다." "This e-mail is taken.";
    CardExists "CARD_ALREADY_REGISTERED" 409 None "이미 등록된 카드입니다." "This card is registered already.";
    TooManyCards "TOO_MANY_CARDS" 409 None "더 이상 카드를 등록할 수 없습니다." "No more cards can be registered.";
    ClaimedByAnother "PAYMENT_CLAIMED_BY_ANOTHER" 409 None "다른 고객이 진행 중인 결제입니다." "Another customer owns this payment.";
    NotApprovedYet "PAYMENT_NOT_APPROVED" 409 None "고객이 아직 결제를 승인하지 않았습니다." "The customer has not approved yet.";
    ConfirmUnderWay "CONFIRM_IN_PROGRESS" 409 None "결제 승인이 진행 중입니다." "A confirmation is under way.";
    AlreadyConfirmed "ALREADY_CONFIRMED" 409 None "이미 승인된 결제입니다." "The payment is confirmed already.";
    PaymentCanceled "PAYMENT_CANCELED" 409 None "취소된 결제입니다." "The payment was canceled.";
    PaymentAborted "PAYMENT_ABORTED" 409 Declined "중단된 결제입니다." "The payment was aborted.";
    PaymentExpired "PAYMENT_EXPIRED" 409 None "유효 시간이 지난 결제입니다." "The payment has expired.";
    NotCharged "PAYMENT_NOT_CHARGED" 409 None "아직 승인되지 않은 결제입니다." "Nothing has been charged yet.";
    ExceedsBalance "EXCEEDS_BALANCE" 409 Declined "취소 가능 금액을 초과했습니다." "The amount is larger than what is left.";
    BalanceMismatch "BALANCE_MISMATCH" 409 None "취소 가능 금액이 예상과 다릅니다." "The balance is not what was expected.";
    NothingLeft "NOTHING_LEFT" 409 None "취소할 수 있는 금액이 없습니다." "Nothing is left to give back.";
    TooManyRefunds "TOO_MANY_REFUNDS" 409 None "취소 횟수 한도를 초과했습니다." "This payment has too many refunds.";
    RefundDeclined "REFUND_DECLINED" 409 Declined "카드사에서 취소를 거절했습니다." "The card company refused the refund.";
    NothingToResolve "NOTHING_TO_RESOLVE" 409 None "확인을 기다리는 결제가 아닙니다." "This payment waits for nobody's decision.";
    CallUnderWay "CALL_IN_PROGRESS" 409 None "카드사의 응답을 기다리고 있습니다. 잠시 후 다시 시도해 주세요." "The card company is being asked at this moment. Try again in a moment.";
    BeingReversed "BEING_REVERSED" 409 None "취소 처리 중인 결제라 승인으로 확정할 수 없습니다." "This payment is being reversed and cannot become a charge any more.";
    RefundNotSupported "REFUND_NOT_SUPPORTED" 409 Declined "카드사가 취소를 지원하지 않습니다." "The card company takes no refunds here: settle it with them directly.";
    KeyRunning "IDEMPOTENCY_KEY_IN_USE" 409 None "같은 멱등키의 요청이 처리 중입니다." "A request with this idempotency key is still running.";
    PayloadTooLarge "PAYLOAD_TOO_LARGE" 413 None "요청 본문이 너무 큽니다." "The request body is too large.";
    KeyReused "IDEMPOTENCY_KEY_REUSED" 422 None "이 멱등키는 내용이 다른 요청에 이미 사용되었습니다. 첫 요청의 결과를 확인해 주세요." "This idempotency key was used for another request. Look up the result of that request first.";
    TooManyRequests "TOO_MANY_REQUESTS" 429 None "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요." "Too many requests. Try again in a moment.";
    SignInLocked "SIGN_IN_LOCKED" 429 None "비밀번호를 여러 번 잘못 입력하여 로그인이 잠시 제한되었습니다. 잠시 후 다시 시도해 주세요." "Sign-in is blocked for a moment after too many wrong passwords. Try again shortly.";
    TooManyCardFailures "TOO_MANY_CARD_FAILURES" 429 None "카드 정보 확인에 여러 번 실패하여 카드 등록이 일시적으로 제한되었습니다. 나중에 다시 시도해 주세요." "Card registration is temporarily blocked after too many failed attempts. Try again later.";
    ShareSpent "MERCHANT_LIMIT_REACHED" 429 NotSent "이 가맹점이 동시에 처리할 수 있는 한도에 도달했습니다. 잠시 후 다시 시도해 주세요." "This merchant has as much under way as its share of the server allows. Try again in a moment.";
    Internal "INTERNAL_ERROR" 500 None "내부 오류가 발생했습니다." "Something went wrong here.";
    Overloaded "OVERLOADED" 503 NotSent "요청이 많아 처리할 수 없습니다. 잠시 후 다시 시도해 주세요." "Too busy. Try again in a moment.";
    Unavailable "UNAVAILABLE" 503 None "일시적으로 처리할 수 없습니다. 잠시 후 다시 시도해 주세요." "Not possible at the moment. Try again in a moment.";
    PaymentUnavailable "PAYMENT_UNAVAILABLE" 503 Unknown "일시적으로 처리할 수 없습니다. 결제 상태를 확인한 후 다시 시도해 주세요." "Not possible at the moment. Look at the payment's state before trying again.";
    NetworkUnavailable "CARD_NETWORK_UNAVAILABLE" 503 NotSent "카드사에 연결할 수 없습니다. 결제되지 않았습니다." "The card network cannot be reached. Nothing was charged.";
    OutcomeUnknown "PAYMENT_OUTCOME_UNKNOWN" 504 Unknown "결제 결과를 아직 알 수 없습니다. 같은 요청을 다시 보내 확인해 주세요." "The outcome is not known yet. Send the same request again to learn it.";
}

/// What is wrong with a field, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    pub ko: &'static str,
    pub en: &'static str,
}

/// What became of the first call under an idempotency key that was used again for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCall {
    Succeeded,
    Failed(Told),
}

impl FirstCall {
    pub const fn as_str(self) -> &'static str {
        match self {
            FirstCall::Succeeded => "succeeded",
            FirstCall::Failed(told) => told.as_str(),
        }
    }
}

/// An answer that is an error.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub code: Code,
    /// The field of the request that is wrong, and what is wrong with it.
    pub field: Option<(Cow<'static, str>, Problem)>,
    pub retry_after_s: Option<u32>,
    /// For the log, never for the caller.
    pub cause: Option<String>,
    pub first: Option<FirstCall>,
}

impl ApiError {
    /// A bad field: the message names it.
    pub fn field(name: impl Into<Cow<'static, str>>, problem: Problem) -> Self {
        Self { field: Some((name.into(), problem)), ..Code::InvalidRequest.into() }
    }

    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What the answer says about the money. A caller whose key was used for another request must not take "none" for
    /// "nothing has happened": the first call may have had its effect.
    pub fn outcome(&self) -> Told {
        match self.first {
            Some(FirstCall::Succeeded | FirstCall::Failed(Told::Unknown)) => Told::Unknown,
            _ => self.code.told(),
        }
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn message(&self, lang: Lang) -> String {
        match (&self.field, lang) {
            (None, _) => self.code.text(lang).to_owned(),
            (Some((name, problem)), Lang::Ko) => format!("{name}: {}", problem.ko),
            (Some((name, problem)), Lang::En) => format!("{name}: {}", problem.en),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message(Lang::En))
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        // Who is turned away for a passing reason is told when to come back.
        let retry_after_s = match code {
            Code::KeyRunning
            | Code::Overloaded
            | Code::ShareSpent
            | Code::Unavailable
            | Code::PaymentUnavailable
            | Code::NetworkUnavailable => Some(1),
            Code::OutcomeUnknown => Some(3),
            Code::TooManyRequests => Some(60),
            _ => None,
        };
        Self { code, field: None, retry_after_s, cause: None, first: None }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NotFound => Code::PaymentNotFound.into(),
            AskError::Rejected(rejection) => rejection.into(),
            AskError::OrderExists => Code::OrderExists.into(),
            AskError::KeyTaken => Code::KeyRunning.into(),
            AskError::NotCreated => Code::Overloaded.into(),
            AskError::ShareSpent => Code::ShareSpent.into(),
            AskError::NotSent => Code::NetworkUnavailable.into(),
            AskError::Overloaded | AskError::Unavailable => ApiError::from(Code::PaymentUnavailable).because(error),
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::ClaimedByAnother => Code::ClaimedByAnother,
            Rejection::OrderInUse => Code::OrderExists,
            Rejection::NotApprovedYet => Code::NotApprovedYet,
            Rejection::WrongKey => Code::PaymentNotFound,
            Rejection::WrongAmount => Code::WrongAmount,
            Rejection::ConfirmUnderWay => Code::ConfirmUnderWay,
            Rejection::AlreadyConfirmed => Code::AlreadyConfirmed,
            Rejection::Ended(Status::Canceled) => Code::PaymentCanceled,
            Rejection::Ended(Status::Expired) => Code::PaymentExpired,
            Rejection::Ended(_) => Code::PaymentAborted,
            Rejection::NotCharged => Code::NotCharged,
            Rejection::ExceedsBalance { .. } => Code::ExceedsBalance,
            Rejection::BalanceMismatch { .. } => Code::BalanceMismatch,
            Rejection::NothingLeft => Code::NothingLeft,
            Rejection::AmountNotPositive => {
                return ApiError::field("amount", Problem { ko: "0보다 커야 합니다", en: "must be greater than zero" });
            }
            Rejection::TooManyRefunds => Code::TooManyRefunds,
            Rejection::CallUnderWay => Code::CallUnderWay,
            Rejection::NothingToResolve => Code::NothingToResolve,
            Rejection::Reversing => Code::BeingReversed,
            // Only timers and outcomes hear these.
            Rejection::NotDue | Rejection::Stale | Rejection::Contradiction => Code::Internal,
        }
        .into()
    }
}

impl From<Reason> for Code {
    /// The public code of an acquirer's refusal.
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::CardNotFound => Code::CardUnknown,
            Reason::CardExpired => Code::CardExpired,
            Reason::CardWrongCvc => Code::CardWrongCvc,
            Reason::CardWrongExpDate => Code::CardWrongExpDate,
            Reason::CardWrongCardCompany => Code::CardWrongCompany,
            Reason::CardNotValid => Code::CardNotValid,
            Reason::CardLost => Code::CardLost,
            Reason::LimitExceeded => Code::LimitExceeded,
            Reason::ExceedsBalance => Code::ExceedsBalance,
            Reason::NetworkUnavailable => Code::NetworkUnavailable,
            Reason::TooManyAttempts | Reason::OutcomeUnknown => Code::PaymentAborted,
            Reason::TxnReversed | Reason::TxnNotApproved | Reason::Declined => Code::CardDeclined,
            Reason::NotSupported => Code::RefundNotSupported,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::KeyTaken => Code::KeyRunning,
            StoreError::Corrupt(_) => Code::Internal,
            // Callers map these two to what exists or is full; here nobody did.
            StoreError::Exists | StoreError::Full => Code::Internal,
            StoreError::Database(_) => Code::Unavailable,
        };
        ApiError::from(code).because(error)
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Code::Overloaded.into(),
            PasswordError::Failed(_) => ApiError::from(Code::Internal).because(error),
        }
    }
}
