//! The sweeper: one process at a time does it for all, and never too much at once.

use jiff::{SignedDuration, Timestamp};
use paygate_entity::lease;
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::support::{TestApp, TestClock, eventually, fresh, spawn_app};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Whether `holder` gets the lease `name` at `now`, for two seconds.
async fn takes(app: &TestApp, name: &str, holder: Uuid, now: Timestamp) -> bool {
    let name = name.to_owned();
    app.inside(async move |app| app.store.take_lease(&name, holder, now, now + SECOND * 2).await.unwrap()).await
}

#[tokio::test]
async fn a_lease_is_held_by_one_until_it_is_over_or_given_up() {
    let app = spawn_app().await;
    let (one, other, now) = (Uuid::now_v7(), Uuid::now_v7(), "2026-11-22T15:00:00Z".parse::<Timestamp>().unwrap());
    assert!(takes(&app, "work", one, now).await);
    assert!(!takes(&app, "work", other, now).await, "it is taken");
    assert!(takes(&app, "other work", other, now).await, "another one is not");
    assert!(takes(&app, "work", one, now + SECOND).await, "whoever has it extends it");
    assert!(!takes(&app, "work", other, now + SECOND * 3).await, "up to the new end");
    assert!(takes(&app, "work", other, now + SECOND * 3 + SignedDuration::from_micros(1)).await, "and no longer");
    assert!(!takes(&app, "work", one, now + SECOND * 4).await, "it has changed hands");
    let give_up =
        async |holder| app.inside(async move |app| app.store.release_lease("work", holder).await.unwrap()).await;
    give_up(one).await;
    assert!(!takes(&app, "work", one, now + SECOND * 4).await, "nobody gives up what another has");
    give_up(other).await;
    assert!(takes(&app, "work", one, now + SECOND * 4).await);
    app.stop().await;
}

#[tokio::test]
async fn of_many_who_want_a_lease_at_once_one_gets_it() {
    let app = spawn_app().await;
    for round in 0..5 {
        let now = Timestamp::now() + SECOND * 10 * round;
        let wanted = (0..20).map(|_| takes(&app, "work", Uuid::now_v7(), now));
        let got = futures_util::future::join_all(wanted).await.into_iter().filter(|got| *got).count();
        assert_eq!(got, 1);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_sweeps_keeps_the_others_from_it_and_gives_the_lease_up_when_it_ends() {
    let app = spawn_app().await;
    let (database, db) = (app.database.clone(), app.database.connect().await);
    let leases = async || lease::Entity::find().all(&db).await.unwrap();
    eventually("it sweeps", async || !leases().await.is_empty()).await;
    let [held] = leases().await.try_into().unwrap();
    assert!(!takes(&app, &held.name, Uuid::now_v7(), Timestamp::now()).await, "another process does not");
    app.stop().await;
    assert!(leases().await.is_empty(), "whoever comes next need not wait");
    drop(database);
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
