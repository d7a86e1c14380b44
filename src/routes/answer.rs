//! Answers in the envelope, as bytes: what is sent is what an idempotency key replays.

use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError, body::BoxBody, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, FirstCall, Lang};

/// A finished answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// It was given before, to the same call under the same idempotency key.
    pub is_replayed: bool,
}

/// The envelope of every success.
#[derive(Serialize, ToSchema)]
pub struct Data<T> {
    /// Always true.
    pub ok: bool,
    pub data: T,
}

/// The envelope of every error. `code` and `message` stand twice because some clients read the top level
/// and some read `error`.
#[derive(Serialize, ToSchema)]
pub struct Failure {
    /// Always false.
    pub ok: bool,
    pub code: &'static str,
    pub message: String,
    pub error: FailureDetail,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureDetail {
    pub code: &'static str,
    pub message: String,
    /// What it says about the money: `declined`, `not_sent`, `unknown` or `none`.
    pub outcome: &'static str,
    /// With `IDEMPOTENCY_KEY_REUSED` alone: what became of the first request under the key, `succeeded` or an outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_outcome: Option<&'static str>,
    pub request_id: String,
}

impl Answer {
    /// `{"ok":true,"data":…}` with status 200.
    pub fn ok(data: impl Serialize) -> Self {
        Self::with_status(200, data)
    }

    pub fn with_status(status: u16, data: impl Serialize) -> Self {
        // The answers' types hold strings, numbers and lists: they always serialize.
        let body = serde_json::to_vec(&Data { ok: true, data }).unwrap_or_default();
        Self { status, body, is_replayed: false }
    }

    /// An error in the caller's language.
    pub fn error(error: &ApiError, caller: &Caller) -> Self {
        let code = error.code.as_str();
        let message = error.message(caller.lang);
        let error_detail = FailureDetail {
            code,
            message: message.clone(),
            outcome: error.outcome().as_str(),
            first_outcome: error.first.map(FirstCall::as_str),
            request_id: caller.request_id.clone(),
        };
        let body = Failure { ok: false, code, message, error: error_detail };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        Self { status: error.code.status(), body, is_replayed: false }
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        response.content_type("application/json; charset=utf-8");
        if self.is_replayed {
            response.insert_header(("idempotent-replayed", "true"));
        }
        response.body(self.body)
    }
}

/// Who reads the answer: what an error text depends on.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub lang: Lang,
    pub request_id: String,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// An empty response that carries the error: the envelope, which knows the caller, writes the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status()).finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}
