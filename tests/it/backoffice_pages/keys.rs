//! Keys with a grace period, when they were last used, and registered origins.

use jiff::SignedDuration;

use super::{Browser, filled};
use crate::support::{Shop, TestApp, TestClock, eventually, fresh, spawn_app};

const PAGE: &str = "/backoffice/keys";
const RENEW: &str = "/backoffice/keys/renew";

/// A good key finds no such order; a bad one finds nothing out.
async fn is_good(shop: &Shop) -> bool {
    match shop.payment_of_order("never").await.status {
        404 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

async fn renew(browser: &Browser, grace: &str) {
    browser.submit(PAGE, RENEW, &[("grace", grace), ("sure", "yes")]).await.leads_to("/backoffice/keys?done=renewed");
}

/// The pair in force, as the API shows it.
async fn in_force(app: &TestApp, shop: &Shop) -> Shop {
    let body = serde_json::json!({ "email": shop.email, "password": crate::support::PASSWORD });
    let token = app.http.post("/api/backoffice/v1/sign-in", &body).await.data()["accessToken"].clone();
    let shop = shop.with_token(token.as_str().unwrap());
    let keys = shop.my_key().await.data();
    shop.with_keys(keys["apiKey"].as_str().unwrap(), keys["clientKey"].as_str().unwrap())
}

#[tokio::test]
async fn the_first_pair_is_issued_and_shown() {
    let app = spawn_app().await;
    let browser = Browser::new(&app);
    browser.sign_up("상점").await;
    browser.get(PAGE).await.ok().says("아직 발급한 키가 없습니다.");
    browser.submit(PAGE, RENEW, &[]).await.leads_to("/backoffice/keys?done=renewed");
    let shown = browser.get(PAGE).await;
    shown.says("시크릿 키").says("클라이언트 키").hides("아직 발급한 키가 없습니다.");
    shown.says("상점 서버에만 두고, 웹페이지나 앱, 공개 저장소에 넣지 마세요.").says("웹페이지에 넣어도 됩니다.");
    let english = browser.english().get(PAGE).await;
    english.says("Keep it on your server; never put it in a page, an app or a public repository.");
    english.says("It may only create payments and watch them, so it may stand in a web page.");
}

#[tokio::test]
async fn an_old_pair_is_good_until_its_grace_period_ends_and_not_after() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    for (grace, hours) in [("1", 1), ("24", 24)] {
        let app = TestApp::with(|settings| settings.auth.access_token_s = 1_000_000).clock(&clock).start().await;
        let (browser, old) = Browser::with_shop(&app).await;
        assert!(is_good(&old).await, "and it is remembered from here on");
        renew(&browser, grace).await;
        let new = in_force(&app, &old).await;
        assert_ne!(old.secret, new.secret);
        browser.get(PAGE).await.says(&new.secret).says(&new.client).says(&old.secret[..6]).hides(&old.secret);
        clock.advance(SignedDuration::from_hours(hours) - SignedDuration::from_secs(1));
        assert!(is_good(&old).await && is_good(&new).await, "{grace}");
        clock.advance(SignedDuration::from_secs(1));
        assert!(!is_good(&old).await, "{grace}");
        assert!(is_good(&new).await);
        old.create(&Shop::order(1_000, &fresh("order"))).await.refused(401, "UNAUTHORIZED");
        app.stop().await;
    }
}

#[tokio::test]
async fn without_a_grace_period_the_old_pair_stops_at_once_and_so_it_does_through_the_api() {
    let app = spawn_app().await;
    let (browser, first) = Browser::with_shop(&app).await;
    renew(&browser, "24").await;
    let second = in_force(&app, &first).await;
    assert!(is_good(&first).await);
    renew(&browser, "0").await;
    let third = in_force(&app, &first).await;
    assert!(!is_good(&first).await && !is_good(&second).await && is_good(&third).await);
    renew(&browser, "24").await;
    third.issue_keys().await.data();
    assert!(!is_good(&third).await, "the API stops all that was good");
    let fifth = in_force(&app, &first).await;
    renew(&browser, "24").await;
    browser.submit(PAGE, "/backoffice/keys/stop", &[]).await.leads_to("/backoffice/keys?done=stopped");
    assert!(!is_good(&fifth).await);
    assert!(is_good(&in_force(&app, &first).await).await);
}

#[tokio::test]
async fn a_form_sent_twice_is_one_renewal() {
    let app = spawn_app().await;
    let (browser, old) = Browser::with_shop(&app).await;
    let form = browser.form(PAGE, RENEW).await;
    let fields = filled(&form, &[("grace", "0"), ("sure", "yes")]);
    browser.post(RENEW, &fields).await.leads_to("/backoffice/keys?done=renewed");
    let new = in_force(&app, &old).await;
    browser.post(RENEW, &fields).await.leads_to("/backoffice/keys?done=renewed");
    assert_eq!(in_force(&app, &old).await.secret, new.secret);
    let english = browser.clone().english();
    for (typed, told) in
        [([("grace", "2"), ("sure", "yes")], "choose one"), ([("grace", "1"), ("sure", "")], "must be ticked")]
    {
        let shown = english.submit(PAGE, RENEW, &typed).await;
        assert_eq!(shown.status, 400);
        shown.says(told);
    }
    assert_eq!(in_force(&app, &old).await.secret, new.secret);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_minute() {
    let clock = TestClock::at("2026-11-22T03:00:59Z");
    let app = TestApp::with(|settings| settings.auth.cache_s = 3600).clock(&clock).start().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    browser.get(PAGE).await.says("아직 없음");
    let used = async |at: &str| {
        let shown = || async { browser.get(PAGE).await.text.contains(&format!("{at}</dd>")) };
        eventually("the use is noted", async || shown().await).await;
    };
    clock.set("2026-11-22T04:05:30Z");
    is_good(&shop).await;
    used("2026-11-22 13:05").await;
    clock.set("2026-11-22T04:05:59Z");
    is_good(&shop).await;
    clock.set("2026-11-22T04:07:00Z");
    is_good(&shop).await;
    used("2026-11-22 13:07").await;
    app.stop().await;
}

#[tokio::test]
async fn keys_of_another_shop_stay_where_they_are() {
    let app = spawn_app().await;
    let (browser, mine) = Browser::with_shop(&app).await;
    let (_, theirs) = Browser::with_shop(&app).await;
    renew(&browser, "0").await;
    assert!(is_good(&theirs).await && !is_good(&mine).await);
    browser.get(PAGE).await.hides(&theirs.secret).hides(&theirs.client);
}

#[tokio::test]
async fn registered_origins_may_frame_the_checkout_of_their_shop_alone() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let (_, other) = Browser::with_shop(&app).await;
    let frames = async |shop: &Shop| {
        let token = shop.token_of(1_000, &fresh("order")).await;
        let page = browser.get(&format!("/checkout/{token}")).await;
        page.header("content-security-policy").rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    let origins = "/backoffice/origins";
    for typed in ["https://Shop.example.com/cart?x=1", "http://localhost:3000", "https://shop.example.com"] {
        browser.submit(PAGE, origins, &[("origin", typed)]).await.leads_to("/backoffice/keys?done=saved#origins");
    }
    assert_eq!(frames(&shop).await, "'self' http://localhost:3000 https://shop.example.com");
    assert_eq!(frames(&other).await, "'self'");
    for bad in [
        "",
        "shop.example.com",
        "javascript:alert(1)",
        "ftp://x",
        "https://*",
        "https://a;sandbox",
        "https://a b",
        "data:,x",
    ] {
        let shown = browser.submit(PAGE, origins, &[("origin", bad)]).await;
        assert_eq!(shown.status, 400, "{bad}");
    }
    let remove = "/backoffice/origins/remove";
    let page = browser.get(PAGE).await;
    let form = page.form(remove);
    assert_eq!(form[1].1, "http://localhost:3000");
    browser.post(remove, &filled(&form, &[])).await.leads_to("/backoffice/keys?done=saved#origins");
    assert_eq!(frames(&shop).await, "'self' https://shop.example.com");
    for i in 0..25 {
        browser.submit(PAGE, origins, &[("origin", &format!("https://{i}.example.com"))]).await;
    }
    assert_eq!(frames(&shop).await.matches("https://").count(), 20);
    // What is there already stays, however many there are.
    let again = [("origin", "https://shop.example.com")];
    browser.submit(PAGE, origins, &again).await.leads_to("/backoffice/keys?done=saved#origins");
    assert_eq!(frames(&shop).await.matches("https://").count(), 20);
}

#[tokio::test]
async fn a_create_tells_the_page_that_asks_whether_it_may_frame_the_checkout() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let website = "https://shop.example.com";
    let mut order = Shop::order(1_000, &fresh("order"));
    order["successUrl"] = format!("{website}/done").into();
    let create = || app.http.post("/api/v1/p/merchant", &order).key(&shop.client).header("idempotency-key", "one");
    let told = async |origin: &str| {
        let answer = create().header("origin", origin).await;
        (answer.header("checkout-embeddable").unwrap().to_owned(), answer.data())
    };
    let (may, first) = told(website).await;
    assert_eq!(may, "false", "that a call names it is not enough");
    browser.submit(PAGE, "/backoffice/origins", &[("origin", website)]).await;
    assert_eq!(told(website).await, ("true".to_owned(), first.clone()), "the same answer, which is true by now");
    for (origin, may) in
        [(app.http.base(), "true"), ("https://other.example.com", "false"), ("null", "false"), ("x", "false")]
    {
        assert_eq!(told(origin).await, (may.to_owned(), first.clone()), "{origin}");
    }
    assert_eq!(create().await.header("checkout-embeddable"), Some("false"), "a server shows nothing");
}

#[tokio::test]
async fn a_form_sent_again_for_something_else_is_refused_and_so_is_one_without_a_number() {
    let app = spawn_app().await;
    let (browser, old) = Browser::with_shop(&app).await;
    let browser = browser.english();
    let form = browser.form(PAGE, RENEW).await;
    let renew = async |typed: &[(&str, &str)]| browser.post(RENEW, &filled(&form, typed)).await;
    renew(&[("grace", "24"), ("sure", "yes")]).await.leads_to("/backoffice/keys?done=renewed");
    let new = in_force(&app, &old).await;
    let other = renew(&[("grace", "0"), ("sure", "yes")]).await;
    assert_eq!(other.status, 400);
    other.says("This form was sent before and asked for something else.");
    let long = "x".repeat(65);
    for number in ["", "a b", "\u{1}", &long] {
        let shown = renew(&[("grace", "0"), ("sure", "yes"), ("number", number)]).await;
        assert_eq!(shown.status, 400, "{number:?}");
    }
    assert_eq!(in_force(&app, &old).await.secret, new.secret);
    assert!(is_good(&old).await);
}

#[tokio::test]
async fn a_first_pair_asked_for_twice_is_one_pair() {
    let app = spawn_app().await;
    let browser = Browser::new(&app);
    browser.sign_up("상점").await;
    let form = browser.form(PAGE, RENEW).await;
    for _ in 0..2 {
        browser.post(RENEW, &filled(&form, &[])).await.leads_to("/backoffice/keys?done=renewed");
    }
    browser.get(PAGE).await.ok().hides("유예 중인 이전 키");
}

#[tokio::test]
async fn two_pairs_are_good_at_most() {
    let app = spawn_app().await;
    let (browser, first) = Browser::with_shop(&app).await;
    renew(&browser, "24").await;
    let second = in_force(&app, &first).await;
    assert!(is_good(&first).await && is_good(&second).await);
    renew(&browser, "1").await;
    let third = in_force(&app, &first).await;
    assert!(!is_good(&first).await && is_good(&second).await && is_good(&third).await);
}

#[tokio::test]
async fn origins_added_at_once_are_counted_one_by_one() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    let form = browser.form(PAGE, "/backoffice/origins").await;
    let add = async |i: usize| {
        let origin = format!("https://{i}.example.com");
        browser.post("/backoffice/origins", &filled(&form, &[("origin", &origin)])).await.status
    };
    let statuses = futures_util::future::join_all((0..60).map(add)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 20, "{statuses:?}");
    assert_eq!(browser.get(PAGE).await.text.matches("action=\"/backoffice/origins/remove\"").count(), 20);
}
