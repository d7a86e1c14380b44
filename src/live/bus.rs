//! Who listens to which payment, in this process.

use std::{net::IpAddr, sync::Arc};

use dashmap::DashMap;
use metrics::{counter, gauge};
use tokio::sync::mpsc;

use super::{Frame, Permits, Viewer};
use crate::{
    domain::{MerchantId, PaymentId},
    shares::{NoShare, Rule, Share, Shares},
};

/// Why there is no further stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyStreams {
    #[error("too many event streams are open")]
    InAll,
    #[error("too many event streams of this merchant are open")]
    OfMerchant,
    #[error("too many event streams from this address are open")]
    OfAddress,
    #[error("too many event streams of this payment are open")]
    OfPayment,
}

/// Whose a stream is: both have a share of all streams.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    pub merchant: MerchantId,
    /// The network that it goes to.
    pub address: IpAddr,
}

/// Streams one payment may have: a shop's page, a phone, a checkout, a back office, and room for tabs.
const MAX_STREAMS_PER_PAYMENT: usize = 128;

/// Frames a reader may lag behind. A payment has a dozen; a reader that misses more is cut off and
/// resumes from the journal.
const READER_LAG: usize = 32;

/// What is heard of a payment.
#[derive(Debug, Clone)]
pub enum Heard {
    /// It is durable.
    Event(Frame),
    /// Somebody looks at it on a phone: a hint that nothing keeps and nothing depends on.
    Scan(Arc<str>),
}

type Topics = DashMap<PaymentId, Vec<Reader>>;

struct Reader {
    viewer: Viewer,
    address: IpAddr,
    sender: mpsc::Sender<Heard>,
}

/// The local event bus.
#[derive(Clone)]
pub struct Bus {
    topics: Arc<Topics>,
    of_merchants: Arc<Shares<MerchantId>>,
    of_addresses: Arc<Shares<IpAddr>>,
    permits: Permits,
}

impl Bus {
    pub fn new(max_streams: usize) -> Self {
        Self {
            topics: Arc::default(),
            of_merchants: Shares::new("streams", max_streams, Rule::default()),
            of_addresses: Shares::new("streams_of_address", max_streams, Rule::default()),
            permits: Permits::default(),
        }
    }

    /// What open streams rest on.
    pub fn permits(&self) -> &Permits {
        &self.permits
    }

    /// Listens to a payment from now on, as much as `viewer` may hear.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn subscribe(
        &self,
        payment: PaymentId,
        viewer: Viewer,
        listener: Listener,
    ) -> Result<Subscription, TooManyStreams> {
        let Listener { merchant, address } = listener;
        let unless = |spent| move |none| if none == NoShare::Full { TooManyStreams::InAll } else { spent };
        let counted = Counted::new(
            self.of_merchants.take(Some(merchant)).map_err(unless(TooManyStreams::OfMerchant))?,
            self.of_addresses.take(Some(address)).map_err(unless(TooManyStreams::OfAddress))?,
        );
        let (sender, heard) = mpsc::channel(READER_LAG);
        let mut readers = self.topics.entry(payment).or_default();
        let own = readers.iter().filter(|reader| reader.address == address).count();
        let free = MAX_STREAMS_PER_PAYMENT.saturating_sub(readers.len());
        if !Rule::default().permits(own, free) {
            return Err(TooManyStreams::OfPayment);
        }
        readers.push(Reader { viewer, address, sender });
        Ok(Subscription { payment, heard, viewer, topics: self.topics.clone(), _counted: counted })
    }

    /// Tells everybody who listens. A reader that is too slow to take it is dropped: its stream ends, and
    /// it comes back with the last id it saw.
    pub fn publish(&self, payment: PaymentId, frame: &Frame) {
        let Some(mut readers) = self.topics.get_mut(&payment) else { return };
        readers.retain(|reader| match reader.sender.try_send(Heard::Event(frame.clone())) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                counter!("paygate_sse_slow_readers_total").increment(1);
                false
            }
        });
    }

    /// Tells bystanders who has scanned the code. It takes nobody's place: half of what a reader may lag behind is
    /// kept for events.
    pub fn hint(&self, payment: PaymentId, scanned_by: &str) {
        let Some(readers) = self.topics.get(&payment) else { return };
        for reader in readers.iter().filter(|reader| reader.viewer == Viewer::Bystander) {
            if reader.sender.capacity() > READER_LAG / 2 {
                let _ = reader.sender.try_send(Heard::Scan(scanned_by.into()));
            }
        }
    }

    pub fn open_streams(&self) -> usize {
        self.of_merchants.in_use()
    }
}

/// One listener. Dropping it unsubscribes.
pub struct Subscription {
    payment: PaymentId,
    heard: mpsc::Receiver<Heard>,
    viewer: Viewer,
    topics: Arc<Topics>,
    _counted: Counted,
}

impl Subscription {
    /// What is heard next; `None` when this reader was too slow and was dropped.
    pub async fn next(&mut self) -> Option<Heard> {
        Some(match self.heard.recv().await? {
            Heard::Event(frame) => Heard::Event(self.viewer.sees(frame)),
            scan @ Heard::Scan(_) => scan,
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.heard.close();
        self.topics.remove_if_mut(&self.payment, |_, readers| {
            readers.retain(|reader| !reader.sender.is_closed());
            readers.is_empty()
        });
    }
}

/// A place among the open streams.
struct Counted {
    _of_merchant: Share<MerchantId>,
    _of_address: Share<IpAddr>,
}

impl Counted {
    fn new(of_merchant: Share<MerchantId>, of_address: Share<IpAddr>) -> Self {
        gauge!("paygate_sse_streams").increment(1.0);
        Self { _of_merchant: of_merchant, _of_address: of_address }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("paygate_sse_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use uuid::Uuid;

    use super::*;

    async fn next(subscription: &mut Subscription) -> Option<i64> {
        subscription.next().await.map(|heard| match heard {
            Heard::Event(frame) => frame.seq,
            Heard::Scan(_) => 0,
        })
    }

    fn somebody() -> Listener {
        Listener { merchant: Uuid::nil().into(), address: std::net::Ipv4Addr::LOCALHOST.into() }
    }

    fn frame(seq: i64) -> Frame {
        Frame { seq, name: "payment-ready", data: "{}".into(), scanned_by: None, is_final: false }
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_cut_off_and_counted_and_nobody_else_is() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (bus, payment) = (Bus::new(10), PaymentId::from(Uuid::now_v7()));
        let (mut slow, mut quick) = (
            bus.subscribe(payment, Viewer::Party, somebody()).unwrap(),
            bus.subscribe(payment, Viewer::Party, somebody()).unwrap(),
        );
        let lag = i64::try_from(READER_LAG).unwrap();
        for seq in 1..=lag + 1 {
            metrics::with_local_recorder(&recorder, || bus.publish(payment, &frame(seq)));
            assert_eq!(next(&mut quick).await, Some(seq));
        }
        let cut_off = recorder.handle().render();
        assert!(cut_off.lines().any(|line| line == "paygate_sse_slow_readers_total 1"), "{cut_off}");
        // What it was sent before it reads; then its stream ends, and it comes back with the last number.
        for seq in 1..=lag {
            assert_eq!(next(&mut slow).await, Some(seq));
        }
        assert_eq!(next(&mut slow).await, None);
        bus.publish(payment, &frame(lag + 2));
        assert_eq!(next(&mut quick).await, Some(lag + 2));
        drop(slow);
        assert_eq!(bus.open_streams(), 1);
    }
    #[tokio::test]
    async fn bystanders_alone_hear_of_a_scan() {
        let (bus, payment) = (Bus::new(10), PaymentId::from(Uuid::now_v7()));
        let mut party = bus.subscribe(payment, Viewer::Party, somebody()).unwrap();
        let mut bystander = bus.subscribe(payment, Viewer::Bystander, somebody()).unwrap();
        let half = READER_LAG / 2;
        for _ in 0..2 * READER_LAG {
            bus.hint(payment, "k***@example.com");
        }
        bus.publish(payment, &frame(7));
        for _ in 0..half {
            assert_eq!(next(&mut bystander).await, Some(0), "no more than half of its places");
        }
        assert_eq!(next(&mut bystander).await, Some(7));
        assert_eq!(next(&mut party).await, Some(7));
    }
}
