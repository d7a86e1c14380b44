//! The checkout: what it shows, to whom, and how much it weighs.

use jiff::SignedDuration;

use paygate::acquirer::Behaviour;
use serde_json::json;

use crate::{
    pages::{header, html},
    support::{Call, Shop, TestApp, TestClock, card_of, fresh, spawn_app},
};

fn checkout(app: &TestApp, token: &str) -> Call {
    app.http.get(format!("/checkout/{token}"))
}

fn state(page: &str) -> &str {
    page.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn it_shows_the_order_in_the_customers_language() {
    // It is looked at before a second has passed.
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = TestApp::with(|_| ()).clock(&clock).start().await;
    let (shop, order) = (app.shop().await, fresh("order"));
    let token = shop.token_of(1_234_567, &order).await;
    let (status, headers, page) = html(checkout(&app, &token)).await;
    assert_eq!(status, 200);
    assert_eq!(header(&headers, "cache-control"), "no-store");
    for text in [shop.name.as_str(), &order, "드립 커피 세트", "1,234,567원", "확인 번호", "10:00", "/qr.svg"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(state(&page), "ready");
    let (_, _, page) = html(checkout(&app, &token).english()).await;
    assert!(page.contains("₩1,234,567") && page.contains("Matching number") && page.contains("lang=\"en\""));
}

#[tokio::test]
async fn a_hostile_order_stays_text() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let name = "</title><script>alert(1)</script>\" onload='x' {{ page }}";
    let order = json!({ "amount": 1000, "orderId": fresh("<b>'order"), "orderName": name });
    let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();
    let (_, _, page) = html(checkout(&app, &token)).await;
    assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("\" onload"));
    assert!(page.contains("&#60;script&#62;alert(1)") && page.contains("{{ page }}"));
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_gets_a_page() {
    let app = spawn_app().await;
    let token = app.shop().await.token_of(1000, &fresh("order")).await;
    let foreign = spawn_app().await.shop().await.token_of(1000, &fresh("order")).await;
    let (cut, long) = (&token[..token.len() - 3], "x".repeat(5000));
    for wrong in ["nonsense", cut, &foreign, &long] {
        let (status, headers, page) = html(checkout(&app, wrong)).await;
        assert_eq!(status, 404);
        assert!(header(&headers, "content-type").starts_with("text/html"));
        assert!(page.contains("결제를 찾을 수 없습니다"));
        assert_eq!(app.http.get(format!("/checkout/{wrong}/qr.svg")).await.status, 404);
    }
}

#[tokio::test]
async fn an_expired_payment_says_so() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = TestApp::with(|_| ()).clock(&clock).start().await;
    let token = app.shop().await.token_of(1000, &fresh("order")).await;
    clock.advance(SignedDuration::from_secs(601));
    let (status, _, page) = html(checkout(&app, &token)).await;
    assert_eq!(status, 410);
    assert_eq!(state(&page), "expired");
    assert!(page.contains("00:00"));
}

#[tokio::test]
async fn it_follows_the_payment_and_tells_of_the_customer_a_masked_address_alone() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut order = Shop::order(1000, &fresh("order"));
    order["successUrl"] = json!("https://shop.example.com/done");
    let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();

    let bad = customer.add_card(&card_of(Behaviour::FailsVerification)).await.data();
    customer.approve_with(&json!({ "token": token, "cardId": bad["id"] })).await;
    let (_, _, page) = html(checkout(&app, &token)).await;
    assert_eq!(state(&page), "failed");
    assert!(page.contains("<span data-reason>사용할 수 없는 카드입니다.</span>"));

    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let (_, _, approved) = html(checkout(&app, &token)).await;
    assert_eq!(state(&approved), "approved");
    shop.confirm(&json!({ "orderId": order["orderId"], "paymentKey": key, "amount": 1000 })).await.data();
    let (_, _, done) = html(checkout(&app, &token)).await;
    assert_eq!(state(&done), "done");

    let (name, host) = customer.email.split_once('@').unwrap();
    assert!(approved.contains(&format!("{}***@{host}", &name[..1])));
    let secrets = [&key, &customer.email, &customer.id, &shop.secret, &shop.client, "0001", "국민"];
    for (page, secret) in [&page, &approved, &done].into_iter().flat_map(|page| secrets.map(|secret| (page, secret))) {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn all_of_it_fits_into_sixty_kilobytes() {
    let app = spawn_app().await;
    let token = app.shop().await.token_of(1000, &fresh("order")).await;
    let packed = async |path: &str| {
        let response = app.http.get(path).header("accept-encoding", "gzip").response().await;
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().len()
    };
    let (_, _, page) = html(checkout(&app, &token)).await;
    let named = page.split(['"', '\'']).filter(|part| part.starts_with("/static/") || part.ends_with(".svg"));
    let mut total = packed(&format!("/checkout/{token}")).await;
    for file in named {
        total += packed(file).await;
    }
    let root = crate::pages::static_root(&app).await;
    for module in ["countdown.js", "matching.js", "reasons.js", "slots.js", "watch.js"] {
        total += packed(&format!("{root}/{module}")).await;
    }
    assert!((2_000..60 * 1024).contains(&total), "{total} bytes");
}
