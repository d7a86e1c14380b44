//! What a confirm comes to when the card network declines, cannot be reached, or leaves us in doubt.

use std::{sync::Arc, time::Instant};

use paygate::domain::Reason;
use serde_json::json;

use crate::support::{Play, ScriptedAcquirer, TestApp};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

/// Answers are given up after half a second.
async fn impatient() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.payment.answer_budget_ms = 500).acquirer(acquirer.clone());
    (app.start().await, acquirer)
}

#[tokio::test]
async fn a_decline_is_final_and_names_its_reason() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    for (reason, status, code) in [
        (Reason::Declined, 402, "CARD_DECLINED"),
        (Reason::CardLost, 402, "CARD_LOST"),
        (Reason::LimitExceeded, 402, "LIMIT_EXCEEDED"),
        (Reason::CardExpired, 400, "CARD_EXPIRED"),
        (Reason::TxnReversed, 402, "CARD_DECLINED"),
    ] {
        let approved = app.approved_payment(&shop, &customer).await;
        acquirer.on_authorize(Play::Decline(reason));
        let answer = shop.confirm_of(&approved).await;
        assert_eq!(answer.refused(status, code).outcome(), "declined");
        acquirer.on_authorize(Play::Approve);
        assert_eq!(shop.state(&approved.order).await, "ABORTED");
        shop.confirm_of(&approved).await.refused(409, "PAYMENT_ABORTED");
        let aborted = shop.events(&approved.order).listen().await.until("payment-aborted").await.pop().unwrap();
        assert!(aborted.json()["failureCode"].is_string(), "{}", aborted.data);
    }
    assert_eq!(acquirer.authorized().len(), 5, "each was asked for once");
    app.stop().await;
}

#[tokio::test]
async fn what_was_not_sent_may_be_confirmed_again() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::NotSent);
    let answer = shop.confirm_of(&approved).await;
    assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    acquirer.on_authorize(Play::Approve);
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
}

#[tokio::test]
async fn an_unknown_outcome_is_told_as_such_and_never_charged_again() {
    let (app, acquirer) = impatient().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    let answer = shop.confirm_of(&approved).await;
    assert_eq!(answer.refused(504, "PAYMENT_OUTCOME_UNKNOWN").outcome(), "unknown");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    acquirer.on_authorize(Play::Approve);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1, "an unknown charge is not repeated");
    shop.cancel_order(&approved.order, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    customer.give_up(&approved.token).await.refused(409, "CONFIRM_IN_PROGRESS");
    shop.cancel(&approved.key, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    let payment = shop.payment(&approved.key).await.data();
    assert_eq!((&payment["transactions"], &payment["balanceAmount"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn a_silent_network_does_not_keep_the_shop_waiting() {
    let (app, acquirer) = impatient().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let started = Instant::now();
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    let mut events = shop.events(&approved.order).listen().await;
    acquirer.release(Play::Approve);
    events.until("payment-done").await;
    assert_eq!(shop.state(&approved.order).await, "DONE");
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
}

#[tokio::test]
async fn while_a_confirm_is_under_way_everybody_else_gets_a_defined_answer() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let first = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    customer.give_up(&approved.token).await.refused(409, "CONFIRM_IN_PROGRESS");
    shop.cancel_order(&approved.order, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    shop.cancel(&approved.key, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    shop.desk_cancel(&approved.key, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    let mut wrong = approved.confirm();
    wrong["amount"] = json!(1);
    shop.confirm(&wrong).await.refused(400, "WRONG_AMOUNT");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert_eq!(customer.approve(&approved.token).await.data()["paymentKey"], approved.key.as_str());
    let second = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.release(Play::Approve);
    assert_eq!(first.await.unwrap().data()["status"], "DONE");
    let second = second.await.unwrap();
    assert!(second.status == 200 || second.code() == "ALREADY_CONFIRMED", "{}", second.json);
    assert_eq!(acquirer.authorized().values().sum::<u32>(), 1);
}

#[tokio::test]
async fn a_guess_beside_a_running_confirm_cannot_end_what_may_become_a_charge() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    let mut wrong = approved.confirm();
    wrong["amount"] = json!(1);
    for _ in 0..12 {
        shop.confirm(&wrong).await.refused(400, "WRONG_AMOUNT");
    }
    acquirer.release(Play::Approve);
    assert_eq!(confirm.await.unwrap().data()["status"], "DONE");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_charge() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut events = shop.events(&approved.order).listen().await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    confirm.abort();
    acquirer.release(Play::Approve);
    events.until("payment-done").await;
    assert_eq!(shop.state(&approved.order).await, "DONE");
    app.stop().await;
}

#[tokio::test]
async fn the_answers_stay_below_what_clients_wait_for() {
    let (app, _) = scripted().await;
    let settings = &paygate::config::Settings::load(None).unwrap();
    assert!(settings.payment.answer_budget_ms < 10_000, "the phone gives up after ten seconds");
    assert!(settings.payment.acquirer_timeout_ms < settings.payment.answer_budget_ms);
    assert_eq!(app.settings().payment.answer_budget_ms, settings.payment.answer_budget_ms);
}
