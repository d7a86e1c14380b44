//! Bodies and their sizes.

use serde_json::json;

use crate::support::{CARDS, Call, PASSWORD, Shop, card, fresh, spawn_app};

const LIMIT: usize = 32 * 1024;

/// The body, padded with a field nobody knows.
fn padded(body: &serde_json::Value, bytes: usize) -> Vec<u8> {
    let mut body = body.clone();
    body["padding"] = json!("");
    let length = body.to_string().len();
    body["padding"] = json!("x".repeat(bytes - length));
    let text = body.to_string();
    assert_eq!(text.len(), bytes);
    text.into_bytes()
}

fn with(call: Call, body: Vec<u8>) -> Call {
    call.body("application/json", body)
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let body = Shop::order(15_000, &fresh("order"));
    let answer = with(shop.create(&body), padded(&body, LIMIT + 1)).await;
    answer.refused(413, "PAYLOAD_TOO_LARGE");
    with(shop.create(&body), padded(&body, LIMIT)).await.data();
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_everywhere() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let calls = [
        shop.create(&json!({})),
        shop.confirm_of(&approved),
        shop.cancel(&approved.key, &json!({})),
        shop.cancel_order(&approved.order, &json!({})),
        shop.desk_cancel(&approved.key, &json!({})),
        shop.issue_keys(),
        customer.add_card(&card(&CARDS[0])),
        customer.approve(&approved.token),
        customer.give_up(&approved.token),
        app.http.post("/api/v1/p/user/sign-up", &json!({})),
        app.http.post("/api/v1/p/user/sign-in", &json!({})),
        app.http.post("/api/backoffice/v1/sign-up", &json!({})),
        app.http.post("/api/backoffice/v1/sign-in", &json!({})),
    ];
    for call in calls {
        let spaces = vec![b' '; LIMIT + 1];
        with(call, spaces).await.refused(413, "PAYLOAD_TOO_LARGE");
    }
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str());
}

#[tokio::test]
async fn a_body_in_chunks_is_measured_too() {
    use std::io::{Read, Write};

    let app = spawn_app().await;
    let address = app.http.base().trim_start_matches("http://").to_owned();
    let answered = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head = "POST /api/v1/p/user/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
        for _ in 0..3 {
            // It may hang up before it has read all.
            let _ = stream.write_all(chunk.as_bytes());
        }
        let _ = stream.write_all(b"0\r\n\r\n");
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    });
    assert_eq!(answered.await.unwrap(), "HTTP/1.1 413");
}

#[tokio::test]
async fn unknown_fields_are_tolerated_in_every_body_that_names_its_amount() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let and_more = |mut body: serde_json::Value| {
        body["unknown"] = json!({ "nested": [1, 2, 3] });
        body["ok"] = json!(true);
        body
    };
    let order = fresh("order");
    let token = shop.create(&and_more(Shop::order(15_000, &order))).await.data()["token"].clone();
    let key = customer.approve_with(&and_more(json!({ "token": token }))).await.data()["paymentKey"].clone();
    let confirm = json!({ "orderId": order, "paymentKey": key, "amount": 15_000 });
    shop.confirm(&and_more(confirm)).await.data();
    let key = key.as_str().unwrap();
    shop.cancel(key, &and_more(json!({ "amount": 1 }))).await.data();
    shop.desk_cancel(key, &and_more(json!({ "amount": 1 }))).await.data();
    shop.cancel_order(&order, &and_more(json!({ "amount": 14_998 }))).await.data();
    app.http.post("/api/backoffice/v1/keys", &and_more(json!({}))).bearer(&shop.token).await.data();
    let mut second = card(&CARDS[1]);
    second["cardId"] = json!(7);
    customer.add_card(&and_more(second)).await.data();
}

#[tokio::test]
async fn a_body_is_read_whatever_its_content_type_says() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let body = json!({ "email": customer.email, "password": PASSWORD }).to_string();
    for content_type in ["application/json", "application/json; charset=utf-8", "text/plain;charset=UTF-8", "x"] {
        let call = app.http.post("/api/v1/p/user/sign-in", &json!({}));
        call.body(content_type, body.clone()).await.data();
    }
}
