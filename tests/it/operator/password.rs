//! `paygate reset-password`: the way back in.

use serde_json::json;

use super::beside;
use crate::support::{PASSWORD, Shop, eventually, fresh, spawn_app};

#[tokio::test]
async fn a_business_gets_back_in_and_whoever_knew_the_old_password_is_out() {
    let app = spawn_app().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let sign_in = async |email: &str, password: &str| {
        app.http.post("/api/backoffice/v1/sign-in", &json!({ "email": email, "password": password })).await
    };
    let ran = beside(&app, &["reset-password", &shop.email.to_uppercase()]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let password = ran.out.trim();
    assert!((5..=64).contains(&password.len()), "{password}");
    assert_eq!(sign_in(&shop.email, PASSWORD).await.status, 400, "the old password is none");
    // A running server remembers an account for some seconds (auth.cache_s).
    eventually("the old token is over", async || shop.payments().await.status == 401).await;
    let token = sign_in(&shop.email, password).await.data()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(shop.with_token(&token).payments().await.data()["totalCount"], 0);
    shop.create(&Shop::order(1_000, &fresh("order"))).await.data();
    assert_eq!(sign_in(&other.email, PASSWORD).await.status, 200, "nobody else");
    other.payments().await.data();
    let again = beside(&app, &["reset-password", &shop.email]).await;
    assert_ne!(again.out.trim(), password, "nobody knows the next one");
}

#[tokio::test]
async fn a_business_that_is_not_there_gets_no_password() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    for email in ["nobody@example.com", "nonsense", "", &customer.email] {
        beside(&app, &["reset-password", email]).await.refused(1);
    }
}
