//! A card network that does what a test says, and counts what it was asked.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use paygate::{
    acquirer::{Acquirer, Authorization, Capabilities, Record, RefundCall},
    actors::Clock,
    domain::{Approval, CancelNo, Money, Outcome, Reason, TxnNo},
    vault::{Credential, Cvc},
};
use tokio::sync::watch;

/// How a call ends.
#[derive(Debug, Clone, Copy)]
pub enum Play {
    Approve,
    Decline(Reason),
    NotSent,
    Unknown,
    /// Not before [`ScriptedAcquirer::release`] says how.
    Hang,
}

/// What its record of a charge says.
#[derive(Debug, Clone, Copy)]
pub enum OnRecord {
    /// It does not answer.
    Silence,
    Charged,
    /// Charged, but another amount.
    ChargedOther,
    Declined,
    Reversed,
    Nothing,
}

/// Approves everything until it is told otherwise.
pub struct ScriptedAcquirer {
    clock: Clock,
    /// It can be asked for its records, and to reverse.
    is_modern: bool,
    refunds: AtomicBool,
    record: Mutex<OnRecord>,
    reverse: Mutex<Play>,
    validate: Mutex<Play>,
    verify: Mutex<Play>,
    authorize: Mutex<Play>,
    refund: Mutex<Play>,
    released: watch::Sender<Option<Play>>,
    verified: AtomicU32,
    authorized: Mutex<BTreeMap<TxnNo, u32>>,
    amounts: Mutex<BTreeMap<TxnNo, i64>>,
    inquired: AtomicU32,
    reversed: Mutex<Vec<TxnNo>>,
    refunded: Mutex<BTreeMap<CancelNo, (i64, u32)>>,
    /// Calls that have not ended.
    open: watch::Sender<usize>,
}

impl ScriptedAcquirer {
    pub fn new() -> Arc<Self> {
        Self::with_clock(Clock::system())
    }

    /// Approvals bear the time of `clock`.
    pub fn with_clock(clock: Clock) -> Arc<Self> {
        Self::build(clock, true)
    }

    /// One that can be asked for nothing but verifications and charges.
    pub fn old_fashioned() -> Arc<Self> {
        Self::build(Clock::system(), false)
    }

    fn build(clock: Clock, is_modern: bool) -> Arc<Self> {
        let approve = || Mutex::new(Play::Approve);
        Arc::new(Self {
            clock,
            is_modern,
            refunds: AtomicBool::new(true),
            record: Mutex::new(OnRecord::Silence),
            reverse: approve(),
            validate: approve(),
            verify: approve(),
            authorize: approve(),
            refund: approve(),
            released: watch::Sender::new(None),
            verified: AtomicU32::new(0),
            authorized: Mutex::default(),
            amounts: Mutex::default(),
            inquired: AtomicU32::new(0),
            reversed: Mutex::default(),
            refunded: Mutex::default(),
            open: watch::Sender::new(0),
        })
    }

    pub fn on_validate(&self, play: Play) {
        *self.validate.lock().unwrap() = play;
    }

    pub fn on_verify(&self, play: Play) {
        *self.verify.lock().unwrap() = play;
    }

    pub fn on_authorize(&self, play: Play) {
        *self.authorize.lock().unwrap() = play;
    }

    pub fn on_refund(&self, play: Play) {
        *self.refund.lock().unwrap() = play;
    }

    /// From now on it takes no refunds any more.
    pub fn take_no_refunds(&self) {
        self.refunds.store(false, Ordering::SeqCst);
    }

    pub fn on_record(&self, record: OnRecord) {
        *self.record.lock().unwrap() = record;
    }

    pub fn on_reverse(&self, play: Play) {
        *self.reverse.lock().unwrap() = play;
    }

    /// Ends all hanging calls, now and later.
    pub fn release(&self, play: Play) {
        self.released.send_replace(Some(play));
    }

    /// Waits until this many calls hang.
    pub async fn hanging(&self, calls: usize) {
        let mut open = self.open.subscribe();
        super::within("calls that hang", open.wait_for(|open| *open >= calls)).await.unwrap();
    }

    pub fn verified(&self) -> u32 {
        self.verified.load(Ordering::SeqCst)
    }

    /// How often each number was asked to be charged.
    pub fn authorized(&self) -> BTreeMap<TxnNo, u32> {
        self.authorized.lock().unwrap().clone()
    }

    pub fn inquired(&self) -> u32 {
        self.inquired.load(Ordering::SeqCst)
    }

    /// The numbers that were asked to be reversed, each time they were.
    pub fn reversed(&self) -> Vec<TxnNo> {
        self.reversed.lock().unwrap().clone()
    }

    /// The amounts that were asked to be given back, one for each cancel number.
    pub fn refunded(&self) -> Vec<i64> {
        self.refunded.lock().unwrap().values().map(|(amount, _)| *amount).collect()
    }

    /// How often each of them was asked for.
    pub fn refund_calls(&self) -> Vec<u32> {
        self.refunded.lock().unwrap().values().map(|(_, calls)| *calls).collect()
    }

    async fn play<T>(&self, script: &Mutex<Play>, value: impl FnOnce() -> T) -> Outcome<T> {
        let mut play = *script.lock().unwrap();
        if let Play::Hang = play {
            self.open.send_modify(|open| *open += 1);
            let mut released = self.released.subscribe();
            // The sender lives as long as this acquirer.
            play = released.wait_for(Option::is_some).await.ok().and_then(|play| *play).unwrap_or(Play::Unknown);
        }
        match play {
            Play::Approve => Outcome::Approved(value()),
            Play::Decline(reason) => Outcome::Declined(reason),
            Play::NotSent => Outcome::NotSent,
            Play::Unknown | Play::Hang => Outcome::Unknown,
        }
    }
}

#[async_trait]
impl Acquirer for ScriptedAcquirer {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            verify: true,
            inquire: self.is_modern,
            reverse: self.is_modern,
            refund: self.refunds.load(Ordering::SeqCst),
        }
    }

    async fn validate(&self, _: &Credential, _: &Cvc) -> Outcome<()> {
        self.play(&self.validate, || ()).await
    }

    async fn verify(&self, _: &Credential) -> Outcome<()> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        self.play(&self.verify, || ()).await
    }

    async fn authorize(&self, call: Authorization<'_>) -> Outcome<Approval> {
        *self.authorized.lock().unwrap().entry(call.txn_no).or_default() += 1;
        self.amounts.lock().unwrap().insert(call.txn_no, call.amount.minor());
        let approval = || Approval { approval_no: "12345678".into(), approved_at: self.clock.now() };
        self.play(&self.authorize, approval).await
    }

    async fn inquire(&self, txn_no: TxnNo) -> Outcome<Record> {
        self.inquired.fetch_add(1, Ordering::SeqCst);
        let amount = self.amounts.lock().unwrap().get(&txn_no).copied().unwrap_or_default();
        let (approval_no, approved_at) = ("87654321".into(), Some(self.clock.now()));
        let charged =
            |amount| Outcome::Approved(Record::Approved { approval_no, approved_at, amount, canceled_amount: 0 });
        match *self.record.lock().unwrap() {
            OnRecord::Silence => Outcome::Unknown,
            OnRecord::Charged => charged(amount),
            OnRecord::ChargedOther => charged(amount + 1),
            OnRecord::Declined => Outcome::Approved(Record::Declined),
            OnRecord::Reversed => Outcome::Approved(Record::Reversed),
            OnRecord::Nothing => Outcome::Approved(Record::NotFound),
        }
    }

    async fn reverse(&self, txn_no: TxnNo, _: Money) -> Outcome<()> {
        self.reversed.lock().unwrap().push(txn_no);
        self.play(&self.reverse, || ()).await
    }

    async fn refund(&self, call: &RefundCall) -> Outcome<()> {
        self.refunded.lock().unwrap().entry(call.cancel_no).or_insert((call.amount.minor(), 0)).1 += 1;
        self.play(&self.refund, || ()).await
    }
}

/// A refusal for tests that only need one.
impl Play {
    pub const DECLINE: Self = Play::Decline(Reason::Declined);
}
