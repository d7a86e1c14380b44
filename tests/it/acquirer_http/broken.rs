//! A network that breaks: refused, cut, silent, garbled. What was not sent may be tried again, what may
//! have arrived is in doubt.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::task::JoinSet;
use wiremock::ResponseTemplate;

use super::network::Network;
use crate::support::{Approved, CARDS, Shop, TestApp, card, fresh};

async fn unknown(shop: &Shop, approved: &Approved, what: &str) {
    let answer = shop.confirm_of(approved).await;
    assert_eq!((answer.status, answer.code(), answer.outcome()), (504, "PAYMENT_OUTCOME_UNKNOWN", "unknown"), "{what}");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "{what}");
}

#[tokio::test]
async fn an_answer_that_proves_nothing_leaves_the_charge_in_doubt() {
    let network = Network::v1().await;
    // Many failures in a row must not open the circuit here.
    let app = network.paygate_with(|settings| settings.acquirer.card.breaker_failures = 1_000).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let json_of = |status: u16, body: serde_json::Value| ResponseTemplate::new(status).set_body_json(body);
    let text = |status: u16, body: &str| ResponseTemplate::new(status).set_body_string(body);
    let number = CARDS[0].number;
    let other = "0123456789abcdef0123456789abcdef";
    let answers = [
        ("500", text(500, "")),
        ("502", text(502, "<html>bad gateway</html>")),
        ("503", json_of(503, json!({ "code": "CARD_DECLINED", "message": "no" }))),
        ("200 empty", text(200, "")),
        ("200 html", text(200, "<html>ok</html>")),
        ("200 cut", text(200, "{\"cardNumber\":\"9999-0000-00")),
        ("200 without numbers", json_of(200, json!({ "cardNumber": number, "isValid": true }))),
        (
            "200 of another charge",
            json_of(200, json!({ "cardNumber": number, "isValid": true, "txnNo": other, "approvalNo": "1" })),
        ),
        ("201 list", json_of(201, json!([]))),
        ("302", ResponseTemplate::new(302).insert_header("location", "/elsewhere")),
        ("404 of a proxy", text(404, "not found")),
        ("401", json_of(401, json!({ "code": "UNAUTHORIZED", "message": "no" }))),
        ("408", json_of(408, json!({ "code": "CARD_DECLINED", "message": "no" }))),
        ("429", json_of(429, json!({ "code": "LIMIT_EXCEEDED", "message": "slow down" }))),
        ("400 without a code", text(400, "bad request")),
        ("402 without a code", json_of(402, json!({ "error": "x" }))),
        ("409 conflict", json_of(409, json!({ "code": "TXN_CONFLICT", "message": "no" }))),
        ("huge", text(200, &" ".repeat(200_000))),
        ("late", json_of(200, json!({})).set_delay(Duration::from_secs(3))),
    ];
    let count = answers.len();
    let mut running = JoinSet::new();
    for (amount, (what, answer)) in (1_000..).zip(answers) {
        network.answer_charge(amount, answer);
        let (shop, customer) = (shop.clone(), customer.clone());
        running.spawn(async move {
            let approved = shop.approved_by(&customer, amount).await;
            unknown(&shop, &approved, what).await;
        });
    }
    running.join_all().await;
    assert_eq!(network.asked_for("/approve").await.len(), count, "each was asked for once");
    app.stop().await;
}

#[tokio::test]
async fn a_redirect_takes_no_card_number_elsewhere() {
    let (network, elsewhere) = (Network::v1().await, Network::v1().await);
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let location = format!("{}/card/approve", elsewhere.uri());
    network.answer_with("/approve", ResponseTemplate::new(307).insert_header("location", location.as_str()));
    unknown(&shop, &approved, "redirected").await;
    assert!(elsewhere.asked().await.is_empty());
}

#[tokio::test]
async fn a_verification_without_an_answer_leaves_the_payment_ready() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    for answer in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(200).set_body_string("garbage"),
        ResponseTemplate::new(200).set_delay(Duration::from_secs(3)),
    ] {
        network.answer_with("/verify", answer);
        customer.approve(&token).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        assert_eq!(shop.state(&order).await, "READY");
    }
    network.say_yes();
    customer.approve(&token).await.data();
}

/// A port where nobody listens.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_refused_connection_was_not_sent_and_may_be_tried_again() {
    let network = Network::v1().await;
    let app = network.paygate().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    for nowhere in [closed_port(), "http://paygate.invalid".to_owned()] {
        let app = TestApp::with({
            let (database, key) = (app.database.settings(), app.settings().vault.master_key.clone());
            move |settings| {
                settings.database = database;
                settings.vault.master_key = key;
                settings.acquirer.card.base_url = nowhere;
            }
        })
        .configured_acquirer()
        .start()
        .await;
        let (shop, customer) = (shop.at(&app.http), customer.at(&app.http));
        let answer = shop.confirm_of(&approved).await;
        assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
        customer.approve(&token).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        assert_eq!(shop.state(&order).await, "READY");
        customer.add_card(&card(&CARDS[1])).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        app.stop().await;
    }
    assert!(network.asked_for("/approve").await.is_empty());
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE", "another node reaches it");
    customer.approve(&token).await.data();
}

/// Says yes to checks, and cuts the connection when it is asked for a charge.
fn cutting_network(cuts: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            if String::from_utf8_lossy(&request[..read]).starts_with("POST /card/approve ") {
                cuts.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let body = format!(r#"{{"cardNumber":"{}","isValid":true}}"#, CARDS[0].number);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let _ = stream.write_all(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_connection_cut_after_sending_leaves_the_charge_in_doubt() {
    let cuts = Arc::new(AtomicUsize::new(0));
    let base_url = cutting_network(cuts.clone());
    let app = TestApp::with(move |settings| {
        settings.acquirer.card.base_url = base_url;
        settings.resolution.inquiry_every_ms = 60_000;
        settings.payment.answer_budget_ms = 1_000;
    });
    let app = app.configured_acquirer().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    unknown(&shop, &approved, "cut").await;
    assert_eq!(cuts.load(Ordering::SeqCst), 1, "sent once and never again");
}

#[tokio::test]
async fn a_network_that_never_answers_is_left_alone_for_a_while() {
    let network = Network::v1().await;
    let app = network
        .paygate_with(|settings| {
            settings.acquirer.card.breaker_failures = 3;
            settings.acquirer.card.breaker_open_ms = 60_000;
            settings.acquirer.card.breaker_open_max_ms = 60_000;
        })
        .start()
        .await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    network.answer_with("/validate", ResponseTemplate::new(200).set_delay(Duration::from_secs(3)));
    for _ in 0..3 {
        customer.add_card(&card(&CARDS[1])).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    }
    network.say_yes();
    let before = network.asked().await.len();
    let answer = shop.confirm_of(&approved).await;
    assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
    assert_eq!(network.asked().await.len(), before, "nothing was sent");
}
