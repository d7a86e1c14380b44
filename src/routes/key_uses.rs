//! When keys were last used: noted off the request's way, once a minute for each key at most.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    store::{FoundKey, Store},
    supervision::{Supervisor, survive},
};

/// The name of the writer, where tasks are reported.
const TASK: &str = "key use notes";

/// Uses that may wait to be written. What does not fit is noted a minute later.
const QUEUE: usize = 1024;

const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A key that was looked up, and the minute for which its use is noted.
#[derive(Debug, Clone)]
pub struct Known {
    pub key: FoundKey,
    noted: Arc<AtomicI64>,
}

impl From<FoundKey> for Known {
    fn from(key: FoundKey) -> Self {
        let noted = key.last_used_at.map_or(i64::MIN, minute);
        Self { key, noted: Arc::new(AtomicI64::new(noted)) }
    }
}

/// The way to the writer.
pub struct KeyUses(mpsc::Sender<(Uuid, Timestamp)>);

impl KeyUses {
    /// Starts the writer; it ends when the last sender is dropped.
    pub fn start(store: Store, supervisor: Supervisor) -> Self {
        let (sender, mut uses) = mpsc::channel::<(Uuid, Timestamp)>(QUEUE);
        let write = async move {
            while let Some((key, at)) = uses.recv().await {
                if let Some(Err(error)) = survive(TASK, store.note_key_use(key, at)).await {
                    tracing::warn!(%error, "the use of a key cannot be noted");
                }
            }
            "the queue was closed".to_owned()
        };
        tokio::spawn(supervisor.guard(TASK, write));
        Self(sender)
    }

    /// Notes that a key is used now; waits for nothing.
    pub fn note(&self, known: &Known, now: Timestamp) {
        let this = minute(now);
        // Of all requests in a minute one gets through here.
        if known.noted.fetch_max(this, Ordering::Relaxed) < this {
            let at = Timestamp::from_second(this * EVERY.as_secs()).unwrap_or(now);
            // When the queue is full, somebody uses the key in the next minute, too.
            let _ = self.0.try_send((known.key.id, at));
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(EVERY.as_secs())
}
