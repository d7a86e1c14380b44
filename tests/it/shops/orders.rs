//! Shops, by their own order id.

use std::future::IntoFuture;

use paygate::domain::Reason;
use serde_json::{Value, json};

use crate::support::{Play, ScriptedAcquirer, TestApp, fresh, spawn_app};

#[tokio::test]
async fn the_status_is_what_a_page_may_poll() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let ready = json!({ "orderId": order, "status": "READY", "amount": 15_000 });
    assert_eq!(shop.status(&order).await.data(), ready, "no payment key before a customer has approved");
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    let approved = json!({ "orderId": order, "status": "IN_PROGRESS", "paymentKey": key, "amount": 15_000 });
    assert_eq!(shop.status(&order).await.data(), approved);
    shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).await.data();
    assert_eq!(shop.status(&order).await.data()["status"], "DONE");
    let key = key.as_str().unwrap();
    shop.cancel(key, &json!({ "amount": 5_000 })).await.data();
    assert_eq!(shop.status(&order).await.data()["status"], "PARTIAL_CANCELED");
    shop.cancel(key, &json!({})).await.data();
    assert_eq!(shop.status(&order).await.data()["status"], "CANCELED");
}

#[tokio::test]
async fn an_order_can_be_looked_at_before_anybody_approved() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let payment = shop.payment_of_order(&order).await.data();
    assert_eq!(payment["status"], "READY");
    assert_eq!(payment["paymentKey"], Value::Null);
    assert_eq!(payment["cardNumber"], Value::Null);
    assert_eq!(payment["accountId"], Value::Null);
    assert_eq!((&payment["transactions"], &payment["balanceAmount"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn an_unknown_order_is_not_found() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for order in ["never-seen", "a%22b", "%00", "%E2%80%A8", &"x".repeat(101), "%FF", "a%2Fb"] {
        for answer in [shop.status(order).await, shop.payment_of_order(order).await] {
            assert!(matches!(answer.status, 404 | 400), "{order}: {}", answer.json);
        }
        let answer = shop.cancel_order(order, &json!({})).await;
        assert!(matches!(answer.status, 404 | 400), "{order}: {}", answer.json);
    }
    shop.status("never-seen").await.refused(404, "PAYMENT_NOT_FOUND");
    shop.payment_of_order("never-seen").await.refused(404, "PAYMENT_NOT_FOUND");
    shop.cancel_order("never-seen", &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn an_order_is_given_up_before_the_charge_and_stays_so() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).listen().await;
    shop.cancel_order(&order, &json!({ "amount": 1 })).await.refused_field("amount");
    let canceled = shop.cancel_order(&order, &json!({ "reason": "품절" })).await.data();
    assert_eq!((&canceled["orderId"], &canceled["status"]), (&json!(order), &json!("CANCELED")));
    assert_eq!(canceled["transactions"], json!([]), "no money moved");
    events.expect_all(&["onopen", "payment-ready", "payment-canceled"]).await;
    customer.approve(&token).await.refused(409, "PAYMENT_CANCELED");
    shop.cancel_order(&order, &json!({})).await.refused(409, "PAYMENT_CANCELED");
}

#[tokio::test]
async fn an_approved_order_is_given_up_too_and_cannot_be_confirmed_any_more() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    assert_eq!(shop.cancel_order(&approved.order, &json!({})).await.data()["status"], "CANCELED");
    shop.confirm_of(&approved).await.refused(409, "PAYMENT_CANCELED");
    customer.approve(&approved.token).await.refused(409, "PAYMENT_CANCELED");
    assert!(acquirer.authorized().is_empty());
}

#[tokio::test]
async fn an_order_is_given_up_while_the_card_is_being_verified() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::Hang);
    let approve = tokio::spawn(customer.approve(&token).into_future());
    acquirer.hanging(1).await;
    assert_eq!(shop.state(&order).await, "IN_VERIFICATE");
    shop.cancel_order(&order, &json!({})).await.data();
    approve.await.unwrap().refused(409, "PAYMENT_CANCELED");
    acquirer.release(Play::Approve);
    assert_eq!(shop.state(&order).await, "CANCELED", "a late verification changes nothing");
    app.stop().await;
}

#[tokio::test]
async fn after_the_charge_giving_up_gives_everything_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data();
    let transaction = shop.cancel_order(&paid.order, &json!({ "reason": "전체 취소" })).await.data();
    assert_eq!((&transaction["amount"], &transaction["status"]), (&json!(-10_000), &json!("CANCELED")));
    assert_eq!(transaction["reason"], "전체 취소");
    assert_eq!(shop.state(&paid.order).await, "CANCELED");
    shop.cancel_order(&paid.order, &json!({})).await.refused(409, "NOTHING_LEFT");
    assert_eq!(app.sandbox.totals().held(), 0);
}

#[tokio::test]
async fn a_reason_is_a_short_text() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let paid = app.done_payment(&shop, &customer).await;
    for reason in [
        json!(1),
        json!([]),
        json!({}),
        json!("x".repeat(201)),
        json!("😀".repeat(201)),
        json!("a\u{0}b"),
        json!("\u{85}"),
    ] {
        let body = json!({ "reason": reason });
        shop.cancel_order(&order, &body).english().await.refused_field("reason");
        shop.cancel(&paid.key, &body).english().await.refused_field("reason");
        shop.desk_cancel(&paid.key, &body).english().await.refused_field("reason");
    }
    assert_eq!(shop.state(&order).await, "READY");
    assert_eq!(shop.state(&paid.order).await, "DONE");
    let long = "😀".repeat(200);
    assert_eq!(shop.cancel(&paid.key, &json!({ "reason": long })).await.data()["reason"], long);
}

#[tokio::test]
async fn a_part_of_an_order_is_not_given_back_where_all_of_it_is() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel_order(&paid.order, &json!({ "amount": 5_000 })).await.refused_field("amount");
    shop.cancel_order(&paid.order, &json!({ "amount": 15_001 })).await.refused(409, "EXCEEDS_BALANCE");
    assert_eq!(shop.state(&paid.order).await, "DONE", "nothing was given back");
    let transaction = shop.cancel_order(&paid.order, &json!({ "amount": 15_000 })).await.data();
    assert_eq!(transaction["amount"], -15_000);
    let waiting = fresh("order");
    shop.token_of(15_000, &waiting).await;
    shop.cancel_order(&waiting, &json!({ "amount": 15_001 })).await.refused_field("amount");
}

#[tokio::test]
async fn a_rest_that_was_given_back_stays_the_answer_under_its_key() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Hang);
    let most = tokio::spawn(shop.cancel(&paid.key, &json!({ "amount": 9_000 })).into_future());
    acquirer.hanging(1).await;
    acquirer.on_refund(Play::Approve);
    let rest = async || shop.cancel_order(&paid.order, &json!({ "amount": 6_000 })).once("rest").await.data();
    let first = rest().await;
    assert_eq!(first["amount"], -6_000);
    acquirer.release(Play::Decline(Reason::Declined));
    most.await.unwrap().refused(409, "REFUND_DECLINED");
    assert_eq!(rest().await, first, "although more than that is left by now");
}
