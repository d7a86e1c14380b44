//! Card numbers and secrets: types that cannot leak, encryption at rest, keyed hashes for look-up.
//!
//! Everything secret in the database passes through [`Vault::seal`] (AES-256-GCM) or [`Vault::digest`]
//! (HMAC-SHA256). All keys come from one 32-byte master key; each value names the master key it was
//! sealed under, so an operator rotates by putting a new key first and keeping the old one behind it.
//!
//! This room never talks to the database or the network. A card number leaves it only as a
//! [`Credential`] on its way to an acquirer.

mod card;
mod password;
mod secret;

pub use card::{Credential, Cvc, Expiry, FormatError, Pan};
pub use password::{PasswordError, PasswordHasher, Verified};
pub use secret::{ApiKey, ApiKeyKind, random};

use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
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
    #[error("sealed under key {0:08x}, which is not configured")]
    UnknownKey(u32),
    #[error("the sealed value is damaged or belongs elsewhere")]
    Damaged,
}

/// What a card's number is sealed under.
pub fn card_context(card: Uuid) -> String {
    format!("card:{card}")
}

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

/// The keys derived from one master key.
struct Keys {
    id: u32,
    seal: Zeroizing<[u8; 32]>,
    digest: Zeroizing<[u8; 32]>,
    token: Zeroizing<[u8; 32]>,
}

impl Keys {
    fn derive(master: &SecretString) -> Result<Self, VaultError> {
        let master =
            Zeroizing::new(STANDARD.decode(master.expose_secret().trim()).map_err(|_| VaultError::BadMasterKey)?);
        if master.len() != 32 {
            return Err(VaultError::BadMasterKey);
        }
        let [a, b, c, d, ..] = hmac(&master, &[b"paygate key id"]);
        Ok(Self {
            id: u32::from_be_bytes([a, b, c, d]),
            seal: Zeroizing::new(hmac(&master, &[b"paygate seal"])),
            digest: Zeroizing::new(hmac(&master, &[b"paygate digest"])),
            token: Zeroizing::new(hmac(&master, &[b"paygate token"])),
        })
    }
}

impl Keys {
    /// The cipher of one value. A key of its own for each value, from a random salt: random nonces under
    /// one key would be used up after 2³² values (NIST SP 800-38D).
    fn cipher(&self, salt: &[u8; SALT_BYTES]) -> Aes256Gcm {
        let key = Zeroizing::new(hmac(&*self.seal, &[b"value", salt]));
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
    }
}

/// The key ring: the current master key and the ones before it.
pub struct Vault {
    current: Keys,
    previous: Vec<Keys>,
}

impl Vault {
    /// Builds the ring from base64 master keys.
    ///
    /// # Errors
    /// [`VaultError::BadMasterKey`] when one is not 32 bytes of base64.
    pub fn new(current: &SecretString, previous: &[SecretString]) -> Result<Self, VaultError> {
        Ok(Self {
            current: Keys::derive(current)?,
            previous: previous.iter().map(Keys::derive).collect::<Result<_, _>>()?,
        })
    }

    fn ring(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// Encrypts `plain`. `context` says where the value lives (`card:<id>`): a value copied into another
    /// row does not open there.
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let (salt, nonce): ([u8; SALT_BYTES], [u8; NONCE_BYTES]) = (rand::random(), rand::random());
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let Ok(sealed) = self.current.cipher(&salt).encrypt(&Nonce::from(nonce), payload) else {
            unreachable!("AES-GCM refuses only messages of more than 64 GiB")
        };
        [&self.current.id.to_be_bytes()[..], &salt, &nonce, &sealed].concat()
    }

    /// Decrypts what [`Vault::seal`] made for the same `context`.
    ///
    /// # Errors
    /// The key is not in the ring, or the bytes are not what was sealed here.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (key_id, rest) = sealed.split_first_chunk::<KEY_ID_BYTES>().ok_or(VaultError::Damaged)?;
        let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or(VaultError::Damaged)?;
        let (nonce, cipher) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Damaged)?;
        let key_id = u32::from_be_bytes(*key_id);
        let keys = self.ring().find(|keys| keys.id == key_id).ok_or(VaultError::UnknownKey(key_id))?;
        let payload = Payload { msg: cipher, aad: context.as_bytes() };
        keys.cipher(salt).decrypt(&Nonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Damaged)
    }

    /// The keyed hash to store for `value`.
    pub fn digest(&self, purpose: Purpose, value: &[u8]) -> Digest {
        hmac(&*self.current.digest, &[purpose.label(), b":", value])
    }

    /// The keyed hashes under which `value` may have been stored: one per key of the ring, current first.
    pub fn digests(&self, purpose: Purpose, value: &[u8]) -> Vec<Digest> {
        self.ring().map(|keys| hmac(&*keys.digest, &[purpose.label(), b":", value])).collect()
    }

    /// Signing keys for tokens, current first, each with its key id.
    pub fn token_keys(&self) -> impl Iterator<Item = (String, &[u8; 32])> {
        self.ring().map(|keys| (format!("{:08x}", keys.id), &*keys.token))
    }
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
    use super::*;

    fn master(byte: u8) -> SecretString {
        STANDARD.encode([byte; 32]).into()
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let vault = Vault::new(&master(1), &[]).unwrap();
        let sealed = vault.seal(b"secret", "card:1");
        assert_eq!(&**vault.open(&sealed, "card:1").unwrap(), b"secret");
        assert!(matches!(vault.open(&sealed, "card:2"), Err(VaultError::Damaged)));
        assert!(matches!(vault.open(&sealed[..10], "card:1"), Err(VaultError::Damaged)));
        assert_ne!(sealed, vault.seal(b"secret", "card:1"), "a nonce is never used twice");
    }

    #[test]
    fn a_rotated_ring_opens_and_finds_what_the_old_key_made() {
        let old = Vault::new(&master(1), &[]).unwrap();
        let rotated = Vault::new(&master(2), &[master(1)]).unwrap();
        let sealed = old.seal(b"secret", "x");
        assert_eq!(&**rotated.open(&sealed, "x").unwrap(), b"secret");
        let stored = old.digest(Purpose::ApiKey, b"key");
        assert!(rotated.digests(Purpose::ApiKey, b"key").contains(&stored));
        assert!(matches!(Vault::new(&master(3), &[]).unwrap().open(&sealed, "x"), Err(VaultError::UnknownKey(_))));
    }

    #[test]
    fn hashes_of_different_purposes_never_meet() {
        let vault = Vault::new(&master(1), &[]).unwrap();
        assert_ne!(vault.digest(Purpose::ApiKey, b"x"), vault.digest(Purpose::CardFingerprint, b"x"));
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        for bad in ["", "AAAA", "not base64!"] {
            assert!(matches!(Vault::new(&bad.to_owned().into(), &[]), Err(VaultError::BadMasterKey)));
        }
    }
}
