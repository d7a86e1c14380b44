//! Random lives of a payment beside a toy acquirer.
//!
//! Requests may arrive late, twice or never, answers may be lost, repeated, late or out of order, and the
//! process may die at any moment. Whatever is asked meanwhile, the ledger must never say anything that is
//! not true; and once the faults stop and time passes, it must say everything that is.

use std::collections::HashSet;

use jiff::SignedDuration;
use proptest::{
    bool::weighted, collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner,
};
use serde_json::{from_value, to_value};
use uuid::Uuid;

use super::{
    life::{Decide, Life, Move, PRICE},
    *,
};

/// The kinds of events there are.
const EVENT_KINDS: usize = 30;

/// What a random life cannot come to: it is too short for the first, no answer of the toy is false, and no
/// acquirer of it becomes one that cannot be asked.
const UNREACHED: [&str; 3] = ["TooManyRefunds", "Contradiction", "Reversing"];

fn any_policy() -> impl Strategy<Value = Policy> {
    let seconds = SignedDuration::from_secs;
    let ordinary = Policy {
        call_limit: seconds(8),
        inquiry_every: seconds(3),
        inquiry_for: seconds(45),
        retry_after: [5, 15, 60, 300].map(seconds).into(),
        resolves: true,
        refunds: true,
        is_circuit_open: false,
    };
    let by_hand = Policy { resolves: false, refunds: false, ..ordinary.clone() };
    let half_mute = Policy { resolves: false, ..ordinary.clone() };
    let hasty = Policy { inquiry_for: seconds(0), retry_after: vec![], ..ordinary };
    prop_oneof![3 => Just(ordinary), 1 => Just(hasty), 1 => Just(by_hand), 1 => Just(half_mute)]
}

fn back() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0usize), 1 => 1..4usize]
}

/// What people do.
fn any_wish() -> impl Strategy<Value = Move> {
    let who = || prop_oneof![4 => Just(0u8), 1 => 1..3u8];
    let amount = prop_oneof![4 => Just(PRICE), 1 => select(vec![0, -1, PRICE - 1, PRICE + 1, i64::MIN, i64::MAX])];
    let odd = select(vec![0, -1, PRICE, PRICE + 1, i64::MIN, i64::MAX]);
    let part = prop_oneof![8 => (1..500i64).prop_map(Some), 1 => odd.prop_map(Some), 1 => Just(None)];
    let off_by = prop::option::weighted(0.2, prop_oneof![3 => Just(0i64), 1 => -PRICE..PRICE]);
    prop_oneof![
        6 => (who(), 0..3u8).prop_map(|(who, card)| Move::Approve(who, card)),
        6 => (weighted(0.9), amount).prop_map(|(own_key, won)| Move::Confirm(own_key, won)),
        6 => (part, off_by).prop_map(|(part, off_by)| Move::Refund(part, off_by)),
        1 => back().prop_map(Move::RefundAgain),
        1 => who().prop_map(Move::CancelByCustomer),
        1 => Just(Move::CancelByShop),
        1 => Just(Move::Withhold),
    ]
}

/// What the network, the acquirer, the machine, the clock and the operator do.
fn any_fate() -> impl Strategy<Value = Move> {
    // Clocks of several machines also go back a little; 600 s is the whole life of a payment.
    let seconds = prop_oneof![4 => -5..60i64, 1 => 500..90_000i64];
    prop_oneof![
        8 => (back(), weighted(0.8), weighted(0.2)).prop_map(|(back, will, twice)| Move::Arrive(back, will, twice)),
        8 => (back(), weighted(0.2)).prop_map(|(back, twice)| Move::Answer(back, twice)),
        1 => back().prop_map(Move::LoseRequest),
        1 => back().prop_map(Move::LoseAnswer),
        2 => back().prop_map(Move::GiveUp),
        2 => back().prop_map(Move::FailToSend),
        5 => Just(Move::WakeWhenDue),
        1 => Just(Move::Wake),
        2 => prop::option::of(back()).prop_map(Move::RetryNow),
        2 => seconds.prop_map(|seconds| Move::Wait(SignedDuration::from_secs(seconds))),
        1 => Just(Move::Restart),
        1 => any::<bool>().prop_map(Move::ByHand),
    ]
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![2 => any_wish(), 3 => any_fate()]
}

/// Ordinary lives; lives that begin with a confirmation or a charge, so that doubt lasts long enough, or
/// with a second confirmation after one that was not sent; and lives in which nothing but guessing goes on,
/// so that the limits are reached.
fn any_life() -> impl Strategy<Value = Vec<Move>> {
    let exchange = || [Move::Arrive(0, true, false), Move::Answer(0, false)];
    let confirmed: Vec<_> =
        [Move::Approve(0, 0)].into_iter().chain(exchange()).chain([Move::Confirm(true, PRICE)]).collect();
    let charged: Vec<_> = confirmed.iter().cloned().chain(exchange()).collect();
    let again = [Move::FailToSend(0), Move::Answer(0, true), Move::Confirm(true, PRICE)];
    let confirmed_again: Vec<_> = confirmed.iter().cloned().chain(again).collect();
    let guess = prop_oneof![
        2 => Just(Move::Arrive(0, true, false)),
        5 => Just(Move::Arrive(0, false, false)),
        7 => Just(Move::Answer(0, false)),
        6 => (0..3u8).prop_map(|card| Move::Approve(0, card)),
        9 => Just(Move::Confirm(true, 1)),
        1 => any_move(),
    ];
    let doubt = || prop_oneof![1 => any_wish(), 6 => any_fate()];
    let after = |beginning: Vec<Move>| move |rest: Vec<Move>| beginning.iter().cloned().chain(rest).collect();
    prop_oneof![
        3 => vec(any_move(), 1..80),
        3 => vec(doubt(), 1..60).prop_map(after(confirmed)),
        1 => vec(doubt(), 1..60).prop_map(after(confirmed_again)),
        3 => vec(any_move(), 1..60).prop_map(after(charged)),
        1 => vec(guess, 1..120),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_life_of_a_payment_loses_or_invents_money(policy in any_policy(), moves in any_life(), stragglers: bool) {
        let mut life = Life::begin(policy);
        for next in &moves {
            life.play(next)?;
        }
        life.settle(stragglers)?;
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
fn random_lives_reach_every_status_every_event_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut statuses, mut kinds, mut refusals) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..1_000 {
        let mut life = Life::begin(any_policy().new_tree(&mut runner).unwrap().current());
        for next in any_life().new_tree(&mut runner).unwrap().current() {
            life.play(&next).unwrap();
        }
        statuses.insert(life.payment.status);
        kinds.extend(life.journal.iter().map(|recorded| recorded.event.kind()));
        refusals.extend(life.refusals);
    }
    assert_eq!(statuses.len(), Status::ALL.len(), "only {statuses:?}");
    assert_eq!(kinds.len(), EVENT_KINDS, "only {kinds:?}");
    assert_eq!(refusals.len(), 18 - UNREACHED.len(), "only {refusals:?}");
    assert!(UNREACHED.iter().all(|name| !refusals.contains(*name)), "reached after all: {refusals:?}");
}

/// A payment that expires although an authorization is under way.
fn expires_in_flight(
    payment: &Payment,
    command: &Command,
    now: jiff::Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    let is_over = !payment.status.is_final() && now >= payment.order.expires_at;
    match command {
        Command::Wake if is_over => Ok(Step { events: vec![Event::Expired], ..Step::default() }),
        _ => decide(payment, command, now, policy),
    }
}

/// A refund that does not look at what others have reserved.
fn refunds_too_much(
    payment: &Payment,
    command: &Command,
    now: jiff::Timestamp,
    policy: &Policy,
) -> Result<Step, Rejection> {
    match command {
        Command::Refund { .. } => {
            let forgetful = Payment { reserved: 0, ..payment.clone() };
            decide(&forgetful, command, now, policy)
        }
        _ => decide(payment, command, now, policy),
    }
}

/// The checks of random lives are worth something: with a bug put into the decisions, they find it.
#[test]
fn a_deliberate_bug_in_a_decision_is_found() {
    for buggy in [expires_in_flight as Decide, refunds_too_much] {
        let mut runner = TestRunner::deterministic();
        let is_found = (0..1_000).any(|_| {
            let mut life = Life::begin(any_policy().new_tree(&mut runner).unwrap().current());
            life.decide = buggy;
            let moves = any_life().new_tree(&mut runner).unwrap().current();
            moves.iter().any(|next| life.play(next).is_err()) || life.settle(true).is_err()
        });
        assert!(is_found);
    }
}
