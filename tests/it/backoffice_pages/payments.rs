//! The list: its filters, its pages.

use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{Browser, Shown, attribute, many::many};
use crate::support::{Approved, Customer, ScriptedAcquirer, Shop, TestApp, TestClock, fresh, spawn_app};

pub const LIST: &str = "/backoffice/payments";

/// The order numbers on a page, from top to bottom.
pub fn orders(shown: &Shown) -> Vec<String> {
    let cells = shown.ok().text.split("<td class=\"order\">").skip(1);
    // Behind its name.
    cells.map(|cell| cell.split("<span dir=\"auto\">").nth(2).unwrap().split('<').next().unwrap().to_owned()).collect()
}

pub async fn named(shop: &Shop, name: &str, amount: i64) -> String {
    let order = fresh("order");
    let body = json!({ "amount": amount, "orderId": order, "orderName": name });
    shop.create(&body).await.data();
    order
}

async fn list(browser: &Browser, query: &[(&str, &str)]) -> Vec<String> {
    orders(&browser.get(&address(query)).await)
}

pub fn address(query: &[(&str, &str)]) -> String {
    format!("{LIST}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
}

fn link(shown: &Shown, rel: &str) -> Option<String> {
    let tag = shown.text.split("<a ").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
    Some(attribute(tag, "href"))
}

#[tokio::test]
async fn an_order_is_found_by_a_number_that_an_older_version_took() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    named(&shop, "커피", 1_000).await;
    let browser = Browser::of(&app, &shop).await;
    let decomposed = "cafe\u{301}-1";
    for (stored, asked) in [("A\u{200b}1", "A\u{200b}1"), (decomposed, decomposed), (decomposed, "café-1")] {
        let update = format!("UPDATE payment SET order_id = '{stored}'");
        app.database.connect().await.execute_unprepared(&update).await.unwrap();
        assert_eq!(list(&browser, &[("key", asked)]).await, [stored], "{asked:?}");
    }
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
        (&[("min", "1,5")], "must be a whole number"),
        (&[("max", "9,00")], "must be a whole number"),
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
        assert!(!shown.text.contains("data-live"), "it would ask for news of nothing for ever");
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
async fn the_list_counts_up_to_a_thousand_and_says_so() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    browser.get(LIST).await.says("아직 결제가 없습니다.");
    named(&shop, "x", 1_000).await;
    browser.get(LIST).await.says(">1건<");
    browser.get(&address(&[("name", "never")])).await.says("조건에 맞는 결제가 없습니다.");
    let english = browser.clone().english();
    english.get(LIST).await.says(">1 payments<").says("Waiting").says("₩1,000");
    // With the one that they are like: a thousand.
    many(&app, &shop, 998).await;
    browser.get(LIST).await.says(">1,000건<");
    named(&shop, "one more", 1_000).await;
    browser.get(LIST).await.says(">1,000건 이상<");
    english.get(LIST).await.says(">More than 1,000 payments<");
}

#[tokio::test]
async fn a_head_of_the_table_sorts_and_turns_round_what_the_filters_have_left() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let mut made = Vec::new();
    for amount in [2_000, 3_000, 1_000, 9_000] {
        made.push(named(&shop, "x", amount).await);
    }
    let [second, third, first, _] = made.clone().try_into().unwrap();
    let head = |shown: &Shown, name: &str| {
        let mut heads = shown.ok().text.split("<th scope=\"col\"").skip(1);
        heads.find(|head| head.contains(&format!(">{name}"))).unwrap().split("</th>").next().unwrap().to_owned()
    };
    let by_date = address(&[("max", "5000")]);
    let shown = browser.get(&by_date).await;
    assert!(head(&shown, "시각").contains("aria-sort=\"descending\"") && head(&shown, "시각").contains("시각 ↓"));
    assert!(!head(&shown, "금액").contains("aria-sort"));
    let mut shown = shown;
    for (name, sort, arrow, expected) in [
        ("금액", "descending", "↓", [&third, &second, &first]),
        ("금액", "ascending", "↑", [&first, &second, &third]),
        ("금액", "descending", "↓", [&third, &second, &first]),
        ("시각", "descending", "↓", [&first, &third, &second]),
        ("시각", "ascending", "↑", [&second, &third, &first]),
    ] {
        shown = browser.get(&attribute(&head(&shown, name), "href")).await;
        assert_eq!(orders(&shown).iter().collect::<Vec<_>>(), expected, "{name} {sort}");
        let clicked = head(&shown, name);
        assert!(clicked.contains(&format!("aria-sort=\"{sort}\"")) && clicked.contains(arrow), "{clicked}");
        assert_eq!(shown.text.matches("aria-sort").count(), 1);
    }
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
