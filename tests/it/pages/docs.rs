//! The developer's page.

use serde_json::json;

use paygate::{acquirer::SPECIAL_CARDS, error::Code};

use crate::{
    pages::html,
    support::{PASSWORD, Process, TestDatabase},
};

#[tokio::test]
async fn the_page_names_every_code_card_and_event_and_a_key_that_may_stand_in_a_page() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    for language in ["ko", "en"] {
        let page = html(process.http.get(format!("/docs/?lang={language}"))).await.2;
        for code in Code::ALL {
            assert!(page.contains(code.as_str()), "{} is missing", code.as_str());
        }
        assert!(SPECIAL_CARDS.iter().all(|card| page.contains(card.number)));
        for event in ["payment-in-progress", "payment-partial-canceled", "onopen"] {
            assert!(page.contains(event), "{event} is missing");
        }
        assert!(!page.contains("CLIENT_KEY"), "the demo shop's client key stands in the snippet");
        assert!(page.contains("integrity="), "the SDK's hash stands in the snippet");
    }
}

#[tokio::test]
async fn without_a_demo_the_page_shows_a_placeholder() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    // Whoever signs up under the demo's e-mail is not the demo.
    let body = json!({ "email": "shop@example.com", "password": PASSWORD, "name": "상점" });
    process.http.post("/api/backoffice/v1/sign-up", &body).await.data();
    let token = process.http.post("/api/backoffice/v1/sign-in", &body).await.data()["accessToken"].clone();
    let issue = process.http.post("/api/backoffice/v1/keys", &json!({})).bearer(token.as_str().unwrap());
    let key = issue.await.data()["clientKey"].clone();
    for language in ["ko", "en"] {
        let page = html(process.http.get(format!("/docs/?lang={language}"))).await.2;
        assert!(page.contains("CLIENT_KEY") && page.contains("YOUR_EMAIL"));
        for hidden in [key.as_str().unwrap(), "shop@example.com", "customer@example.com", "paygate1", "\"/shop/\""] {
            assert!(!page.contains(hidden), "{hidden} is in the page");
        }
    }
    assert_eq!(process.http.get("/shop/").await.status, 404, "no demo, no demo shop");
}
