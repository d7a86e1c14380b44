//! How long a key lives: over restarts, sealed, fifteen days.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::{CARDS, Play, ScriptedAcquirer, Shop, TestApp, TestClock, card, eventually, fresh, spawn_app};

#[tokio::test]
async fn answers_are_given_again_after_a_restart() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = Shop::order(15_000, &fresh("order"));
    let created = shop.create(&order).once("k").await;
    let token = created.data()["token"].as_str().unwrap().to_owned();
    let approved = customer.approve(&token).once("k").await;
    let key = approved.data()["paymentKey"].as_str().unwrap().to_owned();
    let confirm = json!({ "orderId": order["orderId"], "paymentKey": key, "amount": 15_000 });
    let confirmed = shop.confirm(&confirm).once("k").await;
    let refunded = shop.cancel(&key, &json!({ "amount": 1_000 })).once("k").await;
    let registered = customer.add_card(&card(&CARDS[1])).once("k").await;
    let issued = shop.issue_keys().once("k").await;
    let keys = issued.data();
    let app = app.restart().await;
    let (shop, customer) = (shop.at(&app.http), customer.at(&app.http));
    let shop = shop.with_keys(keys["apiKey"].as_str().unwrap(), keys["clientKey"].as_str().unwrap());
    for (call, first) in [
        (shop.create(&order), created),
        (customer.approve(&token), approved),
        (shop.confirm(&confirm), confirmed),
        (shop.cancel(&key, &json!({ "amount": 1_000 })), refunded),
        (customer.add_card(&card(&CARDS[1])), registered),
        (shop.issue_keys(), issued),
    ] {
        let again = call.once("k").await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
        assert!(again.is_replayed());
    }
    assert_eq!(app.sandbox.totals().held(), 14_000);
    app.stop().await;
}

#[tokio::test]
async fn a_charge_that_was_under_way_at_the_end_of_the_process_is_in_doubt_and_not_repeated() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| {
        settings.actors.drain_timeout_ms = 50;
        settings.payment.answer_budget_ms = 500;
        settings.payment.acquirer_timeout_ms = 3_000;
        settings.resolution.lost_after_ms = 0;
    });
    let app = app.acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).once("k").attempt());
    acquirer.hanging(1).await;
    confirm.abort();
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let again = shop.confirm_of(&approved).once("k").await;
    assert!(matches!(again.code(), "IDEMPOTENCY_KEY_IN_USE" | "PAYMENT_OUTCOME_UNKNOWN"), "{}", again.json);
    let in_doubt = async || shop.confirm_of(&approved).once("k").await.code() == "PAYMENT_OUTCOME_UNKNOWN";
    eventually("the call is taken for lost", in_doubt).await;
    shop.cancel_order(&approved.order, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1, "never charged again without proof");
}

#[tokio::test]
async fn a_verification_that_was_under_way_at_the_end_of_the_process_fails_and_may_be_tried_again() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| {
        settings.actors.drain_timeout_ms = 50;
        settings.payment.acquirer_timeout_ms = 3_000;
        settings.resolution.lost_after_ms = 0;
    });
    let app = app.acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::Hang);
    let approve = tokio::spawn(customer.approve(&token).once("k").attempt());
    acquirer.hanging(1).await;
    approve.abort();
    let app = app.restart().await;
    acquirer.on_verify(Play::Approve);
    let (shop, customer) = (shop.at(&app.http), customer.at(&app.http));
    assert_eq!(shop.state(&order).await, "IN_VERIFICATE");
    let mut events = shop.events(&order).listen().await;
    events.expect_all(&["onopen", "payment-ready", "payment-in-verificate"]).await;
    assert_eq!(events.expect("payment-ready").await.json()["failureCode"], "NETWORK_UNAVAILABLE");
    let first = customer.approve(&token).once("k").await;
    first.data();
    assert!(!first.is_replayed(), "the first time came to nothing");
    assert_eq!(customer.approve(&token).once("k").await.bytes, first.bytes);
    app.stop().await;
}

#[tokio::test]
async fn kept_answers_are_sealed() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let keys = shop.issue_keys().once("find-me-1").await.data();
    let body = Shop::order(15_000, &fresh("order"));
    let shop = shop.with_keys(keys["apiKey"].as_str().unwrap(), keys["clientKey"].as_str().unwrap());
    let token = shop.create(&body).once("find-me-2").await.data()["token"].as_str().unwrap().to_owned();
    customer.add_card(&card(&CARDS[0])).once("find-me-3").await.data();
    let stored = app.database.everything().await;
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    for key in ["find-me-1", "find-me-2", "find-me-3"] {
        assert!(holds(key), "{key} was kept");
    }
    for secret in [&shop.secret, &shop.client, &token, "apiKey", "accessToken"] {
        assert!(!holds(secret), "{secret} stands in the database");
        let hex: String = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert!(!holds(&hex), "{secret} stands in the database as hex");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_kept_fifteen_days() {
    let clock = TestClock::at("2026-11-01T00:00:00Z");
    let app = TestApp::with(|settings| settings.auth.access_token_s = 10_000_000).clock(&clock).start().await;
    let shop = app.shop().await;
    let first = shop.issue_keys().once("k").await;
    clock.set("2026-11-15T23:59:59Z");
    app.sweep().await;
    assert_eq!(shop.issue_keys().once("k").await.bytes, first.bytes);
    clock.advance(SignedDuration::from_secs(2));
    assert_eq!(app.sweep().await.keys, 1);
    let new = shop.issue_keys().once("k").await;
    assert!(!new.is_replayed());
    assert_ne!(new.bytes, first.bytes);
}
