//! Coming back: what a client that has seen a part is told.

use serde_json::json;

use crate::support::{Approved, Event, Events, Shop, TestApp, fresh, spawn_app};

const STORY: [&str; 5] = ["onopen", "payment-ready", "payment-in-verificate", "payment-in-progress", "payment-done"];

async fn story() -> (TestApp, Shop, Approved, Vec<Event>) {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let told = shop.events(&paid.order).listen().await.expect_all(&STORY).await;
    (app, shop, paid, told)
}

fn id(event: &Event) -> String {
    event.id.unwrap().to_string()
}

/// The next events must be these and the stream must be at its end for now: a refund is the next thing
/// it tells.
async fn expect_then(events: &mut Events, wanted: &[Event], shop: &Shop, paid: &Approved) {
    for event in wanted {
        assert_eq!(events.next().await, *event);
    }
    shop.cancel(&paid.key, &json!({ "amount": 1 })).await.data();
    events.expect("payment-partial-canceled").await;
}

#[tokio::test]
async fn whoever_comes_after_the_end_hears_the_whole_history() {
    let (_app, shop, paid, told) = story().await;
    let mut again = shop.events(&paid.order).listen().await;
    expect_then(&mut again, &told, &shop, &paid).await;
}

#[tokio::test]
async fn a_last_event_id_in_the_header_continues_after_it() {
    let (_app, shop, paid, told) = story().await;
    for seen in 1..told.len() {
        let mut events = shop.events(&paid.order).header("last-event-id", id(&told[seen])).listen().await;
        events.expect("onopen").await;
        for event in &told[seen + 1..] {
            assert_eq!(events.next().await, *event);
        }
        // What it has seen is not told again.
        if seen == told.len() - 1 {
            expect_then(&mut events, &[], &shop, &paid).await;
        }
    }
}

#[tokio::test]
async fn a_last_event_id_in_the_query_wins_over_the_header() {
    let (_app, shop, paid, told) = story().await;
    let call = shop.events(&paid.order).query("lastEventId", &id(&told[3])).header("last-event-id", id(&told[1]));
    let mut events = call.listen().await;
    events.expect("onopen").await;
    expect_then(&mut events, &told[4..], &shop, &paid).await;
}

#[tokio::test]
async fn a_nonsense_query_wins_too_and_replays_all() {
    let (_app, shop, paid, told) = story().await;
    for nonsense in ["", "x", "-1", "0", "1.5", "NaN", "null", "undefined", "99999999999999999999999", "१"] {
        let call = shop.events(&paid.order).query("lastEventId", nonsense).header("last-event-id", id(&told[4]));
        assert_eq!(call.listen().await.expect_all(&STORY).await, told, "{nonsense}");
    }
    for nonsense in ["x", "-1", "0", "1.5"] {
        let call = shop.events(&paid.order).header("last-event-id", nonsense);
        assert_eq!(call.listen().await.expect_all(&STORY).await, told, "{nonsense}");
    }
}

#[tokio::test]
async fn an_id_from_the_future_replays_all() {
    let (_app, shop, paid, told) = story().await;
    for future in ["1000000", "9223372036854775807"] {
        let events = shop.events(&paid.order).query("lastEventId", future).listen().await.expect_all(&STORY).await;
        assert_eq!(events, told);
    }
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_where_it_was_over_a_restart_too() {
    let (app, shop, paid, told) = story().await;
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    let mut events = shop.events(&paid.order).header("last-event-id", id(&told[2])).listen().await;
    events.expect("onopen").await;
    expect_then(&mut events, &told[3..], &shop, &paid).await;
    app.stop().await;
}

#[tokio::test]
async fn the_phone_resumes_as_the_page_does() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let told = customer.events(&shop.id, &paid.order).listen().await.expect_all(&STORY).await;
    let call = customer.events(&shop.id, &paid.order).query("lastEventId", &id(&told[3]));
    let rest = call.listen().await.expect_all(&["onopen", "payment-done"]).await;
    assert_eq!(rest[1], told[4]);
}

#[tokio::test]
async fn a_stream_that_opens_before_anything_happened_waits() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    let mut events = shop.events(&order).query("lastEventId", "1").listen().await;
    events.expect("onopen").await;
    shop.cancel_order(&order, &json!({})).await.data();
    events.expect("payment-canceled").await;
}
