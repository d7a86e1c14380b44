//! HTTP: one file per resource. A handler reads as a story: read the request, permit the caller (the
//! extractor in its signature does), ask the payment or the store, map the answer.
//!
//! [`endpoints`] is the map of the API; a test holds it against the OpenAPI document.

mod amounts;
mod answer;
mod app;
mod approvals;
mod auth;
mod backoffice;
mod body;
mod canonical;
mod card_tries;
mod cards;
mod compat;
mod customers;
mod doubts;
mod dto;
mod embed;
mod envelope;
pub mod fields;
mod history;
mod key_uses;
mod key_watch;
mod keys;
mod limits;
mod metadata;
mod networks;
mod once;
pub mod openapi;
mod operations;
mod password_lock;
mod qr;
mod redirects;
mod remembered;
mod shop;
mod shop_orders;
mod sse;
mod tokens;
mod transport;

pub use app::{App, BackofficeSettings, ServerSettings};
pub use auth::{AuthSettings, Lookups, SignedIn};
pub use backoffice::{NewBusiness, add_business, business_with, search};
pub use cards::{Registration, new_card};
pub use compat::{CompatSettings, ExpiredAt};
pub use fields::note;
pub use key_uses::KeyUses;
pub use key_watch::{KEY_WATCH, run as watch_keys};
pub use keys::{Keys, clear as clear_key, in_force as keys_in_force, renew as renew_keys};
pub use limits::{Limits, RateLimitSettings};
pub use networks::Network;
pub use password_lock::guarded as password_guarded;
pub use qr::{deep_link, svg as qr_svg};
pub use sse::{StreamQuery, open as open_stream, resume};
pub use tokens::Tokens;

use actix_cors::Cors;
use actix_web::{
    Route,
    dev::Url,
    http::{Method, Uri, header},
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};

/// One method of one path.
pub struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    route: fn() -> Route,
}

macro_rules! endpoints {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// The API, line by line.
        pub fn endpoints() -> Vec<Endpoint> {
            vec![$(Endpoint {
                method: method::$method,
                path: $path,
                route: || web::$method().to($handler),
            }),*]
        }
    };
}

endpoints! {
    // Shops
    post   "/api/v1/p/merchant" => shop::create;
    post   "/api/v1/p/merchant/confirm" => shop::confirm;
    get    "/api/v1/p/merchant/payments/{paymentKey}" => shop::payment;
    post   "/api/v1/p/merchant/payments/{paymentKey}/cancel" => shop::cancel;
    get    "/api/v1/p/merchant/orders/{orderId}" => shop_orders::order;
    get    "/api/v1/p/merchant/orders/{orderId}/status" => shop_orders::status;
    post   "/api/v1/p/merchant/orders/{orderId}/cancel" => shop_orders::cancel;
    get    "/api/v1/p/merchant/sse/connect" => sse::shop;
    // Customers
    post   "/api/v1/p/user/sign-up" => customers::sign_up;
    post   "/api/v1/user/sign-up" => customers::sign_up;
    post   "/api/v1/p/user/sign-in" => customers::sign_in;
    get    "/api/v1/p/user/me" => customers::me;
    get    "/api/v1/p/user/cards" => cards::list;
    post   "/api/v1/p/user/cards" => cards::register;
    patch  "/api/v1/p/user/cards/{id}" => cards::choose;
    delete "/api/v1/p/user/cards/{id}" => cards::remove;
    post   "/api/v1/p/user/authentication/simple" => approvals::approve;
    post   "/api/v1/p/user/request/cancel" => approvals::cancel;
    get    "/api/v1/p/user/payments" => history::list;
    get    "/api/v1/p/user/payments/{paymentKey}/transactions" => history::transactions;
    get    "/api/v1/p/user/sse/connect" => sse::customer;
    post   "/auth/refresh" => customers::refresh;
    // Back office
    post   "/api/backoffice/v1/sign-up" => backoffice::sign_up;
    post   "/api/backoffice/v1/sign-in" => backoffice::sign_in;
    post   "/api/backoffice/v1/keys" => keys::issue;
    get    "/api/backoffice/v1/my-key" => keys::mine;
    get    "/api/backoffice/v1/payments" => backoffice::payments;
    get    "/api/backoffice/v1/payments/{paymentKey}/transactions" => backoffice::transactions;
    post   "/api/backoffice/v1/payments/{paymentKey}/cancel" => backoffice::cancel;
    get    "/api/backoffice/v1/doubts" => doubts::list;
    post   "/api/backoffice/v1/payments/{paymentKey}/resolve" => doubts::resolve;
    // Operations
    get    "/health-check" => operations::health_check;
    get    "/healthz" => operations::healthz;
    get    "/readyz" => operations::readyz;
    get    "/metrics" => operations::metrics;
    get    "/api-docs/openapi.json" => openapi::document;
}

/// The methods as the lines above spell them.
#[expect(non_upper_case_globals, reason = "they name actix's routing functions, too")]
mod method {
    use actix_web::http::Method;

    pub const get: Method = Method::GET;
    pub const post: Method = Method::POST;
    pub const patch: Method = Method::PATCH;
    pub const delete: Method = Method::DELETE;
}

/// Mounts the API. A wrong method is 405 (the framework's own, which names the right ones), in the envelope.
pub fn configure(app: Data<App>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(app).app_data(web::PayloadConfig::new(body::MAX_BODY_BYTES));
        let endpoints = endpoints();
        let mut mounted: Vec<&str> = Vec::new();
        for endpoint in &endpoints {
            if mounted.contains(&endpoint.path) {
                continue;
            }
            mounted.push(endpoint.path);
            let mut resource = web::resource(endpoint.path);
            for same in endpoints.iter().filter(|other| other.path == endpoint.path) {
                resource = resource.route((same.route)());
            }
            config.service(resource.wrap(from_fn(envelope::in_time)));
        }
    }
}

/// Merchants' pages can be anywhere, and no cookie is ever used on the API, so any origin may ask it; it is
/// named in the answer, as a stream with credentials demands.
pub fn cors() -> Cors {
    Cors::default()
        // Pages know a visitor by a cookie: no other origin may read those of the back office. Nor may a page that an
        // operator happens to look at read this server's figures.
        .allowed_origin_fn(|_, request| {
            let path = as_routed(&request.uri);
            !path.starts_with("/backoffice") && path != "/metrics"
        })
        .allow_any_header()
        .allowed_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .expose_headers([
            embed::EMBEDDABLE.as_str(),
            "idempotent-replayed",
            "x-request-id",
            header::RETRY_AFTER.as_str(),
            // The server's clock, for pages whose device has a wrong one.
            header::DATE.as_str(),
        ])
        .supports_credentials()
        .max_age(3600)
}

/// A path as the router reads it: `/%62ackoffice` is the back office, too.
fn as_routed(uri: &Uri) -> String {
    Url::new(uri.clone()).path().to_owned()
}

pub use envelope::{REQUEST_TIMEOUT, RequestSpan, in_time, layer as envelope_layer, log as log_error, told};
pub use transport::strict_transport;
