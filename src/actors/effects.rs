//! Calls to an acquirer. They run beside the actors, never inside one's serial section, and their
//! outcome goes back as a command like any other.

use std::{cell::Cell, sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};

use tokio::time::Instant;

use super::Services;
use crate::{
    acquirer::{Acquirer, Authorization, Health, Record, RefundCall},
    domain::{Command, Effect, Found, Instrument, MerchantId, Money, Outcome, PaymentId, PaymentKey, Reason, TxnNo},
    store::Card,
    vault::{self, Credential, Expiry, Pan, Vault},
};

/// For how long what was not sent is sent again.
const RESEND_FOR: Duration = Duration::from_secs(2);

/// The pause before the third attempt to send; it grows from there.
const RESEND_AFTER: Duration = Duration::from_millis(100);

/// What the calls of one payment have in common.
#[derive(Clone, Copy)]
pub struct Caller {
    pub payment: PaymentId,
    pub merchant: MerchantId,
}

/// Makes the call that `effect` stands for and returns its outcome as a command.
pub async fn run(services: &Services, caller: Caller, effect: Effect) -> Command {
    let deadline = Instant::now() + Duration::from_millis(services.payment.acquirer_timeout_ms);
    match effect {
        Effect::Verify { attempt, instrument } => {
            let outcome = verify(services, &instrument, deadline).await;
            // 128 random bits: a key cannot be guessed from the payment's id.
            let payment_key = PaymentKey::new(caller.payment, rand::random());
            Command::VerificationEnded { attempt, outcome, payment_key }
        }
        Effect::Authorize { txn_no, instrument, amount } => {
            let outcome = match prepared(services, &instrument, deadline).await {
                Ok((acquirer, credential)) => {
                    let call = Authorization { txn_no, amount, merchant: caller.merchant, credential: &credential };
                    in_time(&*acquirer, deadline, async || acquirer.authorize(call).await).await
                }
                // The credential could not be had, so nothing was sent.
                Err(Unprepared::Refused(reason)) => Outcome::Declined(reason),
                Err(Unprepared::Unavailable) => Outcome::NotSent,
            };
            Command::AuthorizationEnded { txn_no, outcome }
        }
        Effect::Inquire { txn_no, method, amount } => {
            let outcome = match services.acquirers.get(&method) {
                Some(acquirer) => in_time(&**acquirer, deadline, async || acquirer.inquire(txn_no).await).await,
                None => Outcome::NotSent,
            };
            Command::InquiryEnded { txn_no, outcome: found(outcome, txn_no, amount) }
        }
        Effect::Reverse { txn_no, method, amount } => {
            let outcome = match services.acquirers.get(&method) {
                Some(acquirer) => in_time(&**acquirer, deadline, async || acquirer.reverse(txn_no, amount).await).await,
                None => Outcome::NotSent,
            };
            Command::ReversalEnded { txn_no, outcome }
        }
        Effect::Refund { cancel_no, txn_no, method, amount, reason, attempt, repeated } => {
            let call = RefundCall { cancel_no, txn_no, amount, reason };
            let outcome = match services.acquirers.get(&method) {
                // Whether it was done before its acquirer stopped doing it cannot be asked.
                Some(acquirer) if !acquirer.capabilities().refund && repeated.is_some() => Outcome::Unknown,
                Some(acquirer) if !acquirer.capabilities().refund => Outcome::Declined(Reason::NotSupported),
                Some(acquirer) => {
                    let outcome = in_time(&**acquirer, deadline, async || acquirer.refund(&call).await).await;
                    proven(&**acquirer, deadline, outcome, &call, repeated).await
                }
                None => Outcome::NotSent,
            };
            Command::RefundEnded { cancel_no, attempt, outcome }
        }
    }
}

/// A refusal of a repeated refund proves that it was not done before only if the acquirer answers the same
/// number the same way. A network that looks at the balance first does not, so its record is asked: when it
/// holds no more as given back than we know of, the refusal is true.
async fn proven(
    acquirer: &dyn Acquirer,
    deadline: Instant,
    outcome: Outcome<()>,
    call: &RefundCall,
    repeated: Option<i64>,
) -> Outcome<()> {
    let (Outcome::Declined(_), Some(refunded), true) = (&outcome, repeated, acquirer.capabilities().inquire) else {
        return outcome;
    };
    match in_time(acquirer, deadline, async || acquirer.inquire(call.txn_no).await).await {
        Outcome::Approved(Record::Approved { canceled_amount, .. }) if canceled_amount <= refunded => outcome,
        _ => Outcome::Unknown,
    }
}

/// The acquirer's record in the domain's words. A record of another amount is no answer to our question.
fn found(outcome: Outcome<Record>, txn_no: TxnNo, ours: Money) -> Outcome<Found> {
    match outcome {
        Outcome::Approved(Record::Approved { approval_no, approved_at, amount, .. }) if amount == ours.minor() => {
            Outcome::Approved(Found::Approved { approval_no, approved_at })
        }
        Outcome::Approved(Record::Approved { amount, .. }) => {
            tracing::error!(txn = %txn_no, amount, %ours, "the acquirer has another amount on record");
            Outcome::Unknown
        }
        Outcome::Approved(Record::Declined) => Outcome::Approved(Found::Declined),
        Outcome::Approved(Record::Reversed) => Outcome::Approved(Found::Reversed),
        Outcome::Approved(Record::NotFound) => Outcome::Approved(Found::NotFound),
        Outcome::Declined(reason) => Outcome::Declined(reason),
        Outcome::NotSent => Outcome::NotSent,
        Outcome::Unknown => Outcome::Unknown,
    }
}

async fn verify(services: &Services, instrument: &Instrument, deadline: Instant) -> Outcome<()> {
    match prepared(services, instrument, deadline).await {
        Ok((acquirer, credential)) => in_time(&*acquirer, deadline, async || acquirer.verify(&credential).await).await,
        Err(Unprepared::Refused(reason)) => Outcome::Declined(reason),
        Err(Unprepared::Unavailable) => Outcome::NotSent,
    }
}

/// Makes a call within the time there is for it. What was not sent is sent again under the same number: at
/// once, then with growing pauses. Any other outcome ends it.
///
/// An acquirer has its own time-outs; the limit here holds even if those fail.
async fn in_time<T>(acquirer: &dyn Acquirer, deadline: Instant, call: impl AsyncFn() -> Outcome<T>) -> Outcome<T> {
    let is_out = Cell::new(false);
    let attempt = async || {
        is_out.set(true);
        let outcome = call().await;
        is_out.set(false);
        if matches!(outcome, Outcome::NotSent) { Err(()) } else { Ok(outcome) }
    };
    let pauses = ExponentialBuilder::new().with_min_delay(RESEND_AFTER).with_jitter().without_max_times();
    let pauses = pauses.with_total_delay(Some(RESEND_FOR));
    let again = async {
        match attempt().await {
            // A network that is known to be down is not worth the wait.
            Err(()) => (|| attempt()).retry(pauses).when(|()| acquirer.health() != Health::Open).await,
            sent => sent,
        }
    };
    match tokio::time::timeout_at(deadline, again).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(())) => Outcome::NotSent,
        Err(_) if is_out.get() => Outcome::Unknown,
        Err(_) => Outcome::NotSent,
    }
}

enum Unprepared {
    Refused(Reason),
    Unavailable,
}

async fn prepared(
    services: &Services,
    instrument: &Instrument,
    deadline: Instant,
) -> Result<(Arc<dyn Acquirer>, Credential), Unprepared> {
    let acquirer = services.acquirers.get(&instrument.method).cloned().ok_or(Unprepared::Unavailable)?;
    let card = tokio::time::timeout_at(deadline, services.records.card_of_payment(instrument.id)).await;
    let card = card.map_err(|_| Unprepared::Unavailable)?.map_err(|error| {
        tracing::warn!(card = %instrument.id, %error, "a card cannot be read");
        Unprepared::Unavailable
    })?;
    let card = card.ok_or(Unprepared::Refused(Reason::CardNotFound))?;
    // The number of a removed card is forgotten after a day; any other card that cannot be opened is our
    // own trouble, and no verdict on the card.
    let sealed = card.sealed_pan.as_deref().ok_or(Unprepared::Refused(Reason::CardNotFound))?;
    let credential = open(&services.vault, &card, sealed).ok_or(Unprepared::Unavailable)?;
    Ok((acquirer, credential))
}

fn open(vault: &Vault, card: &Card, sealed: &[u8]) -> Option<Credential> {
    let pan = vault.open(sealed, &vault::card_context(card.id.uuid())).map_err(|error| {
        tracing::error!(card = %card.id, %error, "a card cannot be opened");
    });
    let pan = Pan::parse(std::str::from_utf8(&pan.ok()?).ok()?).ok()?;
    Some(Credential { pan, expiry: Expiry::parse(&card.expiry).ok()?, company: card.company.as_str().into() })
}
