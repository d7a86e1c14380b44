//! Everybody who has to do with one order: a shop, customers who compete, people who click twice, give
//! up, ask again, hang up.

use std::{rc::Rc, time::Duration};

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    calls::Failure,
    told::{Standing, Told, by_refusal, confirmed, refunded},
    world::{World, pick},
};
use crate::{
    actors::{AskError, Payments, RefundRequest, Services},
    domain::{AskedAgain, By, CancelNo, Currency, Money, Order, OrderId, Payer, PaymentId, PaymentKey, Status},
    store::KeyRef,
};

/// How often somebody asks again.
const TRIES: usize = 6;

/// One person who acts beside others.
pub struct Person {
    pub(super) world: Rc<World>,
    pub(super) rng: Xoshiro256PlusPlus,
    /// Nobody else calls in this name.
    by: By,
}

/// Plays one order from its creation until everybody has lost interest.
pub async fn play(world: Rc<World>, number: usize) {
    let order_id: OrderId = format!("order-{number}").parse().expect("an order id");
    let mut shop = Person::new(&world);
    let Some(payment) = shop.create(&order_id).await else { return };
    let mut people = tokio::task::JoinSet::new();
    let competing = if shop.rng.random_bool(0.3) { 2 } else { 1 };
    for customer in 0..competing {
        people.spawn_local(Person::new(&world).pays(payment, customer));
    }
    for _ in 0..pick(&mut shop.rng, &[1, 1, 2, 3]) {
        people.spawn_local(Person::new(&world).confirms(payment));
    }
    if shop.rng.random_bool(0.25) {
        people.spawn_local(Person::new(&world).gives_up(payment));
    }
    for _ in 0..pick(&mut shop.rng, &[0, 0, 1, 2, 5]) {
        people.spawn_local(Person::new(&world).refunds(payment));
    }
    while let Some(done) = people.join_next().await {
        done.expect("nobody panics");
    }
}

impl Person {
    fn new(world: &Rc<World>) -> Self {
        let mut rng = world.fork();
        let by = By::BackOffice(Uuid::from_u64_pair(rng.random(), rng.random()).into());
        Self { world: world.clone(), rng, by }
    }

    async fn wait(&mut self, at_most_s: u64) {
        sleep(Duration::from_millis(self.rng.random_range(0..at_most_s * 1_000))).await;
    }

    async fn wait_one_of(&mut self, at_most_s: [u64; 3]) {
        let at_most_s = pick(&mut self.rng, &at_most_s);
        self.wait(at_most_s).await;
    }

    async fn create(&mut self, order_id: &OrderId) -> Option<PaymentId> {
        for _ in 0..TRIES * 3 {
            let (world, name) = (self.world.clone(), order_id.clone());
            let created = self.call(async |payments: Payments| {
                let order = Order {
                    merchant: world.merchant,
                    order_id: name.clone(),
                    order_name: "coffee".parse().expect("a name"),
                    amount: Money::new(15_000, Currency::KRW).expect("an amount"),
                    expires_at: payments.deadline(),
                    redirects: Box::default(),
                    metadata: None,
                };
                payments.create(order, By::Shop, None).await
            });
            match created.await {
                Ok(payment) => {
                    self.told(payment.id, Told::Created);
                    return Some(payment.id);
                }
                // Made before, by a call whose answer was lost.
                Err(Failure::Refused(AskError::OrderExists)) => {
                    let found = self.call(async |payments: Payments| payments.find(world.merchant, &name).await).await;
                    if let Ok(id) = found {
                        return Some(id);
                    }
                }
                Err(_) => {}
            }
            self.wait(3).await;
        }
        None
    }

    async fn pays(mut self, id: PaymentId, customer: usize) {
        self.wait_one_of([5, 30, 700]).await;
        let customer = self.world.customers[customer];
        for _ in 0..TRIES {
            let payer = Payer { id: customer, email: "somebody@example.com".into() };
            // The first card is the good one.
            let card = if self.rng.random_bool(0.6) { 0 } else { self.rng.random_range(0..self.world.cards.len()) };
            let instrument = self.world.cards[card].clone();
            let approved = self.call(async |payments: Payments| payments.approve(id, payer, instrument, None).await);
            match approved.await {
                Ok(payment) => match payment.payment_key {
                    Some(key) => return self.told(id, Told::Approved { key, by: customer }),
                    None if payment.status.is_final() => return,
                    None => {}
                },
                Err(Failure::Refused(AskError::Rejected(_))) => return,
                Err(_) => {}
            }
            self.wait(20).await;
        }
    }

    async fn gives_up(mut self, id: PaymentId) {
        self.wait_one_of([10, 60, 600]).await;
        let customer = self.world.customers[0];
        let by_shop = self.rng.random_bool(0.5);
        for _ in 0..TRIES {
            let canceled = self.call(async |payments: Payments| {
                if by_shop {
                    payments.cancel_by_shop(id, None, None).await
                } else {
                    payments.cancel_by_customer(id, customer, None).await
                }
            });
            match canceled.await {
                Ok(payment) if payment.status == Status::Canceled => return self.told(id, Told::NotCharged),
                Err(Failure::Refused(AskError::Rejected(_))) => return,
                _ => self.wait(10).await,
            }
        }
    }

    /// Waits until the customer has approved, as a page does that watches.
    async fn approved(&mut self, id: PaymentId) -> Option<PaymentKey> {
        for _ in 0..60 {
            match self.call(async |payments: Payments| payments.look(id).await).await {
                Ok(payment) if payment.payment_key.is_some() => return payment.payment_key,
                Ok(payment) if payment.status.is_final() => return None,
                _ => self.wait(30).await,
            }
        }
        None
    }

    async fn confirms(mut self, id: PaymentId) {
        let Some(payment_key) = self.approved(id).await else { return };
        if self.rng.random_bool(0.1) {
            self.wait(800).await;
        }
        let key = self.rng.random_bool(0.5).then(|| self.key());
        for _ in 0..TRIES {
            let amount = if self.rng.random_bool(0.1) { 14_999 } else { 15_000 };
            // Another body is another call.
            let key = key.clone().filter(|_| amount == 15_000);
            let call = async |payments: Payments, claim| payments.confirm(id, payment_key, amount, claim).await;
            match self.once(id, key, None, confirmed, call).await {
                Ok(Standing::Is(_) | Standing::Refused) => return,
                Err(Failure::Refused(error @ AskError::Rejected(_))) => {
                    if let Some(told) = by_refusal(error) {
                        return self.told(id, told);
                    }
                }
                _ => {}
            }
            self.wait(30).await;
        }
    }

    async fn refunds(mut self, id: PaymentId) {
        for _ in 0..TRIES {
            self.wait_one_of([30, 300, 5_000]).await;
            let Ok(payment) = self.call(async |payments: Payments| payments.look(id).await).await else { continue };
            if payment.is_charged() {
                self.refund(id).await;
            }
        }
    }

    /// One intention: however often it is tried, it must not be done twice.
    async fn refund(&mut self, id: PaymentId) {
        let amount = pick(&mut self.rng, &[None, Some(1), Some(4_000), Some(5_000), Some(15_000)]);
        let clicks_often = self.world.clicks_often();
        let key = (clicks_often || self.rng.random_bool(0.6)).then(|| self.key());
        // Some click often; without a key nobody can tell that from several wishes.
        let clicks = if key.is_some() { pick(&mut self.rng, &[1, 1, 2, 6]) } else { 1 };
        let clicks = if clicks_often { 6 } else { clicks };
        let mut others: Vec<_> = (1..clicks).map(|_| Person::new(&self.world)).collect();
        let others = others.iter_mut().map(|other| other.try_refund(id, amount, key.clone()));
        let others = futures_util::future::join_all(others);
        let (mine, others) = futures_util::future::join(self.try_refund(id, amount, key.clone()), others).await;
        self.wanted(id, others.into_iter().flatten().chain(mine).collect());
    }

    /// The numbers under which it was begun.
    async fn try_refund(&mut self, id: PaymentId, amount: Option<i64>, key: Option<KeyRef>) -> Vec<CancelNo> {
        let mut tried = Vec::new();
        // Some say what they believe to be left, and say the same when they ask again.
        let (names_balance, mut expected_balance) = (key.is_none() && self.rng.random_bool(0.5), None);
        for _ in 0..TRIES {
            // As the route does: without a key, the same call again is about the refund it was not told of.
            let Ok(payment) = self.call(async |payments: Payments| payments.look(id).await).await else { continue };
            if names_balance {
                expected_balance.get_or_insert(payment.refundable());
            }
            let asked = AskedAgain { amount, expected_balance, reason: None, by: self.by };
            let before = payment.refund_asked_before(&asked, self.world.now()).filter(|_| key.is_none());
            let cancel_no: CancelNo = before.unwrap_or_else(Services::fresh);
            // One that was found again was begun by an earlier call.
            if before.is_none() {
                tried.push(cancel_no);
            }
            let by = self.by;
            let call = async |payments: Payments, claim| {
                let (reason, is_numbered) = (None, false);
                let request = RefundRequest { cancel_no, amount, expected_balance, reason, is_numbered, by };
                payments.refund(id, request, claim).await
            };
            match self.once(id, key.clone(), Some(cancel_no.uuid()), refunded, call).await {
                Ok(Standing::Is(_) | Standing::Refused) | Err(Failure::Refused(AskError::Rejected(_))) => return tried,
                // Without a key nobody knows this caller again at once: it is told to look before it tries
                // again (503), or nothing at all. It starts anew.
                Err(Failure::Lost | Failure::Refused(AskError::Unavailable)) if key.is_none() => tried.clear(),
                _ if key.is_some() => self.wait_one_of([1, 1, 20]).await,
                _ => self.wait(20).await,
            }
        }
        tried
    }

    fn wanted(&self, id: PaymentId, tried: Vec<CancelNo>) {
        self.world.wanted.borrow_mut().push((id, tried));
    }
}
