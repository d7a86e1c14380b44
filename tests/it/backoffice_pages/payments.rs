//! The list: its filters, its pages, what it announces.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, Shown, attribute};
use crate::support::{Approved, Customer, ScriptedAcquirer, Shop, TestApp, TestClock, fresh, spawn_app};

const LIST: &str = "/backoffice/payments";

/// The order numbers on a page, from top to bottom.
pub fn orders(shown: &Shown) -> Vec<String> {
    let cells = shown.ok().text.split("<td class=\"order\">").skip(1);
    cells.map(|cell| cell.split("quiet\">").nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

async fn named(shop: &Shop, name: &str, amount: i64) -> String {
    let order = fresh("order");
    let body = json!({ "amount": amount, "orderId": order, "orderName": name });
    shop.create(&body).await.data();
    order
}

async fn list(browser: &Browser, query: &[(&str, &str)]) -> Vec<String> {
    orders(&browser.get(&address(query)).await)
}

fn address(query: &[(&str, &str)]) -> String {
    format!("{LIST}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
}

fn link(shown: &Shown, rel: &str) -> Option<String> {
    let tag = shown.text.split("<a ").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
    Some(attribute(tag, "href"))
}

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let clock = TestClock::at("2026-11-20T03:00:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| ()).clock(&clock).acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let refunded = shop.paid_by(&customer, 30_000).await;
    clock.set("2026-11-21T03:00:00Z");
    let (shop, customer) = signed_in_again(&app, &shop, &customer).await;
    shop.cancel(&refunded.key, &json!({ "amount": 1_000 })).await.data();
    let canceled = shop.paid_by(&customer, 20_000).await;
    shop.cancel(&canceled.key, &json!({})).await.data();
    clock.set("2026-11-22T14:59:59Z");
    let (shop, customer) = signed_in_again(&app, &shop, &customer).await;
    let paid = shop.paid_by(&customer, 10_000).await;
    clock.set("2026-11-22T15:00:00Z");
    let waiting = named(&shop, "100% 면 셔츠", 40_000).await;
    let browser = Browser::of(&app, &shop).await;
    let of = |payment: &Approved| payment.order.clone();
    let all = [waiting.clone(), of(&paid), of(&canceled), of(&refunded)];
    for (query, expected) in [
        (&[] as &[(&str, &str)], all.to_vec()),
        (&[("name", "100% 면")], vec![waiting.clone()]),
        (&[("name", &customer.email.to_uppercase())], all[1..].to_vec()),
        (&[("name", "0% 셔")], vec![]),
        (&[("key", &paid.key)], vec![of(&paid)]),
        (&[("key", &waiting)], vec![waiting.clone()]),
        (&[("key", "order")], vec![]),
        (&[("key", "\"\0")], vec![]),
        (&[("startDate", "2026-11-23")], vec![waiting.clone()]),
        (&[("endDate", "2026-11-22")], all[1..].to_vec()),
        (&[("startDate", "2026-11-21"), ("endDate", "2026-11-22")], all[1..3].to_vec()),
        (&[("type", "payment")], all[1..].to_vec()),
        (&[("type", "cancel")], vec![of(&canceled)]),
        (&[("type", "refund")], vec![of(&refunded)]),
        (&[("status", "READY")], vec![waiting.clone()]),
        (&[("status", "DONE")], vec![of(&paid)]),
        (&[("status", "PARTIAL_CANCELED")], vec![of(&refunded)]),
        (&[("status", "CANCELED")], vec![of(&canceled)]),
        (&[("method", "card")], all[1..].to_vec()),
        (&[("method", "bank")], vec![]),
        (&[("min", "20000")], vec![waiting.clone(), of(&canceled), of(&refunded)]),
        (&[("max", "20,000")], vec![of(&paid), of(&canceled)]),
        (&[("min", "20000"), ("max", "20000")], vec![of(&canceled)]),
        (&[("min", "15000"), ("type", "payment"), ("status", "CANCELED")], vec![of(&canceled)]),
        (&[("sort", "oldest")], all.iter().rev().cloned().collect()),
        (&[("sort", "lowest")], vec![of(&paid), of(&canceled), of(&refunded), waiting.clone()]),
        (&[("sort", "highest")], vec![waiting.clone(), of(&refunded), of(&canceled), of(&paid)]),
    ] {
        assert_eq!(list(&browser, query).await, expected, "{query:?}");
    }
    app.stop().await;
}

/// Access tokens do not live for days.
async fn signed_in_again(app: &TestApp, shop: &Shop, customer: &Customer) -> (Shop, Customer) {
    let sign_in = async |path: &str, email: &str| {
        let body = json!({ "email": email, "password": crate::support::PASSWORD });
        app.http.post(path, &body).await.data()["accessToken"].as_str().unwrap().to_owned()
    };
    let desk = sign_in("/api/backoffice/v1/sign-in", &shop.email).await;
    let phone = sign_in("/api/v1/p/user/sign-in", &customer.email).await;
    (shop.with_token(&desk), customer.with_token(&phone))
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_named_and_finds_nothing() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    named(&shop, "x", 1_000).await;
    let browser = browser.english();
    for (query, told) in [
        (&[("startDate", "22.11.2026")] as &[(&str, &str)], "must be a date"),
        (&[("startDate", "2026-11-22"), ("endDate", "2026-11-21")], "must not be before the day in “From”"),
        (&[("min", "-1")], "must be a whole number"),
        (&[("max", "1.5")], "must be a whole number"),
        (&[("min", "2"), ("max", "1")], "must not be below"),
        (&[("name", "a\0b")], "a character that is not allowed"),
        (&[("name", &"x".repeat(101))], "at most 100"),
        (&[("status", "NEVER")], "is not one of the choices"),
        (&[("type", "x")], "is not one of the choices"),
        (&[("method", "9-\0")], "is not one of the choices"),
        (&[("method", "a card")], "is not one of the choices"),
    ] {
        let shown = browser.get(&address(query)).await;
        assert_eq!(shown.status, 400, "{query:?}");
        shown.says(told).says("aria-invalid").hides("<td");
    }
    // Nor does the file become one of everything.
    assert_eq!(browser.get("/backoffice/payments.csv?status=NEVER").await.status, 400);
    // An order that there is not, and cursors of nobody, are passed over.
    for query in [("sort", "x"), ("after", "1"), ("after", "x-y"), ("before", "9-\0")] {
        assert_eq!(list(&browser, &[query]).await.len(), 1, "{query:?}");
    }
}

#[tokio::test]
async fn pages_stay_right_while_rows_arrive() {
    for (sort, amount_of) in [("", None), ("oldest", None), ("highest", Some(7)), ("lowest", Some(7))] {
        let app = spawn_app().await;
        let (browser, shop) = Browser::with_shop(&app).await;
        let amount = |i: i64| amount_of.map_or(1_000, |kinds| 1_000 + i % kinds);
        let mut made = Vec::new();
        for i in 0..45 {
            made.push((amount(i), i, named(&shop, "x", amount(i)).await));
        }
        match sort {
            "oldest" => {}
            "lowest" => made.sort(),
            "highest" => made.sort_by(|a, b| b.cmp(a)),
            _ => made.reverse(),
        }
        let expected: Vec<_> = made.into_iter().map(|(_, _, order)| order).collect();
        let first = browser.get(&address(&[("sort", sort)])).await;
        assert_eq!(orders(&first), expected[..20]);
        assert_eq!(link(&first, "prev"), None);
        if sort != "oldest" && amount_of.is_none() {
            // In the order of time, new rows come before all of these.
            for _ in 0..3 {
                named(&shop, "new", 5_000).await;
            }
        }
        let second = browser.get(&link(&first, "next").unwrap()).await;
        assert_eq!(orders(&second), expected[20..40], "{sort}");
        let third = browser.get(&link(&second, "next").unwrap()).await;
        assert_eq!((orders(&third), link(&third, "next")), (expected[40..].to_vec(), None));
        let back = browser.get(&link(&third, "prev").unwrap()).await;
        assert_eq!(orders(&back), expected[20..40]);
        assert!(link(&back, "next").is_some());
        app.stop().await;
    }
}

#[tokio::test]
async fn new_payments_are_announced_and_nothing_else() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let (_, other) = Browser::with_shop(&app).await;
    let news = async |shown: &Shown| -> Value {
        let place = shown.text.split("id=\"news\"").nth(1).unwrap();
        let url = attribute(place, "data-url");
        let answer = browser.get_with(&url, &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]).await;
        serde_json::from_str(&answer.ok().text).unwrap()
    };
    let empty = browser.get(LIST).await;
    assert_eq!(news(&empty).await["count"], 0);
    named(&shop, "one", 1_000).await;
    assert_eq!(news(&empty).await, json!({ "count": 1, "text": "새 결제 1건 보기" }));
    let shown = browser.get(LIST).await;
    named(&other, "theirs", 1_000).await;
    assert_eq!(news(&shown).await["count"], 0);
    let cheap = browser.get(&address(&[("max", "999")])).await;
    named(&shop, "two", 1_000).await;
    named(&shop, "three", 500).await;
    assert_eq!((news(&shown).await["count"].clone(), news(&cheap).await["count"].clone()), (json!(2), json!(1)));
    let stranger = Browser::new(&app);
    assert_eq!(
        stranger.get_with("/backoffice/payments/news?after=0-0", &[("accept", "application/json")]).await.status,
        401
    );
}

#[tokio::test]
async fn what_was_asked_for_before_and_is_paid_later_is_announced_where_it_enters_the_list() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = TestApp::with(|_| ()).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let waits = app.approved_payment(&shop, &customer).await;
    clock.advance(jiff::SignedDuration::from_secs(1));
    app.done_payment(&shop, &customer).await;
    clock.advance(jiff::SignedDuration::from_secs(1));
    let (all, done) = (browser.get(LIST).await, browser.get(&address(&[("status", "DONE")])).await);
    let (kind, ready) =
        (browser.get(&address(&[("type", "payment")])).await, browser.get(&address(&[("status", "READY")])).await);
    let news = async |shown: &Shown| {
        let url = attribute(shown.text.split("id=\"news\"").nth(1).unwrap(), "data-url");
        let told: Value = serde_json::from_str(&browser.get(&url).await.ok().text).unwrap();
        told["count"].as_u64().unwrap()
    };
    let counts = async || [news(&done).await, news(&kind).await, news(&all).await, news(&ready).await];
    assert_eq!(counts().await, [0; 4]);
    clock.advance(jiff::SignedDuration::from_secs(1));
    shop.confirm_of(&waits).await.data();
    assert_eq!(counts().await, [1, 1, 0, 0], "the whole list had it already");
    app.done_payment(&shop, &customer).await;
    assert_eq!(counts().await, [2, 2, 1, 0]);
    assert_eq!(news(&browser.get(&address(&[("status", "DONE")])).await).await, 0, "what is shown is no news");
}

#[tokio::test]
async fn the_list_counts_up_to_a_thousand_and_says_so() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    browser.get(LIST).await.says("아직 결제가 없습니다.");
    named(&shop, "x", 1_000).await;
    browser.get(LIST).await.says("1건");
    browser.get(&address(&[("name", "never")])).await.says("조건에 맞는 결제가 없습니다.");
    browser.clone().english().get(LIST).await.says("1 payments").says("Waiting").says("₩1,000");
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let name = "</td><script>alert(1)</script>\"'{{ x }}";
    let order = fresh("<i>'o");
    let body = json!({ "amount": 1_000, "orderId": order, "orderName": name, "metadata": { "x": "<script>2" } });
    shop.create(&body).await.data();
    let shown = browser.get(&address(&[("name", "<script>alert")])).await;
    shown.ok().hides("<script>alert").hides("<i>").says("&#60;script&#62;alert");
    let href = attribute(shown.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    browser.get(&href).await.ok().hides("<script>alert").hides("<script>2").says("&#60;script&#62;2");
    shop.cancel_order(&order, &json!({ "reason": "<img src=x onerror=alert(1)>" })).await;
    browser.get(&href).await.ok().hides("<img src=x").says("&#60;img src=x");
}

#[tokio::test]
async fn another_shops_payment_is_none() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let mine = Browser::of(&app, &shop).await;
    let href = attribute(mine.get(LIST).await.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    let form = mine.form(&format!("{href}/refund"), &format!("{href}/refund")).await;
    let (other, _) = Browser::with_shop(&app).await;
    assert!(list(&other, &[]).await.is_empty());
    assert!(list(&other, &[("key", &paid.key)]).await.is_empty());
    assert!(list(&other, &[("key", &paid.order)]).await.is_empty());
    let doubts = format!("/backoffice/doubts?payment={}", href.rsplit('/').next().unwrap());
    for path in [href.clone(), format!("{href}/refund"), format!("{href}/seq"), format!("{LIST}/nonsense"), doubts] {
        let nothing = other.get(&path).await;
        assert_eq!(nothing.status, 404, "{path}");
        assert!(nothing.text.contains("href=\"/backoffice/\""), "there is a way back");
    }
    let csrf = other.form("/backoffice/", "/backoffice/sign-out").await;
    let mut fields = super::filled(&form, &[("amount", "1"), ("reason", "x"), ("sure", "yes")]);
    fields.retain(|(name, _)| *name != "csrf");
    fields.extend(super::filled(&csrf, &[]));
    for action in ["refund", "cancel"] {
        assert_eq!(other.post(&format!("{href}/{action}"), &fields).await.status, 404);
    }
    assert_eq!(shop.state(&paid.order).await, "DONE");
    assert_eq!(app.http.call(Method::PUT, href).await.status, 405);
}
