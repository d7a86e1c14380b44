//! A clock that tests set.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use paygate::actors::Clock;

/// Stands still until it is told the time.
#[derive(Clone)]
pub struct TestClock {
    now_us: Arc<AtomicI64>,
    /// By how much the machine's clock was set.
    set_us: Arc<AtomicI64>,
}

impl TestClock {
    /// `at` as in `2026-11-22T14:59:59Z`.
    pub fn at(at: &str) -> Self {
        let clock = Self { now_us: Arc::default(), set_us: Arc::default() };
        clock.set(at);
        clock
    }

    pub fn set(&self, at: &str) {
        let at: Timestamp = at.parse().unwrap();
        self.now_us.store(at.as_microsecond(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: SignedDuration) {
        self.now_us.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// The machine's clock is set, and no time passes.
    pub fn leap(&self, by: SignedDuration) {
        self.set_us.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        let set_us = self.set_us.load(Ordering::SeqCst);
        Timestamp::from_microsecond(self.now_us.load(Ordering::SeqCst) + set_us).unwrap()
    }

    pub fn as_clock(&self) -> Clock {
        let (wall, steady) = (self.clone(), self.now_us.clone());
        Clock::of(move || wall.now(), move || SignedDuration::from_micros(steady.load(Ordering::SeqCst)))
    }
}
