//! A card network that says yes, unless a test answers in its place.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use paygate::config::Settings;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::support::{Setup, TestApp};

/// What the network was asked, in order.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub body: Value,
}

pub struct Network {
    server: MockServer,
    overrides: Overrides,
    charges: Charges,
}

type Overrides = Arc<Mutex<Vec<(String, ResponseTemplate)>>>;
type Charges = Arc<Mutex<BTreeMap<i64, ResponseTemplate>>>;

/// Says yes in the words of the contract.
struct Yes {
    /// Without the numbers that only the newer dialect has.
    is_basic: bool,
    overrides: Overrides,
    charges: Charges,
}

impl Network {
    pub async fn v1() -> Self {
        Self::start(false).await
    }

    pub async fn basic() -> Self {
        Self::start(true).await
    }

    async fn start(is_basic: bool) -> Self {
        let (server, overrides, charges) = (MockServer::start().await, Overrides::default(), Charges::default());
        let yes = Yes { is_basic, overrides: overrides.clone(), charges: charges.clone() };
        Mock::given(any()).respond_with(yes).mount(&server).await;
        Self { server, overrides, charges }
    }

    /// From now on charges of this amount are answered so.
    pub fn answer_charge(&self, amount: i64, answer: ResponseTemplate) {
        self.charges.lock().unwrap().insert(amount, answer);
    }

    /// From now on paths that contain this are answered so.
    pub fn answer(&self, path: &str, status: u16, body: &Value) {
        self.answer_with(path, ResponseTemplate::new(status).set_body_json(body));
    }

    pub fn answer_with(&self, path: &str, answer: ResponseTemplate) {
        let mut overrides = self.overrides.lock().unwrap();
        overrides.retain(|(known, _)| known != path);
        overrides.push((path.to_owned(), answer));
    }

    pub fn say_yes(&self) {
        self.overrides.lock().unwrap().clear();
    }

    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// A Paygate in front of it.
    pub fn paygate(&self) -> Setup {
        self.paygate_with(|_| {})
    }

    pub fn paygate_with(&self, change: impl FnOnce(&mut Settings) + Send + 'static) -> Setup {
        let base_url = self.uri();
        TestApp::with(move |settings| {
            settings.acquirer.card.base_url = base_url;
            settings.acquirer.card.call_timeout_ms = 1_000;
            // A doubt stays one for the length of a test, and who waits is told so soon.
            settings.resolution.inquiry_every_ms = 60_000;
            settings.payment.answer_budget_ms = 2_000;
            change(settings);
        })
        .configured_acquirer()
    }

    pub async fn asked(&self) -> Vec<Asked> {
        let requests = self.server.received_requests().await.unwrap();
        let asked = |request: &Request| Asked {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
        };
        requests.iter().map(asked).collect()
    }

    /// The bodies of the calls to paths that end like this.
    pub async fn asked_for(&self, path: &str) -> Vec<Value> {
        self.asked().await.into_iter().filter(|asked| asked.path.ends_with(path)).map(|asked| asked.body).collect()
    }
}

impl Respond for Yes {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path = request.url.path();
        let overrides = self.overrides.lock().unwrap();
        if let Some((_, answer)) = overrides.iter().find(|(known, _)| path.contains(known.as_str())) {
            return answer.clone();
        }
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let charge = asked["amount"].as_i64().filter(|_| name == "approve").unwrap_or_default();
        if let Some(answer) = self.charges.lock().unwrap().get(&charge) {
            return answer.clone();
        }
        let body = match name {
            "approve" if !self.is_basic => json!({
                "cardNumber": asked["cardNumber"], "isValid": true, "txnNo": asked["txnNo"],
                "approvalNo": "30047215", "approvedAt": "2026-11-22T16:09:48Z",
            }),
            "reverse" => json!({ "txnNo": asked["txnNo"], "status": "REVERSED" }),
            "cancel" => json!({ "cancelNo": asked["cancelNo"], "balanceAmount": 0 }),
            _ => json!({ "cardNumber": asked["cardNumber"], "isValid": true }),
        };
        ResponseTemplate::new(200).set_body_json(body)
    }
}
