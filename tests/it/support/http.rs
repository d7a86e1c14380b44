//! Requests and answers. Every answer of the suite is held against the rules that hold for all of them.

use std::{
    future::IntoFuture,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::Value;

use super::{Events, PATIENCE, within};

/// A way to one server.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: String,
    /// Every answer's headers and body, one after the other.
    record: Arc<Mutex<Vec<u8>>>,
}

impl Http {
    pub fn new(address: SocketAddr) -> Self {
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            // A connection kept open would keep a stopping server waiting.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self { client, base: format!("http://{address}"), record: Arc::default() }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// What all answers so far said.
    pub fn record(&self) -> Vec<u8> {
        self.record.lock().unwrap().clone()
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn call(&self, method: Method, path: impl AsRef<str>) -> Call {
        Call { http: self.clone(), method, path: path.as_ref().to_owned(), headers: Vec::new(), body: None }
    }

    pub fn get(&self, path: impl AsRef<str>) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: impl AsRef<str>, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }
}

/// A request; awaiting it sends it.
#[derive(Clone)]
pub struct Call {
    http: Http,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call {
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// As a shop, or its page.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", format!("Basic {}", STANDARD.encode(format!("{key}:"))))
    }

    /// As somebody who signed in.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn once(self, idempotency_key: &str) -> Self {
        self.header("idempotency-key", idempotency_key)
    }

    pub fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// Adds one pair to the query, encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path = format!("{}{separator}{pair}", self.path);
        self
    }

    /// Sends it without judging the answer, and without waiting for its body.
    pub async fn response(self) -> reqwest::Response {
        self.try_response().await.unwrap()
    }

    pub async fn try_response(self) -> reqwest::Result<reqwest::Response> {
        let Self { http, method, path, headers, body } = self;
        let mut request = http.client.request(method, format!("{}{path}", http.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        tokio::time::timeout(PATIENCE, request.send()).await.expect("no answer in time")
    }

    /// Sends it to a server that may be gone before it answers.
    pub async fn attempt(self) -> Option<Answer> {
        let http = self.http.clone();
        let response = self.try_response().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer::new(&http, status, headers, response.bytes().await.ok()?.to_vec()))
    }

    /// Sends it and reads the answer as an event stream.
    pub async fn listen(self) -> Events {
        Events::of(self.response().await)
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (http, what) = (self.http.clone(), format!("{} {}", self.method, self.path));
            let response = self.response().await;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let bytes = within(&what, response.bytes()).await.unwrap().to_vec();
            Answer::new(&http, status, headers, bytes)
        })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    /// Null when the body is no JSON.
    pub json: Value,
}

impl Answer {
    fn new(http: &Http, status: u16, headers: HeaderMap, bytes: Vec<u8>) -> Self {
        let mut record = http.record.lock().unwrap();
        record.extend(format!("{headers:?}\n").into_bytes());
        record.extend_from_slice(&bytes);
        drop(record);
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = Self { status, headers, bytes, json };
        assert!(!answer.headers.contains_key("set-cookie"), "no cookie is ever used");
        if answer.json.get("ok").is_some() {
            answer.check_envelope();
        }
        answer
    }

    fn check_envelope(&self) {
        let Self { status, json, .. } = self;
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(self.header("cache-control"), Some("no-store"), "nobody keeps an answer");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(json["ok"], (200..300).contains(status), "ok says what the status says: {status} {json}");
        if json["ok"] == true {
            assert!(json.get("data").is_some_and(|data| !data.is_null()), "a success has data: {json}");
            return;
        }
        let error = &json["error"];
        assert!(json["code"].as_str().is_some_and(|code| !code.is_empty()), "{json}");
        assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        assert_eq!(json["code"], error["code"], "the code stands twice");
        assert_eq!(json["message"], error["message"], "the message stands twice");
        let outcome = error["outcome"].as_str().unwrap();
        assert!(["declined", "not_sent", "unknown", "none"].contains(&outcome), "{outcome}");
        // A replay is the first answer byte for byte, its request id included.
        if !self.is_replayed() {
            assert_eq!(error["requestId"].as_str(), self.header("x-request-id"), "the request id is the header's");
        }
        if matches!(status, 429 | 503) {
            let seconds = self.header("retry-after").unwrap_or_else(|| panic!("{status} without Retry-After"));
            assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{seconds}");
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// `data` of a success with status 200.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.json);
        assert_eq!(self.json["ok"], true, "{}", self.json);
        self.json["data"].clone()
    }

    /// The public code of a refusal; empty for a success.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// It must be this refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.json);
        self
    }

    /// It must be refused because of this field, and say so.
    #[track_caller]
    pub fn refused_field(&self, field: &str) -> &Self {
        self.refused(400, "INVALID_REQUEST");
        let message = self.json["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{field}: ")), "{message} names another field than {field}");
        self
    }

    pub fn outcome(&self) -> &str {
        self.json["error"]["outcome"].as_str().unwrap_or_default()
    }
}
