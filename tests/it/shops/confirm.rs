//! `POST …/merchant/confirm`: who may take the money, and when.

use paygate::domain::PaymentKey;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CARDS, ScriptedAcquirer, TestApp, fresh, spawn_app};

#[tokio::test]
async fn a_confirmed_payment_tells_what_the_shop_must_print() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let confirmed = shop.confirm_of(&approved).await.data();
    assert_eq!(confirmed["orderId"], approved.order.as_str());
    assert_eq!(confirmed["paymentKey"], approved.key.as_str());
    assert_eq!(confirmed["amount"], 15_000);
    assert_eq!(confirmed["status"], "DONE");
    assert_eq!(confirmed["method"], "card");
    assert_eq!(confirmed["card"], json!({ "issuer": CARDS[0].company, "number": "****-****-****-0001" }));
    assert!(confirmed["approvalNo"].as_str().is_some_and(|no| !no.is_empty()), "{confirmed}");
    let approved_at = confirmed["approvedAt"].as_str().unwrap();
    assert!(approved_at.ends_with('Z') && approved_at.parse::<jiff::Timestamp>().is_ok(), "{approved_at}");
    assert_eq!(app.sandbox.totals().held(), 15_000, "the network took the money once");
    app.stop().await;
}

#[tokio::test]
async fn a_confirm_with_a_wrong_amount_leaves_the_payment_confirmable() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    for wrong in (1..10).map(|wrong| 15_000 + wrong) {
        let mut body = approved.confirm();
        body["amount"] = json!(wrong);
        shop.confirm(&body).await.refused(400, "WRONG_AMOUNT");
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    }
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
    assert_eq!(app.sandbox.totals().approved.count, 1);
}

#[tokio::test]
async fn the_tenth_wrong_amount_aborts_the_payment_and_nothing_is_charged() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut body = approved.confirm();
    body["amount"] = json!(1);
    for _ in 0..10 {
        shop.confirm(&body).await.refused(400, "WRONG_AMOUNT");
    }
    assert_eq!(shop.state(&approved.order).await, "ABORTED");
    shop.confirm_of(&approved).await.refused(409, "PAYMENT_ABORTED");
    assert!(acquirer.authorized().is_empty());
    let mut events = shop.events(&approved.order).listen().await;
    let aborted = events.until("payment-aborted").await.pop().unwrap();
    assert_eq!(aborted.json()["failureCode"], "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_confirm_repeated_after_done_is_refused_and_has_no_effect() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let before = shop.payment(&paid.key).await.data();
    shop.confirm_of(&paid).await.refused(409, "ALREADY_CONFIRMED");
    assert_eq!(shop.payment(&paid.key).await.data(), before);
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
    shop.cancel(&paid.key, &json!({})).await.data();
    shop.confirm_of(&paid).await.refused(409, "ALREADY_CONFIRMED");
}

#[tokio::test]
async fn a_payment_nobody_approved_cannot_be_confirmed() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let (merchant, name) = (shop.id.parse().unwrap(), order.parse().unwrap());
    let id = app.inside(async move |app| app.payments.find(merchant, &name).await.unwrap()).await;
    let guessed = PaymentKey::new(id, 1).to_string();
    let body = json!({ "orderId": order, "paymentKey": guessed, "amount": 15_000 });
    shop.confirm(&body).await.refused(409, "PAYMENT_NOT_APPROVED");
}

#[tokio::test]
async fn a_guessed_payment_key_is_unknown() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let known: PaymentKey = approved.key.parse().unwrap();
    let guesses = [PaymentKey::new(known.payment(), 1).to_string(), "x".repeat(43), "no key".to_owned(), String::new()];
    for guess in guesses {
        let mut body = approved.confirm();
        body["paymentKey"] = json!(guess);
        shop.confirm(&body).await.refused(404, "PAYMENT_NOT_FOUND");
    }
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
}

#[tokio::test]
async fn key_and_order_must_belong_together_and_to_this_shop() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other_shop = app.shop().await;
    let one = app.approved_payment(&shop, &customer).await;
    let two = app.approved_payment(&shop, &customer).await;
    let mixed = json!({ "orderId": one.order, "paymentKey": two.key, "amount": 15_000 });
    shop.confirm(&mixed).await.refused(404, "PAYMENT_NOT_FOUND");
    other_shop.confirm_of(&one).await.refused(404, "PAYMENT_NOT_FOUND");
    let unknown = json!({ "orderId": "never-seen", "paymentKey": one.key, "amount": 15_000 });
    shop.confirm(&unknown).await.refused(404, "PAYMENT_NOT_FOUND");
    assert_eq!(app.sandbox.totals().approved.count, 0);
}

#[tokio::test]
async fn bad_input_to_a_confirm_is_named_and_is_no_attempt() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let bad: [(&str, &[Value]); 3] = [
        ("orderId", &[json!(null), json!(1), json!(""), json!("a\nb"), json!({}), json!("x".repeat(101))]),
        ("paymentKey", &[json!(null), json!(1), json!([]), json!({})]),
        (
            "amount",
            &[json!(null), json!("15000"), json!(0), json!(-15_000), json!(15_000.5), json!(100_000_001), json!([])],
        ),
    ];
    for (field, values) in bad {
        for value in values {
            let mut body = approved.confirm();
            body[field] = value.clone();
            shop.confirm(&body).english().await.refused_field(field);
        }
    }
    shop.confirm(&json!({})).english().body("application/json", "{").await.refused_field("body");
    let mut with_more = approved.confirm();
    with_more["extra"] = json!({ "is": "tolerated" });
    assert_eq!(shop.confirm(&with_more).await.data()["status"], "DONE");
}

#[tokio::test]
async fn the_payment_and_its_order_show_the_present_state_and_what_moved() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let payment = shop.payment(&paid.key).await.data();
    assert_eq!(payment, shop.payment_of_order(&paid.order).await.data());
    assert_eq!(payment["status"], "DONE");
    assert_eq!(payment["paymentKey"], paid.key.as_str());
    assert_eq!(payment["cardNumber"], "****-****-****-0001");
    assert_eq!(payment["accountId"], customer.id.as_str());
    assert_eq!(payment["paymentType"], "CARD");
    assert_eq!((&payment["orderId"], &payment["orderName"]), (&json!(paid.order), &json!("드립 커피 세트")));
    assert_eq!((&payment["amount"], &payment["balanceAmount"]), (&json!(15_000), &json!(15_000)));
    assert_eq!(payment["merchantName"], shop.name.as_str());
    let transaction = &payment["transactions"][0];
    assert_eq!((&transaction["status"], &transaction["amount"]), (&json!("APPROVED"), &json!(15_000)));
    assert_eq!(transaction["paymentKey"], paid.key.as_str());
}

#[tokio::test]
async fn what_is_no_payment_key_is_no_payment() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for key in ["x", "%00", "%F0%9F%98%80", &"x".repeat(43), &"x".repeat(3_000), "..%2f.."] {
        shop.payment(key).await.refused(404, "PAYMENT_NOT_FOUND");
        shop.cancel(key, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
        shop.desk_cancel(key, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
        shop.transactions(key).await.refused(404, "PAYMENT_NOT_FOUND");
    }
    let nobody = shop.with_keys("", "");
    nobody.payment("x").await.refused(401, "UNAUTHORIZED");
    let put = app.http.call(Method::PUT, "/api/v1/p/merchant/confirm").key(&shop.secret);
    put.await.refused(405, "METHOD_NOT_ALLOWED");
}
