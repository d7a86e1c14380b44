//! After the charge: money goes back, in parts, twice, and in competition.

use rand::RngExt;
use serde_json::{Value, json};

use super::{
    memory::{Refund, Story, Told, Word},
    player::Player,
    wire::{Call, Heard},
};

/// Rounds of refunds of one payment.
const ROUNDS: usize = 3;

impl Player {
    /// None, one or a few refunds, each in one of the ways in which shops do it.
    pub(super) async fn refund(&mut self, story: &mut Story) -> Option<()> {
        for round in 0..self.rng.random_range(0..=ROUNDS) {
            let path = format!("/api/v1/p/merchant/payments/{}/cancel", story.key()?);
            let amount = self.amount(story.amount);
            let call = Call::post(&self.people.shop, path, amount).once(format!("refund-{}-{round}", story.order));
            match self.rng.random_range(0..10) {
                0..5 => self.refund_surely(story, &call, 1).await?,
                5..7 => self.refund_surely(story, &call, 2).await?,
                7 => self.refund_twice_at_once(story, &call).await,
                8 => self.refund_once(story, call).await,
                _ => self.cancel_order(story).await?,
            }
        }
        Some(())
    }

    /// A part mostly, all that is left now and then.
    fn amount(&mut self, charged: i64) -> Value {
        match self.rng.random_range(0..4) {
            0 => json!({}),
            _ => json!({ "amount": self.rng.random_range(1..=charged), "reason": "한 봉 반품" }),
        }
    }

    /// Under its key, until it is known; several clicks go out together.
    async fn refund_surely(&mut self, story: &mut Story, call: &Call, clicks: usize) -> Option<()> {
        let mut refund = Refund::default();
        let first = self.together(&vec![call.clone(); clicks]).await;
        refund.answers.push(first.iter().map(Word::of_refund).collect());
        let mut end = Some(());
        if !refund.was_done() && first.iter().any(Heard::is_passing) {
            end = self.insist(call, |heard| refund.answers.push(vec![Word::of_refund(heard)])).await.map(|_| ());
        }
        story.refunds.push(refund);
        end
    }

    /// Two different refunds that compete for the balance.
    async fn refund_twice_at_once(&mut self, story: &mut Story, call: &Call) {
        let key = call.idempotency_key.clone().unwrap_or_default();
        let calls = [call.clone(), call.clone().once(format!("{key}-rival"))];
        for heard in self.together(&calls).await {
            story.refunds.push(Refund { answers: vec![vec![Word::of_refund(&heard)]] });
        }
    }

    /// Without a key, and whoever hears nothing leaves it at that.
    async fn refund_once(&mut self, story: &mut Story, call: Call) {
        let heard = self.wire.send(&Call { idempotency_key: None, ..call }).await;
        story.refunds.push(Refund { answers: vec![vec![Word::of_refund(&heard)]] });
    }

    /// By the order: everything that is left.
    async fn cancel_order(&mut self, story: &mut Story) -> Option<()> {
        let path = format!("/api/v1/p/merchant/orders/{}/cancel", story.order);
        let call = Call::post(&self.people.shop, path, json!({})).once(format!("cancel-{}", story.order));
        self.refund_surely(story, &call, 1).await
    }
}

/// A cancel that came after the charge gave everything back, or would have.
pub(super) fn hear_full_refund(story: &mut Story, heard: &Heard) {
    if let Heard::Yes(_) = heard {
        story.tell(Told::Charged);
    }
    story.hear_end(heard);
    story.refunds.push(Refund { answers: vec![vec![Word::of_refund(heard)]] });
}
