//! Browsers that reach this server over TLS are told to insist on it (HSTS), whether this server speaks TLS itself or
//! a proxy in front does.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY},
    middleware::Next,
    web::Data,
};

use super::App;

/// For a year, as the preload lists ask for.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Wraps every service.
///
/// # Errors
/// Passes on what a layer within could not turn into a response.
pub async fn strict_transport(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let app = request.app_data::<Data<App>>();
    let is_https =
        |app: &Data<App>| app.server.scheme() == "https" || app.public_url(request.request()).starts_with("https:");
    let has_tls = app.is_some_and(is_https);
    let mut response = next.call(request).await?;
    if has_tls {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    Ok(response)
}
