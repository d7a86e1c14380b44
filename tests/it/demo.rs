//! `paygate demo pay`: a newcomer's first payment, with and without a server.

use crate::support::{Process, TestDatabase, command};

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
