//! Finds payment actors. Look-ups go through shared maps without a queue; making and forgetting actors
//! goes through one registry actor, so that no payment gets two in this process.

use std::sync::Arc;

use actix::prelude::*;
use dashmap::DashMap;
use tokio::sync::oneshot;

use super::{
    AskError, Claim, Services,
    kernel::Reply,
    payment::{Ask, Create, Look, PaymentActor},
};
use crate::{
    domain::{By, MerchantId, Order, OrderId, Payment, PaymentId},
    shares::{Tenant, current},
};

/// How often a question is put again because the actor left between look-up and question.
const MAX_WAKES: usize = 5;

type Actors = DashMap<PaymentId, Addr<PaymentActor>>;
type Orders = DashMap<(MerchantId, OrderId), PaymentId>;

/// Everybody's handle to the payment actors of this process.
#[derive(Clone)]
pub struct Registry {
    actors: Arc<Actors>,
    /// The way from a QR token or a shop's order to a payment in memory.
    orders: Arc<Orders>,
    services: Arc<Services>,
    arbiters: Arc<[ArbiterHandle]>,
    keeper: Addr<RegistryActor>,
}

impl Registry {
    /// Starts the registry actor on the first arbiter.
    pub fn start(services: Arc<Services>, arbiters: Arc<[ArbiterHandle]>) -> Self {
        let actors: Arc<Actors> = Arc::default();
        let orders: Arc<Orders> = Arc::default();
        let keeper = {
            let (actors, orders) = (actors.clone(), orders.clone());
            RegistryActor::start_in_arbiter(&arbiters[0], move |_| RegistryActor { actors, orders })
        };
        Self { actors, orders, services, arbiters, keeper }
    }

    pub fn len(&self) -> usize {
        self.actors.len()
    }

    /// Creates a payment with an actor of its own.
    pub async fn create(&self, order: Order, by: By, claim: Option<Claim>) -> Result<Reply, AskError> {
        let tenant = Some(Tenant::Merchant(order.merchant));
        let _ask = self.services.asks.take(tenant)?;
        let id: PaymentId = Services::fresh();
        let name = (order.merchant, order.order_id.clone());
        let addr = self.spawn(id, false, tenant)?;
        // Known before it exists: whoever asks for it from now on meets this actor, even if the caller
        // hangs up before it hears the answer. An actor that could not create its payment takes itself out.
        self.actors.insert(id, addr.clone());
        let reply = addr.send(Create { order, by, claim }).await.map_err(|_| AskError::Unavailable)??;
        // What a client key created may give its order id up, to another process as well: it is looked up each time.
        if by == By::Shop {
            self.orders.insert(name, id);
        }
        Ok(reply)
    }

    /// Puts a question to a payment, waking its actor when it is not in memory.
    pub async fn ask(&self, id: PaymentId, ask: Ask) -> Result<Reply, AskError> {
        self.send(id, ask).await
    }

    /// The present state of a payment.
    pub async fn look(&self, id: PaymentId) -> Result<Arc<Payment>, AskError> {
        if self.live(id).is_some() {
            return self.send(id, Look).await;
        }
        // Reading an ended payment needs no actor.
        match self.services.records.payment(id).await {
            Ok(Some(payment)) if payment.is_at_rest() => Ok(Arc::new(payment)),
            Ok(Some(_)) => self.send(id, Look).await,
            Ok(None) => Err(AskError::NotFound),
            Err(error) => {
                tracing::warn!(payment = %id, %error, "a payment cannot be read");
                Err(AskError::Unavailable)
            }
        }
    }

    /// The payment of a shop's order.
    pub async fn find(&self, merchant: MerchantId, order: &OrderId) -> Result<PaymentId, AskError> {
        if let Some(id) = self.orders.get(&(merchant, order.clone())) {
            return Ok(*id);
        }
        match self.services.records.payment_of_order(merchant, order).await {
            Ok(found) => found.ok_or(AskError::NotFound),
            Err(error) => {
                tracing::warn!(%error, "an order cannot be looked up");
                Err(AskError::Unavailable)
            }
        }
    }

    /// Forgets actors that died without leaving (a panic does that to them). The next question to such a
    /// payment wakes a new one from the journal.
    pub fn forget_dead(&self) {
        self.actors.retain(|_, addr| addr.connected());
        self.orders.retain(|_, id| self.actors.contains_key(id));
    }

    /// The registry or a thread that has ended.
    pub fn what_is_gone(&self) -> Option<&'static str> {
        if !self.keeper.connected() {
            return Some("the registry actor has ended");
        }
        let is_alive = |arbiter: &ArbiterHandle| arbiter.spawn(std::future::ready(()));
        (!self.arbiters.iter().all(is_alive)).then_some("a thread of the payment actors has ended")
    }

    /// Tells the registry that an actor is leaving.
    pub fn tell(&self, gone: Gone) {
        self.keeper.do_send(gone);
    }

    async fn send<M, T>(&self, id: PaymentId, message: M) -> Result<T, AskError>
    where
        M: Message<Result = Result<T, AskError>> + Clone + Send + 'static,
        T: Send + 'static,
        PaymentActor: Handler<M>,
    {
        let _ask = self.services.asks.take(current()).map_err(|_| AskError::Overloaded)?;
        for _ in 0..MAX_WAKES {
            let addr = match self.live(id) {
                Some(addr) => addr,
                None => self.wake(id).await?,
            };
            match addr.send(message.clone()).await {
                Ok(answer) => return answer,
                // It left, or it died. Asking again is safe: whatever the last one did is in the journal,
                // and the domain answers from there.
                Err(_) => tracing::debug!(payment = %id, "a payment actor was gone; waking another"),
            }
        }
        Err(AskError::Unavailable)
    }

    fn live(&self, id: PaymentId) -> Option<Addr<PaymentActor>> {
        self.actors.get(&id).map(|addr| addr.clone()).filter(Addr::connected)
    }

    async fn wake(&self, id: PaymentId) -> Result<Addr<PaymentActor>, AskError> {
        let (woken, answer) = oneshot::channel();
        self.keeper.do_send(Wake { id, registry: self.clone(), tenant: current(), woken });
        match answer.await {
            Ok(Err(AskError::ShareSpent)) => Err(AskError::Overloaded),
            Ok(woken) => woken,
            Err(_) => Err(AskError::Unavailable),
        }
    }

    fn spawn(&self, id: PaymentId, is_woken: bool, tenant: Option<Tenant>) -> Result<Addr<PaymentActor>, AskError> {
        let place = self.services.places.take(tenant)?;
        // The last bits of a UUID v7 are random: payments spread evenly over the arbiters.
        let turn = id.uuid().as_u128() % self.arbiters.len() as u128;
        let arbiter = &self.arbiters[usize::try_from(turn).unwrap_or(0)];
        let (services, registry) = (self.services.clone(), self.clone());
        Ok(PaymentActor::start_in_arbiter(arbiter, move |_| PaymentActor::new(id, services, registry, is_woken, place)))
    }
}

/// A payment actor has left memory, or is about to.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Gone {
    pub id: PaymentId,
    pub order: Option<(MerchantId, OrderId)>,
    pub addr: Addr<PaymentActor>,
}

/// Somebody needs the actor of a payment that is not in memory.
#[derive(Message)]
#[rtype(result = "()")]
struct Wake {
    id: PaymentId,
    registry: Registry,
    /// For whom.
    tenant: Option<Tenant>,
    woken: oneshot::Sender<Result<Addr<PaymentActor>, AskError>>,
}

/// Takes one request after the other, so that two who need the same payment get the same actor.
pub struct RegistryActor {
    actors: Arc<Actors>,
    orders: Arc<Orders>,
}

impl Actor for RegistryActor {
    type Context = Context<Self>;
}

impl Handler<Wake> for RegistryActor {
    type Result = ();

    fn handle(&mut self, Wake { id, registry, tenant, woken }: Wake, _: &mut Self::Context) {
        let addr = match registry.live(id) {
            Some(addr) => Ok(addr),
            None => registry.spawn(id, true, tenant).inspect(|addr| {
                // Replaces a dead address, if there was one.
                self.actors.insert(id, addr.clone());
            }),
        };
        let _ = woken.send(addr);
    }
}

impl Handler<Gone> for RegistryActor {
    type Result = ();

    fn handle(&mut self, Gone { id, order, addr }: Gone, _: &mut Self::Context) {
        if self.actors.remove_if(&id, |_, current| *current == addr).is_some() {
            // Its order id may be another payment's by now.
            order.and_then(|order| self.orders.remove_if(&order, |_, current| *current == id));
        }
    }
}
