//! `/readyz` says whether the database takes writes.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Shop, TestApp, eventually, fresh};

/// A database whose tables another session has locked takes no writes, although it answers.
#[tokio::test]
async fn readiness_is_red_within_a_second_of_the_first_failed_write_and_green_within_five_of_the_return() {
    let app = TestApp::with(|settings| {
        settings.database.write_timeout_ms = 5_000;
        settings.database.read_timeout_ms = 5_000;
    });
    let app = app.start().await;
    let shop = app.shop().await;
    let ready = || app.http.get("/readyz");
    assert_eq!(ready().await.status, 200);
    let held = app.database.hold().await;
    let begun = Instant::now();
    let refused = shop.create(&Shop::order(15_000, &fresh("order"))).await;
    assert_eq!(refused.status, 503, "{}", refused.json);
    assert!(begun.elapsed() < Duration::from_secs(10), "a caller is answered before it gives up");
    let failed = Instant::now();
    eventually("readiness is red", async || ready().await.status == 503).await;
    assert!(failed.elapsed() < Duration::from_secs(1));
    let begun = Instant::now();
    let refused = shop.create(&Shop::order(15_000, &fresh("order"))).await;
    assert_eq!(refused.status, 503, "{}", refused.json);
    assert!(begun.elapsed() < Duration::from_secs(1), "while it is known, callers do not wait");
    let reasons = ready().await.json["reasons"].clone();
    assert!(reasons.as_array().unwrap().contains(&json!("the database does not take writes")), "{reasons}");
    for _ in 0..20 {
        assert_eq!(ready().await.status, 503, "it stays red without any call that writes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    held.release().await;
    let returned = Instant::now();
    eventually("readiness is green", async || ready().await.status == 200).await;
    assert!(returned.elapsed() < Duration::from_secs(5), "without any call that writes");
    shop.create(&Shop::order(15_000, &fresh("order"))).await.data();
    app.stop().await;
}
