//! Server-rendered pages, from templates and files compiled into the binary. Nothing is loaded from
//! another host, nothing inline is executed, and every page but the phone app reads without a script.

mod api;
mod assets;
mod checkout;
mod checkout_calls;
mod desk;
mod docs;
mod front;
mod language;
mod matching;
mod page;
mod phone;
mod reasons;
pub mod sdk;
mod security;
mod shop;
mod show;
mod texts;

pub use desk::Asked;

use actix_web::{
    Resource,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::routes::in_time;

/// Mounts the pages, and what stands at no address.
pub fn configure(config: &mut ServiceConfig) {
    let pages = [
        web::resource("/").get(front::door),
        web::resource("/payment/deeplink/success").get(front::deep_link),
        web::resource("/checkout/{token}").get(checkout::page),
        web::resource("/checkout/{token}/qr.svg").get(checkout::qr),
        web::resource("/checkout/{token}/events").get(checkout_calls::events),
        web::resource("/checkout/{token}/cancel").get(checkout_calls::instead).post(checkout_calls::cancel),
        web::resource("/checkout/{token}/return").get(checkout_calls::back),
        web::resource("/checkout/{token}/scanned").post(checkout_calls::scanned),
        web::resource("/m").get(phone::to_shell),
        web::resource("/m/").get(phone::shell),
        web::resource("/m/payment/deeplink/success").get(phone::deep_link),
        web::resource("/m/manifest.webmanifest").get(phone::manifest),
        web::resource("/m/sw.js").get(phone::worker),
        web::resource("/docs/").get(docs::page),
        web::resource("/api-docs").get(api::page),
        web::resource("/sdk/v1/{file}").get(sdk::file),
        web::resource("/static/{version}/{path:.*}").get(assets::file),
    ];
    for page in pages {
        mount(config, page);
    }
    config.service(web::redirect("/docs", "/docs/"));
    desk::configure(config);
    config.default_service(web::to(front::nothing).wrap(from_fn(security::layer)));
}

/// Mounts the demo shop; only where there is a demo.
pub fn configure_shop(config: &mut ServiceConfig) {
    let pages = [
        web::resource("/shop/").get(shop::index),
        web::resource("/shop/orders").get(shop::instead).post(shop::order),
        web::resource("/shop/success").get(shop::success),
        web::resource("/shop/fail").get(shop::failed),
    ];
    for page in pages {
        mount(config, page);
    }
    config.service(web::redirect("/shop", "/shop/"));
}

fn mount(config: &mut ServiceConfig, resource: Resource) {
    // From the inside out: what takes too long is an error, errors become pages, everything gets the headers.
    config.service(resource.wrap(from_fn(in_time)).wrap(from_fn(page::errors)).wrap(from_fn(security::layer)));
}
