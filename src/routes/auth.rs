//! Who is calling: extractors that read credentials, look their owner up, and check that they are good
//! for the call. A handler that names one in its signature cannot be reached without it.

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    App,
    key_uses::{KeyUses, Known},
    remembered::Remembered,
    tokens::{AccessClaims, Audience},
};
use crate::{
    domain::{CustomerId, MerchantId},
    error::{ApiError, Code},
    shares::{self, Tenant},
    store::{Customer, FoundKey, Merchant, Store, StoreError},
    vault::{ApiKeyKind, Digest, Purpose, Vault},
};

/// `[auth]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    pub password_memory_kib: u32,
    pub password_iterations: u32,
    pub access_token_s: i64,
    pub session_idle_s: i64,
    pub session_s: i64,
    pub cache_s: u64,
    pub cache_entries: u64,
}

/// Look-ups of keys and accounts, remembered for a few seconds.
pub struct Lookups {
    keys: Remembered<Digest, Known>,
    origins: Remembered<MerchantId, Arc<[String]>>,
    /// Where uses of keys are noted.
    uses: KeyUses,
    customers: Remembered<CustomerId, Arc<Customer>>,
    merchants: Remembered<MerchantId, Arc<Merchant>>,
}

impl Lookups {
    pub fn new(settings: &AuthSettings, uses: KeyUses) -> Self {
        let (entries, life) = (settings.cache_entries, Duration::from_secs(settings.cache_s));
        Self {
            keys: Remembered::new(entries, life),
            customers: Remembered::new(entries, life),
            merchants: Remembered::new(entries, life),
            origins: Remembered::new(entries, life),
            uses,
        }
    }

    async fn key(
        &self,
        store: &Store,
        vault: &Vault,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<FoundKey>, StoreError> {
        let digest = vault.digest(Purpose::ApiKey, key.as_bytes());
        let look_up = async || {
            let hashes = vault.digests(Purpose::ApiKey, key.as_bytes());
            Ok(store.key_by_hash(&hashes, now).await?.map(Known::from))
        };
        // A key with an end stops at it, remembered or not.
        let Some(known) = self.keys.get(digest, look_up).await?.filter(|known| known.key.is_good(now)) else {
            return Ok(None);
        };
        self.uses.note(&known, now);
        Ok(Some(known.key))
    }

    /// The origins that a shop has registered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn origins(&self, store: &Store, merchant: MerchantId) -> Result<Arc<[String]>, StoreError> {
        let found = self.origins.get(merchant, async || Ok(Some(store.origins_of(merchant).await?.into()))).await?;
        Ok(found.unwrap_or_default())
    }

    /// Forgets what is remembered of businesses and their keys, because one has changed.
    pub fn forget_merchants(&self) {
        self.merchants.forget_all();
        self.origins.forget_all();
        self.forget_keys();
    }

    /// Forgets keys, because somebody has new ones.
    pub fn forget_keys(&self) {
        self.keys.forget_all();
    }

    async fn customer(&self, store: &Store, id: CustomerId) -> Result<Option<Arc<Customer>>, StoreError> {
        self.customers.get(id, async || Ok(store.customer(id).await?.map(Arc::new))).await
    }

    async fn merchant(&self, store: &Store, id: MerchantId) -> Result<Option<Arc<Merchant>>, StoreError> {
        self.merchants.get(id, async || Ok(store.merchant(id).await?.map(Arc::new))).await
    }
}

/// A shop, with a key that may do everything.
pub struct SecretKey(pub Merchant);

/// A shop, with any of its keys.
pub struct AnyKey {
    pub id: Uuid,
    pub merchant: Merchant,
    pub kind: ApiKeyKind,
}

/// A signed-in customer.
pub struct SignedIn(pub Arc<Customer>);

/// A signed-in business.
pub struct Operator(pub Arc<Merchant>);

async fn key_of(app: &App, request: &HttpRequest) -> Result<FoundKey, ApiError> {
    let key = credentials(request, "Basic ").and_then(|basic| {
        let decoded = STANDARD.decode(basic).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        // "<key>:" — the key is the user name, the password is empty.
        text.strip_suffix(':').or_else(|| text.split_once(':').map(|(key, _)| key)).map(str::to_owned)
    });
    let found = match key {
        Some(key) => app.lookups.key(&app.store, &app.vault, &key, app.payments.earliest_now()).await?,
        None => None,
    };
    let found = found.ok_or_else(|| app.limits.unauthorized(app.address(request)))?;
    shares::within(Tenant::Merchant(found.merchant.id));
    Ok(found)
}

fn claims_of(app: &App, request: &HttpRequest, wanted: Audience) -> Result<AccessClaims, ApiError> {
    let now = app.payments.earliest_now();
    let claims = credentials(request, "Bearer ").and_then(|token| app.tokens.read_access(token, now).ok());
    match claims {
        Some(claims) if claims.aud == wanted => Ok(claims),
        Some(_) => Err(Code::Forbidden.into()),
        None => Err(app.limits.unauthorized(app.address(request))),
    }
}

fn credentials<'a>(request: &'a HttpRequest, scheme: &str) -> Option<&'a str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = header.split_at_checked(scheme.len())?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Runs an extraction with the shared state at hand.
fn extract<T: 'static, F>(
    request: &HttpRequest,
    work: impl FnOnce(Data<App>, HttpRequest) -> F,
) -> LocalBoxFuture<'static, Result<T, ApiError>>
where
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    match request.app_data::<Data<App>>() {
        Some(app) => Box::pin(work(app.clone(), request.clone())),
        None => Box::pin(async { Err(ApiError::from(Code::Internal).because("no shared state")) }),
    }
}

impl FromRequest for SecretKey {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, async |app, request| match key_of(&app, &request).await? {
            FoundKey { merchant, kind: ApiKeyKind::Secret, .. } => Ok(SecretKey(merchant)),
            FoundKey { kind: ApiKeyKind::Client, .. } => Err(Code::Forbidden.into()),
        })
    }
}

impl FromRequest for AnyKey {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, async |app, request| {
            let FoundKey { id, merchant, kind, .. } = key_of(&app, &request).await?;
            Ok(AnyKey { id, merchant, kind })
        })
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, async |app, request| {
            let claims = claims_of(&app, &request, Audience::Customer)?;
            let customer = app.lookups.customer(&app.store, claims.sub.into()).await?;
            let customer = customer.ok_or_else(|| app.limits.unauthorized(app.address(&request)))?;
            shares::within(Tenant::Customer(customer.id));
            Ok(SignedIn(customer))
        })
    }
}

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, async |app, request| {
            let claims = claims_of(&app, &request, Audience::Backoffice)?;
            let mut merchant = app.lookups.merchant(&app.store, claims.sub.into()).await?;
            // A token newer than what is remembered: the password was changed in another process.
            if merchant.as_ref().is_some_and(|merchant| merchant.epoch < claims.epoch) {
                app.lookups.merchants.forget(&MerchantId::from(claims.sub)).await;
                merchant = app.lookups.merchant(&app.store, claims.sub.into()).await?;
            }
            // Signed out everywhere since: as if it had run out.
            let merchant = merchant.filter(|merchant| merchant.epoch == claims.epoch);
            let merchant = merchant.ok_or_else(|| app.limits.unauthorized(app.address(&request)))?;
            shares::within(Tenant::Merchant(merchant.id));
            Ok(Operator(merchant))
        })
    }
}
