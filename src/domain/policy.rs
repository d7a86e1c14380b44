//! When to look again at what is not known: times as values, so that the domain stays without a clock and
//! a configuration.

use jiff::{SignedDuration, Timestamp};

use super::Attempts;

/// The least time between two calls about one doubt, however often somebody asks for it.
pub const LEAST_RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// The schedule of resolving doubt, and whether there is anybody to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// When a call that nobody answered is taken for lost: longer than any call may take, so that a call
    /// past it has no process waiting for it any more.
    pub call_limit: SignedDuration,
    /// Pause between two inquiries.
    pub inquiry_every: SignedDuration,
    /// How long inquiries go on before the authorization is reversed.
    pub inquiry_for: SignedDuration,
    /// Pauses before the second, third, … attempt of a reversal or refund, counted by answers; the last one repeats.
    pub retry_after: Vec<SignedDuration>,
    /// The acquirer can be asked and reversed. Where it cannot, doubt waits for a person.
    pub resolves: bool,
    /// The acquirer gives money back, and recognises a refund by its number. Where it does not, a refund
    /// in doubt waits for a person.
    pub refunds: bool,
    /// The acquirer is left alone at present: a call would not be sent.
    pub is_circuit_open: bool,
}

impl Policy {
    /// When a call that is made now is taken for lost.
    pub fn lost_at(&self, now: Timestamp) -> Timestamp {
        after(now, self.call_limit)
    }

    pub fn next_inquiry_at(&self, now: Timestamp) -> Timestamp {
        after(now, self.inquiry_every)
    }

    /// When to try an inquiry again that could not be sent: the longer the network has been down, the
    /// later, because each try is an event.
    pub fn next_unsent_inquiry_at(&self, since: Timestamp, now: Timestamp) -> Timestamp {
        after(now, self.inquiry_every.max(now.duration_since(since) / 8))
    }

    /// When to try again after `answered` calls came back without a definite outcome.
    pub fn next_attempt_at(&self, now: Timestamp, answered: u32) -> Timestamp {
        let index = usize::try_from(answered.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = self.retry_after.get(index).or(self.retry_after.last());
        after(now, pause.copied().unwrap_or(self.inquiry_every))
    }

    /// Whether somebody who asks may have the next call made now, before its time. (A last call in the future was made
    /// under a clock that was ahead.)
    pub fn may_retry_now(&self, attempts: &Attempts, now: Timestamp) -> bool {
        let is_rested = now >= after(attempts.last_at, LEAST_RETRY_PAUSE) || now < attempts.last_at;
        !self.is_circuit_open && !attempts.is_under_way && is_rested
    }

    /// Whether the time of inquiries is over for a doubt that began at `since`.
    pub fn inquired_enough(&self, since: Timestamp, now: Timestamp) -> bool {
        now >= after(since, self.inquiry_for)
    }
}

fn after(at: Timestamp, pause: SignedDuration) -> Timestamp {
    at.checked_add(pause).unwrap_or(Timestamp::MAX)
}
