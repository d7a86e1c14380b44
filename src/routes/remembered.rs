//! What was looked up is remembered for a few seconds, and forgotten when it changes.

use std::{
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use moka::future::Cache;

use crate::store::StoreError;

/// A bounded cache of look-ups.
pub struct Remembered<K, V> {
    cache: Cache<K, (u64, V)>,
    /// How often everything was forgotten. What was looked up in another era is not believed, also when the
    /// look-up had begun before the change and ended after it.
    era: AtomicU64,
}

impl<K, V> Remembered<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub fn new(entries: u64, life: Duration) -> Self {
        Self { cache: Cache::builder().max_capacity(entries).time_to_live(life).build(), era: AtomicU64::new(0) }
    }

    /// What is remembered, or what is found now. That something is not there is not remembered.
    ///
    /// # Errors
    /// Those of the look-up.
    pub async fn get(
        &self,
        key: K,
        look_up: impl AsyncFnOnce() -> Result<Option<V>, StoreError>,
    ) -> Result<Option<V>, StoreError> {
        let now = self.era.load(Ordering::SeqCst);
        if let Some((era, value)) = self.cache.get(&key).await
            && era == now
        {
            return Ok(Some(value));
        }
        let found = look_up().await?;
        if let Some(found) = &found {
            self.cache.insert(key, (now, found.clone())).await;
        }
        Ok(found)
    }

    /// Looks one up anew at its next use.
    pub async fn forget(&self, key: &K) {
        self.cache.invalidate(key).await;
    }

    /// Changes are rare, and everything else is one look-up away.
    pub fn forget_all(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_changed_while_it_was_looked_up_is_not_believed_later() {
        let names = Arc::new(Remembered::<u8, &str>::new(10, Duration::from_hours(1)));
        let (has_read, has_changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (names, has_read, has_changed) = (names.clone(), has_read.clone(), has_changed.clone());
            tokio::spawn(async move {
                let look_up = async || {
                    has_read.notify_one();
                    has_changed.notified().await;
                    Ok(Some("old"))
                };
                names.get(1, look_up).await.unwrap()
            })
        };
        has_read.notified().await;
        names.forget_all();
        has_changed.notify_one();
        assert_eq!(slow.await.unwrap(), Some("old"), "it was asked before");
        assert_eq!(names.get(1, async || Ok(Some("new"))).await.unwrap(), Some("new"));
        assert_eq!(names.get(1, async || panic!("it is remembered")).await.unwrap(), Some("new"));
        names.forget(&1).await;
        assert_eq!(names.get(1, async || Ok(None)).await.unwrap(), None);
        assert_eq!(names.get(1, async || Ok(Some("back"))).await.unwrap(), Some("back"), "nothing was remembered");
    }
}
