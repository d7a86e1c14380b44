//! From the order to the charge.

use rand::RngExt;
use serde_json::{Value, json};

use super::{
    memory::{Story, Told},
    player::Player,
    wire::{Call, Heard},
};

const CREATE: &str = "/api/v1/p/merchant";
const APPROVE: &str = "/api/v1/p/user/authentication/simple";
const CONFIRM: &str = "/api/v1/p/merchant/confirm";
const CANCEL_REQUEST: &str = "/api/v1/p/user/request/cancel";

/// Customers try another time when the card cannot be verified, up to a point.
const APPROVALS: u32 = 8;

/// Confirms in a row that end in doubt or not sent before the shop goes on to other things.
const CONFIRMS: u32 = 12;

/// Chances of the habits.
const TROUBLED_CARD: f64 = 0.12;
const RIVALS: f64 = 0.1;
const KEYED: f64 = 0.6;
const WRONG_AMOUNT: f64 = 0.03;
const CANCELS_MEANWHILE: f64 = 0.06;

impl Player {
    /// Asks for the payment; returns the token. Under one key it is made once, however often it is asked.
    pub(super) async fn create(&mut self, story: &mut Story) -> Option<String> {
        let body = json!({ "amount": story.amount, "orderId": story.order, "orderName": "드립 커피 세트" });
        let call = Call::post(&self.people.shop, CREATE, body).once(format!("create-{}", story.order));
        match self.insist(&call, |_| {}).await? {
            Heard::Yes(created) => {
                story.tell(Told::Created);
                created["token"].as_str().map(str::to_owned)
            }
            _ => None,
        }
    }

    /// The customer scans and approves, perhaps against somebody who does the same.
    pub(super) async fn approve(&mut self, story: &mut Story, token: &str) -> Option<()> {
        let card = if self.happens(TROUBLED_CARD) {
            let kind = self.rng.random_range(0..self.customer().troubled.len());
            self.customer().troubled[kind].clone()
        } else {
            self.customer().good.clone()
        };
        let body = json!({ "token": token, "cardId": card });
        let own = Call::post(&self.customer().who, APPROVE, body);
        if self.happens(RIVALS) {
            let body = json!({ "token": token });
            let calls = [own.clone(), Call::post(&self.rival().who, APPROVE, body)];
            let accounts = [self.customer().account.clone(), self.rival().account.clone()];
            for (heard, account) in self.together(&calls).await.iter().zip(accounts) {
                hear_approval(story, heard, account);
            }
        }
        let account = self.customer().account.clone();
        for _ in 0..APPROVALS {
            let heard = self.insist(&own, |_| {}).await?;
            hear_approval(story, &heard, account.clone());
            // Verified by whoever was faster, or not at all: a passing refusal is worth another try.
            if story.key().is_some() || matches!(&heard, Heard::No { code, .. } if !code.starts_with("CARD_")) {
                break;
            }
        }
        story.key().map(|_| ())
    }

    /// The shop takes the money, in one of the ways in which shops do. Returns whether it was taken.
    pub(super) async fn confirm(&mut self, story: &mut Story, token: &str) -> Option<bool> {
        let body =
            |amount: i64, story: &Story| json!({ "orderId": story.order, "paymentKey": story.key(), "amount": amount });
        if self.happens(WRONG_AMOUNT) {
            let wrong = Call::post(&self.people.shop, CONFIRM, body(story.amount + 1, story));
            let heard = self.wire.send(&wrong).await;
            story.hear_confirms(&[heard]);
        }
        let mut call = Call::post(&self.people.shop, CONFIRM, body(story.amount, story));
        if self.happens(KEYED) {
            call = call.once(format!("confirm-{}", story.order));
        }
        let clicks = [1, 1, 1, 2, 2, 3][self.rng.random_range(0..6)];
        for _ in 0..CONFIRMS {
            let calls = vec![call.clone(); clicks];
            if self.happens(CANCELS_MEANWHILE) {
                let cancel = self.cancel_call(story, token);
                let (answers, canceled) = tokio::join!(self.together(&calls), self.wire.send(&cancel));
                hear_cancel(story, &canceled);
                story.hear_confirms(&answers);
            } else {
                story.hear_confirms(&self.together(&calls).await);
            }
            if story.is_settled() {
                break;
            }
            if !self.wait().await {
                return None;
            }
        }
        if !story.is_settled() {
            self.look(story).await?;
        }
        Some(story.told.contains(&Told::Charged))
    }

    /// The customer or the shop no longer wants to.
    pub(super) async fn give_up(&mut self, story: &mut Story, token: &str) -> Option<()> {
        let call = self.cancel_call(story, token);
        let heard = self.insist(&call, |_| {}).await?;
        hear_cancel(story, &heard);
        None
    }

    fn cancel_call(&mut self, story: &Story, token: &str) -> Call {
        if self.happens(0.5) {
            Call::post(&self.customer().who, CANCEL_REQUEST, json!({ "token": token }))
        } else {
            let path = format!("{CREATE}/orders/{}/cancel", story.order);
            // The first word counts: after the charge the same call would be a refund.
            Call::post(&self.people.shop, path, json!({ "reason": "품절" })).once(format!("give-up-{}", story.order))
        }
    }

    /// Looks at the payment as the shop's server does.
    pub(super) async fn look(&mut self, story: &mut Story) -> Option<()> {
        let call = Call::get(&self.people.shop, format!("{CREATE}/orders/{}", story.order));
        if let Heard::Yes(payment) = self.insist(&call, |_| {}).await? {
            story.hear_look(&payment);
        }
        Some(())
    }
}

fn hear_approval(story: &mut Story, heard: &Heard, account: String) {
    match heard {
        Heard::Yes(approved) => {
            let key = approved["paymentKey"].as_str().unwrap_or_default().to_owned();
            story.tell(Told::Approved { key, account });
        }
        refused => story.hear_end(refused),
    }
}

/// Before the charge it is the end of the payment, after it a refund of everything.
fn hear_cancel(story: &mut Story, heard: &Heard) {
    match heard {
        Heard::Yes(answer) if answer["orderStatus"] == "CANCELED" => story.tell(Told::Ended("CANCELED")),
        Heard::Yes(payment) if payment["transactions"] == Value::Array(Vec::new()) => story.hear_look(payment),
        _ => super::refunds::hear_full_refund(story, heard),
    }
}
