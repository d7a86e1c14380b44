//! Money in doubt as people see it: in the payment's view, on the business's desk, and in the answers to
//! calls that are made again.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{OnRecord, Play, ScriptedAcquirer, Setup, TestApp, eventually};

async fn started(acquirer: &Arc<ScriptedAcquirer>) -> TestApp {
    let setup: Setup = TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 300;
        settings.resolution.inquiry_every_ms = 20;
        settings.resolution.inquiry_for_ms = 60_000;
        settings.resolution.retry_after_ms = vec![20];
    });
    setup.acquirer(acquirer.clone()).start().await
}

fn doubts(answer: &Value) -> Vec<(String, Value)> {
    let payments = answer["payments"].as_array().unwrap();
    payments
        .iter()
        .map(|one| (one["payment"]["paymentKey"].as_str().unwrap().to_owned(), one["doubts"].clone()))
        .collect()
}

#[tokio::test]
async fn a_payment_shows_what_is_being_done_about_its_doubt() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    assert!(shop.payment(&approved.key).await.data().get("resolution").is_none(), "nothing is in doubt");
    acquirer.on_authorize(Play::Unknown);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let asked = async || shop.payment(&approved.key).await.data()["resolution"]["attempts"].as_u64().unwrap() > 1;
    eventually("the acquirer is asked", asked).await;
    let resolution = &shop.payment(&approved.key).await.data()["resolution"];
    assert_eq!(resolution["state"], "INQUIRING");
    assert!(resolution["since"].as_str().unwrap() < resolution["nextAt"].as_str().unwrap(), "{resolution}");
    let desk = shop.doubts().await.data();
    assert_eq!(doubts(&desk)[0].0, approved.key);
    assert_eq!(doubts(&desk)[0].1[0]["state"], "INQUIRING");
    acquirer.on_record(OnRecord::Charged);
    eventually("it is certain", async || shop.payment(&approved.key).await.data().get("resolution").is_none()).await;
    assert!(doubts(&shop.doubts().await.data()).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn the_same_cancel_after_an_unknown_outcome_is_the_same_refund() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    let cancel = || shop.cancel(&paid.key, &json!({ "amount": 5_000 }));
    for _ in 0..3 {
        cancel().await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    }
    let resolution = shop.payment(&paid.key).await.data()["resolution"].clone();
    assert_eq!(resolution["state"], "REFUNDING");
    acquirer.on_refund(Play::Approve);
    let first = cancel().await.data();
    assert_eq!((&first["amount"], &first["id"]), (&json!(-5_000), &resolution["refundId"]));
    assert_eq!(acquirer.refunded(), [5_000], "one refund, however often it was asked for");
    // It was told: once more is another refund.
    let second = cancel().await.data();
    assert_ne!(second["id"], first["id"]);
    assert_eq!(acquirer.refunded(), [5_000, 5_000]);
    // A full cancel in doubt is joined by a full cancel, and by nothing else.
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &json!({})).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.refused(409, "NOTHING_LEFT");
    acquirer.on_refund(Play::Approve);
    assert_eq!(shop.cancel(&paid.key, &json!({})).await.data()["amount"], -5_000);
    assert_eq!(acquirer.refunded(), [5_000, 5_000, 5_000]);
    app.stop().await;
}

#[tokio::test]
async fn a_refund_that_nobody_can_be_asked_about_waits_for_its_business() {
    for (approved, state, balance) in [(true, "PARTIAL_CANCELED", 10_000), (false, "DONE", 15_000)] {
        let acquirer = ScriptedAcquirer::new();
        let app = started(&acquirer).await;
        let (shop, customer) = app.shop_and_customer().await;
        let paid = app.done_payment(&shop, &customer).await;
        acquirer.on_refund(Play::Unknown);
        shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        acquirer.take_no_refunds();
        let state_of = async || shop.payment(&paid.key).await.data()["resolution"]["state"].clone();
        eventually("it cannot be repeated", async || state_of().await == "MANUAL").await;
        let desk = shop.doubts().await.data();
        let (key, doubt) = &doubts(&desk)[0];
        assert_eq!((key, &doubt[0]["state"], &doubt[0]["nextAt"]), (&paid.key, &json!("MANUAL"), &Value::Null));
        let refund = &doubt[0]["refundId"];
        shop.resolve(&paid.key, &json!({ "approved": true, "note": "전화" })).await.refused(409, "NOTHING_TO_RESOLVE");
        let decision = json!({ "approved": approved, "note": "카드사 전화 확인", "refundId": refund });
        let payment = shop.resolve(&paid.key, &decision).await.data();
        assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!(state), &json!(balance)));
        shop.resolve(&paid.key, &decision).await.refused(409, "NOTHING_TO_RESOLVE");
        assert!(doubts(&shop.doubts().await.data()).is_empty());
        app.stop().await;
    }
}

#[tokio::test]
async fn nobody_decides_about_a_refund_while_the_card_network_is_being_asked() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let resolution = async || shop.payment(&paid.key).await.data()["resolution"].clone();
    eventually("it was tried often", async || resolution().await["attempts"].as_u64().unwrap() >= 5).await;
    acquirer.on_refund(Play::Hang);
    acquirer.hanging(1).await;
    assert_eq!(resolution().await["decidable"], false);
    let refund = resolution().await["refundId"].clone();
    for approved in [true, false] {
        let decision = json!({ "approved": approved, "note": "전화", "refundId": refund });
        shop.resolve(&paid.key, &decision).await.refused(409, "CALL_IN_PROGRESS");
    }
    acquirer.release(Play::Approve);
    eventually("the answer counts", async || shop.payment(&paid.key).await.data()["balanceAmount"] == 10_000).await;
    app.stop().await;
}

#[tokio::test]
async fn a_refund_for_another_reason_is_another_refund() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    let cancel = |reason: &str| shop.cancel(&paid.key, &json!({ "amount": 3_000, "reason": reason }));
    cancel("A 상품 품절").await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    acquirer.on_refund(Play::Approve);
    assert_eq!(cancel("B 상품 품절").await.data()["reason"], "B 상품 품절");
    assert_eq!(cancel("A 상품 품절").await.data()["reason"], "A 상품 품절");
    assert_eq!(acquirer.refunded(), [3_000, 3_000]);
    app.stop().await;
}

#[tokio::test]
async fn a_business_decides_about_its_own_money_and_says_why() {
    let acquirer = ScriptedAcquirer::old_fashioned();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.shop().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    assert!(doubts(&other.doubts().await.data()).is_empty(), "another business's");
    let decision = json!({ "approved": false, "note": "전표 없음" });
    other.resolve(&approved.key, &decision).await.refused(404, "PAYMENT_NOT_FOUND");
    shop.resolve(&approved.key, &json!({ "note": "?" })).await.refused_field("approved");
    for note in [json!(null), json!(" "), json!("가".repeat(201)), json!("a\u{7}b")] {
        shop.resolve(&approved.key, &json!({ "approved": true, "note": note })).await.refused_field("note");
    }
    let stray = json!({ "approved": true, "note": "?", "refundId": "7" });
    shop.resolve(&approved.key, &stray).await.refused_field("refundId");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS", "nothing was decided by a bad call");
    assert_eq!(shop.resolve(&approved.key, &decision).await.data()["status"], "ABORTED");
    shop.resolve(&approved.key, &decision).await.refused(409, "NOTHING_TO_RESOLVE");
    app.stop().await;
}

#[tokio::test]
async fn any_number_of_keys_leaves_the_way_open_for_outcomes() {
    let acquirer = ScriptedAcquirer::old_fashioned();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let calls = (0..4_200).map(|key| shop.confirm_of(&approved).once(&format!("key-{key}")).into_future());
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(64).collect().await;
    let refused = answers.iter().filter(|answer| answer.code() == "PAYMENT_UNAVAILABLE").count();
    assert!(refused > 0, "the limit was not reached: this proves nothing");
    // Whoever comes too many has asked for the same as those before: nobody is told that nothing was sent.
    assert!(answers.iter().all(|answer| answer.outcome() != "not_sent"));
    let decision = json!({ "approved": true, "note": "전표 확인" });
    assert_eq!(shop.resolve(&approved.key, &decision).await.data()["status"], "DONE");
    assert_eq!(shop.confirm_of(&approved).once("key-0").await.data()["status"], "DONE");
    app.stop().await;
}

#[tokio::test]
async fn only_who_was_not_told_is_taken_to_ask_again() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let body = json!({ "amount": 1_000 });
    // With a key: the key is the way back, and a call without it is another refund.
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &body).once("k").await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    acquirer.on_refund(Play::Approve);
    assert_eq!(shop.cancel(&paid.key, &body).await.data()["amount"], -1_000);
    assert_eq!(acquirer.refunded(), [1_000, 1_000]);
    // Without: whoever else asks, or names the balance, wants something new.
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &body).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    acquirer.on_refund(Play::Approve);
    assert_eq!(shop.desk_cancel(&paid.key, &body).await.data()["amount"], -1_000);
    let settled = async || shop.payment(&paid.key).await.data().get("resolution").is_none();
    eventually("the doubt has ended", settled).await;
    let looked = json!({ "amount": 1_000, "expectedBalance": 11_000 });
    assert_eq!(shop.cancel(&paid.key, &looked).await.data()["balanceAmount"], 10_000);
    let again = shop.cancel(&paid.key, &body).await.data();
    // What the first caller was not told, as it was then: before or after two others in doubt, never a new one.
    assert!((11_000..=13_000).contains(&again["balanceAmount"].as_i64().unwrap()), "{again}");
    assert_eq!(acquirer.refunded().len(), 5);
    app.stop().await;
}

#[tokio::test]
async fn who_hangs_up_and_asks_again_gets_the_same_refund() {
    let acquirer = ScriptedAcquirer::new();
    let app = started(&acquirer).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Hang);
    let cancel = tokio::spawn(shop.cancel(&paid.key, &json!({ "amount": 1_000 })).into_future());
    acquirer.hanging(1).await;
    cancel.abort();
    acquirer.release(Play::Approve);
    let balance = async || shop.payment(&paid.key).await.data()["balanceAmount"] == 14_000;
    eventually("it was given back", balance).await;
    eventually("the same call is the same refund", async || {
        shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data()["balanceAmount"] == 14_000
    })
    .await;
    assert_eq!(acquirer.refunded(), [1_000]);
    app.stop().await;
}
