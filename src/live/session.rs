//! One SSE stream: greeting, history, then the present, each event once and in order.

use std::time::Duration;

use actix_web_lab::sse;
use futures_util::{Stream, stream::unfold};
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Frame, Heard, Permit, Subscription};

/// `[live]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveSettings {
    /// Event bus between nodes; empty: this process alone.
    pub nats_url: String,
    /// Streams of this process; one more is refused with 503.
    pub max_streams: usize,
    /// A comment is sent when nothing else was for this long (15 s at most: a client gives up after 45).
    pub heartbeat_ms: u64,
    /// How long a stream stays open after a final state.
    pub linger_s: u64,
}

/// Where a client wants to go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resume {
    /// The last event it saw; 0 when it has seen none.
    pub after: i64,
}

impl Resume {
    /// Reads a last event id. One that makes no sense means "from the beginning".
    pub fn from_text(text: Option<&str>) -> Self {
        let after = text.and_then(|text| text.trim().parse().ok()).filter(|id| *id > 0).unwrap_or(0);
        Self { after }
    }
}

enum Phase {
    Greeting,
    History(std::vec::IntoIter<Frame>),
    Present,
    /// Answer what is left in the state machine with the end of the stream.
    Over,
}

struct Session {
    phase: Phase,
    history: Vec<Frame>,
    /// Sent once the history is.
    after_history: Option<sse::Event>,
    subscription: Subscription,
    /// The last event sent.
    seen: i64,
    linger: Duration,
    closes_at: Option<Instant>,
    permit: Option<Permit>,
    shutdown: CancellationToken,
}

/// The events of one connection. `history` was read after `subscription` was made, so nothing can fall
/// between them, and what is in both is sent once.
pub fn stream(
    subscription: Subscription,
    history: Vec<Frame>,
    after_history: Option<sse::Event>,
    resume: Resume,
    linger: Duration,
    permit: Option<Permit>,
    shutdown: CancellationToken,
) -> impl Stream<Item = sse::Event> {
    // An id from the future is as senseless as one that is no number.
    let newest = history.last().map_or(0, |frame| frame.seq);
    let seen = if resume.after > newest { 0 } else { resume.after };
    let ends = history.last().is_some_and(|frame| frame.is_final);
    let session = Session {
        phase: Phase::Greeting,
        history,
        after_history,
        subscription,
        seen,
        linger,
        closes_at: ends.then(|| Instant::now() + linger),
        permit,
        shutdown,
    };
    unfold(session, |mut session| async move { session.next().await.map(|event| (event, session)) })
}

impl Session {
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            match &mut self.phase {
                Phase::Greeting => {
                    self.phase = Phase::History(std::mem::take(&mut self.history).into_iter());
                    return Some(sse::Data::new("\"connect\"").event("onopen").into());
                }
                Phase::History(frames) => match frames.next() {
                    Some(frame) if frame.seq <= self.seen => {}
                    Some(frame) => return Some(self.send(&frame)),
                    None => {
                        self.phase = Phase::Present;
                        if let Some(event) = self.after_history.take() {
                            return Some(event);
                        }
                    }
                },
                Phase::Present => match self.wait().await {
                    Some(Heard::Event(frame)) if frame.seq <= self.seen => {}
                    Some(Heard::Event(frame)) => return Some(self.send(&frame)),
                    Some(Heard::Scan(who)) => return Some(scan(&who)),
                    None => self.phase = Phase::Over,
                },
                Phase::Over => return None,
            }
        }
    }

    async fn wait(&mut self) -> Option<Heard> {
        let closes_at = self.closes_at;
        let linger_over = async {
            match closes_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let permit_over = async {
            match &self.permit {
                Some(permit) => permit.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What is over is told nothing more.
            biased;
            () = permit_over => None,
            heard = self.subscription.next() => heard,
            () = linger_over => None,
            () = self.shutdown.cancelled() => None,
        }
    }

    fn send(&mut self, frame: &Frame) -> sse::Event {
        self.seen = frame.seq;
        if frame.is_final && self.closes_at.is_none() {
            self.closes_at = Some(Instant::now() + self.linger);
        }
        sse::Data::new(&*frame.data).event(frame.name).id(frame.seq.to_string()).into()
    }
}

/// How long the payment can still be paid, so that a page counts down by this server's clock and not by its device's.
/// Without an id: a stream goes on after events alone.
pub fn clock(remaining_ms: i64) -> sse::Event {
    let data = serde_json::json!({ "remainingMs": remaining_ms.max(0) });
    sse::Data::new(data.to_string()).event("payment-clock").into()
}

/// Without an id, as above.
fn scan(who: &str) -> sse::Event {
    let data = serde_json::json!({ "scannedBy": who });
    sse::Data::new(data.to_string()).event("payment-scanned").into()
}
