//! What workers have seen: times and failures.

use std::{collections::BTreeMap, time::Duration};

use super::failure::Failure;

/// The steps of a payment, in the order of the report.
pub const STEPS: [&str; 6] = ["create", "watch", "approve", "confirm", "done", "whole"];
pub const CREATE: usize = 0;
pub const WATCH: usize = 1;
pub const APPROVE: usize = 2;
pub const CONFIRM: usize = 3;
/// From the answer to the confirm to `payment-done` on the stream.
pub const DONE: usize = 4;
pub const WHOLE: usize = 5;

#[derive(Default)]
pub struct Seen {
    /// Microseconds, by step.
    times: [Vec<u32>; STEPS.len()],
    /// How many, by kind.
    pub failures: BTreeMap<String, u64>,
    /// The first failure of each worker, in words.
    pub examples: Vec<String>,
}

impl Seen {
    pub fn time(&mut self, step: usize, time: Duration) {
        self.times[step].push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn fail(&mut self, failure: &Failure) {
        *self.failures.entry(failure.kind()).or_default() += 1;
        if self.examples.is_empty() {
            self.examples.push(failure.to_string());
        }
    }

    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Takes over what `other` has seen.
    pub fn absorb(&mut self, other: Seen) {
        for (mine, mut theirs) in self.times.iter_mut().zip(other.times) {
            mine.append(&mut theirs);
        }
        for (kind, count) in other.failures {
            *self.failures.entry(kind).or_default() += count;
        }
        self.examples.extend(other.examples);
    }

    /// The failures alone.
    pub fn without_times(self) -> Self {
        Self { times: Default::default(), ..self }
    }

    /// Milliseconds that 50, 95 and 99 % of the payments stayed within, for each step that was seen.
    pub fn percentiles(&mut self) -> Vec<(&'static str, [f64; 3])> {
        let steps = STEPS.into_iter().zip(&mut self.times).filter(|(_, times)| !times.is_empty());
        steps
            .map(|(step, times)| {
                times.sort_unstable();
                let rank = |percent: usize| (times.len() * percent).div_ceil(100).saturating_sub(1);
                (step, [50, 95, 99].map(|percent| f64::from(times[rank(percent)]) / 1000.0))
            })
            .collect()
    }
}
