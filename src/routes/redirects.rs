//! Where the customer is sent after the checkout.

use actix_web::HttpRequest;

use super::{App, auth::AnyKey, fields};
use crate::{
    domain::Redirects,
    error::{ApiError, Problem},
    vault::ApiKeyKind,
};

const NOT_REGISTERED: Problem = Problem {
    ko: "백오피스에 등록한 웹사이트의 주소여야 합니다",
    en: "must be on a website that is registered in the back office",
};

/// The addresses that a call names. A client key can be copied from a page, and must not send customers elsewhere:
/// once the merchant has registered origins, its addresses have to be on one of them, or on this server. A secret key
/// may name any.
///
/// # Errors
/// An address is not valid or not allowed; or the database failed.
pub async fn redirects(
    app: &App,
    request: &HttpRequest,
    AnyKey { merchant, kind, .. }: &AnyKey,
    success_url: Option<String>,
    fail_url: Option<String>,
) -> Result<Redirects, ApiError> {
    let urls = [
        ("successUrl", fields::redirect("successUrl", success_url)?),
        ("failUrl", fields::redirect("failUrl", fail_url)?),
    ];
    if *kind == ApiKeyKind::Client && urls.iter().any(|(_, url)| url.is_some()) {
        let registered = app.lookups.origins(&app.store, merchant.id).await?;
        let own = origin(&app.public_url(request));
        let is_known =
            |url: &str| origin(url).is_some_and(|origin| own.as_ref() == Some(&origin) || registered.contains(&origin));
        for (name, url) in &urls {
            if !registered.is_empty() && url.as_deref().is_some_and(|url| !is_known(url)) {
                return Err(ApiError::field(*name, NOT_REGISTERED));
            }
        }
    }
    let [(_, success_url), (_, fail_url)] = urls;
    Ok(Redirects { success_url, fail_url })
}

/// As the back office stores it.
fn origin(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}
