//! What the QR code carries.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::{CARDS, TestApp, TestClock, card, fresh, spawn_app};

fn part(token: &str, part: usize) -> Value {
    let text = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn with_payload(token: &str, payload: &Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(payload.to_string()), parts[2])
}

#[tokio::test]
async fn the_token_is_a_compact_jwt_with_a_key_id_and_seven_claims() {
    let clock = TestClock::at("2026-11-22T15:00:00.9Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let shop = app.shop().await;
    let token = shop.token_of(15_000, "order-1").await;
    let header = part(&token, 0);
    assert_eq!(header["alg"], "HS256");
    assert!(header["kid"].as_str().is_some_and(|kid| !kid.is_empty()), "{header}");
    let issued = clock.now().as_second();
    let claims = json!({
        "merchantId": shop.id, "merchantName": shop.name, "orderId": "order-1", "orderName": "드립 커피 세트",
        "amount": 15_000, "iat": issued, "exp": issued + 600,
    });
    assert_eq!(part(&token, 1), claims);
    assert_eq!(token.split('.').count(), 3);
}

#[tokio::test]
async fn the_token_needs_no_encoding_in_a_url_and_is_short() {
    let app = spawn_app().await;
    let token = app.shop().await.token_of(100_000_000, &fresh("order")).await;
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')), "{token}");
    // A QR code of 400 characters has modules of 3 px in a 240 px square.
    assert!(token.len() < 400, "{} characters", token.len());
}

#[tokio::test]
async fn a_changed_or_foreign_token_is_refused_and_changes_nothing() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other_app = spawn_app().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut cheaper = part(&token, 1);
    cheaper["amount"] = json!(1);
    let foreign = other_app.shop().await.token_of(15_000, &order).await;
    let (head, _) = token.rsplit_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": part(&token, 0)["kid"] }).to_string());
    let unsigned = format!("{none}.{}.", token.split('.').nth(1).unwrap());
    let mut header = Header::new(Algorithm::HS256);
    header.kid = part(&token, 0)["kid"].as_str().map(str::to_owned);
    let forged = encode(&header, &part(&token, 1), &EncodingKey::from_secret(b"guessed")).unwrap();
    let bad = [
        with_payload(&token, &cheaper),
        foreign,
        format!("{head}."),
        format!("{token}x"),
        token[1..].to_owned(),
        unsigned,
        forged,
        String::new(),
        "not a token".to_owned(),
        "\u{0}".to_owned(),
        "x".repeat(20_000),
        customer.token.clone(),
    ];
    for bad in bad {
        customer.approve(&bad).await.refused(400, "INVALID_TOKEN");
        customer.give_up(&bad).await.refused(400, "INVALID_TOKEN");
    }
    assert_eq!(shop.state(&order).await, "READY");
}

#[tokio::test]
async fn a_token_that_is_missing_or_no_text_is_named() {
    let app = spawn_app().await;
    let customer = app.customer_with_card().await;
    for body in [json!({}), json!({ "token": null }), json!({ "token": 1 }), json!({ "token": ["a"] })] {
        customer.approve_with(&body).english().await.refused_field("token");
        let cancel = app.http.post("/api/v1/p/user/request/cancel", &body).bearer(&customer.token);
        cancel.english().await.refused_field("token");
    }
}

#[tokio::test]
async fn a_payment_token_opens_no_account() {
    let app = spawn_app().await;
    let (shop, mut customer) = app.shop_and_customer().await;
    customer.token = shop.token_of(15_000, &fresh("order")).await;
    customer.me().await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn the_master_key_is_replaced_while_tokens_are_out() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer_with_card().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    let app = app
        .restart_with(|settings| {
            let old = std::mem::replace(
                &mut settings.vault.master_key,
                "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
            );
            settings.vault.previous_keys = vec![old];
        })
        .await;
    let (shop, customer) = (shop.at(&app.http), customer.at(&app.http));
    let approved = customer.approve(&token).await.data();
    let new: String = shop.token_of(15_000, &fresh("order")).await;
    assert_eq!(part(&token, 0)["kid"], part(&new, 0)["kid"], "it seals the keys, and signs nothing itself");
    // What was sealed before is read, and a card stays unique.
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str());
    customer.add_card(&card(&CARDS[0])).await.refused(409, "CARD_ALREADY_REGISTERED");
    let confirm = json!({ "orderId": approved["orderId"], "paymentKey": approved["paymentKey"], "amount": 15_000 });
    assert_eq!(shop.confirm(&confirm).await.data()["status"], "DONE");
    app.stop().await;
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    let (app, elsewhere) = (spawn_app().await, spawn_app().await);
    let customer = app.customer_with_card().await;
    let token = elsewhere.shop().await.token_of(15_000, &fresh("order")).await;
    customer.approve(&token).await.refused(400, "INVALID_TOKEN");
    let mut stranger = customer.clone();
    stranger.token = elsewhere.customer().await.token;
    stranger.me().await.refused(401, "UNAUTHORIZED");
}
