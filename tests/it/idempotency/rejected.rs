//! Which answers are kept: those of calls that had an effect. A call that came to nothing may be made
//! again under its key.

use std::sync::Arc;

use paygate::{acquirer::Behaviour, domain::Reason};
use serde_json::json;

use crate::support::{CARDS, Play, ScriptedAcquirer, Shop, TestApp, card, card_of, fresh, spawn_app};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

#[tokio::test]
async fn a_call_that_came_too_early_may_be_made_again() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let refund = shop.cancel(&approved.key, &json!({ "amount": 1_000 })).once("k");
    refund.clone().await.refused(409, "PAYMENT_NOT_CHARGED");
    shop.confirm_of(&approved).await.data();
    let refunded = refund.await;
    assert!(!refunded.is_replayed());
    assert_eq!(refunded.data()["amount"], -1_000);
    app.stop().await;
}

#[tokio::test]
async fn bad_input_does_not_use_the_key_up() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.create(&json!({})).once("k").await.refused(400, "INVALID_REQUEST");
    shop.create(&Shop::order(15_000, &paid.order)).once("k").await.refused(409, "ORDER_ALREADY_EXISTS");
    shop.create(&Shop::order(15_000, &fresh("order"))).once("k").await.data();
    shop.cancel(&paid.key, &json!({ "amount": 20_000 })).once("k").await.refused(409, "EXCEEDS_BALANCE");
    shop.cancel(&paid.key, &json!({ "amount": 15_000 })).once("k").await.data();
    shop.cancel(&paid.key, &json!({ "amount": 1 })).once("k2").await.refused(409, "NOTHING_LEFT");
}

#[tokio::test]
async fn bad_credentials_do_not_use_the_key_up() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let body = Shop::order(15_000, &fresh("order"));
    app.http.post("/api/v1/p/merchant", &body).key("guess").once("k").await.refused(401, "UNAUTHORIZED");
    let page = shop.with_keys(&shop.client, &shop.client);
    let confirm = json!({ "orderId": "x", "paymentKey": "x".repeat(43), "amount": 1 });
    page.confirm(&confirm).once("k").await.refused(403, "FORBIDDEN");
    assert!(!shop.create(&body).once("k").await.is_replayed());
}

#[tokio::test]
async fn a_card_the_company_refused_does_not_use_the_key_up() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let mut wrong = card(&CARDS[0]);
    wrong["cvc"] = json!("999");
    customer.add_card(&wrong).once("k").await.refused(400, "CARD_WRONG_CVC");
    customer.add_card(&card(&CARDS[0])).once("k").await.data();
}

#[tokio::test]
async fn what_was_not_sent_may_be_tried_again_with_the_same_key() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::NotSent);
    acquirer.on_authorize(Play::NotSent);
    acquirer.on_refund(Play::NotSent);
    acquirer.on_validate(Play::NotSent);
    let approve = customer.approve(&token).once("k");
    approve.clone().await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    acquirer.on_verify(Play::Approve);
    let key = approve.await.data()["paymentKey"].as_str().unwrap().to_owned();
    let confirm = shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).once("k");
    for _ in 0..3 {
        let answer = confirm.clone().await;
        assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
        assert!(!answer.is_replayed());
    }
    acquirer.on_authorize(Play::Approve);
    let confirmed = confirm.clone().await;
    assert!(!confirmed.is_replayed());
    assert_eq!(confirmed.data()["status"], "DONE");
    assert!(confirm.await.is_replayed());
    let refund = shop.cancel(&key, &json!({ "amount": 1_000 })).once("k");
    refund.clone().await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    acquirer.on_refund(Play::Approve);
    refund.clone().await.data();
    assert!(refund.await.is_replayed());
    let register = customer.add_card(&card(&CARDS[1])).once("k");
    register.clone().await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    acquirer.on_validate(Play::Approve);
    register.await.data();
    assert_eq!(shop.payment(&key).await.data()["balanceAmount"], 14_000);
}

#[tokio::test]
async fn a_decline_is_kept_and_answered_again() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Decline(Reason::CardLost));
    let first = shop.confirm_of(&approved).once("k").await;
    first.refused(402, "CARD_LOST");
    acquirer.on_authorize(Play::Approve);
    let again = shop.confirm_of(&approved).once("k").await;
    assert_eq!((again.status, &again.bytes), (402, &first.bytes));
    assert!(again.is_replayed());
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
}

#[tokio::test]
async fn a_wrong_amount_is_kept_and_counted_once() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut wrong = approved.confirm();
    wrong["amount"] = json!(1);
    let first = shop.confirm(&wrong).once("wrong").await;
    first.refused(400, "WRONG_AMOUNT");
    for _ in 0..15 {
        let again = shop.confirm(&wrong).once("wrong").await;
        assert_eq!((again.status, &again.bytes), (400, &first.bytes));
    }
    assert_eq!(shop.confirm_of(&approved).once("right").await.data()["status"], "DONE");
}

#[tokio::test]
async fn a_failed_verification_is_kept_and_another_key_tries_another_card() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    customer.add_card(&card_of(Behaviour::FailsVerification)).await.data();
    let good = customer.add_card(&card(&CARDS[0])).await.data()["id"].clone();
    let token = shop.token_of(15_000, &fresh("order")).await;
    let first = customer.approve(&token).once("one").await;
    first.refused(400, "CARD_NOT_VALID");
    let again = customer.approve(&token).once("one").await;
    assert!(again.is_replayed() && again.bytes == first.bytes);
    customer.approve_with(&json!({ "token": token, "cardId": good })).once("two").await.data();
    assert_eq!(customer.approve(&token).once("one").await.bytes, first.bytes, "the first answer stays the first");
}

#[tokio::test]
async fn an_unknown_outcome_is_not_frozen_under_the_key() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.payment.answer_budget_ms = 500).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirm = shop.confirm_of(&approved).once("k");
    confirm.clone().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let meanwhile = confirm.clone().await;
    assert!(matches!(meanwhile.code(), "IDEMPOTENCY_KEY_IN_USE" | "PAYMENT_OUTCOME_UNKNOWN"), "{}", meanwhile.json);
    assert!(meanwhile.header("retry-after").is_some());
    let mut events = shop.events(&approved.order).listen().await;
    acquirer.release(Play::Approve);
    events.until("payment-done").await;
    let known = confirm.clone().await;
    assert_eq!(known.data()["status"], "DONE");
    assert_eq!(confirm.await.bytes, known.bytes);
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
}

#[tokio::test]
async fn a_key_leads_to_the_present_state_while_nobody_knows() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.payment.answer_budget_ms = 500).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    for _ in 0..3 {
        let answer = shop.confirm_of(&approved).once("k").await;
        answer.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        assert!(!answer.is_replayed());
    }
    let paid = {
        acquirer.on_authorize(Play::Approve);
        app.done_payment(&shop, &customer).await
    };
    acquirer.on_refund(Play::Unknown);
    for _ in 0..3 {
        let refund = shop.cancel(&paid.key, &json!({ "amount": 1_000 })).once("k").await;
        refund.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    }
    assert_eq!(acquirer.refunded(), [1_000], "asked once");
}
