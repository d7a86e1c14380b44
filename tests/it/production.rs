//! Production starts with everything that it needs, or says what is missing.

use serde_json::json;

use crate::support::{Process, TestDatabase, command, run};

const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

const READY: [(&str, &str); 4] = [
    ("PAYGATE__ENV", "production"),
    ("PAYGATE__VAULT__MASTER_KEY", MASTER_KEY),
    ("PAYGATE__ACQUIRER__CARD__BASE_URL", "https://card-network.example.com"),
    ("PAYGATE__SERVER__PUBLIC_URL", "https://pay.example.com"),
];

/// `READY` with other values for some.
fn ready_but<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    READY.iter().chain(changes).copied().collect()
}

async fn refuses(database: &TestDatabase, variables: &[(&str, &str)], reasons: &[&str]) {
    let (status, log) = run(command(database, &[], variables)).await;
    assert!(!status.success(), "{variables:?} must not start: {log}");
    for reason in reasons {
        assert!(log.contains(reason), "it says why ({reason}): {log}");
    }
}

async fn migrated() -> TestDatabase {
    let database = TestDatabase::create().await;
    // The schema needs nothing of all that.
    let (migrated, log) = run(command(&database, &["migrate"], &[("PAYGATE__ENV", "production")])).await;
    assert!(migrated.success(), "{log}");
    database
}

const NETWORK: &str = "PAYGATE__ACQUIRER__CARD__BASE_URL";
const PUBLIC: &str = "PAYGATE__SERVER__PUBLIC_URL";

#[tokio::test]
async fn production_refuses_to_start_without_each_thing_that_it_needs_and_names_it() {
    let database = migrated().await;
    for (name, value, reason) in [
        ("PAYGATE__VAULT__MASTER_KEY", "", "PAYGATE__VAULT__MASTER_KEY"),
        (NETWORK, "", "PAYGATE__ACQUIRER__CARD__BASE_URL"),
        (NETWORK, "http://card-network.example.com", "acquirer.card.base_url is not https"),
        (NETWORK, "http://127.0.0.1:8090", "acquirer.card.allow_http_on_loopback"),
        (PUBLIC, "", "PAYGATE__SERVER__PUBLIC_URL"),
        (PUBLIC, "http://pay.example.com", "server.public_url is not https"),
        (PUBLIC, "pay.example.com", "server.public_url must be an address"),
        (PUBLIC, "https://pay.example.com/base", "server.public_url must not have a path"),
        (NETWORK, "htps://card-network.example.com", "acquirer.card.base_url must begin with https://"),
        ("PAYGATE__DEMO__SEED", "true", "demo.seed"),
    ] {
        refuses(&database, &ready_but(&[(name, value)]), &[reason]).await;
    }
    // The permission is for this machine alone.
    let elsewhere = [(NETWORK, "http://10.0.0.1:8090"), ("PAYGATE__ACQUIRER__CARD__ALLOW_HTTP_ON_LOOPBACK", "true")];
    refuses(&database, &ready_but(&elsewhere), &["acquirer.card.base_url is not https"]).await;
    assert!(!database.data_dir().join("master.key").exists(), "no secret was made");
}

#[tokio::test]
async fn production_names_all_that_is_missing_at_once() {
    let database = migrated().await;
    let bare = [("PAYGATE__ENV", "production"), ("PAYGATE__DEMO__SEED", "true")];
    let all = ["PAYGATE__VAULT__MASTER_KEY", NETWORK, PUBLIC, "demo.seed"];
    refuses(&database, &bare, &all).await;
}

#[tokio::test]
async fn production_does_not_change_the_schema_by_itself() {
    let database = TestDatabase::create().await;
    refuses(&database, &READY, &["paygate migrate"]).await;
}

#[tokio::test]
async fn production_starts_with_all_of_it_and_has_no_demo() {
    let database = migrated().await;
    let mut start = command(&database, &[], &READY);
    // The default of the demo depends on the environment.
    start.env_remove("PAYGATE__DEMO__SEED");
    let process = Process::run(start).await;
    let demo = json!({ "email": paygate::demo::SHOP_EMAIL, "password": paygate::demo::PASSWORD });
    process.http.post("/api/backoffice/v1/sign-in", &demo).await.refused(400, "SIGN_IN_FAILED");
}

#[tokio::test]
async fn production_reaches_a_sidecar_on_loopback_when_it_is_told_so() {
    let database = migrated().await;
    let network = Process::run(command(&database, &["sandbox", "--listen", "127.0.0.1:0"], &[])).await;
    let sidecar = [(NETWORK, network.http.base()), ("PAYGATE__ACQUIRER__CARD__ALLOW_HTTP_ON_LOOPBACK", "true")];
    let process = Process::start(&database, &ready_but(&sidecar)).await;
    assert_eq!(process.http.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn the_example_for_production_starts_with_its_secrets_alone() {
    let database = migrated().await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/production.toml");
    let variables = [("PAYGATE__VAULT__MASTER_KEY", MASTER_KEY)];
    let process = Process::run(command(&database, &["--config", example], &variables)).await;
    assert_eq!(process.http.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn an_empty_variable_counts_as_not_set() {
    let database = TestDatabase::create().await;
    let empty = [
        "PAYGATE__VAULT__PREVIOUS_KEYS",
        "PAYGATE__VAULT__MASTER_KEY",
        "PAYGATE__RESOLUTION__RETRY_AFTER_MS",
        "PAYGATE__DEMO__SEED",
        "PAYGATE__ENV",
        "PAYGATE__SERVER__WORKERS",
        "PAYGATE__SERVER__TRUST_FORWARDED_FOR",
        "PAYGATE__ACQUIRER__CARD__BASE_URL",
        "PAYGATE__ACQUIRER__CARD__DIALECT",
    ]
    .map(|name| (name, ""));
    let process = Process::start(&database, &empty).await;
    assert_eq!(process.http.get("/readyz").await.status, 200);
    process.kill();
    // Spaces and stray commas are no keys, either.
    let stray = [("PAYGATE__VAULT__PREVIOUS_KEYS", " , ")];
    Process::start(&database, &stray).await;
}

#[tokio::test]
async fn an_address_that_cannot_be_used_stops_the_start_and_is_named_also_locally() {
    let database = TestDatabase::create().await;
    for (name, value, reason) in [
        (PUBLIC, "https://pay.example.com/base", "server.public_url must not have a path"),
        (PUBLIC, "pay.example.com", "server.public_url must be an address"),
        (PUBLIC, "htps://pay.example.com", "server.public_url must begin with https:// or http://"),
        ("PAYGATE__SERVER__PHONE_APP_URL", "app.example.com/m", "server.phone_app_url must be an address"),
        ("PAYGATE__SERVER__PHONE_APP_URL", "/m?a=b", "server.phone_app_url must not have a query"),
        (
            NETWORK,
            "https://user:secret@card-network.example.com",
            "acquirer.card.base_url must not contain a user name",
        ),
        ("PAYGATE__DATABASE__URL", "mysql://db/paygate", "database.url must begin with"),
    ] {
        refuses(&database, &[(name, value)], &[reason]).await;
    }
}

#[tokio::test]
async fn the_password_of_a_database_url_is_never_printed() {
    let database = TestDatabase::create().await;
    for url in [
        "postgres://paygate:horse/staple@127.0.0.1:1/paygate",
        "postgres://paygate:horse#staple@127.0.0.1:1/paygate",
        "postgres://paygate:horse-staple@127.0.0.1:port/paygate",
        "postgre://paygate:horse-staple@127.0.0.1:1/paygate",
        "postgres://paygate:horse-staple@127.0.0.1:1/paygate",
        "postgres://paygate:horse-staple@127.0.0.1:1/paygate?sslmode=horse",
        "postgres:/paygate:horse-staple@127.0.0.1:1/paygate",
    ] {
        // One that can be read is connected to, and given up after a while.
        let is_whole = url.starts_with("postgres://paygate:horse-staple@127.0.0.1:1/paygate");
        let all = [&[][..], &["migrate"], &["audit"]];
        for arguments in &all[..if is_whole { 1 } else { all.len() }] {
            let patience = ("PAYGATE__DATABASE__ACQUIRE_TIMEOUT_MS", "500");
            let variables = [("PAYGATE__DATABASE__URL", url), ("PAYGATE__LOG__FILTER", "debug"), patience];
            let (status, log) = run(command(&database, arguments, &variables)).await;
            assert!(!status.success(), "{url}: {log}");
            assert!(!log.contains("staple"), "{url} {arguments:?}: {log}");
        }
    }
    let (status, log) =
        run(command(&database, &[], &[("PAYGATE__DATABASE", "postgres://u:horse-staple@db/pay")])).await;
    assert!(!status.success() && !log.contains("staple") && log.contains("database"), "{log}");
}
