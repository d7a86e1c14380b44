//! A toy acquirer that keeps the truth, and the wire to it, on which everything may go wrong except one
//! thing: no answer is ever false.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;

/// What the acquirer knows of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Approved { approval: Approval, amount: i64, refunded: i64 },
    Declined,
    Reversed,
}

/// The acquirer's own books.
#[derive(Debug, Default)]
pub struct Books {
    txns: HashMap<TxnNo, Record>,
    refunds: HashMap<CancelNo, Result<i64, Reason>>,
    /// Sums over everything that ever happened, in minor units.
    pub approved: i64,
    pub reversed: i64,
    pub refunded: i64,
}

impl Books {
    pub fn record(&self, txn_no: TxnNo) -> Option<&Record> {
        self.txns.get(&txn_no)
    }

    /// What the customer has paid in the end.
    pub fn held(&self) -> i64 {
        self.approved - self.reversed - self.refunded
    }

    fn approve(&mut self, txn_no: TxnNo, amount: i64, willing: bool, now: Timestamp) -> Outcome<Approval> {
        if !self.txns.contains_key(&txn_no) {
            let approval = Approval { approval_no: "A1".into(), approved_at: now };
            self.approved += if willing { amount } else { 0 };
            let record = if willing { Record::Approved { approval, amount, refunded: 0 } } else { Record::Declined };
            self.txns.insert(txn_no, record);
        }
        match &self.txns[&txn_no] {
            Record::Approved { approval, .. } => Outcome::Approved(approval.clone()),
            Record::Declined => Outcome::Declined(Reason::LimitExceeded),
            Record::Reversed => Outcome::Declined(Reason::TxnReversed),
        }
    }

    fn inquire(&self, txn_no: TxnNo) -> Found {
        match self.txns.get(&txn_no) {
            Some(Record::Approved { approval, .. }) => {
                let approved_at = Some(approval.approved_at);
                Found::Approved { approval_no: approval.approval_no.clone(), approved_at }
            }
            Some(Record::Declined) => Found::Declined,
            Some(Record::Reversed) => Found::Reversed,
            None => Found::NotFound,
        }
    }

    /// Gives back what is left and closes the number, seen before or not.
    pub fn reverse(&mut self, txn_no: TxnNo) {
        if let Some(Record::Approved { amount, refunded, .. }) = self.txns.insert(txn_no, Record::Reversed) {
            self.reversed += amount - refunded;
        }
    }

    fn refund(&mut self, cancel_no: CancelNo, txn_no: TxnNo, minor: i64, willing: bool) -> Outcome<()> {
        let answer = match (self.refunds.get(&cancel_no), self.txns.get_mut(&txn_no)) {
            (Some(before), _) => *before,
            (None, Some(Record::Approved { amount, refunded, .. })) if minor <= *amount - *refunded => {
                if willing {
                    *refunded += minor;
                    self.refunded += minor;
                }
                if willing { Ok(minor) } else { Err(Reason::LimitExceeded) }
            }
            (None, Some(Record::Approved { .. })) => Err(Reason::ExceedsBalance),
            (None, _) => Err(Reason::TxnReversed),
        };
        self.refunds.insert(cancel_no, answer);
        answer.map_or_else(Outcome::Declined, |_| Outcome::Approved(()))
    }
}

/// A request that left us. It may arrive late, twice, or never.
#[derive(Debug)]
struct Call {
    effect: Effect,
    /// The process that waits for the answer.
    process: u32,
    on_its_way: bool,
    has_arrived: bool,
}

/// Everything between us and the acquirer. Calls and answers are counted from the newest one.
#[derive(Debug)]
pub struct Wire {
    pub books: Books,
    /// The acquirer answers inquiries and reversals.
    can_be_asked: bool,
    calls: Vec<Call>,
    answers: Vec<Command>,
    process: u32,
    secrets: u128,
}

impl Wire {
    pub fn new(can_be_asked: bool) -> Self {
        let (calls, answers) = (Vec::new(), Vec::new());
        Self { books: Books::default(), can_be_asked, calls, answers, process: 0, secrets: 0 }
    }

    pub fn send(&mut self, effect: Effect) {
        self.calls.push(Call { effect, process: self.process, on_its_way: true, has_arrived: false });
    }

    /// Calls made so far.
    pub fn sent(&self) -> usize {
        self.calls.len()
    }

    pub fn has_sent_authorization(&self, number: TxnNo) -> bool {
        self.authorizations().any(|txn_no| txn_no == number)
    }

    pub fn authorizations(&self) -> impl Iterator<Item = TxnNo> + '_ {
        self.calls.iter().filter_map(|call| authorizes(&call.effect))
    }

    /// The acquirer has not decided about this number, and a request that makes it decide may yet arrive.
    pub fn may_yet_charge(&self, number: TxnNo) -> bool {
        let arrives = |call: &Call| call.on_its_way && authorizes(&call.effect) == Some(number);
        self.books.record(number).is_none() && self.calls.iter().any(arrives)
    }

    pub fn is_quiet(&self) -> bool {
        self.answers.is_empty() && !self.calls.iter().any(|call| call.on_its_way)
    }

    fn on_its_way(&mut self, back: usize) -> Option<&mut Call> {
        self.calls.iter_mut().rev().filter(|call| call.on_its_way).nth(back)
    }

    /// A request arrives, and the answer sets out if anybody waits for it. Of a doubled one, a copy follows.
    pub fn arrive(&mut self, back: usize, willing: bool, doubled: bool, now: Timestamp) {
        let Some(call) = self.on_its_way(back) else { return };
        call.on_its_way = doubled;
        call.has_arrived = true;
        let (effect, process) = (call.effect.clone(), call.process);
        let answer = self.serve(&effect, willing, now);
        if process == self.process {
            self.answers.push(answer);
        }
    }

    fn serve(&mut self, effect: &Effect, willing: bool, now: Timestamp) -> Command {
        match *effect {
            Effect::Verify { attempt, .. } => {
                self.secrets += 1;
                let payment_key = PaymentKey::new(Uuid::from_u128(ID).into(), self.secrets);
                let outcome = if willing { Outcome::Approved(()) } else { Outcome::Declined(Reason::CardExpired) };
                Command::VerificationEnded { attempt, outcome, payment_key }
            }
            Effect::Authorize { txn_no, amount, .. } => {
                let outcome = self.books.approve(txn_no, amount.minor(), willing, now);
                Command::AuthorizationEnded { txn_no, outcome }
            }
            Effect::Refund { cancel_no, txn_no, amount, attempt, .. } => {
                let outcome = self.books.refund(cancel_no, txn_no, amount.minor(), willing);
                Command::RefundEnded { cancel_no, attempt, outcome }
            }
            _ if !self.can_be_asked => no_answer(effect, true),
            Effect::Inquire { txn_no, .. } => {
                Command::InquiryEnded { txn_no, outcome: Outcome::Approved(self.books.inquire(txn_no)) }
            }
            Effect::Reverse { txn_no, .. } => {
                self.books.reverse(txn_no);
                Command::ReversalEnded { txn_no, outcome: Outcome::Approved(()) }
            }
        }
    }

    pub fn lose_request(&mut self, back: usize) {
        if let Some(call) = self.on_its_way(back) {
            call.on_its_way = false;
        }
    }

    pub fn lose_answer(&mut self, back: usize) {
        self.take_answer(back, false);
    }

    /// An answer reaches us. Of a doubled one, a copy follows.
    pub fn take_answer(&mut self, back: usize, doubled: bool) -> Option<Command> {
        let index = self.answers.len().checked_sub(back + 1)?;
        Some(if doubled { self.answers[index].clone() } else { self.answers.remove(index) })
    }

    /// Somebody who waits for an answer stops waiting.
    pub fn give_up(&mut self, back: usize) {
        let process = self.process;
        let waiting = self.calls.iter().rev().filter(|call| call.process == process).nth(back);
        self.answers.extend(waiting.map(|call| no_answer(&call.effect, false)));
    }

    /// "It was not sent", of a call of which that is true, or of another try of one that is in doubt.
    pub fn fail_to_send(&mut self, back: usize, in_doubt: impl Fn(&Effect) -> bool) {
        let process = self.process;
        let Some(call) = self.calls.iter_mut().rev().filter(|call| call.process == process).nth(back) else { return };
        let was_not_sent = call.on_its_way && !call.has_arrived;
        if was_not_sent {
            call.on_its_way = false;
        } else if !in_doubt(&call.effect) {
            return;
        }
        self.answers.push(no_answer(&call.effect, true));
    }

    /// The process dies: nobody waits for an answer any more, but what was sent may still arrive.
    pub fn restart(&mut self) {
        self.process += 1;
        self.answers.clear();
    }

    /// A person telephones until it is certain what has become of a refund, and that no request and no
    /// answer of it is under way any more. Says whether the money was given back.
    pub fn telephone_refund(&mut self, number: CancelNo) -> bool {
        let is_done = self.books.refunds.entry(number).or_insert(Err(Reason::Declined)).is_ok();
        self.answers.retain(|answer| !matches!(answer, Command::RefundEnded { cancel_no, .. } if *cancel_no == number));
        for call in &mut self.calls {
            if matches!(call.effect, Effect::Refund { cancel_no, .. } if cancel_no == number) {
                call.on_its_way = false;
                call.process = u32::MAX;
            }
        }
        is_done
    }

    /// A person telephones until it is certain what has become of `number`, and that no request and no
    /// answer of it is under way any more. Says whether it is charged.
    pub fn telephone(&mut self, number: TxnNo, have_it_reversed: bool) -> bool {
        let is_charged = matches!(self.books.record(number), Some(Record::Approved { .. }));
        if have_it_reversed || !is_charged {
            self.books.reverse(number);
        }
        self.answers
            .retain(|answer| !matches!(answer, Command::AuthorizationEnded { txn_no, .. } if *txn_no == number));
        for call in self.calls.iter_mut().filter(|call| authorizes(&call.effect) == Some(number)) {
            call.on_its_way = false;
            call.process = u32::MAX;
        }
        is_charged && !have_it_reversed
    }
}

/// The payment all of this is about.
pub const ID: u128 = 7;

fn authorizes(effect: &Effect) -> Option<TxnNo> {
    if let Effect::Authorize { txn_no, .. } = effect { Some(*txn_no) } else { None }
}

fn no_answer(effect: &Effect, not_sent: bool) -> Command {
    fn outcome<T>(not_sent: bool) -> Outcome<T> {
        if not_sent { Outcome::NotSent } else { Outcome::Unknown }
    }
    match *effect {
        Effect::Verify { attempt, .. } => {
            let payment_key = PaymentKey::new(Uuid::from_u128(ID).into(), 0);
            Command::VerificationEnded { attempt, outcome: outcome(not_sent), payment_key }
        }
        Effect::Authorize { txn_no, .. } => Command::AuthorizationEnded { txn_no, outcome: outcome(not_sent) },
        Effect::Inquire { txn_no, .. } => Command::InquiryEnded { txn_no, outcome: outcome(not_sent) },
        Effect::Reverse { txn_no, .. } => Command::ReversalEnded { txn_no, outcome: outcome(not_sent) },
        Effect::Refund { cancel_no, attempt, .. } => {
            Command::RefundEnded { cancel_no, attempt, outcome: outcome(not_sent) }
        }
    }
}
