//! What a secret key and a client key open.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    backoffice_pages::Browser,
    support::{Shop, TestApp, fresh, spawn_app},
};

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

/// Creates a payment that leads back to this address.
fn returning(shop: &Shop, field: &str, url: &str) -> crate::support::Call {
    let mut order = Shop::order(15_000, &fresh("order"));
    order[field] = json!(url);
    shop.create(&order).english()
}

#[tokio::test]
async fn a_client_key_sends_customers_to_registered_websites_alone_once_there_are_any() {
    let app: TestApp = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let page = shop.with_keys(&shop.client, &shop.client);
    let server = shop.with_keys(&shop.secret, &shop.secret);
    let elsewhere = "https://evil.example.com/ok";
    for field in ["successUrl", "failUrl"] {
        returning(&page, field, elsewhere).await.data();
    }
    let website = "https://shop.example.com";
    browser.submit("/backoffice/keys", "/backoffice/origins", &[("origin", website)]).await;
    for field in ["successUrl", "failUrl"] {
        for good in [format!("{website}/ok?a=1"), format!("{website}:443/"), format!("{}/shop/ok", app.http.base())] {
            returning(&page, field, &good).await.data();
        }
        for bad in [
            elsewhere,
            "http://shop.example.com/ok",
            "https://shop.example.com:8443/ok",
            "https://shop.example.com.evil.example.com/ok",
            "https://www.shop.example.com/ok",
        ] {
            returning(&page, field, bad).await.refused_field(field);
            // Whoever holds the secret key may do worse than this.
            returning(&server, field, bad).await.data();
        }
    }
    let other = app.shop().await;
    returning(&other.with_keys(&other.client, &other.client), "failUrl", elsewhere).await.data();
    app.stop().await;
}

#[tokio::test]
async fn no_address_of_a_shop_has_a_user_name_in_it() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for key in [&shop.client, &shop.secret] {
        let shop = shop.with_keys(key, key);
        for field in ["successUrl", "failUrl"] {
            for bad in
                ["https://bank.example.com@evil.example.com/", "https://a:b@shop.example.com/", "https://:b@x.kr/"]
            {
                returning(&shop, field, bad).await.refused_field(field);
            }
            returning(&shop, field, "https://shop.example.com/@minji?to=a@b").await.data();
        }
    }
}
