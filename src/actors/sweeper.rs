//! What must happen although nobody asks: payments past their deadline that have no actor, and rows that
//! have served their time. One unit of work, and a dumb loop around it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{AskError, Payments, Services, lease::Lease};
use crate::{store::StoreError, supervision::survive};

/// How long the answer to an idempotency key is kept.
pub const KEEP_IDEMPOTENCY_KEYS: SignedDuration = SignedDuration::from_hours(15 * 24);

/// How long the number of a removed card is kept for payments that were approved with it: longer than
/// any payment lives.
pub const KEEP_REMOVED_CARDS: SignedDuration = SignedDuration::from_hours(24);

/// How long failed registrations of a card are counted: as long as the longest window.
pub const KEEP_FAILURES: SignedDuration = SignedDuration::from_hours(24);

/// The name of this task, where tasks are reported.
pub const SWEEPER: &str = "sweeper";

/// The name of the lease under which one process sweeps for all.
const LEASE: &str = "sweeper";

/// How often payments are looked for that were written under a clock that was ahead.
const AHEAD_EVERY: Duration = Duration::from_secs(15);

/// By how much the clocks of several machines may differ.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);

/// A session is forgotten so long after its end: a clock that is ahead must not end it.
const KEEP_SESSIONS: SignedDuration = SignedDuration::from_hours(24);

/// What one round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub payments: usize,
    pub keys: u64,
    pub cards: u64,
    pub failures: u64,
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
    swept.failures = services.records.sweep_failures(ago(now, KEEP_FAILURES)).await?;
    swept.sessions = services.records.sweep_sessions(ago(now, KEEP_SESSIONS)).await?;
    Ok(swept)
}

/// Takes payments into memory whose last event lies in the future. Their clock was ahead and was set right, so what is due
/// there would wait until the time has come again; in memory their own time goes on.
///
/// # Errors
/// The database failed; the next round tries again.
pub async fn wake_ahead(payments: &Payments) -> Result<usize, StoreError> {
    let services = payments.services();
    let from = services.now().checked_add(TOLERANCE).unwrap_or(Timestamp::MAX);
    let ahead = services.records.payments_ahead(from, services.actors.sweep_batch).await?;
    for id in &ahead {
        match payments.wake(*id).await {
            // What is not due yet has a timer now.
            Ok(_) | Err(AskError::Rejected(_)) => {}
            Err(error) => tracing::warn!(payment = %id, %error, "a payment of the future cannot be woken"),
        }
    }
    Ok(ahead.len())
}

fn ago(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// Sweeps at once and then until the shutdown, while no other process does.
pub async fn run(payments: Payments, shutdown: CancellationToken) {
    let mut lease = Lease::new(LEASE, Services::fresh());
    let mut ahead_at: Option<Instant> = None;
    let pause = Duration::from_millis(payments.services().actors.sweep_interval_ms);
    loop {
        // Each process forgets its own dead, whoever has the lease.
        payments.forget_dead();
        // A round that panicked leaves nothing behind but its lease, which the next one extends.
        match survive(SWEEPER, sweep_under_lease(&payments, &mut lease, &mut ahead_at, pause)).await.transpose() {
            Ok(Some(Some(swept))) if swept != Swept::default() => tracing::debug!(?swept, "swept"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the sweeper cannot work"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
    }
    // Whoever comes next need not wait until the lease is over.
    if let Err(error) = payments.services().records.release_lease(LEASE, lease.holder()).await {
        tracing::warn!(%error, "the sweeper's lease cannot be released");
    }
}

/// The lease outlives a round and the pause after it; a process that dies is missed for no longer.
async fn sweep_under_lease(
    payments: &Payments,
    lease: &mut Lease,
    ahead_at: &mut Option<Instant>,
    pause: Duration,
) -> Result<Option<Swept>, StoreError> {
    if !lease.take(&*payments.services().records, payments.now(), pause * 3).await? {
        return Ok(None);
    }
    if ahead_at.is_none_or(|at| at.elapsed() >= AHEAD_EVERY) {
        wake_ahead(payments).await?;
        *ahead_at = Some(Instant::now());
    }
    sweep_once(payments).await.map(Some)
}
