//! What the real binary writes to its log when nobody looks at a terminal: lines for machines.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{CARDS, Customer, PASSWORD, Process, Shop, TestDatabase, card, fresh};

/// All that a server wrote from its start to its end, line by line.
async fn written(process: Process) -> Vec<Value> {
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success(), "{log}");
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Whether a line says this, in whatever field.
fn says(line: &Value, text: &str) -> bool {
    match line {
        Value::String(said) => said == text,
        Value::Array(inner) => inner.iter().any(|inner| says(inner, text)),
        Value::Object(inner) => inner.values().any(|inner| says(inner, text)),
        _ => false,
    }
}

#[tokio::test]
async fn without_a_terminal_each_line_is_json_and_names_the_request_that_the_answer_names() {
    let database = TestDatabase::create().await;
    // What cannot be served is worth a line by itself, a refusal only when somebody looks for it.
    let nowhere = [("PAYGATE__ACQUIRER__CARD__BASE_URL", "http://127.0.0.1:9"), ("PAYGATE__LOG__FILTER", "debug")];
    let process = Process::start(&database, &nowhere).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    let refused = shop.create(&Shop::order(-1, &fresh("order"))).await;
    let failed = customer.add_card(&card(&CARDS[0])).await;
    failed.refused(503, "CARD_NETWORK_UNAVAILABLE");
    let (refused, failed) = (refused.header("x-request-id").unwrap(), failed.header("x-request-id").unwrap());
    let lines = written(process).await;
    let started = lines.iter().find(|line| line["message"].as_str().is_some_and(|said| said.starts_with("listening")));
    let started = started.unwrap_or_else(|| panic!("{lines:?}"));
    assert!(started["timestamp"].is_string() && started["level"] == "INFO", "{started}");
    let of = |id: &str| lines.iter().filter(|line| says(line, id)).count();
    assert!(of(failed) > 0 && of(refused) > 0 && failed != refused, "{lines:#?}");
    let is_told = |line: &Value| line["level"] == "WARN" && line["code"] == "CARD_NETWORK_UNAVAILABLE";
    assert!(lines.iter().any(|line| is_told(line) && says(line, failed)), "{lines:#?}");
}

#[tokio::test]
async fn whoever_wants_text_gets_text() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__LOG__FORMAT", "text")]).await;
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success() && log.lines().all(|line| serde_json::from_str::<Value>(line).is_err()), "{log}");
}

/// Addresses carry tokens (what a QR code leads to), headers carry keys, bodies carry passwords.
#[tokio::test]
async fn no_line_holds_a_token_a_key_a_password_or_a_cookie() {
    let database = TestDatabase::create().await;
    // At its most talkative.
    let process = Process::start(&database, &[("PAYGATE__LOG__FILTER", "trace")]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card(&CARDS[0])).await.data();
    let token = shop.token_of(15_000, &fresh("order")).await;
    for path in [
        format!("/checkout/{token}"),
        format!("/checkout/{token}/qr.svg"),
        format!("/checkout/{token}/return"),
        format!("/m/payment/deeplink/success?token={token}&expiredAt=2026-11-22T16:09:48"),
        format!("/checkout/{token}x"),
        format!("/nowhere/{token}?token={token}&key={}", shop.secret),
    ] {
        process.http.get(&path).await;
    }
    customer.approve(&token).await.data();
    let form = json!({ "email": shop.email, "password": PASSWORD });
    process.http.post("/api/backoffice/v1/sign-in", &form).await.data();
    process.http.post("/api/backoffice/v1/sign-in", &json!({ "email": shop.email, "password": "wrong-1234" })).await;
    shop.with_keys(&format!("{}x", shop.secret), &shop.client).my_key().await;
    shop.with_keys("guessed-key-1", "guessed-key-2").create(&Shop::order(1_000, &fresh("order"))).await;
    let door = process.http.get("/backoffice/sign-in").response().await;
    let cookie = door.headers()["set-cookie"].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success() && log.contains("a request was refused"), "{log}");
    let secrets = [&token, &shop.token, &customer.token, &shop.secret, &shop.client, &cookie];
    for secret in secrets.into_iter().map(String::as_str).chain([PASSWORD, "wrong-1234", "guessed-key-"]) {
        assert!(secret.len() > 6);
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "holds {secret}");
    }
}

/// Sends bytes over a connection of their own and waits for its end.
fn send_raw(address: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// An operator is called for every ERROR; nobody outside may cause one.
#[tokio::test]
async fn what_clients_do_wrong_is_no_error_of_ours() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__LOG__FILTER", "debug")]).await;
    let address = process.http.base().trim_start_matches("http://").to_owned();
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(300_000));
    let spoiled: [&[u8]; 9] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /api/v1/p/merchant HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /api/v1/p/merchant HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /backoffice/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET /health-check HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n",
        long.as_bytes(),
    ];
    for bytes in spoiled {
        send_raw(&address, bytes);
    }
    process.http.get("/api/v1/p/user/me").await.refused(401, "UNAUTHORIZED");
    process.http.get("/%ff%fe").await;
    process.http.get("/checkout/nonsense").await;
    let lines = written(process).await;
    let loud = lines.iter().find(|line| line["level"] == "ERROR" || line["level"] == "WARN");
    assert_eq!(loud, None);
    let quiet = |line: &&Value| line["level"] == "DEBUG" && line["message"] == "a client's connection was closed";
    assert!(lines.iter().filter(quiet).count() >= 3, "whoever looks for them finds them: {lines:#?}");
}

/// A key that cannot be opened is nothing that its owner could mend.
#[tokio::test]
async fn what_is_wrong_on_our_side_is_an_error_and_names_the_request() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let connection = database.connect().await;
    let spoil = "UPDATE api_key SET sealed = key_hash";
    sea_orm::ConnectionTrait::execute_unprepared(&connection, spoil).await.unwrap();
    connection.close().await.unwrap();
    let failed = shop.my_key().await;
    failed.refused(500, "INTERNAL_ERROR");
    let id = failed.header("x-request-id").unwrap();
    let lines = written(process).await;
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(says(errors[0], id) && errors[0]["code"] == "INTERNAL_ERROR", "{errors:#?}");
}
