//! What the customer looks at: the order, its QR code, and how far the payment has come. The token in
//! the address is the only credential, so of whoever pays a masked address shows, no more.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, VARY},
    },
    web,
};
use askama::Template;
use flate2::Compression;

use super::{
    assets::{gzip, takes_gzip},
    matching,
    page::{Page, error_page},
    reasons::{self, Told},
    security::{Policy, checkout_frames, origin},
    show::won,
    texts,
};
use crate::{
    domain::{Payment, QrClaims, Redirects, Status},
    error::{ApiError, Code, Lang},
    live::scanned_by,
    routes::{App, deep_link, qr_svg},
};

#[derive(Template)]
#[template(path = "checkout.html")]
struct Checkout<'a> {
    page: &'a Page,
    texts: &'static texts::Checkout,
    token: &'a str,
    merchant_name: String,
    order_id: String,
    order_name: String,
    amount: String,
    matching_number: u32,
    deep_link: String,
    /// Which section of the page shows.
    state: &'static str,
    /// The customer, masked.
    scanned_by: String,
    /// Where the phone app is, for who has no phone at hand.
    phone_app: String,
    /// The last event that `state` knows of.
    seq: i64,
    reason: &'static str,
    /// What `reason` may become.
    reasons: Vec<Told>,
    remaining_s: i64,
    /// Where messages to the page that opened this one go; empty: nowhere.
    shop_origin: String,
    /// The states from which there is a way back.
    returns: String,
}

/// The page behind `checkoutUrl`.
pub async fn page(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (claims, payment) = match payment_of(&app, &token).await {
        Err(error) if error.status() == StatusCode::NOT_FOUND => return no_such_payment(&request),
        found => found?,
    };
    let page = Page::of(&request);
    let redirects = &payment.order.redirects;
    let shop_url = redirects.success_url.as_ref().or(redirects.fail_url.as_ref());
    let template = Checkout {
        texts: texts::Checkout::of(page.lang),
        merchant_name: claims.merchant_name,
        order_id: claims.order_id.to_string(),
        order_name: claims.order_name,
        amount: won(claims.amount, page.lang),
        matching_number: matching::number(&token),
        deep_link: deep_link(
            &app.phone_app_url(&request),
            &token,
            &app.compat.expired_at.write(payment.order.expires_at),
        ),
        state: state(&payment),
        scanned_by: scanned_by(&payment).unwrap_or_default(),
        seq: payment.seq,
        reason: payment.failure.map_or("", |reason| reasons::text(reason, page.lang)),
        reasons: reasons::told(page.lang),
        remaining_s: (payment.order.expires_at.as_second() - app.payments.time_of(&payment).as_second()).max(0),
        shop_origin: shop_url.and_then(|url| origin(url)).unwrap_or_default(),
        returns: returns(redirects),
        phone_app: app.server.phone_app().to_owned(),
        token: &token,
        page: &page,
    };
    let registered = app.lookups.origins(&app.store, payment.order.merchant).await?;
    let policy = Policy { framed_by: checkout_frames(&registered), ..Policy::default() };
    let status = if payment.status == Status::Expired { StatusCode::GONE } else { StatusCode::OK };
    page.send(status, &policy, &template)
}

fn returns(redirects: &Redirects) -> String {
    let ways = [(&redirects.success_url, "approved done"), (&redirects.fail_url, "canceled aborted expired")];
    let open: Vec<_> = ways.into_iter().filter_map(|(url, states)| url.as_ref().map(|_| states)).collect();
    open.join(" ")
}

fn no_such_payment(request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    error_page(request, StatusCode::NOT_FOUND, |lang| {
        let texts = texts::Checkout::of(lang);
        (texts.unknown_title, texts.unknown)
    })
}

/// The QR code behind `qrSvgUrl`: the phone app's deep link.
pub async fn qr(app: web::Data<App>, request: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let (_, payment) = payment_of(&app, &token).await?;
    let link = deep_link(&app.phone_app_url(&request), &token, &app.compat.expired_at.write(payment.order.expires_at));
    let picture = qr_svg(&link)?;
    let mut response = HttpResponse::Ok();
    // The picture of a token never changes.
    response.content_type("image/svg+xml").insert_header((CACHE_CONTROL, "private, max-age=600"));
    response.insert_header((VARY, "accept-encoding"));
    // Thousands of little squares: most of the page's weight, and a fifth of it is left.
    if takes_gzip(&request) {
        return Ok(response
            .insert_header((CONTENT_ENCODING, "gzip"))
            .body(gzip(picture.as_bytes(), Compression::fast())));
    }
    Ok(response.body(picture))
}

/// The payment of a token.
///
/// # Errors
/// 404 when the token is none of ours.
pub async fn payment_of(app: &App, token: &str) -> Result<(QrClaims, Arc<Payment>), ApiError> {
    let claims = app.tokens.read_qr(token, app.payments.now()).map_err(|_| Code::RouteNotFound)?;
    let merchant = claims.merchant_id.parse().map_err(|_| Code::RouteNotFound)?;
    let payment = app.payments.look(app.payments.find(merchant, &claims.order_id).await?).await?;
    if claims.is_of(&payment) { Ok((claims, payment)) } else { Err(Code::PaymentCanceled.into()) }
}

/// What the page shows of a payment; `web/static/checkout.js` derives the same from an event.
fn state(payment: &Payment) -> &'static str {
    match payment.status {
        Status::Ready if payment.failure.is_some() => "failed",
        Status::Ready => "ready",
        Status::InVerificate => "verifying",
        Status::InProgress => "approved",
        Status::Done | Status::PartialCanceled => "done",
        Status::Canceled => "canceled",
        Status::Aborted => "aborted",
        Status::Expired => "expired",
    }
}

/// Where the customer goes when the payment has come far enough, with what the shop is told.
pub fn return_url(payment: &Payment, lang: Lang) -> Option<String> {
    let (order, redirects) = (&payment.order, &payment.order.redirects);
    let order_id = order.order_id.to_string();
    let code = match payment.status {
        Status::Ready | Status::InVerificate => return None,
        Status::InProgress | Status::Done | Status::PartialCanceled => {
            let (key, amount) = (payment.payment_key?.to_string(), order.amount.minor().to_string());
            let told = [("paymentKey", key), ("orderId", order_id), ("amount", amount)];
            return with_query(redirects.success_url.as_deref()?, &told);
        }
        Status::Canceled => Code::PaymentCanceled,
        Status::Aborted => Code::PaymentAborted,
        Status::Expired => Code::PaymentExpired,
    };
    let told = [("code", code.as_str().to_owned()), ("message", code.text(lang).to_owned()), ("orderId", order_id)];
    with_query(redirects.fail_url.as_deref()?, &told)
}

/// `url` with parameters of ours in place of those of the same name; the others stay as they are written.
fn with_query(url: &str, told: &[(&str, String)]) -> Option<String> {
    let mut url = url::Url::parse(url).ok()?;
    let is_ours = |pair: &str| {
        let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        name.is_some_and(|name| told.iter().any(|(ours, _)| *ours == name))
    };
    let kept = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_ours(pair));
    let mut query: Vec<&str> = kept.collect();
    let ours = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(told).finish();
    query.push(&ours);
    let query = query.join("&");
    url.set_query(Some(&query));
    Some(url.into())
}
