//! The phone app: one shell, whose screens are modules of the browser. It talks to the same API as any
//! other phone app; what it is allowed to do, its bearer token says.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    web,
};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::{
    assets,
    page::{Page, see},
    reasons::{self, Told},
    security::Policy,
    texts::{Issuers, Phone},
};
use crate::error::{ApiError, Code};

#[derive(Template)]
#[template(path = "phone.html")]
struct Shell<'a> {
    page: &'a Page,
    texts: &'static Phone,
    issuers: &'static [&'static str],
    reasons: Vec<Told>,
}

/// `/m/`: the shell.
pub async fn shell(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = Page::of(&request);
    let policy = Policy { uses_camera: true, ..Policy::default() };
    let shell =
        Shell { page: &page, texts: Phone::of(page.lang), issuers: Issuers::ALL, reasons: reasons::told(page.lang) };
    page.send(StatusCode::OK, &policy, &shell)
}

/// `/m`: relative addresses need the slash.
pub async fn to_shell() -> HttpResponse {
    see("/m/")
}

#[derive(Deserialize)]
pub struct DeepLink {
    #[serde(default)]
    token: String,
}

/// `/m/payment/deeplink/success`: what a QR code leads to. Behind `#` the token goes into no further
/// request, log or referrer.
pub async fn deep_link(link: web::Query<DeepLink>) -> HttpResponse {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match link.token.as_str() {
        "" => see("/m/"),
        token if token.chars().all(is_token) => see(&format!("/m/#/pay/{token}")),
        _ => see("/m/#/pay/unreadable"),
    }
}

/// `/m/manifest.webmanifest`: what makes it installable.
pub async fn manifest(request: HttpRequest) -> HttpResponse {
    let page = Page::of(&request);
    let icon = |name: &str, size: &str, purpose: &str| json!({ "src": format!("{}/m/{name}.png", page.assets), "sizes": size, "type": "image/png", "purpose": purpose });
    let manifest = json!({
        "id": "/m/",
        "name": Phone::of(page.lang).name,
        "short_name": "Paygate",
        "lang": page.code(),
        "start_url": "/m/",
        "scope": "/m/",
        "display": "standalone",
        "background_color": "#f3f5f8",
        "theme_color": "#f3f5f8",
        "icons": [
            { "src": format!("{}/icon.svg", page.assets), "sizes": "any", "type": "image/svg+xml" },
            icon("icon-192", "192x192", "any"),
            icon("icon-512", "512x512", "any"),
            icon("icon-maskable", "512x512", "maskable"),
        ],
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/manifest+json"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(manifest.to_string())
}

/// `/m/sw.js`: the service worker must live where the shell does.
pub async fn worker(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let script = assets::find("m/sw.js").ok_or(Code::RouteNotFound)?;
    Ok(script.respond(&request, false))
}
