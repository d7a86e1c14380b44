//! What a list that stands on a screen is told: what is new in it, and how its payments stand now.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    Browser, Shown, attribute,
    payments::{LIST, address, named},
};
use crate::support::{ScriptedAcquirer, Setup, TestApp, TestClock, fresh, spawn_app};

/// What is told now to a page that was made before.
async fn told(browser: &Browser, page: &Shown) -> Shown {
    let url = attribute(&page.ok().text, "data-live");
    let answer = browser.get_with(&url, &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]).await;
    answer.ok();
    answer
}

/// How many payments it has that the page has not.
async fn news(browser: &Browser, page: &Shown) -> u64 {
    let told = told(browser, page).await;
    let text = told.text.split("</p>").next().unwrap();
    let Some((_, text)) = text.split_once("새 결제 ") else { return 0 };
    text.split('건').next().unwrap().parse().unwrap()
}

async fn news_of(browser: &Browser, pages: &[Shown]) -> Vec<u64> {
    let mut counts = Vec::new();
    for page in pages {
        counts.push(news(browser, page).await);
    }
    counts
}

async fn lists(browser: &Browser, queries: &[(&str, &str)]) -> Vec<Shown> {
    let mut pages = Vec::new();
    for query in queries {
        pages.push(browser.get(&address(&[*query])).await);
    }
    pages
}

fn at(clock: &TestClock) -> Setup {
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    TestApp::with(|settings| settings.auth.access_token_s = 10_000_000).clock(clock).acquirer(acquirer)
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[tokio::test]
async fn new_payments_are_announced_and_nothing_else() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let (_, other) = Browser::with_shop(&app).await;
    let empty = browser.get(LIST).await;
    assert_eq!(news(&browser, &empty).await, 0);
    named(&shop, "one", 1_000).await;
    told(&browser, &empty)
        .await
        .says("<a class=\"button button-small\" href=\"/backoffice/payments?\">새 결제 1건 보기</a>");
    let shown = browser.get(LIST).await;
    named(&other, "theirs", 1_000).await;
    assert_eq!(news(&browser, &shown).await, 0);
    let cheap = browser.get(&address(&[("max", "999")])).await;
    named(&shop, "two", 1_000).await;
    named(&shop, "three", 500).await;
    assert_eq!(news_of(&browser, &[shown, cheap]).await, [2, 1]);
    let stranger = Browser::new(&app);
    let asked = stranger.get_with("/backoffice/payments/news?after=0-0", &[("accept", "*/*")]).await;
    assert_eq!(asked.status, 401);
}

#[tokio::test]
async fn what_was_asked_for_before_and_is_paid_later_is_announced_where_it_enters_the_list() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = at(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let waits = app.approved_payment(&shop, &customer).await;
    clock.advance(SECOND);
    app.done_payment(&shop, &customer).await;
    clock.advance(SECOND);
    let pages = lists(&browser, &[("status", "DONE"), ("type", "payment"), ("sort", ""), ("status", "READY")]).await;
    assert_eq!(news_of(&browser, &pages).await, [0; 4]);
    clock.advance(SECOND);
    shop.confirm_of(&waits).await.data();
    assert_eq!(news_of(&browser, &pages).await, [1, 1, 0, 0], "the whole list had it already");
    app.done_payment(&shop, &customer).await;
    assert_eq!(news_of(&browser, &pages).await, [2, 2, 1, 0]);
    let now = browser.get(&address(&[("status", "DONE")])).await;
    assert_eq!(news(&browser, &now).await, 0, "what is shown is no news");
}

#[tokio::test]
async fn what_comes_to_be_what_a_list_is_about_is_announced_once() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = at(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let order = named(&shop, "머그", 1_000).await;
    let paid = fresh("order");
    let token = shop.token_of(2_000, &paid).await;
    clock.advance(SECOND);
    let queries = [
        ("method", "card"),
        ("name", customer.email.as_str()),
        ("status", "IN_PROGRESS"),
        ("status", "CANCELED"),
        ("name", "커피"),
    ];
    let pages = lists(&browser, &queries).await;
    clock.advance(SECOND);
    customer.approve(&token).await.data();
    assert_eq!(news_of(&browser, &pages).await, [1, 1, 1, 0, 0], "the name of the order was there before");
    let later = lists(&browser, &queries).await;
    clock.advance(SECOND);
    shop.cancel_order(&order, &json!({})).await.data();
    assert_eq!(news_of(&browser, &pages).await, [1, 1, 1, 1, 0]);
    assert_eq!(news_of(&browser, &later).await, [0, 0, 0, 1, 0]);
    // What has left the list again is not announced.
    clock.advance(SECOND);
    shop.cancel_order(&paid, &json!({})).await.data();
    assert_eq!(news(&browser, &pages[2]).await, 0);
}

#[tokio::test]
async fn money_that_goes_back_is_announced_however_old_the_payment_is() {
    let clock = TestClock::at("2026-11-20T03:00:00Z");
    let app = at(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let old = shop.paid_by(&customer, 30_000).await;
    clock.set("2026-11-22T03:00:00Z");
    let browser = Browser::of(&app, &shop).await;
    let queries =
        [("type", "refund"), ("type", "cancel"), ("status", "PARTIAL_CANCELED"), ("status", "DONE"), ("sort", "")];
    let before = lists(&browser, &queries).await;
    clock.advance(SECOND);
    shop.cancel(&old.key, &json!({ "amount": 1_000 })).await.data();
    assert_eq!(news_of(&browser, &before).await, [1, 0, 1, 0, 0]);
    let between = lists(&browser, &queries).await;
    clock.advance(SECOND);
    shop.cancel(&old.key, &json!({ "amount": 1_000 })).await.data();
    assert_eq!(news_of(&browser, &before).await, [1, 0, 1, 0, 0], "it is one payment");
    assert_eq!(news_of(&browser, &between).await, [0; 5], "it was there already");
    clock.advance(SECOND);
    shop.cancel(&old.key, &json!({})).await.data();
    assert_eq!(news_of(&browser, &between).await, [0; 5], "it has gone, and it was among the refunds");
    app.stop().await;
}

#[tokio::test]
async fn the_payments_on_the_screen_are_told_as_they_are_now_and_no_others() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let waits = app.approved_payment(&shop, &customer).await;
    let (theirs, other) = Browser::with_shop(&app).await;
    named(&other, "비밀", 1_000).await;
    let page = browser.get(LIST).await;
    let line = |shown: &Shown| {
        let line = shown.text.split("<tr data-part=").nth(1).unwrap();
        line.split("</tr>").next().unwrap().to_owned()
    };
    assert_eq!(line(&told(&browser, &page).await), line(&page));
    shop.confirm_of(&waits).await.data();
    shop.cancel(&waits.key, &json!({ "amount": 700 })).await.data();
    let now = told(&browser, &page).await;
    now.says("부분 취소").says("−700원").hides("<html");
    assert_eq!(line(&now), line(&browser.get(LIST).await));
    let stolen = theirs.get(LIST).await.text.split("<tr data-part=\"").nth(1).unwrap()[..32].to_owned();
    let url = attribute(&page.text, "data-live");
    let (url, _) = url.split_once("&shown=").unwrap();
    browser.get(&format!("{url}&shown={stolen},nonsense")).await.ok().hides("비밀").hides("<tr");
    let english = browser.clone().english();
    told(&english, &page).await.says("Partly refunded");
}
