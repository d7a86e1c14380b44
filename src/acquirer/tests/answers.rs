//! What each kind of answer proves: a scripted network, no sockets.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;

type Asked = (Method, String, Option<Value>);

/// Answers every call the same way and remembers what it was asked.
struct Canned {
    answer: Result<Reply, CallError>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Canned {
    fn new(answer: Result<Reply, CallError>) -> Self {
        Self { answer, asked: Arc::default() }
    }

    fn reply(status: u16, body: &impl ToString) -> Self {
        Self::new(Ok(Reply { status, body: body.to_string().into_bytes() }))
    }
}

#[async_trait]
impl CardNetwork for Canned {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        self.asked.lock().unwrap().push((method, path.to_owned(), body));
        self.answer.clone()
    }
}

fn v1(status: u16, body: &impl ToString) -> Arc<CardAcquirer> {
    acquirer(Canned::reply(status, body), Dialect::V1)
}

fn basic(status: u16, body: &impl ToString) -> Arc<CardAcquirer> {
    acquirer(Canned::reply(status, body), Dialect::Basic)
}

fn refusal(code: &str) -> Value {
    json!({ "code": code, "message": "…" })
}

async fn authorized(acquirer: Arc<CardAcquirer>, txn_no: TxnNo) -> Outcome<Approval> {
    acquirer.authorize(authorization(txn_no, 15_000, &good())).await
}

#[tokio::test]
async fn a_refusal_is_a_decline_only_where_it_belongs() {
    use Reason::{CardExpired, CardLost, CardNotFound, Declined, LimitExceeded, TxnReversed};
    let declined = Outcome::<Approval>::Declined;
    let cases = [
        (402, "CARD_DECLINED", declined(Declined)),
        (402, "LIMIT_EXCEEDED", declined(LimitExceeded)),
        (402, "CARD_LOST", declined(CardLost)),
        (400, "CARD_EXPIRED", declined(CardExpired)),
        (404, "CARD_NOT_FOUND", declined(CardNotFound)),
        (409, "TXN_REVERSED", declined(TxnReversed)),
        (403, "CARD_LOST", declined(CardLost)),
        (422, "CARD_EXPIRED", declined(CardExpired)),
        // A code nobody knows: a decline, unless it may be somebody else's who answers.
        (402, "E0051", declined(Declined)),
        (400, "DO_NOT_HONOR", declined(Declined)),
        (403, "FRAUD_SUSPECTED", declined(Declined)),
        (422, "DO_NOT_HONOR", declined(Declined)),
        (451, "EMBARGO", declined(Declined)),
        (401, "UNAUTHORIZED", Outcome::Unknown),
        (404, "NOT_FOUND", Outcome::Unknown),
        (405, "METHOD_NOT_ALLOWED", Outcome::Unknown),
        (409, "TXN_CONFLICT", Outcome::Unknown),
        (409, "IN_PROGRESS", Outcome::Unknown),
        // Known, but not as a refusal of this call.
        (404, "TXN_NOT_FOUND", Outcome::Unknown),
        (409, "EXCEEDS_BALANCE", Outcome::Unknown),
        // Written by limiters and proxies, whatever the body says.
        (408, "CARD_DECLINED", Outcome::Unknown),
        (425, "CARD_DECLINED", Outcome::Unknown),
        (429, "LIMIT_EXCEEDED", Outcome::Unknown),
        // The processor may have died after the charge.
        (500, "CARD_DECLINED", Outcome::Unknown),
        (502, "CARD_DECLINED", Outcome::Unknown),
        (503, "CARD_DECLINED", Outcome::Unknown),
        (302, "CARD_DECLINED", Outcome::Unknown),
        (200, "CARD_DECLINED", Outcome::Unknown),
    ];
    for (status, code, expected) in cases {
        for acquirer in [v1(status, &refusal(code)), basic(status, &refusal(code))] {
            assert_eq!(authorized(acquirer, txn()).await, expected, "{status} {code}");
        }
    }
}

#[tokio::test]
async fn a_4xx_without_a_readable_refusal_is_unknown() {
    for status in [400, 401, 402, 403, 404, 409, 413, 422, 451] {
        for body in ["", "<html>no such page</html>", "{}", "[]", "null", "\"CARD_DECLINED\"", r#"{"code":"CARD_DECLI"#]
        {
            assert_eq!(authorized(v1(status, &body), txn()).await, Outcome::Unknown, "{status} {body}");
        }
        for body in [
            json!({ "code": "CARD_DECLINED" }),
            json!({ "message": "declined" }),
            json!({ "code": "", "message": "" }),
            json!({ "code": 51, "message": "declined" }),
            json!({ "error": { "code": "CARD_DECLINED", "message": "…" } }),
        ] {
            assert_eq!(authorized(v1(status, &body), txn()).await, Outcome::Unknown, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn an_approval_must_be_about_our_transaction_and_carry_its_number() {
    let txn_no = txn();
    let pan = "9999-0000-0000-0001";
    let body = |change: Value| {
        let mut body = json!({
            "cardNumber": pan, "isValid": true, "txnNo": txn_no.to_string(),
            "approvalNo": "00123456", "approvedAt": "2026-11-22T16:09:48.832Z",
        });
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let approved = |approval_no: &str| {
        let approved_at = "2026-11-22T16:09:48.832Z".parse().unwrap();
        Outcome::Approved(Approval { approval_no: approval_no.into(), approved_at })
    };
    let hyphenated = txn_no.uuid().hyphenated().to_string();
    let cases = [
        (json!({}), approved("00123456")),
        (json!({ "txnNo": hyphenated }), approved("00123456")),
        (json!({ "cardNumber": "****-****-****-0001" }), approved("00123456")),
        (json!({ "cardNumber": "9999000000000001" }), approved("00123456")),
        (json!({ "cardNumber": null, "more": [1, { "deep": null }] }), approved("00123456")),
        (json!({ "approvalNo": 30012345 }), approved("30012345")),
        (json!({ "isValid": false, "approvalNo": null }), Outcome::Declined(Reason::Declined)),
        (
            json!({ "isValid": false, "approvalNo": "", "code": "LIMIT_EXCEEDED" }),
            Outcome::Declined(Reason::LimitExceeded),
        ),
        (json!({ "isValid": false }), Outcome::Unknown),
        (json!({ "isValid": false, "approvalNo": null, "txnNo": txn().to_string() }), Outcome::Unknown),
        (json!({ "isValid": null }), Outcome::Unknown),
        (json!({ "isValid": "true" }), Outcome::Unknown),
        (json!({ "txnNo": txn().to_string() }), Outcome::Unknown),
        (json!({ "txnNo": null }), Outcome::Unknown),
        (json!({ "txnNo": "1234" }), Outcome::Unknown),
        (json!({ "approvalNo": null }), Outcome::Unknown),
        (json!({ "approvalNo": "" }), Outcome::Unknown),
        (json!({ "approvalNo": " " }), Outcome::Unknown),
        (json!({ "approvalNo": {} }), Outcome::Unknown),
        (json!({ "approvalNo": "9".repeat(65) }), Outcome::Unknown),
        (json!({ "cardNumber": "9999-0000-0000-0002" }), Outcome::Unknown),
    ];
    for (change, expected) in cases {
        assert_eq!(authorized(v1(200, &body(change.clone())), txn_no).await, expected, "{change}");
    }
}

#[tokio::test]
async fn an_unreadable_time_does_not_undo_an_approval() {
    let txn_no = txn();
    for time in [Value::Null, json!("yesterday"), json!(1_700_000_000), json!("2026-11-22T16:09:48")] {
        let body = json!({ "isValid": true, "txnNo": txn_no.to_string(), "approvalNo": "1", "approvedAt": time });
        let before = jiff::Timestamp::now();
        let Outcome::Approved(approval) = authorized(v1(200, &body), txn_no).await else { panic!("{time}") };
        assert!((before..=jiff::Timestamp::now()).contains(&approval.approved_at), "{time}");
    }
}

#[tokio::test]
async fn the_basic_dialect_takes_what_numbers_there_are() {
    let txn_no = txn();
    let cases = [
        (json!({ "cardNumber": "9999-0000-0000-0001", "isValid": true }), Some("")),
        (json!({ "isValid": true, "approvalNo": "77" }), Some("77")),
        (json!({ "isValid": true, "txnNo": "their own" }), Some("")),
        (json!({ "isValid": true, "txnNo": txn().to_string() }), None),
        (json!({ "cardNumber": "9999-0000-0000-0002", "isValid": true }), None),
        (json!({}), None),
    ];
    for (body, approval_no) in cases {
        match (authorized(basic(200, &body), txn_no).await, approval_no) {
            (Outcome::Approved(approval), Some(expected)) => assert_eq!(&*approval.approval_no, expected, "{body}"),
            (Outcome::Unknown, None) => {}
            (other, _) => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_validation_without_a_yes_is_no_validation() {
    let cases = [
        (200, json!({ "isValid": true }), Outcome::Approved(())),
        (200, json!({ "isValid": false }), Outcome::Declined(Reason::CardNotValid)),
        (200, json!({ "isValid": false, "code": "CARD_EXPIRED" }), Outcome::Declined(Reason::CardExpired)),
        (200, json!({}), Outcome::Unknown),
        (404, refusal("CARD_NOT_FOUND"), Outcome::Declined(Reason::CardNotFound)),
        (404, refusal("NOT_FOUND"), Outcome::Unknown),
    ];
    for (status, body, expected) in cases {
        let (acquirer, cvc) = (v1(status, &body), Cvc::parse("000").unwrap());
        assert_eq!(acquirer.validate(&good(), &cvc).await, expected, "{status} {body}");
        assert_eq!(acquirer.verify(&good()).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn an_inquiry_is_read_completely_or_not_at_all() {
    let txn_no = txn();
    let record = |status: &str, amount: Value, canceled: Value, approval_no: Value| {
        json!({
            "txnNo": txn_no.to_string(), "status": status, "approvalNo": approval_no,
            "amount": amount, "canceledAmount": canceled,
        })
    };
    let cases = [
        (200, record("DECLINED", json!(1), json!(0), Value::Null), Outcome::Approved(Record::Declined)),
        (200, record("REVERSED", Value::Null, Value::Null, Value::Null), Outcome::Approved(Record::Reversed)),
        (404, refusal("TXN_NOT_FOUND"), Outcome::Approved(Record::NotFound)),
        (404, refusal("NOT_FOUND"), Outcome::Unknown),
        (404, json!({}), Outcome::Unknown),
        (400, refusal("TXN_NOT_FOUND"), Outcome::Unknown),
        (402, refusal("CARD_DECLINED"), Outcome::Unknown),
        (500, refusal("TXN_NOT_FOUND"), Outcome::Unknown),
        (200, record("DECLINED", json!(1), json!(0), json!("A1")), Outcome::Unknown),
        (200, record("PENDING", json!(1), json!(0), json!("1")), Outcome::Unknown),
        (200, record("APPROVED", json!(1), json!(0), Value::Null), Outcome::Unknown),
        (200, record("APPROVED", json!(1), Value::Null, json!("1")), Outcome::Unknown),
        (200, record("APPROVED", json!(1), json!(2), json!("1")), Outcome::Unknown),
        (200, record("APPROVED", json!(1), json!(-1), json!("1")), Outcome::Unknown),
        (200, record("APPROVED", json!(0), json!(0), json!("1")), Outcome::Unknown),
        (200, record("APPROVED", json!(1.5), json!(0), json!("1")), Outcome::Unknown),
    ];
    for (status, body, expected) in cases {
        assert_eq!(v1(status, &body).inquire(txn_no).await, expected, "{status} {body}");
    }
    let other = record("REVERSED", json!(1), json!(0), Value::Null);
    assert_eq!(v1(200, &other).inquire(txn()).await, Outcome::Unknown, "another transaction's record");
}

#[tokio::test]
async fn a_reversal_and_a_refund_must_name_what_they_did() {
    let (txn_no, refund) = (txn(), refund_of(txn(), 5));
    let cases = [
        (200, json!({ "txnNo": txn_no.to_string(), "status": "REVERSED" }), Outcome::Approved(())),
        (200, json!({ "txnNo": txn_no.to_string(), "status": "PENDING" }), Outcome::Unknown),
        (200, json!({ "txnNo": txn().to_string(), "status": "REVERSED" }), Outcome::Unknown),
        (200, json!({ "status": "REVERSED" }), Outcome::Unknown),
        (404, refusal("TXN_NOT_FOUND"), Outcome::Declined(Reason::Declined)),
        (400, refusal("TXN_NOT_APPROVED"), Outcome::Declined(Reason::TxnNotApproved)),
        (500, refusal("TXN_NOT_APPROVED"), Outcome::Unknown),
        (404, refusal("NOT_FOUND"), Outcome::Unknown),
        (409, refusal("TXN_CONFLICT"), Outcome::Unknown),
    ];
    for (status, body, expected) in cases {
        assert_eq!(v1(status, &body).reverse(txn_no, won(5)).await, expected, "{status} {body}");
    }
    let cases = [
        (200, json!({ "cancelNo": refund.cancel_no.to_string(), "balanceAmount": 0 }), Outcome::Approved(())),
        (200, json!({ "cancelNo": refund.cancel_no.to_string(), "balanceAmount": -1 }), Outcome::Unknown),
        (200, json!({ "cancelNo": refund.cancel_no.to_string() }), Outcome::Unknown),
        (200, json!({ "cancelNo": cancel_no().to_string(), "balanceAmount": 0 }), Outcome::Unknown),
        (409, refusal("EXCEEDS_BALANCE"), Outcome::Declined(Reason::ExceedsBalance)),
        (404, refusal("TXN_NOT_FOUND"), Outcome::Declined(Reason::Declined)),
        (404, refusal("CARD_NOT_FOUND"), Outcome::Unknown),
        (404, refusal("NOT_FOUND"), Outcome::Unknown),
        (429, refusal("EXCEEDS_BALANCE"), Outcome::Unknown),
    ];
    for (status, body, expected) in cases {
        assert_eq!(v1(status, &body).refund(&refund).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_call_that_was_not_sent_or_not_answered_says_so() {
    for (error, expected) in [
        (CallError::NotSent("refused".into()), Outcome::NotSent),
        (CallError::Unknown("reset".into()), Outcome::<Approval>::Unknown),
    ] {
        assert_eq!(authorized(acquirer(Canned::new(Err(error)), Dialect::V1), txn()).await, expected);
    }
}

#[tokio::test]
async fn paths_are_configurable_and_default_to_the_dialect() {
    let settings: CardSettings = serde_json::from_value(json!({
        "dialect": "basic", "paths": { "approve": "pay/now/", "validate": "" },
    }))
    .unwrap();
    let network = Canned::reply(200, &json!({ "isValid": true }));
    let asked = network.asked.clone();
    let acquirer = CardAcquirer::new(Arc::new(network), settings);
    acquirer.validate(&good(), &Cvc::parse("000").unwrap()).await;
    acquirer.authorize(authorization(txn(), 1, &good())).await;
    let paths: Vec<String> = asked.lock().unwrap().iter().map(|(_, path, _)| path.clone()).collect();
    assert_eq!(paths, ["/mock/card/validate", "/pay/now"]);
    assert!(serde_json::from_value::<CardSettings>(json!({ "paths": { "aprove": "/x" } })).is_err());
    assert!(serde_json::from_value::<CardSettings>(json!({ "dialect": "v2" })).is_err());
    assert_eq!(serde_json::from_value::<CardSettings>(json!({})).unwrap(), CardSettings::default());
}
