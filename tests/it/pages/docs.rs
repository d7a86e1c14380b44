//! The developer's page.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::json;

use paygate::{
    acquirer::SPECIAL_CARDS,
    domain::{By, Payment, Recorded, Status},
    error::Code,
    live::Frame,
};

use crate::{
    pages::html,
    support::{PASSWORD, Process, TestDatabase, fresh, spawn_app},
};

#[tokio::test]
async fn the_page_names_every_code_and_a_key_that_may_stand_in_a_page() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    for language in ["ko", "en"] {
        let page = html(process.http.get(format!("/docs/?lang={language}"))).await.2;
        for code in Code::ALL {
            assert!(page.contains(code.as_str()), "{} is missing", code.as_str());
        }
        assert!(!page.contains("CLIENT_KEY"), "the demo shop's client key stands in the snippet");
        assert!(page.contains("integrity="), "the SDK's hash stands in the snippet");
    }
}

/// The cells of the table in a section of the page, row by row.
fn table(page: &str, section: &str) -> Vec<Vec<String>> {
    let (_, section) = page.split_once(&format!("<section id=\"{section}\">")).unwrap();
    let (_, body) = section.split_once("<tbody>").unwrap();
    let body = body.split_once("</tbody>").unwrap().0.replace("<code>", "").replace("</code>", "");
    let cell = |cell: &str| cell.split_once('>').unwrap().1.split_once("</td>").unwrap().0.to_owned();
    body.split("<tr>").skip(1).map(|row| row.split("<td").skip(1).map(cell).collect()).collect()
}

/// The name under which a stream tells of a payment with this status.
fn name_in_streams(status: Status) -> &'static str {
    let order = json!({
        "merchant": "0123456789abcdef0123456789abcdef", "order_id": "order", "order_name": "Coffee",
        "amount": { "minor": 1000, "currency": "KRW" }, "expires_at": "2026-11-22T16:09:48Z",
    });
    let event = serde_json::from_value(json!({ "kind": "created", "order": order })).unwrap();
    let recorded = Recorded { seq: 1, at: Timestamp::UNIX_EPOCH, by: By::Shop, event };
    let id = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let payment = Payment { status, ..Payment::created(id, &recorded).unwrap() };
    Frame::of(&payment, &recorded).unwrap().name
}

#[tokio::test]
async fn the_table_of_events_has_the_names_that_streams_have_and_no_other() {
    let app = spawn_app().await;
    let (shop, order) = (app.shop().await, fresh("order"));
    shop.token_of(1000, &order).await;
    let greeting = shop.events(&order).listen().await.expect("onopen").await.name;
    let names: Vec<_> =
        [greeting].into_iter().chain(Status::ALL.map(|status| name_in_streams(status).into())).collect();
    for language in ["ko", "en"] {
        let page = html(app.http.get(format!("/docs/?lang={language}"))).await.2;
        let told = table(&page, "events");
        assert!(told.iter().map(|row| &row[0]).eq(&names), "{told:?}");
        assert!(told.iter().all(|row| is_in(language, &row[1])), "{told:?}");
        let no_webhooks = if language == "ko" { "웹훅은 아직 없습니다" } else { "There are no webhooks yet" };
        assert!(page.contains(no_webhooks));
    }
}

#[tokio::test]
async fn the_table_of_cards_tells_in_both_languages_what_each_does() {
    let app = spawn_app().await;
    let mut effects: Vec<Vec<String>> = Vec::new();
    for language in ["ko", "en"] {
        let page = html(app.http.get(format!("/docs/?lang={language}"))).await.2;
        let told = table(&page, "cards");
        assert!(told.iter().map(|row| row[0].as_str()).eq(SPECIAL_CARDS.iter().map(|card| card.number)), "{told:?}");
        assert!(told.iter().all(|row| is_in(language, &row[2])), "{told:?}");
        effects.push(told.into_iter().map(|mut row| row.remove(2)).collect());
    }
    // Two cards that differ in one language differ in the other.
    let pairs: HashSet<_> = effects[0].iter().zip(&effects[1]).collect();
    let [korean, english] = [0, 1].map(|language| effects[language].iter().collect::<HashSet<_>>().len());
    assert_eq!((korean, english), (pairs.len(), pairs.len()), "{pairs:?}");
}

fn is_in(language: &str, text: &str) -> bool {
    let has_hangul = text.chars().any(|c| ('가'..='힣').contains(&c));
    !text.is_empty() && has_hangul == (language == "ko")
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
