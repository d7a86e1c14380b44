//! The sweeper: one process at a time does it for all, and never too much at once.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use paygate::store::LeaseRow;
use paygate_entity::lease;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use crate::support::{Process, TestApp, TestClock, TestDatabase, eventually, fresh, spawn_app};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// What a process that wants the lease `name` gets: the lease of another one, or none when it has it now.
async fn take(app: &TestApp, name: &str, holder: Uuid, until_s: i64, abandoned: Option<LeaseRow>) -> Option<LeaseRow> {
    let (name, until) = (name.to_owned(), Timestamp::from_second(until_s).unwrap());
    app.inside(async move |app| app.store.take_lease(&name, holder, until, abandoned).await.unwrap()).await
}

#[tokio::test]
async fn a_lease_is_held_by_one_until_it_is_given_up_or_does_not_change_any_more() {
    let app = spawn_app().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(take(&app, "work", one, 100, None).await, None);
    let seen = take(&app, "work", other, 50_000, None).await;
    assert_eq!(seen, Some(LeaseRow { holder: one, until: 100_000_000 }), "whatever the moment in it says");
    assert_eq!(take(&app, "other work", other, 100, None).await, None, "another one is free");
    assert_eq!(take(&app, "work", one, 101, None).await, None, "whoever has it renews it");
    let renewed = take(&app, "work", other, 50_000, seen).await;
    assert_eq!(renewed.map(|row| row.until), Some(101_000_000), "it has changed, so its holder lives");
    assert_eq!(take(&app, "work", other, 50_000, renewed).await, None, "it has not changed any more");
    assert_eq!(take(&app, "work", one, 60_000, None).await.map(|row| row.holder), Some(other), "it has changed hands");
    let give_up =
        async |holder| app.inside(async move |app| app.store.release_lease("work", holder).await.unwrap()).await;
    give_up(one).await;
    assert!(take(&app, "work", one, 100, None).await.is_some(), "nobody gives up what another has");
    give_up(other).await;
    assert_eq!(take(&app, "work", one, 100, None).await, None);
    app.stop().await;
}

#[tokio::test]
async fn of_many_who_want_a_lease_at_once_one_gets_it() {
    let app = spawn_app().await;
    let mut abandoned = None;
    for round in 0..5 {
        let wanted = (0..20).map(|_| take(&app, "work", Uuid::now_v7(), round, abandoned));
        let got = futures_util::future::join_all(wanted).await.into_iter().filter(Option::is_none).count();
        assert_eq!(got, 1);
        abandoned = take(&app, "work", Uuid::now_v7(), round, None).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_sweeps_keeps_the_others_from_it_and_gives_the_lease_up_when_it_ends() {
    let app = spawn_app().await;
    let (database, db) = (app.database.clone(), app.database.connect().await);
    let leases = async || lease::Entity::find().filter(lease::Column::Name.eq("sweeper")).all(&db).await.unwrap();
    eventually("it sweeps", async || !leases().await.is_empty()).await;
    assert!(take(&app, "sweeper", Uuid::now_v7(), 200_000_000_000, None).await.is_some(), "no other process does");
    app.stop().await;
    assert!(leases().await.is_empty(), "whoever comes next need not wait");
    drop(database);
}

#[tokio::test]
async fn the_lease_of_a_process_that_died_an_hour_ahead_is_taken_over_within_its_length() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let db = database.connect().await;
    let held = async || lease::Entity::find_by_id("sweeper".to_owned()).one(&db).await.unwrap();
    eventually("it sweeps", async || held().await.is_some()).await;
    process.kill();
    let mut dead = held().await.unwrap().into_active_model();
    let ahead = Timestamp::now() + SignedDuration::from_hours(1);
    dead.until = Set(ahead.as_microsecond());
    let dead = dead.update(&db).await.unwrap();
    let _process = Process::start(&database, &[]).await;
    let started = Instant::now();
    eventually("another one sweeps", async || held().await.is_some_and(|held| held.holder != dead.holder)).await;
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_round_wakes_no_more_than_a_batch_and_the_next_one_goes_on() {
    let clock = TestClock::at("2026-11-22T15:00:00Z");
    let app = TestApp::with(|settings| settings.actors.sweep_batch = 3).clock(&clock).start().await;
    let shop = app.shop().await;
    let mut orders = Vec::new();
    for _ in 0..7 {
        let order = fresh("order");
        shop.token_of(15_000, &order).await;
        orders.push(order);
        clock.advance(SECOND);
    }
    // Nobody else than the sweeper ends them: their actors are gone.
    let app = app.restart().await;
    clock.advance(SECOND * 600);
    let due = async || app.inside(async |app| app.store.due_payments(Timestamp::MAX, 10).await.unwrap()).await;
    let all = due().await;
    for left in [4, 1, 0, 0] {
        let before = due().await.len();
        assert_eq!(app.sweep().await.payments, before - left);
        assert_eq!(due().await, all[all.len() - left..], "the longest overdue are first");
    }
    for order in &orders {
        shop.at(&app.http).events(order).listen().await.until("payment-expired").await;
    }
    app.stop().await;
}
