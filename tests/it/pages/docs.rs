//! The developer's page.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use paygate::{
    acquirer::{Behaviour, SPECIAL_CARDS},
    domain::{By, Payment, Reason, Recorded, Status},
    error::Code,
    live::Frame,
    pages::sdk::{VERSION, released},
};

use crate::{
    pages::{html, sdk::sri},
    support::{CARDS, Event, PASSWORD, Process, TestApp, TestClock, TestDatabase, card, card_of, fresh, spawn_app},
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
        let sdk = format!("{}{}", process.http.base(), released("paygate"));
        let script = format!("<script src=\"{sdk}\"\n        integrity=\"{}\"", sri(&format!("paygate-{VERSION}.js")));
        assert!(unescaped(&page).contains(&script), "{script}");
    }
}

/// A page's text as a reader sees it, or copies it.
fn unescaped(html: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The text of the snippet with this id.
fn snippet(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"><code>")).unwrap();
    unescaped(rest.split_once("</code>").unwrap().0)
}

/// The cells of the table in a section of the page, row by row.
fn table(page: &str, section: &str) -> Vec<Vec<String>> {
    let (_, section) = page.split_once(&format!(" id=\"{section}\">")).unwrap();
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

/// What streams really tell: payments that live through every public event.
async fn told(app: &TestApp, clock: &TestClock) -> Vec<Event> {
    let (shop, customer) = (app.shop().await, app.customer().await);
    let mut all = Vec::new();
    let mut listen = async |order: &str, last: &str| all.extend(shop.events(order).listen().await.until(last).await);
    let cards = [card_of(Behaviour::FailsVerification), card_of(Behaviour::Declined), card(&CARDS[0])];
    let mut ids = Vec::new();
    for card in &cards {
        ids.push(customer.add_card(card).await.data()["id"].clone());
    }
    let approve =
        async |token: &str, card: usize| customer.approve_with(&json!({ "token": token, "cardId": ids[card] })).await;
    let [given_back, aborted, expired] = ["back", "no", "late"].map(fresh);

    let token = shop.token_of(1000, &given_back).await;
    approve(&token, 0).await.refused(400, "CARD_NOT_VALID");
    let key = approve(&token, 2).await.data()["paymentKey"].as_str().unwrap().to_owned();
    shop.confirm(&json!({ "orderId": given_back, "paymentKey": key, "amount": 1000 })).await.data();
    shop.cancel(&key, &json!({ "amount": 1 })).await.data();
    shop.cancel(&key, &json!({})).await.data();
    listen(&given_back, "payment-canceled").await;

    let key = approve(&shop.token_of(1000, &aborted).await, 1).await.data()["paymentKey"].clone();
    shop.confirm(&json!({ "orderId": aborted, "paymentKey": key, "amount": 1000 })).await.refused(402, "CARD_DECLINED");
    listen(&aborted, "payment-aborted").await;

    shop.token_of(1000, &expired).await;
    clock.advance(SignedDuration::from_secs(600));
    app.sweep().await;
    listen(&expired, "payment-expired").await;
    all
}

#[tokio::test]
async fn the_table_of_events_lists_the_fields_that_frames_have() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let mut fields: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    for event in told(&app, &clock).await.into_iter().filter(|event| event.id.is_some()) {
        let body = event.json();
        let mut names: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
        assert!(["status", "orderId", "merchantId"].iter().all(|name| names.remove(*name)), "{event:?}");
        fields.entry(event.name).or_default().push(names);
    }
    assert_eq!(fields.len(), Status::ALL.len(), "every event was seen: {fields:?}");
    let page = html(app.http.get("/docs/")).await.2;
    for row in table(&page, "events").iter().skip(1) {
        let seen = &fields[&row[0]];
        let at_times: BTreeSet<_> = seen.iter().flatten().cloned().collect();
        let is_always = |name: &String| seen.iter().all(|names| names.contains(name));
        let wanted: BTreeSet<_> =
            at_times.into_iter().map(|name| if is_always(&name) { name } else { format!("{name}?") }).collect();
        let listed: BTreeSet<_> = row[2].split_whitespace().map(str::to_owned).collect();
        assert_eq!(listed, wanted, "{}", row[0]);
    }
}

#[tokio::test]
async fn the_example_of_a_stream_is_one_byte_for_byte() {
    let app = TestApp::with(|settings| settings.live.heartbeat_ms = 100).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = shop.approved_by(&customer, 15_000).await;
    let mut stream = shop.events(&approved.order).listen().await;
    stream.until("payment-in-progress").await;
    // What the page shows as one heartbeat may be several here.
    stream.until_comment().await;
    shop.confirm_of(&approved).await.data();
    stream.until("payment-done").await;
    let came = String::from_utf8(stream.raw().to_vec()).unwrap();
    let masked = [(&*approved.order, "order-1"), (&*shop.id, "…"), (&*approved.key, "…")]
        .iter()
        .fold(came, |text, (real, shown)| text.replace(*real, shown));
    let mut blocks: Vec<_> = masked.split_inclusive("\n\n").collect();
    blocks.dedup();
    assert_eq!(snippet(&html(app.http.get("/docs/")).await.2, "stream"), blocks.concat());
}

#[tokio::test]
async fn the_page_says_how_long_a_stream_is_silent_and_how_long_it_stays() {
    let app =
        TestApp::with(|settings| (settings.live.heartbeat_ms, settings.live.linger_s) = (12_000, 90)).start().await;
    let english = html(app.http.get("/docs/?lang=en")).await.2;
    assert!(english.contains("<strong>12 s</strong>") && english.contains("<strong>1 min 30 s</strong>"));
    let korean = html(app.http.get("/docs/?lang=ko")).await.2;
    assert!(korean.contains("<strong>12초</strong>") && korean.contains("<strong>1분 30초</strong>"));
}

#[tokio::test]
async fn every_reason_of_a_failure_is_told_in_words_of_its_own() {
    let app = spawn_app().await;
    for language in ["ko", "en"] {
        let told = table(&html(app.http.get(format!("/docs/?lang={language}"))).await.2, "failures");
        for row in &told {
            // It is one that the domain knows, and not what stands for all that it does not know.
            let reason: Reason = serde_json::from_value(json!(row[0])).unwrap();
            assert_eq!(json!(reason), json!(row[0]));
            assert!(is_in(language, &row[1]), "{row:?}");
        }
        let texts: HashSet<_> = told.iter().map(|row| &row[1]).collect();
        assert_eq!(texts.len(), told.len(), "no two say the same: {told:?}");
    }
}

#[tokio::test]
async fn the_page_shows_every_example_of_the_package_as_it_is() {
    let app = spawn_app().await;
    let page = unescaped(&html(app.http.get("/docs/")).await.2);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web/sdk/examples");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(page.contains(&format!("<code>{text}</code>")), "{}", file.display());
    }
}

#[tokio::test]
async fn pages_lead_to_the_phone_app_that_is_configured() {
    let database = TestDatabase::create().await;
    let elsewhere = "https://phone.example.com/app";
    let settings =
        [("PAYGATE__DEMO__SEED", "true"), ("PAYGATE__SERVER__PHONE_APP_URL", "https://phone.example.com/app/")];
    let process = Process::start(&database, &settings).await;
    for path in ["/", "/docs/", "/shop/"] {
        let page = html(process.http.get(path)).await.2;
        assert!(page.contains(&format!("href=\"{elsewhere}/\"")), "{path}");
        assert!(!page.contains("/m/\""), "{path}");
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
