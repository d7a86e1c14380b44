//! A shop's page that watches a payment, and connects again with the last id when the stream breaks.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    memory::Told,
    pause,
    wire::{Call, Who, Wire},
};

/// What the stream has told lately may still be on its way.
const LAST_WORDS: Duration = Duration::from_millis(100);

const RECONNECT: Duration = Duration::from_millis(200);

/// A page of a payment with fewer than twenty events; whatever is longer is not one event.
const MAX_BUFFERED_BYTES: usize = 64 * 1024;

pub struct Watch {
    stop: CancellationToken,
    task: JoinHandle<Vec<Told>>,
}

impl Watch {
    pub fn start(wire: &Wire, shop: &Who, order: &str) -> Self {
        let stop = CancellationToken::new();
        let mut page = Page {
            wire: wire.clone(),
            shop: shop.clone(),
            order: order.to_owned(),
            last_id: None,
            is_charged: false,
            told: Vec::new(),
        };
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            while !stopped.is_cancelled() {
                stopped.run_until_cancelled(page.listen()).await;
                pause(&stopped, RECONNECT).await;
            }
            page.told
        });
        Self { stop, task }
    }

    /// What the page has seen.
    pub async fn end(self) -> Vec<Told> {
        tokio::time::sleep(LAST_WORDS).await;
        self.stop.cancel();
        self.task.await.unwrap_or_default()
    }
}

/// What the page has heard so far.
struct Page {
    wire: Wire,
    shop: Who,
    order: String,
    last_id: Option<i64>,
    is_charged: bool,
    told: Vec<Told>,
}

impl Page {
    /// One connection, until it breaks.
    async fn listen(&mut self) {
        let resume = self.last_id.map(|id| format!("&lastEventId={id}")).unwrap_or_default();
        let path = format!("/api/v1/p/merchant/sse/connect?orderId={}{resume}", self.order);
        let Ok(answer) = self.wire.open(&Call::get(&self.shop, path), None).await else { return };
        if !answer.status().is_success() {
            return;
        }
        let (mut chunks, mut text) = (answer.bytes_stream(), String::new());
        while let Some(Ok(chunk)) = chunks.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                self.hear(&event);
            }
            if text.len() > MAX_BUFFERED_BYTES {
                return;
            }
        }
    }

    fn hear(&mut self, event: &str) {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let Some(id) = field("id:").and_then(|id| id.parse().ok()) else { return };
        if let Some(after) = self.last_id.filter(|last| id <= *last) {
            self.told.push(Told::OutOfOrder { after, id });
        }
        self.last_id = Some(id);
        match field("event:") {
            Some("payment-done") => {
                self.is_charged = true;
                self.told.push(Told::Charged);
            }
            Some("payment-aborted") => self.told.push(Told::Ended("ABORTED")),
            Some("payment-expired") => self.told.push(Told::Ended("EXPIRED")),
            // After the charge it means that everything was given back.
            Some("payment-canceled") if !self.is_charged => self.told.push(Told::Ended("CANCELED")),
            _ => {}
        }
    }
}
