//! `paygate why`: the life of one payment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Ran, beside, strange_keys};
use crate::support::{Approved, Customer, Shop, TestApp, spawn_app};

/// Approved, confirmed, and a part given back by the shop and another by its desk.
async fn a_life(app: &TestApp) -> (Shop, Customer, Approved) {
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 4_000, "reason": "단순 변심" })).await.data();
    shop.desk_cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
    (shop, customer, paid)
}

fn lines(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const LIFE: [(&str, &str); 10] = [
    ("created", "shop"),
    ("claimed", "customer"),
    ("verification_started", "customer"),
    ("verification_passed", "gateway"),
    ("authorization_requested", "shop"),
    ("approved", "gateway"),
    ("refund_requested", "shop"),
    ("refund_succeeded", "gateway"),
    ("refund_requested", "back_office"),
    ("refund_succeeded", "gateway"),
];

#[tokio::test]
async fn a_payments_life_is_told_as_json_line_by_line() {
    let app = spawn_app().await;
    let before = Timestamp::now();
    let (shop, customer, paid) = a_life(&app).await;
    let life = lines(&beside(&app, &["why", &paid.key, "--json"]).await);
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let told: Vec<_> = life.iter().map(|line| (word(&line["event"]["kind"]), word(&line["by"]["who"]))).collect();
    assert_eq!(told, LIFE.map(|(kind, who)| (kind.to_owned(), who.to_owned())));
    assert!(life.iter().zip(1..).all(|(line, seq)| line["seq"] == seq), "no event is left out: {life:?}");
    let times: Vec<Timestamp> = life.iter().map(|line| word(&line["at"]).parse().unwrap()).collect();
    assert!(times.is_sorted() && times[0] >= before && times[9] <= Timestamp::now(), "{times:?}");
    let id = |value: &Value| word(value).replace('-', "");
    assert_eq!(
        (id(&life[1]["by"]["id"]), id(&life[8]["by"]["id"])),
        (customer.id.replace('-', ""), shop.id.replace('-', ""))
    );
    // The numbers under which the acquirer knows each call are those of the shop's own view.
    let payment = shop.payment(&paid.key).await.data();
    let mut moved: Vec<_> = payment["transactions"].as_array().unwrap().iter().map(|one| id(&one["id"])).collect();
    let mut called: Vec<_> =
        [(4, "txn_no"), (6, "cancel_no"), (8, "cancel_no")].map(|(line, name)| id(&life[line]["event"][name])).to_vec();
    moved.sort();
    called.sort();
    assert_eq!(called, moved);
}

#[tokio::test]
async fn a_payments_life_is_told_to_people() {
    let app = spawn_app().await;
    let (_, customer, paid) = a_life(&app).await;
    let life = lines(&beside(&app, &["why", &paid.key, "--json"]).await);
    let told = beside(&app, &["why", &paid.key]).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    for said in [paid.order.as_str(), paid.key.as_str(), "PARTIAL_CANCELED", &customer.email, "단순 변심"] {
        assert!(told.out.contains(said), "{said}: {}", told.out);
    }
    // Each event in a line of its own, in order, with its number, its moment and the call's number.
    let mut rest = told.out.lines();
    for line in life {
        let (event, at) = (&line["event"], line["at"].as_str().unwrap());
        let number = ["txn_no", "cancel_no"].into_iter().find_map(|name| event[name].as_str());
        let number = number.unwrap_or_default().replace('-', "");
        let words = [event["kind"].as_str().unwrap(), &line["seq"].to_string(), &at[..19], &number];
        let found = rest.find(|told| words.iter().all(|word| told.replace("-", "").contains(&word.replace('-', ""))));
        assert!(found.is_some(), "{words:?}: {}", told.out);
    }
}

#[tokio::test]
async fn of_a_payment_that_is_not_there_nothing_is_told() {
    let app = spawn_app().await;
    let (_, _, paid) = a_life(&app).await;
    for key in strange_keys(&paid.key) {
        for json in [false, true] {
            let arguments = ["why", key.as_str(), "--json"];
            let ran = beside(&app, &arguments[..2 + usize::from(json)]).await;
            let told = ran.refused(1);
            assert!(told.lines().any(|line| line.starts_with("paygate: ")), "{key}: {told}");
        }
    }
}
