//! What must happen although nobody asks: payments past their deadline that have no actor, and rows that
//! have served their time. One unit of work, and a dumb loop around it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{AskError, Payments, Services};
use crate::store::StoreError;

/// How long the answer to an idempotency key is kept.
pub const KEEP_IDEMPOTENCY_KEYS: SignedDuration = SignedDuration::from_hours(15 * 24);

/// How long the number of a removed card is kept for payments that were approved with it: longer than
/// any payment lives.
pub const KEEP_REMOVED_CARDS: SignedDuration = SignedDuration::from_hours(24);

/// The name of the lease under which one process sweeps for all.
const LEASE: &str = "sweeper";

/// What one round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub payments: usize,
    pub keys: u64,
    pub cards: u64,
    pub sessions: u64,
}

/// One round.
///
/// # Errors
/// The database failed; the next round tries again.
pub async fn sweep_once(payments: &Payments) -> Result<Swept, StoreError> {
    let services = payments.services();
    let now = services.now();
    let mut swept = Swept::default();
    for id in services.records.due_payments(now, services.actors.sweep_batch).await? {
        match payments.wake(id).await {
            // Its own actor was faster.
            Ok(_) | Err(AskError::Rejected(_)) => swept.payments += 1,
            Err(error) => tracing::warn!(payment = %id, %error, "a due payment cannot be woken"),
        }
    }
    swept.keys = services.records.sweep_idempotency_keys(ago(now, KEEP_IDEMPOTENCY_KEYS)).await?;
    swept.cards = services.records.purge_cards(ago(now, KEEP_REMOVED_CARDS)).await?;
    swept.sessions = services.records.sweep_sessions(now).await?;
    Ok(swept)
}

fn ago(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// Sweeps at once and then until the shutdown, while no other process does.
pub async fn run(payments: Payments, shutdown: CancellationToken) {
    let holder: Uuid = Services::fresh();
    let pause = Duration::from_millis(payments.services().actors.sweep_interval_ms);
    loop {
        // Each process forgets its own dead, whoever has the lease.
        payments.forget_dead();
        match sweep_under_lease(&payments, holder, pause).await {
            Ok(Some(swept)) if swept != Swept::default() => tracing::debug!(?swept, "swept"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the sweeper cannot work"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
    }
    // Whoever comes next need not wait until the lease is over.
    if let Err(error) = payments.services().records.release_lease(LEASE, holder).await {
        tracing::warn!(%error, "the sweeper's lease cannot be released");
    }
}

/// The lease outlives a round and the pause after it; a process that dies is missed for no longer.
async fn sweep_under_lease(payments: &Payments, holder: Uuid, pause: Duration) -> Result<Option<Swept>, StoreError> {
    let now = payments.now();
    let until = now.checked_add(pause * 3).unwrap_or(now);
    if !payments.services().records.take_lease(LEASE, holder, now, until).await? {
        return Ok(None);
    }
    sweep_once(payments).await.map(Some)
}
