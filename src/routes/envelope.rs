//! The last hand on every answer: request id, error envelope, one log line per failure, one metric.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web::{Bytes, Data},
};
use metrics::histogram;
use tracing::{Span, field::Empty};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::{
    App,
    answer::{Answer, Caller},
};
use crate::{
    error::{ApiError, Code, Lang},
    shares::{self, Tenant},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The span of a request: enough to find it again, nothing a caller typed.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let route = request.match_pattern();
        tracing::info_span!(
            "request",
            id,
            method = %request.method(),
            route = route.as_deref().unwrap_or("-"),
            status = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        if let Ok(response) = outcome {
            span.record("status", response.status().as_u16());
        }
    }
}

impl Caller {
    pub fn of(request: &HttpRequest) -> Self {
        Self {
            lang: language(request.headers().get(ACCEPT_LANGUAGE)),
            request_id: request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

fn language(header: Option<&HeaderValue>) -> Lang {
    Lang::from_header(header.and_then(|header| header.to_str().ok()))
}

/// Wraps every service.
///
/// # Errors
/// Passes on what a layer within could not turn into a response.
pub async fn layer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let caller = Caller {
        lang: language(request.headers().get(ACCEPT_LANGUAGE)),
        request_id: request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default(),
    };
    // HEAD is GET without the body: for all that lies within it is GET.
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = match told(response.response()) {
        Some(error) => {
            log(&error);
            response.map_body(|head, _| in_envelope(head, &error, &caller))
        }
        None => response,
    };
    finish(response.headers_mut(), &caller);
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_u16().to_string();
    histogram!("paygate_http_request_seconds", "route" => route, "status" => status)
        .record(started.elapsed().as_secs_f64());
    Ok(if is_head { response.map_body(|_, body| BoxBody::new(Headers(body.size()))) } else { response })
}

/// The request's id, and what a handler has not said: an answer is of this moment and for this caller, and is
/// what it says it is.
fn finish(headers: &mut HeaderMap, caller: &Caller) {
    if let Ok(id) = HeaderValue::from_str(&caller.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    for (name, value) in [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    // The framework names the methods that are mounted.
    if headers.get(ALLOW).is_some_and(|allow| allow.as_bytes().starts_with(b"GET")) {
        let allow = headers.get(ALLOW).and_then(|allow| allow.to_str().ok()).map(|rest| format!("HEAD, {rest}"));
        if let Some(Ok(allow)) = allow.map(HeaderValue::try_from) {
            headers.insert(ALLOW, allow);
        }
    }
}

/// The answer to HEAD: as long as that to GET, and not sent.
struct Headers(BodySize);

impl MessageBody for Headers {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

/// Longer than any answer of ours takes (existing clients give up after 10 s): a database or a client that
/// says nothing must not hold a request for ever.
pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(9_500);

/// Wraps every route: whatever takes too long is answered with 503. Until the caller is known, its address has the
/// shares of the request.
///
/// # Errors
/// Passes on what the route could not turn into a response.
pub async fn in_time(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let http = request.request().clone();
    let caller = http.app_data::<Data<App>>().map(|app| Tenant::Address(shares::network(app.address(&http))));
    match tokio::time::timeout(REQUEST_TIMEOUT, shares::serve(caller, next.call(request))).await {
        Ok(response) => Ok(response?.map_into_boxed_body()),
        Err(_) => {
            let error = ApiError::from(Code::PaymentUnavailable).because("the request took too long");
            Ok(ServiceResponse::new(http, error.error_response()))
        }
    }
}

/// The error behind a response: ours, or the framework's own.
pub fn told(response: &HttpResponse) -> Option<ApiError> {
    if let Some(error) = response.extensions().get::<ApiError>() {
        return Some(error.clone());
    }
    let status = response.status();
    let has_body = response.headers().contains_key(CONTENT_TYPE) && response.error().is_none();
    if !status.is_client_error() && !status.is_server_error() || has_body {
        return None;
    }
    let code = match status {
        StatusCode::NOT_FOUND => Code::RouteNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        status if status.is_client_error() => Code::InvalidRequest,
        _ => Code::Internal,
    };
    let error = ApiError::from(code);
    Some(response.error().map_or(error.clone(), |cause| error.because(cause)))
}

fn in_envelope(head: &mut actix_web::dev::ResponseHead, error: &ApiError, caller: &Caller) -> BoxBody {
    let answer = Answer::error(error, caller);
    head.status = error.status();
    let headers = head.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Some(seconds) = error.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    BoxBody::new(answer.body)
}

/// Failures of ours are worth a line; refusals are what an API does all day.
pub fn log(error: &ApiError) {
    let cause = error.cause.as_deref().unwrap_or("-");
    let code = error.code.as_str();
    match error.code {
        Code::Internal => tracing::error!(code, cause, "a request failed"),
        _ if error.code.status() >= 500 => tracing::warn!(code, cause, "a request could not be served"),
        _ => tracing::debug!(code, cause, "a request was refused"),
    }
}
