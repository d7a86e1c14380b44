//! Methods: which ones an address takes, and what HEAD says.

use reqwest::Method;

use crate::support::{fresh, spawn_app};

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = spawn_app().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/v1/p/merchant", "POST"),
        (Method::HEAD, "/api/v1/p/merchant", "POST"),
        (Method::PUT, "/api/v1/p/user/cards", "HEAD, GET, POST"),
        (Method::POST, "/api/v1/p/user/cards/1", "PATCH, DELETE"),
        (Method::POST, "/health-check", "HEAD, GET"),
        (Method::POST, "/docs/", "HEAD, GET"),
        (Method::DELETE, "/checkout/x/cancel", "HEAD, GET, POST"),
        (Method::PUT, "/backoffice/sign-in", "HEAD, GET, POST"),
        (Method::POST, "/backoffice/", "HEAD, GET"),
    ] {
        for accepts in ["*/*", "text/html"] {
            let answer = app.http.call(method.clone(), path).header("accept", accepts).response().await;
            assert_eq!(answer.status(), 405, "{method} {path}");
            assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let paths = [
        (200, "/health-check".to_owned()),
        (200, "/api-docs/openapi.json".to_owned()),
        (200, "/docs/".to_owned()),
        (200, "/backoffice/sign-in".to_owned()),
        (200, format!("/api/v1/p/merchant/payments/{}", paid.key)),
        (200, format!("/api/v1/p/merchant/sse/connect?orderId={}", paid.order)),
        (404, "/nowhere".to_owned()),
        (404, format!("/api/v1/p/merchant/orders/{}", fresh("order"))),
    ];
    for (status, path) in paths {
        let head = app.http.call(Method::HEAD, &path).key(&shop.secret).response().await;
        assert_eq!(head.status(), status, "{path}");
        let type_of = |headers: &reqwest::header::HeaderMap| headers.get("content-type").cloned();
        let of_head = (type_of(head.headers()), head.headers().get("content-length").cloned());
        assert!(crate::support::within(&path, head.bytes()).await.unwrap().is_empty(), "{path}");
        let get = app.http.get(&path).key(&shop.secret).response().await;
        // A page's proof has the same length each time; so has an error's request id.
        assert_eq!(of_head, (type_of(get.headers()), get.headers().get("content-length").cloned()), "{path}");
    }
    app.stop().await;
}
