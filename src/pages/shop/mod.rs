//! The demo shop: a small store that uses Paygate as any shop does. Its pages load the SDK; its own
//! server side, which is this room, keeps the secret key and confirms over the public API.
//!
//! Local only: it is mounted where demo data is made.

mod api;
mod goods;
mod receipt;

pub use receipt::{failed, success};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header::LOCATION, web};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::{
    page::{Page, see_instead},
    sdk,
    security::Policy,
    show::won,
    texts,
};
use crate::{
    demo,
    error::{ApiError, Code, Lang},
    routes::App,
};
use api::Api;
use goods::{GOODS, Good};

#[derive(Template)]
#[template(path = "shop/index.html")]
struct Index<'a> {
    page: &'a Page,
    texts: &'static texts::Shop,
    goods: Vec<Offer>,
    client_key: String,
    sdk: String,
    integrity: String,
    /// Where the SDK and the API are, as the browser reaches them.
    base: String,
    phone: String,
    customer_email: &'static str,
    password: &'static str,
}

/// A product in the visitor's language.
struct Offer {
    id: &'static str,
    name: &'static str,
    about: &'static str,
    minor: i64,
    price: String,
    /// One order for this product on this page, however often it is clicked.
    order_id: String,
}

impl Offer {
    fn of(good: &Good, lang: Lang) -> Self {
        let price = won(good.price, lang);
        Self {
            id: good.id,
            name: good.name(lang),
            about: good.about(lang),
            minor: good.price,
            price,
            order_id: good.order_id(),
        }
    }
}

/// `/shop/`.
pub async fn index(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let page = Page::of(&request);
    let api = Api::of(&app, &request).await?;
    let template = Index {
        texts: texts::Shop::of(page.lang),
        goods: GOODS.iter().map(|good| Offer::of(good, page.lang)).collect(),
        client_key: api.client_key.clone(),
        sdk: sdk::released("paygate"),
        integrity: sdk::integrity("paygate.js").unwrap_or_default(),
        base: api.base,
        phone: format!("{}/", app.server.phone_app()),
        customer_email: demo::CUSTOMER_EMAIL,
        password: demo::PASSWORD,
        page: &page,
    };
    // Where no window opens, the SDK shows the checkout in the page.
    let policy = Policy { holds_frames: true, ..Policy::default() };
    page.send(StatusCode::OK, &policy, &template)
}

#[derive(Deserialize)]
pub struct Chosen {
    order_id: String,
}

/// `POST /shop/orders`: the way without a script. The shop's server makes the payment and sends the
/// customer to the checkout.
pub async fn order(
    app: web::Data<App>,
    request: HttpRequest,
    chosen: web::Form<Chosen>,
) -> Result<HttpResponse, ApiError> {
    let lang = Page::of(&request).lang;
    let good = goods::of_order(&chosen.order_id).ok_or(Code::RouteNotFound)?;
    let api = Api::of(&app, &request).await?;
    let body = json!({
        "orderId": chosen.order_id,
        "amount": good.price,
        "orderName": good.name(lang),
        "successUrl": format!("{}/shop/success", api.base),
        "failUrl": format!("{}/shop/fail", api.base),
    });
    let created = api.post("", &format!("order-{}", chosen.order_id), lang, &body).await?;
    let checkout = created.data["checkoutUrl"].as_str().ok_or(Code::Internal)?;
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, checkout)).finish())
}

/// `GET /shop/orders`: to the shop. A reload after an order that failed asks for this.
pub async fn instead(request: HttpRequest) -> HttpResponse {
    see_instead(&request, "/shop/")
}
