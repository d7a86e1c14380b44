//! What the holder of a token may do without signing in: watch, give up what is nobody's, go back.

use jiff::SignedDuration;
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use crate::support::{Shop, TestApp, TestClock, fresh, spawn_app};

/// A payment that leads back to its shop.
async fn returning(shop: &Shop) -> (String, String) {
    let mut order = Shop::order(15_000, &fresh("order"));
    order["successUrl"] = json!("https://shop.example.com/done?cart=7");
    order["failUrl"] = json!("https://shop.example.com/failed");
    let created = shop.create(&order).await.data();
    (order["orderId"].as_str().unwrap().to_owned(), created["token"].as_str().unwrap().to_owned())
}

/// Where an address leads to.
async fn leads(app: &TestApp, method: Method, path: &str) -> String {
    let client = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let response = client.request(method, format!("{}{path}", app.http.base())).send().await.unwrap();
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_stream_needs_no_key_and_masks_the_customer() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = shop.approved_by(&customer, 15_000).await;
    let mut events = app.http.get(format!("/checkout/{}/events", approved.token)).listen().await;
    let history = ["onopen", "payment-ready", "payment-in-verificate", "payment-in-progress"];
    events.expect_all(&history).await;
    events.expect("payment-clock").await;
    shop.confirm_of(&approved).await.data();
    let done = events.expect("payment-done").await;
    let mut fields: Vec<_> = done.json().as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["merchantId", "orderId", "scannedBy", "status"]);
    let (name, host) = customer.email.split_once('@').unwrap();
    let masked = format!("{}***@{host}", &name[..1]);
    assert_eq!(done.json()["scannedBy"], masked.as_str());
    let page = app.http.get(format!("/checkout/{}", approved.token)).await;
    let page = String::from_utf8(page.bytes).unwrap();
    assert!(page.contains(&masked) && !page.contains(&customer.email), "the page tells the same");
    let all = String::from_utf8(events.raw().to_vec()).unwrap();
    for secret in [&approved.key, "paymentKey", "cardNumber", "amount", customer.id.as_str(), &customer.email] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_stream_goes_on_after_the_last_event() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = shop.approved_by(&customer, 15_000).await;
    let path = format!("/checkout/{}/events?lastEventId=3", approved.token);
    let mut events = app.http.get(path).listen().await;
    events.expect_all(&["onopen", "payment-in-progress", "payment-clock"]).await;
    assert_eq!(app.http.get("/checkout/nonsense/events").await.status, 404);
}

#[tokio::test]
async fn whoever_holds_the_token_gives_up_what_is_nobodys() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let (order, token) = returning(&shop).await;
    assert_eq!(
        leads(&app, Method::POST, &format!("/checkout/{token}/cancel")).await,
        format!("/checkout/{token}?lang=ko")
    );
    assert_eq!(shop.state(&order).await, "CANCELED");
}

/// "Try again" and the switch of language on the page of an error load its address.
#[tokio::test]
async fn whoever_loads_the_address_of_a_cancel_again_sees_the_payment_and_cancels_nothing() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let (order, token) = returning(&shop).await;
    for query in ["", "?lang=ko&keep"] {
        let path = format!("/checkout/{token}/cancel{query}");
        assert_eq!(leads(&app, Method::GET, &path).await, format!("/checkout/{token}{query}"));
    }
    assert_eq!(leads(&app, Method::GET, "/checkout/x%0d%0ay:z/cancel").await, "/checkout/x%0d%0ay:z");
    assert_eq!(shop.state(&order).await, "READY");
}

#[tokio::test]
async fn a_payment_that_a_customer_owns_is_theirs_to_give_up() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = shop.approved_by(&customer, 15_000).await;
    leads(&app, Method::POST, &format!("/checkout/{}/cancel", approved.token)).await;
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    shop.confirm_of(&approved).await.data();
    leads(&app, Method::POST, &format!("/checkout/{}/cancel", approved.token)).await;
    assert_eq!(shop.state(&approved.order).await, "DONE");
}

#[tokio::test]
async fn the_way_back_tells_the_shop_what_its_server_needs() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (order, token) = returning(&shop).await;
    let path = format!("/checkout/{token}/return");
    assert_eq!(leads(&app, Method::GET, &path).await, format!("/checkout/{token}?lang=ko"), "not yet");
    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let back = format!("https://shop.example.com/done?cart=7&paymentKey={key}&orderId={order}&amount=15000");
    assert_eq!(leads(&app, Method::GET, &path).await, back);
    shop.cancel_order(&order, &json!({})).await.data();
    let back = leads(&app, Method::GET, &path).await;
    assert!(back.starts_with("https://shop.example.com/failed?code=PAYMENT_CANCELED&message="), "{back}");
    assert!(back.ends_with(&format!("&orderId={order}")), "{back}");
}

#[tokio::test]
async fn without_urls_there_is_no_way_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = shop.approved_by(&customer, 15_000).await;
    let token = approved.token;
    assert_eq!(
        leads(&app, Method::GET, &format!("/checkout/{token}/return")).await,
        format!("/checkout/{token}?lang=ko")
    );
    let page = app.http.get(format!("/checkout/{token}")).await;
    assert!(!String::from_utf8(page.bytes).unwrap().contains("/return"));
    assert_eq!(page.json, Value::Null);
}

#[tokio::test]
async fn whoever_looks_at_the_payment_on_a_phone_is_shown_on_the_checkout_alone() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut checkout = app.http.get(format!("/checkout/{token}/events")).listen().await;
    let mut page = shop.events(&order).listen().await;
    checkout.expect_all(&["onopen", "payment-ready", "payment-clock"]).await;
    page.expect_all(&["onopen", "payment-ready"]).await;
    let scan = |path: &str| app.http.call(Method::POST, format!("/checkout/{path}/scanned"));
    scan(&token).await.refused(401, "UNAUTHORIZED");
    scan("nonsense").bearer(&customer.token).await.refused(404, "NOT_FOUND");
    assert_eq!(scan(&token).bearer(&customer.token).await.status, 204);
    let scanned = checkout.expect("payment-scanned").await;
    // A link may have been enough to make them look, so nobody learns where they are at home.
    assert_eq!(scanned.json(), json!({ "scannedBy": format!("{}***", &customer.email[..1]) }));
    assert_eq!(scanned.id, None, "a stream goes on after events alone");
    // Once it is somebody's, nobody else shows.
    let other = app.customer().await;
    shop.cancel_order(&order, &json!({})).await.data();
    assert_eq!(scan(&token).bearer(&other.token).await.status, 204);
    checkout.expect("payment-canceled").await;
    page.expect("payment-canceled").await;
    assert!(
        !String::from_utf8(page.raw().to_vec()).unwrap().contains("scanned"),
        "the shop's stream is the contract's"
    );
}

#[tokio::test]
async fn looking_at_a_payment_takes_none_of_ones_approvals_and_is_limited_by_itself() {
    let app = TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.approve_per_minute = 1;
    });
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    let look = || app.http.call(Method::POST, format!("/checkout/{token}/scanned")).bearer(&customer.token);
    assert_eq!(look().await.status, 204);
    look().await.refused(429, "TOO_MANY_REQUESTS");
    customer.approve(&token).await.data();
}

/// Clocks of phones are wrong, so a page must not ask its own how much time is left.
#[tokio::test]
async fn each_connection_of_a_page_tells_how_much_time_is_left_by_the_servers_clock() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = TestApp::with(|_| ()).clock(&clock).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let path = format!("/checkout/{token}/events");
    for (later_s, remaining_ms) in [(0, 600_000), (90, 510_000), (509, 1_000)] {
        clock.advance(SignedDuration::from_secs(later_s));
        let mut events = app.http.get(&path).listen().await;
        let told = events.expect_all(&["onopen", "payment-ready", "payment-clock"]).await;
        assert_eq!((told[2].json(), &told[2].id), (json!({ "remainingMs": remaining_ms }), &None));
    }
    let mut shops = shop.events(&order).listen().await;
    shops.expect_all(&["onopen", "payment-ready"]).await;
    shop.cancel_order(&order, &json!({})).await.data();
    // A page that comes back skips what it has seen, not the clock.
    shops.expect("payment-canceled").await;
    let mut late = app.http.get(format!("{path}?lastEventId=1")).listen().await;
    late.expect_all(&["onopen", "payment-canceled", "payment-clock"]).await;
}

#[tokio::test]
async fn parameters_of_ours_replace_the_shops_of_the_same_name_and_leave_the_others_as_they_are_written() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut order = Shop::order(15_000, &fresh("order"));
    order["successUrl"] = json!("https://shop.example.com/ok?orderId=17&a=%20x&paymentKey&order%49d=18&&b=+y%26#top");
    order["failUrl"] = json!("https://shop.example.com/no?message=old&code=1&sig=a%2Fb");
    let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();
    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let id = order["orderId"].as_str().unwrap();
    let back = leads(&app, Method::GET, &format!("/checkout/{token}/return")).await;
    let query = format!("a=%20x&b=+y%26&paymentKey={key}&orderId={id}&amount=15000");
    assert_eq!(back, format!("https://shop.example.com/ok?{query}#top"));

    order["orderId"] = json!(fresh("order"));
    let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();
    leads(&app, Method::POST, &format!("/checkout/{token}/cancel")).await;
    let back = leads(&app, Method::GET, &format!("/checkout/{token}/return")).await;
    let names: Vec<_> = url::Url::parse(&back).unwrap().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["sig", "code", "message", "orderId"]);
    assert!(back.contains("?sig=a%2Fb&code=PAYMENT_CANCELED&"), "{back}");
}
