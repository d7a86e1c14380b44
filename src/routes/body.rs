//! Reading a request: the body once, as bytes and as JSON; the query. What is wrong is named.

use std::collections::BTreeMap;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::fields::{FORMAT, NOT_JSON, WRONG_TYPE};
use crate::error::{ApiError, Code, Problem};

/// The largest body the API takes (wire contract, section 1: 32 KiB).
pub const MAX_BODY_BYTES: usize = 32 * 1024;

const NULL_TEXT: &str = "null";
const MAX_SHOWN_CHARS: usize = 60;
const UNKNOWN: Problem = Problem { ko: "알 수 없는 항목입니다", en: "is not a known field" };
const NULL: Problem = Problem {
    ko: "null은 사용할 수 없습니다. 값을 넣거나 항목을 빼 주세요",
    en: "must not be null: give a value or leave the field out",
};

/// A request's body: its bytes are what an idempotency key is held against.
pub struct Body(web::Bytes);

impl Body {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The body as JSON; an empty body counts as `{}`. Unknown fields are tolerated.
    ///
    /// # Errors
    /// It is no JSON object, or a field has the wrong type; the error names the field.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let bytes: &[u8] = if self.0.is_empty() { b"{}" } else { &self.0 };
        // A list would fill the fields of a struct in their order; only an object names them.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ApiError::field("body", NOT_JSON));
        }
        let json = &mut serde_json::Deserializer::from_slice(bytes);
        let value = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
            let path = error.path().to_string();
            match path.as_str() {
                _ if !error.inner().is_data() => ApiError::field("body", NOT_JSON),
                // A field that is there twice.
                "." => ApiError::field("body", FORMAT),
                _ => ApiError::field(path, WRONG_TYPE),
            }
        })?;
        json.end().map_err(|_| ApiError::field("body", NOT_JSON))?;
        Ok(value)
    }
}

/// A body in which a missing amount means "everything". There a field that is misspelled, or null by mistake, must not
/// change how much money moves: without an amount, each field is known and has a value.
pub trait KnownFields: DeserializeOwned {
    const FIELDS: &[&str];
}

const AMOUNT: &str = "amount";

impl Body {
    /// As [`Body::parse`], but unknown fields and nulls are refused where no amount is named.
    ///
    /// # Errors
    /// As [`Body::parse`]; the error names the field.
    pub fn parse_known<T: KnownFields>(&self) -> Result<T, ApiError> {
        let value = self.parse()?;
        if !self.0.is_empty() {
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_slice(&self.0).map_err(|_| ApiError::field("body", FORMAT))?;
            if fields.get(AMOUNT).is_some_and(|amount| amount.get() != NULL_TEXT) {
                return Ok(value);
            }
            for (name, value) in fields {
                if !T::FIELDS.contains(&&*name) {
                    return Err(ApiError::field(shown(&name), UNKNOWN));
                }
                if value.get() == NULL_TEXT {
                    return Err(ApiError::field(name, NULL));
                }
            }
        }
        Ok(value)
    }
}

/// The caller's own word, short enough for a message.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect()
}

impl FromRequest for Body {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            bytes.await.map(Body).map_err(|error| match error.as_response_error().status_code().as_u16() {
                413 => Code::PayloadTooLarge.into(),
                _ => ApiError::field("body", NOT_JSON).because(error),
            })
        })
    }
}

/// A query string read into a struct of optional strings: each field is judged by its own rule.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = web::Query::<T>::from_query(request.query_string());
        std::future::ready(
            read.map(|query| Query(query.into_inner()))
                .map_err(|error| ApiError::field("query", WRONG_TYPE).because(error)),
        )
    }
}
