//! `paygate demo pay`: one whole payment, played over real HTTP and SSE by all its parties.
#![expect(clippy::print_stdout, reason = "it prints what a newcomer reads")]

use std::{pin::pin, time::Duration};

use futures_util::{Stream, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CUSTOMER_EMAIL, PASSWORD, SHOP_EMAIL,
    wire::{As, Wire},
};

/// How long the demo waits for an event that must come.
const EVENT_TIMEOUT: Duration = Duration::from_secs(15);

const AMOUNT: i64 = 15_000;
const PART: i64 = 5_000;

/// A step was not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    #[error("the server cannot be talked to: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Unexpected(String),
}

/// Plays a payment against the server at `base` (`http://host:port`).
///
/// # Errors
/// The first step that is not as it should be.
pub async fn pay(base: &str) -> Result<(), PayError> {
    println!("One payment, at {base}");
    let mut wire = Wire::new(base.to_owned())?;
    let order = format!("demo-{}", Uuid::now_v7().simple());

    wire.step("The business signs in to its back office and reads its API key.");
    let desk = sign_in(&wire, "/api/backoffice/v1/sign-in", SHOP_EMAIL).await?;
    let keys = wire.call(As::Bearer(&desk), Method::GET, "/api/backoffice/v1/my-key", None).await?;
    let key = text(&keys, "apiKey")?;

    wire.step("The shop asks for a payment and gets the token that its page shows as a QR code.");
    let order_body = json!({ "amount": AMOUNT, "orderId": order, "orderName": "드립 커피 세트" });
    let created = wire.call(As::Shop(&key), Method::POST, "/api/v1/p/merchant", Some(order_body)).await?;
    let token = text(&created, "token")?;
    wire.stands(&key, &order, "READY").await?;

    wire.step("The shop's page listens to the payment.");
    let path = format!("/api/v1/p/merchant/sse/connect?orderId={order}");
    let mut events = pin!(wire.listen(&key, &path).await?);
    expect(&mut events, &["onopen", "payment-ready"]).await?;
    wire.stands(&key, &order, "READY").await?;

    wire.step("The customer signs in on the phone, scans the code and approves.");
    let phone = sign_in(&wire, "/api/v1/p/user/sign-in", CUSTOMER_EMAIL).await?;
    let approve = Some(json!({ "token": token }));
    let approved = wire.call(As::Bearer(&phone), Method::POST, "/api/v1/p/user/authentication/simple", approve).await?;
    let payment_key = text(&approved, "paymentKey")?;
    expect(&mut events, &["payment-in-verificate", "payment-in-progress"]).await?;
    wire.stands(&key, &order, "IN_PROGRESS").await?;

    wire.step("The shop's server confirms: now the card is charged.");
    let confirm = json!({ "orderId": order, "paymentKey": payment_key, "amount": AMOUNT });
    let confirmed = wire.call(As::Shop(&key), Method::POST, "/api/v1/p/merchant/confirm", Some(confirm)).await?;
    check(&confirmed, "status", "DONE")?;
    expect(&mut events, &["payment-done"]).await?;
    wire.stands(&key, &order, "DONE").await?;

    wire.step("The back office lists the payment.");
    let path = format!("/api/backoffice/v1/payments?paymentKey={payment_key}");
    let listed = wire.call(As::Bearer(&desk), Method::GET, &path, None).await?;
    check(&listed["payments"][0], "balanceAmount", AMOUNT)?;
    wire.stands(&key, &order, "DONE").await?;

    wire.step("A part of it is given back.");
    let path = format!("/api/backoffice/v1/payments/{payment_key}/cancel");
    let refund = Some(json!({ "amount": PART, "reason": "한 봉 반품" }));
    let refunded = wire.call(As::Bearer(&desk), Method::POST, &path, refund).await?;
    check(&refunded, "amount", -PART)?;
    expect(&mut events, &["payment-partial-canceled"]).await?;
    wire.stands(&key, &order, "PARTIAL_CANCELED").await?;

    wire.step("What the shop sees in the end.");
    let path = format!("/api/v1/p/merchant/payments/{payment_key}");
    let payment = wire.call(As::Shop(&key), Method::GET, &path, None).await?;
    check(&payment, "status", "PARTIAL_CANCELED")?;
    check(&payment, "balanceAmount", AMOUNT - PART)?;
    wire.stands(&key, &order, "PARTIAL_CANCELED").await?;
    println!("\nEvery step was as it should be: {AMOUNT} KRW charged, {PART} KRW given back.");
    Ok(())
}

async fn sign_in(wire: &Wire, path: &str, email: &str) -> Result<String, PayError> {
    let body = json!({ "email": email, "password": PASSWORD });
    text(&wire.call(As::Nobody, Method::POST, path, Some(body)).await?, "accessToken")
}

async fn expect(events: &mut (impl Stream<Item = (String, String)> + Unpin), names: &[&str]) -> Result<(), PayError> {
    for name in names {
        let next = tokio::time::timeout(EVENT_TIMEOUT, events.next()).await.ok().flatten();
        let (event, data) = next.ok_or_else(|| PayError::Unexpected(format!("{name} never came")))?;
        println!("    ⚡ {event} {data}");
        if event != *name {
            return Err(PayError::Unexpected(format!("{event} came instead of {name}")));
        }
    }
    Ok(())
}

fn text(value: &Value, field: &str) -> Result<String, PayError> {
    let missing = || PayError::Unexpected(format!("{field} is missing"));
    value[field].as_str().map(str::to_owned).ok_or_else(missing)
}

fn check(value: &Value, field: &str, wanted: impl Into<Value>) -> Result<(), PayError> {
    let wanted = wanted.into();
    if value[field] == wanted {
        return Ok(());
    }
    Err(PayError::Unexpected(format!("{field} is {}, not {wanted}", value[field])))
}
