//! Doubt ends soon after the fault ends. The pauses between two calls about money in doubt grow, so that an outage does
//! not fill the journal; but when a network answers again, everything in doubt there is tried at once, spread over a
//! few seconds. While it does not answer, one harmless question at a time finds out when it does.
//!
//! A payment may be in doubt although its network answers: because its calls alone fail. So what was tried in vain is
//! tried again after a pause of its own, which grows, too. It is kept in memory only, and a long silence of the network
//! clears it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt, future, stream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{AskError, Payments};
use crate::{
    acquirer::Acquirer,
    domain::{Authorization, LEAST_RETRY_PAUSE, PaymentId, TxnNo},
    store::StoreError,
    supervision::survive,
};

/// The name of this task, where tasks are reported.
pub const RECOVERY: &str = "doubt recovery";

/// How often the networks are looked at.
pub const TICK: Duration = Duration::from_millis(500);

/// Between two questions to a network that does not answer.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// After this long no call is refused because another one about the same doubt was made a moment ago.
const LEAST: Duration = LEAST_RETRY_PAUSE.unsigned_abs();

/// Over how long the calls are spread when a network answers again.
const SPREAD: Duration = Duration::from_secs(2);

/// Payments that are tried in one round: more are spread over a longer time.
const MAX_PER_TICK: usize = 200;

/// Of one payment: after the first attempt in vain, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A network that answered nobody for so long was down, and what was tried in vain meanwhile says nothing.
const OUTAGE: Duration = Duration::from_secs(10);

/// Payments in doubt that are looked for at once.
const MAX_LISTED: u64 = 20_000;

/// Payments that are asked at once.
const AT_ONCE: usize = 32;

/// What is known about the networks, and what is planned.
#[derive(Default)]
pub struct Recovery {
    networks: BTreeMap<&'static str, Network>,
}

#[derive(Default)]
struct Network {
    recoveries: u64,
    silent_since: Option<Instant>,
    probed_at: Option<Instant>,
    retries: BTreeMap<PaymentId, Retry>,
}

/// The next attempt of one payment, and the pause after it.
struct Retry {
    at: Instant,
    is_planned: bool,
    pause: Duration,
}

impl Recovery {
    /// One round: notices which networks answer again, and makes the calls whose time has come.
    ///
    /// # Errors
    /// The database failed; the next round tries again.
    pub async fn tick(&mut self, payments: &Payments) -> Result<(), StoreError> {
        let rounds = payments.acquirers().iter().map(|(method, acquirer)| {
            let mut network = self.networks.remove(method).unwrap_or_default();
            async move {
                let done = network.tick(payments, method, acquirer).await;
                (method, network, done)
            }
        });
        let rounds: Vec<_> = rounds.collect();
        let mut result = Ok(());
        for (method, network, done) in future::join_all(rounds).await {
            self.networks.insert(method, network);
            result = result.and(done);
        }
        result
    }
}

impl Network {
    async fn tick(
        &mut self,
        payments: &Payments,
        method: &'static str,
        acquirer: &Arc<dyn Acquirer>,
    ) -> Result<(), StoreError> {
        let answers = acquirer.answers();
        if answers.recoveries != self.recoveries {
            self.plan(payments, method).await?;
            self.recoveries = answers.recoveries;
            self.silent_since = None;
        }
        if !answers.is_answering {
            self.silent_since.get_or_insert_with(Instant::now);
            self.probe(payments, method, acquirer).await?;
        }
        self.retry(payments).await;
        Ok(())
    }

    /// Everything in doubt there becomes due.
    async fn plan(&mut self, payments: &Payments, method: &str) -> Result<(), StoreError> {
        let ids = payments.services().records.doubtful_payments(method, MAX_LISTED).await?;
        if self.silent_since.is_some_and(|since| since.elapsed() >= OUTAGE) {
            self.retries.clear();
        }
        let now = Instant::now();
        let mut before = std::mem::take(&mut self.retries);
        for id in ids {
            // The last bits of an id are random.
            let spread = LEAST + SPREAD.mul_f64(f64::from(id.uuid().as_bytes()[15]) / 256.0);
            let retry = before.remove(&id).unwrap_or(Retry { at: now, is_planned: false, pause: Duration::ZERO });
            let at = if retry.is_planned { retry.at } else { Ord::max(retry.at + retry.pause, now + spread) };
            self.retries.insert(id, Retry { at, is_planned: true, ..retry });
        }
        Ok(())
    }

    /// Makes the calls whose time has come.
    async fn retry(&mut self, payments: &Payments) {
        let now = Instant::now();
        let is_due = |retry: &Retry| retry.is_planned && retry.at <= now;
        let due: Vec<PaymentId> =
            self.retries.iter().filter(|(_, retry)| is_due(retry)).map(|(id, _)| *id).take(MAX_PER_TICK).collect();
        let retried = stream::iter(due).map(async |id| (id, payments.retry_all(id).await));
        let mut retried = std::pin::pin!(retried.buffer_unordered(AT_ONCE));
        while let Some((id, result)) = retried.next().await {
            let Some(retry) = self.retries.get_mut(&id) else { continue };
            match result {
                // Its last call is under way, or it is settled.
                Ok(false) | Err(AskError::Rejected(_) | AskError::NotFound) => retry.is_planned = false,
                Ok(true) => {
                    retry.is_planned = false;
                    retry.pause = (retry.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                }
                Err(error) => tracing::debug!(payment = %id, %error, "a payment in doubt cannot be reached yet"),
            }
            retry.at = now;
        }
    }

    /// Asks a network that does not answer about something that is in doubt there. Nothing but its answering counts:
    /// the acquirer notices that by itself, and what it answered is asked for again by the payment.
    async fn probe(
        &mut self,
        payments: &Payments,
        method: &str,
        acquirer: &Arc<dyn Acquirer>,
    ) -> Result<(), StoreError> {
        let is_early = self.probed_at.is_some_and(|at| at.elapsed() < PROBE_EVERY);
        if is_early || !acquirer.capabilities().inquire {
            return Ok(());
        }
        self.probed_at = Some(Instant::now());
        let services = payments.services();
        let Some(id) = services.records.doubtful_payments(method, 1).await?.pop() else { return Ok(()) };
        let Some(txn_no) = services.records.payment(id).await?.and_then(|payment| number(&payment.authorization))
        else {
            return Ok(());
        };
        if !acquirer.is_resting() {
            let limit = Duration::from_millis(services.payment.acquirer_timeout_ms);
            let _ = timeout(limit, acquirer.inquire(txn_no)).await;
        }
        Ok(())
    }
}

fn number(authorization: &Authorization) -> Option<TxnNo> {
    match authorization {
        Authorization::Requested { txn_no, .. }
        | Authorization::Unknown { txn_no, .. }
        | Authorization::Reversing { txn_no, .. }
        | Authorization::Approved { txn_no, .. }
        | Authorization::Closed { txn_no } => Some(*txn_no),
        Authorization::None => None,
    }
}

/// Looks after the networks until the shutdown.
pub async fn run(payments: Payments, shutdown: CancellationToken) {
    let mut recovery = Recovery::default();
    loop {
        if let Some(Err(error)) = survive(RECOVERY, recovery.tick(&payments)).await {
            tracing::warn!(%error, "payments in doubt cannot be looked for");
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(TICK)).await.is_none() {
            break;
        }
    }
}
