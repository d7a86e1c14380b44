//! Calendar days: where they begin and end for a phone, and for the back office.

use serde_json::Value;

use crate::support::{Customer, Shop, TestApp, TestClock};

fn orders(page: &Value) -> Vec<&str> {
    page["payments"].as_array().unwrap().iter().map(|payment| payment["orderId"].as_str().unwrap()).collect()
}

/// A payment at each of these times, its order named after the time.
async fn payments_at(times: &[&str]) -> (TestApp, Shop, Customer) {
    let clock = TestClock::at(times[0]);
    let app = TestApp::with(|settings| settings.auth.access_token_s = 10_000_000).clock(&clock).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    for time in times {
        clock.set(time);
        let token = shop.token_of(15_000, time).await;
        let key = customer.approve(&token).await.data()["paymentKey"].clone();
        shop.confirm(&serde_json::json!({ "orderId": time, "paymentKey": key, "amount": 15_000 })).await.data();
    }
    (app, shop, customer)
}

const BEFORE_SEOUL_MIDNIGHT: &str = "2026-11-21T14:59:59.999999Z";
const SEOUL_MIDNIGHT: &str = "2026-11-21T15:00:00Z";
const NEXT_SEOUL_MIDNIGHT: &str = "2026-11-22T15:00:00Z";
const BEFORE_UTC_MIDNIGHT: &str = "2026-11-22T23:59:59.999999Z";
const UTC_MIDNIGHT: &str = "2026-11-23T00:00:00Z";

const TIMES: [&str; 5] =
    [BEFORE_SEOUL_MIDNIGHT, SEOUL_MIDNIGHT, NEXT_SEOUL_MIDNIGHT, BEFORE_UTC_MIDNIGHT, UTC_MIDNIGHT];

#[tokio::test]
async fn a_phones_range_is_from_midnight_in_seoul_to_midnight_utc() {
    let (_app, _, customer) = payments_at(&TIMES).await;
    let of =
        async |start: &str, end: &str| customer.payments().query("startDate", start).query("endDate", end).await.data();
    let day = of("2026-11-22", "2026-11-22").await;
    assert_eq!(orders(&day), [BEFORE_UTC_MIDNIGHT, NEXT_SEOUL_MIDNIGHT, SEOUL_MIDNIGHT]);
    assert_eq!(orders(&of("2026-11-23", "2026-11-23").await), [UTC_MIDNIGHT, BEFORE_UTC_MIDNIGHT, NEXT_SEOUL_MIDNIGHT]);
    assert_eq!(orders(&of("2026-11-24", "2026-12-31").await), [""; 0]);
    let open_end = customer.payments().query("startDate", "2026-11-23").await.data();
    assert_eq!(orders(&open_end), [UTC_MIDNIGHT, BEFORE_UTC_MIDNIGHT, NEXT_SEOUL_MIDNIGHT]);
    let open_start = customer.payments().query("endDate", "2026-11-21").await.data();
    assert_eq!(orders(&open_start), [SEOUL_MIDNIGHT, BEFORE_SEOUL_MIDNIGHT]);
}

#[tokio::test]
async fn the_back_offices_range_is_in_days_of_seoul() {
    let (_app, shop, _) = payments_at(&TIMES).await;
    let of = async |start: &str, end: &str| {
        let page = shop.payments().query("startDate", start).query("endDate", end).await.data();
        assert_eq!(page["totalCount"], page["payments"].as_array().unwrap().len());
        page
    };
    assert_eq!(orders(&of("2026-11-22", "2026-11-22").await), [SEOUL_MIDNIGHT]);
    assert_eq!(orders(&of("2026-11-21", "2026-11-21").await), [BEFORE_SEOUL_MIDNIGHT]);
    let next = of("2026-11-23", "2026-11-23").await;
    assert_eq!(orders(&next), [UTC_MIDNIGHT, BEFORE_UTC_MIDNIGHT, NEXT_SEOUL_MIDNIGHT]);
    assert_eq!(orders(&of("2026-11-21", "2026-11-23").await).len(), 5);
}

#[tokio::test]
async fn filters_come_before_paging() {
    let (_app, shop, customer) = payments_at(&TIMES).await;
    for call in [customer.payments(), shop.payments()] {
        let oldest = call.query("endDate", "2026-11-21").query("limit", "1").query("page", "0").await.data();
        assert_eq!(oldest["payments"].as_array().unwrap().len(), 1);
    }
    let first = shop.payments().query("startDate", "2026-11-22").query("limit", "2").await.data();
    assert_eq!(orders(&first), [UTC_MIDNIGHT, BEFORE_UTC_MIDNIGHT]);
    assert_eq!(first["totalCount"], 4, "on all pages");
    let second = shop.payments().query("startDate", "2026-11-22").query("limit", "2").query("page", "1").await.data();
    assert_eq!(orders(&second), [NEXT_SEOUL_MIDNIGHT, SEOUL_MIDNIGHT]);
}

#[tokio::test]
async fn dates_that_are_none_or_out_of_order_are_named() {
    let (_app, shop, customer) = payments_at(&["2026-11-22T00:00:00Z"]).await;
    let bad =
        ["2026-13-01", "2026-02-30", "22.11.2026", "2026-11-22T00:00:00Z", "99999-01-01", "x", "20261122", "\u{0}"];
    for call in [customer.payments(), shop.payments()] {
        for bad in bad {
            call.clone().query("startDate", bad).english().await.refused_field("startDate");
            call.clone().query("endDate", bad).english().await.refused_field("endDate");
        }
        let turned = call.query("startDate", "2026-11-23").query("endDate", "2026-11-22");
        turned.english().await.refused_field("endDate");
    }
}
