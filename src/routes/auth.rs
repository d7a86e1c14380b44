//! Who is calling: extractors that read credentials, look their owner up, and check that they are good
//! for the call. A handler that names one in its signature cannot be reached without it.

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use moka::future::Cache;
use serde::Deserialize;

use super::{
    App,
    key_uses::{KeyUses, Known},
    tokens::{AccessClaims, Audience},
};
use crate::{
    domain::{CustomerId, MerchantId},
    error::{ApiError, Code},
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
    keys: Cache<Digest, Known>,
    origins: Cache<MerchantId, Arc<[String]>>,
    /// Where uses of keys are noted.
    uses: KeyUses,
    customers: Cache<CustomerId, Arc<Customer>>,
    merchants: Cache<MerchantId, Arc<Merchant>>,
}

impl Lookups {
    pub fn new(settings: &AuthSettings, uses: KeyUses) -> Self {
        let (entries, life) = (settings.cache_entries, Duration::from_secs(settings.cache_s));
        Self {
            keys: Cache::builder().max_capacity(entries).time_to_live(life).build(),
            customers: Cache::builder().max_capacity(entries).time_to_live(life).build(),
            merchants: Cache::builder().max_capacity(entries).time_to_live(life).build(),
            origins: Cache::builder().max_capacity(entries).time_to_live(life).build(),
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
        let known = match self.keys.get(&digest).await {
            Some(known) => known,
            None => {
                let hashes = vault.digests(Purpose::ApiKey, key.as_bytes());
                let Some(found) = store.key_by_hash(&hashes, now).await? else { return Ok(None) };
                let known = Known::from(found);
                self.keys.insert(digest, known.clone()).await;
                known
            }
        };
        // A key with an end stops at it, remembered or not.
        if !known.key.is_good(now) {
            return Ok(None);
        }
        self.uses.note(&known, now);
        Ok(Some(known.key))
    }

    /// The origins that a shop has registered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn origins(&self, store: &Store, merchant: MerchantId) -> Result<Arc<[String]>, StoreError> {
        if let Some(found) = self.origins.get(&merchant).await {
            return Ok(found);
        }
        let found: Arc<[String]> = store.origins_of(merchant).await?.into();
        self.origins.insert(merchant, found.clone()).await;
        Ok(found)
    }

    /// Forgets what is remembered of a business, because it has changed.
    pub async fn forget(&self, merchant: MerchantId) {
        self.merchants.invalidate(&merchant).await;
        self.origins.invalidate(&merchant).await;
        self.forget_keys();
    }

    /// Forgets the keys of a business, because it has new ones.
    pub fn forget_keys(&self) {
        // Renewals are rare, and everybody else's key is one look-up away.
        self.keys.invalidate_all();
    }

    async fn customer(&self, store: &Store, id: CustomerId) -> Result<Option<Arc<Customer>>, StoreError> {
        if let Some(found) = self.customers.get(&id).await {
            return Ok(Some(found));
        }
        let found = store.customer(id).await?.map(Arc::new);
        if let Some(found) = &found {
            self.customers.insert(id, found.clone()).await;
        }
        Ok(found)
    }

    async fn merchant(&self, store: &Store, id: MerchantId) -> Result<Option<Arc<Merchant>>, StoreError> {
        if let Some(found) = self.merchants.get(&id).await {
            return Ok(Some(found));
        }
        let found = store.merchant(id).await?.map(Arc::new);
        if let Some(found) = &found {
            self.merchants.insert(id, found.clone()).await;
        }
        Ok(found)
    }
}

/// A shop, with a key that may do everything.
pub struct SecretKey(pub Merchant);

/// A shop, with any of its keys.
pub struct AnyKey(pub Merchant);

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
        Some(key) => app.lookups.key(&app.store, &app.vault, &key, app.payments.now()).await?,
        None => None,
    };
    found.ok_or_else(|| app.limits.unauthorized(app.address(request)))
}

fn claims_of(app: &App, request: &HttpRequest, wanted: Audience) -> Result<AccessClaims, ApiError> {
    let now = app.payments.now();
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
        extract(request, async |app, request| Ok(AnyKey(key_of(&app, &request).await?.merchant)))
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, async |app, request| {
            let claims = claims_of(&app, &request, Audience::Customer)?;
            let customer = app.lookups.customer(&app.store, claims.sub.into()).await?;
            customer.map(SignedIn).ok_or_else(|| app.limits.unauthorized(app.address(&request)))
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
                app.lookups.merchants.invalidate(&MerchantId::from(claims.sub)).await;
                merchant = app.lookups.merchant(&app.store, claims.sub.into()).await?;
            }
            // Signed out everywhere since: as if it had run out.
            let merchant = merchant.filter(|merchant| merchant.epoch == claims.epoch);
            merchant.map(Operator).ok_or_else(|| app.limits.unauthorized(app.address(&request)))
        })
    }
}
