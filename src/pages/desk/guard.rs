//! Keeps other origins out of the back office. A cookie travels with requests from neighbours of the same
//! site, too, so a cookie alone says nothing about who asks.

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
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// Wraps every page of the back office.
///
/// # Errors
/// Passes on what the handler could not turn into a response.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = if is_foreign(request.request()) {
        let refused = ApiError::from(Code::FormExpired).error_response();
        request.into_response(refused)
    } else {
        next.call(request).await?.map_into_boxed_body()
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

fn is_foreign(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|header| header.to_str().ok());
    let is_read = request.method() == Method::GET;
    // A link from elsewhere may lead here; a script, a frame's picture or a form from elsewhere may not.
    let leads_here = is_read && header(SEC_FETCH_MODE) == Some("navigate");
    let from_elsewhere = header(SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    // Our own reads name no origin, and our own forms hide it (`no-referrer`).
    let names_another = header(ORIGIN.as_str()).is_some_and(|origin| match origin {
        "null" => is_read,
        origin => {
            origin.split_once("://").map(|(_, host)| host) != header(HOST.as_str()) && !is_public(request, origin)
        }
    });
    from_elsewhere && !leads_here || names_another
}
