//! The built-in sandbox speaks the same protocol, over a real socket.

use paygate::acquirer::{Behaviour, Dialect};
use serde_json::json;

use crate::support::{CARDS, Process, TestApp, TestDatabase, card, card_of, command};

async fn sandbox(database: &TestDatabase) -> Process {
    Process::run(command(database, &["sandbox", "--listen", "127.0.0.1:0"], &[])).await
}

async fn in_front_of(network: &Process, dialect: Dialect) -> TestApp {
    let base_url = network.http.base().to_owned();
    TestApp::with(move |settings| {
        settings.acquirer.card.base_url = base_url;
        settings.acquirer.card.dialect = dialect;
        settings.resolution.inquiry_every_ms = 20;
        settings.acquirer.card.call_timeout_ms = 1_000;
    })
    .configured_acquirer()
    .start()
    .await
}

#[tokio::test]
async fn a_whole_payment_goes_over_the_socket_in_both_dialects() {
    let database = TestDatabase::create().await;
    let network = sandbox(&database).await;
    for dialect in [Dialect::V1, Dialect::Basic] {
        let app = in_front_of(&network, dialect).await;
        let (shop, customer) = app.shop_and_customer().await;
        let paid = app.done_payment(&shop, &customer).await;
        if dialect == Dialect::V1 {
            shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data();
            shop.cancel(&paid.key, &json!({})).await.data();
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn each_special_card_ends_as_it_says() {
    let database = TestDatabase::create().await;
    let network = sandbox(&database).await;
    let app = in_front_of(&network, Dialect::V1).await;
    let shop = app.shop().await;
    for (behaviour, end) in [
        (Behaviour::Declined, "payment-aborted"),
        (Behaviour::LimitExceeded, "payment-aborted"),
        (Behaviour::Lost, "payment-aborted"),
        // Charged, but nobody told us: the record does.
        (Behaviour::DeadAfter, "payment-done"),
        (Behaviour::Garbage, "payment-done"),
        (Behaviour::ErrorAfter, "payment-done"),
    ] {
        let customer = app.customer().await;
        customer.add_card(&card_of(behaviour)).await.data();
        let approved = app.approved_payment(&shop, &customer).await;
        let confirmed = shop.confirm_of(&approved).await;
        shop.events(&approved.order).listen().await.until(end).await;
        let charged = end == "payment-done";
        assert!(confirmed.status != 200 || charged, "{behaviour:?}: {}", confirmed.json);
        assert_eq!(shop.payment(&approved.key).await.data()["balanceAmount"], if charged { 15_000 } else { 0 });
    }
    app.stop().await;
}

#[tokio::test]
async fn the_network_remembers_over_its_own_restart() {
    let database = TestDatabase::create().await;
    let network = sandbox(&database).await;
    let address = network.http.base().trim_start_matches("http://").to_owned();
    let app = in_front_of(&network, Dialect::V1).await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    network.kill();
    let again = Process::run(command(&database, &["sandbox", "--listen", &address], &[])).await;
    assert_eq!(again.http.base(), format!("http://{address}"));
    shop.cancel(&paid.key, &json!({})).await.data();
    customer.add_card(&card(&CARDS[1])).await.data();
    app.stop().await;
}
