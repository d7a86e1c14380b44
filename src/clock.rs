//! The one clock of the process.
//!
//! The machine's clock may be set: by NTP, by a person, by a virtual machine that is resumed. So it is used for what is
//! written down and shown, and for nothing else. How long something takes is measured by a second, steady clock that
//! nobody can set. A [`Clock`] holds both against each other, and so it notices when the machine's clock was set, by how
//! much, and can tell what it would show otherwise:
//!
//! - [`Clock::now`] is the time to be written down and shown. It follows the machine's clock at once.
//! - [`Clock::steady`] measures lengths. It never leaps.
//! - [`Clock::time_since`] continues a moment that was written down before, as if the clock had not been set since.
//! - [`Clock::earliest_now`] is for what must rather end late than early.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};

/// A larger difference between the two clocks, from one reading to the next, means that the machine's clock was set.
const STEP_US: i64 = 1_000_000;

/// For how long it is remembered that the clock was set: longer than anything lives that may end by that mistake.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Of a clock that is set again and again, the last steps are remembered.
const MAX_STEPS: usize = 64;

type Wall = Box<dyn Fn() -> Timestamp + Send + Sync>;
type Steady = Box<dyn Fn() -> SignedDuration + Send + Sync>;

/// The time, as a value: tests and simulations bring their own.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    wall: Wall,
    /// Time since any moment before this process.
    steady: Steady,
    /// The machine's clock minus the steady one, as it was read last.
    offset_us: AtomicI64,
    /// How the clock was set, oldest first.
    steps: Mutex<Vec<Step>>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    at: SignedDuration,
    /// What the clock showed when it was set.
    before: Timestamp,
    by: SignedDuration,
}

impl Clock {
    /// A clock that nobody can set: it serves for both.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = Arc::new(now);
        let steady = now.clone();
        Self::of(move || now(), move || steady().duration_since(Timestamp::UNIX_EPOCH))
    }

    /// A clock that may be set, and a steady one.
    pub fn of(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        steady: impl Fn() -> SignedDuration + Send + Sync + 'static,
    ) -> Self {
        let clock = Self(Arc::new(Inner {
            wall: Box::new(wall),
            steady: Box::new(steady),
            offset_us: AtomicI64::new(0),
            steps: Mutex::default(),
        }));
        clock.0.offset_us.store(clock.0.read().1, Ordering::Release);
        clock
    }

    /// The machine's clocks.
    pub fn system() -> Self {
        let start = Instant::now();
        Self::of(Timestamp::now, move || SignedDuration::try_from(start.elapsed()).unwrap_or(SignedDuration::MAX))
    }

    /// Now, in whole microseconds: what the journal can keep.
    pub fn now(&self) -> Timestamp {
        let inner = &self.0;
        let (now, offset_us) = inner.read();
        let before = inner.offset_us.load(Ordering::Acquire);
        if (offset_us - before).abs() > STEP_US {
            return inner.note_step();
        }
        // Small corrections add up over the days. Who was faster has read the same.
        let _ = inner.offset_us.compare_exchange(before, offset_us, Ordering::AcqRel, Ordering::Acquire);
        now
    }

    /// Time that only differences can be taken of.
    pub fn steady(&self) -> SignedDuration {
        (self.0.steady)()
    }

    /// Now, as a clock shows it that showed `moment` when that was written down and was not set since. Never before
    /// `moment`: where that lies in the future, and it is not known why, it was written by a clock that was ahead.
    pub fn time_since(&self, moment: Timestamp) -> Timestamp {
        let mut time = self.now();
        for step in self.0.steps().iter().rev() {
            let after = plus(step.before, step.by);
            let is_older = if step.by.is_positive() { moment <= step.before } else { moment < after || moment > time };
            if !is_older {
                break;
            }
            time = plus(time, -step.by);
        }
        time.max(moment)
    }

    /// The earliest time that it is, should the clock have been set forward wrongly within the last day. What ends by
    /// this time ends late rather than early.
    pub fn earliest_now(&self) -> Timestamp {
        let now = self.now();
        let set = self.0.steps().iter().fold(SignedDuration::ZERO, |sum, step| sum.saturating_add(step.by));
        plus(now, -set.max(SignedDuration::ZERO))
    }
}

impl Inner {
    /// The time, and how far it is from the steady clock.
    fn read(&self) -> (Timestamp, i64) {
        let now = (self.wall)();
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        (now, now.as_microsecond() - micros((self.steady)()))
    }

    /// The clocks have come apart: the machine's was set.
    fn note_step(&self) -> Timestamp {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        // Once more, because a thread may be stopped between the two readings, and another may have noted it.
        let (now, offset_us) = self.read();
        let before = self.offset_us.swap(offset_us, Ordering::AcqRel);
        let by = SignedDuration::from_micros(offset_us - before);
        if by.as_micros().unsigned_abs() > u128::from(STEP_US.unsigned_abs()) {
            let at = (self.steady)();
            steps.retain(|step| at - step.at < REMEMBERED);
            if steps.len() >= MAX_STEPS {
                steps.remove(0);
            }
            steps.push(Step { at, before: plus(now, -by), by });
            tracing::warn!(by_s = by.as_secs(), "the machine's clock was set");
        }
        now
    }

    fn steps(&self) -> Vec<Step> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.is_empty() {
            return Vec::new();
        }
        let at = (self.steady)();
        steps.iter().filter(|step| at - step.at < REMEMBERED).copied().collect()
    }
}

fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two clocks of a machine.
    #[derive(Clone)]
    struct Machine {
        wall_s: Arc<AtomicI64>,
        steady_s: Arc<AtomicI64>,
    }

    const NOON: i64 = 1_764_590_400;

    impl Machine {
        fn new() -> (Self, Clock) {
            let machine = Self { wall_s: Arc::new(AtomicI64::new(NOON)), steady_s: Arc::default() };
            let Machine { wall_s, steady_s } = machine.clone();
            let wall = move || Timestamp::from_second(wall_s.load(Ordering::Relaxed)).unwrap();
            let clock = Clock::of(wall, move || SignedDuration::from_secs(steady_s.load(Ordering::Relaxed)));
            (machine, clock)
        }

        fn pass(&self, seconds: i64) {
            self.wall_s.fetch_add(seconds, Ordering::Relaxed);
            self.steady_s.fetch_add(seconds, Ordering::Relaxed);
        }

        fn set(&self, clock: &Clock, seconds: i64) {
            self.wall_s.fetch_add(seconds, Ordering::Relaxed);
            clock.now();
        }
    }

    fn passed(clock: &Clock, moment: Timestamp) -> i64 {
        clock.time_since(moment).duration_since(moment).as_secs()
    }

    #[test]
    fn a_moment_is_as_old_as_it_is_however_the_clock_was_set_since() {
        for set in [3_600, -3_600] {
            let (machine, clock) = Machine::new();
            let before = clock.now();
            machine.pass(100);
            machine.set(&clock, set);
            let after = clock.now();
            assert_eq!(after.as_second(), NOON + 100 + set, "what is written down follows the machine's clock");
            machine.pass(10);
            assert_eq!((passed(&clock, before), passed(&clock, after)), (110, 10));
            machine.set(&clock, -set);
            let right = clock.now();
            machine.pass(5);
            assert_eq!((passed(&clock, before), passed(&clock, after), passed(&clock, right)), (115, 15, 5));
        }
    }

    #[test]
    fn a_moment_in_the_future_has_just_been() {
        let (machine, clock) = Machine::new();
        let ahead = clock.now() + SignedDuration::from_hours(1);
        machine.pass(10);
        assert_eq!(clock.time_since(ahead), ahead, "it was written under another clock");
    }

    #[test]
    fn what_must_not_end_early_does_not_believe_that_the_clock_was_set_forward() {
        let (machine, clock) = Machine::new();
        machine.set(&clock, 3_600);
        machine.pass(60);
        assert_eq!(clock.earliest_now().as_second(), NOON + 60);
        machine.set(&clock, -3_600);
        assert_eq!(clock.earliest_now().as_second(), NOON + 60, "it was set right");
        machine.set(&clock, -3_600);
        assert_eq!(clock.earliest_now(), clock.now(), "set back, things end late anyway");
    }

    #[test]
    fn a_step_is_forgotten_after_a_day_and_a_correction_is_no_step() {
        let (machine, clock) = Machine::new();
        let before = clock.now();
        for _ in 0..10 {
            machine.set(&clock, 1);
            machine.pass(60);
        }
        assert_eq!(passed(&clock, before), 610);
        machine.set(&clock, 3_600);
        machine.pass(24 * 3_600);
        assert_eq!(clock.earliest_now(), clock.now());
    }
}
