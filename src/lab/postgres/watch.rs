//! Whether `/readyz` is red while writes fail.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::{
    LabError,
    finding::{Finding, Kind},
    pause,
    people::People,
    wire::{Call, Heard, Wire},
};

const EVERY: Duration = Duration::from_millis(100);

/// Writes that fail one after the other for this long are no accident of one connection, and readiness has to have been
/// red. It is red for a moment only when a probe succeeds after the first of them, so a shorter time proves nothing.
const PROVEN: Duration = Duration::from_secs(3);

/// Writes and asks for readiness, each at its own pace.
#[derive(Default)]
pub struct Watch {
    /// When readiness was last red.
    red: Cell<Option<Instant>>,
    written: Cell<Option<Instant>>,
    findings: RefCell<Vec<Finding>>,
}

impl Watch {
    /// Until told to stop.
    pub async fn run(&self, wire: &Wire, people: &People, stop: &CancellationToken) -> Result<(), LabError> {
        tokio::join!(self.write(wire, people, stop), self.ask(wire, stop));
        Ok(())
    }

    /// When a payment was last created.
    pub fn written(&self) -> Option<Instant> {
        self.written.get()
    }

    pub fn findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }

    async fn write(&self, wire: &Wire, people: &People, stop: &CancellationToken) {
        let (mut number, mut failing) = (0_u32, None);
        while !pause(stop, EVERY).await {
            number += 1;
            let body = json!({ "amount": 100, "orderId": format!("watch-{number}"), "orderName": "연필" });
            if let Heard::Yes(_) = wire.send(&Call::post(&people.shop, "/api/v1/p/merchant", body)).await {
                self.written.set(Some(Instant::now()));
                failing = None;
                continue;
            }
            let first = *failing.get_or_insert_with(Instant::now);
            if first.elapsed() > PROVEN && self.red.get().is_none_or(|red| red < first) {
                let what = format!("ready, though every write failed for {:.1} s", first.elapsed().as_secs_f64());
                self.findings.borrow_mut().push(Finding::new(Kind::ReadyWrongly, None, what));
                failing = None;
            }
        }
    }

    async fn ask(&self, wire: &Wire, stop: &CancellationToken) {
        while !pause(stop, EVERY).await {
            if !wire.is_ready().await {
                self.red.set(Some(Instant::now()));
            }
        }
    }
}
