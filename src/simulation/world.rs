//! One world: a disk, a card network, a clock that can be turned, and processes that die.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actix::Arbiter;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::{Rng, RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{
    sabotage::{Bug, Forgetful},
    told::Told,
};
use crate::{
    acquirer::{
        Acquirer, Acquirers, BreakerSettings, CARD, CallError, CardAcquirer, CardNetwork, CardSettings, FaultKind,
        FaultPlan, Guarded, InProcess, Method, Reply, SPECIAL_CARDS, Sandbox,
    },
    actors::{
        ActorSettings, Clock, PaymentSettings, Payments, ResolutionSettings, Services, limits, recovery::Recovery,
        sweeper,
    },
    domain::{CancelNo, CustomerId, Instrument, MerchantId, PaymentId},
    live::Bus,
    store::{
        Card, Journal, JournalSettings, Records,
        simulated::{Chances, Disk, Drive, Faults, Flaws, Life},
    },
    vault::{self, MasterKeys, Ring, Vault},
};

/// How long a call may take; as configured by default.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a doubt may last after the last fault: a process that is started again, a call of the dead one that is
/// taken for lost, a round of the sweeper, and the call that settles it.
const DOUBT_AT_MOST: Duration = Duration::from_secs(45);

/// How often each process looks for what is due.
const SWEEP_EVERY: Duration = Duration::from_secs(7);

static VAULT: LazyLock<Arc<Vault>> = LazyLock::new(|| {
    let key = SecretString::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let masters = MasterKeys::new(&key, &[]).expect("a key of 32 bytes");
    Arc::new(Vault::new(Ring::new(|purpose| masters.derived(purpose)).expect("a key of each purpose")))
});

/// How often each process looks whether the network answers again. Rounds in which nothing happens take the time of this
/// test, so there are fewer of them than in the real process.
const RECOVER_EVERY: Duration = Duration::from_secs(3);

type Wall = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub struct World {
    pub merchant: MerchantId,
    pub customers: [CustomerId; 3],
    pub cards: Vec<Instrument>,
    pub sandbox: Arc<Sandbox>,
    pub disk: Arc<Disk>,
    pub told: RefCell<Vec<(PaymentId, Told)>>,
    /// The first answer to each call under a key.
    pub kept: RefCell<BTreeMap<String, String>>,
    /// What somebody wanted back once, and the numbers under which it was tried.
    pub wanted: RefCell<Vec<(PaymentId, Vec<CancelNo>)>>,
    /// Contradictions that were noticed on the way.
    pub wrong: RefCell<Vec<String>>,
    pub restarts: Cell<u64>,
    /// When processes were started anew.
    pub restarted: RefCell<Vec<Instant>>,
    clock_steps: RefCell<u64>,
    /// Payments that were in doubt for too long after the faults had ended.
    pub overdue: RefCell<Vec<PaymentId>>,
    bug: Option<Bug>,
    faults: Arc<Faults>,
    wall: Wall,
    /// Milliseconds by which the machine's clock is wrong.
    skew_ms: Arc<AtomicI64>,
    started: Instant,
    nodes: RefCell<Vec<Option<Node>>>,
    rng: RefCell<Xoshiro256PlusPlus>,
}

#[derive(Clone)]
pub struct Node {
    pub payments: Payments,
    pub life: Arc<Life>,
}

impl World {
    /// Everything about a world follows from its seed (and the bug that is put into it).
    pub fn new(seed: u64, bug: Option<Bug>) -> Rc<Self> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let uuid = |number: u64| Uuid::from_u64_pair(seed, number);
        let (started, skew_ms) = (Instant::now(), Arc::new(AtomicI64::new(0)));
        let wall: Wall = {
            // Today, because cards expire; on a full second, because fractions of it would decide which of
            // two timers is first.
            let first = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
            let skew_ms = skew_ms.clone();
            Arc::new(move || {
                let passed = SignedDuration::try_from(started.elapsed()).unwrap_or_default();
                first + passed + SignedDuration::from_millis(skew_ms.load(Ordering::Relaxed))
            })
        };
        let (cards, rows) = cards(uuid(1));
        let network = pick(&mut rng, &[0.0, 0.01, 0.03, 0.08]);
        let plan =
            FaultPlan::all(rng.random(), network).flapping_at_most(Duration::from_secs(pick(&mut rng, &[1, 20, 90])));
        let plan = plan
            .with(FaultKind::Flap, network / 4.0)
            .delayed_at_most(Duration::from_secs(pick(&mut rng, &[1, 8, 100])));
        // This bug needs calls that are not sent while the disk and the processes fail, and no other fault of the network.
        let is_loose = bug == Some(Bug::LooseKeys);
        let plan = match is_loose {
            true => FaultPlan::new(seed).with(FaultKind::Flap, 0.15).flapping_at_most(Duration::from_secs(6)),
            false => plan,
        };
        let now = wall.clone();
        let sandbox = Sandbox::in_memory().with_clock(move || now()).with_plan(plan);
        let (disk, crash) = (pick(&mut rng, &[0.0, 0.01, 0.1]), pick(&mut rng, &[0.0, 0.01, 0.05]));
        let (disk, crash) = if is_loose { (0.1, 0.05) } else { (disk, crash) };
        let chances = Chances {
            read_fails: disk / 2.0,
            write_fails: disk,
            answer_lost: disk,
            crash_before: crash,
            crash_after: crash,
        };
        let nodes = if bug.is_some() || rng.random_bool(0.4) { 2 } else { 1 };
        let flaws = Flaws { no_fence: bug == Some(Bug::NoFence), loose_keys: bug == Some(Bug::LooseKeys) };
        Rc::new(Self {
            merchant: uuid(0).into(),
            customers: [2, 3, 4].map(|number| uuid(number).into()),
            cards,
            sandbox: Arc::new(sandbox),
            disk: Arc::new(Disk::new(rows, flaws)),
            told: RefCell::default(),
            kept: RefCell::default(),
            wanted: RefCell::default(),
            wrong: RefCell::default(),
            restarts: Cell::default(),
            restarted: RefCell::default(),
            clock_steps: RefCell::default(),
            overdue: RefCell::default(),
            bug,
            faults: Arc::new(Faults::new(Xoshiro256PlusPlus::seed_from_u64(rng.random()), chances)),
            wall,
            skew_ms,
            started,
            nodes: RefCell::new(vec![None; nodes]),
            rng: RefCell::new(rng),
        })
    }

    pub fn now(&self) -> Timestamp {
        (self.wall)()
    }

    /// Every refund is asked for several times at once: the bug with keys is seldom found otherwise.
    pub fn clicks_often(&self) -> bool {
        self.bug == Some(Bug::LooseKeys)
    }

    /// The clock of a process that is started now.
    fn clock(&self) -> Clock {
        let (wall, started) = (self.wall.clone(), self.started);
        let steady = move || SignedDuration::try_from(started.elapsed()).unwrap_or_default();
        match self.bug {
            Some(Bug::Leaps) => Clock::new(move || wall()),
            _ => Clock::of(move || wall(), steady),
        }
    }

    /// Virtual time since the beginning.
    pub fn passed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A generator of its own for somebody who acts beside others.
    pub fn fork(&self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.rng.borrow_mut().next_u64())
    }

    pub fn faults(&self) -> BTreeMap<String, u64> {
        let steps = [("clock: set".to_owned(), *self.clock_steps.borrow())].into_iter().filter(|(_, count)| *count > 0);
        let disk = self.faults.injected().into_iter().map(|(name, count)| (name.to_owned(), count));
        let network = self.sandbox.faults();
        let network = network.into_iter().map(|(kind, count)| (format!("network: {}", kind.as_str()), count));
        disk.chain(network).chain(steps).collect()
    }

    /// Starts all processes, and what turns the clock and kills.
    pub fn begin(self: &Rc<Self>) {
        for index in 0..self.nodes.borrow().len() {
            actix::spawn(self.clone().keep_running(index));
        }
        let mut rng = self.fork();
        let may_leap = rng.random_bool(0.2);
        if may_leap || self.bug == Some(Bug::Leaps) {
            actix::spawn(self.clone().turn_the_clock(rng));
        }
    }

    /// A process that is up.
    pub async fn node(&self, rng: &mut Xoshiro256PlusPlus) -> Node {
        loop {
            let up: Vec<Node> = self.nodes.borrow().iter().flatten().cloned().collect();
            if up.is_empty() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            return up[rng.random_range(0..up.len())].clone();
        }
    }

    /// From now on nothing goes wrong any more.
    pub fn calm(&self) {
        self.sandbox.calm();
        self.faults.calm();
    }

    /// Waits until what is in doubt now no longer is, for as long as that may take.
    pub async fn doubts_end(&self) {
        let (begin, mut open) = (self.passed(), self.disk.doubtful());
        while !open.is_empty() && self.passed() - begin < DOUBT_AT_MOST {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let still = self.disk.doubtful();
            open.retain(|id| still.contains(id));
        }
        self.overdue.borrow_mut().extend(open);
    }

    async fn keep_running(self: Rc<Self>, index: usize) {
        let mut rng = self.fork();
        loop {
            let node = self.start();
            self.nodes.borrow_mut()[index] = Some(node.clone());
            node.life.over().await;
            self.nodes.borrow_mut()[index] = None;
            self.restarts.set(self.restarts.get() + 1);
            self.restarted.borrow_mut().push(Instant::now());
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..10_000))).await;
        }
    }

    async fn turn_the_clock(self: Rc<Self>, mut rng: Xoshiro256PlusPlus) {
        loop {
            tokio::time::sleep(Duration::from_secs(rng.random_range(5..200))).await;
            let most_ms = pick(&mut rng, &[300_000, 3_600_000]);
            self.skew_ms.store(rng.random_range(-most_ms..most_ms), Ordering::Relaxed);
            *self.clock_steps.borrow_mut() += 1;
        }
    }

    fn start(&self) -> Node {
        let life = Arc::new(Life::default());
        let drive = Drive {
            disk: self.disk.clone(),
            life: life.clone(),
            faults: self.faults.clone(),
            pretends: self.bug.and_then(Bug::pretends),
        };
        let records: Arc<dyn Records> = Arc::new(drive);
        let (journal, _) = Journal::start(&records, 1, &JournalSettings { queue: 256, max_batch: 64, writers: 1 });
        let actors = ActorSettings {
            arbiters: 1,
            max_payments: 1_000,
            max_asks: 1_000,
            linger_ms: 5_000,
            sweep_interval_ms: 1_000,
            sweep_batch: 200,
            drain_timeout_ms: 8_000,
        };
        let (places, asks) = limits(&actors);
        let services = Services {
            records,
            journal,
            bus: Bus::new(100),
            acquirers: Acquirers::new([(CARD, self.acquirer(&life))]),
            vault: VAULT.clone(),
            clock: self.clock(),
            payment: PaymentSettings { expires_after_s: 600, answer_budget_ms: 8_000, acquirer_timeout_ms: 6_000 },
            resolution: ResolutionSettings {
                inquiry_every_ms: 3_000,
                inquiry_for_ms: 45_000,
                retry_after_ms: vec![5_000, 15_000, 60_000, 300_000, 1_800_000, 3_600_000],
                lost_after_ms: 2_000,
            },
            actors,
            places,
            asks,
            effects: TaskTracker::new(),
        };
        let payments = Payments::on(Arc::new([Arbiter::current()]), Arc::new(services));
        let sweeps = payments.clone();
        actix::spawn(async move {
            loop {
                let _ = sweeper::wake_ahead(&sweeps).await;
                let _ = sweeper::sweep_once(&sweeps).await;
                tokio::time::sleep(SWEEP_EVERY).await;
            }
        });
        if self.bug != Some(Bug::NoRecovery) {
            let (recovering, life) = (payments.clone(), life.clone());
            actix::spawn(async move {
                let mut recovery = Recovery::default();
                while !life.is_over() {
                    let _ = recovery.tick(&recovering).await;
                    tokio::time::sleep(RECOVER_EVERY).await;
                }
            });
        }
        Node { payments, life }
    }

    fn acquirer(&self, life: &Arc<Life>) -> Arc<dyn Acquirer> {
        let network = InProcess::new(self.sandbox.clone(), CALL_TIMEOUT);
        let network = Mortal { network, life: life.clone() };
        let acquirer: Arc<dyn Acquirer> = Arc::new(CardAcquirer::new(Arc::new(network), CardSettings::default()));
        let acquirer = if self.bug == Some(Bug::UnknownIsNotSent) { Arc::new(Forgetful(acquirer)) } else { acquirer };
        // The breaker would look at the machine's clock; it never opens here.
        let never = BreakerSettings { failures: u32::MAX, open_for: CALL_TIMEOUT, open_for_at_most: CALL_TIMEOUT };
        Arc::new(Guarded::new(CARD, acquirer, never))
    }
}

/// The network as a process reaches it: nothing leaves a dead one, and nothing reaches it.
struct Mortal {
    network: InProcess,
    life: Arc<Life>,
}

#[async_trait]
impl CardNetwork for Mortal {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, CallError> {
        self.life.or_never().await;
        let answer = self.network.call(method, path, body).await;
        self.life.or_never().await;
        answer
    }
}

pub fn pick<T: Copy>(rng: &mut Xoshiro256PlusPlus, all: &[T]) -> T {
    all[rng.random_range(0..all.len())]
}

/// The sandbox's special cards, as registered ones.
fn cards(first: Uuid) -> (Vec<Instrument>, Vec<Card>) {
    let registered = SPECIAL_CARDS.iter().enumerate().map(|(index, card)| {
        let id = Uuid::from_u128(first.as_u128() + 100 + index as u128);
        let instrument =
            Instrument { method: CARD.into(), id: id.into(), masked: "****".into(), issuer: card.company.into() };
        let number: String = card.number.chars().filter(char::is_ascii_digit).collect();
        let row = Card {
            id: id.into(),
            customer: first.into(),
            method: CARD.to_owned(),
            masked: "****".to_owned(),
            expiry: card.expiry.to_owned(),
            company: card.company.to_owned(),
            is_representative: false,
            sealed_pan: Some(VAULT.seal(number.as_bytes(), &vault::card_context(id))),
        };
        (instrument, row)
    });
    registered.unzip()
}
