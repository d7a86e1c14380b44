//! The card method: the wire contract's section 6, spoken by us.
//!
//! Two dialects. `v1` knows all six calls and is idempotent by our numbers. `basic` is what older
//! acquirers speak: validate and approve, without transaction or approval numbers; there a card is
//! verified by its expiry date alone, and an unknown approval is for a person to clear up.
//!
//! A card number is put into a request here and nowhere else. Every call is counted, timed and, unless
//! it was approved, logged once, with its cause and our own numbers.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Acquirer, Authorization, CARD, Capabilities, DayList, Record, RefundCall,
    classify::{self, Asking, Failure},
    transport::{CallError, CardNetwork, Method, Reply},
};
use crate::{
    domain::{Approval, Money, Outcome, Reason, TxnNo},
    vault::{Credential, Cvc},
};

/// What the card network's server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    #[default]
    V1,
    /// Validate and approve only, no numbers.
    Basic,
}

/// Where each call lives below the base URL. An empty path means the dialect's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    pub validate: String,
    pub verify: String,
    pub approve: String,
    /// The transaction number is appended, after a slash; for the list of a day, a query.
    pub approvals: String,
    pub reverse: String,
    pub cancel: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct CardSettings {
    pub dialect: Dialect,
    pub paths: Paths,
}

/// The paths in use: what was configured, else what the dialect says.
struct Resolved {
    validate: String,
    verify: String,
    approve: String,
    approvals: String,
    reverse: String,
    cancel: String,
}

impl Resolved {
    fn of(settings: CardSettings) -> Self {
        let prefix = match settings.dialect {
            Dialect::V1 => "/card",
            Dialect::Basic => "/mock/card",
        };
        let path = |configured: String, name: &str| match configured.trim().trim_matches('/') {
            "" => format!("{prefix}/{name}"),
            path => format!("/{path}"),
        };
        let Paths { validate, verify, approve, approvals, reverse, cancel } = settings.paths;
        Self {
            validate: path(validate, "validate"),
            verify: path(verify, "verify"),
            approve: path(approve, "approve"),
            approvals: path(approvals, "approvals"),
            reverse: path(reverse, "reverse"),
            cancel: path(cancel, "cancel"),
        }
    }
}

/// The card acquirer, over any transport.
pub struct CardAcquirer {
    network: Arc<dyn CardNetwork>,
    dialect: Dialect,
    paths: Resolved,
}

impl CardAcquirer {
    pub fn new(network: Arc<dyn CardNetwork>, settings: CardSettings) -> Self {
        Self { network, dialect: settings.dialect, paths: Resolved::of(settings) }
    }

    async fn post(&self, path: &str, body: Value) -> Result<Reply, CallError> {
        self.network.call(Method::Post, path, Some(body)).await
    }

    /// The calls that only `v1` has.
    fn need_v1(&self) -> Result<(), Failure> {
        match self.dialect {
            Dialect::V1 => Ok(()),
            Dialect::Basic => Err(Failure::NotSent("the dialect has no such call".into())),
        }
    }

    async fn try_verify(&self, credential: &Credential) -> Result<(), Failure> {
        if self.dialect == Dialect::Basic {
            let expired = credential.expiry.is_past(Timestamp::now());
            return if expired { Err(Failure::Declined(Reason::CardExpired, "local check".into())) } else { Ok(()) };
        }
        let body = json!({
            "cardNumber": credential.pan.expose(),
            "expiryDate": credential.expiry.to_string(),
            "cardCompany": credential.company,
        });
        classify::card_check(self.post(&self.paths.verify, body).await)
    }

    async fn try_inquire(&self, txn_no: TxnNo) -> Result<Record, Failure> {
        self.need_v1()?;
        let path = format!("{}/{txn_no}", self.paths.approvals);
        classify::record(self.network.call(Method::Get, &path, None).await, txn_no)
    }

    async fn try_list(&self, day: Date, after: Option<&str>) -> Result<DayList, Failure> {
        if self.dialect == Dialect::Basic {
            return Ok(DayList::Missing);
        }
        let path = list_path(&self.paths.approvals, day, after);
        classify::day_list(self.network.call(Method::Get, &path, None).await)
    }

    async fn try_reverse(&self, txn_no: TxnNo, amount: Money) -> Result<(), Failure> {
        self.need_v1()?;
        let body = json!({ "txnNo": txn_no.to_string(), "amount": amount.minor() });
        classify::reversal(self.post(&self.paths.reverse, body).await, txn_no)
    }

    async fn try_refund(&self, call: &RefundCall) -> Result<(), Failure> {
        self.need_v1()?;
        let body = json!({
            "txnNo": call.txn_no.to_string(),
            "cancelNo": call.cancel_no.to_string(),
            "amount": call.amount.minor(),
            "reason": call.reason,
        });
        classify::refund(self.post(&self.paths.cancel, body).await, call.cancel_no)
    }
}

#[async_trait]
impl Acquirer for CardAcquirer {
    fn capabilities(&self) -> Capabilities {
        let full = self.dialect == Dialect::V1;
        Capabilities { verify: full, inquire: full, reverse: full, refund: full }
    }

    async fn validate(&self, credential: &Credential, cvc: &Cvc) -> Outcome<()> {
        let measured = Measured::start("validate", None);
        let body = json!({
            "cardNumber": credential.pan.expose(),
            "expiryDate": credential.expiry.to_string(),
            "cvc": cvc.expose(),
            "cardCompany": credential.company,
        });
        measured.end(classify::card_check(self.post(&self.paths.validate, body).await))
    }

    async fn verify(&self, credential: &Credential) -> Outcome<()> {
        let measured = Measured::start("verify", None);
        measured.end(self.try_verify(credential).await)
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        let measured = Measured::start("authorize", Some(call.txn_no));
        let mut body = json!({
            "cardNumber": call.credential.pan.expose(),
            "amount": call.amount.minor(),
            "currency": call.amount.currency().code(),
            "merchantId": call.merchant.to_string(),
        });
        // `basic` knows no numbers.
        if self.dialect == Dialect::V1 {
            body["txnNo"] = call.txn_no.to_string().into();
        }
        let answer = self.post(&self.paths.approve, body).await;
        let asking = Asking {
            txn_no: call.txn_no,
            pan: &call.credential.pan,
            numbered: self.dialect == Dialect::V1,
            now: Timestamp::now(),
        };
        measured.end(classify::approval(answer, &asking))
    }

    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record> {
        let measured = Measured::start("inquire", Some(txn_no));
        measured.end(self.try_inquire(txn_no).await)
    }

    async fn reverse(&self, txn_no: TxnNo, amount: Money) -> Outcome<()> {
        let measured = Measured::start("reverse", Some(txn_no));
        measured.end(self.try_reverse(txn_no, amount).await)
    }

    async fn list(&self, day: Date, after: Option<&str>) -> Outcome<DayList> {
        let measured = Measured::start("list", None);
        measured.end(self.try_list(day, after).await)
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        let measured = Measured::start("refund", Some(call.txn_no));
        measured.end(self.try_refund(call).await)
    }
}

fn list_path(approvals: &str, day: Date, after: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("date", &day.to_string());
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    format!("{approvals}?{}", query.finish())
}

/// One call under the clock.
struct Measured {
    call: &'static str,
    txn_no: Option<TxnNo>,
    since: Instant,
}

impl Measured {
    fn start(call: &'static str, txn_no: Option<TxnNo>) -> Self {
        Self { call, txn_no, since: Instant::now() }
    }

    /// Counts, times and logs the call, and says what it came to.
    fn end<T>(self, result: Result<T, Failure>) -> Outcome<T> {
        let Self { call, txn_no, since } = self;
        let txn_no = txn_no.map(tracing::field::display);
        let (word, outcome) = match result {
            Ok(value) => ("approved", Outcome::Approved(value)),
            Err(Failure::Declined(reason, code)) => {
                tracing::info!(method = CARD, call, txn_no, ?reason, code, "the acquirer declined a call");
                ("declined", Outcome::Declined(reason))
            }
            Err(Failure::NotSent(cause)) => {
                tracing::warn!(method = CARD, call, txn_no, %cause, "a call to the acquirer was not sent");
                ("not_sent", Outcome::NotSent)
            }
            Err(Failure::Unknown(cause)) => {
                tracing::warn!(method = CARD, call, txn_no, %cause, "a call to the acquirer is in doubt");
                ("unknown", Outcome::Unknown)
            }
        };
        metrics::counter!("paygate_acquirer_calls_total", "method" => CARD, "call" => call, "outcome" => word)
            .increment(1);
        metrics::histogram!("paygate_acquirer_call_seconds", "method" => CARD, "call" => call)
            .record(since.elapsed().as_secs_f64());
        outcome
    }
}
