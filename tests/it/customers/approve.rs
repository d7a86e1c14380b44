//! `POST /authentication/simple`.

use std::{sync::Arc, time::Instant};

use paygate::{acquirer::Behaviour, domain::Reason};
use serde_json::json;

use crate::support::{CARDS, Play, ScriptedAcquirer, TestApp, card, card_of, fresh, spawn_app};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

#[tokio::test]
async fn an_approval_tells_payment_key_order_card_and_amount() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let approved = customer.approve(&token).await.data();
    let key = approved["paymentKey"].as_str().unwrap();
    let wanted = json!({
        "paymentKey": key, "orderId": order, "cardNumber": "****-****-****-0001", "amount": 15_000,
    });
    assert_eq!(approved, wanted);
    assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), "it stands in URLs: {key}");
    app.stop().await;
}

#[tokio::test]
async fn the_same_customer_again_gets_the_same_answer() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    let first = customer.approve(&token).await;
    first.data();
    let second_card = customer.add_card(&card(&CARDS[1])).await.data()["id"].clone();
    assert_eq!(customer.approve(&token).await.bytes, first.bytes);
    let other_card = json!({ "token": token, "cardId": second_card });
    assert_eq!(customer.approve_with(&other_card).await.bytes, first.bytes, "the first card stays");
    assert_eq!(acquirer.verified(), 1);
    let approved = first.data();
    let confirm = json!({ "orderId": approved["orderId"], "paymentKey": approved["paymentKey"], "amount": 15_000 });
    shop.confirm(&confirm).await.data();
    assert_eq!(customer.approve(&token).await.bytes, first.bytes, "after the charge, too");
    shop.cancel(approved["paymentKey"].as_str().unwrap(), &json!({ "amount": 1 })).await.data();
    assert_eq!(customer.approve(&token).await.bytes, first.bytes);
}

#[tokio::test]
async fn a_second_customer_is_too_late_even_when_the_first_one_failed() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let approved = app.approved_payment(&shop, &customer).await;
    other.approve(&approved.token).await.refused(409, "PAYMENT_CLAIMED_BY_ANOTHER");
    let unlucky = app.customer().await;
    unlucky.add_card(&card_of(Behaviour::FailsVerification)).await.data();
    let token = shop.token_of(15_000, &fresh("order")).await;
    unlucky.approve(&token).await.refused(400, "CARD_NOT_VALID");
    other.approve(&token).await.refused(409, "PAYMENT_CLAIMED_BY_ANOTHER");
}

#[tokio::test]
async fn the_representative_card_pays_unless_another_one_is_named() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let second = customer.add_card(&card(&CARDS[1])).await.data()["id"].as_str().unwrap().to_owned();
    for (name, masked) in [(None, "0001"), (Some("cardId"), "0002"), (Some("instrumentId"), "0002")] {
        let token = shop.token_of(15_000, &fresh("order")).await;
        let mut body = json!({ "token": token });
        if let Some(name) = name {
            body[name] = json!(second);
        }
        let approved = customer.approve_with(&body).await.data();
        assert_eq!(approved["cardNumber"], format!("****-****-****-{masked}"));
    }
    customer.choose_card(&second).await.data();
    let token = shop.token_of(15_000, &fresh("order")).await;
    assert_eq!(customer.approve(&token).await.data()["cardNumber"], "****-****-****-0002");
}

#[tokio::test]
async fn a_card_of_somebody_else_does_not_exist() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let theirs = other.cards().await.data()[0]["id"].clone();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    for id in [theirs, json!("x"), json!(""), json!("\u{0}"), json!("0123456789abcdef0123456789abcdef")] {
        let answer = customer.approve_with(&json!({ "token": token, "cardId": id })).await;
        answer.refused(404, "REGISTERED_CARD_NOT_FOUND");
    }
    for bad in [json!(1), json!([]), json!({})] {
        let body = json!({ "token": token, "cardId": bad });
        customer.approve_with(&body).english().await.refused_field("cardId");
    }
    assert_eq!(shop.state(&order).await, "READY");
}

#[tokio::test]
async fn a_customer_without_a_card_cannot_approve() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    customer.approve(&token).await.refused(400, "NO_CARD");
    assert_eq!(shop.state(&order).await, "READY", "nobody owns it yet");
    app.customer_with_card().await.approve(&token).await.data();
}

#[tokio::test]
async fn after_a_failed_verification_another_card_may_be_tried() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    customer.add_card(&card_of(Behaviour::FailsVerification)).await.data();
    let good = customer.add_card(&card(&CARDS[0])).await.data()["id"].clone();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let answer = customer.approve(&token).await;
    assert_eq!(answer.refused(400, "CARD_NOT_VALID").outcome(), "declined");
    assert_eq!(shop.state(&order).await, "READY");
    let approved = customer.approve_with(&json!({ "token": token, "cardId": good })).await.data();
    assert_eq!(approved["cardNumber"], "****-****-****-0001");
}

#[tokio::test]
async fn a_verification_that_cannot_be_asked_leaves_the_payment_open() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    for play in [Play::NotSent, Play::Unknown] {
        acquirer.on_verify(play);
        customer.approve(&token).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        assert_eq!(shop.state(&order).await, "READY");
    }
    acquirer.on_verify(Play::Decline(Reason::CardExpired));
    customer.approve(&token).await.refused(400, "CARD_EXPIRED");
    acquirer.on_verify(Play::Approve);
    customer.approve(&token).await.data();
}

#[tokio::test]
async fn refused_cards_end_a_payment_after_five() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::DECLINE);
    for _ in 0..4 {
        customer.approve(&token).await;
        assert_eq!(shop.state(&order).await, "READY");
    }
    let last = customer.approve(&token).await;
    assert_eq!(last.refused(409, "PAYMENT_ABORTED").outcome(), "declined");
    assert_eq!(shop.state(&order).await, "ABORTED");
    acquirer.on_verify(Play::Approve);
    customer.approve(&token).await.refused(409, "PAYMENT_ABORTED");
}

#[tokio::test]
async fn a_silent_network_does_not_keep_the_phone_waiting() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.payment.acquirer_timeout_ms = 100).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::Hang);
    let started = Instant::now();
    customer.approve(&token).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert_eq!(shop.state(&order).await, "READY");
    app.stop().await;
}

#[tokio::test]
async fn two_phones_of_one_customer_get_the_same_answer() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    acquirer.on_verify(Play::Hang);
    let phones = [0, 1].map(|_| tokio::spawn(customer.approve(&token).into_future()));
    acquirer.hanging(1).await;
    acquirer.release(Play::Approve);
    let [one, two] = phones;
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    one.data();
    assert_eq!(one.bytes, two.bytes);
    assert_eq!(acquirer.verified(), 1, "the card was asked for once");
}

#[tokio::test]
async fn a_payment_that_was_given_back_in_full_is_not_shown_as_paid_to_its_payer() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let cancel = async |body: serde_json::Value| shop.cancel(&paid.key, &body).await.data();
    cancel(serde_json::json!({ "amount": 1_000 })).await;
    assert_eq!(customer.approve(&paid.token).await.data()["paymentKey"], paid.key, "a part of it is still paid");
    cancel(serde_json::json!({})).await;
    customer.approve(&paid.token).await.refused(409, "PAYMENT_CANCELED");
    // Nor when the card is gone.
    let card = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.remove_card(&card).await.data();
    customer.approve(&paid.token).await.refused(409, "PAYMENT_CANCELED");
    app.stop().await;
}
