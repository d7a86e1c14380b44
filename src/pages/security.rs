//! What browsers are told to refuse. Every answer of a page carries these headers.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    middleware::Next,
};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Who may do what with a page.
#[derive(Debug, Default)]
pub struct Policy {
    /// Origins that may show it in a frame; none: nobody may.
    pub framed_by: Vec<String>,
    /// It may ask for the camera.
    pub uses_camera: bool,
    /// It may show this server's pages in a frame of its own.
    pub holds_frames: bool,
}

impl Policy {
    /// Scripts, styles, pictures and calls of this server alone, nothing inline, no form to elsewhere.
    fn content(&self) -> String {
        let ancestors = if self.framed_by.is_empty() { "'none'".to_owned() } else { self.framed_by.join(" ") };
        let frames = if self.holds_frames { "'self'" } else { "'none'" };
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             frame-src {frames}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors {ancestors}"
        )
    }

    fn permissions(&self) -> &'static str {
        if self.uses_camera {
            "camera=(self), microphone=(), geolocation=(), payment=()"
        } else {
            "camera=(), microphone=(), geolocation=(), payment=()"
        }
    }

    pub fn headers(&self) -> [(HeaderName, String); 2] {
        [(CONTENT_SECURITY_POLICY, self.content()), (PERMISSIONS_POLICY, self.permissions().to_owned())]
    }
}

/// Who may frame the checkout of a payment: this server's own pages, and those that the shop has registered.
/// What a call names does not count: the key for that stands in a page, for everybody to use.
pub fn checkout_frames(registered: &[String]) -> Vec<String> {
    std::iter::once("'self'".to_owned()).chain(registered.iter().cloned()).collect()
}

/// The origin of an address, as a browser writes it; `None` when it would say more than one origin in a
/// policy: addresses may hold `*` and `;` in their host.
pub fn origin(url: &str) -> Option<String> {
    let origin = url::Url::parse(url).ok()?.origin();
    let is_one = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte));
    Some(origin).filter(url::Origin::is_tuple).map(|origin| origin.ascii_serialization()).filter(is_one)
}

/// Wraps every page and file: what a handler has not said, the strict default says.
///
/// # Errors
/// Passes on what the handler could not turn into a response.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    for (name, value) in Policy::default().headers() {
        if let Ok(value) = HeaderValue::from_str(&value)
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    }
    // A payment's token stands in the address: no other site may learn it.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
