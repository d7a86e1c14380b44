//! Pages: what a browser gets, and what it is told to refuse.

mod api;
mod assets;
mod checkout;
mod checkout_calls;
mod direction;
mod docs;
mod front;
mod headers;
mod language;
mod phone;
mod scripts;
mod sdk;
mod shop;

use reqwest::{Client, header::HeaderMap, redirect::Policy};

use crate::support::{Call, TestApp};

/// A page as a browser without compression asks for it.
async fn html(call: Call) -> (u16, HeaderMap, String) {
    let response = call.header("accept", "text/html").response().await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

/// Where the files of this build are.
async fn static_root(app: &TestApp) -> String {
    let (_, _, page) = html(app.http.get("/api-docs")).await;
    let start = page.find("/static/").unwrap();
    page[start..].split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Where a page sends its visitor.
async fn leads(app: &TestApp, path: &str) -> String {
    let client = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let response = client.get(format!("{}{path}", app.http.base())).send().await.unwrap();
    assert_eq!(response.status(), 303, "{path}");
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}
