//! A card network that refuses connections: what was not sent is sent again for a while, and a network that is
//! down is left alone until a probe gets through.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use paygate::acquirer::{
    Acquirer, Acquirers, BreakerSettings, CARD, CallError, CardAcquirer, CardNetwork, CardSettings, Guarded, InProcess,
    Method, Reply, Sandbox,
};
use paygate_entity::payment_event;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::Value;

use crate::support::{Setup, TestApp, eventually};

/// A way to the sandbox that is closed for some calls.
struct Way {
    inner: InProcess,
    sandbox: Arc<Sandbox>,
    /// Connections still to be refused.
    refusals: AtomicUsize,
    /// The number in each charge that was tried, sent or not.
    tried: Mutex<Vec<String>>,
}

const FOR_EVER: usize = usize::MAX;

#[async_trait]
impl CardNetwork for Way {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        if path.ends_with("/approve") {
            let number = body.as_ref().and_then(|body| body["txnNo"].as_str()).unwrap();
            self.tried.lock().unwrap().push(number.to_owned());
        }
        let is_refused = |left: usize| if left == FOR_EVER { Some(left) } else { left.checked_sub(1) };
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_refused).is_ok() {
            return Err(CallError::NotSent("refused".into()));
        }
        self.inner.call(method, path, body).await
    }
}

impl Way {
    fn open() -> Arc<Self> {
        let sandbox = Arc::new(Sandbox::in_memory());
        let inner = InProcess::new(sandbox.clone(), Duration::from_secs(5));
        Arc::new(Self { inner, sandbox, refusals: AtomicUsize::new(0), tried: Mutex::default() })
    }

    fn refuse(&self, calls: usize) {
        self.refusals.store(calls, Ordering::SeqCst);
    }

    fn tried(&self) -> Vec<String> {
        self.tried.lock().unwrap().clone()
    }

    /// A Paygate at this end of it, with a circuit breaker of these settings.
    fn paygate(self: &Arc<Self>, failures: u32, open_for: Duration) -> Setup {
        let breaker = BreakerSettings { failures, open_for, open_for_at_most: open_for };
        let card = Arc::new(CardAcquirer::new(self.clone(), CardSettings::default()));
        let guarded: Arc<dyn Acquirer> = Arc::new(Guarded::new(CARD, card, breaker));
        TestApp::with(|_| {}).acquirers(Acquirers::new([(CARD, guarded)]))
    }
}

const NEVER: u32 = u32::MAX;
const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn what_was_refused_twice_is_sent_a_third_time_under_the_same_number() {
    let way = Way::open();
    let app = way.paygate(NEVER, LONG).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    way.refuse(2);
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
    let tried = way.tried();
    assert!(tried.len() == 3 && tried.iter().all(|number| *number == tried[0]), "{tried:?}");
    let seen: Vec<_> = way.sandbox.transactions().iter().map(|(number, _)| number.to_string()).collect();
    assert_eq!(seen, [tried[0].clone()], "the network saw one number");
    assert_eq!(way.sandbox.totals().approved.amount, 15_000);
    way.refuse(2);
    assert_eq!(shop.cancel(&approved.key, &serde_json::json!({})).await.data()["amount"], -15_000, "a refund, too");
    app.stop().await;
}

#[tokio::test]
async fn what_is_always_refused_is_tried_several_times_and_told_as_not_sent() {
    let way = Way::open();
    let app = way.paygate(NEVER, LONG).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    way.refuse(FOR_EVER);
    let started = Instant::now();
    let answer = shop.confirm_of(&approved).await;
    assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
    assert!(started.elapsed() < Duration::from_millis(app.settings().payment.answer_budget_ms), "within the budget");
    let tried = way.tried();
    assert!(tried.len() > 3 && tried.iter().all(|number| *number == tried[0]), "{tried:?}");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    way.refuse(0);
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
    assert_ne!(way.tried().pop(), tried.first().cloned(), "another confirm is another charge");
    assert_eq!(way.sandbox.transactions().len(), 1, "of which the network knows one");
    app.stop().await;
}

/// What the readiness check says of the card network. It is about this server, which goes on serving.
async fn breaker(app: &TestApp) -> String {
    let ready = app.http.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.json);
    ready.json["acquirers"][CARD].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_network_that_is_down_is_not_asked_again_and_confirms_fail_at_once() {
    let way = Way::open();
    let app = way.paygate(3, LONG).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (one, other) = (app.approved_payment(&shop, &customer).await, app.approved_payment(&shop, &customer).await);
    assert_eq!(breaker(&app).await, "closed");
    way.refuse(FOR_EVER);
    shop.confirm_of(&one).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    assert_eq!(breaker(&app).await, "open");
    assert_eq!(way.tried().len(), 3, "as often as the breaker lets it");
    way.refuse(0);
    let started = Instant::now();
    for approved in [&one, &other] {
        let answer = shop.confirm_of(approved).await;
        assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "what cannot be sent is not tried for two seconds");
    assert_eq!(way.tried().len(), 3, "nothing was sent");
    app.stop().await;
}

#[tokio::test]
async fn while_the_network_rests_nothing_is_begun_and_no_key_is_spent() {
    let way = Way::open();
    let app = way.paygate(3, LONG).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (paid, approved) = (app.done_payment(&shop, &customer).await, app.approved_payment(&shop, &customer).await);
    way.refuse(FOR_EVER);
    shop.confirm_of(&approved).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    assert_eq!(breaker(&app).await, "open");
    let database = app.database.connect().await;
    let events = async || payment_event::Entity::find().count(&database).await.unwrap();
    let before = events().await;
    let all = serde_json::json!({});
    for _ in 0..20 {
        let answer = shop.cancel(&paid.key, &all).once("all").await;
        assert_eq!(answer.refused(503, "CARD_NETWORK_UNAVAILABLE").outcome(), "not_sent");
        assert!(answer.header("retry-after").is_some());
        shop.cancel(&paid.key, &all).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        shop.confirm_of(&approved).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    }
    assert_eq!(events().await, before, "an outage writes nothing");
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 15_000);
    // What is no call to the network is answered as ever.
    let too_much = serde_json::json!({ "amount": 15_001 });
    shop.cancel(&paid.key, &too_much).await.refused(409, "EXCEEDS_BALANCE");
    assert_eq!(shop.confirm_of(&paid).await.code(), "ALREADY_CONFIRMED");
    app.stop().await;
}

#[tokio::test]
async fn a_network_that_is_back_is_found_by_a_probe() {
    let way = Way::open();
    let app = way.paygate(3, Duration::from_millis(1)).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    way.refuse(FOR_EVER);
    shop.confirm_of(&approved).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    assert_ne!(breaker(&app).await, "closed");
    way.refuse(0);
    eventually("a confirm gets through", async || shop.confirm_of(&approved).await.status == 200).await;
    assert_eq!(breaker(&app).await, "closed");
    shop.paid_by(&customer, 1_000).await;
    assert_eq!(way.sandbox.totals().approved.count, 2, "each was charged once");
    app.stop().await;
}
