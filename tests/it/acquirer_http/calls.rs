//! What we ask, and how each refusal of the contract ends.

use serde_json::{Value, json};

use super::network::Network;
use crate::support::{CARDS, card, fresh};

#[tokio::test]
async fn each_call_says_what_the_contract_says_and_nothing_more() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 5_000, "reason": "반품" })).await.data();
    let asked = network.asked().await;
    let calls: Vec<String> = asked.iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert_eq!(calls, ["POST /card/validate", "POST /card/verify", "POST /card/approve", "POST /card/cancel"]);
    let (number, expiry, company) = (CARDS[0].number, CARDS[0].expiry, CARDS[0].company);
    let validate = json!({ "cardNumber": number, "expiryDate": expiry, "cvc": CARDS[0].cvc, "cardCompany": company });
    assert_eq!(asked[0].body, validate);
    let verify = json!({ "cardNumber": number, "expiryDate": expiry, "cardCompany": company });
    assert_eq!(asked[1].body, verify, "without a CVC");
    let txn = asked[2].body["txnNo"].as_str().unwrap();
    let approve = json!({
        "cardNumber": number, "amount": 15_000, "currency": "KRW", "txnNo": txn, "merchantId": shop.id,
    });
    assert_eq!(asked[2].body, approve);
    let cancel_no = asked[3].body["cancelNo"].as_str().unwrap();
    let cancel = json!({ "txnNo": txn, "cancelNo": cancel_no, "amount": 5_000, "reason": "반품" });
    assert_eq!(asked[3].body, cancel);
    app.stop().await;
}

#[tokio::test]
async fn the_approval_is_told_to_the_shop_as_the_network_told_it() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let confirmed = shop.confirm_of(&approved).await.data();
    assert_eq!(confirmed["approvalNo"], "30047215");
    assert_eq!(confirmed["approvedAt"], "2026-11-22T16:09:48.000000Z");
}

#[tokio::test]
async fn paths_are_where_the_configuration_says() {
    let network = Network::v1().await;
    let app = network
        .paygate_with(|settings| {
            settings.acquirer.card.base_url.push_str("/base/");
            settings.acquirer.card.paths.validate = "/mock/card/validate".to_owned();
            settings.acquirer.card.paths.verify = "v2/check/verify".to_owned();
            settings.acquirer.card.paths.approve = "/pay/approve/".to_owned();
            settings.acquirer.card.paths.cancel = "/undo/cancel".to_owned();
        })
        .start()
        .await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({})).await.data();
    let paths: Vec<String> = network.asked().await.into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/base/mock/card/validate", "/base/v2/check/verify", "/base/pay/approve", "/base/undo/cancel"]);
}

#[tokio::test]
async fn each_refusal_of_a_registration_is_passed_on() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let customer = app.customer().await;
    for (status, code) in [
        (404, "CARD_NOT_FOUND"),
        (400, "CARD_EXPIRED"),
        (400, "CARD_WRONG_CVC"),
        (400, "CARD_WRONG_EXP_DATE"),
        (400, "CARD_WRONG_CARD_COMPANY"),
        (400, "CARD_NOT_VALID"),
    ] {
        network.answer("/validate", status, &json!({ "code": code, "message": "no" }));
        customer.add_card(&card(&CARDS[0])).await.refused(400, code);
    }
    network.answer("/validate", 200, &json!({ "cardNumber": CARDS[0].number, "isValid": false }));
    customer.add_card(&card(&CARDS[0])).await.refused(400, "CARD_NOT_VALID");
    assert_eq!(customer.cards().await.data(), json!([]));
    network.say_yes();
    customer.add_card(&card(&CARDS[0])).await.data();
}

#[tokio::test]
async fn each_refusal_of_a_verification_leaves_the_payment_ready_with_the_reason() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    for (status, code) in [
        (404, "CARD_NOT_FOUND"),
        (400, "CARD_EXPIRED"),
        (400, "CARD_WRONG_EXP_DATE"),
        (400, "CARD_WRONG_CARD_COMPANY"),
        (400, "CARD_NOT_VALID"),
        (402, "CARD_LOST"),
    ] {
        let order = fresh("order");
        let token = shop.token_of(15_000, &order).await;
        network.answer("/verify", status, &json!({ "code": code, "message": "no" }));
        let answer = customer.approve(&token).await;
        assert_eq!((answer.code(), answer.outcome()), (code, "declined"));
        assert_eq!(shop.state(&order).await, "READY");
        let mut events = shop.events(&order).listen().await;
        events.expect_all(&["onopen", "payment-ready", "payment-in-verificate"]).await;
        assert_eq!(events.expect("payment-ready").await.json()["failureCode"], code);
        network.say_yes();
        customer.approve(&token).await.data();
    }
}

#[tokio::test]
async fn each_decline_of_a_charge_is_final() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    for (status, code, ours) in [
        (402, "CARD_DECLINED", "CARD_DECLINED"),
        (402, "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"),
        (402, "CARD_LOST", "CARD_LOST"),
        (400, "CARD_EXPIRED", "CARD_EXPIRED"),
        (400, "CARD_NOT_VALID", "CARD_NOT_VALID"),
        (402, "SOMETHING_NEW", "CARD_DECLINED"),
        (400, "SOMETHING_NEW", "CARD_DECLINED"),
        (404, "CARD_NOT_FOUND", "CARD_NOT_FOUND"),
        (409, "TXN_REVERSED", "CARD_DECLINED"),
    ] {
        network.say_yes();
        let approved = app.approved_payment(&shop, &customer).await;
        network.answer("/approve", status, &json!({ "code": code, "message": "no" }));
        let answer = shop.confirm_of(&approved).await;
        assert_eq!((answer.code(), answer.outcome()), (ours, "declined"), "{status} {code}");
        assert_eq!(shop.state(&approved.order).await, "ABORTED");
        shop.confirm_of(&approved).await.refused(409, "PAYMENT_ABORTED");
    }
    assert_eq!(network.asked_for("/approve").await.len(), 9, "each was asked for once");
}

#[tokio::test]
async fn a_refund_that_exceeds_the_networks_balance_is_declined() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    network.answer("/cancel", 409, &json!({ "code": "EXCEEDS_BALANCE", "message": "no" }));
    shop.cancel(&paid.key, &json!({})).await.refused(409, "EXCEEDS_BALANCE");
    network.answer("/cancel", 400, &json!({ "code": "NOT_TODAY", "message": "no" }));
    shop.cancel(&paid.key, &json!({})).await.refused(409, "REFUND_DECLINED");
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 15_000);
    network.say_yes();
    shop.cancel(&paid.key, &json!({})).await.data();
}

#[tokio::test]
async fn the_record_of_a_charge_ends_the_doubt_about_it() {
    for (record, state) in [
        (json!({ "status": "APPROVED", "approvalNo": "7", "amount": 15_000, "canceledAmount": 0 }), "payment-done"),
        (json!({ "status": "DECLINED" }), "payment-aborted"),
        (json!({ "status": "REVERSED" }), "payment-aborted"),
    ] {
        let network = Network::v1().await;
        let app = network.paygate_with(|settings| settings.resolution.inquiry_every_ms = 20).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        network.answer("/approve", 500, &json!({}));
        network.answer("/approvals/", 503, &json!({}));
        shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        let txn = network.asked_for("/approve").await[0]["txnNo"].clone();
        let mut whole = record;
        whole["txnNo"] = txn.clone();
        network.answer("/approvals/", 200, &whole);
        shop.events(&approved.order).listen().await.until(state).await;
        let asked = network.asked().await;
        let inquiry = format!("/card/approvals/{}", txn.as_str().unwrap());
        assert!(asked.iter().any(|asked| asked.method == "GET" && asked.path == inquiry), "{asked:?}");
        assert!(asked.iter().all(|asked| !asked.path.ends_with("/reverse")));
        app.stop().await;
    }
}

#[tokio::test]
async fn what_stays_unknown_is_reversed_under_its_number() {
    let network = Network::v1().await;
    let app = network
        .paygate_with(|settings| {
            settings.resolution.inquiry_every_ms = 20;
            settings.resolution.inquiry_for_ms = 100;
        })
        .start()
        .await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    network.answer("/approve", 500, &json!({}));
    network.answer("/approvals/", 404, &json!({ "code": "TXN_NOT_FOUND", "message": "no" }));
    shop.confirm_of(&approved).await;
    shop.events(&approved.order).listen().await.until("payment-aborted").await;
    let txn: Value = network.asked_for("/approve").await[0]["txnNo"].clone();
    assert_eq!(network.asked_for("/reverse").await, [json!({ "txnNo": txn, "amount": 15_000 })]);
    assert_eq!(network.asked_for("/approve").await.len(), 1, "never charged again");
}
