//! A client that shows what goes over the wire.
#![expect(clippy::print_stdout, reason = "it prints what a newcomer reads")]

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{Stream, StreamExt};
use reqwest::{Client, Method, Response};
use serde_json::Value;

use super::pay::PayError;

/// Characters of a body that are shown.
const SHOWN: usize = 220;

/// Who is asking.
pub enum As<'a> {
    Nobody,
    Shop(&'a str),
    Bearer(&'a str),
}

/// A connection to a server, with a step counter.
pub struct Wire {
    client: Client,
    base: String,
    step: u32,
    begun: Instant,
}

impl Wire {
    pub fn new(base: String) -> Result<Self, PayError> {
        let client = Client::builder().connect_timeout(Duration::from_secs(2)).build()?;
        Ok(Self { client, base, step: 0, begun: Instant::now() })
    }

    /// Starts a new step of the story.
    pub fn step(&mut self, title: &str) {
        self.step += 1;
        self.begun = Instant::now();
        println!("\n{:>2}. {title}", self.step);
    }

    /// Ends a step: how long it took, and where the payment stands, as the shop's page would ask.
    pub async fn stands(&self, key: &str, order: &str, wanted: &str) -> Result<(), PayError> {
        let took = self.begun.elapsed();
        let path = format!("/api/v1/p/merchant/orders/{order}/status");
        let response = self.send(As::Shop(key), Method::GET, &path, None).await?.error_for_status()?;
        let answer: Value = response.json().await?;
        let status = answer["data"]["status"].as_str().unwrap_or_default();
        println!("    = {status} after {took:.1?}");
        if status == wanted {
            Ok(())
        } else {
            Err(PayError::Unexpected(format!("the payment is {status}, not {wanted}")))
        }
    }

    /// Sends a request, shows both sides, and returns `data` of a success.
    pub async fn call(
        &self,
        caller: As<'_>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, PayError> {
        let started = Instant::now();
        println!("    → {method} {path}{}", body.as_ref().map(|body| format!(" {}", shown(body))).unwrap_or_default());
        let response = self.send(caller, method, path, body).await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        println!("    ← {} in {:.1?}: {}", status.as_u16(), started.elapsed(), shown(&answer));
        if answer["ok"] == Value::Bool(true) && status.is_success() {
            Ok(answer["data"].clone())
        } else {
            Err(PayError::Unexpected(format!("{path} answered {status}")))
        }
    }

    /// Opens an event stream and returns its events as they come: `(name, data)`.
    pub async fn listen(
        &self,
        key: &str,
        path: &str,
    ) -> Result<impl Stream<Item = (String, String)> + use<>, PayError> {
        println!("    → GET {path}");
        let response = self.send(As::Shop(key), Method::GET, path, None).await?.error_for_status()?;
        let chunks = Box::pin(response.bytes_stream());
        let state = (chunks, String::new());
        Ok(futures_util::stream::unfold(state, async |(mut chunks, mut text)| {
            loop {
                if let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    let field = |name: &str| {
                        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
                    };
                    if let (Some(event), Some(data)) = (field("event:"), field("data:")) {
                        return Some(((event, data), (chunks, text)));
                    }
                    continue;
                }
                text.push_str(&String::from_utf8_lossy(&chunks.next().await?.ok()?));
            }
        }))
    }

    async fn send(
        &self,
        caller: As<'_>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Response, PayError> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("accept-language", "en");
        request = match caller {
            As::Nobody => request,
            As::Shop(key) => request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{key}:")))),
            As::Bearer(token) => request.bearer_auth(token),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?)
    }
}

/// A body as it is shown: secrets hidden, long ones cut.
fn shown(body: &Value) -> String {
    let mut body = body.clone();
    hide(&mut body);
    let text = body.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if SECRET.contains(&name.as_str()) => *text = "…".to_owned(),
                    Value::String(text) if name == "token" => *text = text.chars().take(16).chain(['…']).collect(),
                    inner => hide(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

const SECRET: &[&str] = &["password", "accessToken", "apiKey", "clientKey", "checkoutUrl", "qrSvgUrl"];
