//! Random lives of a payment beside a scripted acquirer.
//!
//! The acquirer decides in secret what truly happened to every call, and its answers may be lost,
//! repeated, late or out of order, but never false. Whatever is asked meanwhile, the ledger must not
//! say anything that is not true.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use proptest::{
    bool::weighted,
    collection::vec,
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{TestCaseError, TestRunner},
};
use serde_json::{from_str, from_value, to_string, to_value};
use uuid::Uuid;

use super::*;

const PRICE: i64 = 1_000;
const ID: u128 = 7;

type Checked = Result<(), TestCaseError>;

/// What happens next. `back` counts calls from the newest one, so that answers also arrive twice, late
/// and out of order; `done` is the truth about the call this move may cause.
#[derive(Debug, Clone)]
enum Move {
    Approve(Who, Card),
    Verified(Back, Outcome<()>),
    Confirm(OwnKey, i64, Done),
    Authorized(Back, Says),
    CancelByCustomer(Who),
    CancelByShop,
    /// How much, and how far the expected balance is off the true one.
    Refund(Option<i64>, Option<i64>, Done),
    Refunded(Back, Says),
    Expire,
    WaitSeconds(i64),
    /// The process dies, and another one reads the journal.
    Restart,
}

type Who = u8;
type Card = u8;
type Back = usize;
type OwnKey = bool;
type Done = bool;

/// How an answer comes back. `NotSent` about a call that was done would be a lie and becomes `Unknown`,
/// unless the call was in doubt already: then it may be said of the second try.
#[derive(Debug, Clone, Copy)]
enum Says {
    Truth,
    NotSent,
    Unknown,
}

fn any_move() -> impl Strategy<Value = Move> {
    let says = || prop_oneof![4 => Just(Says::Truth), 2 => Just(Says::NotSent), 2 => Just(Says::Unknown)];
    let back = || prop_oneof![3 => Just(0usize), 1 => 1..4usize];
    let who = || prop_oneof![4 => Just(0u8), 1 => 1..3u8];
    let verified = select(vec![
        Outcome::Approved(()),
        Outcome::Approved(()),
        Outcome::Approved(()),
        Outcome::Declined(Reason::CardExpired),
        Outcome::NotSent,
        Outcome::Unknown,
    ]);
    let amount = prop_oneof![4 => Just(PRICE), 1 => select(vec![0, -1, PRICE - 1, PRICE + 1, i64::MIN, i64::MAX])];
    let odd = select(vec![0, -1, PRICE, PRICE + 1, i64::MIN, i64::MAX]);
    let part = prop_oneof![8 => (1..500i64).prop_map(Some), 1 => odd.prop_map(Some), 1 => Just(None)];
    let off_by = prop::option::weighted(0.2, prop_oneof![3 => Just(0i64), 1 => -PRICE..PRICE]);
    prop_oneof![
        6 => (who(), 0..3u8).prop_map(|(who, card)| Move::Approve(who, card)),
        6 => (back(), verified).prop_map(|(back, outcome)| Move::Verified(back, outcome)),
        6 => (weighted(0.9), amount, any::<bool>()).prop_map(|(own, won, done)| Move::Confirm(own, won, done)),
        6 => (back(), says()).prop_map(|(back, says)| Move::Authorized(back, says)),
        1 => who().prop_map(Move::CancelByCustomer),
        1 => Just(Move::CancelByShop),
        6 => (part, off_by, any::<bool>()).prop_map(|(part, off_by, done)| Move::Refund(part, off_by, done)),
        6 => (back(), says()).prop_map(|(back, says)| Move::Refunded(back, says)),
        1 => Just(Move::Expire),
        // Clocks of several machines also go back a little; 600 s is the whole life of a payment.
        2 => prop_oneof![4 => -5..60i64, 1 => 500..90_000i64].prop_map(Move::WaitSeconds),
        1 => Just(Move::Restart),
    ]
}

/// Ordinary lives, and lives in which nothing but guessing goes on, so that the limits are reached.
fn any_life() -> impl Strategy<Value = Vec<Move>> {
    let guess = prop_oneof![
        1 => Just(Move::Verified(0, Outcome::Approved(()))),
        5 => Just(Move::Verified(0, Outcome::Declined(Reason::CardWrongCvc))),
        6 => (0..3u8).prop_map(|card| Move::Approve(0, card)),
        9 => Just(Move::Confirm(true, 1, true)),
        1 => any_move(),
    ];
    prop_oneof![4 => vec(any_move(), 1..80), 1 => vec(guess, 1..80)]
}

/// A call to the acquirer, and whether it truly came to pass.
struct Call<N> {
    no: N,
    amount: i64,
    done: bool,
}

struct Life {
    payment: Payment,
    journal: Vec<Recorded>,
    now: Timestamp,
    authorizations: Vec<Call<TxnNo>>,
    refunds: Vec<Call<CancelNo>>,
    numbers: u128,
}

impl Life {
    fn begin() -> Self {
        // Ten minutes before midnight in Seoul, so that lives cross the business day.
        let now: Timestamp = "2026-03-01T14:50:00Z".parse().unwrap();
        let order = Order {
            merchant: Uuid::from_u128(1).into(),
            order_id: "주문-1".parse().unwrap(),
            order_name: "coffee & cake".parse().unwrap(),
            amount: won(PRICE),
            expires_at: now + SignedDuration::from_mins(10),
            redirects: Box::new(Redirects { success_url: Some("https://shop.example".into()), fail_url: None }),
            metadata: Some("{\"table\":4}".into()),
        };
        let first = Recorded { seq: 1, at: now, by: By::Shop, event: create(order) };
        let payment = Payment::created(Uuid::from_u128(ID).into(), &first).unwrap();
        Self { payment, journal: vec![first], now, authorizations: vec![], refunds: vec![], numbers: 1_000 }
    }

    fn fresh(&mut self) -> Uuid {
        self.numbers += 1;
        Uuid::from_u128(self.numbers)
    }

    fn play(&mut self, next: &Move) -> Checked {
        let command = match next.clone() {
            Move::WaitSeconds(seconds) => {
                self.now += SignedDuration::from_secs(seconds);
                return Ok(());
            }
            Move::Restart => return self.restart(),
            Move::Approve(who, card) => Command::Approve { payer: payer(who), instrument: card_of(who, card) },
            Move::Verified(back, outcome) => Command::VerificationEnded {
                attempt: self.payment.verifications.saturating_sub(back as u32),
                outcome,
                payment_key: key(self.fresh().as_u128()),
            },
            Move::Confirm(own_key, amount, done) => {
                let payment_key = self.payment.payment_key.filter(|_| own_key).unwrap_or(key(0));
                let txn_no = self.fresh().into();
                return self.run(&Command::Confirm { payment_key, amount, txn_no }, done);
            }
            Move::Authorized(back, says) => {
                let Some(call) = from_newest(&self.authorizations, back) else { return Ok(()) };
                let proof = Approval { approval_no: "A1".into(), approved_at: self.now };
                let doubt = matches!(self.payment.authorization, Authorization::Unknown { .. });
                Command::AuthorizationEnded { txn_no: call.no, outcome: answer(call.done, doubt, says, proof) }
            }
            Move::CancelByCustomer(who) => Command::CancelByCustomer { customer: payer(who).id },
            Move::CancelByShop => Command::CancelByShop { reason: Some("sold out".into()) },
            Move::Refund(amount, off_by, done) => {
                let (cancel_no, reason) = (self.fresh().into(), Some("변심".into()));
                let expected_balance = off_by.map(|off| self.payment.refundable() + off);
                let by = By::BackOffice(self.payment.order.merchant);
                return self.run(&Command::Refund { cancel_no, amount, expected_balance, reason, by }, done);
            }
            Move::Refunded(back, says) => {
                let Some(call) = from_newest(&self.refunds, back) else { return Ok(()) };
                let doubt = self.payment.refund(call.no).is_some_and(|one| one.state == RefundState::Unknown);
                Command::RefundEnded { cancel_no: call.no, outcome: answer(call.done, doubt, says, ()) }
            }
            Move::Expire => Command::Expire,
        };
        self.run(&command, false)
    }

    /// What the shell does with a command: decide, commit, and only then let the acquirer act.
    fn run(&mut self, command: &Command, done: bool) -> Checked {
        let Ok(step) = decide(&self.payment, command, self.now) else { return Ok(()) };
        if let Command::VerificationEnded { attempt, .. } = command
            && step.refused.is_none()
        {
            prop_assert_eq!(*attempt, self.payment.verifications, "the answer is about another card");
        }
        prop_assert!(step.effect.is_none() || !step.events.is_empty(), "an effect without a durable intent");
        prop_assert!(step.effect.is_none() || step.refused.is_none(), "refused, and done all the same");
        for event in step.events {
            self.commit(event, command)?;
        }
        match step.effect {
            None => {}
            Some(Effect::Verify { attempt, instrument }) => {
                prop_assert_eq!(attempt, self.payment.verifications);
                prop_assert_eq!(Some(instrument), self.payment.instrument.clone());
            }
            Some(Effect::Authorize { txn_no, instrument, amount }) => {
                let Command::Confirm { payment_key, amount: asked, .. } = command else {
                    return Err(TestCaseError::fail("money asked for by something else than a confirm"));
                };
                prop_assert_eq!((amount.minor(), *asked), (PRICE, PRICE));
                prop_assert_eq!(Some(*payment_key), self.payment.payment_key);
                prop_assert_eq!(Some(instrument), self.payment.instrument.clone());
                self.authorizations.push(Call { no: txn_no, amount: PRICE, done });
            }
            Some(Effect::Refund { cancel_no, txn_no, amount, .. }) => {
                prop_assert_eq!(Some(txn_no), self.payment.authorization.txn_no());
                self.refunds.push(Call { no: cancel_no, amount: amount.minor(), done });
            }
        }
        self.check()
    }

    fn commit(&mut self, event: Event, command: &Command) -> Checked {
        let text = to_string(&event).unwrap();
        prop_assert_eq!(&from_str::<Event>(&text).unwrap(), &event, "JSON changed it");
        prop_assert_eq!(&to_value(&event).unwrap()["kind"], event.kind());

        let before = self.payment.clone();
        let about_refund = event.kind().starts_with("refund_");
        prop_assert!(!before.status.is_final() || about_refund, "{event:?} after {}", before.status);
        prop_assert!(!about_refund || before.is_charged(), "{event:?} although nothing was charged");
        prop_assert!(event != Event::Expired || self.now >= before.order.expires_at, "expired too early");
        if let Event::Aborted { reason: Reason::TooManyAttempts } = event {
            let spent = before.refused_verifications == MAX_REFUSED_VERIFICATIONS
                || before.verifications == MAX_VERIFICATIONS
                || before.wrong_confirms == MAX_CONFIRM_ATTEMPTS;
            prop_assert!(spent, "aborted before the attempts were spent");
        }
        if let (Event::Canceled { .. }, Command::CancelByCustomer { customer }) = (&event, command) {
            prop_assert!(before.payer.is_none() || before.is_payer(*customer), "canceled by a stranger");
        }

        let recorded = Recorded { seq: before.seq + 1, at: self.now, by: command.by(), event };
        self.payment.apply(&recorded);
        self.journal.push(recorded);
        prop_assert_eq!(self.payment.seq, before.seq + 1);
        let claims = matches!(self.journal[before.seq as usize].event, Event::Claimed { .. });
        prop_assert!(before.payer.is_none() || (before.payer == self.payment.payer && !claims), "the payer changed");
        prop_assert!(before.payment_key.is_none() || before.payment_key == self.payment.payment_key);
        Ok(())
    }

    fn restart(&mut self) -> Checked {
        for found in interrupted(&self.payment) {
            match found {
                Interrupted::Doubt(command) => self.run(&command, false)?,
                Interrupted::AskAgain(effect) => assert!(matches!(effect, Effect::Verify { .. })),
            }
        }
        let forgotten = matches!(self.payment.authorization, Authorization::Requested { .. })
            || self.payment.refunds.iter().any(|refund| refund.state == RefundState::Requested);
        prop_assert!(!forgotten, "nobody waits for the answer any more");
        Ok(())
    }

    fn check(&self) -> Checked {
        let replayed = Payment::replay(self.payment.id, self.journal.clone());
        prop_assert_eq!(replayed.as_ref(), Some(&self.payment), "another process would see another payment");
        // A customer pays with a card of their own.
        if let (Some(payer), Some(instrument)) = (&self.payment.payer, &self.payment.instrument) {
            prop_assert_eq!(payer.id.uuid().as_u128(), instrument.id.uuid().as_u128() / 10);
        }
        let bounded = self.payment.verifications <= MAX_VERIFICATIONS
            && self.payment.refused_verifications <= MAX_REFUSED_VERIFICATIONS
            && self.payment.wrong_confirms <= MAX_CONFIRM_ATTEMPTS
            && (self.payment.wrong_confirms < MAX_CONFIRM_ATTEMPTS || self.payment.status == Status::Aborted);
        prop_assert!(bounded, "more attempts than there are");
        self.check_ledger()?;
        self.check_truth()
    }

    /// The journal, added up without the help of `Payment::apply`.
    fn check_ledger(&self) -> Checked {
        let (mut approved, mut reserved, mut refunded) = (0, 0, 0);
        let mut under_way = None;
        let mut amounts = HashMap::new();
        for recorded in &self.journal {
            match &recorded.event {
                Event::AuthorizationRequested { txn_no } => {
                    prop_assert_eq!((under_way, approved), (None, 0), "asked for the money twice");
                    under_way = Some(*txn_no);
                }
                Event::AuthorizationUnknown { txn_no } => prop_assert_eq!(under_way, Some(*txn_no)),
                Event::AuthorizationNotSent { txn_no } | Event::Declined { txn_no, .. } => {
                    prop_assert_eq!(under_way.take(), Some(*txn_no), "the answer is about another authorization");
                }
                Event::Approved { txn_no, .. } => {
                    prop_assert_eq!(under_way.take(), Some(*txn_no), "the answer is about another authorization");
                    approved += 1;
                }
                Event::RefundRequested { cancel_no, amount, .. } => {
                    prop_assert!(amounts.insert(*cancel_no, amount.minor()).is_none(), "one number, two refunds");
                    reserved += amount.minor();
                }
                Event::RefundSucceeded { cancel_no } => refunded += amounts[cancel_no],
                Event::RefundFailed { cancel_no, .. } => reserved -= amounts[cancel_no],
                _ => {}
            }
            prop_assert!(0 <= refunded && refunded <= reserved && reserved <= approved * PRICE);
        }
        let payment = &self.payment;
        prop_assert_eq!((payment.refunded, payment.reserved), (refunded, reserved));
        prop_assert_eq!(payment.balance(), approved * PRICE - refunded);
        prop_assert_eq!(payment.refundable(), approved * PRICE - reserved);
        prop_assert_eq!(payment.is_charged(), approved == 1);
        let held: i64 = payment.refunds.iter().filter(|one| one.holds_money()).map(|one| one.amount.minor()).sum();
        prop_assert_eq!(held, reserved);
        Ok(())
    }

    /// The ledger beside the acquirer's secret books.
    fn check_truth(&self) -> Checked {
        let (payment, charged) = (&self.payment, sum(&self.authorizations));
        prop_assert!(charged <= PRICE, "charged twice");
        match payment.status {
            Status::Done | Status::PartialCanceled => prop_assert!(payment.is_charged()),
            Status::Canceled => {}
            _ => prop_assert!(!payment.is_charged(), "charged, but {}", payment.status),
        }
        if payment.is_charged() {
            let call = self.authorizations.iter().find(|call| call.done);
            prop_assert_eq!(payment.authorization.txn_no(), call.map(|call| call.no), "the ledger made money up");
        } else {
            prop_assert!(!payment.status.is_final() || charged == 0, "charged, but ended as {}", payment.status);
        }
        let given_back = sum(&self.refunds);
        prop_assert!(payment.refunded <= given_back && given_back <= payment.reserved && given_back <= charged);
        Ok(())
    }

    /// Once every call has its true answer, nothing may be in doubt, in the ledger or in the status.
    fn settle(&mut self) -> Checked {
        for back in 0..self.authorizations.len() {
            self.play(&Move::Authorized(back, Says::Truth))?;
        }
        for back in 0..self.refunds.len() {
            self.play(&Move::Refunded(back, Says::Truth))?;
        }
        self.now = self.now.max(self.payment.order.expires_at);
        self.play(&Move::Expire)?;
        let payment = &self.payment;
        prop_assert!(payment.status.is_final(), "stuck in {}", payment.status);
        prop_assert_eq!(payment.balance(), sum(&self.authorizations) - sum(&self.refunds));
        prop_assert_eq!(payment.refundable(), payment.balance());
        Ok(())
    }
}

fn from_newest<N>(calls: &[Call<N>], back: usize) -> Option<&Call<N>> {
    calls.iter().rev().nth(back)
}

fn sum<N>(calls: &[Call<N>]) -> i64 {
    calls.iter().filter(|call| call.done).map(|call| call.amount).sum()
}

fn answer<T>(done: bool, in_doubt: bool, says: Says, proof: T) -> Outcome<T> {
    match says {
        Says::Truth if done => Outcome::Approved(proof),
        Says::Truth => Outcome::Declined(Reason::LimitExceeded),
        Says::NotSent if in_doubt || !done => Outcome::NotSent,
        Says::NotSent | Says::Unknown => Outcome::Unknown,
    }
}

fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

fn key(secret: u128) -> PaymentKey {
    PaymentKey::new(Uuid::from_u128(ID).into(), secret)
}

fn payer(who: u8) -> Payer {
    Payer { id: Uuid::from_u128(who.into()).into(), email: format!("{who}@example.com").into() }
}

/// The id tells the owner: customer 2 has the cards 20, 21, 22.
fn card_of(who: u8, card: u8) -> Instrument {
    let id = Uuid::from_u128(u128::from(who) * 10 + u128::from(card)).into();
    Instrument { method: "card".into(), id, masked: "****-1234".into(), issuer: "KB국민".into() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_life_of_a_payment_loses_or_invents_money(moves in any_life()) {
        let mut life = Life::begin();
        for next in &moves {
            life.play(next)?;
        }
        life.settle()?;
    }

    #[test]
    fn a_payment_key_survives_its_text(payment: u128, secret: u128) {
        let key = PaymentKey::new(Uuid::from_u128(payment).into(), secret);
        let text = key.to_string();
        prop_assert_eq!(text.len(), 43);
        prop_assert_eq!(text.parse::<PaymentKey>(), Ok(key));
        prop_assert_eq!(from_value::<PaymentKey>(to_value(key).unwrap()).unwrap(), key);
        prop_assert_eq!(key.payment().uuid().as_u128(), payment);
    }
}

/// The property above proves nothing about what its lives never come to.
#[test]
fn random_lives_reach_every_status_and_every_event() {
    let mut runner = TestRunner::deterministic();
    let (mut statuses, mut kinds) = (HashSet::new(), HashSet::new());
    for _ in 0..400 {
        let mut life = Life::begin();
        for next in any_life().new_tree(&mut runner).unwrap().current() {
            life.play(&next).unwrap();
        }
        statuses.insert(life.payment.status);
        kinds.extend(life.journal.iter().map(|recorded| recorded.event.kind()));
    }
    assert_eq!(statuses.len(), Status::ALL.len(), "only {statuses:?}");
    assert_eq!(kinds.len(), 18, "only {kinds:?}");
}
