//! The front door to payments: what routes, the sweeper and the demo call. Each function asks the
//! payment's actor and, when the answer takes a call to the outside, waits for its end.

use std::{future::Future, sync::Arc, time::Duration};

use actix::{Arbiter, ArbiterHandle};
use jiff::{SignedDuration, Timestamp};

use super::{AskError, Claim, Services, kernel::Reply, payment::Ask, registry::Registry, unheard::Unheard};
use crate::{
    acquirer::Acquirers,
    domain::{
        By, CancelNo, Command, CustomerId, Instrument, MerchantId, Order, OrderId, Payer, Payment, PaymentId,
        PaymentKey, Rejection,
    },
    live::Bus,
    shares::{Rule, Shares, Tenant},
};

/// How soon a dead thread or registry is noticed.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Calls about the doubts of one payment that are made at once.
const MAX_RETRIES: usize = 20;

/// How often one create takes an order id back.
const MAX_RELEASES: usize = 3;

/// The payments of this installation, as seen from this process.
#[derive(Clone)]
pub struct Payments {
    services: Arc<Services>,
    registry: Registry,
}

/// The threads that carry payment actors; dropped last.
pub struct Arbiters(Vec<Arbiter>);

/// A refund as it is asked for.
pub struct RefundRequest {
    pub cancel_no: CancelNo,
    /// Minor units; all that is left when absent.
    pub amount: Option<i64>,
    pub expected_balance: Option<i64>,
    pub reason: Option<Box<str>>,
    /// The caller finds it again by its number, and needs no key for that.
    pub is_numbered: bool,
    pub by: By,
}

/// What a person has found out about money in doubt.
pub struct Decision {
    /// The refund it is about; the charge when absent.
    pub refund: Option<CancelNo>,
    /// The acquirer did it.
    pub approved: bool,
    pub note: Box<str>,
    pub by: By,
}

impl Payments {
    /// Starts arbiters and registry. Must be called inside an actix system.
    pub fn start(services: Arc<Services>) -> (Self, Arbiters) {
        let wanted = match services.actors.arbiters {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            n => n,
        };
        let arbiters: Vec<_> = (0..wanted).map(|_| Arbiter::new()).collect();
        let handles = arbiters.iter().map(Arbiter::handle).collect();
        (Self::on(handles, services), Arbiters(arbiters))
    }

    /// Puts the payment actors on threads of the caller's.
    pub fn on(arbiters: Arc<[ArbiterHandle]>, services: Arc<Services>) -> Self {
        let registry = Registry::start(services.clone(), arbiters);
        Self { services, registry }
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// The time of the house.
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }

    /// The earliest time that it is, should the machine's clock have been set forward wrongly: for what must rather end
    /// late than early.
    pub fn earliest_now(&self) -> Timestamp {
        self.services.clock.earliest_now()
    }

    /// The time of a payment: its deadlines do not leap with the machine's clock.
    pub fn time_of(&self, payment: &Payment) -> Timestamp {
        self.services.clock.time_since(payment.updated_at)
    }

    /// When a payment that begins now expires.
    pub fn deadline(&self) -> Timestamp {
        let life = SignedDuration::from_secs(self.services.payment.expires_after_s.cast_signed());
        self.now().checked_add(life).unwrap_or(Timestamp::MAX)
    }

    /// Where payments are heard.
    pub fn bus(&self) -> &Bus {
        &self.services.bus
    }

    /// The payment methods.
    pub fn acquirers(&self) -> &Acquirers {
        &self.services.acquirers
    }

    /// Watches the threads and the registry that payments cannot do without; returns when one is gone.
    pub async fn watch(&self) -> String {
        loop {
            if let Some(gone) = self.registry.what_is_gone() {
                return gone.to_owned();
            }
            tokio::time::sleep(WATCH_EVERY).await;
        }
    }

    /// For how long the slowest transaction of the journal has been under way.
    pub fn longest_write(&self) -> Duration {
        self.services.journal.longest_write()
    }

    /// Payments in memory.
    pub fn in_memory(&self) -> usize {
        self.registry.len()
    }

    /// Begins a payment, with the secret key ([`By::Shop`]) or with the client key. A payment that was created with the
    /// client key and that no customer has approved gives its order id up: to the secret key at any time, to the client
    /// key once it has ended.
    ///
    /// # Errors
    /// [`AskError::OrderExists`] when the shop has used the order id before.
    pub async fn create(&self, order: Order, by: By, claim: Option<Claim>) -> Result<Arc<Payment>, AskError> {
        let mut created = self.registry.create(order.clone(), by, claim.clone()).await;
        for _ in 0..MAX_RELEASES {
            if !matches!(created, Err(AskError::OrderExists)) || !self.release_order(&order, by).await {
                break;
            }
            // Whoever has the client key may be faster once more.
            created = self.registry.create(order.clone(), by, claim.clone()).await;
        }
        created.map(|reply| reply.payment).map_err(|error| match error {
            AskError::Overloaded => AskError::NotCreated,
            error => error,
        })
    }

    /// Whether the payment that has this order id has given it up.
    async fn release_order(&self, order: &Order, by: By) -> bool {
        let Ok(id) = self.registry.find(order.merchant, &order.order_id).await else { return false };
        self.ask(id, Command::ReleaseOrder { by }, None).await.is_ok()
    }

    /// A customer approves; the answer comes after the verification.
    ///
    /// # Errors
    /// Why it is not possible. A failed verification is no error: the payment says so.
    pub async fn approve(
        &self,
        id: PaymentId,
        payer: Payer,
        instrument: Instrument,
        claim: Option<Claim>,
    ) -> Result<Arc<Payment>, AskError> {
        let payment = self.ask(id, Command::Approve { payer, instrument }, claim).await?;
        if payment.doubts().any(|doubt| doubt.refund.is_none()) {
            // The answer does not depend on the charge, so it does not wait for it.
            let _ = self.registry.ask(id, Ask { command: Command::RetryNow { refund: None }, claim: None }).await;
        }
        Ok(payment)
    }

    /// The shop takes the money; the answer comes after the authorization, or when the time budget for
    /// an answer is spent. What became of it stands in the payment.
    ///
    /// # Errors
    /// Why it is not possible.
    pub async fn confirm(
        &self,
        id: PaymentId,
        payment_key: PaymentKey,
        amount: i64,
        claim: Option<Claim>,
    ) -> Result<Arc<Payment>, AskError> {
        let txn_no = Services::fresh();
        let payment = self.ask(id, Command::Confirm { payment_key, amount, txn_no }, claim).await?;
        // A shop that is told "unknown" may ask again and get the result; that must be on record before it
        // is told.
        if payment.authorization.is_open() && !payment.was_in_doubt {
            return self.follow_up(id, Command::WithholdAnswer { refund: None }).await;
        }
        Ok(payment)
    }

    /// The caller of a charge or refund in doubt asks again: the next call about it is made at once, if none is under
    /// way and the last one was a moment ago. The answer comes after its end, or when the time budget is spent.
    ///
    /// # Errors
    /// The payment cannot be reached.
    pub async fn retry_now(&self, id: PaymentId, refund: Option<CancelNo>) -> Result<Arc<Payment>, AskError> {
        self.ask(id, Command::RetryNow { refund }, None).await
    }

    /// Makes the next call about each doubt of a payment now, and does not wait for the answers. Whether there was one to
    /// be made.
    ///
    /// # Errors
    /// The payment cannot be reached.
    pub(super) async fn retry_all(&self, id: PaymentId) -> Result<bool, AskError> {
        let mut is_made = false;
        let payment = self.registry.look(id).await?;
        let doubts = payment.doubts().filter(|doubt| doubt.next_at.is_some() && !doubt.is_under_way);
        for doubt in doubts.take(MAX_RETRIES) {
            let command = Command::RetryNow { refund: doubt.refund };
            is_made |= self.registry.ask(id, Ask { command, claim: None }).await?.payment.seq > payment.seq;
        }
        Ok(is_made)
    }

    /// Repeats what was refused because a charge is under way, when that charge was in doubt and no longer is.
    async fn settled_first(
        &self,
        id: PaymentId,
        refused: AskError,
        again: impl Future<Output = Result<Arc<Payment>, AskError>>,
    ) -> Result<Arc<Payment>, AskError> {
        if refused != AskError::Rejected(Rejection::ConfirmUnderWay) {
            return Err(refused);
        }
        let payment = self.registry.look(id).await.map_err(|_| refused)?;
        if !payment.doubts().any(|doubt| doubt.refund.is_none()) {
            return Err(refused);
        }
        let payment = self.retry_now(id, None).await.map_err(|_| refused)?;
        if payment.authorization.is_open() { Err(refused) } else { again.await }
    }

    /// The holder of the QR token gives up.
    ///
    /// # Errors
    /// Why it is not possible.
    pub async fn cancel_by_customer(
        &self,
        id: PaymentId,
        customer: CustomerId,
        claim: Option<Claim>,
    ) -> Result<Arc<Payment>, AskError> {
        let cancel = |claim| self.ask(id, Command::CancelByCustomer { customer }, claim);
        match cancel(claim.clone()).await {
            Err(refused) => self.settled_first(id, refused, cancel(claim)).await,
            canceled => canceled,
        }
    }

    /// The shop gives up.
    ///
    /// # Errors
    /// Why it is not possible.
    pub async fn cancel_by_shop(
        &self,
        id: PaymentId,
        reason: Option<Box<str>>,
        claim: Option<Claim>,
    ) -> Result<Arc<Payment>, AskError> {
        let cancel = |claim| self.ask(id, Command::CancelByShop { reason: reason.clone() }, claim);
        match cancel(claim.clone()).await {
            Err(refused) => self.settled_first(id, refused, cancel(claim)).await,
            canceled => canceled,
        }
    }

    /// Gives money back; the answer comes after the acquirer's, or when the time budget is spent.
    ///
    /// # Errors
    /// Why it is not possible. A refund the acquirer refused is no error here: the payment says so.
    pub async fn refund(
        &self,
        id: PaymentId,
        request: RefundRequest,
        claim: Option<Claim>,
    ) -> Result<Arc<Payment>, AskError> {
        let RefundRequest { cancel_no, amount, expected_balance, reason, is_numbered, by } = request;
        let keyless = claim.is_none() && !is_numbered;
        // Until its caller has the result, or is told on record that there is none.
        let mut unheard = Unheard::new(keyless, &self.services, &self.registry, id, cancel_no);
        let command = Command::Refund { cancel_no, amount, expected_balance, reason, keyless, by };
        let payment = match self.ask(id, command, claim).await {
            Ok(payment) => payment,
            Err(error @ AskError::Unavailable) => {
                // It may have begun. On record before it is told, if that can be; afterwards otherwise.
                let withhold = Command::WithholdAnswer { refund: Some(cancel_no) };
                if keyless && self.follow_up(id, withhold).await.is_ok() {
                    unheard.forget();
                }
                return Err(error);
            }
            Err(refused) => {
                unheard.forget();
                return Err(refused);
            }
        };
        let Some(refund) = payment.refund(cancel_no) else { return Ok(payment) };
        if refund.is_open() && keyless {
            let withheld = self.follow_up(id, Command::WithholdAnswer { refund: Some(cancel_no) }).await?;
            unheard.forget();
            return Ok(withheld);
        }
        unheard.forget();
        if refund.answer_withheld && !refund.is_open() {
            // The result is on its way to whoever was told "unknown"; the same call once more is another
            // refund. Should this not get through, the result is told once again.
            let _ = self.follow_up(id, Command::GiveAnswer { refund: cancel_no }).await;
        }
        Ok(payment)
    }

    /// Lets a payment do what is due: end at its deadline, ask for an answer that is owed.
    ///
    /// # Errors
    /// [`AskError::Rejected`] when nothing is due.
    pub async fn wake(&self, id: PaymentId) -> Result<Arc<Payment>, AskError> {
        self.ask(id, Command::Wake, None).await
    }

    /// A person decides about money in doubt that nobody can be asked about.
    ///
    /// # Errors
    /// [`AskError::Rejected`] when nothing waits for a decision.
    pub async fn resolve_by_hand(&self, id: PaymentId, decision: Decision) -> Result<Arc<Payment>, AskError> {
        let Decision { refund, approved, note, by } = decision;
        self.ask(id, Command::ResolveByHand { refund, approved, note, by }, None).await
    }

    /// The present state; a payment past its time never shows as open.
    ///
    /// # Errors
    /// [`AskError::NotFound`], or it cannot be read.
    pub async fn look(&self, id: PaymentId) -> Result<Arc<Payment>, AskError> {
        self.registry.look(id).await
    }

    /// The payment of a shop's order, in whichever form its id is written.
    ///
    /// # Errors
    /// [`AskError::NotFound`], or it cannot be looked up.
    pub async fn find(&self, merchant: MerchantId, order: &OrderId) -> Result<PaymentId, AskError> {
        let mut found = self.find_exactly(merchant, order).await;
        for form in order.other_forms() {
            if !matches!(found, Err(AskError::NotFound)) {
                break;
            }
            found = self.find_exactly(merchant, &form).await;
        }
        found
    }

    /// The payment of a shop's order whose id is stored as it is given.
    ///
    /// # Errors
    /// [`AskError::NotFound`], or it cannot be looked up.
    pub async fn find_exactly(&self, merchant: MerchantId, order: &OrderId) -> Result<PaymentId, AskError> {
        self.registry.find(merchant, order).await
    }

    async fn ask(&self, id: PaymentId, command: Command, claim: Option<Claim>) -> Result<Arc<Payment>, AskError> {
        let Reply { payment, refused, ended } = self.registry.ask(id, Ask { command, claim }).await?;
        if let Some(rejection) = refused {
            return Err(rejection.into());
        }
        let Some(ended) = ended else { return Ok(payment) };
        let budget = Duration::from_millis(self.services.payment.answer_budget_ms);
        if let Ok(Ok(payment)) = tokio::time::timeout(budget, ended).await {
            return Ok(payment);
        }
        // The budget is spent, or the actor gone: the payment knows how far it has come.
        self.registry.look(id).await.map_err(|_| AskError::Unavailable)
    }

    /// Asks something more about a call that is under way. That it cannot be asked now says nothing about
    /// the call, least of all that nothing happened.
    async fn follow_up(&self, id: PaymentId, command: Command) -> Result<Arc<Payment>, AskError> {
        let asked = self.registry.ask(id, Ask { command, claim: None }).await;
        asked.map(|reply| reply.payment).map_err(|_| AskError::Unavailable)
    }

    /// Forgets payment actors that died.
    pub fn forget_dead(&self) {
        self.registry.forget_dead();
    }

    /// Waits for calls to acquirers and their outcomes, up to the configured time.
    pub async fn drain(&self) {
        self.services.effects.close();
        let limit = Duration::from_millis(self.services.actors.drain_timeout_ms);
        if tokio::time::timeout(limit, self.services.effects.wait()).await.is_err() {
            tracing::warn!(under_way = self.services.effects.len(), "calls to acquirers are still under way");
        }
    }
}

impl Arbiters {
    /// Stops the threads; actors on them end with whatever is durable.
    pub fn stop(self) {
        for arbiter in self.0 {
            arbiter.stop();
            if arbiter.join().is_err() {
                tracing::warn!("an arbiter thread had panicked");
            }
        }
    }
}

/// The limits in `settings`, shared between merchants: places in memory and questions under way.
pub fn limits(settings: &super::ActorSettings) -> (Arc<Shares<Tenant>>, Arc<Shares<Tenant>>) {
    let shares = |of, in_all| Shares::new(of, in_all, Rule::default());
    (shares("payments", settings.max_payments), shares("calls", settings.max_asks))
}
