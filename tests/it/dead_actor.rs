//! A payment actor that dies: the next question wakes another one from the journal, and nothing is lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use paygate::{
    acquirer::{Acquirer, Authorization, Capabilities, Record, RefundCall},
    domain::{Approval, Money, Outcome, TxnNo},
    vault::{Credential, Cvc},
};

use crate::support::{ScriptedAcquirer, Setup, TestApp};

/// A payment method whose code fails: whoever asks what it can do panics, and an actor asks before it decides.
struct Broken {
    inner: Arc<ScriptedAcquirer>,
    panics: AtomicUsize,
}

impl Broken {
    fn new() -> Arc<Self> {
        Arc::new(Self { inner: ScriptedAcquirer::new(), panics: AtomicUsize::new(0) })
    }

    /// The next so many who ask.
    fn panic(&self, times: usize) {
        self.panics.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl Acquirer for Broken {
    fn capabilities(&self) -> Capabilities {
        let panics = self.panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(panics.is_err(), "on purpose");
        self.inner.capabilities()
    }

    async fn validate(&self, credential: &Credential, cvc: &Cvc) -> Outcome<()> {
        self.inner.validate(credential, cvc).await
    }

    async fn verify(&self, credential: &Credential) -> Outcome<()> {
        self.inner.verify(credential).await
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        self.inner.authorize(call).await
    }

    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record> {
        self.inner.inquire(txn_no).await
    }

    async fn reverse(&self, txn_no: TxnNo, amount: Money) -> Outcome<()> {
        self.inner.reverse(txn_no, amount).await
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        self.inner.refund(call).await
    }
}

/// One place in memory: a dead actor that kept it would be noticed.
fn narrow(broken: &Arc<Broken>) -> Setup {
    TestApp::with(|settings| settings.actors.max_payments = 1).acquirer(broken.clone())
}

#[tokio::test]
async fn who_asks_an_actor_that_dies_is_answered_by_the_next_one() {
    let broken = Broken::new();
    let app = narrow(&broken).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    broken.panic(1);
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
    assert_eq!(broken.inner.authorized().into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(app.in_memory().await, 1);
    app.stop().await;
}

#[tokio::test]
async fn actors_that_die_again_and_again_are_forgotten_and_their_payment_goes_on() {
    let broken = Broken::new();
    let app = narrow(&broken).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    broken.panic(usize::MAX);
    let answer = shop.confirm_of(&approved).await;
    assert_eq!(answer.refused(503, "PAYMENT_UNAVAILABLE").outcome(), "unknown");
    broken.panic(0);
    assert!(broken.inner.authorized().is_empty());
    assert_eq!(app.in_memory().await, 1, "nobody has noticed that it is dead");
    app.inside(async |app| app.payments.forget_dead()).await;
    assert_eq!(app.in_memory().await, 0);
    assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
    assert_eq!(shop.state(&approved.order).await, "DONE");
    app.stop().await;
}
