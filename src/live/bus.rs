//! Who listens to which payment, in this process.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use dashmap::DashMap;
use metrics::{counter, gauge};
use tokio::sync::mpsc;

use super::Frame;
use crate::domain::PaymentId;

/// The installation holds as many streams as it is configured for, or this payment does.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many event streams are open")]
pub struct TooManyStreams;

/// Streams one payment may have: a shop's page, a phone, a checkout, a back office, and room for tabs.
const MAX_STREAMS_PER_PAYMENT: usize = 128;

/// Frames a reader may lag behind. A payment has a dozen; a reader that misses more is cut off and
/// resumes from the journal.
const READER_LAG: usize = 32;

type Topics = DashMap<PaymentId, Vec<mpsc::Sender<Frame>>>;

/// The local event bus.
#[derive(Clone)]
pub struct Bus {
    topics: Arc<Topics>,
    streams: Arc<AtomicUsize>,
    max_streams: usize,
}

impl Bus {
    pub fn new(max_streams: usize) -> Self {
        Self { topics: Arc::default(), streams: Arc::default(), max_streams }
    }

    /// Listens to a payment from now on.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn subscribe(&self, payment: PaymentId) -> Result<Subscription, TooManyStreams> {
        let counted = Counted::enter(&self.streams, self.max_streams)?;
        let (sender, frames) = mpsc::channel(READER_LAG);
        let mut readers = self.topics.entry(payment).or_default();
        if readers.len() >= MAX_STREAMS_PER_PAYMENT {
            return Err(TooManyStreams);
        }
        readers.push(sender);
        Ok(Subscription { payment, frames, view: |frame| frame, topics: self.topics.clone(), _counted: counted })
    }

    /// Tells everybody who listens. A reader that is too slow to take it is dropped: its stream ends, and
    /// it comes back with the last id it saw.
    pub fn publish(&self, payment: PaymentId, frame: &Frame) {
        let Some(mut readers) = self.topics.get_mut(&payment) else { return };
        readers.retain(|reader| match reader.try_send(frame.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                counter!("paygate_sse_slow_readers_total").increment(1);
                false
            }
        });
    }

    pub fn open_streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }
}

/// One listener. Dropping it unsubscribes.
pub struct Subscription {
    payment: PaymentId,
    frames: mpsc::Receiver<Frame>,
    view: fn(Frame) -> Frame,
    topics: Arc<Topics>,
    _counted: Counted,
}

impl Subscription {
    /// The same, for somebody who may see less.
    pub fn seen_as(mut self, view: fn(Frame) -> Frame) -> Self {
        self.view = view;
        self
    }

    /// The next frame; `None` when this reader was too slow and was dropped.
    pub async fn next(&mut self) -> Option<Frame> {
        self.frames.recv().await.map(self.view)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.frames.close();
        self.topics.remove_if_mut(&self.payment, |_, readers| {
            readers.retain(|reader| !reader.is_closed());
            readers.is_empty()
        });
    }
}

/// A place among the open streams.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn enter(count: &Arc<AtomicUsize>, max: usize) -> Result<Self, TooManyStreams> {
        let entered = Self(count.clone());
        let before = count.fetch_add(1, Ordering::Relaxed);
        gauge!("paygate_sse_streams").set((before + 1) as f64);
        if before >= max { Err(TooManyStreams) } else { Ok(entered) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let before = self.0.fetch_sub(1, Ordering::Relaxed);
        gauge!("paygate_sse_streams").set(before.saturating_sub(1) as f64);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use uuid::Uuid;

    use super::*;

    fn frame(seq: i64) -> Frame {
        Frame { seq, name: "payment-ready", data: "{}".into(), scanned_by: None, is_final: false }
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_cut_off_and_counted_and_nobody_else_is() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (bus, payment) = (Bus::new(10), PaymentId::from(Uuid::now_v7()));
        let (mut slow, mut quick) = (bus.subscribe(payment).unwrap(), bus.subscribe(payment).unwrap());
        let lag = i64::try_from(READER_LAG).unwrap();
        for seq in 1..=lag + 1 {
            metrics::with_local_recorder(&recorder, || bus.publish(payment, &frame(seq)));
            assert_eq!(quick.next().await.unwrap().seq, seq);
        }
        let cut_off = recorder.handle().render();
        assert!(cut_off.lines().any(|line| line == "paygate_sse_slow_readers_total 1"), "{cut_off}");
        // What it was sent before it reads; then its stream ends, and it comes back with the last number.
        for seq in 1..=lag {
            assert_eq!(slow.next().await.unwrap().seq, seq);
        }
        assert!(slow.next().await.is_none());
        bus.publish(payment, &frame(lag + 2));
        assert_eq!(quick.next().await.unwrap().seq, lag + 2);
        drop(slow);
        assert_eq!(bus.open_streams(), 1);
    }
}
