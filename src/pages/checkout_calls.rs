//! What the checkout page asks for: its payment as it happens, the customer's no, the way back.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Query},
};
use uuid::Uuid;

use super::{
    checkout::{payment_of, return_url},
    language,
    page::{see, see_instead},
};
use crate::{
    domain::Status,
    error::ApiError,
    live::{Viewer, initial},
    routes::{App, SignedIn, StreamQuery, open_stream, resume},
};

/// `/checkout/{token}/events`: the payment, live. Of the customer it tells a masked address, no more.
pub async fn events(
    app: web::Data<App>,
    request: HttpRequest,
    token: web::Path<String>,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let (_, payment) = payment_of(&app, &token).await?;
    let resume = resume(&request, &query);
    open_stream(&app, &request, (payment.order.merchant, payment.id), resume, Viewer::Bystander, None, |_| Ok(())).await
}

/// `POST /checkout/{token}/scanned`: a customer looks at the payment on a phone, and the checkout shows who. A hint:
/// who owns the payment is decided by the approval.
pub async fn scanned(
    app: web::Data<App>,
    token: web::Path<String>,
    customer: SignedIn,
) -> Result<HttpResponse, ApiError> {
    let SignedIn(customer) = customer;
    app.limits.look(customer.id)?;
    let (_, payment) = payment_of(&app, &token).await?;
    if payment.status == Status::Ready && (payment.payer.is_none() || payment.is_payer(customer.id)) {
        app.payments.bus().hint(payment.id, &initial(&customer.email));
    }
    Ok(HttpResponse::NoContent().finish())
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

/// `GET /checkout/{token}/cancel`: to the page. A reload after a cancel that failed asks for this, and so does
/// the switch of language.
pub async fn instead(request: HttpRequest) -> HttpResponse {
    let path = request.uri().path();
    see_instead(&request, path.strip_suffix("/cancel").unwrap_or(path))
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
