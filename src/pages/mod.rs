//! Server-rendered pages, from templates compiled into the binary. Nothing is loaded from another host.

mod api;
mod checkout;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    web::{self, ServiceConfig},
};
use askama::Template;

use crate::{
    error::{ApiError, Code},
    routes::method_not_allowed,
};

const STYLE: &str = include_str!("../../web/static/paygate.css");

/// Scripts, styles and pictures of this server alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'";

/// Mounts the pages.
pub fn configure(config: &mut ServiceConfig) {
    for (path, page) in [
        ("/checkout/{token}", web::get().to(checkout::page)),
        ("/checkout/{token}/qr.svg", web::get().to(checkout::qr)),
        ("/api-docs", web::get().to(api::page)),
        ("/static/paygate.css", web::get().to(style)),
    ] {
        config.service(web::resource(path).route(page).default_service(web::to(method_not_allowed)));
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(STYLE)
}

fn html(page: &impl Template) -> Result<HttpResponse, ApiError> {
    let body = page.render().map_err(|error| ApiError::from(Code::Internal).because(error))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        // A payment's token stands in the address: no other site may learn it.
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(body))
}
