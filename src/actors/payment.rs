//! The payment actor: a mailbox, a timer, and one [`Kernel`] that is out on loan while a message is
//! being worked on, so that nothing else happens to the payment meanwhile.

use std::{sync::Arc, time::Duration};

use actix::prelude::*;
use metrics::{counter, gauge};

use super::{
    AskError, Claim, Services,
    effects::{self, Caller},
    kernel::{Kernel, Reply},
    registry::{Gone, Registry},
};
use crate::{
    domain::{By, Command, Effect, MerchantId, Order, Payment, PaymentId, Rejection},
    shares::{Share, Tenant, serve},
};

/// An outcome that could not be made durable is handed in again after this long, for as long as it takes.
const RETRY_COMMIT_AFTER: Duration = Duration::from_millis(500);

/// Between two things that are due at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Begins the payment this actor was made for.
#[derive(Message)]
#[rtype(result = "Result<Reply, AskError>")]
pub struct Create {
    pub order: Order,
    /// With which key.
    pub by: By,
    pub claim: Option<Claim>,
}

/// Asks the payment to do something.
#[derive(Message, Clone)]
#[rtype(result = "Result<Reply, AskError>")]
pub struct Ask {
    pub command: Command,
    pub claim: Option<Claim>,
}

/// Asks for the present state.
#[derive(Message, Clone, Copy)]
#[rtype(result = "Result<Arc<Payment>, AskError>")]
pub struct Look;

pub struct PaymentActor {
    id: PaymentId,
    services: Arc<Services>,
    registry: Registry,
    /// `None` only while a message is being worked on.
    kernel: Option<Kernel>,
    /// Woken from the journal, not newly created.
    is_woken: bool,
    /// The least time until what is due is looked at.
    pause: Duration,
    deadline: Option<SpawnHandle>,
    rest: Option<SpawnHandle>,
    _place: Share<Tenant>,
}

impl PaymentActor {
    pub fn new(
        id: PaymentId,
        services: Arc<Services>,
        registry: Registry,
        is_woken: bool,
        place: Share<Tenant>,
    ) -> Self {
        let kernel = Some(Kernel::new(services.clone(), id));
        Self {
            id,
            services,
            registry,
            kernel,
            is_woken,
            pause: SHORTEST_PAUSE,
            deadline: None,
            rest: None,
            _place: place,
        }
    }

    /// Lends the kernel to `work`; the mailbox waits until it is back. The effect that `work` asks for
    /// runs afterwards, outside.
    fn with_kernel<T: 'static>(
        &mut self,
        merchant: Option<MerchantId>,
        work: impl AsyncFnOnce(&mut Kernel) -> Result<(T, Option<Effect>), AskError> + 'static,
    ) -> Answer<T> {
        let kernel = self.kernel.take();
        let work = async move {
            // A message is never delivered while the kernel is out; were it so, saying no loses nothing.
            let Some(mut kernel) = kernel else { return (None, Err(AskError::Unavailable)) };
            let known = kernel.payment().map(|payment| payment.order.merchant);
            let result = serve(merchant.or(known).map(Tenant::Merchant), work(&mut kernel)).await;
            (Some(kernel), result)
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|(kernel, result), actor, ctx| {
            actor.kernel = kernel;
            // While the journal cannot be written, what is due stays due: do not run in circles.
            let is_ill = matches!(result, Err(AskError::Unavailable | AskError::Overloaded));
            actor.pause = if is_ill { RETRY_COMMIT_AFTER } else { SHORTEST_PAUSE };
            let answer = result.map(|(answer, effect)| {
                if let Some(effect) = effect {
                    actor.run_outside(effect);
                }
                answer
            });
            actor.set_timers(ctx);
            answer
        })))
    }

    /// Runs an effect outside, and brings its outcome back through the registry: should this actor be
    /// gone by then, another one takes its place.
    fn run_outside(&self, effect: Effect) {
        let Some(payment) = self.kernel.as_ref().and_then(Kernel::payment) else { return };
        let caller = Caller { payment: self.id, merchant: payment.order.merchant };
        let (services, registry) = (self.services.clone(), self.registry.clone());
        actix::spawn(self.services.effects.track_future(async move {
            let tenant = Some(Tenant::Merchant(caller.merchant));
            let command = serve(tenant, effects::run(&services, caller, effect)).await;
            deliver(&registry, caller.payment, command).await;
        }));
    }

    /// A timer for what is due next, or for the rest when nothing is.
    fn set_timers(&mut self, ctx: &mut Context<Self>) {
        for timer in [self.deadline.take(), self.rest.take()].into_iter().flatten() {
            ctx.cancel_future(timer);
        }
        let Some(kernel) = &self.kernel else { return };
        let Some(payment) = kernel.payment() else {
            // Nothing was created, or nothing was found: this actor has no reason to be.
            self.leave(ctx);
            return;
        };
        if let Some(due) = payment.due_at() {
            let left = Duration::try_from(due.duration_since(kernel.now())).unwrap_or_default();
            self.deadline = Some(ctx.run_later(left.max(self.pause), |_, ctx| {
                ctx.notify(Ask { command: Command::Wake, claim: None });
            }));
        } else if !kernel.is_awaited() {
            self.rest = Some(ctx.run_later(self.services.linger(), |actor, ctx| actor.leave_if_idle(ctx)));
        }
    }

    /// A timer that ran out while a message was being worked on fires in spite of its cancellation, so it
    /// has to look again whether its reason still holds.
    fn leave_if_idle(&self, ctx: &mut Context<Self>) {
        let is_idle =
            |kernel: &Kernel| !kernel.is_awaited() && kernel.payment().is_none_or(|payment| payment.due_at().is_none());
        if self.kernel.as_ref().is_some_and(is_idle) {
            self.leave(ctx);
        }
    }

    /// Leaves memory. Who still holds the address gets a closed mailbox and asks the registry anew.
    fn leave(&self, ctx: &mut Context<Self>) {
        let payment = self.kernel.as_ref().and_then(Kernel::payment);
        let order = payment.map(|payment| (payment.order.merchant, payment.order.order_id.clone()));
        self.registry.tell(Gone { id: self.id, order, addr: ctx.address() });
        ctx.stop();
    }
}

/// Hands an outcome in until it is durable: it is the only trace of what the acquirer did.
pub(super) async fn deliver(registry: &Registry, payment: PaymentId, command: Command) {
    loop {
        match registry.ask(payment, Ask { command: command.clone(), claim: None }).await {
            Err(AskError::Rejected(Rejection::Contradiction)) => {
                counter!("paygate_acquirer_contradictions_total").increment(1);
                tracing::error!(%payment, ?command, "the acquirer contradicts what it said before");
                return;
            }
            Ok(_) | Err(AskError::Rejected(_) | AskError::NotFound) => return,
            Err(error) => {
                tracing::warn!(%payment, %error, "an outcome is not durable yet; trying again");
                tokio::time::sleep(RETRY_COMMIT_AFTER).await;
            }
        }
    }
}

type Answer<T> = AtomicResponse<PaymentActor, Result<T, AskError>>;

impl Actor for PaymentActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        gauge!("paygate_payment_actors").increment(1.0);
        if !self.is_woken {
            return;
        }
        let Some(mut kernel) = self.kernel.take() else { return };
        let load = async move {
            let loaded = kernel.load().await;
            (kernel, loaded)
        };
        ctx.wait(load.into_actor(self).map(|(kernel, loaded), actor, ctx| {
            actor.kernel = Some(kernel);
            if loaded.is_ok() {
                actor.set_timers(ctx);
            }
            // Otherwise the first message tries again, and answers with the reason if that fails too.
        }));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        gauge!("paygate_payment_actors").decrement(1.0);
    }
}

impl Handler<Create> for PaymentActor {
    type Result = Answer<Reply>;

    fn handle(&mut self, Create { order, by, claim }: Create, _: &mut Self::Context) -> Self::Result {
        let merchant = Some(order.merchant);
        self.with_kernel(merchant, async move |kernel: &mut Kernel| Ok((kernel.create(order, by, claim).await?, None)))
    }
}

impl Handler<Ask> for PaymentActor {
    type Result = Answer<Reply>;

    fn handle(&mut self, Ask { command, claim }: Ask, _: &mut Self::Context) -> Self::Result {
        self.with_kernel(None, async move |kernel: &mut Kernel| kernel.execute(&command, claim).await)
    }
}

impl Handler<Look> for PaymentActor {
    type Result = Answer<Arc<Payment>>;

    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        self.with_kernel(None, async |kernel: &mut Kernel| Ok((kernel.look().await?, None)))
    }
}
