//! The real binary, killed, stopped and started again.

use std::{
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use paygate::acquirer::Behaviour;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{
    CARDS, Customer, Http, Process, Shop, TestDatabase, card, card_of, command, eventually, fresh, run,
};

/// What the process has acknowledged of one payment, latest last.
#[derive(Debug, Default, Clone)]
struct Acknowledged {
    order: String,
    key: Option<String>,
    confirmed: bool,
    refund: Option<Value>,
}

/// Plays payments until the server does not answer any more.
async fn play(shop: Shop, customer: Customer, log: Arc<Mutex<Vec<Acknowledged>>>) {
    let write = |entry: &Acknowledged| {
        let mut log = log.lock().unwrap();
        log.retain(|known: &Acknowledged| known.order != entry.order);
        log.push(entry.clone());
    };
    loop {
        let order = fresh("order");
        let Some(created) = shop.create(&Shop::order(15_000, &order)).attempt().await else { return };
        let mut entry = Acknowledged { order, ..Acknowledged::default() };
        write(&entry);
        let token = created.data()["token"].as_str().unwrap().to_owned();
        let Some(approved) = customer.approve(&token).attempt().await else { return };
        let key = approved.data()["paymentKey"].as_str().unwrap().to_owned();
        entry.key = Some(key.clone());
        write(&entry);
        let confirm = json!({ "orderId": entry.order, "paymentKey": key, "amount": 15_000 });
        let Some(confirmed) = shop.confirm(&confirm).attempt().await else { return };
        confirmed.data();
        entry.confirmed = true;
        write(&entry);
        let Some(refunded) = shop.cancel(&key, &json!({ "amount": 1_000 })).attempt().await else { return };
        entry.refund = Some(refunded.data()["id"].clone());
        write(&entry);
    }
}

async fn check(shop: &Shop, entry: &Acknowledged) {
    let payment = shop.payment_of_order(&entry.order).await.data();
    let seen = || format!("{entry:?} {payment}");
    if let Some(key) = &entry.key {
        assert_eq!(payment["paymentKey"], key.as_str(), "{}", seen());
    }
    let transactions = payment["transactions"].as_array().unwrap();
    if entry.confirmed {
        let charges = transactions.iter().filter(|transaction| transaction["status"] == "APPROVED").count();
        assert_eq!(charges, 1, "{}", seen());
    }
    if let Some(refund) = &entry.refund {
        assert!(transactions.iter().any(|transaction| &transaction["id"] == refund), "{}", seen());
        assert_eq!(payment["balanceAmount"], 14_000, "{}", seen());
    }
}

#[tokio::test]
async fn a_killed_process_has_forgotten_nothing_that_it_acknowledged() {
    let database = TestDatabase::create().await;
    let log: Arc<Mutex<Vec<Acknowledged>>> = Arc::default();
    let mut process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    for round in 1..=2 {
        let (at, mut players) = (process.http.clone(), JoinSet::new());
        for _ in 0..8 {
            let customer = Customer::new(&at).await;
            customer.add_card(&card(&CARDS[0])).await.data();
            players.spawn(play(shop.at(&at), customer, log.clone()));
        }
        eventually("enough is under way", async || log.lock().unwrap().len() >= 60 * round).await;
        process.kill();
        players.join_all().await;
        process = Process::start(&database, &[]).await;
        let entries = log.lock().unwrap().clone();
        let shop = shop.at(&process.http);
        for entry in &entries {
            check(&shop, entry).await;
        }
        assert!(entries.iter().any(|entry| entry.refund.is_some()));
    }
    process.terminate();
    assert!(process.ended().await.0.success());
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_finishes_what_is_under_way_and_exits_well() {
    ends_in_order(Process::terminate).await;
}

#[tokio::test]
async fn a_process_that_is_interrupted_finishes_what_is_under_way_and_exits_well() {
    ends_in_order(Process::interrupt).await;
}

async fn ends_in_order(ask: fn(&Process)) {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card_of(Behaviour::Slow)).await.data();
    let approved = shop.approved_by(&customer, 15_000).await;
    let mut stream = shop.events(&approved.order).listen().await;
    stream.until("payment-in-progress").await;
    let confirm = tokio::spawn(shop.confirm_of(&approved).into_future());
    // The slow card answers after three seconds; by then the process has been asked to end.
    eventually("the confirm is under way", async || {
        shop.cancel(&approved.key, &json!({})).await.code() == "CONFIRM_IN_PROGRESS"
    })
    .await;
    ask(&process);
    assert_eq!(confirm.await.unwrap().data()["status"], "DONE");
    let rest = stream.until_end().await;
    assert!(rest.len() <= 1, "the stream ends, with or without the last event: {rest:?}");
    let (status, log) = process.ended().await;
    assert!(status.success(), "{log}");
    assert!(log.contains("stopped"), "{log}");
    let process = Process::start(&database, &[]).await;
    assert_eq!(shop.at(&process.http).state(&approved.order).await, "DONE");
}

#[tokio::test]
async fn what_a_local_installation_made_for_itself_is_there_after_a_restart() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card(&CARDS[0])).await.data();
    let key_file = database.data_dir().join("master.key");
    let mode = std::fs::metadata(&key_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "the key is its owner's alone");
    process.kill();
    let process = Process::start(&database, &[]).await;
    let (shop, customer) = (shop.at(&process.http), customer.at(&process.http));
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str());
    assert_eq!(customer.cards().await.data().as_array().unwrap().len(), 1);
    shop.paid_by(&customer, 15_000).await;
}

#[tokio::test]
async fn migrations_by_many_processes_at_once_are_safe() {
    let database = Arc::new(TestDatabase::create().await);
    let mut running = JoinSet::new();
    for _ in 0..4 {
        running.spawn(run(command(&database, &["migrate"], &[])));
    }
    for (status, log) in running.join_all().await {
        assert!(status.success(), "{log}");
    }
    let (again, log) = run(command(&database, &["migrate"], &[])).await;
    assert!(again.success(), "nothing is left to do: {log}");
    let process = Process::start(&database, &[]).await;
    Shop::named(&process.http, "상점").await;
}

#[tokio::test]
async fn two_servers_may_start_at_once_on_an_empty_database() {
    let database = TestDatabase::create().await;
    let other = database.folder().join("other");
    let key = ("PAYGATE__VAULT__MASTER_KEY", MASTER_KEY);
    let (here, there) = ([key], [("PAYGATE__DATA_DIR", other.to_str().unwrap()), key]);
    let (one, two) = tokio::join!(Process::start(&database, &here), Process::start(&database, &there));
    let shop = Shop::named(&one.http, "상점").await;
    let customer = Customer::new(&two.http).await;
    assert_eq!(customer.me().await.status, 200);
    drop(shop);
}

const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

async fn refuses(database: &TestDatabase, variables: &[(&str, &str)], why: &str) {
    let (status, log) = run(command(database, &[], variables)).await;
    assert!(!status.success(), "{variables:?} must not start: {log}");
    assert!(log.contains(why), "it says why ({why}): {log}");
}

#[tokio::test]
async fn a_local_start_fills_an_empty_database_with_a_demo_that_can_pay() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    demo_pays(&process.http).await;
    process.kill();
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    demo_pays(&process.http).await;
}

async fn demo_pays(http: &Http) {
    let sign_in = |email: &str| json!({ "email": email, "password": paygate::demo::PASSWORD });
    let desk = http.post("/api/backoffice/v1/sign-in", &sign_in(paygate::demo::SHOP_EMAIL)).await.data();
    let keys = http.get("/api/backoffice/v1/my-key").bearer(desk["accessToken"].as_str().unwrap()).await.data();
    let phone = http.post("/api/v1/p/user/sign-in", &sign_in(paygate::demo::CUSTOMER_EMAIL)).await.data();
    let order = fresh("order");
    let create = http.post("/api/v1/p/merchant", &Shop::order(1_000, &order)).key(keys["clientKey"].as_str().unwrap());
    let token = create.await.data()["token"].clone();
    let approve = http.post("/api/v1/p/user/authentication/simple", &json!({ "token": token }));
    let approved = approve.bearer(phone["accessToken"].as_str().unwrap()).await.data();
    let confirm = json!({ "orderId": order, "paymentKey": approved["paymentKey"], "amount": 1_000 });
    let confirm = http.post("/api/v1/p/merchant/confirm", &confirm).key(keys["apiKey"].as_str().unwrap());
    assert_eq!(confirm.await.data()["status"], "DONE");
}

#[tokio::test]
async fn a_configuration_that_makes_no_sense_is_refused_with_its_reason() {
    let database = TestDatabase::create().await;
    for (name, value, why) in [
        ("PAYGATE__VAULT__MASTER_KEY", "c2hvcnQ=", "32 bytes"),
        ("PAYGATE__SERVER__LISTEN", "nowhere", "address:port"),
        ("PAYGATE__SERVER__LISTENN", "127.0.0.1:0", "listenn"),
        ("PAYGATE__LIVE__HEARTBEAT_MS", "60000", "heartbeat_ms"),
        ("PAYGATE__PAYMENT__EXPIRES_AFTER_S", "0", "expires_after_s"),
        ("PAYGATE__ACQUIRER__CARD__DIALECT", "v9", "v9"),
        ("PAYGATE__ENV", "staging", "staging"),
    ] {
        refuses(&database, &[(name, value)], why).await;
    }
}

#[tokio::test]
async fn a_taken_address_is_refused_with_its_reason() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let address = process.http.base().trim_start_matches("http://").to_owned();
    refuses(&database, &[("PAYGATE__SERVER__LISTEN", &address)], "cannot listen").await;
}

#[tokio::test]
async fn the_manual_of_the_configuration_is_in_the_binary() {
    let database = TestDatabase::create().await;
    let (status, manual) = run(command(&database, &["config"], &[])).await;
    assert!(status.success());
    for key in ["[server]", "listen", "[vault]", "master_key", "[acquirer.card]", "dialect", "expires_after_s"] {
        assert!(manual.contains(key), "{key}");
    }
}
