//! Nothing secret about a card leaves the vault: not into the database, a file, a log, an answer or a
//! stream. The flow runs against the real binary at its most talkative.

use std::path::Path;

use serde_json::json;

use crate::support::{Customer, Process, Shop, TestDatabase, command, eventually, fresh};

/// From `config/sandbox-cards.csv`; good until the end of 2030.
const NUMBER: &str = "8829-2463-6564-5502";
const EXPIRY: &str = "12/30";
const CVC: &str = "437";
const COMPANY: &str = "전북";

/// Forms in which the number must not be found.
fn forms_of_the_number() -> Vec<String> {
    let plain = NUMBER.replace('-', "");
    let spaced = NUMBER.replace('-', " ");
    let hex = |text: &str| text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let (hex_dashed, hex_plain) = (hex(NUMBER), hex(&plain));
    // Without the last four digits, which may be shown.
    let (start, plain_start) = (NUMBER[..14].to_owned(), plain[..12].to_owned());
    vec![NUMBER.to_owned(), plain, spaced, hex_dashed, hex_plain, start, plain_start]
}

/// Forms in which the CVC would be a field's value.
fn forms_of_the_cvc() -> Vec<String> {
    let names = ["cvc", "CVC", "Cvc", "cvv"];
    let values = [r#"":""#, r#"": ""#, r#"\":\""#, r#"": "#, r#"":"#, "=", ": ", r#": ""#, r#"=""#, "(", r#"(""#];
    names.iter().flat_map(|name| values.iter().map(move |value| format!("{name}{value}{CVC}"))).collect()
}

#[track_caller]
fn nothing_in(place: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "{place} holds something at all");
    for secret in forms_of_the_number().iter().chain(&forms_of_the_cvc()) {
        let found = bytes.windows(secret.len()).position(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        if let Some(at) = found {
            let context = &bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())];
            panic!("{place} holds {secret}: …{}…", String::from_utf8_lossy(context));
        }
    }
}

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files_below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

fn check_files(database: &TestDatabase) {
    let mut files = Vec::new();
    files_below(database.folder(), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        if !bytes.is_empty() {
            nothing_in(&file.display().to_string(), &bytes);
        }
    }
}

/// A whole life of a card: refused in every way, registered, used, removed.
async fn live(process: &Process) -> Vec<u8> {
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    let card = |number: &str, expiry: &str, cvc: &str, company: &str| json!({ "cardNumber": number, "expirationPeriod": expiry, "cvc": cvc, "cardCompany": company });
    let plain = NUMBER.replace('-', "");
    for (body, status) in [
        (card(NUMBER, "11/30", CVC, COMPANY), 400),
        (card(NUMBER, EXPIRY, CVC, "국민"), 400),
        (card(NUMBER, "12/3", CVC, COMPANY), 400),
        (card(&format!("{NUMBER}x"), EXPIRY, CVC, COMPANY), 400),
        (card(NUMBER, EXPIRY, &format!("{CVC}{CVC}"), COMPANY), 400),
        (json!({ "cardNumber": plain.parse::<u64>().unwrap(), "cvc": CVC.parse::<u64>().unwrap() }), 400),
        (json!({ "cardNumber": [NUMBER], "expirationPeriod": EXPIRY, "cvc": [CVC], "cardCompany": COMPANY }), 400),
        (card(&plain, EXPIRY, CVC, COMPANY), 200),
        (card(NUMBER, EXPIRY, CVC, COMPANY), 409),
    ] {
        let answer = customer.add_card(&body).once(&fresh("key")).await;
        assert_eq!(answer.status, status, "{}", answer.json);
    }
    let broken = format!(r#"{{"cardNumber":"{NUMBER}","cvc":"{CVC}""#);
    customer.add_card(&json!({})).body("application/json", broken).await.refused(400, "INVALID_REQUEST");
    let id = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    customer.choose_card(&id).await.data();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let mut page = shop.events(&order).listen().await;
    let approved = customer.approve(&token).once("k").await.data();
    let key = approved["paymentKey"].as_str().unwrap();
    let mut phone = customer.events(&shop.id, &order).listen().await;
    let confirm = json!({ "orderId": order, "paymentKey": key, "amount": 15_000 });
    shop.confirm(&confirm).once("k").await.data();
    shop.cancel(key, &json!({ "amount": 1_000 })).once("k").await.data();
    shop.desk_cancel(key, &json!({})).await.data();
    shop.payments().query("include", "all").await.data();
    customer.payments().await.data();
    customer.remove_card(&id).await.data();
    customer.add_card(&card(NUMBER, EXPIRY, CVC, COMPANY)).await.data();
    process.http.get("/metrics").await;
    page.until("payment-canceled").await;
    phone.until("payment-canceled").await;
    let mut seen = page.raw().to_vec();
    seen.extend_from_slice(phone.raw());
    assert!(String::from_utf8_lossy(&seen).contains("****-****-****-5502"), "the card was in the stream, masked");
    seen
}

#[tokio::test]
async fn neither_card_number_nor_cvc_is_found_anywhere() {
    let database = TestDatabase::create().await;
    let network_database = TestDatabase::create().await;
    let talkative = ("PAYGATE__LOG__FILTER", "trace");
    let sandbox = command(&network_database, &["sandbox", "--listen", "127.0.0.1:0"], &[talkative]);
    let network = Process::run(sandbox).await;
    // Over a real socket, where a client library has most to log.
    let variables = [talkative, ("PAYGATE__ACQUIRER__CARD__BASE_URL", network.http.base())];
    let process = Process::start(&database, &variables).await;
    let streams = live(&process).await;
    nothing_in("a stream", &streams);
    nothing_in("an answer", &process.http.record());
    nothing_in("the database", &database.everything().await);
    check_files(&database);
    eventually("the log is talkative", async || process.log().contains("TRACE")).await;
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success(), "{log}");
    assert!(log.contains("5502") || log.len() > 10_000, "the log tells much");
    nothing_in("the log", log.as_bytes());
    check_files(&database);
    nothing_in("the database", &database.everything().await);
    network.terminate();
    let (_, log) = network.ended().await;
    nothing_in("the network's log", log.as_bytes());
    check_files(&network_database);
}

#[tokio::test]
async fn the_built_in_network_leaves_no_trace_either() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__LOG__FILTER", "trace")]).await;
    nothing_in("a stream", &live(&process).await);
    nothing_in("an answer", &process.http.record());
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success(), "{log}");
    nothing_in("the log", log.as_bytes());
    nothing_in("the database", &database.everything().await);
    check_files(&database);
}

#[test]
fn the_search_finds_what_it_looks_for() {
    for secret in forms_of_the_number().iter().chain(&forms_of_the_cvc()) {
        let hay = format!("something {secret} else");
        assert!(std::panic::catch_unwind(|| nothing_in("a haystack", hay.as_bytes())).is_err(), "{secret}");
    }
    nothing_in("a haystack", "****-****-****-5502 and 437 alone".as_bytes());
}
