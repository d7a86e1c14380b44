//! How long a stream stays, and what keeps it alive.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{TestApp, eventually, fresh, spawn_app};

#[tokio::test]
async fn a_comment_comes_when_nothing_else_does() {
    let app = TestApp::with(|settings| settings.live.heartbeat_ms = 100).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).listen().await;
    events.expect_all(&["onopen", "payment-ready"]).await;
    let started = Instant::now();
    for _ in 0..3 {
        let (told, _) = events.until_comment().await;
        assert_eq!(told, [], "a comment is no event");
    }
    let took = started.elapsed();
    assert!(took > Duration::from_millis(150) && took < Duration::from_secs(3), "three comments in {took:?}");
    app.stop().await;
}

#[tokio::test]
async fn comments_come_often_enough_by_default() {
    let live = paygate::config::Settings::load(None).unwrap().live;
    assert!(live.heartbeat_ms <= 15_000, "a client drops a stream after 45 s without a byte");
    assert_eq!(live.linger_s, 600);
}

#[tokio::test]
async fn a_stream_stays_open_after_a_final_state_with_comments() {
    let app = TestApp::with(|settings| settings.live.heartbeat_ms = 50).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let mut events = shop.events(&paid.order).listen().await;
    events.until("payment-done").await;
    for _ in 0..3 {
        events.until_comment().await;
    }
    shop.cancel(&paid.key, &json!({})).await.data();
    events.expect("payment-canceled").await;
    events.until_comment().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_linger_time_after_the_end_is_over() {
    let app = TestApp::with(|settings| settings.live.linger_s = 0).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut live = shop.events(&order).listen().await;
    live.until("payment-ready").await;
    customer.give_up(&token).await.data();
    assert_eq!(live.until_end().await.len(), 1, "the end is told before the stream ends");
    let history = shop.events(&order).listen().await.until_end().await;
    assert_eq!(history.last().unwrap().name, "payment-canceled");
}

#[tokio::test]
async fn a_stop_ends_all_streams_and_does_not_wait_for_them() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = shop.events(&order).listen().await;
        stream.until("payment-ready").await;
        streams.push(stream);
    }
    let started = Instant::now();
    let stop = tokio::spawn(app.stop());
    for mut stream in streams {
        assert_eq!(stream.until_end().await, []);
    }
    stop.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_place_back() {
    let app = TestApp::with(|settings| settings.live.max_streams = 1).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut first = shop.events(&order).listen().await;
    first.expect("onopen").await;
    let refused = shop.events(&order).await;
    assert_eq!(refused.refused(503, "OVERLOADED").outcome(), "not_sent");
    drop(first);
    eventually("the place is free", async || app.inside(async |app| app.payments.bus().open_streams()).await == 0)
        .await;
    shop.events(&order).listen().await.expect("onopen").await;
}

#[tokio::test]
async fn one_payment_holds_a_limited_number_of_streams() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut open = Vec::new();
    let refused = loop {
        let response = shop.events(&order).response().await;
        if response.status() != 200 {
            break response;
        }
        open.push(response);
        assert!(open.len() <= 1_000, "there is a limit");
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(open.len() >= 16, "room for pages, phones and tabs: {}", open.len());
}
