//! `paygate keys`: the working keys of this database, and the way from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::OperatorError;
use crate::{
    keyring::{Keyring, in_order},
    store::{Resealed, RowName, SealedIn, SealedRow, Store, StoredKey},
    vault::{ANSWER_CONTEXT, KeyPurpose, Purpose, Vault, api_key_context, card_context},
};

/// Values sealed anew in one transaction.
const BATCH: u32 = 200;

/// Nothing is looked for by an older hash: idempotency keys are kept for 15 days, sessions end before.
const HASHES_USED_FOR: SignedDuration = SignedDuration::from_hours(15 * 24);

/// The keys as a table for a terminal.
///
/// # Errors
/// The database failed.
pub async fn list(store: &Store, now: Timestamp) -> Result<String, OperatorError> {
    let (keys, counts) = (store.working_keys().await?, counts(store).await?);
    let in_use = in_force(&keys, now);
    let mut text = format!("{:<8}  {:<7}  {:<34}  {}\n", "KEY", "PURPOSE", "STATE", "SEALED VALUES");
    for key in &keys {
        let state = match key.last_at {
            _ if key.active_from > now => format!("in use from {}", second(key.active_from)),
            _ if in_use.contains(&(key.purpose, key.id)) => "in use".to_owned(),
            Some(last) if last <= now => format!("ended at {}", second(last)),
            Some(last) => format!("verifies until {}", second(last)),
            None => "replaced".to_owned(),
        };
        let count = if key.purpose == KeyPurpose::Data {
            counts.get(&key.id).copied().unwrap_or_default().to_string()
        } else {
            String::new()
        };
        text += &format!("{:08x}  {:<7}  {state:<34}  {count}\n", key.id, key.purpose.as_str());
    }
    Ok(text)
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The key for what is new, of each purpose.
fn in_force(keys: &[StoredKey], now: Timestamp) -> BTreeSet<(KeyPurpose, u32)> {
    let good = in_order(keys, now);
    let first = |purpose| good.iter().find(|key| key.purpose == purpose).map(|key| (purpose, key.id));
    KeyPurpose::ALL.into_iter().filter_map(first).collect()
}

async fn counts(store: &Store) -> Result<BTreeMap<u32, u64>, OperatorError> {
    let mut counts = BTreeMap::new();
    for place in SealedIn::ALL {
        for (id, count) in store.sealed_counts(place).await? {
            *counts.entry(id).or_default() += count;
        }
    }
    Ok(counts)
}

/// Seals everything under the key in use that is sealed under another one, beside running servers; `progress` is told
/// how many values are done.
///
/// # Errors
/// A value cannot be opened, or the database failed. Another run goes on where this one ended.
pub async fn reseal(store: &Store, vault: &Vault, mut progress: impl FnMut(u64)) -> Result<u64, OperatorError> {
    let mut done = 0;
    for place in SealedIn::ALL {
        let mut after = None;
        loop {
            let rows = store.sealed_otherwise(place, vault.data_key(), after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.name.clone());
            let count = rows.len() as u64;
            let resealed = rows.into_iter().map(|row| anew(vault, place, row)).collect::<Result<Vec<_>, _>>()?;
            store.reseal(place, resealed).await?;
            done += count;
            progress(done);
        }
    }
    Ok(done)
}

fn anew(vault: &Vault, place: SealedIn, row: SealedRow) -> Result<(SealedRow, Resealed), OperatorError> {
    let (context, purpose) = match (&row.name, place) {
        (RowName::Id(id), SealedIn::Cards) => (card_context(*id), Some(Purpose::CardFingerprint)),
        (RowName::Id(id), _) => (api_key_context(*id), Some(Purpose::ApiKey)),
        (RowName::Key { .. }, _) => (ANSWER_CONTEXT.to_owned(), None),
    };
    let refused = |error| OperatorError::Refused(format!("{:?}: {error}", row.name));
    let plain = vault.open(&row.sealed, &context).map_err(refused)?;
    let hash = purpose.map(|purpose| vault.digest(purpose, &plain));
    let sealed = vault.seal(&plain, &context);
    Ok((row, Resealed { sealed, hash }))
}

/// Removes a replaced key, so that whoever has it opens nothing with it any more. `is_forced` gives up what can only be
/// found by its hash: open sessions, and idempotency keys of the last 15 days.
///
/// # Errors
/// It is in use, something is sealed under it, or something may be looked for by its hash.
pub async fn retire(store: &Store, id: u32, is_forced: bool, now: Timestamp) -> Result<(), OperatorError> {
    let keys = store.working_keys().await?;
    let refused = |why: String| Err(OperatorError::Refused(format!("key {id:08x} {why}")));
    if !keys.iter().any(|key| key.id == id) {
        return refused("is not there".to_owned());
    }
    let is_ahead = |key: &StoredKey| key.id == id && key.active_from > now;
    if in_force(&keys, now).iter().any(|(_, used)| *used == id) || keys.iter().any(is_ahead) {
        return refused("is in use: see `paygate keys rotate`".to_owned());
    }
    let sealed = counts(store).await?.get(&id).copied().unwrap_or_default();
    if sealed > 0 {
        return refused(format!("seals {sealed} values: see `paygate keys reseal`"));
    }
    if let Some(until) =
        keys.iter().filter(|key| key.id == id).filter_map(|key| key.last_at).max().filter(|at| *at > now)
        && !is_forced
    {
        return refused(format!("signed tokens that are good until {}; --force refuses them now", second(until)));
    }
    let hash = keys.iter().find(|key| key.id == id && key.purpose == KeyPurpose::Hash);
    let successor = |hash: &StoredKey| {
        let later = keys.iter().filter(|key| key.purpose == KeyPurpose::Hash && key.active_from > hash.active_from);
        later.map(|key| key.active_from).min()
    };
    if let Some(until) = hash.and_then(successor).map(|from| from + HASHES_USED_FOR).filter(|until| *until > now)
        && !is_forced
    {
        return refused(format!(
            "finds sessions and idempotency keys until {}; --force ends these sessions and forgets these keys",
            second(until)
        ));
    }
    store.remove_working_keys(id).await?;
    Ok(())
}

/// Replaces the keys in use; the id of the new ones.
///
/// # Errors
/// The database failed.
pub async fn rotate(keyring: &Keyring, now: Timestamp) -> Result<u32, OperatorError> {
    keyring.rotate(now).await.map_err(|error| OperatorError::Refused(error.to_string()))
}
