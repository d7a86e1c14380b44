//! `GET /payments` and `GET /payments/{paymentKey}/transactions`.

use serde_json::{Value, json};

use crate::support::{TestApp, TestClock, fresh, spawn_app};

fn orders(page: &Value) -> Vec<&str> {
    page["payments"].as_array().unwrap().iter().map(|payment| payment["orderId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_payment_in_the_list_tells_everything_about_itself() {
    let clock = TestClock::at("2026-11-22T15:00:00.25Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 5_000, "reason": "반품" })).await.data();
    let page = customer.payments().await.data();
    let payment = &page["payments"][0];
    let transactions = payment["transactions"].as_array().unwrap();
    let ids: Vec<&Value> = transactions.iter().map(|transaction| &transaction["id"]).collect();
    assert!(ids.iter().all(|id| id.is_string()), "{ids:?}");
    let at = "2026-11-22T15:00:00.250000Z";
    let wanted = json!({
        "paymentKey": paid.key, "cardNumber": "****-****-****-0001", "accountId": customer.id,
        "paymentType": "CARD", "orderId": paid.order, "orderName": "드립 커피 세트",
        "status": "PARTIAL_CANCELED", "merchantName": shop.name, "amount": 15_000, "balanceAmount": 10_000,
        "createdAt": at,
        "transactions": [
            { "id": ids[0], "paymentKey": paid.key, "amount": -5_000, "status": transactions[0]["status"],
              "reason": "반품", "requestedAt": at, "completedAt": at },
            { "id": ids[1], "paymentKey": paid.key, "amount": 15_000, "status": "APPROVED",
              "reason": null, "requestedAt": at, "completedAt": at },
        ],
    });
    assert_eq!(*payment, wanted);
    assert_eq!(customer.transactions(&paid.key).await.data(), wanted, "alone it is the same");
    assert_eq!(page.as_object().unwrap().keys().collect::<Vec<_>>(), ["payments"]);
    app.stop().await;
}

#[tokio::test]
async fn only_payments_in_which_money_moved_are_listed() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    shop.token_of(15_000, &fresh("order")).await;
    let approved = app.approved_payment(&shop, &customer).await;
    assert_eq!(customer.payments().await.data(), json!({ "payments": [] }));
    let given_up = app.approved_payment(&shop, &customer).await;
    customer.give_up(&given_up.token).await.data();
    assert_eq!(customer.payments().await.data(), json!({ "payments": [] }));
    shop.confirm_of(&approved).await.data();
    assert_eq!(orders(&customer.payments().await.data()), [&approved.order]);
    let alone = customer.transactions(&given_up.key).await.data();
    assert_eq!((&alone["status"], &alone["transactions"]), (&json!("CANCELED"), &json!([])));
}

#[tokio::test]
async fn a_customer_sees_own_payments_only() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let (mine, theirs) = (app.done_payment(&shop, &customer).await, app.done_payment(&shop, &other).await);
    assert_eq!(orders(&customer.payments().await.data()), [&mine.order]);
    assert_eq!(orders(&other.payments().await.data()), [&theirs.order]);
    customer.transactions(&theirs.key).await.refused(404, "PAYMENT_NOT_FOUND");
    for key in ["x", "%00", "%F0%9F%98%80"] {
        customer.transactions(key).await.refused(404, "PAYMENT_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_list_is_paged_newest_first_and_nothing_is_lost_or_doubled() {
    // All at the same instant: only a second criterion keeps the pages stable.
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut made = Vec::new();
    for _ in 0..23 {
        made.push(app.done_payment(&shop, &customer).await.order);
    }
    made.reverse();
    let page =
        async |page: &str, limit: &str| customer.payments().query("page", page).query("limit", limit).await.data();
    assert_eq!(orders(&customer.payments().await.data()), made[..10], "ten by default, from the first page");
    assert_eq!(orders(&page("0", "20").await), made[..20]);
    assert_eq!(orders(&page("1", "20").await), made[20..]);
    assert_eq!(orders(&page("2", "20").await), [""; 0]);
    assert_eq!(orders(&page("1000000", "20").await), [""; 0]);
    for at in 0..23 {
        assert_eq!(orders(&page(&at.to_string(), "1").await), made[at..=at]);
    }
}

#[tokio::test]
async fn page_limit_and_status_outside_their_bounds_are_named() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let numbers = ["-1", "1.5", "x", " ", "", "99999999999999999999", "1e3", "0x1", "１"];
    for bad in numbers {
        customer.payments().query("page", bad).english().await.refused_field("page");
        shop.payments().query("page", bad).english().await.refused_field("page");
    }
    for bad in numbers.into_iter().chain(["0", "21"]) {
        customer.payments().query("limit", bad).english().await.refused_field("limit");
        shop.payments().query("limit", bad).english().await.refused_field("limit");
    }
    for bad in ["DONE", "approved", "APPROVED,CANCELED", "*", "\u{0}", "REFUNDED "] {
        customer.payments().query("status", bad).english().await.refused_field("status");
        shop.payments().query("status", bad).english().await.refused_field("status");
    }
    for good in ["1", "20"] {
        customer.payments().query("limit", good).query("unknown", "tolerated").await.data();
    }
}

#[tokio::test]
async fn a_status_finds_payments_that_have_such_a_transaction() {
    let clock = TestClock::at("2026-11-22T14:00:00Z");
    let acquirer = crate::support::ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| {}).clock(&clock).acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let untouched = app.done_payment(&shop, &customer).await;
    let canceled = app.done_payment(&shop, &customer).await;
    let refunded = app.done_payment(&shop, &customer).await;
    let both = app.done_payment(&shop, &customer).await;
    for payment in [&canceled, &both] {
        shop.cancel(&payment.key, &json!({ "amount": 1_000 })).await.data();
    }
    clock.set("2026-11-22T15:30:00Z");
    for payment in [&refunded, &both] {
        shop.cancel(&payment.key, &json!({ "amount": 1_000 })).await.data();
    }
    let with = async |status: &str| {
        let theirs = customer.payments().query("status", status).await.data();
        let ours = shop.payments().query("status", status).await.data();
        assert_eq!(theirs["payments"], ours["payments"], "customer and shop see the same");
        assert_eq!(ours["totalCount"], ours["payments"].as_array().unwrap().len());
        let mut orders: Vec<String> = orders(&theirs).into_iter().map(str::to_owned).collect();
        orders.reverse();
        orders
    };
    let order = |payments: &[&crate::support::Approved]| -> Vec<String> {
        payments.iter().map(|payment| payment.order.clone()).collect()
    };
    assert_eq!(with("APPROVED").await, order(&[&untouched, &canceled, &refunded, &both]));
    assert_eq!(with("CANCELED").await, order(&[&canceled, &both]));
    assert_eq!(with("REFUNDED").await, order(&[&refunded, &both]));
    customer.payments().query("status", "").await.refused(400, "INVALID_REQUEST");
}
