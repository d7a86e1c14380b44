//! What a secret key and a client key open.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{Shop, fresh, spawn_app};

#[tokio::test]
async fn a_client_key_may_create_payments_and_watch_them() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let page = shop.with_keys(&shop.client, &shop.client);
    let order = fresh("order");
    page.token_of(15_000, &order).await;
    assert_eq!(page.status(&order).await.data()["status"], "READY");
    page.events(&order).listen().await.expect_all(&["onopen", "payment-ready"]).await;
}

#[tokio::test]
async fn a_client_key_may_do_nothing_else() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let page = shop.with_keys(&shop.client, &shop.client);
    let approved = app.approved_payment(&shop, &customer).await;
    page.confirm_of(&approved).await.refused(403, "FORBIDDEN");
    page.cancel(&approved.key, &json!({})).await.refused(403, "FORBIDDEN");
    page.payment(&approved.key).await.refused(403, "FORBIDDEN");
    page.payment_of_order(&approved.order).await.refused(403, "FORBIDDEN");
    page.cancel_order(&approved.order, &json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
}

#[tokio::test]
async fn a_secret_key_may_do_all_that_a_client_key_may() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let server = shop.with_keys(&shop.secret, &shop.secret);
    let order = fresh("order");
    server.token_of(15_000, &order).await;
    assert_eq!(server.status(&order).await.data()["status"], "READY");
    server.events(&order).listen().await.expect("onopen").await;
}

#[tokio::test]
async fn credentials_that_are_missing_or_wrong_are_refused_everywhere() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let encoded = |text: &str| STANDARD.encode(text);
    let bad = [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {}", encoded(&shop.secret)),
        format!("Basic {}", encoded(&format!(":{}", shop.secret))),
        format!("Basic {}", encoded(&format!("{}:", "x".repeat(43)))),
        format!("Basic {}", encoded(&format!("{}x:", shop.secret))),
        format!("Basic {}", encoded(&format!("{}:", shop.secret.to_uppercase()))),
        format!("Basic {}", encoded("\u{0}:")),
        format!("Basic {}", STANDARD.encode([0xff, 0xfe, b':'])),
        format!("Bearer {}", shop.secret),
        format!("Bearer {}", customer.token),
        shop.secret.clone(),
    ];
    let calls = [
        app.http.post("/api/v1/p/merchant", &Shop::order(15_000, &fresh("order"))),
        app.http.post("/api/v1/p/merchant/confirm", &approved.confirm()),
        app.http.post(format!("/api/v1/p/merchant/payments/{}/cancel", approved.key), &json!({})),
        app.http.get(format!("/api/v1/p/merchant/payments/{}", approved.key)),
        app.http.get(format!("/api/v1/p/merchant/orders/{}", approved.order)),
        app.http.get(format!("/api/v1/p/merchant/orders/{}/status", approved.order)),
        app.http.post(format!("/api/v1/p/merchant/orders/{}/cancel", approved.order), &json!({})),
        app.http.get(format!("/api/v1/p/merchant/sse/connect?orderId={}", approved.order)),
    ];
    for call in calls {
        call.clone().await.refused(401, "UNAUTHORIZED");
        for bad in &bad {
            call.clone().header("authorization", bad).await.refused(401, "UNAUTHORIZED");
        }
    }
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let credentials = STANDARD.encode(format!("{}:", shop.secret));
    let call = app.http.get(format!("/api/v1/p/merchant/orders/{order}"));
    call.header("authorization", format!("basic {credentials}")).await.data();
}

#[tokio::test]
async fn renewed_keys_stop_the_old_ones_at_once() {
    let app = spawn_app().await;
    let old = app.shop().await;
    let order = fresh("order");
    old.token_of(15_000, &order).await;
    assert_eq!(old.status(&order).await.status, 200);
    let keys = old.issue_keys().await.data();
    old.payment_of_order(&order).await.refused(401, "UNAUTHORIZED");
    old.status(&order).await.refused(401, "UNAUTHORIZED");
    old.create(&Shop::order(1, &fresh("order"))).await.refused(401, "UNAUTHORIZED");
    let new = old.with_keys(keys["apiKey"].as_str().unwrap(), keys["clientKey"].as_str().unwrap());
    assert_eq!(new.payment_of_order(&order).await.data()["status"], "READY", "its payments stay the shop's");
    assert_eq!(new.state(&order).await, "READY");
}

#[tokio::test]
async fn a_key_that_is_used_while_it_is_renewed_stops_too() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for _ in 0..10 {
        let keys = shop.my_key().await.data();
        let key = |name: &str| keys[name].as_str().unwrap();
        let old = shop.with_keys(key("apiKey"), key("clientKey"));
        let uses: Vec<_> = (0..20).map(|_| tokio::spawn(old.payment_of_order("x").into_future())).collect();
        shop.issue_keys().await.data();
        for used in uses {
            used.await.unwrap();
        }
        old.payment_of_order("x").await.refused(401, "UNAUTHORIZED");
    }
}
