//! Static files: cached for ever under an address that changes with them, compressed, never guessed.

use crate::{
    pages::{header, static_root},
    support::spawn_app,
};

#[tokio::test]
async fn a_file_under_the_present_version_is_kept_for_ever() {
    let app = spawn_app().await;
    let file = app.http.get(format!("{}/base.css", static_root(&app).await)).response().await;
    assert_eq!(file.status(), 200);
    assert_eq!(header(file.headers(), "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(file.headers(), "content-type"), "text/css; charset=utf-8");
    assert_eq!(header(file.headers(), "x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_file_under_another_version_is_given_but_not_kept() {
    let app = spawn_app().await;
    let file = app.http.get("/static/older/base.css").response().await;
    assert_eq!(file.status(), 200);
    assert_eq!(header(file.headers(), "cache-control"), "no-cache");
    let tag = header(file.headers(), "etag").to_owned();
    let again = app.http.get("/static/older/base.css").header("if-none-match", tag).response().await;
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_it() {
    let app = spawn_app().await;
    let plain = app.http.get("/static/x/base.css").response().await;
    assert_eq!(header(plain.headers(), "content-encoding"), "");
    let plain = plain.bytes().await.unwrap();
    let packed = app.http.get("/static/x/base.css").header("accept-encoding", "br, gzip").response().await;
    assert_eq!(header(packed.headers(), "content-encoding"), "gzip");
    assert!(header(packed.headers(), "vary").contains("accept-encoding"));
    assert!(packed.bytes().await.unwrap().len() < plain.len() / 2);
    let refused = app.http.get("/static/x/base.css").header("accept-encoding", "gzip;q=0").response().await;
    assert_eq!(header(refused.headers(), "content-encoding"), "");
}

#[tokio::test]
async fn there_is_no_way_out_of_the_folder() {
    let app = spawn_app().await;
    // That it was asked for elsewhere makes a script of the SDK no static file.
    assert_eq!(app.http.get("/sdk/v1/paygate.js").await.status, 200);
    for path in [
        "sdk/paygate.js",
        "paygate.js",
        "nothing.css",
        "../templates/base.html",
        "..%2f..%2fCargo.toml",
        "%2e%2e/templates/base.html",
        "",
    ] {
        assert_eq!(app.http.get(format!("/static/x/{path}")).await.status, 404, "{path}");
    }
}
