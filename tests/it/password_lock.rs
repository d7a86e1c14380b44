//! Who tries passwords is slowed down, and who knows the right one gets in.

use std::net::Ipv4Addr;

use jiff::SignedDuration;
use serde_json::json;

use crate::{
    operator::beside,
    support::{Answer, Customer, PASSWORD, Setup, Shop, TestApp, TestClock},
};

const NOW: &str = "2026-11-22T12:00:00Z";

/// Ten wrong passwords are free; the limits of addresses are out of the way.
fn locking(clock: &TestClock) -> Setup {
    let setup = TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_minute = 10_000;
        settings.rate_limit.failed_auth_per_minute = 10_000;
        settings.server.trust_forwarded_for = true;
    });
    setup.clock(clock)
}

const CUSTOMER: &str = "/api/v1/p/user/sign-in";
const BUSINESS: &str = "/api/backoffice/v1/sign-in";

/// Try number `n`, each from an address of its own.
async fn try_in(app: &TestApp, path: &str, email: &str, password: &str, n: u32) -> Answer {
    let address = Ipv4Addr::from_bits(0xcb00_7100 + n).to_string();
    let body = json!({ "email": email, "password": password });
    app.http.post(path, &body).header("x-forwarded-for", &address).await
}

#[tokio::test]
async fn wrong_passwords_from_many_addresses_lock_an_account_for_ever_longer_and_time_opens_it() {
    let clock = TestClock::at(NOW);
    let app = locking(&clock).start().await;
    let (customer, shop) = (Customer::new(&app.http).await, Shop::named(&app.http, "상점").await);
    for (path, email) in [(CUSTOMER, &customer.email), (BUSINESS, &shop.email)] {
        for n in 0..10 {
            try_in(&app, path, email, "wrong-1", n).await.refused(400, "SIGN_IN_FAILED");
        }
        let mut pauses = Vec::new();
        for n in 0..12 {
            // The right password is not looked at, either.
            let locked = try_in(&app, path, email, PASSWORD, 100 + n).await;
            locked.refused(429, "SIGN_IN_LOCKED");
            let wait: i64 = locked.header("retry-after").unwrap().parse().unwrap();
            pauses.push(wait);
            clock.advance(SignedDuration::from_secs(wait));
            try_in(&app, path, email, "wrong-1", 200 + n).await.refused(400, "SIGN_IN_FAILED");
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        clock.advance(SignedDuration::from_secs(900));
        try_in(&app, path, email, PASSWORD, 300).await.data();
        // It is forgotten with the right password.
        for n in 0..10 {
            try_in(&app, path, email, "wrong-1", 400 + n).await.refused(400, "SIGN_IN_FAILED");
        }
        try_in(&app, path, email, PASSWORD, 500).await.refused(429, "SIGN_IN_LOCKED");
    }
    app.stop().await;
}

#[tokio::test]
async fn an_account_that_is_not_there_is_locked_like_one_that_is() {
    let clock = TestClock::at(NOW);
    let app = locking(&clock).start().await;
    for path in [CUSTOMER, BUSINESS] {
        for n in 0..10 {
            try_in(&app, path, "nobody@example.com", "wrong-1", n).await.refused(400, "SIGN_IN_FAILED");
        }
        try_in(&app, path, "NOBODY@example.com ", "wrong-1", 99).await.refused(429, "SIGN_IN_LOCKED");
        try_in(&app, path, "another@example.com", "wrong-1", 99).await.refused(400, "SIGN_IN_FAILED");
    }
}

#[tokio::test]
async fn of_a_hundred_tries_at_once_ten_are_checked() {
    let clock = TestClock::at(NOW);
    let app = locking(&clock).start().await;
    let customer = Customer::new(&app.http).await;
    let tries = (0..100).map(|n| try_in(&app, CUSTOMER, &customer.email, "wrong-1", n));
    let answers = futures_util::future::join_all(tries).await;
    let checked = answers.iter().filter(|answer| answer.status == 400).count();
    assert!((1..=10).contains(&checked), "{checked}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 400 | 429)));
}

#[tokio::test]
async fn a_locked_account_outlives_a_restart_and_the_operator_unlocks_it() {
    let clock = TestClock::at(NOW);
    let app = locking(&clock).start().await;
    let shop = Shop::named(&app.http, "상점").await;
    for n in 0..10 {
        try_in(&app, BUSINESS, &shop.email, "wrong-1", n).await.refused(400, "SIGN_IN_FAILED");
    }
    let app = app.restart().await;
    try_in(&app, BUSINESS, &shop.email, PASSWORD, 10).await.refused(429, "SIGN_IN_LOCKED");
    beside(&app, &["unlock", "nobody@example.com"]).await.refused(1);
    let unlocked = beside(&app, &["unlock", &shop.email.to_uppercase()]).await;
    assert_eq!((unlocked.code, unlocked.out.trim()), (Some(0), "unlocked"));
    try_in(&app, BUSINESS, &shop.email, PASSWORD, 11).await.data();
}

#[tokio::test]
async fn a_clock_that_was_ahead_locks_nobody_longer_than_the_longest_pause() {
    let clock = TestClock::at("2026-11-22T13:00:00Z");
    let app = locking(&clock).start().await;
    let customer = Customer::new(&app.http).await;
    for n in 0..10 {
        try_in(&app, CUSTOMER, &customer.email, "wrong-1", n).await.refused(400, "SIGN_IN_FAILED");
    }
    clock.set(NOW);
    try_in(&app, CUSTOMER, &customer.email, PASSWORD, 10).await.data();
    // What is not tried any more is swept a day later.
    try_in(&app, CUSTOMER, &customer.email, "wrong-1", 11).await.refused(400, "SIGN_IN_FAILED");
    clock.advance(SignedDuration::from_hours(49));
    assert!(app.sweep().await.failures > 0);
}
