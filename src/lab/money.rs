//! The journal against the card company's books, to the won; and how long doubts lasted.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use super::finding::{Finding, Kind};
use crate::{
    acquirer::{Charges, Totals},
    domain::{Authorization, Event, Payment, Recorded, TxnNo},
};

/// The card company's books, from which each payment takes what it knows of.
pub struct Books {
    unclaimed: HashMap<TxnNo, Charges>,
    totals: Totals,
    /// When the faults ended.
    healed_at: Timestamp,
}

/// What the journals come to.
#[derive(Debug, Default)]
pub struct Sums {
    pub payments: u64,
    pub refunds: u64,
    /// How many payments ended in each status.
    pub statuses: std::collections::BTreeMap<&'static str, u64>,
    /// Minor units charged and not given back.
    pub held: i64,
    /// How long each doubt lasted, from the call that it was about.
    pub doubts: Vec<Duration>,
    /// How long each doubt went on after the faults had ended.
    pub doubts_after: Vec<Duration>,
    /// Payments of which a part was lost on purpose.
    pub forgiven: u64,
    pub findings: Vec<Finding>,
}

impl Books {
    pub fn new(transactions: Vec<(TxnNo, Charges)>, totals: Totals, healed_at: Timestamp) -> Self {
        Self { unclaimed: transactions.into_iter().collect(), totals, healed_at }
    }

    /// Holds one payment against the books.
    pub fn compare(&mut self, payment: &Payment, events: &[Recorded], sums: &mut Sums) {
        let requested = events.iter().filter_map(|recorded| match recorded.event {
            Event::AuthorizationRequested { txn_no, .. } => Some(txn_no),
            _ => None,
        });
        let charges: Vec<_> =
            requested.map(|txn_no| (txn_no, self.unclaimed.remove(&txn_no).unwrap_or_default())).collect();
        sums.payments += 1;
        sums.refunds += payment.refunds.iter().filter(|refund| !refund.is_open()).count() as u64;
        *sums.statuses.entry(payment.status.as_str()).or_default() += 1;
        sums.held += payment.balance();
        for (from, to) in doubts(events) {
            sums.doubts.push(between(from, to));
            if from < self.healed_at && self.healed_at < to {
                sums.doubts_after.push(between(self.healed_at, to));
            }
        }
        let key = payment.payment_key.map(|key| key.to_string());
        let wrong = wrong_with(payment, &charges);
        sums.findings.extend(wrong.into_iter().map(|(kind, what)| Finding::new(kind, key.clone(), what)));
    }

    /// What no payment has claimed, and whether the sums agree.
    pub fn close(self, sums: &mut Sums) {
        let totals = self.totals;
        self.close_with_losses(|_| false, sums);
        if sums.held != totals.held() {
            let what = format!("in all, our books hold {} and the acquirer {}", sums.held, totals.held());
            sums.findings.push(Finding::new(Kind::Lost, None, what));
        }
    }

    /// As [`Books::close`], when some journals were lost on purpose: the sums cannot agree then.
    pub fn close_with_losses(self, is_forgiven: impl Fn(&TxnNo) -> bool, sums: &mut Sums) {
        for (txn_no, charges) in self.unclaimed.into_iter().filter(|(txn_no, _)| !is_forgiven(txn_no)) {
            let what =
                format!("the journal does not know txn {txn_no}, of which the acquirer holds {}", charges.held());
            sums.findings.push(Finding::new(Kind::Lost, None, what));
        }
    }
}

/// Everything that is wrong with the money of one payment; `charges` is what the acquirer did under each of
/// its numbers.
pub fn wrong_with(payment: &Payment, charges: &[(TxnNo, Charges)]) -> Vec<(Kind, String)> {
    let mut wrong = Vec::new();
    let open = payment.refunds.iter().filter(|refund| refund.is_open()).count();
    if payment.authorization.is_open() || open > 0 {
        wrong.push((Kind::InDoubt, format!("{}: authorization or {open} refunds are open", payment.status)));
    }
    let amount = payment.order.amount.minor();
    let taken: i64 = charges.iter().map(|(_, charges)| charges.approved - charges.reversed).sum();
    let given_back: i64 = charges.iter().map(|(_, charges)| charges.refunded).sum();
    if taken > amount {
        wrong.push((Kind::ChargedTwice, format!("{taken} was taken for {amount}")));
    }
    let own = match payment.authorization {
        Authorization::Approved { txn_no, .. } => Some(txn_no),
        _ => None,
    };
    for (txn_no, charges) in charges.iter().filter(|(txn_no, _)| Some(*txn_no) != own) {
        // What is still in doubt is that already.
        if charges.held() != 0 && !payment.authorization.is_open() {
            wrong.push((
                Kind::Lost,
                format!("the acquirer holds {} of txn {txn_no}, which is no charge", charges.held()),
            ));
        }
    }
    if let Some(own) = own {
        let charges = charges.iter().find(|(txn_no, _)| *txn_no == own).map(|(_, charges)| *charges);
        let Charges { approved, reversed, .. } = charges.unwrap_or_default();
        if approved - reversed != amount {
            wrong.push((
                Kind::Lost,
                format!("charged {amount}, but the acquirer took {approved} and reversed {reversed}"),
            ));
        }
    }
    if given_back > payment.reserved {
        wrong.push((Kind::OverRefunded, format!("the acquirer gave back {given_back}, not {}", payment.refunded)));
    } else if given_back < payment.refunded {
        wrong.push((Kind::Lost, format!("{} was given back, the acquirer says {given_back}", payment.refunded)));
    }
    wrong
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Each doubt: from the call of which nobody knew what became, to the event that settled it.
pub fn doubts(events: &[Recorded]) -> Vec<(Timestamp, Timestamp)> {
    let mut lasted = Vec::new();
    // The call that is under way, and whether it is in doubt.
    let mut authorization: Option<(Timestamp, bool)> = None;
    let mut refunds = HashMap::new();
    for Recorded { at, event, .. } in events {
        match event {
            Event::AuthorizationRequested { .. } => authorization = Some((*at, false)),
            Event::LateApproval { .. } if authorization.is_none() => authorization = Some((*at, true)),
            Event::AuthorizationUnknown { .. } => {
                authorization.iter_mut().for_each(|(_, is_in_doubt)| *is_in_doubt = true);
            }
            Event::Approved { .. }
            | Event::Declined { .. }
            | Event::Reversed { .. }
            | Event::AuthorizationNotSent { .. } => {
                lasted.extend(authorization.take().filter(|(_, in_doubt)| *in_doubt).map(|(from, _)| (from, *at)));
            }
            Event::RefundRequested { cancel_no, .. } => drop(refunds.insert(*cancel_no, (*at, false))),
            Event::RefundUnknown { cancel_no, .. } | Event::RefundRetried { cancel_no, .. } => {
                refunds.entry(*cancel_no).and_modify(|(_, is_in_doubt)| *is_in_doubt = true);
            }
            Event::RefundSucceeded { cancel_no } | Event::RefundFailed { cancel_no, .. } => {
                let ended = refunds.remove(cancel_no).filter(|(_, in_doubt)| *in_doubt);
                lasted.extend(ended.map(|(from, _)| (from, *at)));
            }
            _ => {}
        }
    }
    lasted
}
