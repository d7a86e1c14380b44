//! Businesses and customers that sign up while the disk fails: what was acknowledged to them stays, too.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    LabError,
    finding::{Finding, Kind},
    pause,
    wire::{Call, Heard, Who, Wire},
};

const EVERY: Duration = Duration::from_millis(150);
const PASSWORD: &str = "paygate1";
const TRIES: u32 = 5;

/// What was acknowledged.
enum Acknowledged {
    Customer(Value),
    /// With the secret key that was issued last, if any was.
    Merchant(Value, Option<Value>),
}

#[derive(Default)]
pub struct Newcomers(RefCell<Vec<(Instant, Acknowledged)>>);

impl Newcomers {
    /// Signs people up until told to stop.
    pub async fn arrive(&self, wire: &Wire, stop: &CancellationToken) -> Result<(), LabError> {
        let mut number = 0_u32;
        while !pause(stop, EVERY).await {
            number += 1;
            let begun = Instant::now();
            let login =
                json!({ "email": format!("new-{number}@example.com"), "password": PASSWORD, "name": "새 상점" });
            if number.is_multiple_of(2) {
                if signs_up(wire, "/api/v1/p/user/sign-up", &login).await {
                    self.0.borrow_mut().push((begun, Acknowledged::Customer(login)));
                }
            } else if signs_up(wire, "/api/backoffice/v1/sign-up", &login).await {
                let key = issue_key(wire, &login).await;
                self.0.borrow_mut().push((begun, Acknowledged::Merchant(login, key)));
            }
        }
        Ok(())
    }

    /// Whether all that was acknowledged is there, except what began at a moment that is forgiven.
    pub async fn hold_to_word(self, wire: &Wire, is_forgiven: impl Fn(Instant) -> bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        let all = self.0.into_inner().into_iter().filter(|(begun, _)| !is_forgiven(*begun));
        for (_, acknowledged) in all {
            let missing = match acknowledged {
                Acknowledged::Customer(login) => {
                    sign_in(wire, "/api/v1/p/user/sign-in", &login).await.is_none().then_some(login)
                }
                Acknowledged::Merchant(login, key) => {
                    let desk = sign_in(wire, "/api/backoffice/v1/sign-in", &login).await;
                    let shown = match &desk {
                        Some(desk) => answer(wire, &Call::get(desk, "/api/backoffice/v1/my-key")).await,
                        None => None,
                    };
                    let is_there = shown.is_some_and(|shown| key.is_none_or(|key| shown["apiKey"] == key));
                    (!is_there).then_some(login)
                }
            };
            findings.extend(missing.map(|login| {
                let what = format!("the sign-up or key pair of {} was acknowledged and is gone", login["email"]);
                Finding::new(Kind::ToldWrongly, None, what)
            }));
        }
        findings
    }
}

async fn signs_up(wire: &Wire, path: &str, login: &Value) -> bool {
    matches!(wire.send(&Call::post(&Who::NOBODY, path, login.clone())).await, Heard::Yes(_))
}

async fn sign_in(wire: &Wire, path: &str, login: &Value) -> Option<Who> {
    let session = answer(wire, &Call::post(&Who::NOBODY, path, login.clone())).await?;
    session["accessToken"].as_str().map(Who::bearer)
}

/// The secret key, if its issue was acknowledged. One without an answer may have taken the place of an earlier one, so
/// there is only one attempt.
async fn issue_key(wire: &Wire, login: &Value) -> Option<Value> {
    let desk = sign_in(wire, "/api/backoffice/v1/sign-in", login).await?;
    match wire.send(&Call::post(&desk, "/api/backoffice/v1/keys", json!({}))).await {
        Heard::Yes(mut keys) => Some(keys["apiKey"].take()),
        _ => None,
    }
}

/// The answer to a call without an effect.
async fn answer(wire: &Wire, call: &Call) -> Option<Value> {
    for _ in 0..TRIES {
        match wire.send(call).await {
            Heard::Yes(answer) => return Some(answer),
            heard if heard.is_passing() => tokio::time::sleep(EVERY).await,
            _ => return None,
        }
    }
    None
}
