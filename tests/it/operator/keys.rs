//! `paygate keys`: keys are replaced beside a running server, and a retired one opens nothing.

use std::time::Duration;

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use paygate::vault::{KeyPurpose, MasterKeys};
use sea_orm::ConnectionTrait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Ran, paygate};
use crate::support::{
    CARDS, Customer, Setup, Shop, TestApp, TestClock, TestDatabase, card, command, eventually, fresh, run,
};

/// A server that takes to new keys at once.
fn rotating() -> Setup {
    TestApp::with(|settings| settings.vault.rollover_s = 0)
}

async fn keys(app: &TestApp, arguments: &[&str]) -> Ran {
    let key = app.settings().vault.master_key.expose_secret();
    let variables = [("PAYGATE__VAULT__MASTER_KEY", key), ("PAYGATE__VAULT__ROLLOVER_S", "0")];
    paygate(&app.database, &[&["keys"], arguments].concat(), &variables).await
}

/// The key that signs what is created now.
async fn signed_by(shop: &Shop) -> String {
    let token = shop.token_of(1_000, &fresh("order")).await;
    jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
}

/// The ids that `list` shows, oldest first.
fn ids(list: &Ran) -> Vec<String> {
    let mut ids: Vec<_> = list.out.lines().skip(1).map(|line| line[..8].to_owned()).collect();
    ids.dedup();
    ids
}

#[tokio::test]
async fn keys_are_replaced_beside_a_running_server_and_the_old_one_opens_nothing() {
    let app = rotating().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let open = shop.approved_by(&customer, 15_000).await;
    let paid = shop.paid_by(&customer, 15_000).await;
    let refund = async || shop.cancel(&paid.key, &json!({ "amount": 1_000 })).header("idempotency-key", "once").await;
    let first = refund().await.data();
    let old = signed_by(&shop).await;
    assert_eq!(ids(&keys(&app, &["list"]).await), [old.as_str()]);

    let rotated = keys(&app, &["rotate"]).await;
    let new = rotated.out.trim().to_owned();
    eventually("the server signs with the new key", async || signed_by(&shop).await == new).await;
    // Everything under the old key is still good: tokens, keys, cards, and calls under idempotency keys.
    shop.confirm_of(&open).await.data();
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str());
    customer.add_card(&card(&CARDS[0])).await.refused(409, "CARD_ALREADY_REGISTERED");
    let replayed = refund().await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.data(), first, "the same call is not made again");
    shop.paid_by(&customer, 1_000).await;

    keys(&app, &["retire", &new]).await.refused(1);
    assert!(keys(&app, &["retire", &old]).await.refused(1).contains("see `paygate keys reseal`"));
    let resealed = keys(&app, &["reseal"]).await;
    assert!(resealed.out.contains(" values are sealed anew under "), "{resealed:?}");
    let list = keys(&app, &["list"]).await;
    let count = |id: &str| {
        let line = list.out.lines().find(|line| line.starts_with(id) && line.contains("data")).unwrap().to_owned();
        line.split_whitespace().last().unwrap().parse::<u64>().unwrap()
    };
    assert!(count(&old) == 0 && count(&new) >= 4, "{list:?}");
    assert_eq!(keys(&app, &["reseal"]).await.out.trim(), format!("0 values are sealed anew under {new}"));
    assert!(keys(&app, &["retire", &old]).await.refused(1).contains("--force"), "tokens and sessions depend on it");
    assert_eq!(keys(&app, &["retire", &old, "--force"]).await.code, Some(0));
    assert_eq!(ids(&keys(&app, &["list"]).await), [new.as_str()]);

    // Who has the old key opens nothing: its tokens are refused, and what is stored is found by the new one.
    eventually("the old tokens are over", async || customer.me().await.status == 401).await;
    let sign_in = json!({ "email": customer.email, "password": crate::support::PASSWORD });
    let token = app.http.post("/api/v1/p/user/sign-in", &sign_in).await.data()["accessToken"].clone();
    let customer = customer.with_token(token.as_str().unwrap());
    shop.payment(&paid.key).await.data();
    customer.add_card(&card(&CARDS[0])).await.refused(409, "CARD_ALREADY_REGISTERED");
    shop.paid_by(&customer, 2_000).await;
    let app = app.restart().await;
    shop.at(&app.http).paid_by(&customer.at(&app.http), 3_000).await;
    app.stop().await;
}

#[tokio::test]
async fn a_new_key_is_known_before_it_is_used() {
    let app = TestApp::with(|settings| settings.vault.rollover_s = 3).start().await;
    let shop = app.shop().await;
    let old = signed_by(&shop).await;
    let key = app.settings().vault.master_key.expose_secret();
    let variables = [("PAYGATE__VAULT__MASTER_KEY", key), ("PAYGATE__VAULT__ROLLOVER_S", "3")];
    let new = paygate(&app.database, &["keys", "rotate"], &variables).await.out.trim().to_owned();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(signed_by(&shop).await, old, "other processes may not have read it yet");
    eventually("the new key is used", async || signed_by(&shop).await == new).await;
}

#[tokio::test]
async fn a_master_key_of_another_database_is_refused_at_the_start() {
    let app = rotating().start().await;
    app.shop_and_customer().await;
    let database = app.database.clone();
    let right = app.settings().vault.master_key.expose_secret().to_owned();
    app.stop().await;
    let wrong = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    for arguments in [&[][..], &["keys", "list"], &["keys", "rotate"]] {
        let (status, log) = run(command(&database, arguments, &[("PAYGATE__VAULT__MASTER_KEY", wrong)])).await;
        assert!(!status.success() && log.contains("it belongs to another one"), "{log}");
    }
    let previous = [("PAYGATE__VAULT__MASTER_KEY", wrong), ("PAYGATE__VAULT__PREVIOUS_KEYS", right.as_str())];
    let listed = paygate(&database, &["keys", "list"], &previous).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    // From now on the new master key is the only one that opens it.
    let alone = paygate(&database, &["keys", "list"], &[("PAYGATE__VAULT__MASTER_KEY", wrong)]).await;
    assert_eq!(alone.out, listed.out);
    paygate(&database, &["keys", "list"], &[("PAYGATE__VAULT__MASTER_KEY", &right)]).await.refused(1);
}

#[derive(Clone, serde::Serialize)]
struct Claims {
    sub: String,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

/// What somebody makes who has a master key of before there were working keys.
fn forged(master: &SecretString, customer: &Customer, iat: i64, exp: i64) -> String {
    let key = MasterKeys::new(master, &[]).unwrap().derived(KeyPurpose::Sign).remove(0);
    let header = Header { kid: Some(format!("{:08x}", key.id)), ..Header::new(Algorithm::HS256) };
    let claims = Claims { sub: customer.id.clone(), aud: "customer", iat, exp };
    encode(&header, &claims, &EncodingKey::from_secret(&*key.secret)).unwrap()
}

#[tokio::test]
async fn a_previous_master_key_signs_nothing_new_and_its_old_tokens_end() {
    let clock = TestClock::at("2026-11-22T12:00:00Z");
    let app = rotating().clock(&clock).start().await;
    let mut customer = app.customer().await;
    let old = app.settings().vault.master_key.clone();
    // As the database was before there were working keys.
    app.database.connect().await.execute_unprepared("DELETE FROM working_key").await.unwrap();
    let app = app
        .restart_with(|settings| {
            let new = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
            settings.vault.previous_keys = vec![std::mem::replace(&mut settings.vault.master_key, new.into())];
        })
        .await;
    customer = customer.at(&app.http);
    let now = |clock: &TestClock| clock.now().as_second();
    let hour = 3_600;
    customer.me().await.data();
    let status = async |token: String| customer.with_token(&token).me().await.status;
    for (iat, exp) in
        [(0, 30 * 365 * 24 * hour), (-hour, 3 * hour), (24 * hour, 27 * hour), (0, i64::MAX - now(&clock))]
    {
        let token = forged(&old, &customer, now(&clock) + iat, now(&clock).saturating_add(exp));
        assert_eq!(status(token).await, 401, "from {iat} to {exp}");
    }
    clock.advance(SignedDuration::from_hours(5));
    let fresh = forged(&old, &customer, now(&clock), now(&clock) + hour);
    eventually("its last moment has come", async || status(fresh.clone()).await == 401).await;
    app.stop().await;
}

#[tokio::test]
async fn a_retired_key_that_is_none_is_refused() {
    let database = TestDatabase::create().await;
    let (migrated, _) = run(command(&database, &["migrate"], &[])).await;
    assert!(migrated.success());
    for bad in ["00000000", "nonsense", ""] {
        assert_ne!(paygate(&database, &["keys", "retire", bad], &[]).await.code, Some(0), "{bad}");
    }
}
