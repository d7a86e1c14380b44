//! The facts of refunds that need more than one step to show: which call is about which refund, and how
//! many there may be.

use jiff::SignedDuration;

use super::{
    table_states::{PRICE, State, id, states},
    *,
};

/// A payment of [`PRICE`] on which everything has been given back so far that was asked for.
struct Charged(State);

impl Charged {
    fn new() -> Self {
        Self(states().into_iter().find(|state| state.name == "done").unwrap())
    }

    fn decided(&mut self, command: &Command) -> Result<(), Rejection> {
        let State { payment, now, policy, .. } = &mut self.0;
        let step = decide(payment, command, *now, policy)?;
        for event in step.events {
            payment.apply(&Recorded { seq: payment.seq + 1, at: *now, by: command.by(), event });
        }
        step.refused.map_or(Ok(()), Err)
    }

    fn asked(&mut self, number: u128, amount: i64, expected_balance: Option<i64>) -> Result<(), Rejection> {
        let (cancel_no, amount, by) = (id(number), Some(amount), By::Shop);
        self.decided(&Command::Refund { cancel_no, amount, expected_balance, reason: None, keyless: true, by })
    }

    fn ended(&mut self, number: u128, outcome: Outcome<()>) {
        let attempt = self.0.payment.refund(id(number)).unwrap().attempts();
        self.decided(&Command::RefundEnded { cancel_no: id(number), attempt, outcome }).unwrap();
    }

    /// The same call again.
    fn again(&self, amount: i64, expected_balance: Option<i64>) -> Option<CancelNo> {
        let asked = AskedAgain { amount: Some(amount), expected_balance, reason: None, by: By::Shop };
        self.0.payment.refund_asked_before(&asked, self.0.now)
    }
}

#[test]
fn the_same_call_is_about_the_same_refund_whatever_became_of_others() {
    let mut payment = Charged::new();
    payment.asked(1, 300, None).unwrap();
    payment.asked(2, 300, Some(PRICE - 300)).unwrap();
    payment.ended(2, Outcome::Unknown);
    // What the first had reserved is free again: what is left is what the second had named.
    payment.ended(1, Outcome::Declined(Reason::Declined));
    assert_eq!(payment.0.payment.refundable(), PRICE - 300);
    assert_eq!(payment.again(300, Some(PRICE - 300)), Some(id(2)), "it is in doubt");
    assert_eq!(payment.again(300, None), None, "another call");
    assert_eq!(payment.again(300, Some(PRICE)), None, "another balance: another call");
    payment.ended(2, Outcome::Approved(()));
    assert_eq!(payment.again(300, Some(PRICE - 300)), Some(id(2)), "its result was not told");
    payment.decided(&Command::GiveAnswer { refund: id(2) }).unwrap();
    assert_eq!(payment.again(300, Some(PRICE - 300)), None, "it was told: the same once more is another one");
}

#[test]
fn a_result_that_was_not_told_waits_for_a_day() {
    let mut payment = Charged::new();
    payment.asked(1, 300, None).unwrap();
    payment.ended(1, Outcome::Unknown);
    payment.ended(1, Outcome::Approved(()));
    for (hours, found) in [(23, Some(id(1))), (24, None)] {
        let mut later = Charged(State { payment: payment.0.payment.clone(), ..Charged::new().0 });
        later.0.now += SignedDuration::from_hours(hours);
        assert_eq!(later.again(300, None), found, "{hours} hours");
    }
}

#[test]
fn a_long_outage_uses_up_no_refunds() {
    let mut payment = Charged::new();
    payment.asked(1, 100, None).unwrap();
    payment.ended(1, Outcome::Approved(()));
    for number in 2..20_000 {
        payment.asked(number, 100, None).unwrap();
        payment.ended(number, Outcome::NotSent);
    }
    let newest = payment.0.payment.refund(id(19_999)).unwrap();
    assert_eq!(newest.state, RefundState::Failed(Reason::NetworkUnavailable), "who asked last is told");
    assert!(payment.0.payment.refunds.len() < 200, "{}", payment.0.payment.refunds.len());
    assert_eq!(payment.0.payment.balance(), PRICE - 100, "what went back is remembered");
    payment.asked(20_000, PRICE - 100, None).unwrap();
    assert_eq!(payment.0.payment.refundable(), 0);
}

#[test]
fn refunds_that_never_left_block_no_other_one_however_many_they_were_at_once() {
    let mut payment = Charged::new();
    payment.0.payment.order.amount = Money::new(1_000_000, Currency::KRW).unwrap();
    for number in 1..=MAX_REFUNDS as u128 {
        payment.asked(number, 1, None).unwrap();
    }
    assert_eq!(payment.asked(0, 1, None).unwrap_err(), Rejection::TooManyRefunds, "all are under way");
    for number in 1..=MAX_REFUNDS as u128 {
        payment.ended(number, Outcome::NotSent);
    }
    payment.asked(0, 1_000_000, None).unwrap();
}

#[test]
fn whoever_waits_for_a_refund_that_never_left_finds_it_whatever_the_order_they_end_in() {
    let mut payment = Charged::new();
    for number in 1..=500 {
        payment.asked(number, 1, None).unwrap();
    }
    for number in (1..=500).rev() {
        payment.ended(number, Outcome::NotSent);
        let refund = payment.0.payment.refund(id(number)).map(|refund| refund.state);
        assert_eq!(refund, Some(RefundState::Failed(Reason::NetworkUnavailable)), "{number}");
    }
}

#[test]
fn a_journal_has_an_end() {
    let mut payment = Charged::new();
    let mut refused = None;
    for number in 1..30_000 {
        if let Err(why) = payment.asked(number, 1, None) {
            refused = Some((number, why));
            break;
        }
        payment.ended(number, Outcome::NotSent);
    }
    assert!(matches!(refused, Some((20_000.., Rejection::TooManyRefunds))), "{refused:?}");
}

#[test]
fn the_pause_before_the_next_call_grows_with_answers_and_not_with_calls_that_nobody_answered() {
    let mut payment = Charged::new();
    payment.asked(1, 300, None).unwrap();
    let pause = |payment: &Charged| {
        let due_at = payment.0.payment.refund(id(1)).unwrap().due_at().unwrap();
        due_at.duration_since(payment.0.now).as_secs()
    };
    // Each of these calls ends with its process, and is taken for lost.
    for _ in 0..3 {
        payment.0.now += SignedDuration::from_secs(pause(&payment));
        payment.decided(&Command::Wake).unwrap();
    }
    for expected in [5, 15, 60, 60] {
        payment.ended(1, Outcome::Unknown);
        assert_eq!(pause(&payment), expected);
        payment.0.now += SignedDuration::from_secs(expected);
        payment.decided(&Command::Wake).unwrap();
    }
}

#[test]
fn whoever_asks_again_gets_the_next_call_at_once_but_not_two_at_a_time_and_not_two_in_a_second() {
    let mut payment = Charged::new();
    payment.asked(1, 300, None).unwrap();
    let calls = |payment: &Charged| payment.0.payment.refund(id(1)).unwrap().attempts();
    let again = |payment: &mut Charged| {
        let before = payment.0.payment.seq;
        payment.asked(1, 300, None).unwrap();
        payment.decided(&Command::RetryNow { refund: Some(id(1)) }).unwrap();
        payment.0.payment.seq - before
    };
    assert_eq!(again(&mut payment), 0, "the first call is under way");
    payment.ended(1, Outcome::Unknown);
    assert_eq!(again(&mut payment), 0, "it was made this second");
    payment.0.now += LEAST_RETRY_PAUSE;
    assert_eq!((again(&mut payment), calls(&payment)), (1, 2), "one of two who ask");
    payment.0.now += LEAST_RETRY_PAUSE;
    assert_eq!(again(&mut payment), 0, "it is under way");
    payment.ended(1, Outcome::Unknown);
    payment.0.policy.is_circuit_open = true;
    assert_eq!(again(&mut payment), 0, "the acquirer is left alone");
    payment.0.policy.is_circuit_open = false;
    payment.0.now -= SignedDuration::from_hours(1);
    assert_eq!((again(&mut payment), calls(&payment)), (1, 3), "the clock was ahead, and was set right");
}
