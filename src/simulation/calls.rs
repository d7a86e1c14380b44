//! How people call: now and then without patience, with an idempotency key as the routes take it, and
//! never forgetting what they were told.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    people::Person,
    told::{Standing, Told, View},
    world::Node,
};
use crate::{
    actors::{AskError, Claim, ClaimAnswer, Payments},
    domain::{Payment, PaymentId},
    store::{Answered, KeyRef, KeyState},
};

/// Why a call has no answer.
pub enum Failure {
    /// The process died, or the caller hung up: anything may have happened.
    Lost,
    Refused(AskError),
}

impl Person {
    pub(super) fn told(&self, payment: PaymentId, told: Told) {
        self.world.told.borrow_mut().push((payment, told));
    }

    /// One call to whichever process is up. Now and then the caller has no patience.
    pub(super) async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(Payments) -> Result<T, AskError>,
    ) -> Result<T, Failure> {
        let Node { payments, life } = self.world.node(&mut self.rng).await;
        let patience = if self.rng.random_bool(0.05) { self.rng.random_range(0..3_000) } else { 60_000 };
        tokio::select! {
            biased;
            answer = work(payments) => answer.map_err(Failure::Refused),
            () = life.over() => Err(Failure::Lost),
            () = sleep(Duration::from_millis(patience)) => Err(Failure::Lost),
        }
    }

    pub(super) fn key(&mut self) -> KeyRef {
        let key = Uuid::from_u64_pair(self.rng.random(), self.rng.random()).to_string();
        KeyRef { scope: [0; 32], key, fingerprint: [0; 32], earlier: Vec::new() }
    }

    /// A call that may carry an idempotency key, as the routes make it.
    pub(super) async fn once(
        &mut self,
        id: PaymentId,
        key: Option<KeyRef>,
        operation: Option<Uuid>,
        view: View,
        call: impl AsyncFn(Payments, Option<Claim>) -> Result<Arc<Payment>, AskError>,
    ) -> Result<Standing, Failure> {
        let Some(key) = key else {
            let payment = self.call(async |payments| call(payments, None).await).await?;
            return Ok(self.heard(id, None, view(&payment, operation)));
        };
        if let Some(earlier) = self.earlier(id, &key, view).await? {
            return Ok(earlier);
        }
        let claim =
            Claim::new(key.clone(), operation, move |payment, refused| match (refused, view(payment, operation)) {
                (Some(rejection), _) => ClaimAnswer::Keep(answered(400, format!("{rejection:?}").into())),
                (None, Standing::Pending | Standing::Unknown) => ClaimAnswer::Pending,
                (None, Standing::NotSent) => ClaimAnswer::Release,
                (None, Standing::Refused) => ClaimAnswer::Release,
                (None, Standing::Is(told)) => ClaimAnswer::Keep(answered(200, told.write())),
            });
        match self.call(async |payments| call(payments, Some(claim)).await).await {
            Ok(payment) => Ok(self.heard(id, Some(&key), view(&payment, operation))),
            Err(failure) => self.earlier(id, &key, view).await?.ok_or(failure),
        }
    }

    async fn earlier(&mut self, id: PaymentId, key: &KeyRef, view: View) -> Result<Option<Standing>, Failure> {
        loop {
            let running = match self.world.disk.key_state(key) {
                KeyState::Free | KeyState::OtherRequest(_) => return Ok(None),
                KeyState::Answered(answer) => {
                    self.compare(key, &answer.sealed_body);
                    // A replayed answer must be as true as one that was given at once.
                    let told = Told::read(&answer.sealed_body);
                    let standing = told.map_or(Standing::Refused, Standing::Is);
                    return Ok(Some(self.heard(id, None, standing)));
                }
                KeyState::Running(running) => running,
            };
            let payment = self.call(async |payments: Payments| payments.look(id).await).await?;
            let standing = view(&payment, running.operation);
            match &standing {
                Standing::Pending | Standing::Unknown | Standing::Refused => {}
                Standing::NotSent if self.world.disk.release_key(key, running) => return Ok(None),
                Standing::NotSent => continue,
                Standing::Is(told) => self.world.disk.complete_key(key, running, &answered(200, told.write())),
            }
            return Ok(Some(self.heard(id, Some(key), standing)));
        }
    }

    /// What a caller heard must stay true, and be the first answer under its key.
    fn heard(&self, id: PaymentId, key: Option<&KeyRef>, standing: Standing) -> Standing {
        if let Standing::Is(told) = &standing {
            self.told(id, told.clone());
            if let Some(key) = key {
                self.compare(key, &told.write());
            }
        }
        standing
    }

    fn compare(&self, key: &KeyRef, answer: &[u8]) {
        let answer = String::from_utf8_lossy(answer);
        let mut kept = self.world.kept.borrow_mut();
        let first = kept.entry(key.key.clone()).or_insert_with(|| answer.to_string());
        if *first != answer {
            self.world.wrong.borrow_mut().push(format!("key {}: first {first}, then {answer}", key.key));
        }
    }
}

fn answered(status: u16, sealed_body: Vec<u8>) -> Answered {
    Answered { status, sealed_body }
}
