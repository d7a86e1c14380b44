//! One worker: plays one payment after the other as the shop's server, the shop's page and the phones,
//! with the habits that real ones have: they click twice, lose connections, try again, change their minds.

use std::sync::Arc;

use futures_util::future::join_all;
use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use tokio_util::sync::CancellationToken;

use super::{
    between, generator,
    memory::{Memory, Story},
    pause,
    people::{Customer, People},
    stream::Watch,
    wire::{Call, Heard, Wire},
};

/// How often a call is sent again before its caller gives up; the server is back long before.
const TRIES: u32 = 60;

/// Between two attempts.
const AGAIN_MS: (u64, u64) = (50, 500);

/// Between two payments of one worker.
const REST_MS: (u64, u64) = (0, 150);

/// Chances of the habits.
const WATCHES: f64 = 0.3;
const CHANGES_MIND: f64 = 0.04;

pub struct Player {
    pub(super) wire: Wire,
    pub(super) people: Arc<People>,
    pub(super) number: usize,
    pub(super) rng: Xoshiro256PlusPlus,
    stop: CancellationToken,
    memory: Memory,
}

impl Player {
    pub fn new(
        seed: u64,
        number: usize,
        wire: Wire,
        people: Arc<People>,
        memory: Memory,
        stop: CancellationToken,
    ) -> Self {
        // The first parts belong to the card company and the kills.
        let rng = generator(seed, 16 + number as u64);
        Self { wire, people, number, rng, stop, memory }
    }

    /// Plays until told to stop.
    pub async fn run(mut self) {
        let mut count = 0_u32;
        while self.memory.has_room() {
            count += 1;
            let amount = self.rng.random_range(100..=200_000);
            let mut story = Story::new(format!("lab-{}-{count}", self.number), amount);
            self.play(&mut story).await;
            self.memory.keep(story);
            let rest = between(&mut self.rng, REST_MS.0, REST_MS.1);
            if pause(&self.stop, rest).await {
                return;
            }
        }
    }

    /// One payment with all that is said of it on the way.
    async fn play(&mut self, story: &mut Story) {
        let watch = self.happens(WATCHES).then(|| Watch::start(&self.wire, &self.people.shop, &story.order));
        self.stages(story).await;
        if let Some(watch) = watch {
            watch.end().await.into_iter().for_each(|told| story.tell(told));
        }
    }

    /// The way of a payment; `None` where it ends early.
    async fn stages(&mut self, story: &mut Story) -> Option<()> {
        let token = self.create(story).await?;
        if self.happens(CHANGES_MIND) {
            return self.give_up(story, &token).await;
        }
        self.approve(story, &token).await?;
        if self.happens(CHANGES_MIND) {
            return self.give_up(story, &token).await;
        }
        if self.confirm(story, &token).await? { self.refund(story).await } else { None }
    }

    pub(super) fn customer(&self) -> &Customer {
        &self.people.customers[self.number % self.people.customers.len()]
    }

    /// Somebody else with a phone.
    pub(super) fn rival(&self) -> &Customer {
        &self.people.customers[(self.number + 1) % self.people.customers.len()]
    }

    pub(super) fn happens(&mut self, chance: f64) -> bool {
        self.rng.random_bool(chance)
    }

    /// Sends calls at the same time.
    pub(super) async fn together(&self, calls: &[Call]) -> Vec<Heard> {
        join_all(calls.iter().map(|call| self.wire.send(call))).await
    }

    /// A moment before the next attempt; `false` when there will be none.
    pub(super) async fn wait(&mut self) -> bool {
        let moment = between(&mut self.rng, AGAIN_MS.0, AGAIN_MS.1);
        !pause(&self.stop, moment).await
    }

    /// Sends a call again until it is answered for good, and shows `note` every answer. `None` when it
    /// never was.
    pub(super) async fn insist(&mut self, call: &Call, mut note: impl FnMut(&Heard)) -> Option<Heard> {
        for _ in 0..TRIES {
            let heard = self.wire.send(call).await;
            note(&heard);
            if !heard.is_passing() {
                return Some(heard);
            }
            if !self.wait().await {
                return None;
            }
        }
        None
    }
}
