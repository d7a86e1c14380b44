//! An unknown outcome is never read as success or failure without proof: it is asked about, then
//! reversed, and once a reversal was sent the payment never becomes DONE.

use std::sync::Arc;

use paygate::{acquirer::Behaviour, domain::Reason};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{
    Approved, Customer, Events, OnRecord, Play, Process, ScriptedAcquirer, Setup, Shop, TestApp, TestDatabase, card_of,
    command, eventually, run,
};

fn quick() -> Setup {
    TestApp::with(|settings| {
        // Who waits is told soon that nobody knows.
        settings.payment.answer_budget_ms = 1_000;
        settings.resolution.inquiry_every_ms = 20;
        settings.resolution.inquiry_for_ms = 60_000;
        settings.resolution.retry_after_ms = vec![20];
    })
}

async fn scripted(setup: Setup) -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (setup.acquirer(acquirer.clone()).start().await, acquirer)
}

/// A payment whose charge is in doubt, and the stream of the shop's page.
async fn in_doubt(app: &TestApp, acquirer: &ScriptedAcquirer) -> (Shop, Customer, Approved, Events) {
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut events = shop.events(&approved.order).listen().await;
    events.until("payment-in-progress").await;
    acquirer.on_authorize(Play::Unknown);
    // The first inquiry may be faster than this answer.
    let answer = shop.confirm_of(&approved).once("k").await;
    assert!(
        matches!(answer.code(), "" | "PAYMENT_OUTCOME_UNKNOWN" | "CARD_DECLINED" | "PAYMENT_ABORTED"),
        "{}",
        answer.json
    );
    (shop, customer, approved, events)
}

fn charges(acquirer: &ScriptedAcquirer) -> u32 {
    acquirer.authorized().values().sum()
}

#[tokio::test]
async fn a_charge_on_record_becomes_done_and_the_shop_learns_it_by_asking_again() {
    let (app, acquirer) = scripted(quick()).await;
    let (shop, _, approved, mut events) = in_doubt(&app, &acquirer).await;
    eventually("it is asked about", async || acquirer.inquired() > 2).await;
    acquirer.on_record(OnRecord::Charged);
    events.expect("payment-done").await;
    let confirmed = shop.confirm_of(&approved).once("k").await.data();
    assert_eq!((&confirmed["status"], &confirmed["approvalNo"]), (&json!("DONE"), &json!("87654321")));
    assert_eq!(
        shop.confirm_of(&approved).await.data(),
        confirmed,
        "without the key, too: it was told `unknown` before"
    );
    assert_eq!(charges(&acquirer), 1);
    assert!(acquirer.reversed().is_empty());
    assert_eq!(shop.cancel(&approved.key, &json!({})).await.data()["amount"], -15_000);
    app.stop().await;
}

#[tokio::test]
async fn a_decline_on_record_aborts_the_payment() {
    let (app, acquirer) = scripted(quick()).await;
    acquirer.on_record(OnRecord::Declined);
    let (shop, _, approved, mut events) = in_doubt(&app, &acquirer).await;
    events.expect("payment-aborted").await;
    assert!(acquirer.inquired() > 0, "it was found out, and not taken for a decline");
    assert_eq!(shop.confirm_of(&approved).once("k").await.outcome(), "declined");
    assert_eq!(shop.payment(&approved.key).await.data()["balanceAmount"], 0);
    assert_eq!((charges(&acquirer), acquirer.reversed().len()), (1, 0));
}

#[tokio::test]
async fn a_reversal_on_record_aborts_the_payment() {
    let (app, acquirer) = scripted(quick()).await;
    acquirer.on_record(OnRecord::Reversed);
    let (shop, _, approved, mut events) = in_doubt(&app, &acquirer).await;
    assert_eq!(events.expect("payment-aborted").await.json()["failureCode"], "OUTCOME_UNKNOWN");
    assert_eq!(shop.state(&approved.order).await, "ABORTED");
}

#[tokio::test]
async fn what_is_never_found_is_reversed_and_ends_as_aborted() {
    for record in [OnRecord::Nothing, OnRecord::Silence, OnRecord::ChargedOther] {
        let (app, acquirer) = scripted(quick().with(|settings| settings.resolution.inquiry_for_ms = 200)).await;
        acquirer.on_record(record);
        let (shop, _, approved, mut events) = in_doubt(&app, &acquirer).await;
        events.expect("payment-aborted").await;
        assert!(acquirer.inquired() >= 1, "asked first");
        let numbers: Vec<_> = acquirer.authorized().into_keys().collect();
        assert_eq!(acquirer.reversed(), numbers, "the number of the charge, once");
        // Too late: once a reversal was sent the payment never becomes DONE.
        acquirer.on_record(OnRecord::Charged);
        acquirer.on_authorize(Play::Approve);
        let late = shop.confirm_of(&approved).await;
        assert_ne!(late.status, 200, "{}", late.json);
        assert_eq!(shop.state(&approved.order).await, "ABORTED");
        assert_eq!(charges(&acquirer), 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_reversal_is_repeated_until_it_is_certain() {
    let (app, acquirer) = scripted(quick().with(|settings| settings.resolution.inquiry_for_ms = 1)).await;
    acquirer.on_reverse(Play::Unknown);
    let (shop, customer, approved, mut events) = in_doubt(&app, &acquirer).await;
    for play in [Play::Unknown, Play::Decline(Reason::Declined)] {
        let before = acquirer.reversed().len();
        acquirer.on_reverse(play);
        eventually("it is tried again", async || acquirer.reversed().len() > before + 1).await;
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "not certain yet");
    }
    customer.give_up(&approved.token).await.refused(409, "CONFIRM_IN_PROGRESS");
    shop.cancel_order(&approved.order, &json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    acquirer.on_record(OnRecord::Charged);
    acquirer.on_reverse(Play::Approve);
    events.expect("payment-aborted").await;
    assert_eq!(charges(&acquirer), 1);
}

#[tokio::test]
async fn a_doubt_survives_a_restart_and_is_resolved_after_it() {
    let (app, acquirer) = scripted(quick().with(|settings| settings.actors.sweep_interval_ms = 20)).await;
    let (shop, _, approved, _) = in_doubt(&app, &acquirer).await;
    let app = app.restart().await;
    acquirer.on_record(OnRecord::Charged);
    let shop = shop.at(&app.http);
    shop.events(&approved.order).listen().await.until("payment-done").await;
    assert_eq!(shop.confirm_of(&approved).once("k").await.data()["status"], "DONE");
    assert_eq!(charges(&acquirer), 1);
    app.stop().await;
}

#[tokio::test]
async fn the_sweeper_resolves_a_doubt_that_nobody_looks_at() {
    let (app, acquirer) = scripted(quick().with(|settings| settings.actors.sweep_interval_ms = 20)).await;
    let (shop, _, approved, _) = in_doubt(&app, &acquirer).await;
    let app = app.restart().await;
    acquirer.on_record(OnRecord::Charged);
    let (merchant, order) = (shop.id.parse().unwrap(), approved.order.parse().unwrap());
    let id = app.inside(async move |app| app.payments.find(merchant, &order).await.unwrap()).await;
    // Read past the house's doors, which would wake the payment.
    let stored = async || app.inside(async move |app| app.store.payment(id).await.unwrap().unwrap()).await;
    let is_charged = async || stored().await.is_charged();
    eventually("the sweeper wakes it", is_charged).await;
}

#[tokio::test]
async fn a_refund_in_doubt_is_repeated_under_its_number_until_it_is_certain() {
    let (app, acquirer) = scripted(quick()).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let mut events = shop.events(&paid.order).listen().await;
    events.until("payment-done").await;
    acquirer.on_refund(Play::Unknown);
    let refund = shop.cancel(&paid.key, &json!({ "amount": 5_000 })).once("k");
    refund.clone().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    eventually("it is tried again", async || acquirer.refund_calls()[0] > 2).await;
    shop.cancel(&paid.key, &json!({ "amount": 10_001 })).await.refused(409, "EXCEEDS_BALANCE");
    acquirer.on_refund(Play::Approve);
    events.expect("payment-partial-canceled").await;
    assert_eq!(refund.await.data()["amount"], -5_000);
    assert_eq!(acquirer.refunded(), [5_000], "one number");
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 10_000);
}

#[tokio::test]
async fn a_refund_in_doubt_that_is_declined_in_the_end_frees_its_money() {
    let (app, acquirer) = scripted(quick()).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &json!({ "amount": 15_000 })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.refused(409, "NOTHING_LEFT");
    acquirer.on_refund(Play::DECLINE);
    // A "no" to the second call does not say that the first one was not done; the record does.
    let calls = acquirer.refund_calls()[0];
    eventually("it is refused, and not believed", async || acquirer.refund_calls()[0] > calls + 2).await;
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.refused(409, "NOTHING_LEFT");
    acquirer.on_record(OnRecord::Charged);
    eventually("the money is free again", async || {
        shop.cancel(&paid.key, &json!({ "amount": 1 })).await.code() == "REFUND_DECLINED"
    })
    .await;
    assert_eq!(shop.payment(&paid.key).await.data()["status"], "DONE");
}

async fn old_fashioned() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::old_fashioned();
    (quick().acquirer(acquirer.clone()).start().await, acquirer)
}

/// `paygate …` on the database of `app`.
async fn operate(app: &TestApp, arguments: &[&str]) -> (bool, String) {
    let key = app.settings().vault.master_key.expose_secret();
    let (status, log) = run(command(&app.database, arguments, &[("PAYGATE__VAULT__MASTER_KEY", key)])).await;
    (status.success(), log)
}

#[tokio::test]
async fn where_nobody_can_be_asked_a_doubt_waits_for_a_person() {
    for (decision, state) in [("--approved", "DONE"), ("--reversed", "ABORTED")] {
        let (app, acquirer) = old_fashioned().await;
        let (shop, customer, approved, _) = in_doubt(&app, &acquirer).await;
        for _ in 0..3 {
            shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        }
        assert_eq!((charges(&acquirer), acquirer.inquired(), acquirer.reversed().len()), (1, 0, 0));
        let (listed, list) = operate(&app, &["doubt", "list"]).await;
        assert!(listed && list.contains(&approved.key), "{list}");
        let decide = ["doubt", "resolve", &approved.key, decision, "--note", "카드사 전화 확인"];
        let (resolved, log) = operate(&app, &decide).await;
        assert!(resolved, "{log}");
        let (twice, log) = operate(&app, &decide).await;
        assert!(!twice, "a decision is made once: {log}");
        let app = app.restart().await;
        let (shop, customer) = (shop.at(&app.http), customer.at(&app.http));
        assert_eq!(shop.state(&approved.order).await, state);
        let listed = customer.payments().await.data();
        assert_eq!(listed["payments"].as_array().unwrap().len(), usize::from(state == "DONE"));
        assert_eq!(charges(&acquirer), 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_persons_decision_reaches_the_running_server() {
    let (app, acquirer) = old_fashioned().await;
    let (shop, _, approved, mut events) = in_doubt(&app, &acquirer).await;
    let decide = ["doubt", "resolve", &approved.key, "--approved", "--note", "카드사 전화 확인"];
    let (resolved, log) = operate(&app, &decide).await;
    assert!(resolved, "{log}");
    let is_done = async || shop.state(&approved.order).await == "DONE";
    eventually("the server knows", is_done).await;
    assert_eq!(shop.confirm_of(&approved).once("k").await.data()["status"], "DONE");
    events.expect("payment-done").await;
}

#[tokio::test]
async fn the_books_agree_after_all_this() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    for behaviour in [Behaviour::Good, Behaviour::Declined, Behaviour::ErrorAfter] {
        let customer = Customer::new(&process.http).await;
        customer.add_card(&card_of(behaviour)).await.data();
        let approved = shop.approved_by(&customer, 15_000).await;
        shop.confirm_of(&approved).await;
        shop.cancel(&approved.key, &json!({ "amount": 1_000 })).await;
    }
    process.terminate();
    assert!(process.ended().await.0.success());
    let (status, report) = run(command(&database, &["audit"], &[])).await;
    assert!(status.success(), "{report}");
    assert!(report.contains("3 payments") && report.contains("0 differences"), "{report}");
}
