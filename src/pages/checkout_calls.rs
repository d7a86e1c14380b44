//! What the checkout page asks for: its payment as it happens, the customer's no, the way back.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, LOCATION},
    web::{self, Query},
};
use uuid::Uuid;

use super::{
    checkout::{payment_of, return_url},
    language,
};
use crate::{
    error::ApiError,
    live::Frame,
    routes::{App, StreamQuery, open_stream, resume},
};

/// `/checkout/{token}/events`: the payment, live, without anything of the customer.
pub async fn events(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let (_, payment) = payment_of(&app, &token).await?;
    let resume = resume(&request, &query);
    open_stream(&app, &request, payment.id, resume, Frame::for_bystanders, |_| Ok(())).await
}

/// `/checkout/{token}/cancel`: whoever holds the token gives the payment up, until a customer owns it.
pub async fn cancel(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (_, payment) = payment_of(&app, &token).await?;
    // Nobody is signed in here: a customer who is none may give up what is nobody's, and nothing else.
    let nobody = Uuid::nil().into();
    match app.payments.cancel_by_customer(payment.id, nobody, None).await.map_err(ApiError::from) {
        // The page says how far it has come instead.
        Err(error) if error.code.status() != 409 => Err(error),
        Ok(_) | Err(_) => Ok(see(&page_of(&request, &token))),
    }
}

/// `/checkout/{token}/return`: to the shop's `successUrl` or `failUrl`. What goes along is decided here, so
/// the page itself knows no payment key.
pub async fn back(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (_, payment) = payment_of(&app, &token).await?;
    Ok(see(&return_url(&payment, language::of(&request)).unwrap_or_else(|| page_of(&request, &token))))
}

/// The page again, in the language it was in.
fn page_of(request: &HttpRequest, token: &str) -> String {
    format!("/checkout/{token}?lang={}", language::code(language::of(request)))
}

fn see(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, url)).insert_header((CACHE_CONTROL, "no-store")).finish()
}
