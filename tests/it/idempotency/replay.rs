//! A repeated call gets the first answer, byte for byte, and has no second effect.

use serde_json::{Value, json};

use crate::support::{Answer, CARDS, Call, ScriptedAcquirer, Shop, TestApp, card, fresh, spawn_app};

const KEY: &str = "7b0b3f9e-1c5d-4c61-9d20-0d8a4a6b1c11";

/// Makes the call twice under one key; returns the first answer.
async fn twice(call: Call) -> Answer {
    let first = call.clone().once(KEY).await;
    assert!(!first.is_replayed(), "the first answer is no replay: {}", first.json);
    for _ in 0..2 {
        let again = call.clone().once(KEY).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "byte for byte");
        assert!(again.is_replayed(), "and says so");
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    first
}

/// The same key with another body is refused.
async fn refused_with(call: Call, body: &Value) {
    let answer = call.json(body).once(KEY).await;
    answer.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_created_payment_is_answered_again() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    let call = shop.create(&Shop::order(15_000, &order));
    twice(call.clone()).await.data();
    refused_with(call.clone(), &Shop::order(15_001, &order)).await;
    call.await.refused(409, "ORDER_ALREADY_EXISTS");
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], 1);
    app.stop().await;
}

#[tokio::test]
async fn an_approval_is_answered_again() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    twice(customer.approve(&token)).await.data();
    refused_with(customer.approve(&token), &json!({ "token": token, "more": 1 })).await;
    assert_eq!(acquirer.verified(), 1);
}

#[tokio::test]
async fn an_approval_is_answered_again_after_its_card_was_removed() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    let first = customer.approve(&token).once(KEY).await;
    first.data();
    let id = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.remove_card(&id).await.data();
    let again = customer.approve(&token).once(KEY).await;
    assert_eq!((again.status, &again.bytes), (200, &first.bytes));
    assert!(again.is_replayed());
}

#[tokio::test]
async fn a_confirm_is_answered_again_even_after_a_refund() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let first = twice(shop.confirm_of(&approved)).await;
    assert_eq!(first.data()["status"], "DONE");
    let mut other = approved.confirm();
    other["amount"] = json!(1);
    refused_with(shop.confirm_of(&approved), &other).await;
    shop.cancel(&approved.key, &json!({})).await.data();
    assert_eq!(shop.confirm_of(&approved).once(KEY).await.bytes, first.bytes);
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
}

#[tokio::test]
async fn a_refund_is_answered_again_at_both_doors() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let part = json!({ "amount": 1_000, "reason": "반품" });
    twice(shop.cancel(&paid.key, &part)).await.data();
    refused_with(shop.cancel(&paid.key, &part), &json!({ "amount": 1_000 })).await;
    // Another path, so another scope: the same key is a new call there.
    twice(shop.desk_cancel(&paid.key, &part)).await.data();
    refused_with(shop.desk_cancel(&paid.key, &part), &json!({ "amount": 2_000 })).await;
    assert_eq!(acquirer.refunded(), [1_000, 1_000]);
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 13_000);
}

#[tokio::test]
async fn a_customers_cancel_is_answered_again() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    twice(customer.give_up(&token)).await.data();
    refused_with(customer.give_up(&token), &json!({ "token": token, "more": 1 })).await;
    customer.give_up(&token).await.refused(409, "PAYMENT_CANCELED");
}

#[tokio::test]
async fn an_orders_cancel_is_answered_again_before_and_after_the_charge() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let reason = json!({ "reason": "품절" });
    assert_eq!(twice(shop.cancel_order(&order, &reason)).await.data()["status"], "CANCELED");
    refused_with(shop.cancel_order(&order, &reason), &json!({})).await;
    let paid = app.done_payment(&shop, &customer).await;
    assert_eq!(twice(shop.cancel_order(&paid.order, &reason)).await.data()["amount"], -15_000);
    refused_with(shop.cancel_order(&paid.order, &reason), &json!({})).await;
    assert_eq!(acquirer.refunded(), [15_000]);
}

#[tokio::test]
async fn a_registered_card_is_answered_again() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    twice(customer.add_card(&card(&CARDS[0]))).await.data();
    refused_with(customer.add_card(&card(&CARDS[0])), &card(&CARDS[1])).await;
    assert_eq!(customer.cards().await.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn issued_keys_are_answered_again_and_stay_in_force() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let issued = twice(shop.issue_keys()).await.data();
    refused_with(shop.issue_keys(), &json!({ "more": 1 })).await;
    assert_eq!(shop.my_key().await.data(), issued);
}

#[tokio::test]
async fn a_replayed_page_still_gets_its_cors_headers() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let call =
        shop.create(&Shop::order(15_000, &fresh("order"))).header("origin", "https://shop.example.com").once(KEY);
    call.clone().await.data();
    let again = call.await;
    assert!(again.is_replayed());
    assert_eq!(again.header("access-control-allow-origin"), Some("https://shop.example.com"));
}
