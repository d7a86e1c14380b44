//! The sandbox by itself: the contract's table row by row, its memory, its socket.

mod faults;
mod memory;
mod mounted;
mod protocol;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn new_no() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Asks the sandbox and reads its answer.
async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    match sandbox.handle(method, path, body.to_string().as_bytes()).await {
        SandboxReply::Answer { status, body } => (status, serde_json::from_slice(&body).unwrap()),
        other => panic!("no answer to {method} {path}: {other:?}"),
    }
}

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> (u16, Value) {
    ask(sandbox, "POST", path, body).await
}

fn approve_body(txn_no: &str, number: &str, amount: i64) -> Value {
    json!({ "cardNumber": number, "amount": amount, "currency": "KRW", "txnNo": txn_no, "merchantId": "m1" })
}

const GOOD: &str = SPECIAL_CARDS[0].number;

async fn approve(sandbox: &Sandbox, txn_no: &str, amount: i64) -> (u16, Value) {
    post(sandbox, "/card/approve", approve_body(txn_no, GOOD, amount)).await
}

async fn cancel(sandbox: &Sandbox, txn_no: &str, cancel_no: &str, amount: i64) -> (u16, Value) {
    let body = json!({ "txnNo": txn_no, "cancelNo": cancel_no, "amount": amount, "reason": "x" });
    post(sandbox, "/card/cancel", body).await
}

async fn reverse(sandbox: &Sandbox, txn_no: &str, amount: i64) -> (u16, Value) {
    post(sandbox, "/card/reverse", json!({ "txnNo": txn_no, "amount": amount })).await
}

async fn inquire(sandbox: &Sandbox, txn_no: &str) -> (u16, Value) {
    ask(sandbox, "GET", &format!("/card/approvals/{txn_no}"), Value::Null).await
}

fn code((status, body): (u16, Value)) -> (u16, String) {
    assert!(body["message"].is_string(), "a refusal has a message: {body}");
    (status, body["code"].as_str().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
