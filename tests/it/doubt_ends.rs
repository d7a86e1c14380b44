//! Doubt ends soon after the fault ends: when the network answers again, and when somebody asks again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use paygate::acquirer::{
    Acquirer, BreakerSettings, CARD, CallError, CardAcquirer, CardNetwork, CardSettings, Guarded, InProcess, Method,
    Reply, Sandbox,
};
use serde_json::{Value, json};

use crate::support::{OnRecord, Play, ScriptedAcquirer, Setup, TestApp, eventually};

/// The pauses between two calls are longer than any of these tests.
fn patient() -> Setup {
    TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 3_000;
        settings.resolution.inquiry_every_ms = 3_600_000;
        settings.resolution.inquiry_for_ms = 36_000_000;
        settings.resolution.retry_after_ms = vec![3_600_000];
    })
}

/// As long as two calls about one doubt must lie apart.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(1_050)).await;
}

#[tokio::test]
async fn a_repeated_confirm_learns_what_became_of_the_charge_at_once() {
    for key in [None, Some("k")] {
        let acquirer = ScriptedAcquirer::new();
        let app = patient().acquirer(acquirer.clone()).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        let confirm = || match key {
            Some(key) => shop.confirm_of(&approved).once(key),
            None => shop.confirm_of(&approved),
        };
        acquirer.on_authorize(Play::Unknown);
        confirm().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        acquirer.on_record(OnRecord::Charged);
        a_second().await;
        assert_eq!(confirm().await.data()["status"], "DONE");
        assert_eq!(acquirer.authorized().values().sum::<u32>(), 1, "one charge");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_repeated_refund_learns_what_became_of_it_at_once() {
    for key in [None, Some("k")] {
        let acquirer = ScriptedAcquirer::new();
        let app = patient().acquirer(acquirer.clone()).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let paid = app.done_payment(&shop, &customer).await;
        let refund = || {
            let call = shop.cancel(&paid.key, &json!({ "amount": 5_000 }));
            match key {
                Some(key) => call.once(key),
                None => call,
            }
        };
        acquirer.on_refund(Play::Unknown);
        refund().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        acquirer.on_refund(Play::Approve);
        a_second().await;
        assert_eq!(refund().await.data()["amount"], -5_000);
        assert_eq!(acquirer.refunded(), [5_000], "under its number");
        app.stop().await;
    }
}

#[tokio::test]
async fn calls_that_are_repeated_in_a_hurry_make_one_call_to_the_network_in_a_second() {
    let acquirer = ScriptedAcquirer::new();
    let app = patient().with(|settings| settings.payment.answer_budget_ms = 50).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    let refund = || shop.cancel(&paid.key, &json!({ "amount": 5_000 })).once("k");
    refund().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2_500) {
        let all = futures_util::future::join_all((0..5).map(|_| refund().into_future())).await;
        assert!(all.iter().all(|answer| answer.status == 504 || answer.status == 409));
    }
    let calls = acquirer.refund_calls()[0];
    assert!((3..=4).contains(&calls), "the first call, and one a second: {calls}");
    app.stop().await;
}

#[tokio::test]
async fn a_cancel_of_an_order_whose_charge_is_in_doubt_finds_out_first() {
    for by_shop in [true, false] {
        let acquirer = ScriptedAcquirer::new();
        let app = patient().acquirer(acquirer.clone()).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        acquirer.on_authorize(Play::Unknown);
        shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        acquirer.on_record(OnRecord::Charged);
        a_second().await;
        let canceled = if by_shop {
            shop.cancel_order(&approved.order, &json!({})).await
        } else {
            customer.give_up(&approved.token).await
        };
        // The order of a charged payment is canceled by giving the money back; the customer cannot.
        assert_ne!(canceled.code(), "CONFIRM_IN_PROGRESS", "{}", canceled.json);
        let state = if by_shop { "CANCELED" } else { "DONE" };
        assert_eq!(shop.state(&approved.order).await, state, "{}", canceled.json);
        app.stop().await;
    }
}

/// The way to a card network that may be cut: calls arrive, and no answer comes back.
struct Way {
    inner: InProcess,
    is_cut: AtomicBool,
    cancels: AtomicUsize,
}

#[async_trait]
impl CardNetwork for Way {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        self.cancels.fetch_add(usize::from(path.ends_with("/cancel")), Ordering::SeqCst);
        let answer = self.inner.call(method, path, body).await;
        if self.is_cut.load(Ordering::SeqCst) { Err(CallError::Unknown("cut".into())) } else { answer }
    }
}

impl Way {
    fn open() -> Arc<Self> {
        let inner = InProcess::new(Arc::new(Sandbox::in_memory()), Duration::from_secs(5));
        Arc::new(Self { inner, is_cut: AtomicBool::new(false), cancels: AtomicUsize::new(0) })
    }

    fn guarded(self: &Arc<Self>) -> Arc<dyn Acquirer> {
        let open_for = Duration::from_millis(500);
        let breaker = BreakerSettings { failures: 20, open_for, open_for_at_most: open_for };
        let card = Arc::new(CardAcquirer::new(self.clone(), CardSettings::default()));
        Arc::new(Guarded::new(CARD, card, breaker))
    }
}

#[tokio::test]
async fn when_the_network_answers_again_everything_in_doubt_is_settled_within_seconds() {
    let way = Way::open();
    let app = patient().with(|settings| settings.payment.answer_budget_ms = 200).acquirer(way.guarded());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut paid = Vec::new();
    for _ in 0..5 {
        paid.push(app.done_payment(&shop, &customer).await);
    }
    let approved = app.approved_payment(&shop, &customer).await;
    way.is_cut.store(true, Ordering::SeqCst);
    for paid in &paid {
        shop.cancel(&paid.key, &json!({})).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    }
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    // Nobody but the gateway itself looks at them from here on: not even a shop that asks how they are.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = way.cancels.load(Ordering::SeqCst);
    assert!(before <= 10, "while nobody answers, they are left alone: {before}");
    let healed = Instant::now();
    way.is_cut.store(false, Ordering::SeqCst);
    let in_doubt = async || app.inside(async |app| app.store.doubtful_payments(CARD, 10).await.unwrap().len()).await;
    eventually("nothing is in doubt any more", async || in_doubt().await == 0).await;
    assert!(healed.elapsed() < Duration::from_secs(10), "{:?}", healed.elapsed());
    assert_eq!(way.cancels.load(Ordering::SeqCst) - before, 5, "one call each");
    for paid in &paid {
        assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn what_a_process_left_in_doubt_is_settled_by_the_first_answer_that_the_next_one_gets() {
    let way = Way::open();
    let app = patient().with(|settings| settings.payment.answer_budget_ms = 200).acquirer(way.guarded());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    way.is_cut.store(true, Ordering::SeqCst);
    shop.cancel(&paid.key, &json!({})).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    way.is_cut.store(false, Ordering::SeqCst);
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    let in_doubt = async || app.inside(async |app| app.store.doubtful_payments(CARD, 10).await.unwrap().len()).await;
    eventually("it is settled though nobody asks", async || in_doubt().await == 0).await;
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 0);
    app.stop().await;
}
