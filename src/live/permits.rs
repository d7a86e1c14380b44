//! What streams rest on, so that they end with it: a stream that was opened with an API key ends when the key does.

use std::sync::Arc;

use dashmap::{DashMap, mapref::entry::Entry};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Keys in use by open streams.
#[derive(Clone, Default)]
pub struct Permits(Arc<DashMap<Uuid, Held>>);

struct Held {
    streams: usize,
    ended: CancellationToken,
}

/// One stream's hold on its key. Dropped with the stream.
pub struct Permit {
    permits: Permits,
    key: Uuid,
    ended: CancellationToken,
}

impl Permits {
    /// For a stream that is opened with this key.
    pub fn hold(&self, key: Uuid) -> Permit {
        let mut held = self.0.entry(key).or_insert_with(|| Held { streams: 0, ended: CancellationToken::new() });
        held.streams += 1;
        Permit { permits: self.clone(), key, ended: held.ended.clone() }
    }

    /// The keys by which streams are open now.
    pub fn keys(&self) -> Vec<Uuid> {
        self.0.iter().map(|held| *held.key()).collect()
    }

    /// Ends the streams of a key. One that is opened with it later is a matter of its own.
    pub fn end(&self, key: Uuid) {
        if let Some((_, held)) = self.0.remove(&key) {
            held.ended.cancel();
        }
    }
}

impl Permit {
    /// Waits until the key is no longer good.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // After an end the entry is another one's, with another token.
        if self.ended.is_cancelled() {
            return;
        }
        if let Entry::Occupied(mut held) = self.permits.0.entry(self.key) {
            held.get_mut().streams -= 1;
            if held.get().streams == 0 {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_streams_of_a_key_end_together_and_those_of_another_stay() {
        let permits = Permits::default();
        let (key, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (first, second, third) = (permits.hold(key), permits.hold(key), permits.hold(other));
        drop(first);
        permits.end(key);
        second.ended().await;
        let later = permits.hold(key);
        drop(second);
        assert!(!later.ended.is_cancelled() && !third.ended.is_cancelled());
        assert_eq!(permits.keys().len(), 2);
        drop((later, third));
        assert!(permits.keys().is_empty(), "nothing is held for streams that are gone");
    }
}
