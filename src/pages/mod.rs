//! Server-rendered pages, from templates and files compiled into the binary. Nothing is loaded from
//! another host, nothing inline is executed, and every page reads without a script.

mod api;
mod assets;
mod checkout;
mod checkout_calls;
mod desk;
mod language;
mod matching;
mod page;
pub mod sdk;
mod security;
mod show;
mod texts;

use actix_web::{
    Resource,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::routes::method_not_allowed;

/// Mounts the pages.
pub fn configure(config: &mut ServiceConfig) {
    let pages = [
        ("/checkout/{token}", web::get().to(checkout::page)),
        ("/checkout/{token}/qr.svg", web::get().to(checkout::qr)),
        ("/checkout/{token}/events", web::get().to(checkout_calls::events)),
        ("/checkout/{token}/cancel", web::post().to(checkout_calls::cancel)),
        ("/checkout/{token}/return", web::get().to(checkout_calls::back)),
        ("/api-docs", web::get().to(api::page)),
        ("/sdk/v1/{file}", web::get().to(sdk::file)),
        ("/static/{version}/{path:.*}", web::get().to(assets::file)),
    ];
    for (path, route) in pages {
        mount(config, web::resource(path).route(route));
    }
    desk::configure(config);
}

fn mount(config: &mut ServiceConfig, resource: Resource) {
    let resource = resource.default_service(web::to(method_not_allowed));
    // From the inside out: errors become pages, then everything gets the headers.
    config.service(resource.wrap(from_fn(page::errors)).wrap(from_fn(security::layer)));
}
