//! Who may listen to what, and how the answer looks before the first event.

use crate::support::{TestApp, fresh, spawn_app};

#[tokio::test]
async fn the_headers_keep_proxies_and_caches_away() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    for call in [shop.events(&approved.order), customer.events(&shop.id, &approved.order)] {
        let call = call.header("accept", "text/event-stream").header("accept-encoding", "gzip, br");
        let stream = call.header("origin", "https://shop.example.com").listen().await;
        assert!(stream.header("content-type").unwrap().starts_with("text/event-stream"));
        assert_eq!(stream.header("cache-control"), Some("no-cache"));
        assert_eq!(stream.header("x-accel-buffering"), Some("no"));
        assert!(matches!(stream.header("content-encoding"), None | Some("identity")), "uncompressed");
        assert_eq!(stream.header("access-control-allow-origin"), Some("https://shop.example.com"));
        assert_eq!(stream.header("access-control-allow-credentials"), Some("true"));
        assert!(stream.header("vary").unwrap().to_lowercase().contains("origin"));
        assert_eq!(stream.header("set-cookie"), None);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_order_is_not_found_and_never_a_silent_stream() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    shop.events("never-seen").await.refused(404, "PAYMENT_NOT_FOUND");
    customer.events(&shop.id, "never-seen").await.refused(404, "PAYMENT_NOT_FOUND");
    let other = app.shop().await;
    other.events(&approved.order).await.refused(404, "PAYMENT_NOT_FOUND");
    customer.events(&other.id, &approved.order).await.refused(404, "PAYMENT_NOT_FOUND");
    for merchant in ["x", "%00", "\u{0}", "0123456789abcdef0123456789abcdef"] {
        customer.events(merchant, &approved.order).await.refused(404, "PAYMENT_NOT_FOUND");
    }
}

#[tokio::test]
async fn the_payer_only_may_listen_on_the_phone() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    customer.events(&shop.id, &order).await.refused(403, "FORBIDDEN");
    customer.approve(&token).await.data();
    customer.events(&shop.id, &order).listen().await.until("payment-in-progress").await;
    other.events(&shop.id, &order).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn what_is_missing_or_impossible_in_the_query_is_named() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let page = || app.http.get("/api/v1/p/merchant/sse/connect").key(&shop.client).english();
    let phone = || app.http.get("/api/v1/p/user/sse/connect").bearer(&customer.token).english();
    page().await.refused_field("orderId");
    for bad in ["", "a\nb", "a&b", "\u{0}", "\u{2028}", &"x".repeat(101)] {
        page().query("orderId", bad).await.refused_field("orderId");
        phone().query("merchantId", &shop.id).query("orderId", bad).await.refused_field("orderId");
    }
    phone().query("orderId", "a").await.refused_field("merchantId");
    phone().query("merchantId", &shop.id).await.refused_field("orderId");
}

#[tokio::test]
async fn streams_need_credentials() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let page = app.http.get("/api/v1/p/merchant/sse/connect").query("orderId", &approved.order);
    page.clone().await.refused(401, "UNAUTHORIZED");
    page.bearer(&customer.token).await.refused(401, "UNAUTHORIZED");
    let phone = app.http.get("/api/v1/p/user/sse/connect").query("merchantId", &shop.id);
    let phone = phone.query("orderId", &approved.order);
    phone.clone().await.refused(401, "UNAUTHORIZED");
    phone.clone().key(&shop.secret).await.refused(401, "UNAUTHORIZED");
    phone.bearer(&shop.token).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn streams_of_many_payments_do_not_mix() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let order = fresh("order");
        let token = shop.token_of(15_000, &order).await;
        streams.push((order.clone(), token, shop.events(&order).listen().await));
    }
    for (_, token, _) in &streams {
        customer.approve(token).await.data();
    }
    for (order, _, stream) in &mut streams {
        for event in &stream.until("payment-in-progress").await[1..] {
            assert_eq!(event.json()["orderId"], order.as_str());
        }
    }
}

#[tokio::test]
async fn a_full_house_says_so_with_the_time_to_come_back() {
    let app = TestApp::with(|settings| settings.live.max_streams = 0).start().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    shop.events(&order).await.refused(503, "OVERLOADED");
}
