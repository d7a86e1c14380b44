//! The back office: a business's own pages about its payments, keys and account.
//!
//! Every page but the door is behind [`session::Desk`]. What changes something is a POST with the proof of
//! [`form`], and answers with a redirect, so that a reload does nothing twice.

mod amount;
mod attempts;
mod chart;
mod csv;
mod dashboard;
mod device;
mod door;
mod doubts;
mod file;
mod filter;
mod form;
mod guard;
mod keys;
mod payment;
mod payments;
mod profile;
mod refund;
mod session;
mod shell;
mod tag;
mod timeline;
mod xlsx;

pub use filter::Asked;

use actix_web::{
    HttpRequest, Resource, Route,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use super::{page, security};
use crate::routes::in_time;

/// Mounts the back office.
pub fn configure(config: &mut ServiceConfig) {
    let resources = [
        web::resource("/backoffice/sign-in")
            .route(web::get().to(door::sign_in_page))
            .route(web::post().to(door::sign_in)),
        web::resource("/backoffice/sign-up")
            .route(web::get().to(door::sign_up_page))
            .route(web::post().to(door::sign_up)),
        web::resource("/backoffice/sign-out").route(back_to("/backoffice/")).route(web::post().to(door::sign_out)),
        web::resource("/backoffice/sign-out-everywhere")
            .route(back_to("/backoffice/"))
            .route(web::post().to(door::sign_out_everywhere)),
        web::resource("/backoffice/").route(web::get().to(dashboard::page)),
        web::resource("/backoffice/payments").route(web::get().to(payments::page)),
        web::resource("/backoffice/payments.csv").route(web::get().to(file::csv)),
        web::resource("/backoffice/payments.xlsx").route(web::get().to(file::xlsx)),
        web::resource("/backoffice/payments/news").route(web::get().to(payments::news)),
        web::resource("/backoffice/payments/{id}").route(web::get().to(payment::page)),
        web::resource("/backoffice/payments/{id}/seq").route(web::get().to(payment::seq)),
        web::resource("/backoffice/payments/{id}/refund")
            .route(web::get().to(refund::page))
            .route(web::post().to(refund::refund)),
        web::resource("/backoffice/payments/{id}/cancel")
            .route(back_to("/backoffice/payments"))
            .route(web::post().to(refund::give_up)),
        web::resource("/backoffice/doubts").route(web::get().to(doubts::page)),
        web::resource("/backoffice/doubts/{id}")
            .route(back_to("/backoffice/doubts"))
            .route(web::post().to(doubts::resolve)),
        web::resource("/backoffice/keys").route(web::get().to(keys::page)),
        web::resource("/backoffice/keys/renew").route(back_to("/backoffice/keys")).route(web::post().to(keys::renew)),
        web::resource("/backoffice/keys/stop").route(back_to("/backoffice/keys")).route(web::post().to(keys::stop)),
        web::resource("/backoffice/origins").route(back_to("/backoffice/keys")).route(web::post().to(keys::add_origin)),
        web::resource("/backoffice/origins/remove")
            .route(back_to("/backoffice/keys"))
            .route(web::post().to(keys::remove_origin)),
        web::resource("/backoffice/profile").route(web::get().to(profile::page)),
        web::resource("/backoffice/profile/name")
            .route(back_to("/backoffice/profile"))
            .route(web::post().to(profile::rename)),
        web::resource("/backoffice/profile/password")
            .route(back_to("/backoffice/profile"))
            .route(web::post().to(profile::change_password)),
        web::resource("/backoffice/profile/sessions/end")
            .route(back_to("/backoffice/profile"))
            .route(web::post().to(profile::end_session)),
        web::resource("/backoffice").route(web::get().to(door::home)),
    ];
    for resource in resources {
        mount(config, resource);
    }
}

/// What is only posted to leads back to its page when it is opened: after a refused form, a reload or the
/// switch of the language does that.
fn back_to(path: &'static str) -> Route {
    web::get().to(move |request: HttpRequest| async move { page::see_instead(&request, path) })
}

fn mount(config: &mut ServiceConfig, resource: Resource) {
    // From the inside out: what takes too long is an error, other origins are kept out, errors become pages,
    // then everything gets the headers.
    let resource = resource.wrap(from_fn(in_time)).wrap(from_fn(guard::layer));
    config.service(resource.wrap(from_fn(page::errors)).wrap(from_fn(security::layer)));
}
