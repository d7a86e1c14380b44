//! What is compared when everything is over: the journals, the card company's books, and what was told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    LabError,
    company::Company,
    finding::{Finding, Kind},
    forgiven::Circumstances,
    judge::{Seen, judge},
    memory::Story,
    money::{Books, Sums},
    people::People,
    wire::{Call, Heard, Wire},
};
use crate::{
    acquirer::{Acquirers, CARD, CardAcquirer, CardSettings, HttpNetwork, HttpSettings},
    operator,
    store::Store,
};

/// Everything is settled after this, or it never is.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(180);

/// Questions to the API at once, and payments read at once, when everything is over.
const LOOKS: usize = 8;
const LOOK_AGAIN: u32 = 3;
const PAGE: u64 = 500;

/// Waits until nothing moves by itself any more: no answer owed, no deadline ahead. What is open after the
/// longest wait stays so, and is found.
pub async fn settle(store: &Store) -> Result<(), LabError> {
    let started = Instant::now();
    while started.elapsed() < SETTLE_TIMEOUT {
        if store.due_payments(Timestamp::MAX, 1).await?.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Asks the API for every payment and compares it with what was told.
pub async fn hold_to_word(wire: &Wire, people: &People, stories: Vec<Story>) -> Result<Vec<Finding>, LabError> {
    let looked = stream::iter(stories).map(async |story| {
        let seen = look(wire, people, &story.order).await?;
        let wrong = judge(&story, seen.as_ref()).into_iter();
        Ok::<_, LabError>(wrong.map(|finding| Finding { fault: Some(story.fault), ..finding }).collect::<Vec<_>>())
    });
    let mut looked = std::pin::pin!(looked.buffer_unordered(LOOKS));
    let mut findings = Vec::new();
    while let Some(found) = looked.next().await {
        findings.extend(found?);
    }
    Ok(findings)
}

async fn look(wire: &Wire, people: &People, order: &str) -> Result<Option<Seen>, LabError> {
    let unexpected = |what: String| LabError::Unexpected(format!("order {order}: {what}"));
    let call = Call::get(&people.shop, format!("/api/v1/p/merchant/orders/{order}"));
    let mut heard = wire.send(&call).await;
    for _ in 0..LOOK_AGAIN {
        if heard.is_passing() {
            heard = wire.send(&call).await;
        }
    }
    match heard {
        Heard::Yes(payment) => serde_json::from_value(payment).map(Some).map_err(|error| unexpected(error.to_string())),
        Heard::No { status: 404, .. } => Ok(None),
        other => Err(unexpected(format!("{other:?}"))),
    }
}

/// Every journal against the card company's books.
pub async fn add_up(
    store: &Store,
    company: &Company,
    known: &Circumstances,
    healed_at: Timestamp,
) -> Result<Sums, LabError> {
    let (mut sums, mut after) = (Sums::default(), None);
    let mut books = Books::new(company.sandbox().transactions(), company.sandbox().totals(), healed_at);
    loop {
        let page = store.audit_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for audited in &page {
            let Some(payment) = &audited.payment else { continue };
            let before = sums.findings.len();
            books.compare(payment, &audited.events, &mut sums);
            if known.forgives(payment.order.order_id.as_str()) {
                sums.forgiven += 1;
                // Doubt has to end all the same.
                let found = sums.findings.split_off(before);
                sums.findings.extend(found.into_iter().filter(|finding| finding.kind == Kind::InDoubt));
            }
            let fault = known.fault_of(payment.order.order_id.as_str());
            sums.findings[before..].iter_mut().for_each(|finding| finding.fault = fault);
        }
    }
    if known.has_tails() {
        books.close_with_losses(|txn_no| known.forgives_txn(txn_no), &mut sums);
    } else {
        books.close(&mut sums);
    }
    Ok(sums)
}

/// `paygate audit`, with the card company on the line.
pub async fn audit(
    store: &Store,
    company: &Company,
    sums: &mut Sums,
    known: &Circumstances,
) -> Result<operator::Audit, LabError> {
    let network = HttpNetwork::new(HttpSettings::at(company.base_url()));
    let network = network.map_err(|error| LabError::Unexpected(error.to_string()))?;
    let card = CardAcquirer::new(Arc::new(network), CardSettings::default());
    let acquirers = Acquirers::new([(CARD, Arc::new(card) as _)]);
    let mut lines = Vec::new();
    let mut audit = operator::audit(store, &acquirers, &mut lines).await?;
    for line in String::from_utf8_lossy(&lines).lines() {
        let id = line.strip_prefix("payment ").and_then(|rest| rest.split_once(':')?.0.parse().ok());
        let payment = match id {
            Some(id) => store.payment(id).await?,
            None => None,
        };
        let order = payment.as_ref().map(|payment| payment.order.order_id.as_str());
        if known.forgives_line(line, order) {
            audit.differences -= 1;
            continue;
        }
        let fault = order.and_then(|order| known.fault_of(order));
        let key = payment.and_then(|payment| payment.payment_key).map(|key| key.to_string());
        sums.findings.push(Finding { fault, ..Finding::new(Kind::Audit, key, line) });
    }
    Ok(audit)
}
