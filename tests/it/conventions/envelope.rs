//! The shape of every answer. (The client of the suite checks it on every call; here each kind of error
//! is met on purpose.)

use paygate::error::Code;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Shop, TestApp, fresh, spawn_app};

#[tokio::test]
async fn a_success_is_ok_with_data() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let answer = customer.me().await;
    assert_eq!(answer.json, json!({ "ok": true, "data": { "id": customer.id, "email": customer.email } }));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    app.stop().await;
}

#[tokio::test]
async fn an_error_says_everything_twice_and_names_the_request() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let answer = shop.status("never-seen").await;
    let id = answer.header("x-request-id").unwrap();
    let message = Code::PaymentNotFound.text(paygate::error::Lang::Ko);
    let wanted = json!({
        "ok": false, "code": "PAYMENT_NOT_FOUND", "message": message,
        "error": { "code": "PAYMENT_NOT_FOUND", "message": message, "outcome": "none", "requestId": id },
    });
    assert_eq!(answer.json, wanted);
    assert_ne!(shop.status("never-seen").await.header("x-request-id"), Some(id), "each request has its own id");
}

#[tokio::test]
async fn every_kind_of_error_comes_in_the_envelope() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let large = app.http.call(Method::POST, "/api/v1/p/merchant").key(&shop.secret);
    let answers = [
        (400, shop.create(&json!({})).await),
        (401, app.http.get("/api/v1/p/user/me").await),
        (403, shop.with_token(&customer.token).my_key().await),
        (404, app.http.get("/nowhere").await),
        (404, app.http.get("/").await),
        (404, app.http.get("/api/v1/p/merchant/").await),
        (404, app.http.post("/api/v1/p/user/nothing", &json!({})).bearer(&customer.token).await),
        (404, shop.status("never-seen").await),
        (405, app.http.get("/api/v1/p/merchant").key(&shop.secret).await),
        (405, app.http.call(Method::DELETE, "/api/v1/p/user/payments").bearer(&customer.token).await),
        (405, app.http.call(Method::PUT, "/api/v1/p/user/cards").await),
        (405, app.http.call(Method::POST, "/health-check").await),
        (409, shop.confirm_of(&paid).await),
        (413, large.body("application/json", vec![b' '; 40_000]).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.json);
        assert_eq!(answer.json["ok"], false, "{status}");
        assert!(answer.json["error"]["requestId"].is_string());
    }
}

#[tokio::test]
async fn errors_are_korean_unless_english_is_asked_for_first() {
    let app = spawn_app().await;
    let call = || app.http.get("/api/v1/p/user/me");
    let message = async |language: Option<&str>| {
        let call = match language {
            Some(language) => call().header("accept-language", language),
            None => call(),
        };
        call.await.json["message"].as_str().unwrap().to_owned()
    };
    let (ko, en) = ("인증 정보가 없거나 올바르지 않습니다.", "Credentials are missing or not valid.");
    for korean in [
        None,
        Some("ko"),
        Some("ko-KR,ko;q=0.9,en;q=0.8"),
        Some("fr"),
        Some("*"),
        Some(""),
        Some("ko,en"),
        Some("日本"),
    ] {
        assert_eq!(message(korean).await, ko, "{korean:?}");
    }
    for english in ["en", "en-US,en;q=0.9", "EN-gb", "fr, en;q=0.5", "en, ko", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"] {
        assert_eq!(message(Some(english)).await, en, "{english}");
    }
}

#[tokio::test]
async fn a_field_is_named_in_both_languages() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    shop.create(&json!({})).english().await.refused_field("amount");
    let korean = shop.create(&json!({})).await;
    assert_eq!(korean.refused_field("amount").json["message"], "amount: 필수 값입니다");
}

#[tokio::test]
async fn ids_are_texts_and_amounts_are_numbers() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let payment = shop.transactions(&paid.key).await.data();
    let transaction = &payment["transactions"][0];
    let card = customer.cards().await.data()[0].clone();
    let ids = [
        &payment["paymentKey"],
        &payment["accountId"],
        &payment["orderId"],
        &transaction["id"],
        &transaction["paymentKey"],
        &card["id"],
        &card["accountId"],
    ];
    assert!(ids.iter().all(|id| id.as_str().is_some_and(|id| !id.is_empty())), "{ids:?}");
    for amount in [&payment["amount"], &payment["balanceAmount"], &transaction["amount"]] {
        assert_eq!(amount.to_string(), "15000");
    }
}

#[tokio::test]
async fn every_time_has_its_zone() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.data();
    let payment = shop.transactions(&paid.key).await.data();
    for transaction in payment["transactions"].as_array().unwrap() {
        for name in ["requestedAt", "completedAt"] {
            let text = transaction[name].as_str().unwrap();
            assert!(text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(), "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn a_request_id_of_the_caller_is_not_repeated() {
    let app = spawn_app().await;
    let answer = app.http.get("/api/v1/p/user/me").header("x-request-id", "forged").await;
    assert_ne!(answer.header("x-request-id"), Some("forged"));
}

#[tokio::test]
async fn only_what_says_so_may_be_kept() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(1_000, &order).await;
    let said = async |call: crate::support::Call| {
        let headers = call.response().await.headers().clone();
        assert_eq!(headers["x-content-type-options"], "nosniff");
        headers["cache-control"].to_str().unwrap().to_owned()
    };
    for path in ["/health-check", "/metrics", "/readyz", "/nowhere", "/docs", "/backoffice/keys"] {
        assert_eq!(said(app.http.get(path)).await, "no-store", "{path}");
    }
    assert_eq!(said(shop.events(&order)).await, "no-cache");
    assert_eq!(said(app.http.get("/static/older/base.css")).await, "no-cache");
}

#[tokio::test]
async fn a_broken_database_is_told_without_inner_text() {
    let app = TestApp::with(|settings| settings.database.acquire_timeout_ms = 500).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    app.inside(async |app| app.store.clone().close().await).await;
    let answers = [
        shop.create(&Shop::order(15_000, &fresh("order"))).await,
        customer.cards().await,
        shop.payments().await,
        shop.status("never-seen").await,
    ];
    for answer in answers {
        answer.refused(503, "UNAVAILABLE");
        let text = Value::to_string(&answer.json).to_lowercase();
        for inner in ["sql", "pool", "database", "connection", "closed"] {
            assert!(!text.contains(inner), "{text}");
        }
    }
}
