//! How a call reaches the card network: over HTTP, or into the built-in sandbox without a socket.
//!
//! A transport knows nothing of payments. It delivers one request once, and says which of three things
//! happened: an answer came ([`Reply`], whatever its status), not a byte left ([`CallError::NotSent`]),
//! or nobody can say ([`CallError::Unknown`]). It never repeats a request, never follows a redirect (a
//! card number goes to the configured address and nowhere else), and never logs.

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::sandbox::{Sandbox, SandboxReply};

/// The whole of a call, from the first packet to the last byte of the answer. Short enough for a customer
/// who waits with a phone in the hand (the approve call must answer within 10 s).
pub const CALL_TIMEOUT: Duration = Duration::from_secs(7);

/// DNS, TCP and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Answers of the protocol are a few hundred bytes; whoever sends more than this is not the acquirer.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Calls under way at the same time, and so sockets. Beyond it a call is not sent, at once.
pub const MAX_CALLS_IN_FLIGHT: usize = 512;

/// Idle connections kept for the next call.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// A server that closes an idle connection at the moment we write to it leaves that call unknown. Most
/// servers close after 5 s or more, so ours are given up before.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// An answer that arrived completely.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

/// An answer repeats the card number, so its debug output shows only its size.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer, with the cause in words for the log (no URL, no body).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Proven: nothing of the request was written.
    #[error("not sent: {0}")]
    NotSent(Cow<'static, str>),
    /// The request may have arrived.
    #[error("no answer: {0}")]
    Unknown(Cow<'static, str>),
}

/// Delivers one request to the card network, at most once.
#[async_trait]
pub trait CardNetwork: Send + Sync {
    /// `path` begins with a slash and is relative to the network's base URL.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError>;
}

/// Where the card network is, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub base_url: String,
    pub connect_timeout: Duration,
    pub call_timeout: Duration,
    pub max_calls_in_flight: usize,
}

impl HttpSettings {
    /// The documented defaults for the network at `base_url`.
    pub fn at(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            connect_timeout: CONNECT_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
            max_calls_in_flight: MAX_CALLS_IN_FLIGHT,
        }
    }
}

/// The card network over HTTP/1.1, with or without TLS.
pub struct HttpNetwork {
    client: reqwest::Client,
    base: String,
    in_flight: Semaphore,
}

/// Why [`HttpNetwork::new`] refused.
#[derive(Debug, thiserror::Error)]
pub enum HttpNetworkError {
    #[error("the card network's base URL must be an absolute http(s) URL without query or fragment")]
    BaseUrl,
    #[error("the HTTP client cannot be set up (certificates?)")]
    Client(#[source] reqwest::Error),
}

impl HttpNetwork {
    /// Opens nothing yet: connections are made by the first calls.
    ///
    /// # Errors
    /// The base URL is not usable, or the TLS roots of this machine are not.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpNetworkError> {
        let HttpSettings { base_url, connect_timeout, call_timeout, max_calls_in_flight } = settings;
        let url = reqwest::Url::parse(&base_url).map_err(|_| HttpNetworkError::BaseUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(HttpNetworkError::BaseUrl);
        }
        let client = reqwest::Client::builder()
            .timeout(call_timeout)
            // When both ran out together, a connection that was never made would count as unknown.
            .connect_timeout(connect_timeout.min(call_timeout / 2))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A proxy of the environment would read card numbers nobody meant to show it.
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("paygate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpNetworkError::Client)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, in_flight: Semaphore::new(max_calls_in_flight) })
    }
}

#[async_trait]
impl CardNetwork for HttpNetwork {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        let Ok(_place) = self.in_flight.try_acquire() else {
            return Err(CallError::NotSent("too many calls are under way".into()));
        };
        let url = format!("{}{path}", self.base);
        let request = match method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let request = request.build().map_err(|error| CallError::NotSent(cause_of(error).into()))?;
        let answer = self.client.execute(request).await.map_err(classify)?;
        read(answer).await
    }
}

/// Only a failed connect proves that nothing was written: hyper reports it before it hands the request to
/// a connection. A pooled connection that the other side has closed fails before *or* after the write
/// (hyper makes a new connection itself when it knows that not a byte was written, so what reaches us
/// is the other case), and a time-out of the whole call says nothing about how far it came.
fn classify(error: reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::NotSent(cause_of(error).into())
    } else {
        CallError::Unknown(cause_of(error).into())
    }
}

/// Reads the body up to its limit. The request was processed by now, so whatever fails here is unknown.
async fn read(mut answer: reqwest::Response) -> Result<Reply, CallError> {
    let too_large = || CallError::Unknown("the answer is larger than any answer of the protocol".into());
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| CallError::Unknown(cause_of(error).into()))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body })
}

/// The chain of causes in words, without the URL (it may hold a password).
fn cause_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Hands calls to the sandbox in this process, with the same time-out a network would have.
pub struct InProcess {
    sandbox: Arc<Sandbox>,
    call_timeout: Duration,
}

impl InProcess {
    pub fn new(sandbox: Arc<Sandbox>, call_timeout: Duration) -> Self {
        Self { sandbox, call_timeout }
    }
}

#[async_trait]
impl CardNetwork for InProcess {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answered = async {
            match self.sandbox.handle(method.as_str(), path, body.as_bytes()).await {
                SandboxReply::Answer { status, body } => Ok(Reply { status, body }),
                SandboxReply::Drip { status, body, pause } => {
                    let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
                    tokio::time::sleep(pause.saturating_mul(bytes)).await;
                    Ok(Reply { status, body })
                }
                SandboxReply::Silence => std::future::pending().await,
                SandboxReply::Refused => Err(CallError::NotSent("the sandbox refused the connection".into())),
            }
        };
        tokio::time::timeout(self.call_timeout, answered)
            .await
            .unwrap_or_else(|_| Err(CallError::Unknown("the sandbox did not answer in time".into())))
    }
}
