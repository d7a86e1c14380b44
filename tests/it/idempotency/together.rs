//! The same call at the same time under the same key: one effect, and no answer but the first or "wait".

use std::sync::Arc;

use serde_json::json;

use crate::support::{Answer, CARDS, Call, Play, ScriptedAcquirer, Shop, TestApp, card, fresh};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

/// Makes the call 20 times at once.
async fn at_once(call: Call) -> Answer {
    times_at_once(20, call).await
}

/// Makes the call so often at once, each on a connection of its own. Each answer is the one success or "still running"; at least one is
/// the success, which is returned.
async fn times_at_once(times: usize, call: Call) -> Answer {
    let key = fresh("key");
    let calls: Vec<_> = (0..times).map(|_| tokio::spawn(call.clone().once(&key).into_future())).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    let told: Vec<_> = answers.iter().map(|answer| (answer.status, answer.code())).collect();
    let first = answers.iter().find(|answer| answer.status == 200).unwrap_or_else(|| panic!("{told:?}")).clone();
    for answer in &answers {
        if answer.status == 200 {
            assert_eq!(answer.bytes, first.bytes, "one answer only");
        } else {
            answer.refused(409, "IDEMPOTENCY_KEY_IN_USE");
            assert!(answer.header("retry-after").is_some(), "and the time to come back");
        }
    }
    assert_eq!(call.once(&key).await.bytes, first.bytes);
    first
}

#[tokio::test]
async fn a_create_at_once_makes_one_payment() {
    let (app, _) = scripted().await;
    let shop = app.shop().await;
    for _ in 0..5 {
        at_once(shop.create(&Shop::order(15_000, &fresh("order")))).await;
    }
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], 5);
}

#[tokio::test]
async fn an_approve_at_once_verifies_once() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    at_once(customer.approve(&token)).await;
    assert_eq!(acquirer.verified(), 1);
}

#[tokio::test]
async fn a_confirm_at_once_charges_once() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    for _ in 0..5 {
        let approved = app.approved_payment(&shop, &customer).await;
        assert_eq!(at_once(shop.confirm_of(&approved)).await.data()["status"], "DONE");
    }
    assert!(acquirer.authorized().values().all(|calls| *calls == 1));
    assert_eq!(acquirer.authorized().len(), 5);
}

#[tokio::test]
async fn a_refund_at_once_gives_back_once() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    at_once(shop.cancel(&paid.key, &json!({ "amount": 1_000 }))).await;
    at_once(shop.desk_cancel(&paid.key, &json!({ "amount": 1_000 }))).await;
    assert_eq!(acquirer.refunded(), [1_000, 1_000]);
    at_once(shop.cancel_order(&paid.order, &json!({}))).await;
    assert_eq!(acquirer.refunded(), [1_000, 1_000, 13_000]);
}

#[tokio::test]
async fn a_hundred_at_once_charge_once_and_give_back_once() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let charged = times_at_once(100, shop.confirm_of(&approved)).await.data();
    assert_eq!(charged["status"], "DONE");
    assert_eq!(acquirer.authorized().into_values().collect::<Vec<_>>(), [1]);
    let back = times_at_once(100, shop.cancel(&approved.key, &json!({ "amount": 1_000 }))).await.data();
    assert_eq!(
        (back["amount"].as_i64(), acquirer.refunded(), acquirer.refund_calls()),
        (Some(-1_000), vec![1_000], vec![1])
    );
    let payment = shop.payment(&approved.key).await.data();
    assert_eq!((&payment["balanceAmount"], payment["transactions"].as_array().unwrap().len()), (&json!(14_000), 2));
    app.stop().await;
}

#[tokio::test]
async fn giving_up_at_once_gives_up_once() {
    let (app, _) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    at_once(customer.give_up(&token)).await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    at_once(shop.cancel_order(&order, &json!({}))).await;
}

#[tokio::test]
async fn a_card_at_once_is_registered_once() {
    let (app, _) = scripted().await;
    let customer = app.customer().await;
    at_once(customer.add_card(&card(&CARDS[0]))).await;
    assert_eq!(customer.cards().await.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_at_once_are_issued_once() {
    let (app, _) = scripted().await;
    let shop = app.shop().await;
    let issued = at_once(shop.issue_keys()).await.data();
    assert_eq!(shop.my_key().await.data(), issued);
}

#[tokio::test]
async fn a_call_that_is_still_running_says_so() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let first = tokio::spawn(shop.confirm_of(&approved).once("k").into_future());
    acquirer.hanging(1).await;
    let second = shop.confirm_of(&approved).once("k").await;
    assert_eq!(second.refused(409, "IDEMPOTENCY_KEY_IN_USE").outcome(), "none");
    assert!(second.header("retry-after").is_some());
    let mut other = approved.confirm();
    other["amount"] = json!(1);
    shop.confirm(&other).once("k").await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    acquirer.release(Play::Approve);
    let first = first.await.unwrap();
    first.data();
    assert_eq!(shop.confirm_of(&approved).once("k").await.bytes, first.bytes);
}
