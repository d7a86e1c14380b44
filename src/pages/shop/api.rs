//! The payment API as the shop's server uses it: over HTTP, with the secret key.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::LazyLock,
    time::Duration,
};

use actix_web::HttpRequest;
use serde_json::Value;

use crate::{
    demo,
    error::{ApiError, Code, Lang},
    routes::{App, keys_in_force},
};

/// Longer than a confirm waits for the card network.
const TIMEOUT: Duration = Duration::from_secs(12);

static CLIENT: LazyLock<reqwest::Client> =
    // The certificate bears the name that browsers use, and this goes to our own address.
    LazyLock::new(|| {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().tls_danger_accept_invalid_certs(true);
        client.build().unwrap_or_default()
    });

pub struct Api {
    /// As browsers reach this server.
    pub base: String,
    /// As the shop's server reaches it: never by a name that a request gave, or the key would go there.
    address: SocketAddr,
    pub client_key: String,
    scheme: &'static str,
    secret_key: String,
}

pub struct Told {
    pub status: u16,
    pub data: Value,
    pub code: String,
    pub message: String,
}

impl Api {
    /// The demo shop's keys as they are now: they may have been renewed in the back office.
    pub async fn of(app: &App, request: &HttpRequest) -> Result<Self, ApiError> {
        let (shop, _) = app.store.merchant_by_email(demo::SHOP_EMAIL).await?.ok_or(Code::RouteNotFound)?;
        let keys = keys_in_force(app, shop.id).await?;
        let (Some(secret_key), Some(client_key)) = (keys.api_key, keys.client_key) else {
            return Err(Code::RouteNotFound.into());
        };
        let listening = app.server.listen.parse();
        let mut address: SocketAddr = listening.map_err(|error| ApiError::from(Code::Internal).because(error))?;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        Ok(Self { base: app.public_url(request), address, client_key, scheme: app.server.scheme(), secret_key })
    }

    /// Calls `/api/v1/p/merchant<path>`.
    pub async fn post(&self, path: &str, key: &str, lang: Lang, body: &Value) -> Result<Told, ApiError> {
        let failed = |error: reqwest::Error| ApiError::from(Code::Unavailable).because(error.without_url());
        let language = match lang {
            Lang::Ko => "ko",
            Lang::En => "en",
        };
        let call = CLIENT
            .post(format!("{}://{}/api/v1/p/merchant{path}", self.scheme, self.address))
            .basic_auth(&self.secret_key, Some(""))
            .header("idempotency-key", key)
            .header("accept-language", language)
            .json(body);
        let answer = call.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.map_err(failed)?;
        let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        Ok(Told { status, code: text("code"), message: text("message"), data: body["data"].clone() })
    }
}
