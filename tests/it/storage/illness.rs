//! A database that cannot be written for a while: nobody is kept waiting, nothing is told that is not durable,
//! and all goes on when it is back.

use std::{
    future::IntoFuture,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::support::{Answer, Call, Events, Play, ScriptedAcquirer, Shop, TestApp, TestDatabase, eventually, fresh};

/// A journal that takes no event until the illness passes.
struct Illness {
    db: DatabaseConnection,
    is_postgres: bool,
}

impl Illness {
    async fn befalls(database: &TestDatabase) -> Self {
        let (db, is_postgres) = (database.connect().await, database.is_postgres());
        let refuse = "CREATE TRIGGER ill BEFORE INSERT ON payment_event";
        let ill = if is_postgres {
            let function = "CREATE FUNCTION ill() RETURNS trigger AS $$ BEGIN RAISE 'ill'; END $$ LANGUAGE plpgsql";
            format!("{function}; {refuse} FOR EACH ROW EXECUTE FUNCTION ill()")
        } else {
            format!("{refuse} BEGIN SELECT RAISE(ABORT, 'ill'); END")
        };
        db.execute_unprepared(&ill).await.unwrap();
        Self { db, is_postgres }
    }

    async fn passes(self) {
        let cure = if self.is_postgres { "DROP FUNCTION ill CASCADE" } else { "DROP TRIGGER ill" };
        self.db.execute_unprepared(cure).await.unwrap();
        self.db.close().await.unwrap();
    }
}

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 1_000;
        settings.live.heartbeat_ms = u64::try_from(HEARTBEAT.as_millis()).unwrap();
        // A call counts from its decision; one whose commit had to wait must not be taken for lost at once.
        settings.resolution.lost_after_ms = 60_000;
    });
    (app.acquirer(acquirer.clone()).start().await, acquirer)
}

/// Refused for a passing reason (the suite looks for the time to come back).
#[track_caller]
fn unavailable(answer: &Answer) {
    assert_eq!(answer.refused(503, "PAYMENT_UNAVAILABLE").outcome(), "unknown");
}

const HEARTBEAT: Duration = Duration::from_secs(1);

/// Whoever listens has heard nothing up to a heartbeat that had to be waited for, and so came after everything.
async fn hears_nothing(events: &mut Events) {
    let mut is_fresh = false;
    while !is_fresh {
        let asked = Instant::now();
        let (heard, _) = events.until_comment().await;
        assert!(heard.is_empty(), "told, and not durable: {heard:?}");
        is_fresh = asked.elapsed() > HEARTBEAT / 4;
    }
}

#[tokio::test]
async fn a_create_that_could_not_be_written_has_not_happened_and_may_be_made_again() {
    let (app, _) = scripted().await;
    let (shop, _) = app.shop_and_customer().await;
    let order = Shop::order(15_000, &fresh("order"));
    let illness = Illness::befalls(&app.database).await;
    unavailable(&shop.create(&order).await);
    unavailable(&shop.create(&order).once("k").await);
    let id = order["orderId"].as_str().unwrap();
    shop.status(id).await.refused(404, "PAYMENT_NOT_FOUND");
    assert_eq!(app.in_memory().await, 0, "nothing is kept of what is not there");
    illness.passes().await;
    shop.create(&order).once("k").await.data();
    assert_eq!(shop.state(id).await, "READY");
    app.stop().await;
}

#[tokio::test]
async fn an_approve_that_could_not_be_written_is_not_told_and_may_be_made_again() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).listen().await;
    events.expect_all(&["onopen", "payment-ready"]).await;
    let illness = Illness::befalls(&app.database).await;
    for _ in 0..2 {
        unavailable(&customer.approve(&token).await);
        assert_eq!(shop.state(&order).await, "READY");
    }
    hears_nothing(&mut events).await;
    assert_eq!(acquirer.verified(), 0, "nothing is asked before it is durable that it is asked");
    illness.passes().await;
    customer.approve(&token).await.data();
    // Created was 1, claimed is 2.
    let seen = events.expect_all(&["payment-in-verificate", "payment-in-progress"]).await;
    assert_eq!(seen.iter().map(|event| event.id.unwrap()).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(acquirer.verified(), 1);
    app.stop().await;
}

#[tokio::test]
async fn a_confirm_or_refund_that_could_not_be_written_moves_no_money_and_may_be_made_again() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut events = shop.events(&approved.order).listen().await;
    events.until("payment-in-progress").await;
    let illness = Illness::befalls(&app.database).await;
    unavailable(&shop.confirm_of(&approved).await);
    unavailable(&shop.confirm_of(&approved).once("k").await);
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert!(acquirer.authorized().is_empty(), "no call without a durable intent");
    illness.passes().await;
    shop.confirm_of(&approved).once("k").await.data();
    assert_eq!(events.expect("payment-done").await.id, Some(6), "nothing was written or told in between");
    let cancel = || shop.cancel(&approved.key, &serde_json::json!({ "amount": 1_000 }));
    let illness = Illness::befalls(&app.database).await;
    unavailable(&cancel().once("c").await);
    assert_eq!(shop.payment(&approved.key).await.data()["balanceAmount"], 15_000);
    assert!(acquirer.refunded().is_empty());
    illness.passes().await;
    cancel().once("c").await.data();
    assert_eq!(acquirer.refunded(), [1_000]);
    assert_eq!(acquirer.authorized().into_values().collect::<Vec<_>>(), [1]);
    app.stop().await;
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_is_told_to_nobody_until_it_could() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut events = shop.events(&approved.order).listen().await;
    events.until("payment-in-progress").await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    let illness = Illness::befalls(&app.database).await;
    acquirer.release(Play::Approve);
    // By the end of the budget the approval was handed in, in vain.
    unavailable(&confirm.await.unwrap());
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "memory is not ahead of the journal");
    hears_nothing(&mut events).await;
    shop.cancel_order(&approved.order, &serde_json::json!({})).await.refused(409, "CONFIRM_IN_PROGRESS");
    illness.passes().await;
    assert_eq!(events.expect("payment-done").await.id, Some(6));
    eventually("the result is there", async || shop.confirm_of(&approved).await.status != 504).await;
    assert_eq!(shop.state(&approved.order).await, "DONE");
    assert_eq!(acquirer.authorized().into_values().collect::<Vec<_>>(), [1], "charged once");
    app.stop().await;
}

/// The same call under the same key, until it is through.
async fn is_done_in_the_end(call: Call) -> Answer {
    let mut last = None;
    eventually("the call is through", async || {
        let answer = call.clone().await;
        let is_done = answer.status == 200;
        assert!(is_done || matches!(answer.status, 409 | 503 | 504), "{}", answer.json);
        last = Some(answer);
        is_done
    })
    .await;
    last.unwrap()
}

#[tokio::test]
async fn while_somebody_holds_the_database_callers_are_answered_before_they_give_up() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (ready, approved) = (fresh("order"), app.approved_payment(&shop, &customer).await);
    let token = shop.token_of(15_000, &ready).await;
    let mut events = shop.events(&ready).listen().await;
    events.expect_all(&["onopen", "payment-ready"]).await;
    let held = app.database.hold().await;
    let calls = [
        shop.create(&Shop::order(15_000, &fresh("order"))).once("create"),
        customer.approve(&token).once("approve"),
        shop.confirm_of(&approved).once("confirm"),
    ];
    let started = Instant::now();
    let [create, approve, confirm] = join_all(calls.clone().map(IntoFuture::into_future)).await.try_into().unwrap();
    // It is known that no transaction was opened for it.
    assert_eq!(create.status, 503, "{}", create.json);
    unavailable(&approve);
    unavailable(&confirm);
    assert!(started.elapsed() < Duration::from_secs(10), "clients give up after ten seconds");
    assert_eq!((acquirer.verified(), acquirer.authorized().len()), (1, 0), "nothing of it was durable");
    held.release().await;
    for call in calls {
        is_done_in_the_end(call).await;
    }
    events.expect_all(&["payment-in-verificate", "payment-in-progress"]).await;
    assert_eq!(shop.state(&approved.order).await, "DONE");
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], 3);
    assert_eq!(acquirer.authorized().into_values().collect::<Vec<_>>(), [1]);
    app.stop().await;
}

#[tokio::test]
async fn connections_that_the_server_cut_are_made_anew() {
    let (app, _) = scripted().await;
    if !app.database.is_postgres() {
        return;
    }
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let db = app.database.connect().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.execute_unprepared(cut).await.unwrap();
    is_done_in_the_end(shop.confirm_of(&approved).once("confirm")).await;
    db.execute_unprepared(cut).await.unwrap();
    is_done_in_the_end(shop.create(&Shop::order(15_000, &fresh("order"))).once("create")).await;
    assert_eq!(app.http.get("/readyz").await.status, 200);
    app.stop().await;
}
