//! Ends the streams of keys that are no longer good, whichever process stopped the key.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::App;
use crate::supervision::survive;

/// The name of the task, where tasks are reported.
pub const KEY_WATCH: &str = "key watch";

/// A stream outlives its key by this long at most, and by the look-up.
const EVERY: Duration = Duration::from_millis(500);

/// Keys of one look-up.
const BATCH: usize = 500;

/// Looks up the keys of all open streams, again and again. Without streams it asks nothing.
pub async fn run(app: &App) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.shutdown.cancelled() => return,
        }
        survive(KEY_WATCH, look(app)).await;
    }
}

async fn look(app: &App) {
    let permits = app.payments.bus().permits();
    for keys in permits.keys().chunks(BATCH) {
        // While the database is silent a stream goes on: what it shows is the present as far as it is known.
        let Ok(good) = app.store.good_keys(keys, app.payments.earliest_now()).await else { return };
        for key in keys.iter().filter(|key| !good.contains(key)) {
            permits.end(*key);
        }
    }
}
