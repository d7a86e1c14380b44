//! Many at once: one owner, one charge, never more given back than was taken.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Call, Play, ScriptedAcquirer, Shop, TestApp, fresh, spawn_app};

async fn scripted() -> (TestApp, Arc<ScriptedAcquirer>) {
    let acquirer = ScriptedAcquirer::new();
    (TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await, acquirer)
}

/// Sends them all at once.
async fn all(calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for call in calls {
        running.spawn(call.into_future());
    }
    running.join_all().await
}

/// How many answers of each kind.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(format!("{} {}", answer.status, answer.code()).trim().to_owned()).or_default() += 1;
    }
    tally
}

#[tokio::test]
async fn of_200_customers_who_approve_one_code_at_once_exactly_one_owns_it() {
    let (app, acquirer) = scripted().await;
    let shop = app.shop().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut customers = Vec::new();
    for _ in 0..200 {
        customers.push(app.customer_with_card().await);
    }
    let answers = all(customers.iter().map(|customer| customer.approve(&token))).await;
    let wanted = BTreeMap::from([("200".to_owned(), 1), ("409 PAYMENT_CLAIMED_BY_ANOTHER".to_owned(), 199)]);
    assert_eq!(tally(&answers), wanted);
    assert_eq!(acquirer.verified(), 1);
    let key = answers.iter().find(|answer| answer.status == 200).unwrap().data()["paymentKey"].clone();
    assert_eq!(shop.status(&order).await.data()["paymentKey"], key);
    app.stop().await;
}

#[tokio::test]
async fn of_200_confirms_at_once_exactly_one_charges() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Hang);
    let confirms = tokio::spawn(all(vec![shop.confirm_of(&approved); 200]));
    acquirer.hanging(1).await;
    acquirer.release(Play::Approve);
    let answers = confirms.await.unwrap();
    let tally = tally(&answers);
    let good = tally.get("200").copied().unwrap_or_default();
    let late = tally.get("409 ALREADY_CONFIRMED").copied().unwrap_or_default();
    assert!(good >= 1 && good + late == 200, "{tally:?}");
    assert_eq!(acquirer.authorized().into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(shop.state(&approved.order).await, "DONE");
}

#[tokio::test]
async fn five_hundred_payments_at_once_are_all_paid() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let mut customers = Vec::new();
    for _ in 0..10 {
        customers.push(app.customer_with_card().await);
    }
    let mut running = JoinSet::new();
    for n in 0..500 {
        let (shop, customer) = (shop.clone(), customers[n % customers.len()].clone());
        running.spawn(async move {
            let paid = shop.paid_by(&customer, 1_000).await;
            shop.state(&paid.order).await
        });
    }
    let states = running.join_all().await;
    assert_eq!(states, vec!["DONE"; 500]);
    assert_eq!(app.sandbox.totals().approved.count, 500);
    assert_eq!(app.sandbox.totals().held(), 500_000);
    assert_eq!(shop.payments().await.data()["totalCount"], 500);
    app.stop().await;
}

#[tokio::test]
async fn of_100_creates_of_one_order_at_once_exactly_one_succeeds() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    let answers = all((0..100).map(|n| shop.create(&Shop::order(1_000 + n, &order)))).await;
    let wanted = BTreeMap::from([("200".to_owned(), 1), ("409 ORDER_ALREADY_EXISTS".to_owned(), 99)]);
    assert_eq!(tally(&answers), wanted);
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], 1);
    let token = answers.iter().find(|answer| answer.status == 200).unwrap().data()["token"].clone();
    let customer = app.customer_with_card().await;
    customer.approve(token.as_str().unwrap()).await.data();
}

#[tokio::test]
async fn refunds_at_once_never_exceed_the_amount() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let part = json!({ "amount": 1_000 });
    let calls =
        (0..60).map(|n| if n % 2 == 0 { shop.cancel(&paid.key, &part) } else { shop.desk_cancel(&paid.key, &part) });
    let answers = all(calls).await;
    let wanted = BTreeMap::from([("200".to_owned(), 15), ("409 NOTHING_LEFT".to_owned(), 45)]);
    assert_eq!(tally(&answers), wanted);
    assert_eq!(acquirer.refunded(), vec![1_000; 15]);
    assert_eq!(shop.state(&paid.order).await, "CANCELED");
}

#[tokio::test]
async fn full_refunds_at_once_give_back_once() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let everything = json!({});
    let calls = (0..30).map(|n| match n % 3 {
        0 => shop.cancel(&paid.key, &everything),
        1 => shop.desk_cancel(&paid.key, &everything),
        _ => shop.cancel_order(&paid.order, &everything),
    });
    let answers = all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{:?}", tally(&answers));
    assert_eq!(acquirer.refunded(), [15_000]);
}

#[tokio::test]
async fn a_confirm_and_a_cancel_at_once_leave_a_charge_or_a_cancel_and_never_both() {
    let (app, acquirer) = scripted().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut done = 0;
    for n in 0..40 {
        let approved = app.approved_payment(&shop, &customer).await;
        let calls = [shop.confirm_of(&approved), customer.give_up(&approved.token)];
        let answers = all(if n % 2 == 0 {
            calls
        } else {
            let [a, b] = calls;
            [b, a]
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{:?}", tally(&answers));
        let payment = shop.payment(&approved.key).await.data();
        let charged = payment["status"] == "DONE";
        assert!(charged || payment["status"] == "CANCELED", "{payment}");
        done += usize::from(charged);
        assert_eq!(payment["balanceAmount"], if charged { 15_000 } else { 0 });
        assert_eq!(acquirer.authorized().len(), done, "a canceled payment was never charged");
    }
}

#[tokio::test]
async fn an_approve_and_a_cancel_at_once_end_in_a_defined_state() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    for _ in 0..30 {
        let order = fresh("order");
        let token = shop.token_of(15_000, &order).await;
        let answers = all([customer.approve(&token), shop.cancel_order(&order, &json!({}))]).await;
        for answer in &answers {
            assert!(answer.status == 200 || answer.code() == "PAYMENT_CANCELED", "{}", answer.json);
        }
        assert_eq!(shop.state(&order).await, "CANCELED");
    }
}

#[tokio::test]
async fn one_sign_up_of_many_at_once_takes_an_e_mail() {
    let app = spawn_app().await;
    let body = json!({ "email": format!("{}@example.com", fresh("a")), "password": "pass1234", "name": "상점" });
    for (path, good) in [("/api/v1/p/user/sign-up", "201"), ("/api/backoffice/v1/sign-up", "200")] {
        let answers = all((0..30).map(|_| app.http.post(path, &body))).await;
        let wanted = BTreeMap::from([(good.to_owned(), 1), ("409 EMAIL_ALREADY_EXISTS".to_owned(), 29)]);
        assert_eq!(tally(&answers), wanted);
    }
}

#[tokio::test]
async fn one_registration_of_many_at_once_takes_a_card() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let body = crate::support::card(&crate::support::CARDS[0]);
    let answers = all((0..30).map(|_| customer.add_card(&body))).await;
    let wanted = BTreeMap::from([("200".to_owned(), 1), ("409 CARD_ALREADY_REGISTERED".to_owned(), 29)]);
    assert_eq!(tally(&answers), wanted);
}
