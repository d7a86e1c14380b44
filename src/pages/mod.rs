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
        ("/", web::get().to(front::door)),
        ("/payment/deeplink/success", web::get().to(front::deep_link)),
        ("/checkout/{token}", web::get().to(checkout::page)),
        ("/checkout/{token}/qr.svg", web::get().to(checkout::qr)),
        ("/checkout/{token}/events", web::get().to(checkout_calls::events)),
        ("/checkout/{token}/cancel", web::post().to(checkout_calls::cancel)),
        ("/checkout/{token}/return", web::get().to(checkout_calls::back)),
        ("/checkout/{token}/scanned", web::post().to(checkout_calls::scanned)),
        ("/m", web::get().to(phone::to_shell)),
        ("/m/", web::get().to(phone::shell)),
        ("/m/payment/deeplink/success", web::get().to(phone::deep_link)),
        ("/m/manifest.webmanifest", web::get().to(phone::manifest)),
        ("/m/sw.js", web::get().to(phone::worker)),
        ("/docs/", web::get().to(docs::page)),
        ("/api-docs", web::get().to(api::page)),
        ("/sdk/v1/{file}", web::get().to(sdk::file)),
        ("/static/{version}/{path:.*}", web::get().to(assets::file)),
    ];
    for (path, route) in pages {
        mount(config, web::resource(path).route(route));
    }
    config.service(web::redirect("/docs", "/docs/"));
    desk::configure(config);
    config.default_service(web::to(front::nothing).wrap(from_fn(security::layer)));
}

/// Mounts the demo shop; only where there is a demo.
pub fn configure_shop(config: &mut ServiceConfig) {
    let pages = [
        ("/shop/", web::get().to(shop::index)),
        ("/shop/orders", web::post().to(shop::order)),
        ("/shop/success", web::get().to(shop::success)),
        ("/shop/fail", web::get().to(shop::failed)),
    ];
    for (path, route) in pages {
        mount(config, web::resource(path).route(route));
    }
    config.service(web::redirect("/shop", "/shop/"));
}

fn mount(config: &mut ServiceConfig, resource: Resource) {
    // From the inside out: what takes too long is an error, errors become pages, everything gets the headers.
    config.service(resource.wrap(from_fn(in_time)).wrap(from_fn(page::errors)).wrap(from_fn(security::layer)));
}
