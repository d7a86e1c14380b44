//! PostgreSQL's machine is gone without a word: what is connected hears nothing more, neither an answer nor an end.

use std::{
    net::ToSocketAddrs,
    time::{Duration, Instant},
};

use crate::support::{Customer, Process, Proxy, Shop, TestDatabase, card_of, eventually, fresh};
use paygate::acquirer::Behaviour;

/// A server behind a proxy; nothing on SQLite.
async fn behind_a_proxy(database: &TestDatabase) -> Option<(Process, Proxy)> {
    if !database.is_postgres() {
        return None;
    }
    let mut url = url::Url::parse(database.url()).unwrap();
    let target = (url.host_str().unwrap(), url.port().unwrap_or(5432)).to_socket_addrs().unwrap().next().unwrap();
    let proxy = Proxy::to(target).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let variables = [
        ("PAYGATE__DATABASE__URL", url.as_str()),
        ("PAYGATE__SERVER__SHUTDOWN_TIMEOUT_S", "2"),
        ("PAYGATE__ACTORS__DRAIN_TIMEOUT_MS", "2000"),
    ];
    Some((Process::start(database, &variables).await, proxy))
}

#[tokio::test]
async fn connections_that_hear_nothing_are_replaced_within_ten_seconds() {
    let database = TestDatabase::create().await;
    let Some((process, proxy)) = behind_a_proxy(&database).await else { return };
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card_of(Behaviour::Good)).await.data();
    let paid = shop.paid_by(&customer, 15_000).await;
    proxy.silence();
    let silent = Instant::now();
    eventually("payments are created again", async || {
        shop.create(&Shop::order(15_000, &fresh("order"))).await.status == 200
    })
    .await;
    assert!(silent.elapsed() < Duration::from_secs(10), "{:?}", silent.elapsed());
    eventually("the server is ready again", async || process.http.get("/readyz").await.status == 200).await;
    assert!(silent.elapsed() < Duration::from_secs(10), "{:?}", silent.elapsed());
    assert_eq!(shop.state(&paid.order).await, "DONE");
    shop.paid_by(&customer, 15_000).await;
    process.terminate();
    assert!(process.ended().await.0.success());
}

#[tokio::test]
async fn a_stop_ends_although_the_database_is_silent() {
    let database = TestDatabase::create().await;
    let Some((process, proxy)) = behind_a_proxy(&database).await else { return };
    let shop = Shop::named(&process.http, "상점").await;
    proxy.vanish();
    let call = tokio::spawn(std::future::IntoFuture::into_future(shop.create(&Shop::order(15_000, &fresh("order")))));
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.terminate();
    let asked = Instant::now();
    let (_, log) = process.ended().await;
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}: {log}", asked.elapsed());
    drop(call);
}
