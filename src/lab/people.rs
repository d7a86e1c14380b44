//! Who takes part: a shop with its key, and customers with cards of all kinds.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::{
    LabError,
    wire::{Call, Heard, Who, Wire},
};
use crate::acquirer::{Behaviour, SPECIAL_CARDS, SpecialCard};

/// One per worker.
pub const CUSTOMERS: usize = 16;

/// The card company is unreliable from the start.
const TRIES: u32 = 60;

const PASSWORD: &str = "paygate1";

/// Cards besides the good one: what goes wrong with them goes wrong in every run, calm or not.
const TROUBLED: [Behaviour; 6] = [
    Behaviour::Declined,
    Behaviour::Lost,
    Behaviour::DeadBefore,
    Behaviour::DeadAfter,
    Behaviour::Garbage,
    Behaviour::ErrorAfter,
];

pub struct People {
    pub shop: Who,
    pub customers: Vec<Customer>,
}

pub struct Customer {
    pub who: Who,
    pub account: String,
    /// The card that always works.
    pub good: String,
    pub troubled: Vec<String>,
}

impl People {
    pub async fn gather(wire: &Wire) -> Result<Self, LabError> {
        let shop = shop(wire).await?;
        let customers = try_join_all((0..CUSTOMERS).map(|number| customer(wire, number))).await?;
        Ok(Self { shop, customers })
    }
}

async fn shop(wire: &Wire) -> Result<Who, LabError> {
    let login = json!({ "email": "shop@example.com", "password": PASSWORD, "name": "실험 상점" });
    must(wire, Call::post(&Who::NOBODY, "/api/backoffice/v1/sign-up", login.clone())).await?;
    let desk = must(wire, Call::post(&Who::NOBODY, "/api/backoffice/v1/sign-in", login)).await?;
    let desk = Who::bearer(&text(&desk, "accessToken")?);
    let keys = must(wire, Call::post(&desk, "/api/backoffice/v1/keys", json!({}))).await?;
    Ok(Who::shop(&text(&keys, "apiKey")?))
}

async fn customer(wire: &Wire, number: usize) -> Result<Customer, LabError> {
    let login = json!({ "email": format!("customer-{number}@example.com"), "password": PASSWORD });
    must(wire, Call::post(&Who::NOBODY, "/api/v1/p/user/sign-up", login.clone())).await?;
    let phone = must(wire, Call::post(&Who::NOBODY, "/api/v1/p/user/sign-in", login)).await?;
    let who = Who::bearer(&text(&phone, "accessToken")?);
    let me = must(wire, Call::get(&who, "/api/v1/p/user/me")).await?;
    let troubled = try_join_all(TROUBLED.map(|behaviour| card(wire, &who, behaviour))).await?;
    // The last one is the representative one.
    let good = card(wire, &who, Behaviour::Good).await?;
    Ok(Customer { account: text(&me, "id")?, who, good, troubled })
}

async fn card(wire: &Wire, who: &Who, behaviour: Behaviour) -> Result<String, LabError> {
    let missing = || LabError::Unexpected(format!("the sandbox has no card that is {behaviour:?}"));
    let SpecialCard { number, expiry, cvc, company, .. } =
        *SPECIAL_CARDS.iter().find(|card| card.behaviour == behaviour).ok_or_else(missing)?;
    let body = json!({
        "cardNumber": number,
        "expirationPeriod": expiry,
        "cvc": cvc,
        "cardCompany": company,
        "isRepresentative": true,
    });
    text(&must(wire, Call::post(who, "/api/v1/p/user/cards", body)).await?, "id")
}

/// Nobody kills the server yet, so only the card company can be in the way.
async fn must(wire: &Wire, call: Call) -> Result<Value, LabError> {
    let mut heard = wire.send(&call).await;
    for _ in 0..TRIES {
        match heard {
            Heard::Yes(data) => return Ok(data),
            passing if passing.is_passing() => tokio::time::sleep(Duration::from_millis(50)).await,
            refused => return Err(LabError::Unexpected(format!("{} was answered {refused:?}", call.path))),
        }
        heard = wire.send(&call).await;
    }
    Err(LabError::Unexpected(format!("{} is never answered: {heard:?}", call.path)))
}

fn text(value: &Value, field: &str) -> Result<String, LabError> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| LabError::Unexpected(format!("{field} is missing")))
}
