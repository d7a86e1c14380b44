//! What is told, in which order, in which words.

use paygate::{acquirer::Behaviour, domain::Reason};
use serde_json::{Value, json};

use crate::support::{CARDS, Event, Play, ScriptedAcquirer, TestApp, card, card_of, fresh, spawn_app};

fn ids(events: &[Event]) -> Vec<i64> {
    events.iter().filter_map(|event| event.id).collect()
}

#[tokio::test]
async fn a_payment_is_told_from_beginning_to_end_in_order() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut page = shop.events(&order).listen().await;
    let mut told = page.expect_all(&["onopen", "payment-ready"]).await;
    let approved = customer.approve(&token).await.data();
    told.extend(page.expect_all(&["payment-in-verificate", "payment-in-progress"]).await);
    let key = approved["paymentKey"].as_str().unwrap();
    shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).await.data();
    told.push(page.expect("payment-done").await);
    shop.cancel(key, &json!({ "amount": 5_000 })).await.data();
    told.push(page.expect("payment-partial-canceled").await);
    shop.cancel(key, &json!({})).await.data();
    told.push(page.expect("payment-canceled").await);
    assert_eq!(told[0], Event { id: None, name: "onopen".into(), data: "\"connect\"".into() });
    let ids = ids(&told);
    assert_eq!(ids.len(), told.len() - 1, "every event but the greeting has an id");
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids[0] > 0, "{ids:?}");
    for event in &told[1..] {
        let mut wanted = json!({ "status": event.name, "orderId": order, "merchantId": shop.id });
        if event.name == "payment-in-progress" {
            wanted["paymentKey"] = json!(key);
            wanted["amount"] = json!(15_000);
            wanted["cardNumber"] = json!("****-****-****-0001");
        }
        assert_eq!(event.json(), wanted);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_failed_verification_is_told_with_its_reason_and_the_next_one_begins_anew() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    customer.add_card(&card_of(Behaviour::FailsVerification)).await.data();
    let good = customer.add_card(&card(&CARDS[0])).await.data()["id"].clone();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut page = shop.events(&order).listen().await;
    let ready = page.expect_all(&["onopen", "payment-ready"]).await.pop().unwrap();
    assert_eq!(ready.json().get("failureCode"), None, "nothing has failed yet");
    customer.approve(&token).await.refused(400, "CARD_NOT_VALID");
    let again = page.expect_all(&["payment-in-verificate", "payment-ready"]).await.pop().unwrap();
    assert_eq!(again.json()["failureCode"], "CARD_NOT_VALID");
    customer.approve_with(&json!({ "token": token, "cardId": good })).await.data();
    let told = page.expect_all(&["payment-in-verificate", "payment-in-progress"]).await;
    assert!(told.iter().all(|event| event.json().get("failureCode").is_none()));
}

#[tokio::test]
async fn a_declined_charge_is_told_as_aborted() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut page = shop.events(&approved.order).listen().await;
    page.until("payment-in-progress").await;
    acquirer.on_authorize(Play::Decline(Reason::LimitExceeded));
    shop.confirm_of(&approved).await.refused(402, "LIMIT_EXCEEDED");
    assert_eq!(page.expect("payment-aborted").await.json()["failureCode"], "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn what_is_between_us_and_the_network_is_not_told() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let mut page = shop.events(&approved.order).listen().await;
    page.until("payment-in-progress").await;
    let mut wrong = approved.confirm();
    wrong["amount"] = json!(1);
    shop.confirm(&wrong).await.refused(400, "WRONG_AMOUNT");
    acquirer.on_authorize(Play::NotSent);
    shop.confirm_of(&approved).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    acquirer.on_authorize(Play::Approve);
    shop.confirm_of(&approved).await.data();
    acquirer.on_refund(Play::DECLINE);
    shop.cancel(&approved.key, &json!({})).await.refused(409, "REFUND_DECLINED");
    acquirer.on_refund(Play::Approve);
    shop.cancel(&approved.key, &json!({})).await.data();
    let told = page.expect_all(&["payment-done", "payment-canceled"]).await;
    assert!(told[1].id > told[0].id.map(|id| id + 1), "gaps in the ids are allowed, and here is one");
}

#[tokio::test]
async fn nothing_in_the_data_is_escaped_whatever_the_names_are() {
    let app = spawn_app().await;
    let shop = crate::support::Shop::named(&app.http, r#""따옴표" \ & <상점> 😀"#).await;
    let customer = app.customer_with_card().await;
    let order = "주문 😀/<'ⓐ'>";
    let body = json!({ "amount": 15_000, "orderId": order, "orderName": r#""\n" \ & <b>"# });
    let token = shop.create(&body).await.data()["token"].as_str().unwrap().to_owned();
    let mut page = shop.events(order).listen().await;
    page.until("payment-ready").await;
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).await.data();
    for event in page.until("payment-done").await {
        assert_eq!(event.json()["orderId"], order);
    }
    assert!(!page.raw().contains(&b'\\'), "one client strips backslashes before it parses");
    assert!(String::from_utf8_lossy(page.raw()).contains(order), "raw UTF-8");
}

#[tokio::test]
async fn every_event_has_a_name_of_the_contract() {
    let app = TestApp::with(|settings| settings.payment.expires_after_s = 1).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut expiring = shop.events(&order).listen().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.data();
    shop.cancel(&paid.key, &json!({})).await.data();
    let mut all = shop.events(&paid.order).listen().await.until("payment-canceled").await;
    all.extend(expiring.until("payment-expired").await);
    let known = [
        "onopen",
        "payment-ready",
        "payment-in-verificate",
        "payment-in-progress",
        "payment-done",
        "payment-canceled",
        "payment-aborted",
        "payment-expired",
        "payment-partial-canceled",
    ];
    for event in all {
        assert!(known.contains(&event.name.as_str()), "{event:?}");
        if event.name != "onopen" {
            assert_eq!(event.json()["status"], event.name.as_str());
        }
    }
}

#[tokio::test]
async fn two_streams_of_one_payment_hear_the_same_in_the_same_order() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut pages = [shop.events(&order).listen().await, shop.events(&order).listen().await];
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    let mut phone = customer.events(&shop.id, &order).header("custom-header", "x").listen().await;
    shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).await.data();
    let told = pages[0].until("payment-done").await;
    assert_eq!(told, pages[1].until("payment-done").await);
    assert_eq!(told, phone.until("payment-done").await, "the phone came late and hears all the same");
}

#[tokio::test]
async fn no_event_is_lost_or_doubled_when_streams_open_while_things_happen() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let refunds = tokio::spawn({
        let (shop, key) = (shop.clone(), paid.key.clone());
        async move {
            for _ in 0..60 {
                shop.cancel(&key, &json!({ "amount": 10 })).await.data();
            }
            shop.cancel(&key, &json!({})).await.data();
        }
    });
    let mut streams = Vec::new();
    // A payment has a limited number of streams, and an address a part of them.
    while !refunds.is_finished() && streams.len() < 60 {
        let stream = shop.events(&paid.order).listen().await;
        streams.push(tokio::spawn(async move {
            let mut stream = stream;
            ids(&stream.until("payment-canceled").await)
        }));
    }
    refunds.await.unwrap();
    let whole = ids(&shop.events(&paid.order).listen().await.until("payment-canceled").await);
    assert_eq!(whole.len(), 4 + 61, "{whole:?}");
    assert!(streams.len() > 3, "streams opened meanwhile");
    for stream in streams {
        assert_eq!(stream.await.unwrap(), whole);
    }
}

#[tokio::test]
async fn the_data_is_one_line_of_json() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let mut page = shop.events(&paid.order).listen().await;
    page.until("payment-done").await;
    let raw = String::from_utf8(page.raw().to_vec()).unwrap();
    for block in raw.split("\n\n").filter(|block| block.contains("event:")) {
        let lines: Vec<&str> = block.lines().filter(|line| line.starts_with("data:")).collect();
        assert_eq!(lines.len(), 1, "{block}");
        let data = lines[0].trim_start_matches("data:").trim();
        assert!(data == "\"connect\"" || serde_json::from_str::<Value>(data).unwrap().is_object(), "{data}");
    }
}
