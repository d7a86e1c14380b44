//! The dialect of older acquirers: validate and approve only, no numbers.

use serde_json::{Value, json};

use super::network::Network;
use crate::support::{CARDS, Setup, card, fresh};
use paygate::acquirer::Dialect;

fn paygate(network: &Network) -> Setup {
    network.paygate_with(|settings| {
        settings.acquirer.card.dialect = Dialect::Basic;
        settings.resolution.inquiry_every_ms = 20;
        settings.resolution.inquiry_for_ms = 40;
        settings.resolution.retry_after_ms = vec![20];
    })
}

#[tokio::test]
async fn a_payment_needs_two_calls_and_no_numbers() {
    let network = Network::basic().await;
    let app = paygate(&network).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let confirmed = shop.confirm_of(&approved).await.data();
    assert_eq!(confirmed["status"], "DONE");
    assert!(confirmed["approvedAt"].as_str().unwrap().ends_with('Z'));
    let asked = network.asked().await;
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/mock/card/validate", "/mock/card/approve"]);
    let validate = json!({
        "cardNumber": CARDS[0].number, "expiryDate": CARDS[0].expiry, "cvc": CARDS[0].cvc,
        "cardCompany": CARDS[0].company,
    });
    assert_eq!(asked[0].body, validate);
    assert_eq!((&asked[1].body["cardNumber"], &asked[1].body["amount"]), (&json!(CARDS[0].number), &json!(15_000)));
    app.stop().await;
}

#[tokio::test]
async fn paths_are_configurable_here_too() {
    let network = Network::basic().await;
    let app = paygate(&network).with(|settings| settings.acquirer.card.paths.approve = "/old/approve".to_owned());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    app.done_payment(&shop, &customer).await;
    assert_eq!(network.asked_for("/old/approve").await.len(), 1);
}

#[tokio::test]
async fn a_card_is_verified_by_its_expiry_date_alone() {
    let network = Network::basic().await;
    let app = paygate(&network).start().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let mut expired = card(&CARDS[0]);
    expired["expirationPeriod"] = json!("08/20");
    // The old acquirer does not mind at registration.
    customer.add_card(&expired).await.data();
    let good = customer.add_card(&card(&CARDS[1])).await.data()["id"].clone();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    customer.approve(&token).await.refused(400, "CARD_EXPIRED");
    assert_eq!(shop.state(&order).await, "READY");
    customer.approve_with(&json!({ "token": token, "cardId": good })).await.data();
    assert_eq!(network.asked().await.len(), 2, "nobody was asked but at registration");
}

#[tokio::test]
async fn a_decline_is_final_here_too() {
    let network = Network::basic().await;
    let app = paygate(&network).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    network.answer("/approve", 400, &json!({ "code": "CARD_NOT_VALID", "message": "no" }));
    shop.confirm_of(&approved).await.refused(400, "CARD_NOT_VALID");
    assert_eq!(shop.state(&approved.order).await, "ABORTED");
}

#[tokio::test]
async fn an_unknown_outcome_stays_in_doubt_for_a_person_to_decide() {
    let network = Network::basic().await;
    let app = paygate(&network).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    network.answer("/approve", 500, &json!({}));
    for _ in 0..10 {
        shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    }
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    network.say_yes();
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let paths: Vec<String> = network.asked().await.into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/mock/card/validate", "/mock/card/approve"], "never charged again, and nobody to ask");
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
}

#[tokio::test]
async fn a_refund_is_refused_where_the_network_has_none() {
    let network = Network::basic().await;
    let app = paygate(&network).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let answer = shop.cancel(&paid.key, &json!({})).await;
    assert!(answer.status >= 400 && answer.outcome() != "unknown", "{}", answer.json);
    let payment: Value = shop.payment(&paid.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("DONE"), &json!(15_000)));
    assert_eq!(network.asked().await.len(), 2, "nobody was asked");
}
