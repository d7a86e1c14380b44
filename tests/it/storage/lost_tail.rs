//! A database that lost its last transactions while the server runs: a standby that took over without them, or a backup
//! that was restored. The server goes on from what the database has, and leaves no gap.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;

use crate::support::{Approved, TestApp, spawn_app};

/// The numbers of the events that the journal of the only payment has.
async fn journal(db: &DatabaseConnection) -> Vec<i64> {
    let query = Statement::from_string(db.get_database_backend(), "SELECT seq FROM payment_event ORDER BY seq");
    db.query_all_raw(query).await.unwrap().iter().map(|row| row.try_get("", "seq").unwrap()).collect()
}

/// Takes the rows of `tables` out into copies.
async fn save(db: &DatabaseConnection, tables: &[&str]) {
    for table in tables {
        db.execute_unprepared(&format!("CREATE TABLE saved_{table} AS SELECT * FROM {table}")).await.unwrap();
    }
}

/// Makes the tables what they were.
async fn restore(db: &DatabaseConnection, tables: &[&str]) {
    for table in tables.iter().rev() {
        db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
    }
    for table in tables {
        db.execute_unprepared(&format!("INSERT INTO {table} SELECT * FROM saved_{table}")).await.unwrap();
    }
}

/// Parents first.
const TABLES: [&str; 3] = ["payment", "payment_event", "payment_transaction"];

/// A payment in the memory of the server, whose journal is set back to where it was before the approval.
async fn set_back() -> (TestApp, crate::support::Shop, Approved, crate::support::Customer, DatabaseConnection) {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = crate::support::fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let db = app.database.connect().await;
    save(&db, &TABLES).await;
    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    restore(&db, &TABLES).await;
    assert_eq!(journal(&db).await, [1]);
    (app, shop, Approved { order, token, key, amount: 15_000 }, customer, db)
}

#[tokio::test]
async fn a_command_on_a_payment_that_lost_its_last_events_is_decided_on_what_is_left() {
    let (app, shop, lost, customer, db) = set_back().await;
    let refused = shop.confirm_of(&lost).await;
    assert!((400..500).contains(&refused.status), "memory says approved, the journal does not: {}", refused.json);
    assert_eq!(journal(&db).await, [1], "nothing was written behind a gap");
    let key = customer.approve(&lost.token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let again = Approved { key, ..lost };
    assert_eq!(shop.confirm_of(&again).await.data()["status"], "DONE");
    let events = journal(&db).await;
    assert!(events.iter().copied().eq((1_i64..).take(events.len())), "no gap: {events:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_look_at_a_payment_that_lost_its_last_events_shows_what_is_left() {
    let (app, shop, lost, _, _) = set_back().await;
    assert_eq!(shop.state(&lost.order).await, "READY");
    app.stop().await;
}

#[tokio::test]
async fn a_payment_that_the_database_lost_is_not_created_again_by_its_continuation() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let db = app.database.connect().await;
    for table in TABLES.iter().rev() {
        db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
    }
    shop.confirm_of(&approved).await.refused(404, "PAYMENT_NOT_FOUND");
    shop.cancel_order(&approved.order, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
    assert!(journal(&db).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_journal_with_a_gap_is_not_read_as_a_payment() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let db = app.database.connect().await;
    db.execute_unprepared("DELETE FROM payment_event WHERE seq = 3").await.unwrap();
    let app = app.restart().await;
    let answer = shop.at(&app.http).cancel(&paid.key, &json!({ "amount": 1_000 })).await;
    assert_eq!(answer.status / 100, 5, "{}", answer.json);
    app.stop().await;
}
