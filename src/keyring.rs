//! Between the stored working keys and the vault that uses them: opened at start, read again every second, replaced and
//! retired by the operator beside running servers.
//!
//! A new key is known to every process before any uses it: it is active from a moment some seconds ahead. What is stored
//! under an old one is sealed anew, row by row; then the old one is removed, and whoever has it opens nothing with it.
//! Keys that sign have a last moment: that of the longest token they may have signed.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    store::{Store, StoreError, StoredKey},
    supervision::survive,
    vault::{KeyPurpose, MasterKeys, Ring, Vault, VaultError, WorkingKey},
};

/// The name of the task, where tasks are reported.
pub const KEYRING: &str = "keyring";

/// How often a running process reads the keys.
const EVERY: Duration = Duration::from_secs(1);

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// How keys follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Succession {
    /// How long a new key is known before it is used.
    pub rollover: SignedDuration,
    /// The life of the longest token.
    pub token_life: SignedDuration,
}

/// The keys of this database.
pub struct Keyring {
    store: Store,
    masters: MasterKeys,
    succession: Succession,
}

impl Keyring {
    pub fn new(store: Store, masters: MasterKeys, succession: Succession) -> Self {
        Self { store, masters, succession }
    }

    /// The vault of this database. On one from before there were working keys, those derived from the master keys are
    /// stored first. A key that is sealed under a previous master key is sealed under the current one.
    ///
    /// # Errors
    /// The master key is another database's, or the database failed.
    pub async fn open(&self, now: Timestamp) -> Result<Arc<Vault>, KeyringError> {
        if self.store.working_keys().await?.is_empty() {
            self.store.add_working_keys(&self.derived(now), None).await?;
        }
        let keys = self.store.working_keys().await?;
        for key in &keys {
            let (opened, is_current) = self.masters.unwrap(key.purpose, key.id, &key.sealed)?;
            if !is_current {
                self.store.rewrap_working_key(key, self.masters.wrap(key.purpose, &opened)).await?;
            }
        }
        Ok(Arc::new(Vault::new(self.ring(&keys, now)?)))
    }

    /// The keys under which everything stands so far. Those of previous master keys are at their end.
    fn derived(&self, now: Timestamp) -> Vec<StoredKey> {
        let of = |purpose: KeyPurpose| {
            let keys = self.masters.derived(purpose);
            keys.into_iter().enumerate().map(move |(age, key)| (purpose, age, key))
        };
        let stored = |(purpose, age, key): (KeyPurpose, usize, WorkingKey)| StoredKey {
            purpose,
            id: key.id,
            sealed: self.masters.wrap(purpose, &key),
            created_at: now,
            // In their order, the current one last.
            active_from: now - SignedDuration::from_secs(i64::try_from(age).unwrap_or(i64::MAX)),
            last_at: (purpose == KeyPurpose::Sign && age > 0).then(|| now + self.succession.token_life),
        };
        KeyPurpose::ALL.into_iter().flat_map(of).map(stored).collect()
    }

    fn ring(&self, keys: &[StoredKey], now: Timestamp) -> Result<Ring, KeyringError> {
        let mut opened = Vec::with_capacity(keys.len());
        for key in in_order(keys, now) {
            opened.push((key.purpose, self.masters.unwrap(key.purpose, key.id, &key.sealed)?.0));
        }
        let of = |wanted| opened.iter().filter(|(purpose, _)| *purpose == wanted).map(|(_, key)| key.clone()).collect();
        Ok(Ring::new(of)?)
    }

    /// Reads the keys again and again until the shutdown, so that the vault has what the operator changed.
    pub async fn keep(&self, vault: &Vault, clock: &Clock, shutdown: &CancellationToken) {
        let mut failed = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shutdown.cancelled() => return,
            }
            let refreshed = survive(KEYRING, self.refresh(vault, clock.now())).await;
            // Once, not every second.
            if let Some(Err(error)) = &refreshed
                && !failed
            {
                tracing::warn!(%error, "the working keys cannot be read; those at hand stay in use");
            }
            failed = !matches!(refreshed, Some(Ok(())));
        }
    }

    async fn refresh(&self, vault: &Vault, now: Timestamp) -> Result<(), KeyringError> {
        let keys = self.store.working_keys().await?;
        vault.install(self.ring(&keys, now)?);
        Ok(())
    }

    /// Makes a new key for each purpose, in use after the rollover; its id.
    ///
    /// # Errors
    /// The database failed, or the system has no entropy.
    pub async fn rotate(&self, now: Timestamp) -> Result<u32, KeyringError> {
        let id = u32::from_be_bytes(crate::vault::random().map_err(|_| VaultError::NoEntropy)?);
        let active_from = now + self.succession.rollover;
        let mut keys = Vec::new();
        for purpose in KeyPurpose::ALL {
            let sealed = self.masters.wrap(purpose, &WorkingKey::fresh(id)?);
            keys.push(StoredKey { purpose, id, sealed, created_at: now, active_from, last_at: None });
        }
        self.store.add_working_keys(&keys, Some(active_from + self.succession.token_life)).await?;
        Ok(id)
    }
}

/// The keys that are good at `now`: of each purpose the one for what is new first, then the others.
pub fn in_order(keys: &[StoredKey], now: Timestamp) -> Vec<&StoredKey> {
    let mut good: Vec<_> = keys.iter().filter(|key| key.last_at.is_none_or(|last| now < last)).collect();
    // The latest that is active; before any is, the first to be.
    good.sort_by_key(|key| (key.active_from > now, std::cmp::Reverse(key.active_from)));
    let active = good.iter().filter(|key| key.active_from <= now).count();
    good[active..].reverse();
    good
}
