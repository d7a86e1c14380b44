//! The front door, and addresses where nothing is: a person is led on, a program gets the envelope.

use reqwest::Method;

use crate::{
    pages::{header, html, leads},
    support::{TestApp, spawn_app},
};

#[tokio::test]
async fn the_front_door_leads_everywhere() {
    let app = spawn_app().await;
    let (status, headers, page) = html(app.http.get("/")).await;
    assert_eq!((status, header(&headers, "content-type")), (200, "text/html; charset=utf-8"));
    for way in ["/m/", "/backoffice/", "/docs/"] {
        assert!(page.contains(&format!("href=\"{way}\"")), "{way}");
    }
    assert!(!page.contains("/shop/"), "there is no demo");
    let (_, _, english) = html(app.http.get("/").english()).await;
    assert!(english.contains("Back office") && english.contains("lang=\"en\""));
    let elsewhere = TestApp::with(|settings| settings.server.phone_app_url = "https://phone.example.com/app/".into());
    let app = elsewhere.start().await;
    assert!(html(app.http.get("/")).await.2.contains("href=\"https://phone.example.com/app/\""));
}

#[tokio::test]
async fn a_deep_link_to_the_server_itself_leads_to_the_phone_app_with_all_that_it_says() {
    let link = "/payment/deeplink/success?token=a.b-c._d&expiredAt=2026-11-22T16:09:48.832456";
    let elsewhere = TestApp::with(|settings| settings.server.phone_app_url = "https://phone.example.com/app/".into());
    for (app, there) in [(spawn_app().await, "/m"), (elsewhere.start().await, "https://phone.example.com/app")] {
        assert_eq!(leads(&app, link).await, format!("{there}{link}"));
    }
    // Configured to be the app itself, the server does not send anybody round in circles.
    let itself = TestApp::with(|settings| settings.server.phone_app_url = "http://pay.example".into()).start().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let address = format!("{}{link}", itself.http.base());
    let answer = client.get(address).header("host", "pay.example").send().await.unwrap();
    assert_eq!(answer.headers()["location"], format!("/m{link}"));
}

#[tokio::test]
async fn where_nothing_is_a_person_gets_a_page_with_ways_onward() {
    let app = spawn_app().await;
    for path in ["/nothing", "/backoffice/nothing", "/m/nothing", "/docs/nothing", "/apis"] {
        let (status, headers, page) = html(app.http.get(path)).await;
        assert_eq!((status, header(&headers, "content-type")), (404, "text/html; charset=utf-8"), "{path}");
        assert!(page.contains("페이지를 찾을 수 없습니다") && page.contains("href=\"/backoffice/\""), "{path}");
        assert!(header(&headers, "content-security-policy").ends_with("frame-ancestors 'none'"), "{path}");
        assert_eq!(header(&headers, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&headers, "cache-control"), "no-store", "{path}");
    }
    let (_, _, english) = html(app.http.get("/nothing").english()).await;
    assert!(english.contains("There is no such page"));
    let head = app.http.call(Method::HEAD, "/nothing").header("accept", "text/html").response().await;
    assert_eq!(
        (head.status(), header(head.headers(), "content-type")),
        (404.try_into().unwrap(), "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn where_nothing_is_a_program_gets_the_envelope() {
    let app = spawn_app().await;
    for path in ["/", "/nothing", "/backoffice/nothing"] {
        app.http.get(path).await.refused(404, "NOT_FOUND");
    }
    for path in ["/api", "/api/v1/nothing", "/auth/nothing"] {
        app.http.get(path).header("accept", "text/html").await.refused(404, "NOT_FOUND");
    }
    let posted = app.http.post("/nothing", &serde_json::json!({})).header("accept", "text/html");
    posted.await.refused(404, "NOT_FOUND");
}
