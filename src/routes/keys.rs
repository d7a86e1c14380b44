//! A business's API keys.

use actix_web::{HttpRequest, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    App,
    answer::{Answer, Data, Failure},
    auth::Operator,
    body::Body,
    once::Once,
};
use crate::{
    actors::Services,
    domain::MerchantId,
    error::{ApiError, Code},
    store::{IssuedKey, IssuedKeys, KeyOf, KeyWrite, Renewal},
    vault::{ApiKey, ApiKeyKind, Purpose, api_key_context},
};

/// The pair in force. Both are null before the first issue.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// The secret key: it may do everything, and stays on the shop's server.
    pub api_key: Option<String>,
    /// The client key: it may create payments and watch them, so it may stand in a page.
    pub client_key: Option<String>,
}

/// Issues a new pair; the old one stops at once.
#[utoipa::path(post, path = "/api/backoffice/v1/keys", tag = "back office",
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = Data<Keys>), (status = 401, body = Failure)))]
pub async fn issue(
    app: web::Data<App>,
    operator: Operator,
    request: HttpRequest,
    body: Body,
) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    // Nothing is asked for, so an absent body will do; another one is not meant for this.
    if !body.bytes().is_empty() {
        body.parse::<serde_json::Map<String, serde_json::Value>>()?;
    }
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    once.store(async |keep| {
        let keys = renew(&app, merchant.id, None, |keys| keep.answer(&Answer::ok(keys))).await?;
        Ok(Answer::ok(keys))
    })
    .await
}

/// Makes a pair and puts it in force. The old one stops at once, or at `old_until`; `keep` turns the pair
/// into the write of an idempotency key.
///
/// # Errors
/// The system has no entropy, or the store refused.
pub async fn renew(
    app: &App,
    merchant: MerchantId,
    old_until: Option<Timestamp>,
    keep: impl FnOnce(&Keys) -> Option<KeyWrite>,
) -> Result<Keys, ApiError> {
    let failed = |error| ApiError::from(Code::Internal).because(error);
    let (secret, client) = (ApiKey::generate().map_err(failed)?, ApiKey::generate().map_err(failed)?);
    let issued = [(&secret, ApiKeyKind::Secret), (&client, ApiKeyKind::Client)].map(|(key, kind)| {
        let id: Uuid = Services::fresh();
        let clear = key.expose().as_bytes();
        IssuedKey {
            id,
            kind,
            hash: app.vault.digest(Purpose::ApiKey, clear),
            sealed: app.vault.seal(clear, &api_key_context(id)),
        }
    });
    let keys = Keys { api_key: Some(secret.expose().to_owned()), client_key: Some(client.expose().to_owned()) };
    let renewal = Renewal { now: app.payments.now(), old_until, key: keep(&keys) };
    app.store.issue_keys(merchant, IssuedKeys { keys: issued.into() }, renewal).await?;
    app.lookups.forget_keys();
    Ok(keys)
}

/// The pair in force, in clear.
#[utoipa::path(get, path = "/api/backoffice/v1/my-key", tag = "back office", security(("bearer" = [])),
    responses((status = 200, body = Data<Keys>), (status = 401, body = Failure)))]
pub async fn mine(app: web::Data<App>, operator: Operator) -> Result<Answer, ApiError> {
    let Operator(merchant) = operator;
    Ok(Answer::ok(in_force(&app, merchant.id).await?))
}

/// The pair in force, in clear.
///
/// # Errors
/// The store failed, or a key cannot be opened.
pub async fn in_force(app: &App, merchant: MerchantId) -> Result<Keys, ApiError> {
    let mut keys = Keys::default();
    for key in app.store.keys_of(merchant, app.payments.now()).await? {
        if key.until.is_some() {
            continue;
        }
        match key.kind {
            ApiKeyKind::Secret => keys.api_key = Some(clear(app, &key)?),
            ApiKeyKind::Client => keys.client_key = Some(clear(app, &key)?),
        }
    }
    Ok(keys)
}

/// A key in clear, for its business.
///
/// # Errors
/// It cannot be opened with the keys at hand.
pub fn clear(app: &App, key: &KeyOf) -> Result<String, ApiError> {
    let damaged = |error: &dyn std::fmt::Display| ApiError::from(Code::Internal).because(error);
    let clear = app.vault.open(&key.sealed, &api_key_context(key.id)).map_err(|error| damaged(&error))?;
    String::from_utf8(clear.to_vec()).map_err(|error| damaged(&error))
}
