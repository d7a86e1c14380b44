//! A business's API keys.

use actix_web::{HttpRequest, web};
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
    store::{IssuedKey, IssuedKeys, KeyWrite},
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
    let once = Once::new(&app, &request, merchant.id.uuid(), body.bytes())?;
    once.store(async |keep| {
        let keys = renew(&app, merchant.id, |keys| keep.answer(&Answer::ok(keys))).await?;
        Ok(Answer::ok(keys))
    })
    .await
}

/// Makes a pair and puts it in force; `keep` turns the pair into the write of an idempotency key.
///
/// # Errors
/// The system has no entropy, or the store refused.
pub async fn renew(
    app: &App,
    merchant: MerchantId,
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
    let write = keep(&keys);
    let now = app.payments.now();
    app.store.issue_keys(merchant, IssuedKeys { keys: issued.into() }, now, write).await?;
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
    let damaged = |error: &dyn std::fmt::Display| ApiError::from(Code::Internal).because(error);
    let mut keys = Keys::default();
    for (id, kind, sealed) in app.store.keys_of(merchant).await? {
        let clear = app.vault.open(&sealed, &api_key_context(id)).map_err(|error| damaged(&error))?;
        let clear = String::from_utf8(clear.to_vec()).map_err(|error| damaged(&error))?;
        match kind {
            ApiKeyKind::Secret => keys.api_key = Some(clear),
            ApiKeyKind::Client => keys.client_key = Some(clear),
        }
    }
    Ok(keys)
}
