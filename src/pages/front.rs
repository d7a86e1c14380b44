//! The front door, and what a person finds where nothing is: both lead on.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    page::{Page, see, wants_page},
    security::Policy,
    texts,
};
use crate::{
    error::{ApiError, Code},
    routes::App,
};

#[derive(Template)]
#[template(path = "front.html")]
struct Front<'a> {
    page: &'a Page,
    texts: &'static texts::Front,
    is_missing: bool,
    ways: Vec<Way>,
}

/// Where somebody may want to go.
struct Way {
    href: String,
    name: &'static str,
    about: &'static str,
}

/// `/`: for people; a program has nothing to look for here.
pub async fn door(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !wants_page(&request) {
        return Err(Code::RouteNotFound.into());
    }
    show(&app, &request, StatusCode::OK)
}

/// What stands at no address. A program is told in the envelope.
pub async fn nothing(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let is_of_programs = request.path().split('/').nth(1).is_some_and(|room| matches!(room, "api" | "auth"));
    if is_of_programs || !request.method().is_safe() || !wants_page(&request) {
        return Err(Code::RouteNotFound.into());
    }
    show(&app, &request, StatusCode::NOT_FOUND)
}

/// `/payment/deeplink/success`: whoever takes this server itself for the phone app is led to it.
pub async fn deep_link(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let app = app.server.phone_app();
    let connection = request.connection_info();
    // Configured to be this very address, it would lead to itself.
    let is_here = app == format!("{}://{}", connection.scheme(), connection.host());
    let there = if is_here { "/m" } else { app };
    let there = format!("{there}/payment/deeplink/success?{}", request.query_string());
    // A token stands in it: nobody keeps it.
    see(&there)
}

fn show(app: &App, request: &HttpRequest, status: StatusCode) -> Result<HttpResponse, ApiError> {
    let page = Page::of(request);
    let texts = texts::Front::of(page.lang);
    let way = |href: &str, name, about| Way { href: href.to_owned(), name, about };
    let shop = app.has_demo.then(|| way("/shop/", texts.shop, texts.shop_hint));
    let ways = [
        way(&format!("{}/", app.server.phone_app()), texts.phone, texts.phone_hint),
        way("/backoffice/", texts.desk, texts.desk_hint),
        way("/docs/", texts.docs, texts.docs_hint),
    ];
    let template = Front {
        texts,
        is_missing: status == StatusCode::NOT_FOUND,
        ways: shop.into_iter().chain(ways).collect(),
        page: &page,
    };
    page.send(status, &Policy::default(), &template)
}
