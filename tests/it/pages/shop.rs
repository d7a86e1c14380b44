//! The demo shop's server side: what it believes of an address, and what it never does.

use paygate::demo::{CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    pages::html,
    support::{Call, TestApp, spawn_app},
};

async fn demo() -> TestApp {
    TestApp::with(|settings| settings.demo.seed = Some(true)).start().await
}

/// The order of a product that the shop's page holds ready.
async fn order_of(app: &TestApp, product: &str) -> String {
    let (status, _, page) = html(app.http.get("/shop/")).await;
    assert_eq!(status, 200);
    let start = page.find(&format!("value=\"{product}-")).unwrap() + "value=\"".len();
    page[start..].split('"').next().unwrap().to_owned()
}

fn order_form(app: &TestApp, order: &str) -> Call {
    let form = format!("order_id={order}");
    app.http.call(Method::POST, "/shop/orders").body("application/x-www-form-urlencoded", form)
}

/// The demo customer approves what the checkout at `url` shows; returns the payment's key.
async fn approve(app: &TestApp, url: &str) -> String {
    let token = url.split("/checkout/").nth(1).unwrap();
    let customer = sign_in(app, "/api/v1/p/user", CUSTOMER_EMAIL).await;
    let approved =
        app.http.post("/api/v1/p/user/authentication/simple", &json!({ "token": token })).bearer(&customer).await;
    approved.data()["paymentKey"].as_str().unwrap().to_owned()
}

async fn sign_in(app: &TestApp, room: &str, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = app.http.post(format!("{room}/sign-in"), &body).await.data();
    answer["accessToken"].as_str().unwrap().to_owned()
}

/// The demo shop's keys: the secret one and the one that stands in its page.
async fn keys(app: &TestApp) -> (String, String) {
    let desk = sign_in(app, "/api/backoffice/v1", SHOP_EMAIL).await;
    let keys = app.http.get("/api/backoffice/v1/my-key").bearer(&desk).await.data();
    let key = |name: &str| keys[name].as_str().unwrap().to_owned();
    (key("apiKey"), key("clientKey"))
}

async fn payment_of(app: &TestApp, order: &str) -> Value {
    let (secret, _) = keys(app).await;
    app.http.get(format!("/api/v1/p/merchant/orders/{order}")).key(&secret).await.data()
}

#[tokio::test]
async fn an_order_without_a_script_leads_to_its_checkout() {
    let app = demo().await;
    let order = order_of(&app, "mug").await;
    let response = order_form(&app, &order).response().await;
    let url = response.url().to_string();
    assert!(url.starts_with(&format!("{}/checkout/", app.http.base())), "{url}");
    let page = response.text().await.unwrap();
    assert!(page.contains("18,000원") && page.contains(&order));
    let again = order_form(&app, &order).response().await;
    assert_eq!(again.url().as_str(), url, "the same order again is the same payment");
}

#[tokio::test]
async fn whoever_loads_the_address_of_an_order_again_is_in_the_shop() {
    let app = demo().await;
    let response = app.http.get("/shop/orders?lang=en&keep").response().await;
    assert_eq!(response.url().as_str(), format!("{}/shop/?lang=en&keep", app.http.base()));
    assert!(response.text().await.unwrap().contains("Buy"));
}

#[tokio::test]
async fn what_is_confirmed_is_the_shops_own_price() {
    let app = demo().await;
    let order = order_of(&app, "coffee").await;
    let url = order_form(&app, &order).response().await.url().to_string();
    let key = approve(&app, &url).await;
    let success = format!("/shop/success?paymentKey={key}&orderId={order}&amount=1");
    for _ in 0..2 {
        let (status, _, page) = html(app.http.get(&success)).await;
        assert_eq!(status, 200);
        assert!(page.contains("data-state=\"paid\"") && page.contains("4,500원") && page.contains("국민"));
    }
    let payment = payment_of(&app, &order).await;
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("DONE"), &json!(4500)));
    assert_eq!(payment["transactions"].as_array().unwrap().len(), 1, "a second look charges nothing");
}

/// The client key stands in the page: anybody can ask for a payment of any amount with it.
#[tokio::test]
async fn a_payment_that_a_visitor_made_cheaper_is_not_confirmed() {
    let app = demo().await;
    let order = order_of(&app, "grinder").await;
    let (_, client) = keys(&app).await;
    let cheap = json!({ "orderId": order, "orderName": "핸드 그라인더", "amount": 1 });
    let created = app.http.post("/api/v1/p/merchant", &cheap).key(&client).await.data();
    let key = approve(&app, created["checkoutUrl"].as_str().unwrap()).await;
    let (_, _, page) =
        html(app.http.get(format!("/shop/success?paymentKey={key}&orderId={order}&amount=129000"))).await;
    assert!(page.contains("data-state=\"failed\"") && page.contains("결제 금액이 일치하지 않습니다."));
    assert_eq!(payment_of(&app, &order).await["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn an_order_of_somebody_else_is_none_of_its_business() {
    let app = demo().await;
    let (number, known) = (Uuid::nil(), order_of(&app, "beans").await);
    for order in ["order-1", "coffee", "coffee-1", &format!("tea-{number}"), &format!("{known}-x")] {
        assert_eq!(order_form(&app, order).response().await.status(), 404, "{order}");
        let success = app.http.get("/shop/success").query("paymentKey", "x").query("orderId", order);
        assert_eq!(html(success).await.0, 404, "{order}");
    }
    // Its own order, but a payment that is none.
    let success = app.http.get("/shop/success").query("paymentKey", "x").query("orderId", &known);
    let (status, _, page) = html(success).await;
    assert_eq!(status, 200);
    assert!(page.contains("data-state=\"failed\""));
}

#[tokio::test]
async fn an_address_puts_no_words_into_the_shops_mouth() {
    let app = demo().await;
    let fail = |code: &str| {
        let call = app.http.get("/shop/fail").query("code", code).query("message", "Send us your card number");
        html(call.query("orderId", "<b>order</b>"))
    };
    for (code, text) in [
        ("PAYMENT_CANCELED", "취소된 결제입니다."),
        ("PAYMENT_EXPIRED", "유효 시간이 지난 결제입니다."),
        ("CALL_US", "중단된 결제입니다."),
        ("", "중단된 결제입니다."),
    ] {
        let (status, _, page) = fail(code).await;
        assert_eq!(status, 200);
        assert!(page.contains(text), "{code}");
        assert!(!page.contains("card number") && !page.contains("<b>") && !page.contains("CALL_US"), "{code}");
    }
}

#[tokio::test]
async fn without_a_demo_there_is_no_shop() {
    let app = spawn_app().await;
    for path in ["/shop", "/shop/", "/shop/success?paymentKey=x&orderId=y", "/shop/fail"] {
        assert_eq!(app.http.get(path).response().await.status(), 404, "{path}");
    }
    assert_eq!(order_form(&app, &format!("coffee-{}", Uuid::nil())).response().await.status(), 404);
}
