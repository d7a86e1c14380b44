//! Signing up and in.

use argon2::{Argon2, PasswordHasher};
use jiff::SignedDuration;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::support::{PASSWORD, TestApp, TestClock, fresh, spawn_app};

const SIGN_UP: &str = "/api/v1/p/user/sign-up";
const SIGN_IN: &str = "/api/v1/p/user/sign-in";

fn pair(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_sign_up_is_201_with_an_empty_object_at_both_addresses() {
    let app = spawn_app().await;
    for path in [SIGN_UP, "/api/v1/user/sign-up"] {
        let body = pair(&format!("{}@example.com", fresh("a")), PASSWORD);
        let answer = app.http.post(path, &body).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json, json!({ "ok": true, "data": {} }));
        app.http.post(SIGN_IN, &body).await.data();
        for path in [SIGN_UP, "/api/v1/user/sign-up"] {
            app.http.post(path, &body).await.refused(409, "EMAIL_ALREADY_EXISTS");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn e_mails_are_compared_without_case() {
    let app = spawn_app().await;
    let email = format!("{}.Mixed@Example.COM", fresh("Kim"));
    assert_eq!(app.http.post(SIGN_UP, &pair(&email, PASSWORD)).await.status, 201);
    app.http.post(SIGN_UP, &pair(&email.to_uppercase(), PASSWORD)).await.refused(409, "EMAIL_ALREADY_EXISTS");
    for spelling in [email.to_lowercase(), email.to_uppercase(), email] {
        app.http.post(SIGN_IN, &pair(&spelling, PASSWORD)).await.data();
    }
}

/// A Mac writes letters decomposed, and older versions hashed a password as it came.
#[tokio::test]
async fn a_password_is_the_same_in_both_forms_and_an_old_hash_is_renewed() {
    let app = spawn_app().await;
    let (composed, decomposed) = ("비밀번호1é", "비밀번호1é".nfd().collect::<String>());
    let email = format!("{}@example.com", fresh("a"));
    let business = json!({ "email": email, "password": composed, "name": "카페" });
    app.http.post("/api/backoffice/v1/sign-up", &business).await.data();
    assert_eq!(app.http.post(SIGN_UP, &pair(&email, composed)).await.status, 201);
    let old = Argon2::default().hash_password(decomposed.as_bytes()).unwrap().to_string();
    let database = app.database.connect().await;
    for (table, sign_in) in [("customer", SIGN_IN), ("merchant", "/api/backoffice/v1/sign-in")] {
        let rows = format!("FROM {table} WHERE password_hash = '{old}'");
        let is_old = async || database.query_one_raw(statement(&database, &format!("SELECT 1 {rows}"))).await.unwrap();
        database
            .execute_unprepared(&format!("UPDATE {table} SET password_hash = '{old}' WHERE email = '{email}'"))
            .await
            .unwrap();
        app.http.post(sign_in, &pair(&email, "비밀번호1e")).await.refused(400, "SIGN_IN_FAILED");
        assert!(is_old().await.is_some());
        for password in [composed, &decomposed, composed] {
            app.http.post(sign_in, &pair(&email, password)).await.data();
            assert!(is_old().await.is_none(), "{table}: {password}");
        }
    }
}

fn statement(database: &DatabaseConnection, sql: &str) -> Statement {
    Statement::from_string(database.get_database_backend(), sql)
}

#[tokio::test]
async fn passwords_have_a_letter_and_a_digit_and_5_to_64_characters() {
    let app = spawn_app().await;
    let email = format!("{}@example.com", fresh("a"));
    let long = format!("a1{}", "x".repeat(63));
    let bad = ["", "ab1", "abc1", "abcde", "12345", "!!!!!", &long];
    let types = [json!(null), json!(12_345), json!(true), json!([]), json!({})];
    for password in bad.into_iter().map(Value::from).chain(types) {
        let body = json!({ "email": email, "password": password });
        app.http.post(SIGN_UP, &body).english().await.refused_field("password");
    }
    let good = ["abcd1", "1!@#$%^&*()_+a", "비밀번호1가나", "a 1 b c", &format!("a1{}", "x".repeat(62)), "1😀😀😀a"];
    for password in good {
        let body = pair(&format!("{}@example.com", fresh("a")), password);
        assert_eq!(app.http.post(SIGN_UP, &body).await.status, 201, "{password}");
        app.http.post(SIGN_IN, &body).await.data();
    }
}

#[tokio::test]
async fn what_is_no_e_mail_is_named() {
    let app = spawn_app().await;
    let long = format!("{}@example.com", "x".repeat(250));
    let texts = ["", "a", "@", "a@", "@example.com", "a b@example.com", "a@exa mple.com", "a\u{0}@example.com"];
    let others = ["a\n@example.com", "a@example.com\u{2028}b", "a\u{85}@example.com", &long];
    let types = [json!(null), json!(1), json!([]), json!({})];
    for email in texts.into_iter().chain(others).map(Value::from).chain(types) {
        let body = json!({ "email": email, "password": PASSWORD });
        app.http.post(SIGN_UP, &body).english().await.refused_field("email");
    }
    app.http.post(SIGN_UP, &json!({})).english().await.refused_field("email");
    app.http.post(SIGN_UP, &json!({})).body("application/json", "{").english().await.refused_field("body");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_e_mail_are_answered_alike() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let mut wrong = app.http.post(SIGN_IN, &pair(&customer.email, "wrong1234")).await;
    let mut unknown = app.http.post(SIGN_IN, &pair("nobody@example.com", "wrong1234")).await;
    wrong.refused(400, "SIGN_IN_FAILED");
    unknown.refused(400, "SIGN_IN_FAILED");
    for answer in [&mut wrong, &mut unknown] {
        answer.json["error"]["requestId"] = json!(null);
    }
    assert_eq!(wrong.json, unknown.json);
    for odd in ["", "no e-mail", "a\u{0}@example.com", &"x".repeat(10_000)] {
        app.http.post(SIGN_IN, &pair(odd, PASSWORD)).await.refused(400, "SIGN_IN_FAILED");
        app.http.post(SIGN_IN, &pair(&customer.email, odd)).await.refused(400, "SIGN_IN_FAILED");
    }
}

#[tokio::test]
async fn a_wrong_password_takes_as_long_as_an_unknown_e_mail() {
    // A cost that can be measured.
    let app = TestApp::with(|settings| settings.auth.password_memory_kib = 16_384).start().await;
    let customer = app.customer().await;
    let fastest = async |email: &str| {
        let mut fastest = std::time::Duration::MAX;
        for _ in 0..5 {
            let started = std::time::Instant::now();
            app.http.post(SIGN_IN, &pair(email, "wrong1234")).await.refused(400, "SIGN_IN_FAILED");
            fastest = fastest.min(started.elapsed());
        }
        fastest
    };
    let (wrong, unknown) = (fastest(&customer.email).await, fastest("nobody@example.com").await);
    assert!(unknown > wrong / 3, "an unknown e-mail is answered in {unknown:?}, a wrong password in {wrong:?}");
}

#[tokio::test]
async fn signing_in_needs_both_fields() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    for (field, body) in [
        ("email", json!({ "password": PASSWORD })),
        ("password", json!({ "email": customer.email })),
        ("email", json!({ "email": 1, "password": PASSWORD })),
        ("password", json!({ "email": customer.email, "password": 1 })),
        ("email", json!({})),
    ] {
        app.http.post(SIGN_IN, &body).english().await.refused_field(field);
    }
}

#[tokio::test]
async fn a_stale_bearer_is_ignored_on_sign_in_and_sign_up() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    let body = pair(&customer.email, PASSWORD);
    for stale in ["Bearer null", "Bearer undefined", "Bearer ", "Basic x", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"] {
        app.http.post(SIGN_IN, &body).header("authorization", stale).await.data();
        let new = pair(&format!("{}@example.com", fresh("a")), PASSWORD);
        assert_eq!(app.http.post(SIGN_UP, &new).header("authorization", stale).await.status, 201);
    }
}

#[tokio::test]
async fn the_account_says_who_it_is() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    assert_eq!(customer.me().await.data(), json!({ "id": customer.id, "email": customer.email }));
}

#[tokio::test]
async fn an_access_token_opens_three_hours() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|_| {}).clock(&clock).start().await;
    let customer = app.customer().await;
    clock.advance(SignedDuration::from_secs(3 * 3_600 - 1));
    customer.me().await.data();
    clock.advance(SignedDuration::from_secs(1));
    customer.me().await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn every_call_of_a_customer_needs_a_good_token() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let (head, signature) = customer.token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let tokens = [
        "",
        "null",
        "undefined",
        &format!("{head}.{reversed}"),
        head,
        &format!("{} ", "x".repeat(5_000)),
        &shop.secret,
    ];
    let attempts = tokens.map(|token| customer.with_token(token.trim()));
    for nobody in attempts {
        for call in [
            nobody.me(),
            nobody.cards(),
            nobody.add_card(&json!({})),
            nobody.choose_card("x"),
            nobody.remove_card("x"),
            nobody.approve(&paid.token),
            nobody.give_up(&paid.token),
            nobody.payments(),
            nobody.transactions(&paid.key),
            nobody.events(&shop.id, &paid.order),
        ] {
            call.await.refused(401, "UNAUTHORIZED");
        }
    }
    app.http.get("/api/v1/p/user/me").await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn refreshing_is_refused_like_missing_credentials() {
    let app = spawn_app().await;
    let customer = app.customer().await;
    app.http.post("/auth/refresh", &json!({})).await.refused(401, "UNAUTHORIZED");
    app.http.post("/auth/refresh", &json!({})).bearer(&customer.token).await.refused(401, "UNAUTHORIZED");
}
