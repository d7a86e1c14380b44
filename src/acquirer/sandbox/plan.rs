//! A seeded plan of what goes wrong with the sandbox's calls, whatever the card.
//!
//! Every call draws the same few numbers from one generator, in the order in which calls arrive, so the
//! same seed and the same order of calls meet the same faults. Time is tokio's alone: a simulation may
//! stop and turn the clock.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde::Serialize;
use tokio::time::Instant;

/// What can go wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is refused: not a byte arrives. A server cannot refuse a call that it has read, so
    /// over HTTP this is a 503, which proves nothing, and a caller must take it for unknown.
    Refused,
    /// The network is down for a while, and every call until then is refused as above. Who serves the
    /// sandbox over HTTP closes the listener instead.
    Flap,
    /// The request is lost: not processed, no answer.
    LostRequest,
    /// Processed, no answer.
    LostAnswer,
    /// Processed and answered after a while, even when the caller has gone.
    Late,
    /// Delivered twice: answered at once, and processed once more after a while.
    Duplicate,
    /// Not processed, an answer that cannot be read.
    GarbledBefore,
    /// Processed, an answer that cannot be read.
    GarbledAfter,
    /// 500, not processed.
    ErrorBefore,
    /// 500, processed.
    ErrorAfter,
    /// Processed, and answered a byte at a time, too slowly for anybody to wait.
    Drip,
}

impl FaultKind {
    pub const ALL: [FaultKind; 11] = [
        FaultKind::Refused,
        FaultKind::Flap,
        FaultKind::LostRequest,
        FaultKind::LostAnswer,
        FaultKind::Late,
        FaultKind::Duplicate,
        FaultKind::GarbledBefore,
        FaultKind::GarbledAfter,
        FaultKind::ErrorBefore,
        FaultKind::ErrorAfter,
        FaultKind::Drip,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            FaultKind::Refused => "refused",
            FaultKind::Flap => "flap",
            FaultKind::LostRequest => "lost request",
            FaultKind::LostAnswer => "lost answer",
            FaultKind::Late => "late",
            FaultKind::Duplicate => "duplicate",
            FaultKind::GarbledBefore => "garbled, not processed",
            FaultKind::GarbledAfter => "garbled, processed",
            FaultKind::ErrorBefore => "5xx, not processed",
            FaultKind::ErrorAfter => "5xx, processed",
            FaultKind::Drip => "drip",
        }
    }
}

/// How often each fault happens, and how long those last that take time.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultPlan {
    seed: u64,
    /// Of one call, from 0 to 1. What goes beyond a sum of 1 never happens.
    chances: BTreeMap<FaultKind, f64>,
    delay_at_most: Duration,
    flap_at_most: Duration,
}

impl FaultPlan {
    /// No fault yet: see [`with`](Self::with).
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            chances: BTreeMap::new(),
            delay_at_most: Duration::from_secs(8),
            flap_at_most: Duration::from_secs(2),
        }
    }

    /// Each kind at `chance`.
    pub fn all(seed: u64, chance: f64) -> Self {
        FaultKind::ALL.into_iter().fold(Self::new(seed), |plan, kind| plan.with(kind, chance))
    }

    /// Lets a fault happen to a call with this chance, from 0 (never) to 1 (always).
    #[must_use]
    pub fn with(mut self, kind: FaultKind, chance: f64) -> Self {
        self.chances.insert(kind, chance);
        self
    }

    /// The longest delay of what is late or doubled; some should be longer than a caller waits.
    #[must_use]
    pub const fn delayed_at_most(mut self, delay: Duration) -> Self {
        self.delay_at_most = delay;
        self
    }

    #[must_use]
    pub const fn flapping_at_most(mut self, duration: Duration) -> Self {
        self.flap_at_most = duration;
        self
    }
}

/// What goes wrong with one call. The delay counts where the kind speaks of a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub kind: FaultKind,
    pub delay: Duration,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Fault { kind, delay: Duration::ZERO }
    }
}

/// A plan at work.
pub(super) struct Faults {
    plan: FaultPlan,
    state: Mutex<State>,
}

struct State {
    rng: Xoshiro256PlusPlus,
    down_until: Option<Instant>,
    is_calm: bool,
    injected: BTreeMap<FaultKind, u64>,
}

impl Faults {
    pub fn new(plan: FaultPlan) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(plan.seed);
        let state = State { rng, down_until: None, is_calm: false, injected: BTreeMap::new() };
        Self { plan, state: Mutex::new(state) }
    }

    /// The fate of the next call.
    pub fn next(&self) -> Option<Fault> {
        let mut state = self.lock();
        // Drawn whether needed or not, so that one fault more or less does not shift all that follow.
        let drawn: f64 = state.rng.random();
        let delay = self.plan.delay_at_most.mul_f64(state.rng.random());
        let flap = self.plan.flap_at_most.mul_f64(state.rng.random());
        if state.is_calm {
            return None;
        }
        let now = Instant::now();
        let is_down = state.down_until.is_some_and(|until| now < until);
        let kind = if is_down { FaultKind::Flap } else { self.pick(drawn)? };
        if kind == FaultKind::Flap && !is_down {
            state.down_until = Some(now + flap);
        }
        *state.injected.entry(kind).or_default() += 1;
        Some(Fault { kind, delay })
    }

    fn pick(&self, drawn: f64) -> Option<FaultKind> {
        let mut reached = 0.0;
        self.plan.chances.iter().find_map(|(kind, chance)| {
            reached += chance;
            (drawn < reached).then_some(*kind)
        })
    }

    pub fn calm(&self) {
        self.lock().is_calm = true;
    }

    pub fn injected(&self) -> BTreeMap<FaultKind, u64> {
        self.lock().injected.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
