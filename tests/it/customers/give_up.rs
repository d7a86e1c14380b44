//! `POST /request/cancel`.

use serde_json::json;

use crate::support::{Play, ScriptedAcquirer, TestApp, fresh, spawn_app};

#[tokio::test]
async fn whoever_holds_the_token_may_give_up_before_anybody_claimed_it() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    // No card is needed.
    let somebody = app.customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).listen().await;
    let canceled = somebody.give_up(&token).await.data();
    let wanted = json!({
        "orderId": order, "merchantId": shop.id, "accountId": somebody.id, "orderStatus": "CANCELED",
    });
    assert_eq!(canceled, wanted);
    events.expect_all(&["onopen", "payment-ready", "payment-canceled"]).await;
    assert_eq!(shop.state(&order).await, "CANCELED");
}

#[tokio::test]
async fn the_payer_alone_may_give_up_afterwards() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let approved = app.approved_payment(&shop, &customer).await;
    other.give_up(&approved.token).await.refused(409, "PAYMENT_CLAIMED_BY_ANOTHER");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert_eq!(customer.give_up(&approved.token).await.data()["orderStatus"], "CANCELED");
    shop.confirm_of(&approved).await.refused(409, "PAYMENT_CANCELED");
    assert_eq!(app.sandbox.totals().approved.count, 0);
}

#[tokio::test]
async fn what_was_given_up_cannot_be_given_up_again() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let token = shop.token_of(15_000, &fresh("order")).await;
    customer.give_up(&token).await.data();
    customer.give_up(&token).await.refused(409, "PAYMENT_CANCELED");
}

#[tokio::test]
async fn after_the_charge_a_customer_cannot_give_up() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    customer.give_up(&paid.token).await.refused(409, "ALREADY_CONFIRMED");
    shop.cancel(&paid.key, &json!({})).await.data();
    customer.give_up(&paid.token).await.refused(409, "ALREADY_CONFIRMED");
}

#[tokio::test]
async fn while_a_confirm_is_under_way_a_customer_cannot_give_up() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    acquirer.hanging(1).await;
    customer.give_up(&approved.token).await.refused(409, "CONFIRM_IN_PROGRESS");
    acquirer.release(Play::DECLINE);
    confirm.await.unwrap().refused(402, "CARD_DECLINED");
}

#[tokio::test]
async fn a_customer_may_give_up_while_the_card_is_being_verified() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::Hang);
    let approve = tokio::spawn(customer.approve(&token).into_future());
    acquirer.hanging(1).await;
    customer.give_up(&token).await.data();
    approve.await.unwrap().refused(409, "PAYMENT_CANCELED");
    acquirer.release(Play::Approve);
    assert_eq!(shop.state(&order).await, "CANCELED");
}
