//! The wire contract's section 6, row by row, in the bytes that cross the wire.

use super::*;

fn card(cvc: Option<&str>) -> Value {
    let mut body = json!({ "cardNumber": GOOD, "expiryDate": "12/39", "cardCompany": "국민" });
    if let Some(cvc) = cvc {
        body["cvc"] = json!(cvc);
    }
    body
}

#[tokio::test]
async fn validate_and_verify_answer_as_in_the_table() {
    let sandbox = Sandbox::in_memory();
    let good = json!({ "cardNumber": GOOD, "isValid": true });
    for (path, body) in [("/card/validate", card(Some("000"))), ("/card/verify", card(None))] {
        assert_eq!(post(&sandbox, path, body.clone()).await, (200, good.clone()), "{path}");
        for (field, value, expected) in [
            ("cardNumber", "9999-0000-0000-7777", refused(404, "CARD_NOT_FOUND")),
            ("expiryDate", "11/39", refused(400, "CARD_WRONG_EXP_DATE")),
            ("cardCompany", "신한", refused(400, "CARD_WRONG_CARD_COMPANY")),
        ] {
            let mut wrong = body.clone();
            wrong[field] = json!(value);
            assert_eq!(code(post(&sandbox, path, wrong).await), expected, "{path} {field}");
        }
        let expired =
            json!({ "cardNumber": "4174-2739-1458-2983", "expiryDate": "11/20", "cvc": "458", "cardCompany": "신한" });
        assert_eq!(code(post(&sandbox, path, expired).await), refused(400, "CARD_EXPIRED"), "{path}");
    }
    assert_eq!(code(post(&sandbox, "/card/validate", card(Some("001"))).await), refused(400, "CARD_WRONG_CVC"));
    assert_eq!(code(post(&sandbox, "/card/validate", card(None)).await), refused(400, "BAD_REQUEST"));
    let failing = SPECIAL_CARDS.iter().find(|card| card.behaviour == Behaviour::FailsVerification).unwrap();
    let body = json!({ "cardNumber": failing.number, "expiryDate": failing.expiry, "cardCompany": failing.company });
    assert_eq!(code(post(&sandbox, "/card/verify", body).await), refused(400, "CARD_NOT_VALID"));
}

#[tokio::test]
async fn approve_answers_as_in_the_table_and_is_idempotent() {
    let (sandbox, txn_no) = (Sandbox::in_memory(), new_no());
    let (status, first) = approve(&sandbox, &txn_no, 15_000).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&first["cardNumber"], &first["isValid"], &first["txnNo"]),
        (&json!(GOOD), &json!(true), &json!(txn_no))
    );
    assert!(first["approvalNo"].as_str().unwrap().parse::<u64>().unwrap() >= 10_000_000);
    let at = first["approvedAt"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.parse::<Timestamp>().is_ok(), "{at}");
    assert_eq!(approve(&sandbox, &txn_no, 15_000).await, (200, first));
    assert_eq!(code(approve(&sandbox, &txn_no, 15_001).await), refused(409, "TXN_CONFLICT"));
    let other_card = approve_body(&txn_no, SPECIAL_CARDS[1].number, 15_000);
    assert_eq!(code(post(&sandbox, "/card/approve", other_card).await), refused(409, "TXN_CONFLICT"));
    assert_eq!(sandbox.totals().approved, Sum { count: 1, amount: 15_000 });
}

#[tokio::test]
async fn a_declined_approve_stays_declined() {
    let sandbox = Sandbox::in_memory();
    for (number, expected) in [
        ("9999-0000-0000-0102", refused(402, "CARD_DECLINED")),
        ("9999-0000-0000-0103", refused(402, "LIMIT_EXCEEDED")),
        ("9999-0000-0000-0104", refused(402, "CARD_LOST")),
        ("9999-0000-0000-7777", refused(404, "CARD_NOT_FOUND")),
        ("no card at all", refused(404, "CARD_NOT_FOUND")),
        ("4174-2739-1458-2983", refused(400, "CARD_EXPIRED")),
    ] {
        let txn_no = new_no();
        for _ in 0..2 {
            assert_eq!(code(post(&sandbox, "/card/approve", approve_body(&txn_no, number, 10)).await), expected);
        }
        let record = json!({
            "txnNo": txn_no, "status": "DECLINED", "approvalNo": null, "amount": 10, "canceledAmount": 0,
        });
        assert_eq!(inquire(&sandbox, &txn_no).await, (200, record));
    }
    assert_eq!(sandbox.totals().declined, Sum { count: 6, amount: 60 });
    assert_eq!(sandbox.totals().held(), 0);
}

#[tokio::test]
async fn inquire_reverse_and_cancel_answer_as_in_the_table() {
    let (sandbox, txn_no, cancel_no) = (Sandbox::in_memory(), new_no(), new_no());
    assert_eq!(code(inquire(&sandbox, &txn_no).await), refused(404, "TXN_NOT_FOUND"));
    assert_eq!(code(inquire(&sandbox, "not a number").await), refused(404, "TXN_NOT_FOUND"));
    assert_eq!(code(cancel(&sandbox, &txn_no, &cancel_no, 1).await), refused(404, "TXN_NOT_FOUND"));
    let approval_no = approve(&sandbox, &txn_no, 10_000).await.1["approvalNo"].clone();
    let record = |status: &str, canceled: i64| {
        let body = json!({
            "txnNo": txn_no, "status": status, "approvalNo": approval_no,
            "amount": 10_000, "canceledAmount": canceled,
        });
        (200, body)
    };
    assert_eq!(inquire(&sandbox, &txn_no).await, record("APPROVED", 0));

    let done = (200, json!({ "cancelNo": cancel_no, "balanceAmount": 6_000 }));
    assert_eq!(cancel(&sandbox, &txn_no, &cancel_no, 4_000).await, done);
    assert_eq!(code(cancel(&sandbox, &txn_no, &new_no(), 6_001).await), refused(409, "EXCEEDS_BALANCE"));
    assert_eq!(cancel(&sandbox, &txn_no, &new_no(), 1_000).await.1["balanceAmount"], json!(5_000));
    assert_eq!(cancel(&sandbox, &txn_no, &cancel_no, 4_000).await, done, "the first answer, not the present balance");
    assert_eq!(code(cancel(&sandbox, &txn_no, &cancel_no, 4_001).await), refused(409, "TXN_CONFLICT"));
    assert_eq!(inquire(&sandbox, &txn_no).await, record("APPROVED", 5_000));

    assert_eq!(code(reverse(&sandbox, &txn_no, 5_000).await), refused(409, "TXN_CONFLICT"));
    let reversed = (200, json!({ "txnNo": txn_no, "status": "REVERSED" }));
    assert_eq!(reverse(&sandbox, &txn_no, 10_000).await, reversed);
    assert_eq!(reverse(&sandbox, &txn_no, 10_000).await, reversed);
    assert_eq!(inquire(&sandbox, &txn_no).await, record("REVERSED", 5_000));
    assert_eq!(cancel(&sandbox, &txn_no, &cancel_no, 4_000).await, done, "still the first answer");
    assert_eq!(code(cancel(&sandbox, &txn_no, &new_no(), 1).await), refused(409, "TXN_REVERSED"));
    assert_eq!(code(approve(&sandbox, &txn_no, 10_000).await), refused(409, "TXN_REVERSED"));
    let expected = Charges { approved: 10_000, reversed: 5_000, refunded: 5_000, approve_calls: 2 };
    assert_eq!(sandbox.charges(txn_no.parse().unwrap()), expected);
}

#[tokio::test]
async fn a_number_reversed_before_it_was_seen_is_closed() {
    let (sandbox, txn_no) = (Sandbox::in_memory(), new_no());
    assert_eq!(reverse(&sandbox, &txn_no, 10).await, (200, json!({ "txnNo": txn_no, "status": "REVERSED" })));
    assert_eq!(code(approve(&sandbox, &txn_no, 10).await), refused(409, "TXN_REVERSED"));
    assert_eq!(inquire(&sandbox, &txn_no).await.1["status"], json!("REVERSED"));
    assert_eq!(code(cancel(&sandbox, &txn_no, &new_no(), 1).await), refused(409, "TXN_REVERSED"));

    let declined = new_no();
    post(&sandbox, "/card/approve", approve_body(&declined, "9999-0000-0000-0102", 10)).await;
    assert_eq!(code(cancel(&sandbox, &declined, &new_no(), 1).await), refused(409, "TXN_NOT_APPROVED"));
    assert_eq!(reverse(&sandbox, &declined, 10).await.0, 200);
    assert_eq!(inquire(&sandbox, &declined).await.1["status"], json!("REVERSED"));
    assert_eq!(sandbox.totals().reversed, Sum { count: 2, amount: 0 });
}

#[tokio::test]
async fn the_basic_calls_know_no_numbers() {
    let sandbox = Sandbox::in_memory();
    let good = (200, json!({ "cardNumber": GOOD, "isValid": true }));
    assert_eq!(post(&sandbox, "/mock/card/validate", card(Some("000"))).await, good);
    let body = json!({ "cardNumber": GOOD, "amount": 700 });
    assert_eq!(post(&sandbox, "/mock/card/approve", body.clone()).await, good);
    assert_eq!(post(&sandbox, "/mock/card/approve", body).await, good);
    assert_eq!(sandbox.totals().approved, Sum { count: 2, amount: 1_400 }, "nothing makes it idempotent");
    assert_eq!(code(post(&sandbox, "/mock/card/reverse", json!({})).await), refused(404, "NOT_FOUND"));
}

#[tokio::test]
async fn what_is_not_of_the_protocol_is_refused() {
    let (sandbox, txn_no) = (Sandbox::in_memory(), new_no());
    assert_eq!(code(post(&sandbox, "/card/refund", json!({})).await), refused(404, "NOT_FOUND"));
    assert_eq!(code(ask(&sandbox, "GET", "/card/approve", json!({})).await), refused(405, "METHOD_NOT_ALLOWED"));
    let inquiry = format!("/card/approvals/{txn_no}");
    assert_eq!(code(post(&sandbox, &inquiry, json!({})).await), refused(405, "METHOD_NOT_ALLOWED"));
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(-5)),
        ("amount", json!(1.5)),
        ("amount", json!("10")),
        ("amount", json!(100_000_001)),
        ("currency", json!("USD")),
        ("txnNo", json!("one")),
        ("txnNo", json!(null)),
        ("merchantId", json!(null)),
    ] {
        let mut body = approve_body(&txn_no, GOOD, 10);
        body[field] = value;
        let answer = post(&sandbox, "/card/approve", body.clone()).await;
        assert_eq!(code(answer), refused(400, "BAD_REQUEST"), "{body}");
    }
    assert_eq!(sandbox.totals(), Totals::default());
}
