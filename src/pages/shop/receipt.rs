//! What comes after the checkout: the shop's server confirms, and the customer gets a receipt.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use jiff::{Timestamp, tz::Offset};
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{page::Page, security::Policy, show::won, texts},
    api::Api,
    goods,
};
use crate::{
    error::{ApiError, Code},
    routes::App,
};

#[derive(Template)]
#[template(path = "shop/receipt.html")]
struct Receipt<'a> {
    page: &'a Page,
    texts: &'static texts::Shop,
    /// `paid`, `waiting` or `failed`.
    state: &'static str,
    name: &'a str,
    amount: String,
    order_id: &'a str,
    payment_key: String,
    card: String,
    approval_no: String,
    approved_at: String,
    /// The same moment, as people read it.
    approved_when: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    payment_key: String,
    order_id: String,
}

/// `/shop/success`: the customer has approved. The amount that is confirmed is this shop's own price,
/// never the one of the address. Looking again is the same confirm, and so the same answer.
pub async fn success(
    app: web::Data<App>,
    request: HttpRequest,
    approved: web::Query<Approved>,
) -> Result<HttpResponse, ApiError> {
    let Approved { payment_key, order_id } = approved.into_inner();
    let page = Page::of(&request);
    let good = goods::of_order(&order_id).ok_or(Code::RouteNotFound)?;
    let api = Api::of(&app, &request).await?;
    let body = json!({ "orderId": order_id, "paymentKey": payment_key, "amount": good.price });
    let told = api.post("/confirm", &format!("confirm-{order_id}"), page.lang, &body).await?;
    let text =
        |pointer: &str| told.data.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let (state, status) = match told.status {
        200 => ("paid", StatusCode::OK),
        // Nobody knows yet, or the same confirm is under way: the page asks again by itself.
        504 | 503 => ("waiting", StatusCode::OK),
        409 if told.code == Code::KeyRunning.as_str() => ("waiting", StatusCode::OK),
        _ => ("failed", StatusCode::OK),
    };
    let template = Receipt {
        texts: texts::Shop::of(page.lang),
        state,
        name: good.name(page.lang),
        amount: won(good.price, page.lang),
        order_id: &order_id,
        card: format!("{} {}", text("/card/issuer"), text("/card/number")).trim().to_owned(),
        approval_no: text("/approvalNo"),
        approved_when: in_seoul(&text("/approvedAt")),
        approved_at: text("/approvedAt"),
        payment_key,
        reason: told.message,
        page: &page,
    };
    page.send(status, &Policy::default(), &template)
}

/// A moment on the clocks of Seoul, where this shop is.
fn in_seoul(moment: &str) -> String {
    let read: Result<Timestamp, _> = moment.parse();
    read.map(|at| Offset::constant(9).to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    order_id: String,
}

/// `/shop/fail`. The text is read off the code: an address must not put words into the shop's mouth.
pub async fn failed(request: HttpRequest, failed: web::Query<Failed>) -> Result<HttpResponse, ApiError> {
    let Failed { code, order_id } = failed.into_inner();
    let page = Page::of(&request);
    let good = goods::of_order(&order_id);
    let reason = Code::ALL.iter().find(|known| known.as_str() == code).copied().unwrap_or(Code::PaymentAborted);
    let template = Receipt {
        texts: texts::Shop::of(page.lang),
        state: "failed",
        name: good.map(|good| good.name(page.lang)).unwrap_or_default(),
        amount: good.map(|good| won(good.price, page.lang)).unwrap_or_default(),
        order_id: &order_id,
        payment_key: String::new(),
        card: String::new(),
        approval_no: String::new(),
        approved_at: String::new(),
        approved_when: String::new(),
        reason: reason.text(page.lang).to_owned(),
        page: &page,
    };
    page.send(StatusCode::OK, &Policy::default(), &template)
}
