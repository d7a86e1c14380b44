//! Whether the page that asks may show the checkout in a frame. What browsers are told is in
//! `pages::security`; this is so that a page need not try.

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, HeaderValue, ORIGIN},
};

use super::App;
use crate::{domain::MerchantId, error::ApiError};

/// A header and no part of the body: under an idempotency key the same answer goes to other pages, too, and
/// to the same one after its shop has registered it.
pub const EMBEDDABLE: HeaderName = HeaderName::from_static("checkout-embeddable");

/// The value of the header: this server's own pages may, and those of the origins that the shop has registered.
///
/// # Errors
/// The database failed.
pub async fn embeddable(app: &App, request: &HttpRequest, merchant: MerchantId) -> Result<HeaderValue, ApiError> {
    let asks = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let Some(asks) = asks else { return Ok(HeaderValue::from_static("false")) };
    let own = url::Url::parse(&app.public_url(request)).map(|url| url.origin().ascii_serialization());
    let may = own.is_ok_and(|own| own == asks)
        || app.lookups.origins(&app.store, merchant).await?.iter().any(|registered| registered == asks);
    Ok(HeaderValue::from_static(if may { "true" } else { "false" }))
}
