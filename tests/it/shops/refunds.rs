//! `POST …/merchant/payments/{paymentKey}/cancel`.

use std::sync::Arc;

use paygate::domain::Reason;
use serde_json::{Value, json};

use crate::support::{Play, ScriptedAcquirer, TestApp, TestClock, spawn_app};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

#[tokio::test]
async fn a_partial_refund_is_a_transaction_with_a_negative_amount() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let transaction = shop.cancel(&paid.key, &json!({ "amount": 5_000, "reason": "한 봉 반품" })).await.data();
    assert!(transaction["id"].is_string());
    assert_eq!(transaction["paymentKey"], paid.key.as_str());
    assert_eq!((&transaction["amount"], &transaction["status"]), (&json!(-5_000), &json!("CANCELED")));
    assert_eq!(transaction["reason"], "한 봉 반품");
    for time in ["requestedAt", "completedAt"] {
        let text = transaction[time].as_str().unwrap();
        assert!(text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
    }
    let payment = shop.payment(&paid.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(10_000)));
    assert_eq!(payment["transactions"][0]["id"], transaction["id"], "newest first");
    assert_eq!(payment["transactions"][1]["status"], "APPROVED");
    assert_eq!(app.sandbox.totals().held(), 10_000);
    app.stop().await;
}

#[tokio::test]
async fn refunds_go_down_to_zero_and_no_further() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let mut events = shop.events(&paid.order).listen().await;
    events.until("payment-done").await;
    for left in [10_000, 5_000] {
        assert_eq!(shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data()["balanceAmount"], left);
        events.expect("payment-partial-canceled").await;
    }
    shop.cancel(&paid.key, &json!({ "amount": 5_001 })).await.refused(409, "EXCEEDS_BALANCE");
    assert_eq!(shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data()["balanceAmount"], 0);
    events.expect("payment-canceled").await;
    for body in [json!({ "amount": 1 }), json!({})] {
        shop.cancel(&paid.key, &body).await.refused(409, "NOTHING_LEFT");
    }
    assert_eq!(shop.state(&paid.order).await, "CANCELED");
    assert_eq!(app.sandbox.totals().held(), 0);
}

#[tokio::test]
async fn without_an_amount_all_that_is_left_is_given_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 4_000 })).await.data();
    let rest = shop.cancel(&paid.key, &json!({})).body("application/json", "").await.data();
    assert_eq!(rest["amount"], -11_000);
    let nothing = app.done_payment(&shop, &customer).await;
    assert_eq!(shop.cancel(&nothing.key, &json!({ "reason": "품절" })).await.data()["amount"], -15_000);
}

#[tokio::test]
async fn more_than_the_balance_is_refused_and_changes_nothing() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let answer = shop.cancel(&paid.key, &json!({ "amount": 15_001 })).await;
    assert_eq!(answer.refused(409, "EXCEEDS_BALANCE").outcome(), "declined");
    assert!(acquirer.refunded().is_empty());
    assert_eq!(shop.state(&paid.order).await, "DONE");
}

#[tokio::test]
async fn a_caller_may_say_what_balance_it_believes_in() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let refund = |balance: Value| shop.cancel(&paid.key, &json!({ "amount": 5_000, "expectedBalance": balance }));
    refund(json!(14_999)).await.refused(409, "BALANCE_MISMATCH");
    refund(json!(0)).await.refused(409, "BALANCE_MISMATCH");
    for bad in [json!("15000"), json!(1.5), json!({}), json!(true)] {
        refund(bad).english().await.refused_field("expectedBalance");
    }
    refund(json!(15_000)).await.data();
    refund(json!(15_000)).await.refused(409, "BALANCE_MISMATCH");
    assert_eq!(acquirer.refunded(), [5_000]);
}

#[tokio::test]
async fn a_bad_amount_is_named_and_nothing_is_given_back() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let bad =
        [json!(0), json!(-1), json!(0.5), json!("5000"), json!([]), json!({}), json!(u64::MAX), json!(100_000_001)];
    for amount in bad {
        let body = json!({ "amount": amount, "reason": "x" });
        shop.cancel(&paid.key, &body).english().await.refused_field("amount");
        shop.desk_cancel(&paid.key, &body).english().await.refused_field("amount");
    }
    shop.cancel(&paid.key, &json!({})).body("application/json", "[]").await.refused(400, "INVALID_REQUEST");
    assert!(acquirer.refunded().is_empty());
}

#[tokio::test]
async fn before_the_charge_there_is_nothing_to_give_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    shop.cancel(&approved.key, &json!({})).await.refused(409, "PAYMENT_NOT_CHARGED");
    shop.desk_cancel(&approved.key, &json!({})).await.refused(409, "PAYMENT_NOT_CHARGED");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "giving up is another call");
}

#[tokio::test]
async fn the_day_in_seoul_decides_between_cancel_and_refund() {
    // 23:50 in Seoul.
    let clock = TestClock::at("2026-11-22T14:50:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    clock.set("2026-11-22T14:59:59.999999Z");
    let same_day = shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
    assert_eq!(same_day["status"], "CANCELED");
    clock.set("2026-11-22T15:00:00Z");
    let next_day = shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
    assert_eq!(next_day["status"], "REFUNDED", "midnight in Seoul, the same day in UTC");
    assert_eq!(next_day["requestedAt"], "2026-11-22T15:00:00.000000Z");
    clock.set("2026-11-22T17:00:00Z");
    assert_eq!(shop.desk_cancel(&paid.key, &json!({})).await.data()["status"], "REFUNDED");
    let payment = shop.payment(&paid.key).await.data();
    let moved: Vec<&Value> = payment["transactions"].as_array().unwrap().iter().map(|t| &t["status"]).collect();
    assert_eq!(moved, ["REFUNDED", "REFUNDED", "CANCELED", "APPROVED"]);
    assert_eq!(payment, shop.transactions(&paid.key).await.data(), "both doors show the same");
}

#[tokio::test]
async fn a_new_day_in_utc_is_still_the_same_day_in_seoul() {
    let clock = TestClock::at("2026-11-22T23:59:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    clock.set("2026-11-23T00:01:00Z");
    assert_eq!(shop.cancel(&paid.key, &json!({})).await.data()["status"], "CANCELED");
}

#[tokio::test]
async fn a_refund_that_the_network_declines_leaves_the_balance() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::DECLINE);
    let answer = shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await;
    assert_eq!(answer.refused(409, "REFUND_DECLINED").outcome(), "declined");
    acquirer.on_refund(Play::Decline(Reason::ExceedsBalance));
    shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.refused(409, "EXCEEDS_BALANCE");
    acquirer.on_refund(Play::NotSent);
    let answer = shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await;
    assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
    let payment = shop.payment(&paid.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("DONE"), &json!(15_000)));
    assert_eq!(payment["transactions"].as_array().unwrap().len(), 1, "what was not given back is no transaction");
    acquirer.on_refund(Play::Approve);
    assert_eq!(shop.cancel(&paid.key, &json!({})).await.data()["amount"], -15_000);
}

#[tokio::test]
async fn a_refund_in_doubt_keeps_its_money_reserved() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.payment.answer_budget_ms = 1_000).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    let answer = shop.cancel(&paid.key, &json!({ "amount": 10_000 })).await;
    assert_eq!(answer.refused(504, "PAYMENT_OUTCOME_UNKNOWN").outcome(), "unknown");
    acquirer.on_refund(Play::Approve);
    shop.cancel(&paid.key, &json!({ "amount": 5_001 })).await.refused(409, "EXCEEDS_BALANCE");
    assert_eq!(shop.cancel(&paid.key, &json!({})).await.data()["amount"], -5_000);
    shop.cancel(&paid.key, &json!({})).await.refused(409, "NOTHING_LEFT");
    assert_eq!(acquirer.refunded().iter().sum::<i64>(), 15_000, "never more than was charged");
}
