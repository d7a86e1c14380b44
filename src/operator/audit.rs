//! `paygate audit`: every journal replayed and held against the projections, the transactions, and the
//! acquirer's own record; and the acquirer's own list held against the journals.

use std::io::Write;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{OperatorError, network_side};
use crate::{
    acquirer::{Acquirer, Acquirers, Record},
    domain::{Authorization, Event, Outcome, Payment, PaymentId, TxnNo},
    store::{Audited, Store, StoreError},
};

/// Payments read at once: what bounds the memory.
const PAGE: u64 = 500;

/// Questions to an acquirer at once.
const INQUIRIES: usize = 16;

/// What an audit has found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    pub payments: u64,
    /// Minor units charged and given back, by the journals.
    pub charged: i64,
    pub refunded: i64,
    /// Payments with an answer owed: neither right nor wrong yet.
    pub in_doubt: u64,
    /// Records the acquirer was asked for.
    pub inquired: u64,
    /// Records that the acquirers have listed by themselves.
    pub listed: u64,
    /// Acquirers that have no list of their records.
    pub unlisted: u64,
    pub differences: u64,
}

/// Holds everything against everything. Each difference is written as a line.
///
/// # Errors
/// The database failed, or the output cannot be written.
pub async fn audit(store: &Store, acquirers: &Acquirers, out: &mut impl Write) -> Result<Audit, OperatorError> {
    let mut audit = Audit::default();
    let mut seen = network_side::Seen::new(Timestamp::now());
    let mut after: Option<PaymentId> = None;
    loop {
        let page = store.audit_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let asked = stream::iter(page).map(async |audited| {
            let asked = ask(acquirers, &audited).await;
            if asked.1.is_empty() {
                return Ok((audited, asked));
            }
            // It may have moved on between our reading and theirs: both are read once more.
            let Some(audited) = store.audit_payment(audited.id).await? else { return Ok((audited, asked)) };
            let asked = ask(acquirers, &audited).await;
            Ok::<_, StoreError>((audited, asked))
        });
        let mut asked = std::pin::pin!(asked.buffered(INQUIRIES));
        while let Some(asked) = asked.next().await {
            let (audited, (inquired, wrong)) = asked?;
            audit.payments += 1;
            audit.inquired += inquired;
            seen.note(&audited);
            if let Some(payment) = &audited.payment {
                audit.charged += if payment.is_charged() { payment.order.amount.minor() } else { 0 };
                audit.refunded += payment.refunded;
                audit.in_doubt += u64::from(is_in_doubt(payment));
            }
            for difference in audited.differences.iter().chain(&wrong) {
                audit.differences += 1;
                writeln!(out, "payment {}: {difference}", audited.id)?;
            }
        }
    }
    for id in store.orphans().await? {
        audit.differences += 1;
        writeln!(out, "payment {id}: events or transactions of a payment that is not there")?;
    }
    network_side::compare(store, acquirers, &seen, &mut audit, out).await?;
    Ok(audit)
}

fn is_in_doubt(payment: &Payment) -> bool {
    payment.authorization.is_open() || payment.refunds.iter().any(|refund| refund.is_open())
}

/// How many records the acquirer was asked for, and how they differ from the journal.
async fn ask(acquirers: &Acquirers, audited: &Audited) -> (u64, Vec<String>) {
    let Some(payment) = &audited.payment else { return (0, Vec::new()) };
    let method = payment.instrument.as_ref().map(|instrument| &*instrument.method);
    let acquirer = method.and_then(|method| acquirers.get(method)).filter(|one| one.capabilities().inquire);
    let Some(acquirer) = acquirer else { return (0, Vec::new()) };
    let mut wrong = Vec::new();
    let requested = audited.events.iter().filter_map(|event| match event.event {
        Event::AuthorizationRequested { txn_no, .. } => Some(txn_no),
        _ => None,
    });
    let mut inquired = 0;
    for txn_no in requested {
        inquired += 1;
        wrong.extend(compare(&**acquirer, payment, txn_no).await);
    }
    (inquired, wrong)
}

async fn compare(acquirer: &dyn Acquirer, payment: &Payment, txn_no: TxnNo) -> Option<String> {
    let record = match acquirer.inquire(txn_no).await {
        Outcome::Approved(record) => record,
        _ => return Some(format!("the acquirer does not tell what became of txn {txn_no}")),
    };
    // What it holds for us, after everything that was given back.
    let held = match record {
        Record::Approved { amount, canceled_amount, approval_no: theirs, .. } => {
            if let Authorization::Approved { txn_no: own, approval, .. } = &payment.authorization
                // A person who decided by hand was told no number.
                && *own == txn_no && !approval.approval_no.is_empty() && approval.approval_no != theirs
            {
                return Some(format!(
                    "the acquirer approved txn {txn_no} as {theirs}, we have {}",
                    approval.approval_no
                ));
            }
            amount - canceled_amount
        }
        Record::Declined | Record::Reversed | Record::NotFound => 0,
    };
    let (least, most) = match &payment.authorization {
        Authorization::Approved { txn_no: own, .. } if *own == txn_no => (payment.refundable(), payment.balance()),
        authorization if authorization.is_open() => return None,
        _ => (0, 0),
    };
    let fits = (least..=most).contains(&held);
    (!fits).then(|| format!("the acquirer holds {held} of txn {txn_no}, our journal says {most}"))
}
