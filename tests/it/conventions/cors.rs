//! Merchants' pages can be anywhere.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Call, TestApp, fresh, spawn_app};

const ORIGIN: &str = "https://shop.example.com:8443";

fn check(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{} {}", answer.status, answer.json);
    assert!(names(answer, "vary").contains(&"origin".to_owned()), "{:?}", answer.headers);
    assert_ne!(answer.header("access-control-allow-headers"), Some("*"));
}

/// All values of a header that is a list, in lower case.
fn names(answer: &Answer, header: &str) -> Vec<String> {
    let values = answer.headers.get_all(header).iter().map(|value| value.to_str().unwrap());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_lowercase()).collect()
}

fn preflight(app: &TestApp, method: &str, path: &str) -> Call {
    app.http.call(Method::OPTIONS, path).header("origin", ORIGIN).header("access-control-request-method", method)
}

#[tokio::test]
async fn every_answer_echoes_the_origin() {
    let app = TestApp::with(|settings| settings.live.max_streams = 0).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let large = app.http.call(Method::POST, "/api/v1/p/merchant").key(&shop.secret);
    let calls = [
        (200, shop.status(&paid.order)),
        (200, app.http.get("/health-check")),
        (400, shop.create(&json!({}))),
        (401, app.http.get("/api/v1/p/user/me")),
        (403, shop.with_token(&customer.token).my_key()),
        (404, app.http.get("/nowhere")),
        (404, shop.status("never-seen")),
        (405, app.http.get("/api/v1/p/merchant")),
        (409, shop.confirm_of(&paid)),
        (413, large.body("application/json", vec![b' '; 40_000])),
        (503, shop.events(&paid.order)),
    ];
    for (status, call) in calls {
        for origin in [ORIGIN, "http://localhost:3000", "null", "capacitor://localhost"] {
            let answer = call.clone().header("origin", origin).await;
            assert_eq!(answer.status, status);
            check(&answer, origin);
        }
        assert_eq!(call.await.header("access-control-allow-origin"), None, "nobody asked");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_preflight_needs_no_credentials_and_names_what_was_asked_for() {
    let app = spawn_app().await;
    let asked = "authorization,content-type,custom-header,idempotency-key,last-event-id";
    for (method, path) in [
        ("POST", "/api/v1/p/merchant"),
        ("GET", "/api/v1/p/merchant/sse/connect?orderId=x"),
        ("GET", "/api/v1/p/user/sse/connect"),
        ("PATCH", "/api/v1/p/user/cards/x"),
        ("DELETE", "/api/v1/p/user/cards/x"),
        ("POST", "/api/backoffice/v1/keys"),
        ("POST", "/auth/refresh"),
        ("GET", "/nowhere"),
    ] {
        let answer = preflight(&app, method, path).header("access-control-request-headers", asked).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.status);
        check(&answer, ORIGIN);
        let mut headers = names(&answer, "access-control-allow-headers");
        headers.sort_unstable();
        assert_eq!(headers, asked.split(',').collect::<Vec<_>>(), "named, not *");
        let mut methods = names(&answer, "access-control-allow-methods");
        methods.sort_unstable();
        assert_eq!(methods, ["delete", "get", "patch", "post"]);
        let age: u32 = answer.header("access-control-max-age").unwrap().parse().unwrap();
        assert!(age > 0);
        if path.contains("/sse/") {
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        }
    }
}

#[tokio::test]
async fn a_refused_preflight_is_told_in_the_envelope() {
    let app = spawn_app().await;
    for method in ["PUT", "TRACE"] {
        let answer = preflight(&app, method, "/api/v1/p/merchant").await;
        assert_eq!(answer.header("access-control-allow-methods"), None);
        answer.refused(400, "INVALID_REQUEST");
    }
}

#[tokio::test]
async fn a_preflight_for_a_single_header_or_none_works() {
    let app = spawn_app().await;
    let none = preflight(&app, "GET", "/api/v1/p/user/me").await;
    assert!((200..300).contains(&none.status));
    check(&none, ORIGIN);
    for header in ["Authorization", "Custom-Header", "x-anything"] {
        let call = preflight(&app, "GET", "/api/v1/p/user/me").header("access-control-request-headers", header);
        let answer = call.await;
        assert_eq!(names(&answer, "access-control-allow-headers"), [header.to_lowercase()]);
    }
}

#[tokio::test]
async fn the_back_office_is_for_no_other_origin_however_its_address_is_written() {
    let app = spawn_app().await;
    for path in ["/backoffice/payments.csv", "/%62ackoffice/payments.csv", "/%62%61ckoffice/", "/back%6Fffice/keys"] {
        let answer = app.http.get(path).header("origin", ORIGIN).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None), "{path}");
    }
}

#[tokio::test]
async fn a_page_may_read_the_headers_that_matter_to_it() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let answer = shop.status(&order).header("origin", ORIGIN).await;
    let exposed = names(&answer, "access-control-expose-headers");
    for header in ["checkout-embeddable", "idempotent-replayed", "x-request-id", "retry-after"] {
        assert!(exposed.contains(&header.to_owned()), "{exposed:?}");
    }
}

#[tokio::test]
async fn no_cookie_is_ever_used() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    // The client of the suite refuses every cookie; a cookie sent along opens nothing.
    let cookie = format!("accessToken={}; session=1", customer.token);
    app.http.get("/api/v1/p/user/me").header("cookie", cookie).await.refused(401, "UNAUTHORIZED");
    shop.my_key().header("cookie", "a=b").await.data();
}
