//! The same request is recognised by what it means; another one is told what became of the first.

use std::sync::Arc;

use paygate_entity::idempotency_key;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;

use crate::support::{Call, Play, ScriptedAcquirer, Shop, TestApp, fresh, spawn_app};

fn with_text(call: Call, body: &str) -> Call {
    call.body("application/json", body)
}

#[tokio::test]
async fn a_refund_whose_body_is_written_otherwise_is_the_same_refund() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let refund = shop.cancel(&paid.key, &json!({})).once("k");
    let first = with_text(refund.clone(), r#"{"amount":1000,"reason":"품절"}"#).await;
    first.data();
    for same in [
        r#"{"reason":"품절","amount":1000}"#,
        "{\n  \"amount\" : 1000.0,\n  \"reason\" : \"\\ud488\\uc808\"\n}\n",
        r#"{"amount":1e3,"reason":"품절"}"#,
    ] {
        let again = with_text(refund.clone(), same).await;
        assert!(again.is_replayed() && again.bytes == first.bytes, "{same}: {}", again.json);
    }
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 14_000);
    app.stop().await;
}

#[tokio::test]
async fn a_key_used_for_another_request_tells_what_became_of_the_first() {
    let acquirer = ScriptedAcquirer::new();
    let app =
        TestApp::with(|settings| settings.payment.answer_budget_ms = 300).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let refund = |amount: i64, key: &str| shop.cancel(&paid.key, &json!({ "amount": amount })).once(key);
    refund(1_000, "done").await.data();
    let reused = refund(2_000, "done").await;
    assert_eq!(reused.refused(422, "IDEMPOTENCY_KEY_REUSED").outcome(), "unknown", "not none: money has moved");
    assert_eq!(reused.json["error"]["firstOutcome"], "succeeded");
    acquirer.on_refund(Play::Hang);
    let hanging = tokio::spawn(std::future::IntoFuture::into_future(refund(3_000, "running")));
    acquirer.hanging(1).await;
    let reused = refund(4_000, "running").await;
    assert_eq!(reused.refused(422, "IDEMPOTENCY_KEY_REUSED").outcome(), "unknown");
    assert_eq!(reused.json["error"]["firstOutcome"], "unknown");
    acquirer.release(Play::Approve);
    hanging.await.unwrap();
    acquirer.on_refund(Play::Approve);
    app.stop().await;
}

#[tokio::test]
async fn a_charge_that_was_declined_is_told_as_the_first_outcome() {
    let acquirer: Arc<ScriptedAcquirer> = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Decline(paygate::domain::Reason::CardLost));
    assert_eq!(shop.confirm_of(&approved).once("k").await.outcome(), "declined");
    let mut other = approved.confirm();
    other["amount"] = json!(1);
    let reused = shop.confirm(&other).once("k").await;
    assert_eq!(reused.refused(422, "IDEMPOTENCY_KEY_REUSED").outcome(), "none");
    assert_eq!(reused.json["error"]["firstOutcome"], "declined");
    app.stop().await;
}

/// Keys taken before requests were compared by their meaning hold the hash of the bytes.
#[tokio::test]
async fn a_key_that_an_earlier_version_stored_is_still_found() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let body = format!(r#"{{"orderName":"커피", "orderId":"{}", "amount":15000}}"#, fresh("order"));
    let call = with_text(shop.create(&Shop::order(1, "x")), &body).once("k");
    let first = call.clone().await;
    first.data();
    let db = app.database.connect().await;
    let bytes = body.clone().into_bytes();
    let stored = app.inside(async move |app| app.vault.digest(paygate::vault::Purpose::RequestBody, &bytes)).await;
    let row = idempotency_key::Entity::find().one(&db).await.unwrap().unwrap();
    assert_ne!(row.fingerprint, stored.to_vec());
    let mut row = row.into_active_model();
    row.fingerprint = Set(stored.to_vec());
    row.update(&db).await.unwrap();
    let again = call.await;
    assert!(again.is_replayed() && again.bytes == first.bytes, "{}", again.json);
    app.stop().await;
}
