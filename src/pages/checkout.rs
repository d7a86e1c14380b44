//! What the customer looks at: the order and its QR code.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CACHE_CONTROL},
    web,
};
use askama::Template;

use super::{
    page::Page,
    security::{Policy, checkout_frames},
    texts,
};
use crate::{
    domain::{Payment, QrClaims},
    error::{ApiError, Code, Lang},
    routes::{App, deep_link, qr_svg, without_zone},
};

#[derive(Template)]
#[template(path = "checkout.html")]
struct Checkout<'a> {
    page: &'a Page,
    texts: &'static texts::Checkout,
    merchant_name: String,
    order_id: String,
    order_name: String,
    amount: String,
    qr_svg_url: String,
}

/// The page behind `checkoutUrl`.
pub async fn page(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let claims = claims(&app, &token)?;
    let payment = payment(&app, &claims).await?;
    let QrClaims { merchant_name, order_id, order_name, amount, .. } = claims;
    let page = Page::of(&request);
    let amount = grouped(amount);
    let policy = Policy { framed_by: checkout_frames(&payment.order.redirects), ..Policy::default() };
    page.send(
        StatusCode::OK,
        &policy,
        &Checkout {
            page: &page,
            texts: texts::Checkout::of(page.lang),
            merchant_name,
            order_id: order_id.to_string(),
            order_name,
            amount: if page.lang == Lang::Ko { format!("{amount}원") } else { format!("₩{amount}") },
            qr_svg_url: format!("/checkout/{token}/qr.svg"),
        },
    )
}

/// The QR code behind `qrSvgUrl`: the phone app's deep link.
pub async fn qr(app: web::Data<App>, request: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let claims = claims(&app, &token)?;
    let payment = payment(&app, &claims).await?;
    let link = deep_link(&app.phone_app_url(&request), &token, &without_zone(payment.order.expires_at));
    // The picture of a token never changes.
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "private, max-age=600"))
        .body(qr_svg(&link)?))
}

fn claims(app: &App, token: &str) -> Result<QrClaims, ApiError> {
    app.tokens.read_qr(token).map_err(|_| Code::RouteNotFound.into())
}

async fn payment(app: &App, claims: &QrClaims) -> Result<Arc<Payment>, ApiError> {
    let merchant = claims.merchant_id.parse().map_err(|_| Code::RouteNotFound)?;
    Ok(app.payments.look(app.payments.find(merchant, &claims.order_id).await?).await?)
}

/// `15000` as `15,000`.
fn grouped(amount: i64) -> String {
    let digits = amount.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
