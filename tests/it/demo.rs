//! `paygate demo pay`: a newcomer's first payment, with and without a server.

use crate::support::{Process, TestDatabase, command, eventually};

/// Everything that is printed, when it ends well.
async fn played(database: &TestDatabase, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = command(database, &["demo", "pay"], variables);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ended.status.code(), text)
}

/// Every step, what went over the wire, and where the payment stood after it.
fn is_whole(text: &str) {
    let states: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("= ")).collect();
    let states: Vec<_> =
        states.iter().filter_map(|state| state.split_once(" after ")).map(|(state, _)| state).collect();
    let wanted = ["READY", "READY", "IN_PROGRESS", "DONE", "DONE", "PARTIAL_CANCELED", "PARTIAL_CANCELED"];
    assert_eq!(states, wanted, "{text}");
    for step in 1..=8 {
        assert!(text.contains(&format!("\n {step}. ")), "step {step}: {text}");
    }
    for shown in
        ["→ POST /api/v1/p/merchant/confirm", "← 200 in ", "⚡ payment-done ", "Every step was as it should be"]
    {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

#[tokio::test]
async fn a_payment_is_played_against_the_server_that_runs() {
    let database = TestDatabase::create().await;
    let server = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    let (code, text) = played(&database, &[("PAYGATE__SERVER__LISTEN", server.http.address())]).await;
    assert_eq!(code, Some(0), "{text}");
    is_whole(&text);
    assert!(!text.contains("starting a server"), "{text}");
}

#[tokio::test]
async fn a_payment_is_played_although_no_server_runs() {
    let (code, text) = played(&TestDatabase::create().await, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    is_whole(&text);
    assert!(text.contains("starting a server"), "{text}");
}

#[tokio::test]
async fn a_step_that_is_not_as_it_should_be_is_the_end_of_it() {
    let database = TestDatabase::create().await;
    let server = Process::start(&database, &[]).await;
    // There are no demo accounts.
    let (code, text) = played(&database, &[("PAYGATE__SERVER__LISTEN", server.http.address())]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("← 400") && text.contains("sign-in answered 400"), "{text}");
    assert!(!text.contains("as it should be"), "{text}");
}

/// What a server with demo data prints when it has started.
async fn welcome(database: &TestDatabase, variables: &[(&str, &str)]) -> (Process, String) {
    let server = Process::start(database, &[&[("PAYGATE__DEMO__SEED", "true")], variables].concat()).await;
    eventually("the welcome", async || server.log().contains("pasted address.)")).await;
    let log = server.log();
    let text = log[log.find("\nPaygate is listening").unwrap()..].to_owned();
    (server, text)
}

/// The addresses in a text.
fn addresses(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.starts_with("http://")).collect()
}

#[tokio::test]
async fn what_the_welcome_says_is_there_is_there() {
    let database = TestDatabase::create().await;
    let (server, text) = welcome(&database, &[]).await;
    let addresses = addresses(&text);
    assert_eq!(addresses.len(), 6, "{text}");
    for address in addresses {
        let path = address.strip_prefix(server.http.base()).unwrap_or_else(|| panic!("{address}: {text}"));
        assert_eq!(server.http.get(path).header("accept", "text/html").response().await.status(), 200, "{address}");
    }
    let port = server.http.address().rsplit_once(':').unwrap().1;
    assert!(
        text.contains(&format!("PAYGATE__SERVER__LISTEN={} cargo run -- demo pay", server.http.address())),
        "{text}"
    );
    assert!(text.contains("A phone cannot open these addresses."), "{text}");
    let setting = format!("LISTEN=0.0.0.0:{port} PAYGATE__SERVER__PUBLIC_URL=http://YOUR_LAN_ADDRESS:{port} cargo run");
    assert!(text.contains(&setting), "{text}");
}

#[tokio::test]
async fn the_welcome_names_the_address_that_a_phone_can_open() {
    let database = TestDatabase::create().await;
    let (server, text) = welcome(&database, &[("PAYGATE__SERVER__PUBLIC_URL", "http://192.0.2.7:8080/")]).await;
    assert!(addresses(&text).iter().all(|address| address.starts_with("http://192.0.2.7:8080/")), "{text}");
    assert!(text.contains("with its own camera app") && !text.contains("cannot"), "{text}");
    drop(server);
    let database = TestDatabase::create().await;
    let (_server, text) = welcome(&database, &[("PAYGATE__SERVER__LISTEN", "0.0.0.0:0")]).await;
    // Nobody can open 0.0.0.0, and what a code would hold is still this machine alone.
    assert!(addresses(&text).iter().all(|address| address.starts_with("http://127.0.0.1:")), "{text}");
    assert!(text.contains("A phone cannot open these addresses."), "{text}");
}
