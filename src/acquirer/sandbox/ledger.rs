//! The card network's books: every transaction it has seen, and what may be done to it.
//!
//! Plain data behind `&mut`: the sandbox holds one lock around it, so each call sees and changes a
//! transaction alone. (A lock per transaction would buy nothing: the totals, the order in which old
//! transactions are dropped and the end of the file are shared by all of them.) A change is written to
//! the file first, then folded in; replaying the file folds in the same changes.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
};

use jiff::{Timestamp, civil::Date};

use super::{
    file::{Change, LedgerFile},
    follow::FollowedFile,
    totals::{Charges, Totals},
    txn::{Approved, Cancel, Txn},
    wire::Refusal,
};
use crate::domain::{CancelNo, TxnNo, business_day};

/// Transactions kept at most; the oldest is forgotten first, and would then be charged again if somebody
/// repeated it.
pub const MAX_TRANSACTIONS: usize = 200_000;

/// Partial cancels of one transaction.
const MAX_CANCELS: usize = 10_000;

/// Records in one page of a day's list: an answer of some 30 KiB.
pub const LIST_PAGE: usize = 200;

/// Approval numbers have at least eight digits.
const FIRST_APPROVAL_NO: u64 = 10_000_000;

/// An approve, as far as the books are concerned.
pub(super) struct Charge {
    pub txn_no: TxnNo,
    pub last_four: Box<str>,
    pub amount: i64,
    /// What the issuer says, should this be the first time.
    pub verdict: Result<(), Refusal>,
    pub now: Timestamp,
}

/// The answer to an inquiry.
pub(super) struct Entry {
    pub status: &'static str,
    pub approval_no: Option<u64>,
    pub amount: i64,
    pub canceled_amount: i64,
}

pub(super) struct Ledger {
    txns: HashMap<TxnNo, Txn>,
    /// Oldest first; exactly the keys of `txns`.
    order: VecDeque<TxnNo>,
    limit: usize,
    totals: Totals,
    dropped: Totals,
    next_approval_no: u64,
    file: Option<LedgerFile>,
    /// Somebody else's, in the place of a file of our own.
    followed: Option<FollowedFile>,
}

impl Ledger {
    pub fn in_memory(limit: usize) -> Self {
        Self {
            txns: HashMap::new(),
            order: VecDeque::new(),
            limit,
            totals: Totals::default(),
            dropped: Totals::default(),
            next_approval_no: FIRST_APPROVAL_NO,
            file: None,
            followed: None,
        }
    }

    pub fn open(path: &Path, limit: usize) -> io::Result<Self> {
        let mut ledger = Self::in_memory(limit);
        ledger.file = Some(LedgerFile::open(path, |change| ledger.fold(change))?);
        ledger.rewrite_if_overgrown();
        Ok(ledger)
    }

    /// The books of another process, to be looked at only.
    pub fn follow(path: &Path, limit: usize) -> io::Result<Self> {
        let mut ledger = Self { followed: Some(FollowedFile::open(path)?), ..Self::in_memory(limit) };
        ledger.catch_up()?;
        Ok(ledger)
    }

    /// Whether an answer waits for a disk.
    pub const fn is_on_disk(&self) -> bool {
        self.file.is_some() || self.followed.is_some()
    }

    /// Reads what the other process has written meanwhile; mends a file of our own after a failed write.
    pub fn catch_up(&mut self) -> io::Result<()> {
        self.mend()?;
        let Some(mut file) = self.followed.take() else { return Ok(()) };
        let read = match file.is_replaced() {
            Ok(false) => file.read_on(|change| self.fold(change)),
            Ok(true) => match Self::follow(file.path(), self.limit) {
                Ok(anew) => {
                    *self = anew;
                    return Ok(());
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        self.followed = Some(file);
        read
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    pub fn charges(&self, txn_no: TxnNo) -> Charges {
        self.txns.get(&txn_no).map(Txn::charges).unwrap_or_default()
    }

    /// Oldest first.
    pub fn transactions(&self) -> Vec<(TxnNo, Charges)> {
        self.order.iter().map(|txn_no| (*txn_no, self.charges(*txn_no))).collect()
    }

    /// Charges a card once per number, and repeats the first answer for every repetition.
    pub fn approve(&mut self, charge: Charge) -> Result<Approved, Refusal> {
        let Charge { txn_no, last_four, amount, verdict, now: at } = charge;
        if let Some(txn) = self.txns.get_mut(&txn_no) {
            txn.approve_calls += 1;
            return match txn.reversed {
                Some(_) => Err(Refusal::TxnReversed),
                None if txn.amount != amount || txn.last_four != last_four => Err(Refusal::TxnConflict),
                None => txn.fate,
            };
        }
        let approval_no = self.next_approval_no;
        self.commit(match verdict {
            Ok(()) => Change::Approved { txn_no, last_four, amount, approval_no, at },
            Err(refusal) => Change::Declined { txn_no, last_four, amount, refusal },
        })?;
        verdict.map(|()| Approved { approval_no, at })
    }

    pub fn inquire(&self, txn_no: TxnNo) -> Result<Entry, Refusal> {
        let txn = self.txns.get(&txn_no).ok_or(Refusal::TxnNotFound)?;
        let status = match (txn.reversed, txn.fate) {
            (Some(_), _) => "REVERSED",
            (None, Ok(_)) => "APPROVED",
            (None, Err(_)) => "DECLINED",
        };
        Ok(Entry {
            status,
            approval_no: txn.fate.ok().map(|approved| approved.approval_no),
            amount: txn.amount,
            canceled_amount: txn.charges().refunded,
        })
    }

    /// What was approved on a day in Seoul, oldest first: a page of it, after the one numbered `after`, and whether there
    /// is more.
    pub fn list(&self, day: Date, after: Option<TxnNo>) -> (Vec<(TxnNo, Entry, Timestamp)>, bool) {
        let begin =
            after.and_then(|after| self.order.iter().position(|txn_no| *txn_no == after)).map_or(0, |at| at + 1);
        let mut approved = self.order.iter().skip(begin).filter_map(|txn_no| {
            let approved = self.txns.get(txn_no)?.fate.ok().filter(|approved| business_day(approved.at) == day)?;
            Some((*txn_no, self.inquire(*txn_no).ok()?, approved.at))
        });
        let page: Vec<_> = approved.by_ref().take(LIST_PAGE).collect();
        (page, approved.next().is_some())
    }

    /// Gives back whatever is left of a transaction and closes its number, seen before or not.
    pub fn reverse(&mut self, txn_no: TxnNo, amount: i64) -> Result<(), Refusal> {
        match self.txns.get(&txn_no) {
            Some(txn) if txn.reversed.is_some() => Ok(()),
            Some(txn) if txn.amount != amount => Err(Refusal::TxnConflict),
            _ => self.commit(Change::Reversed { txn_no, amount }),
        }
    }

    /// Gives back a part; answers with what is left, and a repetition with the first answer.
    pub fn cancel(&mut self, txn_no: TxnNo, cancel_no: CancelNo, amount: i64) -> Result<i64, Refusal> {
        let txn = self.txns.get(&txn_no).ok_or(Refusal::TxnNotFound)?;
        if let Some(before) = txn.cancels.iter().find(|cancel| cancel.cancel_no == cancel_no) {
            return if before.amount == amount { before.answer } else { Err(Refusal::TxnConflict) };
        }
        if txn.reversed.is_some() {
            return Err(Refusal::TxnReversed);
        }
        if txn.fate.is_err() {
            return Err(Refusal::TxnNotApproved);
        }
        if txn.cancels.len() >= MAX_CANCELS {
            return Err(Refusal::TooManyCancels);
        }
        let balance = txn.balance();
        if amount > balance {
            let refusal = Refusal::ExceedsBalance;
            // The other refusals are of a state that never changes again; this one would be of another
            // kind after a reversal.
            self.commit(Change::CancelRefused { txn_no, cancel_no, amount, refusal })?;
            return Err(refusal);
        }
        self.commit(Change::Canceled { txn_no, cancel_no, amount })?;
        Ok(balance - amount)
    }

    /// Writes a change down, then makes it true.
    fn commit(&mut self, change: Change) -> Result<(), Refusal> {
        if self.followed.is_some() {
            return Err(Refusal::Unavailable);
        }
        self.write(&change).map_err(|error| {
            tracing::error!(%error, "the sandbox's file cannot be written");
            Refusal::Unavailable
        })?;
        self.fold(change);
        self.rewrite_if_overgrown();
        Ok(())
    }

    #[cfg(test)]
    pub fn replace_file(&mut self, file: std::fs::File) {
        self.file.as_mut().unwrap().file = file;
    }

    fn write(&mut self, change: &Change) -> io::Result<()> {
        self.mend()?;
        self.file.as_mut().map_or(Ok(()), |file| file.append(change))
    }

    /// After a failed write nothing is read from the file or added to it until it is written anew.
    fn mend(&mut self) -> io::Result<()> {
        if self.file.as_ref().is_some_and(LedgerFile::is_torn) { self.rewrite() } else { Ok(()) }
    }

    fn fold(&mut self, change: Change) {
        match change {
            Change::Carried { dropped, next_approval_no } => {
                self.totals = dropped;
                self.dropped = dropped;
                self.next_approval_no = next_approval_no;
            }
            Change::Approved { txn_no, last_four, amount, approval_no, at } => {
                self.totals.approved.add(amount);
                self.next_approval_no = self.next_approval_no.max(approval_no + 1);
                self.insert(txn_no, last_four, amount, Ok(Approved { approval_no, at }));
            }
            Change::Declined { txn_no, last_four, amount, refusal } => {
                self.totals.declined.add(amount);
                self.insert(txn_no, last_four, amount, Err(refusal));
            }
            Change::Canceled { txn_no, cancel_no, amount } => {
                if let Some(txn) = self.txns.get_mut(&txn_no) {
                    self.totals.refunded.add(amount);
                    let answer = Ok(txn.balance() - amount);
                    txn.cancels.push(Cancel { cancel_no, amount, answer });
                }
            }
            Change::CancelRefused { txn_no, cancel_no, amount, refusal } => {
                if let Some(txn) = self.txns.get_mut(&txn_no) {
                    txn.cancels.push(Cancel { cancel_no, amount, answer: Err(refusal) });
                }
            }
            Change::Reversed { txn_no, amount } => {
                if !self.txns.contains_key(&txn_no) {
                    self.insert(txn_no, "".into(), amount, Err(Refusal::TxnReversed));
                }
                if let Some(txn) = self.txns.get_mut(&txn_no) {
                    let rest = txn.balance();
                    txn.reversed = Some(rest);
                    self.totals.reversed.add(rest);
                }
            }
        }
    }

    fn insert(&mut self, txn_no: TxnNo, last_four: Box<str>, amount: i64, fate: Result<Approved, Refusal>) {
        let approve_calls = u32::from(fate.err() != Some(Refusal::TxnReversed));
        let txn = Txn { last_four, amount, fate, reversed: None, cancels: Vec::new(), approve_calls };
        self.txns.insert(txn_no, txn);
        self.order.push_back(txn_no);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
            && let Some(txn) = self.txns.remove(&oldest)
        {
            self.carry(&txn);
        }
    }

    /// Keeps a forgotten transaction's share of the totals.
    fn carry(&mut self, txn: &Txn) {
        match txn.fate {
            Ok(_) => self.dropped.approved.add(txn.amount),
            Err(Refusal::TxnReversed) => {}
            Err(_) => self.dropped.declined.add(txn.amount),
        }
        txn.refunds().for_each(|amount| self.dropped.refunded.add(amount));
        if let Some(rest) = txn.reversed {
            self.dropped.reversed.add(rest);
        }
    }

    fn rewrite_if_overgrown(&mut self) {
        if self.file.as_ref().is_some_and(LedgerFile::is_overgrown)
            && let Err(error) = self.rewrite()
        {
            tracing::warn!(%error, "the sandbox's file could not be rewritten and goes on growing");
        }
    }

    /// Replaces the file's history by the shortest one.
    pub fn rewrite(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let rewritten = file.rewrite(self.snapshot());
        self.file = Some(file);
        rewritten
    }

    /// The shortest history that folds into the present books.
    fn snapshot(&self) -> impl Iterator<Item = Change> {
        let carried = Change::Carried { dropped: self.dropped, next_approval_no: self.next_approval_no };
        let kept = self.order.iter().filter_map(|txn_no| Some((*txn_no, self.txns.get(txn_no)?)));
        std::iter::once(carried).chain(kept.flat_map(|(txn_no, txn)| {
            let (last_four, amount) = (txn.last_four.clone(), txn.amount);
            let first = match txn.fate {
                Ok(Approved { approval_no, at }) => {
                    Some(Change::Approved { txn_no, last_four, amount, approval_no, at })
                }
                Err(Refusal::TxnReversed) => None,
                Err(refusal) => Some(Change::Declined { txn_no, last_four, amount, refusal }),
            };
            let cancels = txn.cancels.iter().map(move |cancel| {
                let Cancel { cancel_no, amount, answer } = *cancel;
                match answer {
                    Ok(_) => Change::Canceled { txn_no, cancel_no, amount },
                    Err(refusal) => Change::CancelRefused { txn_no, cancel_no, amount, refusal },
                }
            });
            let last = txn.reversed.map(|_| Change::Reversed { txn_no, amount });
            first.into_iter().chain(cancels).chain(last)
        }))
    }
}
