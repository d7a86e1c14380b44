//! Fair shares: one merchant at its limit costs the others nothing.

use futures_util::future::join_all;

use crate::support::{Answer, Shop, TestApp, eventually, fresh};

impl Shop {
    /// The merchant as its pages know it: with the key that everybody can read there.
    fn page(&self) -> Self {
        self.with_keys(&self.client, &self.client)
    }
}

fn is_spent(answer: &Answer) {
    assert_eq!(answer.refused(429, "MERCHANT_LIMIT_REACHED").outcome(), "not_sent");
    assert_eq!(answer.header("retry-after").unwrap(), "1");
}

/// Creates payments until one is refused; how many there are, and the refusal.
async fn create_all(page: &Shop) -> (Vec<String>, Answer) {
    let mut orders = Vec::new();
    loop {
        let order = fresh("order");
        let answer = page.create(&Shop::order(15_000, &order)).await;
        if answer.status != 200 {
            return (orders, answer);
        }
        orders.push(order);
        assert!(orders.len() < 1_000, "there is a limit");
    }
}

#[tokio::test]
async fn a_client_key_that_creates_payments_without_end_leaves_room_for_every_other_merchant() {
    let app = TestApp::with(|settings| {
        settings.actors.max_payments = 64;
        settings.actors.linger_ms = 1;
    });
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (first, second) = (app.shop().await, app.shop().await);
    let (orders, refused) = create_all(&first.page()).await;
    assert_eq!(orders.len(), 33);
    is_spent(&refused);
    // A second one that does the same has its share of what is left, and the third one pays as ever.
    let (more, refused) = create_all(&second.page()).await;
    assert_eq!(more.len(), 16);
    is_spent(&refused);
    for _ in 0..5 {
        shop.paid_by(&customer, 15_000).await;
    }
    // What the first one has goes on, and what ends makes room.
    assert_eq!(first.state(&orders[0]).await, "READY");
    for order in &orders[..20] {
        first.cancel_order(order, &serde_json::json!({})).await.data();
    }
    let room = async || first.page().create(&Shop::order(15_000, &fresh("order"))).await.status == 200;
    eventually("there is room again", room).await;
}

#[tokio::test]
async fn a_flood_of_one_merchant_fills_its_part_of_the_journals_queue_and_no_more() {
    let app = TestApp::with(|settings| {
        settings.journal.queue = 32;
        settings.journal.max_batch = 4;
        settings.journal.writers = 1;
    });
    let app = app.start().await;
    let (shop, flood) = (app.shop().await, app.shop().await.page());
    // Nothing is written until all have arrived.
    let held = app.database.hold().await;
    let create = async |shop: &Shop| shop.create(&Shop::order(15_000, &fresh("order"))).await;
    let (flooded, others, ()) = tokio::join!(
        join_all((0..100).map(|_| create(&flood))),
        join_all((0..8).map(async |_| {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            create(&shop).await
        })),
        async {
            tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
            held.release().await;
        }
    );
    let refused = flooded.iter().filter(|answer| answer.status == 503).count();
    assert!(refused > 50, "the flood is larger than the queue: {refused}");
    for answer in others {
        assert_eq!(answer.status, 200, "{}", answer.json);
    }
}

#[tokio::test]
async fn streams_are_shared_between_merchants_and_between_addresses() {
    let app = TestApp::with(|settings| {
        settings.live.max_streams = 20;
        settings.server.trust_forwarded_for = true;
    });
    let app = app.start().await;
    let shops = [app.shop().await, app.shop().await, app.shop().await];
    let mut orders = Vec::new();
    for shop in &shops {
        let order = fresh("order");
        shop.token_of(15_000, &order).await;
        orders.push(order);
    }
    let listen = async |which: usize, address: String| {
        let call = shops[which].page().events(&orders[which]).header("x-forwarded-for", address);
        call.listen().await
    };
    let refused = async |which: usize, address: String| {
        shops[which].page().events(&orders[which]).header("x-forwarded-for", address).await
    };
    let mut open = Vec::new();
    // One client key, from many addresses: half of all.
    for number in 0..11 {
        open.push(listen(0, format!("203.0.113.{number}")).await);
    }
    is_spent(&refused(0, "203.0.113.99".to_owned()).await);
    // One address, with the keys of several merchants: no more than is left for others.
    for which in [1, 2, 1, 2, 1] {
        open.push(listen(which, "198.51.100.1".to_owned()).await);
    }
    let answer = refused(2, "198.51.100.1".to_owned()).await;
    answer.refused(429, "TOO_MANY_REQUESTS");
    assert!(answer.header("retry-after").is_some());
    open.push(listen(2, "198.51.100.2".to_owned()).await);
    drop(open);
    eventually("all streams are closed", async || app.http.get("/readyz").await.json["streams"] == 0).await;
}

#[tokio::test]
async fn one_address_cannot_take_all_streams_of_a_payment() {
    let app = TestApp::with(|settings| settings.server.trust_forwarded_for = true).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let events = |address: &str| shop.page().events(&order).header("x-forwarded-for", address);
    let mut open = Vec::new();
    for _ in 0..65 {
        open.push(events("203.0.113.1").listen().await);
    }
    events("203.0.113.1").await.refused(503, "OVERLOADED");
    open.push(events("203.0.113.2").listen().await);
}
