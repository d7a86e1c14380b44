//! The journal's queue: commits that wait for a writer are few, and one more hears so at once.

use tokio::task::JoinSet;

use crate::support::{Shop, TestApp, eventually, fresh};

/// Calls at once. One of them is being written and one waits; there is no room for more.
const CALLS: usize = 8;
const ROOM: usize = 2;

#[tokio::test]
async fn a_full_journal_refuses_at_once_and_takes_commits_again_when_there_is_room() {
    let app = TestApp::with(|settings| {
        settings.journal.queue = 1;
        settings.journal.writers = 1;
    });
    let app = app.start().await;
    let shop = app.shop().await;
    // While somebody else holds the database for writing, the journal's writer waits for it.
    let held = app.database.hold().await;
    let mut running = JoinSet::new();
    for _ in 0..CALLS {
        let (shop, order) = (shop.clone(), Shop::order(15_000, &fresh("order")));
        running.spawn(async move { (shop.create(&order).await, order) });
    }
    let mut refused = Vec::new();
    // The suite looks for the time to come back.
    while refused.len() < CALLS - ROOM {
        let (answer, order) = running.join_next().await.unwrap().unwrap();
        assert_eq!(answer.refused(503, "OVERLOADED").outcome(), "not_sent");
        refused.push(order);
    }
    held.release().await;
    let mut written = 0;
    for (answer, order) in running.join_all().await {
        if answer.status == 200 {
            written += 1;
        } else {
            answer.refused(503, "OVERLOADED");
            refused.push(order);
        }
    }
    assert!(written > 0, "what had found room was written");
    assert_eq!(shop.payments().query("include", "all").await.data()["totalCount"], written);
    for order in &refused {
        shop.status(order["orderId"].as_str().unwrap()).await.refused(404, "PAYMENT_NOT_FOUND");
        shop.create(order).await.data();
    }
    eventually("all are there", async || app.in_memory().await == CALLS).await;
    app.stop().await;
}
