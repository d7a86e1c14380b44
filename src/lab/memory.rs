//! What shops and customers were told: the only thing that counts for them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::Value;

use super::wire::Heard;

/// Payments of one run at most: below what the sandbox remembers.
pub const MAX_PAYMENTS: usize = 100_000;

/// Something that was said of a payment and has to stay true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Created,
    /// This account owns the payment now.
    Approved {
        key: String,
        account: String,
    },
    /// The money was taken.
    Charged,
    /// The money was not taken, and will not be.
    Declined,
    /// It ended in this state, for good, without a charge.
    Ended(&'static str),
    /// A stream sent an event a second time, or too late.
    OutOfOrder {
        after: i64,
        id: i64,
    },
}

/// What one answer to a call for money says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Done {
        id: String,
        amount: i64,
    },
    /// This call came to nothing.
    Refused,
    /// Nothing that anybody could rely on.
    Open,
}

impl Word {
    /// What a refund was answered.
    pub fn of_refund(heard: &Heard) -> Self {
        match heard {
            Heard::Yes(transaction) => Word::Done {
                id: transaction["id"].as_str().unwrap_or_default().to_owned(),
                amount: transaction["amount"].as_i64().unwrap_or_default(),
            },
            Heard::Nothing => Word::Open,
            Heard::No { outcome, .. } if outcome == "not_sent" => Word::Refused,
            Heard::No { outcome, .. } if outcome == "unknown" || heard.is_passing() => Word::Open,
            Heard::No { .. } => Word::Refused,
        }
    }
}

/// A refund that was asked for: once, or under one idempotency key as often as it took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refund {
    /// Answers to calls that were made together stand together, in the order of the calls.
    pub answers: Vec<Vec<Word>>,
}

impl Refund {
    /// The last word decides: under its key a refund that is refused now was never done.
    pub fn may_be_done(&self) -> bool {
        self.was_done() || self.answers.last().is_some_and(|last| last.contains(&Word::Open))
    }

    pub fn was_done(&self) -> bool {
        self.done().next().is_some()
    }

    pub fn done(&self) -> impl Iterator<Item = (&str, i64)> {
        self.answers.iter().flatten().filter_map(|word| match word {
            Word::Done { id, amount } => Some((id.as_str(), *amount)),
            Word::Refused | Word::Open => None,
        })
    }
}

/// One payment, as those outside know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub order: String,
    pub amount: i64,
    pub told: Vec<Told>,
    /// When each of these was told first.
    pub told_at: Vec<Instant>,
    /// What the last confirm, or the last ones that were made together, left open; `None` when nobody
    /// confirmed.
    pub is_confirm_open: Option<bool>,
    pub refunds: Vec<Refund>,
    pub begun: Instant,
    pub ended: Instant,
    /// The fault that came last before its end.
    pub fault: usize,
    /// Part of it was lost on purpose; what is left was told afterwards.
    pub is_forgiven: bool,
}

impl Story {
    pub fn new(order: String, amount: i64) -> Self {
        let now = Instant::now();
        Self {
            order,
            amount,
            told: Vec::new(),
            told_at: Vec::new(),
            is_confirm_open: None,
            refunds: Vec::new(),
            begun: now,
            ended: now,
            fault: 0,
            is_forgiven: false,
        }
    }

    pub fn key(&self) -> Option<&str> {
        self.told.iter().find_map(|told| match told {
            Told::Approved { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    pub fn tell(&mut self, told: Told) {
        if !self.told.contains(&told) {
            self.told.push(told);
            self.told_at.push(Instant::now());
        }
    }

    /// Forgets what was told before `moment`: it was lost on purpose.
    pub fn forgive(&mut self, moment: Instant) {
        let told = std::mem::take(&mut self.told).into_iter().zip(std::mem::take(&mut self.told_at));
        (self.told, self.told_at) = told.filter(|(_, at)| *at > moment).unzip();
        self.is_forgiven = true;
    }

    /// Remembers what confirms that were made together were answered. `not_sent` is no end: the next one
    /// may be.
    pub fn hear_confirms(&mut self, answers: &[Heard]) {
        let mut is_open = false;
        for heard in answers {
            match heard {
                Heard::Yes(_) => self.tell(Told::Charged),
                Heard::Nothing => is_open = true,
                Heard::No { code, outcome, .. } => match (code.as_str(), outcome.as_str()) {
                    ("ALREADY_CONFIRMED", _) => self.tell(Told::Charged),
                    (_, "not_sent") => {}
                    (_, "declined") => self.tell(Told::Declined),
                    (_, "unknown") => is_open = true,
                    _ if heard.is_passing() => is_open = true,
                    _ => self.hear_end(heard),
                },
            }
        }
        self.is_confirm_open = Some(is_open);
    }

    /// A refusal that names the state in which the payment ended.
    pub fn hear_end(&mut self, heard: &Heard) {
        let Heard::No { code, .. } = heard else { return };
        match code.as_str() {
            "PAYMENT_CANCELED" => self.tell(Told::Ended("CANCELED")),
            "PAYMENT_EXPIRED" => self.tell(Told::Ended("EXPIRED")),
            "PAYMENT_ABORTED" => self.tell(Told::Ended("ABORTED")),
            "ALREADY_CONFIRMED" => self.tell(Told::Charged),
            _ => {}
        }
    }

    /// What a look at the payment shows is told, too.
    pub fn hear_look(&mut self, payment: &Value) {
        let is_charged = payment["transactions"].as_array().is_some_and(|all| !all.is_empty());
        match payment["status"].as_str() {
            _ if is_charged => self.tell(Told::Charged),
            Some("CANCELED") => self.tell(Told::Ended("CANCELED")),
            Some("EXPIRED") => self.tell(Told::Ended("EXPIRED")),
            Some("ABORTED") => self.tell(Told::Ended("ABORTED")),
            _ => {}
        }
    }

    pub fn is_settled(&self) -> bool {
        self.told.iter().any(|told| matches!(told, Told::Charged | Told::Declined | Told::Ended(_)))
    }
}

/// All stories so far.
#[derive(Clone, Default)]
pub struct Memory {
    stories: Arc<Mutex<Vec<Story>>>,
    fault: Arc<AtomicUsize>,
}

impl Memory {
    pub fn keep(&self, mut story: Story) {
        story.ended = Instant::now();
        story.fault = self.fault.load(Ordering::Relaxed);
        self.lock().push(story);
    }

    /// What is kept from now on has seen this fault.
    pub fn begin_fault(&self, fault: usize) {
        self.fault.store(fault, Ordering::Relaxed);
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn has_room(&self) -> bool {
        self.len() < MAX_PAYMENTS
    }

    pub fn take(&self) -> Vec<Story> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Story>> {
        self.stories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
