//! The machine's clock is set, by NTP or because a virtual machine is resumed: nothing ends early, nothing lives for
//! ever, and money in doubt does not wait for the time to come again.

mod binary;

use jiff::SignedDuration;
use serde_json::json;

use crate::{
    backoffice_pages::Browser,
    support::{Play, ScriptedAcquirer, TestApp, TestClock, eventually, fresh},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn a_payment_lives_as_long_as_it_was_given_however_the_clock_is_set() {
    for leap in [HOUR, -HOUR] {
        let clock = TestClock::at("2026-11-22T15:00:00Z");
        let app = TestApp::with(|_| {}).clock(&clock).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        let [open, late] = [fresh("open"), fresh("late")];
        let token = shop.token_of(15_000, &open).await;
        shop.token_of(15_000, &late).await;
        clock.advance(SignedDuration::from_secs(300));
        clock.leap(leap);
        app.sweep().await;
        assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE", "after {leap:#}");
        clock.advance(SignedDuration::from_secs(299));
        app.sweep().await;
        assert_eq!(customer.approve(&token).await.data()["orderId"], open, "in its last second, after {leap:#}");
        let new = fresh("new");
        shop.token_of(15_000, &new).await;
        clock.advance(SignedDuration::from_secs(2));
        assert_eq!(shop.state(&late).await, "EXPIRED", "after {leap:#}");
        assert_eq!(shop.state(&new).await, "READY");
        clock.leap(-leap);
        clock.advance(SignedDuration::from_secs(590));
        app.sweep().await;
        assert_eq!(shop.state(&new).await, "READY", "set right again");
        clock.advance(SignedDuration::from_secs(10));
        assert_eq!(shop.state(&new).await, "EXPIRED");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_a_process_wrote_an_hour_ahead_goes_on_under_a_clock_that_is_right() {
    let clock = TestClock::at("2026-11-22T16:00:00Z");
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 200;
        settings.resolution.retry_after_ms = vec![60_000];
        settings.actors.sweep_interval_ms = 50;
    });
    let app = app.acquirer(acquirer.clone()).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let open = fresh("open");
    shop.token_of(15_000, &open).await;
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &json!({})).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    acquirer.on_refund(Play::Approve);
    clock.leap(-HOUR);
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    // Its timer was set when the sweeper took it into memory.
    eventually("the sweeper takes both into memory", async || app.in_memory().await == 2).await;
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 15_000, "it is not time yet");
    clock.advance(SignedDuration::from_secs(61));
    app.sweep().await;
    let is_back = async || shop.payment(&paid.key).await.data()["balanceAmount"] == 0;
    eventually("the money goes back a minute later, and not an hour", is_back).await;
    assert_eq!(shop.state(&open).await, "READY");
    clock.advance(SignedDuration::from_secs(540));
    assert_eq!(shop.state(&open).await, "EXPIRED");
    app.stop().await;
}

#[tokio::test]
async fn sessions_and_tokens_do_not_end_because_the_clock_leaps() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|settings| {
        settings.auth.access_token_s = 1_800;
        settings.auth.session_idle_s = 1_800;
    });
    let app = app.clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    clock.leap(HOUR);
    app.sweep().await;
    assert_eq!(customer.me().await.status, 200);
    browser.get("/backoffice/").await.ok();
    clock.leap(-HOUR);
    assert_eq!(customer.me().await.status, 200);
    browser.get("/backoffice/").await.ok();
    clock.advance(SignedDuration::from_secs(1_801));
    assert_eq!(customer.me().await.status, 401, "in their time they end");
    app.stop().await;
}

#[tokio::test]
async fn a_key_that_was_stopped_an_hour_ahead_stays_stopped_when_the_clock_is_set_right() {
    let clock = TestClock::at("2026-11-22T16:00:00Z");
    let app = TestApp::with(|settings| settings.auth.cache_s = 0).clock(&clock).start().await;
    let shop = app.shop().await;
    assert_eq!(shop.status("nothing").await.status, 404, "the key is good");
    shop.issue_keys().await.data();
    assert_eq!(shop.status("nothing").await.status, 401);
    clock.leap(-HOUR);
    // Nothing that is remembered helps: another process asks the database.
    let app = app.restart().await;
    assert_eq!(shop.at(&app.http).status("nothing").await.status, 401);
    app.stop().await;
}
