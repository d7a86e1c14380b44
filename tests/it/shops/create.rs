//! `POST /api/v1/p/merchant`.

use std::{process::Command, time::Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use paygate::routes::ExpiredAt;

use crate::support::{Shop, TestApp, TestClock, fresh, spawn_app};

#[tokio::test]
async fn a_created_payment_has_its_token_and_its_deadline_in_both_spellings() {
    let clock = TestClock::at("2026-11-22T15:59:48.832456Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let created = app.shop().await.create(&Shop::order(15_000, &fresh("order"))).await.data();
    assert_eq!(created["expiredAt"], "2026/11/22,16:09:48-0000(");
    assert_eq!(created["expiresAt"], "2026-11-22T16:09:48.832456Z");
    let names: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(names, ["checkoutUrl", "expiredAt", "expiresAt", "qrSvgUrl", "token"]);
    app.stop().await;
}

#[tokio::test]
async fn the_deadline_in_iso_has_six_decimals_even_when_they_are_zero() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|settings| {
        settings.payment.expires_after_s = 60;
        settings.compat.expired_at = ExpiredAt::Iso;
    });
    let app = app.clock(&clock).start().await;
    let created = app.shop().await.create(&Shop::order(15_000, &fresh("order"))).await.data();
    assert_eq!(created["expiredAt"], "2026-11-22T15:01:00.000000");
    assert_eq!(created["expiresAt"], "2026-11-22T15:01:00.000000Z");
}

#[tokio::test]
async fn a_payment_lives_ten_minutes_by_default() {
    let app = spawn_app().await;
    let before = Timestamp::now();
    let created = app.shop().await.create(&Shop::order(1, &fresh("order"))).await.data();
    let expires: Timestamp = created["expiresAt"].as_str().unwrap().parse().unwrap();
    let life = expires.duration_since(before);
    assert!((600..610).contains(&life.as_secs()), "{life}");
}

#[tokio::test]
async fn older_clients_read_the_deadline_as_the_same_instant_in_every_zone_with_and_without_a_zone_of_their_own() {
    if Command::new("node").arg("--version").output().is_err() {
        assert!(std::env::var_os("PAYGATE_CI").is_none(), "there is no node");
        return;
    }
    let app = spawn_app().await;
    let created = app.shop().await.create(&Shop::order(1, &fresh("order"))).await.data();
    let expired_at = created["expiredAt"].as_str().unwrap();
    let expires: Timestamp = created["expiresAt"].as_str().unwrap().parse().unwrap();
    for zone in ["Asia/Seoul", "UTC", "America/New_York"] {
        for text in [expired_at.to_owned(), format!("{expired_at}Z")] {
            let script = "process.stdout.write(String(new Date(process.argv[1]).getTime()))";
            let read = Command::new("node").args(["-e", script, &text]).env("TZ", zone).output().unwrap();
            let read = String::from_utf8(read.stdout).unwrap();
            assert_eq!(read, (expires.as_second() * 1_000).to_string(), "{text} in {zone}");
        }
    }
}

#[tokio::test]
async fn the_links_lead_to_this_server_and_carry_the_token() {
    let app = spawn_app().await;
    let created = app.shop().await.create(&Shop::order(15_000, &fresh("order"))).await.data();
    let token = created["token"].as_str().unwrap();
    assert_eq!(created["checkoutUrl"], format!("{}/checkout/{token}", app.http.base()));
    assert_eq!(created["qrSvgUrl"], format!("{}/checkout/{token}/qr.svg", app.http.base()));
}

#[tokio::test]
async fn the_links_lead_to_the_configured_public_address() {
    let app = TestApp::with(|settings| settings.server.public_url = "https://pay.example.com/".to_owned());
    let app = app.start().await;
    let created = app.shop().await.create(&Shop::order(15_000, &fresh("order"))).await.data();
    assert!(created["checkoutUrl"].as_str().unwrap().starts_with("https://pay.example.com/checkout/"));
}

#[tokio::test]
async fn an_order_that_exists_is_refused_in_every_state_and_with_any_content() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    shop.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    shop.create(&Shop::order(1, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    shop.cancel_order(&order, &json!({})).await.data();
    shop.create(&Shop::order(15_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    let paid = app.done_payment(&shop, &customer).await;
    shop.create(&Shop::order(15_000, &paid.order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    assert_eq!(shop.payment_of_order(&order).await.data()["amount"], 15_000, "the first stays what it was");
}

#[tokio::test]
async fn two_shops_may_use_the_same_order_id() {
    let app = spawn_app().await;
    let (one, other) = (app.shop().await, app.shop().await);
    one.token_of(1_000, "order-1").await;
    other.token_of(2_000, "order-1").await;
    assert_eq!(one.payment_of_order("order-1").await.data()["amount"], 1_000);
    assert_eq!(other.payment_of_order("order-1").await.data()["amount"], 2_000);
}

#[tokio::test]
async fn order_ids_that_differ_in_case_are_different_orders() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    shop.token_of(1_000, "Order-A").await;
    shop.token_of(2_000, "order-a").await;
    assert_eq!(shop.payment_of_order("Order-A").await.data()["amount"], 1_000);
}

#[tokio::test]
async fn unknown_fields_are_tolerated_and_ours_are_optional() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    let body = json!({
        "amount": 15_000, "orderId": order, "orderName": "커피", "currency": "KRW", "customer": { "name": "김" },
        "successUrl": "https://shop.example.com/success?a=b", "failUrl": "http://shop.example.com/fail",
        "metadata": { "cart": ["a", 1, null], "note": "따뜻하게" },
    });
    shop.create(&body).await.data();
    assert_eq!(shop.state(&order).await, "READY");
    let nulls = json!({
        "amount": 1, "orderId": fresh("order"), "orderName": "커피",
        "successUrl": null, "failUrl": null, "metadata": null,
    });
    shop.create(&nulls).await.data();
}

#[tokio::test]
async fn the_page_gets_its_answer_well_under_five_seconds() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let started = Instant::now();
    shop.token_of(15_000, &fresh("order")).await;
    assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_clock_of_the_house_decides_when_a_payment_was_created() {
    let clock = TestClock::at("2030-01-01T00:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let shop = app.shop().await;
    shop.token_of(1, "early").await;
    clock.advance(SignedDuration::from_secs(1));
    let created = shop.create(&Shop::order(1, "late")).await.data();
    assert_eq!(created["expiresAt"], "2030-01-01T00:10:01.000000Z");
}
