//! Card numbers and secrets: types that cannot leak, encryption at rest, keyed hashes for look-up.
//!
//! Everything secret in the database passes through [`Vault::seal`] (AES-256-GCM) or [`Vault::digest`]
//! (HMAC-SHA256). Both take working keys, which the database keeps sealed under the master key of the configuration;
//! each value names the working key it was sealed under. `crate::keyring` reads and replaces them.
//!
//! This room never talks to the database or the network. A card number leaves it only as a
//! [`Credential`] on its way to an acquirer.

mod card;
mod password;
mod ring;
mod secret;

use std::sync::{Arc, PoisonError, RwLock};

pub use card::{Credential, Cvc, Expiry, FormatError, Pan};
pub use password::{PasswordError, PasswordHasher, Verified};
pub use ring::{KeyPurpose, MasterKeys, Ring, Secret, WorkingKey};
pub use secret::{ApiKey, ApiKeyKind, random};

use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use uuid::Uuid;

const KEY_ID_BYTES: usize = 4;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// A keyed hash: equal inputs are found by it, and without the key nothing can be guessed from it.
pub type Digest = [u8; 32];

/// The master key is not what it must be, or a sealed value cannot be opened with the keys at hand.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("a vault key must be 32 bytes in standard base64")]
    BadMasterKey,
    #[error("sealed under key {0:08x}, which is not there")]
    UnknownKey(u32),
    #[error(
        "neither vault.master_key nor a key in vault.previous_keys opens this database's keys: it belongs to another one"
    )]
    WrongMasterKey,
    #[error("a working key is missing")]
    NoWorkingKey,
    #[error("the system has no entropy")]
    NoEntropy,
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
}

/// What a card's number is sealed under.
pub fn card_context(card: Uuid) -> String {
    format!("card:{card}")
}

/// What answers kept for idempotency keys are sealed under.
pub const ANSWER_CONTEXT: &str = "idempotency-answer";

/// What an API key is sealed under.
pub fn api_key_context(key: Uuid) -> String {
    format!("api-key:{key}")
}

/// What a keyed hash is about: hashes of different things never meet.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    ApiKey,
    CardFingerprint,
    /// A card number or an address that failed registrations have in common.
    CardFailures,
    /// The token of a back-office session.
    Session,
    /// What a form of the back office carries to show that the browser got it from here.
    Form,
    /// The number of the refund that a form asks for.
    RefundNumber,
    /// The body behind an idempotency key: it may hold a card number.
    RequestBody,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::ApiKey => b"api-key",
            Purpose::CardFingerprint => b"card-fingerprint",
            Purpose::CardFailures => b"card-failures",
            Purpose::Session => b"session",
            Purpose::Form => b"form",
            Purpose::RefundNumber => b"refund-number",
            Purpose::RequestBody => b"request-body",
        }
    }
}

/// Seals, hashes and finds again, under the working keys at hand. They are replaced while it is in use.
pub struct Vault {
    ring: RwLock<Arc<Ring>>,
}

impl Vault {
    pub fn new(ring: Ring) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)) }
    }

    /// Uses these keys from now on.
    pub fn install(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Encrypts `plain`. `context` says where the value lives (`card:<id>`): a value copied into another
    /// row does not open there.
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let key = &self.ring().data[0];
        seal_under(key.id, &key.secret, plain, context)
    }

    /// Decrypts what [`Vault::seal`] made for the same `context`.
    ///
    /// # Errors
    /// The key is not in the ring, or the bytes are not what was sealed here.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let ring = self.ring();
        let keys: Vec<_> = ring.data.iter().map(|key| (key.id, &key.secret)).collect();
        open_under(&keys, sealed, context)
    }

    /// The key that new values are sealed under.
    pub fn data_key(&self) -> u32 {
        self.ring().data[0].id
    }

    /// The keyed hash to store for `value`.
    pub fn digest(&self, purpose: Purpose, value: &[u8]) -> Digest {
        hmac(&*self.ring().hash[0].secret, &[purpose.label(), b":", value])
    }

    /// The keyed hashes under which `value` may have been stored: one per key of the ring, current first.
    pub fn digests(&self, purpose: Purpose, value: &[u8]) -> Vec<Digest> {
        self.ring().hash.iter().map(|key| hmac(&*key.secret, &[purpose.label(), b":", value])).collect()
    }

    /// The key that signs tokens, with its id.
    pub fn signing_key(&self) -> (String, Secret) {
        named(&self.ring().sign[0])
    }

    /// The key of this id, if tokens that it signed are still good.
    pub fn verifying_key(&self, id: &str) -> Option<Secret> {
        self.ring().sign.iter().map(named).find(|(name, _)| name == id).map(|(_, secret)| secret)
    }
}

/// As it stands in the head of a token.
fn named(key: &WorkingKey) -> (String, Secret) {
    (format!("{:08x}", key.id), key.secret.clone())
}

/// The cipher of one value. A key of its own for each value, from a random salt: random nonces under
/// one key would be used up after 2³² values (NIST SP 800-38D).
fn cipher(secret: &Secret, salt: &[u8; SALT_BYTES]) -> Aes256Gcm {
    let key = Zeroizing::new(hmac(&**secret, &[b"value", salt]));
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

fn seal_under(id: u32, secret: &Secret, plain: &[u8], context: &str) -> Vec<u8> {
    let (salt, nonce): ([u8; SALT_BYTES], [u8; NONCE_BYTES]) = (rand::random(), rand::random());
    let payload = Payload { msg: plain, aad: context.as_bytes() };
    let Ok(sealed) = cipher(secret, &salt).encrypt(&Nonce::from(nonce), payload) else {
        unreachable!("AES-GCM refuses only messages of more than 64 GiB")
    };
    [&id.to_be_bytes()[..], &salt, &nonce, &sealed].concat()
}

fn open_under(keys: &[(u32, &Secret)], sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (key_id, rest) = sealed.split_first_chunk::<KEY_ID_BYTES>().ok_or(VaultError::Damaged)?;
    let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or(VaultError::Damaged)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Damaged)?;
    let key_id = u32::from_be_bytes(*key_id);
    let (_, secret) = keys.iter().find(|(id, _)| *id == key_id).ok_or(VaultError::UnknownKey(key_id))?;
    let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
    cipher(secret, salt).decrypt(&Nonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Damaged)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length: the error type has no value here.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { unreachable!("HMAC takes any key") };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use secrecy::SecretString;

    use super::*;

    fn vault(keys: &[u8]) -> Vault {
        let key = |byte: &u8| WorkingKey { id: (*byte).into(), secret: Zeroizing::new([*byte; 32]) };
        Vault::new(Ring::new(|_| keys.iter().map(key).collect()).unwrap())
    }

    fn master(byte: u8) -> SecretString {
        STANDARD.encode([byte; 32]).into()
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let vault = vault(&[1]);
        let sealed = vault.seal(b"secret", "card:1");
        assert_eq!(&**vault.open(&sealed, "card:1").unwrap(), b"secret");
        assert!(matches!(vault.open(&sealed, "card:2"), Err(VaultError::Damaged)));
        assert!(matches!(vault.open(&sealed[..10], "card:1"), Err(VaultError::Damaged)));
        assert_ne!(sealed, vault.seal(b"secret", "card:1"), "a nonce is never used twice");
    }

    #[test]
    fn a_rotated_ring_opens_and_finds_what_the_old_key_made() {
        let (old, rotated) = (vault(&[1]), vault(&[2, 1]));
        let sealed = old.seal(b"secret", "x");
        assert_eq!(&**rotated.open(&sealed, "x").unwrap(), b"secret");
        let stored = old.digest(Purpose::ApiKey, b"key");
        assert!(rotated.digests(Purpose::ApiKey, b"key").contains(&stored));
        assert!(matches!(vault(&[3]).open(&sealed, "x"), Err(VaultError::UnknownKey(1))));
        old.install(Ring::new(|_| vec![WorkingKey { id: 2, secret: Zeroizing::new([2; 32]) }]).unwrap());
        assert!(old.open(&sealed, "x").is_err(), "a retired key opens nothing");
        assert!(old.verifying_key("00000001").is_none() && old.verifying_key("00000002").is_some());
    }

    #[test]
    fn hashes_of_different_purposes_never_meet() {
        let vault = vault(&[1]);
        assert_ne!(vault.digest(Purpose::ApiKey, b"x"), vault.digest(Purpose::CardFingerprint, b"x"));
    }

    #[test]
    fn a_working_key_opens_under_its_master_key_in_its_place_alone() {
        let (first, second) = (MasterKeys::new(&master(1), &[]).unwrap(), MasterKeys::new(&master(2), &[]).unwrap());
        let key = WorkingKey::fresh(7).unwrap();
        let sealed = first.wrap(KeyPurpose::Data, &key);
        let (opened, is_current) = first.unwrap(KeyPurpose::Data, 7, &sealed).unwrap();
        assert!(is_current && *opened.secret == *key.secret);
        assert!(matches!(first.unwrap(KeyPurpose::Sign, 7, &sealed), Err(VaultError::Damaged)));
        assert!(matches!(first.unwrap(KeyPurpose::Data, 8, &sealed), Err(VaultError::Damaged)));
        assert!(matches!(second.unwrap(KeyPurpose::Data, 7, &sealed), Err(VaultError::WrongMasterKey)));
        let both = MasterKeys::new(&master(2), &[master(1)]).unwrap();
        assert!(!both.unwrap(KeyPurpose::Data, 7, &sealed).unwrap().1, "sealed under the one before");
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        for bad in ["", "AAAA", "not base64!"] {
            assert!(matches!(MasterKeys::new(&bad.to_owned().into(), &[]), Err(VaultError::BadMasterKey)));
        }
    }
}
