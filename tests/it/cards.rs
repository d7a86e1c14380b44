//! Section 3: a customer's cards.

use paygate::acquirer::Behaviour;
use serde_json::{Value, json};

use crate::support::{CARDS, Customer, Play, ScriptedAcquirer, TestApp, TestClock, card, card_of, fresh, spawn_app};

async fn add(customer: &Customer, which: usize) -> String {
    customer.add_card(&card(&CARDS[which])).await.data()["id"].as_str().unwrap().to_owned()
}

/// The last four digits of each card, the representative one starred.
async fn list(customer: &Customer) -> Vec<String> {
    shown(&customer.cards().await.data())
}

fn shown(cards: &Value) -> Vec<String> {
    let show = |card: &Value| {
        let star = if card["isRepresentative"] == true { "*" } else { "" };
        format!("{}{star}", card["cardNumber"].as_str().unwrap().rsplit('-').next().unwrap())
    };
    cards.as_array().unwrap().iter().map(show).collect()
}

#[tokio::test]
async fn a_registered_card_shows_its_last_four_digits_and_no_cvc() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    assert_eq!(customer.cards().await.data(), json!([]));
    let added = customer.add_card(&card(&CARDS[0])).await.data();
    let id = added["id"].as_str().unwrap();
    let wanted = json!({
        "id": id, "accountId": customer.id, "isRepresentative": true, "cardNumber": "****-****-****-0001",
        "expirationPeriod": CARDS[0].expiry, "cvc": "***", "cardCompany": CARDS[0].company,
    });
    assert_eq!(added, wanted);
    assert_eq!(customer.cards().await.data(), json!([wanted]));
    app.stop().await;
}

#[tokio::test]
async fn an_old_client_walks_through_five_cards() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let first = add(&customer, 0).await;
    let second = add(&customer, 1).await;
    assert_eq!(list(&customer).await, ["0002", "0001*"], "newest first, the first one is representative");
    let mut third = card(&CARDS[2]);
    third["isRepresentative"] = json!(true);
    third["cardId"] = json!("a stray one");
    customer.add_card(&third).await.data();
    assert_eq!(list(&customer).await, ["0003*", "0002", "0001"]);
    let mut fourth = card(&CARDS[3]);
    fourth["isRepresentative"] = json!(false);
    let fourth = customer.add_card(&fourth).await.data()["id"].as_str().unwrap().to_owned();
    let fifth = customer.add_card(&card_of(Behaviour::Declined)).await.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(list(&customer).await, ["0102", "0004", "0003*", "0002", "0001"]);
    let chosen = customer.choose_card(&second).await.data();
    assert_eq!(shown(&chosen), ["0102", "0004", "0003", "0002*", "0001"], "the whole list");
    let removed = customer.remove_card(&fourth).await.data();
    assert_eq!(removed["id"], fourth.as_str());
    assert_eq!(
        list(&customer).await,
        ["0102", "0003", "0002*", "0001"],
        "another one is removed: nothing else changes"
    );
    customer.remove_card(&second).await.data();
    assert_eq!(list(&customer).await, ["0102*", "0003", "0001"], "the newest one left takes over");
    customer.remove_card(&fifth).await.data();
    assert_eq!(list(&customer).await, ["0003*", "0001"]);
    customer.remove_card(&first).await.data();
    let last = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.remove_card(&last).await.data();
    assert_eq!(customer.cards().await.data(), json!([]));
    assert_eq!(add(&customer, 0).await.len(), first.len());
    assert_eq!(list(&customer).await, ["0001*"], "the first of a new list is representative again");
}

#[tokio::test]
async fn a_card_is_unique_for_an_account_and_not_for_all() {
    let app = spawn_app().await;
    let (one, other) = (app.customer().await, app.customer().await);
    add(&one, 0).await;
    add(&other, 0).await;
    one.add_card(&card(&CARDS[0])).await.refused(409, "CARD_ALREADY_REGISTERED");
    let mut undashed = card(&CARDS[0]);
    undashed["cardNumber"] = json!(CARDS[0].number.replace('-', ""));
    one.add_card(&undashed).await.refused(409, "CARD_ALREADY_REGISTERED");
    assert_eq!(one.cards().await.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_removed_card_can_come_back() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    for _ in 0..3 {
        let id = add(&customer, 0).await;
        customer.remove_card(&id).await.data();
        customer.remove_card(&id).await.refused(404, "REGISTERED_CARD_NOT_FOUND");
        customer.choose_card(&id).await.refused(404, "REGISTERED_CARD_NOT_FOUND");
    }
    add(&customer, 0).await;
    assert_eq!(list(&customer).await, ["0001*"]);
}

#[tokio::test]
async fn a_card_removed_between_approve_and_confirm_still_pays() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let id = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.remove_card(&id).await.data();
    let confirmed = shop.confirm_of(&approved).await.data();
    assert_eq!(confirmed["card"]["number"], "****-****-****-0001");
    assert_eq!(app.sandbox.totals().held(), 15_000);
}

#[tokio::test]
async fn the_number_of_a_removed_card_is_deleted_after_a_day() {
    let clock = TestClock::at("2026-11-22T00:00:00Z");
    let app = TestApp::with(|settings| settings.auth.access_token_s = 1_000_000).clock(&clock).start().await;
    let customer = app.customer().await;
    let removed = add(&customer, 0).await;
    add(&customer, 1).await;
    customer.remove_card(&removed).await.data();
    clock.set("2026-11-22T23:59:59Z");
    assert_eq!(app.sweep().await.cards, 0);
    clock.set("2026-11-23T00:00:01Z");
    assert_eq!(app.sweep().await.cards, 1);
    let id = removed.parse().unwrap();
    let row = app.inside(async move |app| app.store.card_of_payment(id).await.unwrap().unwrap()).await;
    assert!(row.sealed_pan.is_none());
    assert_eq!(list(&customer).await, ["0002*"]);
}

#[tokio::test]
async fn a_card_of_somebody_else_cannot_be_touched() {
    let app = spawn_app().await;
    let (one, other) = (app.customer().await, app.customer().await);
    let mine = add(&one, 0).await;
    add(&one, 1).await;
    for id in [mine.as_str(), "x", "%00", "0123456789abcdef0123456789abcdef"] {
        other.choose_card(id).await.refused(404, "REGISTERED_CARD_NOT_FOUND");
        other.remove_card(id).await.refused(404, "REGISTERED_CARD_NOT_FOUND");
    }
    assert_eq!(list(&one).await, ["0002", "0001*"]);
}

#[tokio::test]
async fn what_the_card_company_says_is_passed_on_and_nothing_is_stored() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let wrong = |field: &str, value: &str| {
        let mut body = card(&CARDS[0]);
        body[field] = json!(value);
        body
    };
    for (body, code) in [
        (wrong("cvc", "999"), "CARD_WRONG_CVC"),
        (wrong("expirationPeriod", "11/39"), "CARD_WRONG_EXP_DATE"),
        (wrong("cardCompany", "없는카드"), "CARD_WRONG_CARD_COMPANY"),
        (wrong("cardNumber", "9999-9999-9999-9999"), "CARD_NOT_FOUND"),
        (
            json!({ "cardNumber": "3075-2011-7507-4916", "expirationPeriod": "08/20", "cvc": "818", "cardCompany": "UnionPay" }),
            "CARD_EXPIRED",
        ),
    ] {
        let answer = customer.add_card(&body).await;
        assert_eq!(answer.refused(400, code).outcome(), "declined");
    }
    assert_eq!(customer.cards().await.data(), json!([]));
}

#[tokio::test]
async fn a_card_company_that_cannot_be_asked_is_a_passing_trouble() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer.clone()).start().await;
    let customer = app.customer().await;
    for play in [Play::NotSent, Play::Unknown] {
        acquirer.on_validate(play);
        customer.add_card(&card(&CARDS[0])).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
    }
    assert_eq!(customer.cards().await.data(), json!([]));
    acquirer.on_validate(Play::Approve);
    customer.add_card(&card(&CARDS[0])).await.data();
}

#[tokio::test]
async fn bad_input_to_a_registration_is_named() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let types = || [json!(null), json!(1), json!([]), json!({}), json!(true)].into_iter();
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let numbers = [
        "",
        "1234",
        "1234-5678-9012",
        "12345678901234567890",
        "abcd-efgh-ijkl-mnop",
        "１２３４-5678-9012-3456",
        "1234\u{0}56789012345",
    ];
    let bad = [
        ("cardNumber", texts(&numbers)),
        ("expirationPeriod", texts(&["", "1/26", "13/26", "00/26", "11-26", "11/2026", "é1/26", "11/2\u{0}"])),
        ("cvc", texts(&["", "12", "12345", "12a", "１２３", " 12"])),
        ("cardCompany", texts(&["", "   ", "a\nb", "a\u{0}", "a\u{85}b", &"x".repeat(51), &"😀".repeat(51)])),
    ];
    for (field, values) in bad {
        for value in types().chain(values) {
            let mut body = card(&CARDS[0]);
            body[field] = value;
            customer.add_card(&body).english().await.refused_field(field);
        }
        let mut missing = card(&CARDS[0]);
        missing.as_object_mut().unwrap().remove(field);
        customer.add_card(&missing).english().await.refused_field(field);
    }
    for flag in [json!("true"), json!(1), json!([])] {
        let mut body = card(&CARDS[0]);
        body["isRepresentative"] = flag;
        customer.add_card(&body).english().await.refused_field("isRepresentative");
    }
    assert_eq!(customer.cards().await.data(), json!([]));
}

#[tokio::test]
async fn a_customer_holds_a_limited_number_of_cards() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| {}).acquirer(acquirer).start().await;
    let customer = app.customer().await;
    let numbered = |number: u32| {
        let mut body = card(&CARDS[0]);
        body["cardNumber"] = json!(format!("9999-0000-0001-{number:04}"));
        body
    };
    for number in 0..20 {
        customer.add_card(&numbered(number)).await.data();
    }
    customer.add_card(&numbered(20)).await.refused(409, "TOO_MANY_CARDS");
    let id = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.remove_card(&id).await.data();
    customer.add_card(&numbered(20)).await.data();
}

#[tokio::test]
async fn the_representative_card_is_one_even_when_two_are_chosen_at_once() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut ids = vec![customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned()];
    for which in 1..4 {
        ids.push(add(&customer, which).await);
    }
    let chosen: Vec<_> = (0..40).map(|n| tokio::spawn(customer.choose_card(&ids[n % 4]).into_future())).collect();
    for answer in chosen {
        answer.await.unwrap().data();
    }
    let stars = list(&customer).await.iter().filter(|card| card.ends_with('*')).count();
    assert_eq!(stars, 1);
    customer.approve(&shop.token_of(15_000, &fresh("order")).await).await.data();
}
