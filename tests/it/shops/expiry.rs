//! A payment that nobody finishes.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::{Play, ScriptedAcquirer, Shop, TestApp, TestClock, eventually, fresh};

const AFTER: SignedDuration = SignedDuration::from_secs(600);

#[tokio::test]
async fn a_timer_ends_a_payment_that_nobody_finished() {
    let app = TestApp::with(|settings| settings.payment.expires_after_s = 1).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).listen().await;
    events.expect_all(&["onopen", "payment-ready", "payment-expired"]).await;
    assert_eq!(shop.state(&order).await, "EXPIRED");
    app.stop().await;
}

#[tokio::test]
async fn whoever_looks_after_the_deadline_sees_an_expired_payment() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let approved = app.approved_payment(&shop, &customer).await;
    clock.advance(AFTER - SignedDuration::from_micros(1));
    assert_eq!(shop.state(&order).await, "READY");
    clock.advance(SignedDuration::from_micros(1));
    let listed = shop.payments().query("include", "all").await.data();
    assert_eq!(listed["payments"][0]["status"], "EXPIRED", "even before anybody asked for the payment itself");
    assert_eq!(shop.state(&order).await, "EXPIRED");
    assert_eq!(shop.payment(&approved.key).await.data()["status"], "EXPIRED");
}

#[tokio::test]
async fn nothing_is_possible_after_the_deadline() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    let approved = app.approved_payment(&shop, &customer).await;
    clock.advance(AFTER);
    customer.approve(&token).await.refused(409, "PAYMENT_EXPIRED");
    customer.approve(&token).await.refused(409, "PAYMENT_EXPIRED");
    shop.confirm_of(&approved).await.refused(409, "PAYMENT_EXPIRED");
    shop.confirm_of(&approved).await.refused(409, "PAYMENT_EXPIRED");
    customer.give_up(&token).await.refused(409, "PAYMENT_EXPIRED");
    shop.cancel_order(&approved.order, &json!({})).await.refused(409, "PAYMENT_EXPIRED");
    shop.cancel(&approved.key, &json!({})).await.refused(409, "PAYMENT_EXPIRED");
    assert!(acquirer.authorized().is_empty());
    assert_eq!(acquirer.verified(), 1, "only the approval in time was verified");
}

#[tokio::test]
async fn a_confirm_in_time_may_end_after_the_deadline() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    clock.advance(AFTER);
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "the money may be on its way");
    acquirer.release(Play::Approve);
    assert_eq!(confirm.await.unwrap().data()["status"], "DONE");
}

#[tokio::test]
async fn a_confirm_in_time_that_took_no_money_ends_the_payment_after_the_deadline() {
    for play in [Play::NotSent, Play::DECLINE] {
        let clock = TestClock::at("2026-11-22T15:00:00Z");
        let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
        let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer.clone()).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        let mut events = shop.events(&approved.order).listen().await;
        events.until("payment-in-progress").await;
        // Shortly before the deadline: a call that is out for long counts as lost.
        clock.advance(AFTER - SignedDuration::from_secs(1));
        acquirer.on_authorize(Play::Hang);
        let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
        acquirer.hanging(1).await;
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "the money may be on its way");
        acquirer.release(play);
        confirm.await.unwrap().refused(409, "PAYMENT_EXPIRED");
        events.expect("payment-expired").await;
        assert_eq!(shop.state(&approved.order).await, "EXPIRED");
        let calls = acquirer.authorized();
        shop.confirm_of(&approved).await.refused(409, "PAYMENT_EXPIRED");
        assert_eq!(acquirer.authorized(), calls, "an ended payment is not charged");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_sweeper_ends_what_a_stopped_process_left_open() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let approved = app.approved_payment(&shop, &customer).await;
    let paid = app.done_payment(&shop, &customer).await;
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    clock.advance(AFTER - SignedDuration::from_micros(1));
    assert_eq!(app.sweep().await.payments, 0, "nothing is due yet");
    clock.advance(SignedDuration::from_micros(1));
    assert_eq!(app.sweep().await.payments, 2);
    assert_eq!(app.sweep().await.payments, 0, "the work is done");
    // The journal knows, so a stream that opens now hears it.
    for order in [&order, &approved.order] {
        shop.events(order).listen().await.until("payment-expired").await;
    }
    assert_eq!(shop.state(&paid.order).await, "DONE");
    app.stop().await;
}

#[tokio::test]
async fn the_sweeper_runs_by_itself() {
    let app = TestApp::with(|settings| {
        settings.payment.expires_after_s = 1;
        settings.actors.sweep_interval_ms = 20;
    });
    let app = app.start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let app = app.restart().await;
    let due = async || app.inside(async |app| app.store.due_payments(Timestamp::MAX, 10).await.unwrap()).await;
    eventually("the sweeper ends it", async || due().await.is_empty()).await;
    assert_eq!(shop.at(&app.http).state(&order).await, "EXPIRED");
}

#[tokio::test]
async fn an_ended_payment_leaves_memory_and_is_still_there() {
    let app = TestApp::with(|settings| settings.actors.linger_ms = 1).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    eventually("it leaves memory", async || app.in_memory().await == 0).await;
    assert_eq!(shop.state(&paid.order).await, "DONE");
    // Each call races the actor's leaving.
    for _ in 0..10 {
        assert_eq!(shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data()["amount"], -1_000);
    }
    let again = Shop::order(15_000, &paid.order);
    shop.create(&again).await.refused(409, "ORDER_ALREADY_EXISTS");
    eventually("it leaves memory again", async || app.in_memory().await == 0).await;
}
