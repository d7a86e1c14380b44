//! HTTP as a shop's server or a phone speaks it, on a network where connections break.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::Value;

/// Far beyond the server's own time budget: who waited this long talks to nobody.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A server that does not say that it is ready is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// Connections that are given up are noticed at once on this machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Who asks: the value of `Authorization`.
#[derive(Debug, Clone, Default)]
pub struct Who(Option<String>);

impl Who {
    pub const NOBODY: Who = Who(None);

    pub fn shop(key: &str) -> Self {
        Self(Some(format!("Basic {}", STANDARD.encode(format!("{key}:")))))
    }

    pub fn bearer(token: &str) -> Self {
        Self(Some(format!("Bearer {token}")))
    }
}

/// One request, to be sent once or again.
#[derive(Debug, Clone)]
pub struct Call {
    pub who: Who,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    pub idempotency_key: Option<String>,
}

impl Call {
    pub fn get(who: &Who, path: impl Into<String>) -> Self {
        Self { who: who.clone(), method: Method::GET, path: path.into(), body: None, idempotency_key: None }
    }

    pub fn post(who: &Who, path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(who, path) }
    }

    pub fn once(self, key: impl Into<String>) -> Self {
        Self { idempotency_key: Some(key.into()), ..self }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Yes(Value),
    No {
        status: u16,
        code: String,
        outcome: String,
    },
    /// The connection was refused or cut, or nobody answered.
    Nothing,
}

impl Heard {
    /// It may be answered otherwise the next time: nothing was heard, or the server says so.
    pub fn is_passing(&self) -> bool {
        match self {
            Heard::Yes(_) => false,
            Heard::No { status, code, .. } => *status >= 500 || *status == 429 || code == "IDEMPOTENCY_KEY_IN_USE",
            Heard::Nothing => true,
        }
    }
}

#[derive(Clone)]
pub struct Wire {
    client: reqwest::Client,
    base: String,
}

impl Wire {
    pub fn to(base: String) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            // What is sent again is sent again by those who remember that.
            .retry(reqwest::retry::never())
            .build()?;
        Ok(Self { client, base })
    }

    /// Sends it once.
    pub async fn send(&self, call: &Call) -> Heard {
        let Ok(answer) = self.open(call, Some(TIMEOUT)).await else { return Heard::Nothing };
        let status = answer.status();
        let Ok(mut body) = answer.json::<Value>().await else { return Heard::Nothing };
        if status.is_success() {
            return Heard::Yes(body["data"].take());
        }
        let text = |field: &str| body["error"][field].as_str().unwrap_or_default().to_owned();
        Heard::No { status: status.as_u16(), code: text("code"), outcome: text("outcome") }
    }

    /// Whether the server says that it is ready.
    pub async fn is_ready(&self) -> bool {
        let asked = self.client.get(format!("{}/readyz", self.base)).timeout(READY_TIMEOUT).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }

    /// The answer with its body still to come.
    pub async fn open(&self, call: &Call, timeout: Option<Duration>) -> Result<reqwest::Response, reqwest::Error> {
        let Call { who, method, path, body, idempotency_key } = call;
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        let headers = [("authorization", who.0.as_ref()), ("idempotency-key", idempotency_key.as_ref())];
        for (name, value) in headers {
            request = value.into_iter().fold(request, |request, value| request.header(name, value));
        }
        request = body.iter().fold(request, |request, body| request.json(body));
        request = timeout.into_iter().fold(request, reqwest::RequestBuilder::timeout);
        request.send().await
    }
}
