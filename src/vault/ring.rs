//! The keys: one master key that opens working keys, and working keys that seal, hash and sign.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use super::{VaultError, hmac, open_under, random, seal_under};

/// 32 random bytes.
pub type Secret = Zeroizing<[u8; 32]>;

/// What a working key is for. None is used for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// Sealing what is stored.
    Data,
    /// Hashes by which something is found without being readable.
    Hash,
    /// Tokens.
    Sign,
}

impl KeyPurpose {
    pub const ALL: [KeyPurpose; 3] = [KeyPurpose::Data, KeyPurpose::Hash, KeyPurpose::Sign];

    pub const fn as_str(self) -> &'static str {
        match self {
            KeyPurpose::Data => "data",
            KeyPurpose::Hash => "hash",
            KeyPurpose::Sign => "sign",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }

    /// What is derived from the master key: as all keys were, before there were working keys.
    const fn label(self) -> &'static [u8] {
        match self {
            KeyPurpose::Data => b"paygate seal",
            KeyPurpose::Hash => b"paygate digest",
            KeyPurpose::Sign => b"paygate token",
        }
    }

    fn context(self, id: u32) -> String {
        format!("working-key:{}:{id:08x}", self.as_str())
    }
}

/// A key and its id.
#[derive(Clone)]
pub struct WorkingKey {
    pub id: u32,
    pub secret: Secret,
}

impl WorkingKey {
    /// # Errors
    /// The system has no entropy.
    pub fn fresh(id: u32) -> Result<Self, VaultError> {
        random().map(|bytes| Self { id, secret: Zeroizing::new(bytes) }).map_err(|_| VaultError::NoEntropy)
    }
}

/// One master key.
struct Master {
    id: u32,
    bytes: Secret,
}

impl Master {
    fn parse(text: &SecretString) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret().trim()).map_err(|_| VaultError::BadMasterKey)?);
        let bytes: Secret = Zeroizing::new(bytes.as_slice().try_into().map_err(|_| VaultError::BadMasterKey)?);
        let [a, b, c, d, ..] = hmac(&*bytes, &[b"paygate key id"]);
        Ok(Self { id: u32::from_be_bytes([a, b, c, d]), bytes })
    }

    fn wrapping(&self) -> Secret {
        Zeroizing::new(hmac(&*self.bytes, &[b"paygate wrap"]))
    }
}

/// The configured master key, and those before it.
pub struct MasterKeys {
    /// The current one first.
    masters: Vec<Master>,
}

impl MasterKeys {
    /// # Errors
    /// [`VaultError::BadMasterKey`] when one is not 32 bytes of base64.
    pub fn new(current: &SecretString, previous: &[SecretString]) -> Result<Self, VaultError> {
        let all = std::iter::once(current).chain(previous);
        Ok(Self { masters: all.map(Master::parse).collect::<Result<_, _>>()? })
    }

    /// Seals a working key under the current master key.
    pub fn wrap(&self, purpose: KeyPurpose, key: &WorkingKey) -> Vec<u8> {
        let master = &self.masters[0];
        seal_under(master.id, &master.wrapping(), &*key.secret, &purpose.context(key.id))
    }

    /// Opens a working key; whether it is sealed under the current master key.
    ///
    /// # Errors
    /// No configured master key opens it.
    pub fn unwrap(&self, purpose: KeyPurpose, id: u32, sealed: &[u8]) -> Result<(WorkingKey, bool), VaultError> {
        let context = purpose.context(id);
        for (place, master) in self.masters.iter().enumerate() {
            match open_under(&[(master.id, &master.wrapping())], sealed, &context) {
                Ok(plain) => {
                    let secret = plain.as_slice().try_into().map_err(|_| VaultError::Damaged)?;
                    return Ok((WorkingKey { id, secret: Zeroizing::new(secret) }, place == 0));
                }
                Err(VaultError::UnknownKey(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(VaultError::WrongMasterKey)
    }

    /// The keys that all was sealed, hashed and signed under before there were working keys: for each purpose one of each
    /// master key, the current one's first.
    pub fn derived(&self, purpose: KeyPurpose) -> Vec<WorkingKey> {
        let key = |master: &Master| WorkingKey {
            id: master.id,
            secret: Zeroizing::new(hmac(&*master.bytes, &[purpose.label()])),
        };
        self.masters.iter().map(key).collect()
    }
}

/// The working keys in use, of each purpose the one for what is new first.
pub struct Ring {
    pub(super) data: Vec<WorkingKey>,
    pub(super) hash: Vec<WorkingKey>,
    pub(super) sign: Vec<WorkingKey>,
}

impl Ring {
    /// # Errors
    /// There is no key for one of the purposes.
    pub fn new(mut of: impl FnMut(KeyPurpose) -> Vec<WorkingKey>) -> Result<Self, VaultError> {
        let ring = Self { data: of(KeyPurpose::Data), hash: of(KeyPurpose::Hash), sign: of(KeyPurpose::Sign) };
        let is_whole = [&ring.data, &ring.hash, &ring.sign].iter().all(|keys| !keys.is_empty());
        if is_whole { Ok(ring) } else { Err(VaultError::NoWorkingKey) }
    }
}
