//! Signed tokens: what a signed-in caller shows, and what a QR code carries. HS256, the key named in the
//! header, so that keys can be rotated while tokens are out.

use std::sync::Arc;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    domain::QrClaims,
    store::{Customer, Merchant},
    vault::Vault,
};

/// What an access token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    Customer,
    Backoffice,
}

/// Whose token it is.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    pub id: Uuid,
    pub audience: Audience,
    /// Tokens of an earlier epoch are over.
    pub epoch: i64,
}

impl From<&Merchant> for Account {
    fn from(merchant: &Merchant) -> Self {
        Self { id: merchant.id.uuid(), audience: Audience::Backoffice, epoch: merchant.epoch }
    }
}

impl From<&Customer> for Account {
    fn from(customer: &Customer) -> Self {
        // Customers cannot change their password yet.
        Self { id: customer.id.uuid(), audience: Audience::Customer, epoch: 0 }
    }
}

/// The payload of an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    pub sub: Uuid,
    pub aud: Audience,
    /// In which epoch of the account it was issued; tokens older than epochs are of the first.
    #[serde(default)]
    pub epoch: i64,
    pub iat: i64,
    pub exp: i64,
}

/// A token that is not ours, damaged, or out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct BadToken;

/// Signs and checks tokens.
pub struct Tokens {
    vault: Arc<Vault>,
    access_token_s: i64,
}

/// Longer than any token of ours: what is longer is not read.
const MAX_TOKEN_BYTES: usize = 4096;

/// A clock that was ahead and is set right has issued tokens of a time that is still to come.
const MAX_AHEAD_S: i64 = 2 * 3_600;

/// Long after its payment has ended a QR token opens nothing any more.
const MAX_QR_AGE_S: i64 = 30 * 24 * 3_600;

impl Tokens {
    pub fn new(vault: Arc<Vault>, access_token_s: i64) -> Self {
        Self { vault, access_token_s }
    }

    /// # Errors
    /// The claims cannot be written, which ours can.
    pub fn access(&self, account: Account, now: Timestamp) -> Result<String, BadToken> {
        let Account { id: sub, audience: aud, epoch } = account;
        let iat = now.as_second();
        self.sign(&AccessClaims { sub, aud, epoch, iat, exp: iat + self.access_token_s })
    }

    /// # Errors
    /// The token is not one of ours, or it is out of date.
    pub fn read_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, BadToken> {
        let claims: AccessClaims = self.verify(token)?;
        let (AccessClaims { iat, exp, .. }, now) = (&claims, now.as_second());
        // Whoever got hold of a key could write any time into a token.
        let is_ours = exp.saturating_sub(*iat) <= self.access_token_s && iat.saturating_sub(now) <= MAX_AHEAD_S;
        if is_ours && *exp > now { Ok(claims) } else { Err(BadToken) }
    }

    /// # Errors
    /// The claims cannot be written, which ours can.
    pub fn qr(&self, claims: &QrClaims) -> Result<String, BadToken> {
        self.sign(claims)
    }

    /// Reads a QR token, in date or not: whether the payment is still open, the payment itself knows.
    ///
    /// # Errors
    /// The token is not one of ours, or older than any that is still shown.
    pub fn read_qr(&self, token: &str, now: Timestamp) -> Result<QrClaims, BadToken> {
        let claims: QrClaims = self.verify(token)?;
        let age = now.as_second().saturating_sub(claims.iat);
        if (-MAX_AHEAD_S..=MAX_QR_AGE_S).contains(&age) { Ok(claims) } else { Err(BadToken) }
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, BadToken> {
        let (id, secret) = self.vault.signing_key();
        // No `typ`: the token goes into a QR code, every character counts.
        let header = Header { typ: None, kid: Some(id), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &EncodingKey::from_secret(&*secret)).map_err(|_| BadToken)
    }

    fn verify<T: DeserializeOwned + Clone>(&self, token: &str) -> Result<T, BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken);
        }
        let kid = decode_header(token).map_err(|_| BadToken)?.kid.ok_or(BadToken)?;
        let secret = self.vault.verifying_key(&kid).ok_or(BadToken)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked against the clock of the house, audiences by the type of the claims.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Ok(decode::<T>(token, &DecodingKey::from_secret(&*secret), &validation).map_err(|_| BadToken)?.claims)
    }
}
