//! The sandbox's half of the protocol: which call a request is, and what the answers look like.
//!
//! Written apart from the client's half on purpose: what one side gets wrong, the other must notice.

use std::{collections::BTreeMap, time::Duration};

use jiff::civil::Date;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    domain::{CancelNo, Currency, Money, TxnNo},
    vault::Pan,
};

/// What the sandbox does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxReply {
    Answer {
        status: u16,
        /// JSON, unless the sandbox answers garbage on purpose.
        body: Vec<u8>,
    },
    /// As `Answer`, a byte at a time with a pause before each.
    Drip { status: u16, body: Vec<u8>, pause: Duration },
    /// No answer will ever come.
    Silence,
    /// The connection was not even made.
    Refused,
}

impl SandboxReply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::Answer { status, body: body.to_string().into_bytes() }
    }

    pub(super) fn dripping(self, pause: Duration) -> Self {
        match self {
            Self::Answer { status, body } => Self::Drip { status, body, pause },
            other => other,
        }
    }
}

/// Why the sandbox refuses, in the words of the contract; the last ones are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    CardNotFound,
    CardExpired,
    CardWrongCvc,
    CardWrongExpDate,
    CardWrongCardCompany,
    CardNotValid,
    CardDeclined,
    CardLost,
    LimitExceeded,
    TxnNotFound,
    TxnReversed,
    ExceedsBalance,
    /// The number is in use for something else (another card, another amount).
    TxnConflict,
    TooManyCancels,
    /// There is no approval that could be cancelled.
    TxnNotApproved,
    /// Not a request of the protocol.
    BadRequest,
    NotFound,
    MethodNotAllowed,
    /// The sandbox itself cannot go on (its file cannot be written, too much is waiting).
    Unavailable,
}

impl Refusal {
    const fn status_and_message(self) -> (u16, &'static str) {
        match self {
            Refusal::CardNotFound => (404, "no such card"),
            Refusal::CardExpired => (400, "the card has expired"),
            Refusal::CardWrongCvc => (400, "the CVC is wrong"),
            Refusal::CardWrongExpDate => (400, "the expiry date is wrong"),
            Refusal::CardWrongCardCompany => (400, "the card is of another company"),
            Refusal::CardNotValid => (400, "the card is not valid"),
            Refusal::CardDeclined => (402, "the issuer declined"),
            Refusal::CardLost => (402, "the card is reported lost"),
            Refusal::LimitExceeded => (402, "the card's limit is exceeded"),
            Refusal::TxnNotFound => (404, "no such transaction"),
            Refusal::TxnReversed => (409, "the transaction was reversed"),
            Refusal::ExceedsBalance => (409, "more than what is left of the transaction"),
            Refusal::TxnConflict => (409, "the number is in use for something else"),
            Refusal::TxnNotApproved => (409, "the transaction was not approved"),
            Refusal::TooManyCancels => (409, "too many cancels of one transaction"),
            Refusal::BadRequest => (400, "not a request of the protocol"),
            Refusal::NotFound => (404, "no such call"),
            Refusal::MethodNotAllowed => (405, "another method is needed"),
            Refusal::Unavailable => (503, "the sandbox cannot go on"),
        }
    }
}

impl From<Refusal> for SandboxReply {
    fn from(refusal: Refusal) -> Self {
        let (status, message) = refusal.status_and_message();
        SandboxReply::json(status, &json!({ "code": refusal, "message": message }))
    }
}

/// A validate (with `cvc`) or a verify (without).
pub(super) struct CardCheck {
    pub number: String,
    pub pan: Option<Pan>,
    pub expiry: String,
    pub cvc: Option<String>,
    pub company: String,
}

/// An approve. `number` is what the answer repeats.
pub(super) struct Approve {
    pub number: String,
    pub pan: Option<Pan>,
    pub amount: Money,
    /// Without: the `basic` dialect, which has no numbers and so no idempotency.
    pub txn_no: Option<TxnNo>,
}

pub(super) struct Cancel {
    pub txn_no: TxnNo,
    pub cancel_no: CancelNo,
    pub amount: Money,
}

/// A request of the protocol, understood.
pub(super) enum Call {
    Check(CardCheck),
    Approve(Approve),
    Inquire(TxnNo),
    /// What was approved on a day in Seoul, after the one of this number.
    List {
        day: Date,
        after: Option<TxnNo>,
    },
    Reverse {
        txn_no: TxnNo,
        amount: Money,
    },
    Cancel(Cancel),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckBody {
    card_number: String,
    expiry_date: String,
    cvc: Option<String>,
    card_company: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BasicApproveBody {
    card_number: String,
    amount: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApproveBody {
    card_number: String,
    amount: i64,
    currency: String,
    txn_no: String,
    /// Required by the contract, of no use here.
    #[serde(rename = "merchantId")]
    _merchant_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReverseBody {
    txn_no: String,
    amount: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelBody {
    txn_no: String,
    cancel_no: String,
    amount: i64,
}

impl Call {
    /// Reads a request by its method, path (relative to the network's base URL) and body.
    pub fn read(method: &str, path: &str, body: &[u8]) -> Result<Self, Refusal> {
        if let Some(txn_no) = path.strip_prefix("/card/approvals/") {
            return match method {
                "GET" => txn_no.parse().map(Call::Inquire).map_err(|_| Refusal::TxnNotFound),
                _ => Err(Refusal::MethodNotAllowed),
            };
        }
        if let Some(query) = path.strip_prefix("/card/approvals?") {
            return if method == "GET" { Self::read_list(query) } else { Err(Refusal::MethodNotAllowed) };
        }
        let read = match path {
            "/card/validate" | "/mock/card/validate" => Self::read_validate,
            "/card/verify" => Self::read_verify,
            "/card/approve" => Self::read_approve,
            "/mock/card/approve" => Self::read_basic_approve,
            "/card/reverse" => Self::read_reverse,
            "/card/cancel" => Self::read_cancel,
            _ => return Err(Refusal::NotFound),
        };
        if method == "POST" { read(body) } else { Err(Refusal::MethodNotAllowed) }
    }

    fn read_list(query: &str) -> Result<Self, Refusal> {
        let pairs: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let day = pairs.get("date").and_then(|date| date.parse().ok()).ok_or(Refusal::BadRequest)?;
        let after = pairs.get("after").filter(|after| !after.is_empty()).map(|after| number(after)).transpose()?;
        Ok(Call::List { day, after })
    }

    fn read_validate(body: &[u8]) -> Result<Self, Refusal> {
        let check = read_check(body)?;
        if check.cvc.is_none() { Err(Refusal::BadRequest) } else { Ok(Call::Check(check)) }
    }

    fn read_verify(body: &[u8]) -> Result<Self, Refusal> {
        Ok(Call::Check(CardCheck { cvc: None, ..read_check(body)? }))
    }

    fn read_approve(body: &[u8]) -> Result<Self, Refusal> {
        let body: ApproveBody = parse(body)?;
        let currency = Currency::from_code(&body.currency).ok_or(Refusal::BadRequest)?;
        Ok(Call::Approve(Approve {
            pan: Pan::parse(&body.card_number).ok(),
            number: body.card_number,
            amount: Money::new(body.amount, currency).map_err(|_| Refusal::BadRequest)?,
            txn_no: Some(number(&body.txn_no)?),
        }))
    }

    fn read_basic_approve(body: &[u8]) -> Result<Self, Refusal> {
        let body: BasicApproveBody = parse(body)?;
        Ok(Call::Approve(Approve {
            pan: Pan::parse(&body.card_number).ok(),
            number: body.card_number,
            amount: won(body.amount)?,
            txn_no: None,
        }))
    }

    fn read_reverse(body: &[u8]) -> Result<Self, Refusal> {
        let body: ReverseBody = parse(body)?;
        Ok(Call::Reverse { txn_no: number(&body.txn_no)?, amount: won(body.amount)? })
    }

    fn read_cancel(body: &[u8]) -> Result<Self, Refusal> {
        let body: CancelBody = parse(body)?;
        Ok(Call::Cancel(Cancel {
            txn_no: number(&body.txn_no)?,
            cancel_no: number(&body.cancel_no)?,
            amount: won(body.amount)?,
        }))
    }
}

fn read_check(body: &[u8]) -> Result<CardCheck, Refusal> {
    let body: CheckBody = parse(body)?;
    Ok(CardCheck {
        pan: Pan::parse(&body.card_number).ok(),
        number: body.card_number,
        expiry: body.expiry_date,
        cvc: body.cvc,
        company: body.card_company,
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::BadRequest)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::BadRequest)
}

/// Calls that name an earlier transaction carry no currency: it is that transaction's, and won is the
/// only one there is.
fn won(amount: i64) -> Result<Money, Refusal> {
    Money::new(amount, Currency::KRW).map_err(|_| Refusal::BadRequest)
}
