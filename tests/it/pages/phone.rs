//! The phone app's shell, and what leads to it.

use crate::{
    pages::{header, html, leads, static_root},
    support::{fresh, spawn_app},
};

#[tokio::test]
async fn the_shell_alone_may_use_the_camera() {
    let app = spawn_app().await;
    let (status, headers, page) = html(app.http.get("/m/")).await;
    assert_eq!(status, 200);
    assert!(header(&headers, "permissions-policy").starts_with("camera=(self)"));
    let policy = header(&headers, "content-security-policy");
    assert!(policy.contains("script-src 'self'; style-src 'self'") && policy.ends_with("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"));
    assert!(page.contains("QR 코드 스캔"));
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("javascript:"));
    let (_, _, page) = html(app.http.get("/m/").english()).await;
    assert!(page.contains("Scan QR code") && !page.contains("로그인"));
}

#[tokio::test]
async fn a_deep_link_leads_to_the_payment_and_hides_its_token_behind_a_hash() {
    let app = spawn_app().await;
    let token = app.shop().await.token_of(1000, &fresh("order")).await;
    let path = format!("/m/payment/deeplink/success?token={token}&expiredAt=2026-11-22T16:09:48.832456");
    assert_eq!(leads(&app, &path).await, format!("/m/#/pay/{token}"));
    for (query, target) in [("", "/m/"), ("?token=", "/m/"), ("?token=%0d%0ax:y", "/m/#/pay/unreadable")] {
        assert_eq!(leads(&app, &format!("/m/payment/deeplink/success{query}")).await, target, "{query}");
    }
    assert_eq!(leads(&app, "/m").await, "/m/");
}

#[tokio::test]
async fn the_qr_code_leads_to_the_shell() {
    let app = spawn_app().await;
    let token = app.shop().await.token_of(1000, &fresh("order")).await;
    let (_, _, page) = html(app.http.get(format!("/checkout/{token}"))).await;
    assert!(page.contains(&format!("{}/m/payment/deeplink/success?token={token}", app.http.base())));
}

#[tokio::test]
async fn it_can_be_installed() {
    let app = spawn_app().await;
    let manifest = app.http.get("/m/manifest.webmanifest").await;
    assert_eq!(manifest.header("content-type"), Some("application/manifest+json"));
    for (field, value) in [("scope", "/m/"), ("start_url", "/m/"), ("display", "standalone"), ("short_name", "Paygate")]
    {
        assert_eq!(manifest.json[field], value);
    }
    let icons = manifest.json["icons"].as_array().unwrap();
    for (sizes, purpose) in [("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")] {
        assert!(icons.iter().any(|icon| icon["sizes"] == sizes && icon["purpose"] == purpose), "{sizes} {purpose}");
    }
    for icon in icons {
        let picture = app.http.get(icon["src"].as_str().unwrap()).await;
        assert_eq!(picture.header("content-type"), icon["type"].as_str());
        // A picture says how large it is behind its first sixteen bytes.
        if picture.header("content-type") == Some("image/png") {
            let side = |at: usize| u32::from_be_bytes(picture.bytes[at..at + 4].try_into().unwrap());
            assert_eq!(format!("{}x{}", side(16), side(20)), icon["sizes"].as_str().unwrap());
        }
    }
    let worker = app.http.get("/m/sw.js").await;
    assert_eq!((worker.status, worker.header("cache-control")), (200, Some("no-cache")));
}

/// With the decoder, which most phones never load.
#[tokio::test]
async fn all_of_it_fits_into_a_hundred_and_twenty_kilobytes() {
    let app = spawn_app().await;
    let root = static_root(&app).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web/static/m");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files = files.filter(|name| name.ends_with(".js") || name.ends_with(".css"));
    let mut paths: Vec<_> = files.map(|name| format!("{root}/m/{name}")).collect();
    for shared in [
        "tokens.css",
        "base.css",
        "icon.svg",
        "matching.js",
        "reasons.js",
        "watch.js",
        "slots.js",
        "countdown.js",
        "vendor/jsqr.js",
        "m/icon-apple.png",
    ] {
        paths.push(format!("{root}/{shared}"));
    }
    paths.push("/m/".to_owned());
    let mut total = 0;
    for path in paths {
        let response = app.http.get(&path).header("accept-encoding", "gzip").response().await;
        assert_eq!(response.status(), 200, "{path}");
        total += response.bytes().await.unwrap().len();
    }
    assert!((60_000..120 * 1024).contains(&total), "{total} bytes");
}
