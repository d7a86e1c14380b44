//! Calls to an acquirer. They run beside the actors, never inside one's serial section, and their
//! outcome goes back as a command like any other.

use std::{future::Future, sync::Arc, time::Duration};

use super::Services;
use crate::{
    acquirer::{Acquirer, Authorization, RefundCall},
    domain::{CardId, Command, Effect, Instrument, MerchantId, Outcome, PaymentId, PaymentKey, Reason},
    store::Card,
    vault::{Credential, Expiry, Pan, Vault},
};

/// What the calls of one payment have in common.
#[derive(Clone, Copy)]
pub struct Caller {
    pub payment: PaymentId,
    pub merchant: MerchantId,
}

/// Makes the call that `effect` stands for and returns its outcome as a command.
pub async fn run(services: &Services, caller: Caller, effect: Effect) -> Command {
    match effect {
        Effect::Verify { attempt, instrument } => {
            let outcome = verify(services, &instrument).await;
            // 128 random bits: a key cannot be guessed from the payment's id.
            let payment_key = PaymentKey::new(caller.payment, rand::random());
            Command::VerificationEnded { attempt, outcome, payment_key }
        }
        Effect::Authorize { txn_no, instrument, amount } => {
            let outcome = match prepared(services, &instrument).await {
                Ok((acquirer, credential)) => {
                    let call = Authorization { txn_no, amount, merchant: caller.merchant, credential: &credential };
                    in_time(services, acquirer.authorize(call)).await
                }
                // The credential could not be had, so nothing was sent.
                Err(Unprepared::Refused(reason)) => Outcome::Declined(reason),
                Err(Unprepared::Unavailable) => Outcome::NotSent,
            };
            Command::AuthorizationEnded { txn_no, outcome }
        }
        Effect::Refund { cancel_no, txn_no, method, amount, reason } => {
            let outcome = match services.acquirers.get(&method) {
                Some(acquirer) => {
                    let call = RefundCall { cancel_no, txn_no, amount, reason };
                    in_time(services, acquirer.refund(&call)).await
                }
                None => Outcome::NotSent,
            };
            Command::RefundEnded { cancel_no, outcome }
        }
    }
}

async fn verify(services: &Services, instrument: &Instrument) -> Outcome<()> {
    match prepared(services, instrument).await {
        Ok((acquirer, credential)) => in_time(services, acquirer.verify(&credential)).await,
        Err(Unprepared::Refused(reason)) => Outcome::Declined(reason),
        Err(Unprepared::Unavailable) => Outcome::NotSent,
    }
}

/// An acquirer has its own time-outs; this one holds even if those fail.
async fn in_time<T>(services: &Services, call: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let limit = Duration::from_millis(services.payment.acquirer_timeout_ms);
    tokio::time::timeout(limit, call).await.unwrap_or(Outcome::Unknown)
}

enum Unprepared {
    Refused(Reason),
    Unavailable,
}

async fn prepared(services: &Services, instrument: &Instrument) -> Result<(Arc<dyn Acquirer>, Credential), Unprepared> {
    let acquirer = services.acquirers.get(&instrument.method).cloned().ok_or(Unprepared::Unavailable)?;
    let card = services.store.card_of_payment(instrument.id).await.map_err(|error| {
        tracing::warn!(card = %instrument.id, %error, "a card cannot be read");
        Unprepared::Unavailable
    })?;
    let card = card.ok_or(Unprepared::Refused(Reason::CardNotFound))?;
    let credential = open(&services.vault, &card).ok_or(Unprepared::Refused(Reason::CardNotValid))?;
    Ok((acquirer, credential))
}

/// What the vault seals a card's number under.
pub fn card_context(card: CardId) -> String {
    format!("card:{card}")
}

fn open(vault: &Vault, card: &Card) -> Option<Credential> {
    let sealed = card.sealed_pan.as_deref()?;
    let pan = vault.open(sealed, &card_context(card.id)).map_err(|error| {
        tracing::error!(card = %card.id, %error, "a card cannot be opened");
    });
    let pan = Pan::parse(std::str::from_utf8(&pan.ok()?).ok()?).ok()?;
    Some(Credential { pan, expiry: Expiry::parse(&card.expiry).ok()?, company: card.company.as_str().into() })
}
