//! One life of a payment: what the shell does with it, on a toy wire and in virtual time.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, test_runner::TestCaseError};
use serde_json::{from_str, to_string, to_value};
use uuid::Uuid;

use super::{
    toy_acquirer::{ID, Wire},
    *,
};

pub const PRICE: i64 = 1_000;

/// More than any life needs to settle, refunds apart: a lost verification, the deadline, a lost
/// authorization, fifteen inquiries and a reversal.
const MAX_WAKES: usize = 25;

pub type Checked = Result<(), TestCaseError>;

/// What happens next. `Back` counts from the newest call or answer, so that everything also happens
/// twice, late and out of order.
#[derive(Debug, Clone)]
pub enum Move {
    Approve(Who, Card),
    Confirm(OwnKey, i64),
    CancelByCustomer(Who),
    CancelByShop,
    /// The shop has waited long enough and is told "unknown".
    Withhold,
    /// How much, and how far the expected balance is off the true one.
    Refund(Option<i64>, Option<i64>),
    /// A refund that was asked for before.
    RefundAgain(Back),
    /// A request arrives and is answered; of a doubled one, a copy follows.
    Arrive(Back, Willing, Doubled),
    Answer(Back, Doubled),
    LoseRequest(Back),
    LoseAnswer(Back),
    /// The call ends without an answer.
    GiveUp(Back),
    FailToSend(Back),
    Wait(SignedDuration),
    Wake,
    /// The next call about a doubt is made before its time: the charge's, or a refund's.
    RetryNow(Option<Back>),
    /// Time jumps to where something is due.
    WakeWhenDue,
    /// A person finds out what is true, or has it reversed.
    ByHand(Reverse),
    /// The process dies, and another one reads the journal.
    Restart,
}

pub type Who = u8;
pub type Card = u8;
pub type OwnKey = bool;
pub type Back = usize;
pub type Willing = bool;
pub type Doubled = bool;
pub type Reverse = bool;

pub struct Life {
    pub payment: Payment,
    pub journal: Vec<Recorded>,
    pub now: Timestamp,
    pub policy: Policy,
    pub wire: Wire,
    /// The kinds of refusals heard so far.
    pub refusals: HashSet<String>,
    /// [`decide`], or one with a deliberate bug.
    pub decide: Decide,
    numbers: u128,
}

pub type Decide = fn(&Payment, &Command, Timestamp, &Policy) -> Result<Step, Rejection>;

impl Life {
    pub fn begin(policy: Policy) -> Self {
        // Ten minutes before midnight in Seoul, so that lives cross the business day.
        let now: Timestamp = "2026-03-01T14:50:00Z".parse().unwrap();
        let order = Order {
            merchant: Uuid::from_u128(1).into(),
            order_id: "주문-1".parse().unwrap(),
            order_name: "coffee & cake".parse().unwrap(),
            amount: Money::new(PRICE, Currency::KRW).unwrap(),
            expires_at: now + SignedDuration::from_mins(10),
            redirects: Box::new(Redirects { success_url: Some("https://shop.example".into()), fail_url: None }),
            metadata: Some("{\"table\":4}".into()),
        };
        let first = Recorded { seq: 1, at: now, by: By::Shop, event: create(order) };
        let payment = Payment::created(Uuid::from_u128(ID).into(), &first).unwrap();
        let wire = Wire::new(policy.resolves);
        Self { payment, journal: vec![first], now, policy, wire, refusals: HashSet::new(), decide, numbers: 1_000 }
    }

    fn fresh(&mut self) -> Uuid {
        self.numbers += 1;
        Uuid::from_u128(self.numbers)
    }

    pub fn play(&mut self, next: &Move) -> Checked {
        match *next {
            Move::Approve(who, card) => {
                self.run(&Command::Approve { payer: payer(who), instrument: card_of(who, card) })
            }
            Move::Confirm(own_key, amount) => {
                let stray = PaymentKey::new(Uuid::from_u128(ID).into(), 0);
                let payment_key = self.payment.payment_key.filter(|_| own_key).unwrap_or(stray);
                let txn_no = self.fresh().into();
                self.run(&Command::Confirm { payment_key, amount, txn_no })
            }
            Move::CancelByCustomer(who) => self.run(&Command::CancelByCustomer { customer: payer(who).id }),
            Move::CancelByShop => self.run(&Command::CancelByShop { reason: Some("sold out".into()) }),
            Move::Withhold => self.withhold_or_give(),
            Move::Refund(amount, off_by) => {
                let cancel_no = self.fresh().into();
                self.refund(cancel_no, amount, off_by.map(|off| self.payment.refundable() + off))
            }
            Move::RefundAgain(back) => match self.payment.refunds.iter().nth_back(back) {
                Some(&Refund { cancel_no, amount, .. }) => self.refund(cancel_no, Some(amount.minor()), None),
                None => Ok(()),
            },
            Move::Arrive(back, willing, doubled) => {
                self.wire.arrive(back, willing, doubled, self.now);
                self.check()
            }
            Move::Answer(back, doubled) => match self.wire.take_answer(back, doubled) {
                Some(answer) => self.run(&answer),
                None => Ok(()),
            },
            Move::LoseRequest(back) => {
                self.wire.lose_request(back);
                Ok(())
            }
            Move::LoseAnswer(back) => {
                self.wire.lose_answer(back);
                Ok(())
            }
            Move::GiveUp(back) => {
                self.wire.give_up(back);
                Ok(())
            }
            Move::FailToSend(back) => {
                let payment = &self.payment;
                self.wire.fail_to_send(back, |effect| is_in_doubt(payment, effect));
                Ok(())
            }
            Move::Wait(time) => {
                self.now += time;
                Ok(())
            }
            Move::Wake => self.run(&Command::Wake),
            Move::RetryNow(None) => self.run(&Command::RetryNow { refund: None }),
            Move::RetryNow(Some(back)) => match self.payment.refunds.iter().nth_back(back) {
                Some(&Refund { cancel_no, .. }) => self.run(&Command::RetryNow { refund: Some(cancel_no) }),
                None => Ok(()),
            },
            Move::WakeWhenDue => self.wake_when_due(),
            Move::ByHand(reverse) => self.resolve_by_hand(reverse),
            Move::Restart => {
                self.wire.restart();
                self.payment = Payment::replay(self.payment.id, self.journal.clone()).unwrap();
                self.check()
            }
        }
    }

    fn refund(&mut self, cancel_no: CancelNo, amount: Option<i64>, expected_balance: Option<i64>) -> Checked {
        let by = By::BackOffice(self.payment.order.merchant);
        self.run(&Command::Refund {
            cancel_no,
            amount,
            expected_balance,
            reason: Some("변심".into()),
            keyless: true,
            by,
        })
    }

    /// The caller of the charge, or else of the newest refund, is told something.
    fn withhold_or_give(&mut self) -> Checked {
        let refund = self.payment.refunds.last().map(|refund| (refund.cancel_no, refund.is_open()));
        self.run(&match refund {
            Some((cancel_no, true)) => Command::WithholdAnswer { refund: Some(cancel_no) },
            Some((refund, false)) => Command::GiveAnswer { refund },
            None => Command::WithholdAnswer { refund: None },
        })
    }

    fn resolve_by_hand(&mut self, reverse: bool) -> Checked {
        let doubt = self.payment.doubts().find(Resolution::may_be_decided);
        let refund = doubt.and_then(|doubt| doubt.refund);
        let approved = match (&self.payment.authorization, doubt, refund) {
            (_, _, Some(cancel_no)) => self.wire.telephone_refund(cancel_no),
            (Authorization::Unknown { txn_no, .. }, Some(_), _) => self.wire.telephone(*txn_no, reverse),
            (Authorization::Reversing { txn_no, .. }, Some(_), _) => self.wire.telephone(*txn_no, true),
            _ => !reverse,
        };
        let (note, by) = ("asked by telephone".into(), By::Operator);
        self.run(&Command::ResolveByHand { refund, approved, note, by })
    }

    fn wake_when_due(&mut self) -> Checked {
        let Some(due_at) = self.payment.due_at() else { return Ok(()) };
        self.now = self.now.max(due_at);
        self.run(&Command::Wake)
    }

    /// What the shell does with a command: decide, commit, and only then call.
    fn run(&mut self, command: &Command) -> Checked {
        let before = self.payment.clone();
        let step = (self.decide)(&before, command, self.now, &self.policy);
        let is_due = before.due_at().is_some_and(|at| at <= self.now);
        if let Command::Wake = command {
            let does_something = step.as_ref().is_ok_and(|step| !step.events.is_empty());
            prop_assert_eq!(does_something, is_due, "woken at {}, due {:?}", self.now, before.due_at());
        }
        match step {
            Ok(step) => self.carry_out(step, command)?,
            Err(why) => self.note(why),
        }
        self.check_heard(&before, command)?;
        self.check()
    }

    fn carry_out(&mut self, step: Step, command: &Command) -> Checked {
        prop_assert!(step.effect.is_none() || !step.events.is_empty(), "an effect without a durable intent");
        prop_assert!(step.effect.is_none() || step.refused.is_none(), "refused, and done all the same");
        step.refused.inspect(|why| self.note(*why));
        for event in step.events {
            self.commit(event, command)?;
        }
        if let Some(effect) = step.effect {
            self.check_effect(&effect, command)?;
            self.wire.send(effect);
        }
        Ok(())
    }

    fn note(&mut self, why: Rejection) {
        let name = format!("{why:?}");
        self.refusals.extend(name.split([' ', '(']).next().map(str::to_owned));
    }

    fn commit(&mut self, event: Event, command: &Command) -> Checked {
        let text = to_string(&event).unwrap();
        prop_assert_eq!(&from_str::<Event>(&text).unwrap(), &event, "JSON changed it");
        prop_assert_eq!(&to_value(&event).unwrap()["kind"], event.kind());
        self.check_event(&event, command)?;

        let before = self.payment.clone();
        let claims = matches!(event, Event::Claimed { .. });
        // A clock that was set back does not turn the journal's time around.
        let at = self.now.max(before.updated_at);
        let recorded = Recorded { seq: before.seq + 1, at, by: command.by(), event };
        self.payment.apply(&recorded);
        self.journal.push(recorded);
        prop_assert_eq!(self.payment.seq, before.seq + 1);
        prop_assert!(before.payer.is_none() || (before.payer == self.payment.payer && !claims), "the payer changed");
        prop_assert!(before.payment_key.is_none() || before.payment_key == self.payment.payment_key);
        Ok(())
    }

    /// All faults stop, everything that is under way arrives (before or after time has passed), and time
    /// passes: then nothing may be in doubt, in the ledger or in the status.
    pub fn settle(&mut self, stragglers: bool) -> Checked {
        if !stragglers {
            self.deliver_everything()?;
        }
        self.wake_until_quiet()?;
        self.deliver_everything()?;
        self.wake_until_quiet()?;
        while self.payment.doubts().any(|doubt| doubt.may_be_decided()) {
            self.play(&Move::ByHand(false))?;
            self.wake_until_quiet()?;
        }
        self.check_end()
    }

    fn deliver_everything(&mut self) -> Checked {
        while !self.wire.is_quiet() {
            self.play(&Move::Arrive(0, true, false))?;
            self.play(&Move::Answer(0, false))?;
        }
        Ok(())
    }

    fn wake_until_quiet(&mut self) -> Checked {
        for _ in 0..MAX_WAKES + self.payment.refunds.len() {
            if self.payment.due_at().is_none() {
                return Ok(());
            }
            let sent = self.wire.sent();
            self.wake_when_due()?;
            if self.wire.sent() > sent {
                self.play(&Move::Arrive(0, true, false))?;
                self.play(&Move::Answer(0, false))?;
            }
        }
        Err(TestCaseError::fail(format!("it never comes to rest: {:?}", self.payment)))
    }
}

/// The call may have been made before, by another try.
fn is_in_doubt(payment: &Payment, effect: &Effect) -> bool {
    match effect {
        Effect::Verify { .. } => false,
        Effect::Authorize { .. } => matches!(payment.authorization, Authorization::Unknown { .. }),
        Effect::Inquire { .. } | Effect::Reverse { .. } => true,
        Effect::Refund { cancel_no, .. } => {
            payment.refund(*cancel_no).is_some_and(|refund| matches!(refund.state, RefundState::Unknown { .. }))
        }
    }
}

fn payer(who: Who) -> Payer {
    Payer { id: Uuid::from_u128(who.into()).into(), email: format!("{who}@example.com").into() }
}

/// The id tells the owner: customer 2 has the cards 20, 21, 22.
fn card_of(who: Who, card: Card) -> Instrument {
    let id = Uuid::from_u128(u128::from(who) * 10 + u128::from(card)).into();
    Instrument { method: "card".into(), id, masked: "****-1234".into(), issuer: "KB국민".into() }
}
