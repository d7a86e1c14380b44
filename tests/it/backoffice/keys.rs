//! Issuing and reading keys.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{PASSWORD, fresh, spawn_app};

#[tokio::test]
async fn keys_are_43_characters_unique_and_without_a_colon() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let mut seen = HashSet::from([shop.secret.clone(), shop.client.clone()]);
    for _ in 0..20 {
        let keys = shop.issue_keys().await.data();
        assert_eq!(keys.as_object().unwrap().keys().collect::<Vec<_>>(), ["apiKey", "clientKey"]);
        for name in ["apiKey", "clientKey"] {
            let key = keys[name].as_str().unwrap();
            assert_eq!(key.len(), 43);
            assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')), "{key}");
            assert!(seen.insert(key.to_owned()), "never the same key twice");
        }
    }
}

#[tokio::test]
async fn the_pair_in_force_is_shown_in_clear_each_time() {
    let app = spawn_app().await;
    let email = format!("{}@example.com", fresh("shop"));
    let body = json!({ "email": email, "password": PASSWORD, "name": "상점" });
    app.http.post("/api/backoffice/v1/sign-up", &body).await.data();
    let token = app.http.post("/api/backoffice/v1/sign-in", &body).await.data()["accessToken"].clone();
    let mine = || app.http.get("/api/backoffice/v1/my-key").bearer(token.as_str().unwrap());
    assert_eq!(mine().await.data(), json!({ "apiKey": null, "clientKey": null }), "before the first issue");
    let issue = || app.http.post("/api/backoffice/v1/keys", &json!({})).bearer(token.as_str().unwrap());
    let first = issue().await.data();
    assert_eq!(mine().await.data(), first);
    assert_eq!(mine().await.data(), first, "the same each time");
    let second = issue().await.data();
    assert_ne!(first, second);
    assert_eq!(mine().await.data(), second);
    let app = app.restart().await;
    let again = app.http.get("/api/backoffice/v1/my-key").bearer(token.as_str().unwrap()).await.data();
    assert_eq!(again, second, "over a restart, too");
}

#[tokio::test]
async fn keys_are_stored_neither_in_clear_nor_in_a_form_that_opens_anything() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let stored = app.database.everything().await;
    for key in [&shop.secret, &shop.client] {
        assert!(!contains(&stored, key.as_bytes()), "a key stands in the database");
        let hex: String = key.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert!(!contains(&stored, hex.as_bytes()), "a key stands in the database as hex");
    }
    assert!(contains(&stored, shop.email.as_bytes()), "this looks at the right place");
    app.stop().await;
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn two_renewals_at_once_leave_one_pair() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let renewals: Vec<_> = (0..8).map(|_| tokio::spawn(shop.issue_keys().into_future())).collect();
    let mut issued: Vec<Value> = Vec::new();
    for renewal in renewals {
        issued.push(renewal.await.unwrap().data());
    }
    let in_force = shop.my_key().await.data();
    assert!(issued.contains(&in_force), "the secret and the client key in force are of one pair");
    let mut good = 0;
    for pair in &issued {
        let tried = shop.with_keys(pair["apiKey"].as_str().unwrap(), pair["clientKey"].as_str().unwrap());
        good += usize::from(tried.payment_of_order("x").await.status == 404);
    }
    assert_eq!(good, 1, "all others are out of force");
}
