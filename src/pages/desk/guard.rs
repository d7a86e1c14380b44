//! Keeps other origins out of the back office. A cookie travels with requests from neighbours of the same
//! site, too, so a cookie alone says nothing about who asks.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HOST, HeaderName, HeaderValue, ORIGIN},
    },
    middleware::Next,
    web::Data,
};

use crate::{
    error::{ApiError, Code},
    pages::security::origin,
    routes::App,
};

const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// The longest host name has 253.
const MAX_LOGGED_CHARS: usize = 300;
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// Wraps every page of the back office.
///
/// # Errors
/// Passes on what the handler could not turn into a response.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = match refusal(request.request()) {
        Some(code) => request.into_response(ApiError::from(code).error_response()),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("same-origin"));
    }
    Ok(response)
}

/// A proxy may have changed the host.
fn is_public(request: &HttpRequest, named: &str) -> bool {
    let app = request.app_data::<Data<App>>();
    app.is_some_and(|app| origin(&app.public_url(request)).as_deref() == Some(named))
}

/// Why a request is kept out, if it is.
fn refusal(request: &HttpRequest) -> Option<Code> {
    let header = |name: &str| request.headers().get(name).and_then(|header| header.to_str().ok());
    let is_read = request.method() == Method::GET;
    // A link from elsewhere may lead here; a script, a frame's picture or a form from elsewhere may not.
    let leads_here = is_read && header(SEC_FETCH_MODE) == Some("navigate");
    let from_elsewhere = header(SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if from_elsewhere && !leads_here {
        return Some(Code::FormExpired);
    }
    // Our own reads name no origin, and our own forms hide it (`no-referrer`).
    let origin = header(ORIGIN.as_str())?;
    if origin == "null" {
        return is_read.then_some(Code::FormExpired);
    }
    let host = header(HOST.as_str());
    if origin.split_once("://").map(|(_, host)| host) == host || is_public(request, origin) {
        return None;
    }
    tell_once(origin, host.unwrap_or_default());
    Some(Code::HostMismatch)
}

/// Nobody can sign in behind a proxy that changes `Host`, and the operator should read why. Once: whoever sends forms
/// from elsewhere must not fill the log.
fn tell_once(origin: &str, host: &str) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        let short = |text: &str| text.chars().take(MAX_LOGGED_CHARS).collect::<String>();
        tracing::warn!(
            origin = short(origin),
            host = short(host),
            "a back-office form was refused: the browser's origin is neither the Host header nor server.public_url; \
             a proxy must pass Host through"
        );
    }
}
