//! What a key is, and whose it is.

use serde_json::json;

use crate::support::{CARDS, Shop, card, fresh, spawn_app};

#[tokio::test]
async fn a_key_may_be_quoted_or_bare() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let call = shop.create(&Shop::order(15_000, &fresh("order")));
    let first = call.clone().once("abc-123").await;
    first.data();
    for spelling in [r#""abc-123""#, "abc-123", "  abc-123 "] {
        let again = call.clone().once(spelling).await;
        assert!(again.is_replayed() && again.bytes == first.bytes, "{spelling}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_has_1_to_300_visible_ascii_characters() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let long = "k".repeat(301);
    for bad in ["", r#""""#, "a b", "a\tb", "키", "é", r#""a b""#, &long, &format!("\"{long}\"")] {
        let calls = [
            shop.create(&Shop::order(15_000, "never")),
            shop.confirm_of(&approved),
            shop.cancel(&approved.key, &json!({})),
            shop.desk_cancel(&approved.key, &json!({})),
            shop.cancel_order(&approved.order, &json!({})),
            shop.issue_keys(),
            customer.approve(&approved.token),
            customer.give_up(&approved.token),
            customer.add_card(&card(&CARDS[1])),
        ];
        for call in calls {
            call.once(bad).english().await.refused_field("Idempotency-Key");
        }
    }
    shop.status("never").await.refused(404, "PAYMENT_NOT_FOUND");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str());
    assert_eq!(customer.cards().await.data().as_array().unwrap().len(), 1);
    for good in ["k", &"k".repeat(300), "!#$%&'*+-.^_`|~:;,/?@[]{}()<>=\\", &format!("\"{}\"", "k".repeat(300))] {
        shop.create(&Shop::order(15_000, &fresh("order"))).once(good).await;
    }
}

#[tokio::test]
async fn one_callers_key_is_not_another_callers() {
    let app = spawn_app().await;
    let (one, other) = (app.shop().await, app.shop().await);
    let body = Shop::order(15_000, "same-order");
    let first = one.create(&body).once("same-key").await;
    let second = other.create(&body).once("same-key").await;
    assert!(!second.is_replayed());
    assert_ne!(first.data()["token"], second.data()["token"]);
    let (kim, lee) = (app.customer().await, app.customer().await);
    kim.add_card(&card(&CARDS[0])).once("same-key").await.data();
    let theirs = lee.add_card(&card(&CARDS[0])).once("same-key").await;
    assert!(!theirs.is_replayed());
    assert_eq!(theirs.data()["accountId"], lee.id.as_str());
}

#[tokio::test]
async fn both_keys_of_a_shop_are_one_caller() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let body = Shop::order(15_000, &fresh("order"));
    let first = shop.create(&body).once("k").await;
    let again = shop.with_keys(&shop.client, &shop.client).create(&body).once("k").await;
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
}

#[tokio::test]
async fn the_concrete_path_belongs_to_the_scope() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (one, two) = (app.done_payment(&shop, &customer).await, app.done_payment(&shop, &customer).await);
    let body = json!({ "amount": 1_000 });
    for paid in [&one, &two] {
        let refund = shop.cancel(&paid.key, &body).once("same-key").await;
        assert!(!refund.is_replayed());
        assert_eq!(refund.data()["paymentKey"], paid.key.as_str());
    }
    let created = shop.create(&Shop::order(15_000, &fresh("order"))).once("same-key").await;
    assert!(!created.is_replayed(), "another endpoint");
    created.data();
}

#[tokio::test]
async fn keys_differ_in_case() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    for key in ["key", "KEY"] {
        assert!(!shop.cancel(&paid.key, &json!({ "amount": 1 })).once(key).await.is_replayed());
    }
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 14_998);
}
