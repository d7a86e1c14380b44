//! A stream ends with the key that opened it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Process, Shop, TestDatabase, fresh, spawn_app};

/// Within so long of the end of its key.
const AT_MOST: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_streams_of_a_revoked_key_end_within_a_second_and_those_of_others_stay() {
    let app = spawn_app().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let order = fresh("order");
    let token = shop.create(&Shop::order(15_000, &order)).await.data()["token"].as_str().unwrap().to_owned();
    let mut streams = Vec::new();
    for key in [&shop.secret, &shop.client] {
        let path = format!("/api/v1/p/merchant/sse/connect?orderId={order}");
        let mut stream = app.http.get(path).key(key).listen().await;
        stream.until("payment-ready").await;
        streams.push(stream);
    }
    let theirs = fresh("order");
    other.create(&Shop::order(1, &theirs)).await.data();
    let mut stays = other.events(&theirs).listen().await;
    stays.until("payment-ready").await;
    // Who looks at a checkout needs no key.
    let mut checkout = app.http.get(format!("/checkout/{token}/events")).listen().await;
    checkout.until("payment-ready").await;

    let keys = shop.issue_keys().await.data();
    let revoked = Instant::now();
    for stream in &mut streams {
        assert!(stream.until_end().await.is_empty());
    }
    assert!(revoked.elapsed() < AT_MOST, "{:?}", revoked.elapsed());
    let renewed = shop.with_keys(keys["apiKey"].as_str().unwrap(), keys["clientKey"].as_str().unwrap());
    let mut again = renewed.events(&order).listen().await;
    again.until("payment-ready").await;
    renewed.cancel_order(&order, &json!({})).await.data();
    again.until("payment-canceled").await;
    checkout.until("payment-canceled").await;
    other.cancel_order(&theirs, &json!({})).await.data();
    stays.until("payment-canceled").await;
    app.stop().await;
}

#[tokio::test]
async fn a_stream_ends_also_when_another_process_stopped_its_key() {
    let database = TestDatabase::create().await;
    // The sandbox is one process's own; nothing is charged here.
    let network = [("PAYGATE__ACQUIRER__CARD__BASE_URL", "http://127.0.0.1:9")];
    let nodes = [Process::start(&database, &network).await, Process::start(&database, &network).await];
    let shop = Shop::named(&nodes[0].http, "상점").await;
    let order = fresh("order");
    shop.create(&Shop::order(15_000, &order)).await.data();
    let mut stream = shop.at(&nodes[1].http).events(&order).listen().await;
    stream.until("payment-ready").await;
    shop.issue_keys().await.data();
    let revoked = Instant::now();
    stream.until_end().await;
    assert!(revoked.elapsed() < AT_MOST, "{:?}", revoked.elapsed());
}
