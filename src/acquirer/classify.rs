//! What an answer of the card network proves.
//!
//! | what happened | outcome |
//! |---|---|
//! | the connection was never made (refused, DNS, TLS) | `NotSent` |
//! | 2xx with the body of the contract, for *our* number | `Approved` |
//! | 2xx with `isValid: false` | `Declined` |
//! | 4xx with `{code, message}` | `Declined`, a code we do not know as `Reason::Declined` |
//! | 401, 404, 405, 407 or 409 with a code that is no refusal of this call | `Unknown` |
//! | anything else | `Unknown` |
//!
//! 401, 404, 405 and 407 are what proxies and wrong paths answer with, and a conflict may be one with this
//! very charge: only a code that we know makes them a refusal. Among "anything else": time-outs and resets;
//! 5xx (the processor may have died after the charge); 3xx (nobody of ours answers with it); 408, 425 and
//! 429, whatever they say (their authors are proxies and limiters, and limiters like to write
//! `LIMIT_EXCEEDED`, too); a 2xx that cannot be read, or that speaks of another transaction.
//!
//! Pure: no clock, no log, no I/O. A failure carries the cause in words, made of fixed texts, numbers and
//! codes only. The parser's own error texts quote the body, so they go nowhere.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    DayList, Listed, Record,
    transport::{CallError, Reply},
};
use crate::{
    domain::{Approval, CancelNo, Reason, TxnNo},
    vault::Pan,
};

/// Approval numbers of card networks have about ten characters; a longer text is something else.
const MAX_APPROVAL_NO_CHARS: usize = 64;

/// A code is a word of this length at most, with this many digits; it is logged, so it must not be able to
/// carry a card number or a sentence.
const MAX_CODE_CHARS: usize = 40;
const MAX_CODE_DIGITS: usize = 6;

/// Why a call did not end well, with the cause for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Declined(Reason, String),
    NotSent(Cow<'static, str>),
    Unknown(Cow<'static, str>),
}

type Answer = Result<Reply, CallError>;

fn unknown(cause: &'static str) -> Failure {
    Failure::Unknown(Cow::Borrowed(cause))
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent(cause) => Failure::NotSent(cause),
            CallError::Unknown(cause) => Failure::Unknown(cause),
        }
    }
}

/// Which codes are a refusal of which call. The same word under another call comes from a server that
/// did not understand us.
#[derive(Clone, Copy)]
enum Asked {
    /// validate, verify, approve
    Card,
    /// reverse, cancel
    Undo,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    /// Part of the contract, so its absence tells of a foreign body; never read, never logged.
    #[serde(rename = "message")]
    _message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CardAnswer {
    is_valid: bool,
    code: Option<Value>,
    card_number: Option<Value>,
    txn_no: Option<Value>,
    approval_no: Option<Value>,
    approved_at: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordAnswer {
    txn_no: String,
    status: String,
    approval_no: Option<Value>,
    approved_at: Option<Value>,
    amount: Option<i64>,
    canceled_amount: Option<i64>,
}

#[derive(Deserialize)]
struct ListAnswer {
    approvals: Vec<RecordAnswer>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReverseAnswer {
    txn_no: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelAnswer {
    cancel_no: String,
    balance_amount: i64,
}

/// The answer to validate or verify.
pub(super) fn card_check(answer: Answer) -> Result<(), Failure> {
    let answer: CardAnswer = read(answer, Asked::Card)?;
    accepted(&answer, Reason::CardNotValid)
}

/// What an approve was about, to recognise its answer.
pub(super) struct Asking<'a> {
    pub txn_no: TxnNo,
    pub pan: &'a Pan,
    /// The dialect has transaction and approval numbers, so an approval without them is none.
    pub numbered: bool,
    /// Stands in where the answer does not say when it approved.
    pub now: Timestamp,
}

/// The answer to approve.
pub(super) fn approval(answer: Answer, asking: &Asking<'_>) -> Result<Approval, Failure> {
    let answer: CardAnswer = read(answer, Asked::Card)?;
    let txn_no = answer.txn_no.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
    if txn_no.is_some_and(|txn_no: TxnNo| txn_no != asking.txn_no) {
        return Err(unknown("the answer is about another transaction"));
    }
    let pan = answer.card_number.as_ref().and_then(Value::as_str).and_then(|text| Pan::parse(text).ok());
    if pan.is_some_and(|pan| pan.expose() != asking.pan.expose()) {
        return Err(unknown("the answer is about another card"));
    }
    let approval_no = approval_no(answer.approval_no.as_ref());
    if asking.numbered && !answer.is_valid && approval_no.is_some() {
        return Err(unknown("a refusal with an approval number"));
    }
    accepted(&answer, Reason::Declined)?;
    if asking.numbered && txn_no.is_none() {
        return Err(unknown("the approval does not name its transaction"));
    }
    if asking.numbered && approval_no.is_none() {
        return Err(unknown("the approval has no approval number"));
    }
    Ok(Approval {
        approval_no: approval_no.unwrap_or_default(),
        approved_at: time(answer.approved_at.as_ref()).unwrap_or(asking.now),
    })
}

/// The answer to an inquiry. Never `Declined`: an inquiry that is refused has told nothing.
pub(super) fn record(answer: Answer, txn_no: TxnNo) -> Result<Record, Failure> {
    let reply = answer?;
    if reply.status == 404 && refusal(&reply).is_some_and(|refusal| refusal.code == "TXN_NOT_FOUND") {
        return Ok(Record::NotFound);
    }
    let record: RecordAnswer = success(&reply)?;
    if record.txn_no.parse() != Ok(txn_no) {
        return Err(unknown("the record is about another transaction"));
    }
    match record.status.as_str() {
        "DECLINED" if approval_no(record.approval_no.as_ref()).is_some() => {
            Err(unknown("the record of a refusal has an approval number"))
        }
        "DECLINED" => Ok(Record::Declined),
        "REVERSED" => Ok(Record::Reversed),
        "APPROVED" => {
            let approval_no = approval_no(record.approval_no.as_ref());
            let (Some(approval_no), Some(amount), Some(canceled_amount)) =
                (approval_no, record.amount, record.canceled_amount)
            else {
                return Err(unknown("the record of an approval is incomplete"));
            };
            if amount <= 0 || !(0..=amount).contains(&canceled_amount) {
                return Err(unknown("the record's amounts cannot be"));
            }
            let approved_at = time(record.approved_at.as_ref());
            Ok(Record::Approved { approval_no, approved_at, amount, canceled_amount })
        }
        _ => Err(unknown("the record has a status that is not in the contract")),
    }
}

/// The answer to a question for the list of a day. A network that lacks the call has no such path.
pub(super) fn day_list(answer: Answer) -> Result<DayList, Failure> {
    let reply = answer?;
    if matches!(reply.status, 404 | 405) {
        return Ok(DayList::Missing);
    }
    let list: ListAnswer = success(&reply)?;
    let records = list.approvals.into_iter().map(listed).collect::<Result<_, _>>()?;
    Ok(DayList::Page { records, next: list.next.filter(|next| !next.is_empty()).map(Into::into) })
}

fn listed(record: RecordAnswer) -> Result<Listed, Failure> {
    let held = match record.status.as_str() {
        "APPROVED" => record.amount.zip(record.canceled_amount).map(|(amount, canceled)| amount - canceled),
        "DECLINED" | "REVERSED" => Some(0),
        _ => None,
    };
    let held = held.ok_or_else(|| unknown("a record of the list is incomplete"))?;
    Ok(Listed { txn_no: record.txn_no.into(), held })
}

/// The answer to reverse.
pub(super) fn reversal(answer: Answer, txn_no: TxnNo) -> Result<(), Failure> {
    let answer: ReverseAnswer = read(answer, Asked::Undo)?;
    if answer.txn_no.parse() != Ok(txn_no) {
        return Err(unknown("the reversal is about another transaction"));
    }
    if answer.status == "REVERSED" { Ok(()) } else { Err(unknown("the reversal does not say that it is done")) }
}

/// The answer to cancel.
pub(super) fn refund(answer: Answer, cancel_no: CancelNo) -> Result<(), Failure> {
    let answer: CancelAnswer = read(answer, Asked::Undo)?;
    if answer.cancel_no.parse() != Ok(cancel_no) {
        return Err(unknown("the answer is about another cancel"));
    }
    if answer.balance_amount < 0 { Err(unknown("the balance after the cancel cannot be")) } else { Ok(()) }
}

/// The body of a success, or what the lack of one means.
fn read<T: DeserializeOwned>(answer: Answer, asked: Asked) -> Result<T, Failure> {
    let reply = answer?;
    if !(400..500).contains(&reply.status) || matches!(reply.status, 408 | 425 | 429) {
        return success(&reply);
    }
    let Some(refusal) = refusal(&reply) else {
        return Err(Failure::Unknown(format!("status {} without a refusal in the body", reply.status).into()));
    };
    match (reason_of(&refusal.code, asked), reply.status) {
        (None, status @ (401 | 404 | 405 | 407 | 409)) => {
            let code = loggable(refusal.code);
            Err(Failure::Unknown(format!("status {status} with code {code}, which is no refusal of this call").into()))
        }
        (reason, _) => Err(Failure::Declined(reason.unwrap_or(Reason::Declined), loggable(refusal.code))),
    }
}

fn success<T: DeserializeOwned>(reply: &Reply) -> Result<T, Failure> {
    if !(200..300).contains(&reply.status) {
        return Err(Failure::Unknown(format!("status {}", reply.status).into()));
    }
    serde_json::from_slice(&reply.body)
        .map_err(|_| Failure::Unknown(format!("status {} with a body that cannot be read", reply.status).into()))
}

fn refusal(reply: &Reply) -> Option<Refusal> {
    serde_json::from_slice(&reply.body).ok().filter(|refusal: &Refusal| !refusal.code.is_empty())
}

/// `isValid: false` in a success is a refusal, with or without a code.
fn accepted(answer: &CardAnswer, otherwise: Reason) -> Result<(), Failure> {
    if answer.is_valid {
        return Ok(());
    }
    let code = answer.code.as_ref().and_then(Value::as_str).unwrap_or("NO_CODE");
    Err(Failure::Declined(reason_of(code, Asked::Card).unwrap_or(otherwise), loggable(code.to_owned())))
}

fn reason_of(code: &str, asked: Asked) -> Option<Reason> {
    Some(match (asked, code) {
        (Asked::Card, "CARD_NOT_FOUND") => Reason::CardNotFound,
        (Asked::Card, "CARD_EXPIRED") => Reason::CardExpired,
        (Asked::Card, "CARD_WRONG_CVC") => Reason::CardWrongCvc,
        (Asked::Card, "CARD_WRONG_EXP_DATE") => Reason::CardWrongExpDate,
        (Asked::Card, "CARD_WRONG_CARD_COMPANY") => Reason::CardWrongCardCompany,
        (Asked::Card, "CARD_NOT_VALID") => Reason::CardNotValid,
        (Asked::Card, "CARD_LOST") => Reason::CardLost,
        (Asked::Card, "CARD_DECLINED") => Reason::Declined,
        (Asked::Card, "LIMIT_EXCEEDED") => Reason::LimitExceeded,
        (_, "TXN_REVERSED") => Reason::TxnReversed,
        (Asked::Undo, "EXCEEDS_BALANCE") => Reason::ExceedsBalance,
        (Asked::Undo, "TXN_NOT_APPROVED") => Reason::TxnNotApproved,
        (Asked::Undo, "TXN_NOT_FOUND") => Reason::Declined,
        _ => return None,
    })
}

fn loggable(code: String) -> String {
    let is_word = code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if is_word && code.len() <= MAX_CODE_CHARS && digits <= MAX_CODE_DIGITS { code } else { "(not a word)".to_owned() }
}

/// A text or a number; networks write both.
fn approval_no(value: Option<&Value>) -> Option<Box<str>> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = !text.trim().is_empty() && text.chars().count() <= MAX_APPROVAL_NO_CHARS;
    fits.then(|| text.trim().into())
}

/// The time is a remark, the number is the proof: a missing or unreadable one does not undo an approval.
fn time(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}
