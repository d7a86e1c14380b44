//! Every command in every state, as a table somebody can read: `transitions.txt`.
//!
//! A change of [`decide`] shows there as a change of lines, to be read before it is accepted with
//! `UPDATE_TABLE=1 cargo test --lib domain::table`.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::*;

const PRICE: i64 = 1_000;
const OWNER: u128 = 1;
const STRANGER: u128 = 2;
/// Numbers of calls that were made, that are about to be made, and that never were.
const USED: u128 = 10;
const FRESH: u128 = 11;
const NEVER: u128 = 12;

struct State {
    name: &'static str,
    payment: Payment,
    now: Timestamp,
}

fn start() -> Timestamp {
    "2026-03-01T05:00:00Z".parse().unwrap()
}

fn deadline() -> Timestamp {
    start() + SignedDuration::from_mins(10)
}

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn key(secret: u128) -> PaymentKey {
    PaymentKey::new(id(7), secret)
}

fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

fn payer(who: u128) -> Payer {
    Payer { id: id(who), email: "somebody@example.com".into() }
}

fn card(number: u128) -> Instrument {
    Instrument { method: "card".into(), id: id(number), masked: "****-1234".into(), issuer: "KB".into() }
}

fn approval() -> Approval {
    Approval { approval_no: "A1".into(), approved_at: start() }
}

fn created() -> Event {
    create(Order {
        merchant: id(3),
        order_id: "order-1".parse().unwrap(),
        order_name: "coffee".parse().unwrap(),
        amount: won(PRICE),
        expires_at: deadline(),
        redirects: Box::default(),
        metadata: None,
    })
}

fn refund_requested(cancel_no: u128, minor: i64) -> Event {
    let kind = RefundKind::Canceled;
    Event::RefundRequested { cancel_no: id(cancel_no), amount: won(minor), refund_kind: kind, reason: None }
}

fn fold(events: &[Event]) -> Payment {
    let journal =
        events.iter().zip(1..).map(|(event, seq)| Recorded { seq, at: start(), by: By::Gateway, event: event.clone() });
    Payment::replay(id(7), journal).unwrap()
}

/// `path` and then `more`.
fn and(path: &[Event], more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    path.iter().cloned().chain(more).collect()
}

fn states() -> Vec<State> {
    let started = || Event::VerificationStarted { instrument: card(1) };
    let failed = || Event::VerificationFailed { reason: Reason::CardExpired };
    let refused = || Event::ConfirmRefused { amount: 1 };
    let attempts = |count| (0..count).flat_map(|_| [failed(), started()]);
    let guesses = || (1..MAX_CONFIRM_ATTEMPTS).map(|_| refused());
    let (txn_no, cancel_no) = (id(USED), id(USED));

    let ready = vec![created()];
    let in_verificate = and(&ready, [Event::Claimed { payer: payer(OWNER) }, started()]);
    let in_progress = and(&in_verificate, [Event::VerificationPassed { payment_key: key(1) }]);
    let requested = and(&in_progress, [Event::AuthorizationRequested { txn_no }]);
    let unknown = and(&requested, [Event::AuthorizationUnknown { txn_no }]);
    let approved = || Event::Approved { txn_no, approval: approval() };
    let done = and(&requested, [approved()]);
    let refunding = and(&done, [refund_requested(USED, 400)]);
    let refund_in_doubt = and(&refunding, [Event::RefundUnknown { cancel_no }]);
    let partial = and(&refunding, [Event::RefundSucceeded { cancel_no }]);
    let refunded = and(&done, [refund_requested(USED, PRICE), Event::RefundSucceeded { cancel_no }]);
    let all_refunding = and(&done, [refund_requested(USED, PRICE)]);
    let refund_failed = and(&refunding, [Event::RefundFailed { cancel_no, reason: Reason::LimitExceeded }]);
    let all_failed = (0..MAX_REFUNDS as u128).flat_map(|number| {
        let (cancel_no, reason) = (id(100 + number), Reason::LimitExceeded);
        [refund_requested(100 + number, 1), Event::RefundFailed { cancel_no, reason }]
    });
    let declined = Event::Declined { txn_no, reason: Reason::LimitExceeded };
    let aborted = and(&requested, [declined, Event::Aborted { reason: Reason::LimitExceeded }]);

    let in_time = |name, events: &[Event]| State { name, payment: fold(events), now: start() };
    let late = |name, events: &[Event]| State { name, payment: fold(events), now: deadline() };
    vec![
        in_time("ready", &ready),
        late("ready, late", &ready),
        in_time("ready, card failed", &and(&in_verificate, [failed()])),
        in_time("in_verificate", &in_verificate),
        late("in_verificate, late", &in_verificate),
        in_time("in_verificate, last try", &and(&in_verificate, attempts(MAX_REFUSED_VERIFICATIONS - 1))),
        in_time("in_progress", &in_progress),
        late("in_progress, late", &in_progress),
        in_time("in_progress, last try", &and(&in_progress, guesses())),
        in_time("in_progress, not sent", &and(&requested, [Event::AuthorizationNotSent { txn_no }])),
        in_time("authorizing", &requested),
        late("authorizing, late", &requested),
        in_time("authorizing, last try", &and(&requested, guesses())),
        in_time("authorization in doubt", &unknown),
        late("in doubt, late", &unknown),
        in_time("done", &done),
        in_time("done after doubt", &and(&unknown, [approved()])),
        in_time("refund of 400 under way", &refunding),
        in_time("refund of 400 in doubt", &refund_in_doubt),
        in_time("refund of 400 failed", &refund_failed),
        in_time("refund of all under way", &all_refunding),
        in_time("done, no refunds left", &and(&done, all_failed)),
        in_time("partial, 400 refunded", &partial),
        in_time("canceled, not charged", &and(&in_progress, [Event::Canceled { reason: None }])),
        in_time("canceled, all refunded", &refunded),
        in_time("aborted", &aborted),
        late("expired", &and(&in_progress, [Event::Expired])),
    ]
}

fn commands(payment: &Payment) -> Vec<(&'static str, Command)> {
    let attempt = payment.verifications;
    let approve = |who, number| Command::Approve { payer: payer(who), instrument: card(number) };
    let verified = |attempt, outcome| Command::VerificationEnded { attempt, outcome, payment_key: key(2) };
    let confirm = |secret, amount| Command::Confirm { payment_key: key(secret), amount, txn_no: id(FRESH) };
    let authorized = |number, outcome| Command::AuthorizationEnded { txn_no: id(number), outcome };
    let refund = |number, amount, expected_balance| {
        let (cancel_no, by) = (id(number), By::Shop);
        Command::Refund { cancel_no, amount, expected_balance, reason: None, by }
    };
    let refunded = |number, outcome| Command::RefundEnded { cancel_no: id(number), outcome };
    let declined = Reason::LimitExceeded;
    vec![
        ("approve, owner", approve(OWNER, 1)),
        ("approve, owner's other card", approve(OWNER, 2)),
        ("approve, another customer", approve(STRANGER, 3)),
        ("verification passed", verified(attempt, Outcome::Approved(()))),
        ("verification declined", verified(attempt, Outcome::Declined(Reason::CardLost))),
        ("verification not sent", verified(attempt, Outcome::NotSent)),
        ("verification unknown", verified(attempt, Outcome::Unknown)),
        ("verification passed, stale", verified(attempt.wrapping_sub(1), Outcome::Approved(()))),
        ("confirm", confirm(1, PRICE)),
        ("confirm, wrong amount", confirm(1, PRICE - 1)),
        ("confirm, wrong key", confirm(9, PRICE)),
        ("authorization approved", authorized(USED, Outcome::Approved(approval()))),
        ("authorization declined", authorized(USED, Outcome::Declined(declined))),
        ("authorization not sent", authorized(USED, Outcome::NotSent)),
        ("authorization unknown", authorized(USED, Outcome::Unknown)),
        ("authorization approved, stale", authorized(NEVER, Outcome::Approved(approval()))),
        ("cancel, owner", Command::CancelByCustomer { customer: id(OWNER) }),
        ("cancel, another customer", Command::CancelByCustomer { customer: id(STRANGER) }),
        ("cancel, shop", Command::CancelByShop { reason: None }),
        ("refund 300", refund(FRESH, Some(300), None)),
        ("refund 300, number used", refund(USED, Some(300), None)),
        ("refund the rest", refund(FRESH, None, None)),
        ("refund too much", refund(FRESH, Some(PRICE + 1), None)),
        ("refund 0", refund(FRESH, Some(0), None)),
        ("refund 300, 1000 expected", refund(FRESH, Some(300), Some(PRICE))),
        ("refund 300, 1 expected", refund(FRESH, Some(300), Some(1))),
        ("refund approved", refunded(USED, Outcome::Approved(()))),
        ("refund declined", refunded(USED, Outcome::Declined(declined))),
        ("refund not sent", refunded(USED, Outcome::NotSent)),
        ("refund unknown", refunded(USED, Outcome::Unknown)),
        ("refund approved, stale", refunded(NEVER, Outcome::Approved(()))),
        ("expire", Command::Expire),
    ]
}

fn table() -> String {
    let mut table = line("state", "command", "events", "status", "effect or refusal");
    for State { name, payment, now } in states() {
        table.push('\n');
        for (command_name, command) in commands(&payment) {
            table += &match decide(&payment, &command, now) {
                Err(why) => line(name, command_name, "-", &status(&payment), &format!("refused: {why}")),
                Ok(step) => {
                    let after = status(&after(&payment, &step, now));
                    let end = match (&step.effect, step.refused) {
                        (Some(effect), None) => show_effect(effect),
                        (None, Some(why)) => format!("refused: {why}"),
                        (None, None) => String::new(),
                        (Some(_), Some(_)) => panic!("refused, and done all the same: {name}, {command_name}"),
                    };
                    line(name, command_name, &show_events(&step.events), &after, &end)
                }
            };
        }
    }
    table
}

fn line(state: &str, command: &str, events: &str, status: &str, end: &str) -> String {
    let line = format!("{state:<23} | {command:<29} | {events:<66} -> {status:<31} | {end}");
    format!("{}\n", line.trim_end_matches([' ', '|']))
}

fn after(payment: &Payment, step: &Step, at: Timestamp) -> Payment {
    let mut after = payment.clone();
    for event in &step.events {
        after.apply(&Recorded { seq: after.seq + 1, at, by: By::Gateway, event: event.clone() });
    }
    after
}

/// The status, and of a charged payment what is left and what of it is free to be given back.
fn status(payment: &Payment) -> String {
    let mut text = payment.status.to_string();
    if payment.is_charged() {
        write!(text, ", {} left, {} free", payment.balance(), payment.refundable()).unwrap();
    }
    text
}

fn show_events(events: &[Event]) -> String {
    let names: Vec<_> = events.iter().map(show_event).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn show_event(event: &Event) -> String {
    let kind = event.kind();
    match event {
        Event::VerificationFailed { reason }
        | Event::Declined { reason, .. }
        | Event::Aborted { reason }
        | Event::RefundFailed { reason, .. } => format!("{kind}({reason:?})"),
        Event::RefundRequested { amount, .. } => format!("{kind}({})", amount.minor()),
        _ => kind.to_owned(),
    }
}

fn show_effect(effect: &Effect) -> String {
    match effect {
        Effect::Verify { attempt, instrument } => {
            format!("verify #{attempt}, card {}", instrument.id.uuid().as_u128())
        }
        Effect::Authorize { txn_no, amount, .. } => format!("authorize {amount} as {}", txn_no.uuid().as_u128()),
        Effect::Refund { cancel_no, amount, .. } => format!("refund {amount} as {}", cancel_no.uuid().as_u128()),
    }
}

#[test]
fn the_table_of_transitions_is_the_reviewed_one() {
    let table = table();
    println!("{table}");
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/transitions.txt"), &table).unwrap();
        return;
    }
    for (now, reviewed) in table.lines().zip(include_str!("transitions.txt").lines()) {
        assert_eq!(now, reviewed, "decide changed: read the change, then accept it with UPDATE_TABLE=1");
    }
    assert_eq!(table, include_str!("transitions.txt"), "states or commands were added or removed");
}
