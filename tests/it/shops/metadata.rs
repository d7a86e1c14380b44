//! `metadata`: the shop's own object comes back byte for byte.

use crate::support::{Answer, Shop, fresh, spawn_app};

/// What JSON libraries like to change: long numbers, exponents, a key twice, white space, escapes.
const TEXT: &str =
    r#"{ "n":12345678901234567890123456789, "e":1e2,"big":1e400,"f":1.10, "a":1,"a":2 ,"한":"\uac00\/ 가" }"#;

fn create_body(order: &str) -> String {
    let body = Shop::order(15_000, order).to_string();
    format!("{},\"metadata\":{TEXT}}}", body.strip_suffix('}').unwrap())
}

#[track_caller]
fn has_it(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.json);
    let body = std::str::from_utf8(&answer.bytes).unwrap();
    assert!(body.contains(&format!("\"metadata\":{TEXT}")), "{body}");
}

#[tokio::test]
async fn metadata_comes_back_byte_for_byte_to_the_secret_key_alone() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let created = shop.create(&Shop::order(1, "x")).body("application/json", create_body(&order)).await.data();
    has_it(&shop.payment_of_order(&order).await);
    let token = created["token"].as_str().unwrap();
    let key = customer.approve(token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let confirm = serde_json::json!({ "orderId": order, "paymentKey": key, "amount": 15_000 });
    has_it(&shop.confirm(&confirm).await);
    has_it(&shop.payment(&key).await);
    for others in [shop.status(&order).await, customer.transactions(&key).await, customer.payments().await] {
        let body = String::from_utf8(others.bytes.clone()).unwrap();
        assert!(others.status == 200 && !body.contains("metadata"), "{body}");
    }
    // The journal keeps it as well.
    let app = app.restart().await;
    has_it(&shop.at(&app.http).payment(&key).await);
}

#[tokio::test]
async fn an_order_that_is_given_up_shows_its_metadata() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.create(&Shop::order(1, "x")).body("application/json", create_body(&order)).await.data();
    has_it(&shop.cancel_order(&order, &serde_json::json!({ "reason": "sold out" })).await);
}
