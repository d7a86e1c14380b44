//! What the verdict has to know of the faults: which of them ended before a payment did, and what was lost on purpose.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use super::memory::Story;
use crate::{
    acquirer::{Charges, Sandbox},
    domain::TxnNo,
};

/// Whoever began before a tail was answered within it, at the latest.
const LONGEST_CALL: Duration = Duration::from_secs(15);

/// The last transactions of a primary that its standby does not have. Money that moved in that time is forgiven, and so
/// is what was acknowledged in it; what was acknowledged before and afterwards is not.
pub struct Tail {
    began: Instant,
    moved: Instant,
    before: HashMap<TxnNo, Charges>,
}

impl Tail {
    pub fn begin(company: &Sandbox) -> Self {
        Self { began: Instant::now(), moved: Instant::now(), before: company.transactions().into_iter().collect() }
    }

    /// The address leads to the standby.
    pub fn moved(&mut self) {
        self.moved = Instant::now();
    }
}

/// Besides what people were told.
#[derive(Default)]
pub struct Circumstances {
    tails: Vec<(Instant, Instant)>,
    txns: HashSet<TxnNo>,
    orders: HashSet<String>,
    /// The fault that came last before the payment of an order was over.
    faults: HashMap<String, usize>,
}

impl Circumstances {
    /// Forgives what `company` did since the tail began. To be called when the calls that the lost commits have led to are
    /// over.
    pub fn forgive(&mut self, tail: &Tail, company: &Sandbox) {
        self.tails.push((tail.began, tail.moved));
        let changed = company.transactions().into_iter();
        let changed = changed.filter(|(txn_no, charges)| tail.before.get(txn_no) != Some(charges));
        self.txns.extend(changed.map(|(txn_no, _)| txn_no));
    }

    /// Takes out of each story what is forgiven.
    pub fn apply(&mut self, stories: &mut [Story]) {
        for story in stories {
            self.faults.insert(story.order.clone(), story.fault);
            for (began, moved) in &self.tails {
                if story.begun <= *moved && story.ended >= *began {
                    story.forgive(*moved);
                    self.orders.insert(story.order.clone());
                }
            }
        }
    }

    /// Whether what began now may have been lost.
    pub fn forgives_moment(&self, moment: Instant) -> bool {
        self.tails.iter().any(|(began, moved)| *began - LONGEST_CALL <= moment && moment <= *moved)
    }

    pub fn fault_of(&self, order: &str) -> Option<usize> {
        self.faults.get(order).copied()
    }

    /// Whether the journals and the card company's books may differ.
    pub fn has_tails(&self) -> bool {
        !self.tails.is_empty()
    }

    pub fn forgives_txn(&self, txn_no: &TxnNo) -> bool {
        self.txns.contains(txn_no)
    }

    /// Whether what the card company has of this order is forgiven.
    pub fn forgives(&self, order: &str) -> bool {
        self.orders.contains(order)
    }

    /// A line of the audit about the card company's side of what is forgiven. What is wrong within the database is never
    /// forgiven.
    pub fn forgives_line(&self, line: &str, order: Option<&str>) -> bool {
        let is_of_order = order.is_some_and(|order| self.forgives(order));
        let is_of_txn = || line.split_once("txn ").and_then(|(_, rest)| rest.split([' ', ',']).next()?.parse().ok());
        line.contains("acquirer") && (is_of_order || is_of_txn().is_some_and(|txn_no| self.forgives_txn(&txn_no)))
    }
}
