//! The security headers of every page.

use serde_json::json;

use crate::{
    pages::{header, html},
    support::{Shop, fresh, spawn_app},
};

#[tokio::test]
async fn every_page_executes_and_loads_only_what_is_its_own() {
    let app = spawn_app().await;
    let (shop, order) = (app.shop().await, fresh("order"));
    let token = shop.token_of(1000, &order).await;
    let pages = ["/", "/shop/", "/shop/fail?code=PAYMENT_CANCELED", "/m/", "/docs/", "/api-docs", "/nothing"];
    let desk = ["/backoffice/sign-in", "/backoffice/sign-up"];
    let checkouts = [format!("/checkout/{token}"), "/checkout/nonsense".to_owned()];
    for path in pages.into_iter().chain(desk).map(str::to_owned).chain(checkouts) {
        let (_, headers, page) = html(app.http.get(&path)).await;
        let policy = header(&headers, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(header(&headers, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff", "{path}");
        // Only the phone looks at codes.
        let camera = if path == "/m/" { "camera=(self)" } else { "camera=()" };
        assert!(header(&headers, "permissions-policy").contains(camera), "{path}");
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="), "{path}");
        let inline = page.split("<script").skip(1).find(|script| !script.starts_with(" type=\"module\" src=\"/"));
        assert_eq!(inline, None, "{path}");
        let tags = page.split('<').map(|tag| tag.split('>').next().unwrap());
        let mut loads = tags.filter(|tag| !tag.starts_with("a "));
        let foreign = loads.find(|tag| tag.contains("=\"http") || tag.contains("=\"//"));
        assert_eq!(foreign, None, "{path} loads nothing from another host");
    }
}

#[tokio::test]
async fn a_page_may_be_framed_by_nobody() {
    let app = spawn_app().await;
    let (_, headers, _) = html(app.http.get("/api-docs")).await;
    assert!(header(&headers, "content-security-policy").ends_with("frame-ancestors 'none'"));
}

#[tokio::test]
async fn the_checkout_may_be_framed_by_nothing_that_a_call_names() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let frames = async |success: Option<&str>, fail: Option<&str>| {
        let mut order = Shop::order(1000, &fresh("order"));
        for (name, url) in [("successUrl", success), ("failUrl", fail)] {
            if let Some(url) = url {
                order[name] = json!(url);
            }
        }
        let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();
        let (_, headers, _) = html(app.http.get(format!("/checkout/{token}"))).await;
        header(&headers, "content-security-policy").rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!(frames(None, None).await, "'self'");
    assert_eq!(frames(Some("https://shop.example.com/done?a=1"), Some("https://a.example.com/")).await, "'self'");
    assert_eq!(frames(Some("https://*/"), Some("https://a.example.com;sandbox/")).await, "'self'");
}
