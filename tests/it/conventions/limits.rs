//! Limits: 429 for who asks too often, 503 for a full house, both with the time to come back.

use serde_json::json;

use crate::support::{Answer, PASSWORD, Setup, Shop, TestApp, eventually, fresh};

fn limited() -> Setup {
    TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_minute = 3;
        settings.rate_limit.approve_per_minute = 3;
        settings.rate_limit.failed_auth_per_minute = 5;
    })
}

fn too_many(answer: &Answer) {
    assert_eq!(answer.refused(429, "TOO_MANY_REQUESTS").outcome(), "none");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn signing_in_is_limited_per_e_mail() {
    let app = limited().start().await;
    let sign_in = async |email: &str, password: &str| {
        app.http.post("/api/v1/p/user/sign-in", &json!({ "email": email, "password": password })).await
    };
    for _ in 0..3 {
        sign_in("victim@example.com", "guess1").await.refused(400, "SIGN_IN_FAILED");
    }
    too_many(&sign_in("victim@example.com", "guess1").await);
    too_many(&sign_in("VICTIM@example.com", "guess1").await);
    sign_in("other@example.com", "guess1").await.refused(400, "SIGN_IN_FAILED");
    let desk = json!({ "email": "desk@example.com", "password": "guess1" });
    for _ in 0..3 {
        app.http.post("/api/backoffice/v1/sign-in", &desk).await.refused(400, "SIGN_IN_FAILED");
    }
    too_many(&app.http.post("/api/backoffice/v1/sign-in", &desk).await);
    app.stop().await;
}

#[tokio::test]
async fn signing_up_is_limited_per_address_through_every_door() {
    let app = limited().with(|settings| settings.rate_limit.sign_up_per_minute = 3).start().await;
    let sign_up = async |path: &str| {
        let body = json!({ "email": format!("{}@example.com", fresh("new")), "password": PASSWORD, "name": "x" });
        app.http.post(path, &body).await
    };
    let (user, shop) = ("/api/v1/p/user/sign-up", "/api/backoffice/v1/sign-up");
    assert_eq!(sign_up(user).await.status, 201);
    app.http.post(user, &json!({ "email": "x" })).await.refused(400, "INVALID_REQUEST");
    sign_up(shop).await.data();
    assert_eq!(sign_up("/api/v1/user/sign-up").await.status, 201);
    for path in [user, shop, "/api/v1/user/sign-up"] {
        too_many(&sign_up(path).await);
    }
    app.stop().await;
}

#[tokio::test]
async fn sign_ins_are_limited_per_address_whatever_the_e_mails() {
    let app = limited().with(|settings| {
        settings.server.trust_forwarded_for = true;
        settings.rate_limit.sign_in_per_minute = 100;
        settings.rate_limit.sign_in_of_address_per_minute = 4;
    });
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let sign_in = async |path: &str, email: &str, password: &str, from: &str| {
        let body = json!({ "email": email, "password": password });
        app.http.post(path, &body).header("x-forwarded-for", from).await
    };
    let (user, desk) = ("/api/v1/p/user/sign-in", "/api/backoffice/v1/sign-in");
    let here = "2001:db8:1:2::1";
    sign_in(user, &customer.email, PASSWORD, here).await.data();
    sign_in(desk, &shop.email, PASSWORD, here).await.data();
    sign_in(user, "1@example.com", "guess1", here).await.refused(400, "SIGN_IN_FAILED");
    sign_in(desk, "2@example.com", "guess1", here).await.refused(400, "SIGN_IN_FAILED");
    for neighbour in [here, "2001:db8:1:2:ffff::9"] {
        too_many(&sign_in(user, "5@example.com", "guess1", neighbour).await);
        too_many(&sign_in(desk, &shop.email, PASSWORD, neighbour).await);
    }
    for elsewhere in ["2001:db8:1:3::1", "203.0.113.7"] {
        sign_in(user, "5@example.com", "guess1", elsewhere).await.refused(400, "SIGN_IN_FAILED");
    }
}

#[tokio::test]
async fn approving_is_limited_per_customer() {
    let app = limited().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    for _ in 0..3 {
        app.approved_payment(&shop, &customer).await;
    }
    let token = shop.token_of(15_000, &fresh("order")).await;
    too_many(&customer.approve(&token).await);
    other.approve(&token).await.data();
}

#[tokio::test]
async fn failed_authentications_are_limited_and_good_ones_go_on() {
    let app = limited().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    for _ in 0..5 {
        app.http.post("/auth/refresh", &json!({})).await.refused(401, "UNAUTHORIZED");
    }
    // The loop of the old client, in all its forms.
    too_many(&app.http.post("/auth/refresh", &json!({})).await);
    too_many(&app.http.get("/api/v1/p/user/me").await);
    too_many(&customer.with_token("stale").cards().await);
    too_many(&app.http.get("/api/v1/p/merchant/orders/x").key("guess").await);
    too_many(&shop.with_token("stale").my_key().await);
    customer.me().await.data();
    shop.my_key().await.data();
    app.approved_payment(&shop, &customer).await;
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_limit() {
    let app = limited().with(|settings| settings.server.trust_forwarded_for = true).start().await;
    let refresh = |forwarded: &str| app.http.post("/auth/refresh", &json!({})).header("x-forwarded-for", forwarded);
    for n in 0..5 {
        // Only the last entry is our own proxy's word.
        refresh(&format!("198.51.100.{n}, 203.0.113.1")).await.refused(401, "UNAUTHORIZED");
    }
    too_many(&refresh("203.0.113.1").await);
    refresh("203.0.113.2").await.refused(401, "UNAUTHORIZED");
    refresh("203.0.113.1, 203.0.113.3").await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_line_that_the_client_wrote_itself_does_not_count() {
    let app = limited().with(|settings| settings.server.trust_forwarded_for = true).start().await;
    let refresh = |lines: &[&str]| {
        let call = app.http.post("/auth/refresh", &json!({}));
        lines.iter().fold(call, |call, line| call.header("x-forwarded-for", *line))
    };
    for n in 0..5 {
        refresh(&[&format!("198.51.100.{n}"), "203.0.113.1"]).await.refused(401, "UNAUTHORIZED");
    }
    too_many(&refresh(&["198.51.100.9", "203.0.113.1"]).await);
    too_many(&refresh(&["203.0.113.1:4711"]).await);
    for _ in 0..5 {
        refresh(&["[2001:db8::1]:80"]).await.refused(401, "UNAUTHORIZED");
    }
    too_many(&refresh(&["[2001:db8::1]"]).await);
    too_many(&refresh(&["2001:db8::1"]).await);
}

#[tokio::test]
async fn without_a_proxy_nobody_can_lend_another_address() {
    let app = limited().start().await;
    for n in 0..5 {
        let call = app.http.post("/auth/refresh", &json!({})).header("x-forwarded-for", format!("203.0.113.{n}"));
        call.await.refused(401, "UNAUTHORIZED");
    }
    too_many(&app.http.post("/auth/refresh", &json!({})).header("x-forwarded-for", "203.0.113.9").await);
}

#[tokio::test]
async fn a_full_memory_refuses_one_more_payment_and_takes_it_later() {
    let app = TestApp::with(|settings| {
        settings.actors.max_payments = 1;
        settings.actors.linger_ms = 1;
    });
    let app = app.start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let refused = shop.create(&Shop::order(15_000, "one-more")).await;
    assert_eq!(refused.refused(503, "OVERLOADED").outcome(), "not_sent");
    assert_eq!(shop.state(&order).await, "READY", "the one in memory goes on");
    shop.cancel_order(&order, &json!({})).await.data();
    eventually("there is room", async || app.in_memory().await == 0).await;
    shop.token_of(15_000, "one-more").await;
    shop.status(&order).await.data();
}

#[tokio::test]
async fn a_question_too_many_is_refused_and_nothing_happened() {
    let app = TestApp::with(|settings| settings.actors.max_asks = 0).start().await;
    let shop = app.shop().await;
    shop.create(&Shop::order(15_000, "refused")).await.refused(503, "OVERLOADED");
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], 0);
}
