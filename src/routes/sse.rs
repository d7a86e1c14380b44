//! Event streams: a payment as it happens.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, Responder, web};
use actix_web_lab::sse::Sse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    App,
    answer::Failure,
    auth::{AnyKey, SignedIn},
    body::Query,
    fields::{self, required},
};
use crate::{
    domain::{MerchantId, Payment, PaymentId},
    error::{ApiError, Code},
    live::{Frame, Listener, Permit, Resume, TooManyStreams, Viewer, clock, stream},
    shares::network,
};

#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    #[param(required = true)]
    order_id: Option<String>,
    /// Whose order it is; for customers.
    merchant_id: Option<String>,
    /// The last id that was seen. Wins over the header `Last-Event-ID`.
    last_event_id: Option<String>,
}

/// A payment of the shop, live.
#[utoipa::path(get, path = "/api/v1/p/merchant/sse/connect", tag = "live", params(StreamQuery),
    security(("key" = [])),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream"),
        (status = 404, body = Failure)))]
pub async fn shop(
    app: web::Data<App>,
    shop: AnyKey,
    request: HttpRequest,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let AnyKey { merchant, id: key, .. } = shop;
    let resume = resume(&request, &query.0);
    let order = fields::known_order_id(query.0.order_id)?;
    let id = app.payments.find(merchant.id, &order).await?;
    let permit = app.payments.bus().permits().hold(key);
    open(&app, &request, (merchant.id, id), resume, Viewer::Party, Some(permit), |_| Ok(())).await
}

/// A payment of the customer, live: the payer only.
#[utoipa::path(get, path = "/api/v1/p/user/sse/connect", tag = "live", params(StreamQuery),
    security(("bearer" = [])),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream"),
        (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn customer(
    app: web::Data<App>,
    customer: SignedIn,
    request: HttpRequest,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let SignedIn(customer) = customer;
    let resume = resume(&request, &query.0);
    let order = fields::known_order_id(query.0.order_id)?;
    let merchant = required("merchantId", query.0.merchant_id)?.parse().map_err(|_| Code::PaymentNotFound)?;
    let id = app.payments.find(merchant, &order).await?;
    let is_payer = move |payment: &Payment| payment.is_payer(customer.id).then_some(()).ok_or(Code::Forbidden);
    open(&app, &request, (merchant, id), resume, Viewer::Party, None, is_payer).await
}

/// Where the client wants to go on.
pub fn resume(request: &HttpRequest, query: &StreamQuery) -> Resume {
    let header = request.headers().get("last-event-id").and_then(|header| header.to_str().ok());
    Resume::from_text(query.last_event_id.as_deref().or(header))
}

/// A share that is spent is the caller's own limit, so that a page need not wait for others.
fn refused(error: TooManyStreams) -> ApiError {
    let code = match error {
        TooManyStreams::InAll | TooManyStreams::OfPayment => Code::Overloaded,
        TooManyStreams::OfMerchant => Code::ShareSpent,
        TooManyStreams::OfAddress => Code::TooManyRequests,
    };
    ApiError::from(code).because(error)
}

/// A stream of what `viewer` may see of the payment's events, if `allow` says so. It ends with its `permit`.
pub async fn open(
    app: &App,
    request: &HttpRequest,
    (merchant, id): (MerchantId, PaymentId),
    resume: Resume,
    viewer: Viewer,
    permit: Option<Permit>,
    allow: impl FnOnce(&Payment) -> Result<(), Code>,
) -> Result<HttpResponse, ApiError> {
    // Listen first, read then: nothing can happen unseen in between.
    let listener = Listener { merchant, address: network(app.address(request)) };
    let subscription = app.payments.bus().subscribe(id, viewer, listener).map_err(refused)?;
    let events = app.store.events_after(id, 0).await?;
    let payment = Payment::replay(id, events.clone()).ok_or(Code::PaymentNotFound)?;
    allow(&payment)?;
    let linger = Duration::from_secs(app.live.linger_s);
    let remaining = payment.order.expires_at.as_millisecond() - app.payments.now().as_millisecond();
    // For this server's own pages alone: other clients know the names of the contract.
    let clock = (viewer == Viewer::Bystander).then(|| clock(remaining));
    let history = Frame::history(id, &events).into_iter().map(|frame| viewer.sees(frame)).collect();
    let events = stream(subscription, history, clock, resume, linger, permit, app.shutdown.clone());
    let heartbeat = Duration::from_millis(app.live.heartbeat_ms);
    // A proxy that buffers would keep the events to itself.
    Ok(Sse::from_infallible_stream(events)
        .with_keep_alive(heartbeat)
        .customize()
        .insert_header(("x-accel-buffering", "no"))
        .respond_to(request)
        .map_into_boxed_body())
}
