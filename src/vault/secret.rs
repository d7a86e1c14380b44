//! Secrets that Paygate makes itself.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRng, rngs::SysRng};
use secrecy::{ExposeSecret, SecretString};

/// Bytes from the operating system's CSPRNG.
///
/// # Errors
/// The operating system has no entropy to give; nothing secret may be made then.
pub fn random<const N: usize>() -> Result<[u8; N], <SysRng as TryRng>::Error> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiKeyKind {
    /// Everything: it stays on the shop's server.
    Secret,
    /// Create payments and watch them: it may stand in a web page.
    Client,
}

impl ApiKeyKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            ApiKeyKind::Secret => "secret",
            ApiKeyKind::Client => "client",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Secret, Self::Client].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A shop's API key: 256 bits from the system's CSPRNG in base64url (43 characters, no `:`).
pub struct ApiKey(SecretString);

impl ApiKey {
    /// # Errors
    /// See [`random`].
    pub fn generate() -> Result<Self, <SysRng as TryRng>::Error> {
        Ok(Self(URL_SAFE_NO_PAD.encode(random::<32>()?).into()))
    }

    /// Takes a key out of a sealed value or a request.
    pub fn from_clear(text: String) -> Self {
        Self(text.into())
    }

    /// The key in clear, for its owner.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_43_url_safe_characters_and_never_repeat() {
        let keys: HashSet<String> = (0..1000).map(|_| ApiKey::generate().unwrap().expose().to_owned()).collect();
        assert_eq!(keys.len(), 1000);
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(keys.iter().all(|key| key.len() == 43 && key.chars().all(safe)));
    }
}
