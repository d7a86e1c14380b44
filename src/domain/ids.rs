//! Identifiers. They are made outside this room (the domain has no clock and no randomness) and only
//! parsed and shown here.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identifier")]
pub struct IdError;

/// Declares a UUID newtype that is written as 32 hex digits.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    };
}

uuid_id! {
    /// A payment, from its creation on. Time-ordered (UUID v7), so that neighbours in time are
    /// neighbours on disk.
    PaymentId
}
uuid_id! {
    /// A business (tenant) of this installation.
    MerchantId
}
uuid_id! {
    /// A customer's account.
    CustomerId
}
uuid_id! {
    /// A registered card.
    CardId
}
uuid_id! {
    /// Our number of one authorization; the acquirer is idempotent by it.
    TxnNo
}
uuid_id! {
    /// Our number of one cancel or refund; the acquirer is idempotent by it.
    CancelNo
}

/// What a shop holds after the customer approved: 128 bits that name the payment and 128 random bits
/// that prove the holder was told. Written as 43 base64url characters.
///
/// Carrying the payment's id inside means that a call with a key needs no look-up to find its actor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PaymentKey {
    payment: PaymentId,
    secret: u128,
}

impl PaymentKey {
    pub const fn new(payment: PaymentId, secret: u128) -> Self {
        Self { payment, secret }
    }

    pub const fn payment(&self) -> PaymentId {
        self.payment
    }
}

impl fmt::Display for PaymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(self.payment.uuid().as_bytes());
        bytes[16..].copy_from_slice(&self.secret.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl fmt::Debug for PaymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PaymentKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| IdError)?;
        let (payment, secret) = bytes.split_first_chunk::<16>().ok_or(IdError)?;
        let secret = <[u8; 16]>::try_from(secret).map_err(|_| IdError)?;
        if written != bytes.len() {
            return Err(IdError);
        }
        Ok(Self::new(Uuid::from_bytes(*payment).into(), u128::from_be_bytes(secret)))
    }
}

impl TryFrom<String> for PaymentKey {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PaymentKey> for String {
    fn from(key: PaymentKey) -> Self {
        key.to_string()
    }
}
