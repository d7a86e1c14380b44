//! Order ids cannot be taken away from a merchant with the key that everybody can read in its pages.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::{Shop, TestApp, TestClock, fresh, spawn_app};

/// Somebody who has read the client key in a page of the merchant.
fn stranger(shop: &Shop) -> Shop {
    shop.with_keys(&shop.client, &shop.client)
}

#[tokio::test]
async fn the_secret_key_takes_back_an_order_id_that_a_client_key_has_taken() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let squatted = stranger(&shop).token_of(1, &order).await;
    let mut watched = shop.events(&order).listen().await;
    // The page of the merchant has the same key as the stranger.
    stranger(&shop).create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");

    let token = shop.token_of(15_000, &order).await;
    let ended = watched.until("payment-canceled").await;
    assert_eq!(ended.last().unwrap().json()["orderId"], order.as_str(), "who watches the first one hears its end");
    assert_eq!(shop.state(&order).await, "READY");
    // The first token says another amount: it leads to nothing any more.
    customer.approve(&squatted).await.refused(409, "PAYMENT_CANCELED");
    customer.give_up(&squatted).await.refused(409, "PAYMENT_CANCELED");
    assert_eq!(app.http.get(format!("/checkout/{squatted}")).response().await.status(), 409);
    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let confirm = json!({ "orderId": order, "paymentKey": key, "amount": 15_000 });
    assert_eq!(shop.confirm(&confirm).await.data()["status"], "DONE");
    assert_eq!(app.sandbox.totals().held(), 15_000);

    // Both are listed, each under an id of its own; the merchant's is the order's.
    let listed = shop.payments().query("include", "all").await.data();
    let ids: Vec<_> =
        listed["payments"].as_array().unwrap().iter().map(|one| one["orderId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&order) && ids.iter().any(|id| id.starts_with(&format!("{order}#"))), "{ids:?}");

    let app = app.restart().await;
    let shop = shop.at(&app.http);
    assert_eq!(shop.state(&order).await, "DONE");
    shop.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    stranger(&shop).create(&Shop::order(1, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
}

#[tokio::test]
async fn a_payment_that_a_customer_has_approved_keeps_its_order_id() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = stranger(&shop).token_of(15_000, &order).await;
    customer.approve(&token).await.data();
    shop.create(&Shop::order(20_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    assert_eq!(shop.state(&order).await, "IN_PROGRESS");
    shop.cancel_order(&order, &json!({})).await.data();
    shop.create(&Shop::order(20_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
}

#[tokio::test]
async fn what_the_secret_key_created_keeps_its_order_id_whatever_becomes_of_it() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    shop.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    shop.cancel_order(&order, &json!({})).await.data();
    for shop in [shop.clone(), stranger(&shop)] {
        shop.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    }
}

#[tokio::test]
async fn an_order_id_that_nobody_paid_under_is_free_again_when_its_payment_has_expired() {
    let clock = TestClock::at("2026-11-22T00:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let page = stranger(&shop);
    let order = fresh("order");
    page.token_of(1, &order).await;
    page.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    clock.advance(SignedDuration::from_mins(11));
    let token = page.token_of(15_000, &order).await;
    assert_eq!(customer.approve(&token).await.data()["amount"], 15_000);
    // The same call under the same key is the same payment, not a third one.
    let (other, key) = (fresh("order"), "one-key");
    let first = page.create(&Shop::order(15_000, &other)).header("idempotency-key", key).await.data();
    assert_eq!(page.create(&Shop::order(15_000, &other)).header("idempotency-key", key).await.data(), first);
}

#[tokio::test]
async fn a_long_order_id_can_be_taken_back_as_well() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = "주".repeat(100);
    stranger(&shop).token_of(1, &order).await;
    shop.token_of(15_000, &order).await;
    assert_eq!(shop.state(&order).await, "READY");
}
