//! Every command in every state, as a table somebody can read: `transitions.txt`.
//!
//! A change of [`decide`] shows there as a change of lines, to be read before it is accepted with
//! `UPDATE_TABLE=1 cargo test --lib domain::table`.

use std::fmt::Write;

use jiff::Timestamp;

use super::{
    table_states::{FRESH, NEVER, OWNER, PRICE, STRANGER, State, USED, approval, card, id, key, payer, states},
    *,
};

fn commands(payment: &Payment) -> Vec<(&'static str, Command)> {
    let attempt = payment.verifications;
    let approve = |who, number| Command::Approve { payer: payer(who), instrument: card(number) };
    let verified = |attempt, outcome| Command::VerificationEnded { attempt, outcome, payment_key: key(2) };
    let confirm = |secret, amount| Command::Confirm { payment_key: key(secret), amount, txn_no: id(FRESH) };
    let authorized = |number, outcome| Command::AuthorizationEnded { txn_no: id(number), outcome };
    let inquired = |number, outcome| Command::InquiryEnded { txn_no: id(number), outcome };
    let charged = || Found::Approved { approval_no: "A1".into(), approved_at: Some(approval().approved_at) };
    let found = |found| inquired(USED, Outcome::Approved(found));
    let reversed = |number, outcome| Command::ReversalEnded { txn_no: id(number), outcome };
    let by_hand = |refund: Option<u128>, approved| {
        let (refund, note, by) = (refund.map(id), "telephoned".into(), By::Operator);
        Command::ResolveByHand { refund, approved, note, by }
    };
    let refund = |number, amount, expected_balance| {
        let (cancel_no, by) = (id(number), By::Shop);
        Command::Refund { cancel_no, amount, expected_balance, reason: None, keyless: true, by }
    };
    let refunded = |number, attempt, outcome| Command::RefundEnded { cancel_no: id(number), attempt, outcome };
    let declined = Reason::LimitExceeded;
    vec![
        ("wake", Command::Wake),
        ("retry now", Command::RetryNow { refund: None }),
        ("retry the refund now", Command::RetryNow { refund: Some(id(USED)) }),
        ("approve: owner", approve(OWNER, 1)),
        ("approve: owner's other card", approve(OWNER, 2)),
        ("approve: another customer", approve(STRANGER, 3)),
        ("verification: passed", verified(attempt, Outcome::Approved(()))),
        ("verification: declined", verified(attempt, Outcome::Declined(Reason::CardLost))),
        ("verification: not sent", verified(attempt, Outcome::NotSent)),
        ("verification: unknown", verified(attempt, Outcome::Unknown)),
        ("verification: passed, stale", verified(attempt.wrapping_sub(1), Outcome::Approved(()))),
        ("confirm: as asked", confirm(1, PRICE)),
        ("confirm: wrong amount", confirm(1, PRICE - 1)),
        ("confirm: wrong key", confirm(9, PRICE)),
        ("withhold the answer", Command::WithholdAnswer { refund: None }),
        ("withhold the refund's answer", Command::WithholdAnswer { refund: Some(id(USED)) }),
        ("give the refund's answer", Command::GiveAnswer { refund: id(USED) }),
        ("authorization: approved", authorized(USED, Outcome::Approved(approval()))),
        ("authorization: declined", authorized(USED, Outcome::Declined(declined))),
        ("authorization: not sent", authorized(USED, Outcome::NotSent)),
        ("authorization: unknown", authorized(USED, Outcome::Unknown)),
        ("authorization: approved, stale", authorized(NEVER, Outcome::Approved(approval()))),
        ("authorization: declined, stale", authorized(NEVER, Outcome::Declined(declined))),
        ("inquiry: approved", found(charged())),
        ("inquiry: declined", found(Found::Declined)),
        ("inquiry: reversed", found(Found::Reversed)),
        ("inquiry: not found", found(Found::NotFound)),
        ("inquiry: refused", inquired(USED, Outcome::Declined(declined))),
        ("inquiry: unknown", inquired(USED, Outcome::Unknown)),
        ("inquiry: not sent", inquired(USED, Outcome::NotSent)),
        ("inquiry: approved, stale", inquired(NEVER, Outcome::Approved(charged()))),
        ("reversal: approved", reversed(USED, Outcome::Approved(()))),
        ("reversal: declined", reversed(USED, Outcome::Declined(declined))),
        ("reversal: declined, never approved", reversed(USED, Outcome::Declined(Reason::TxnNotApproved))),
        ("reversal: declined, reversed already", reversed(USED, Outcome::Declined(Reason::TxnReversed))),
        ("reversal: unknown", reversed(USED, Outcome::Unknown)),
        ("reversal: not sent", reversed(USED, Outcome::NotSent)),
        ("reversal: approved, stale", reversed(NEVER, Outcome::Approved(()))),
        ("by hand: approved", by_hand(None, true)),
        ("by hand: reversed", by_hand(None, false)),
        ("refund by hand: approved", by_hand(Some(USED), true)),
        ("refund by hand: declined", by_hand(Some(USED), false)),
        ("cancel: owner", Command::CancelByCustomer { customer: id(OWNER) }),
        ("cancel: another customer", Command::CancelByCustomer { customer: id(STRANGER) }),
        ("cancel: shop", Command::CancelByShop { reason: None }),
        ("release: secret key", Command::ReleaseOrder { by: By::Shop }),
        ("release: client key", Command::ReleaseOrder { by: By::ClientKey }),
        ("refund: 300", refund(FRESH, Some(300), None)),
        ("refund: 300, number used", refund(USED, Some(300), None)),
        ("refund: the rest", refund(FRESH, None, None)),
        ("refund: too much", refund(FRESH, Some(PRICE + 1), None)),
        ("refund: 0", refund(FRESH, Some(0), None)),
        ("refund: 300, 1000 expected", refund(FRESH, Some(300), Some(PRICE))),
        ("refund: 300, 1 expected", refund(FRESH, Some(300), Some(1))),
        ("refund's 1st call: approved", refunded(USED, 1, Outcome::Approved(()))),
        ("refund's 1st call: declined", refunded(USED, 1, Outcome::Declined(declined))),
        ("refund's 1st call: not sent", refunded(USED, 1, Outcome::NotSent)),
        ("refund's 1st call: unknown", refunded(USED, 1, Outcome::Unknown)),
        ("refund's 2nd call: approved", refunded(USED, 2, Outcome::Approved(()))),
        ("refund's 2nd call: declined", refunded(USED, 2, Outcome::Declined(declined))),
        ("refund's 2nd call: not sent", refunded(USED, 2, Outcome::NotSent)),
        ("refund's 2nd call: unknown", refunded(USED, 2, Outcome::Unknown)),
        ("another refund's call: approved", refunded(NEVER, 1, Outcome::Approved(()))),
    ]
}

fn table() -> String {
    let mut table = String::from(
        "Each state, and what every command does there: events -> the payment afterwards | what is called.\n\
         Commands with the same end share a line. \"due\" is counted from the command.\n",
    );
    for state in states() {
        let State { name, payment, now, policy } = &state;
        let can_be_asked = if policy.resolves { "" } else { "; the acquirer cannot be asked" };
        writeln!(table, "\n== {name}: {}{can_be_asked}", describe(payment, *now)).unwrap();
        let mut ends: Vec<(String, Vec<&str>)> = vec![];
        let commands = commands(payment);
        let all: Vec<_> = commands.iter().map(|(name, _)| *name).collect();
        for (name, command) in commands {
            let end = show_end(&state, &command);
            match ends.iter_mut().find(|(known, _)| *known == end) {
                Some((_, names)) => names.push(name),
                None => ends.push((end, vec![name])),
            }
        }
        // What happens first, then what changes nothing, then what is refused.
        ends.sort_by_key(|(end, _)| (end.starts_with("refused"), end == "nothing"));
        for (end, names) in ends {
            let names = shorten(&names, &all);
            let quiet = end.starts_with("refused") || end == "nothing";
            let line = if quiet { format!("{end} <= {names}") } else { format!("{names:<30} => {end}") };
            writeln!(table, "{line}").unwrap();
        }
    }
    table
}

/// Names, those that are all there are of their family in one word.
fn shorten(names: &[&str], all: &[&str]) -> String {
    let family = |name: &str| name.split_once(": ").map_or(name.to_owned(), |(family, _)| format!("{family}: *"));
    let whole = |name: &str| {
        let members = |names: &[&str]| names.iter().filter(|one| family(one) == family(name)).count();
        members(names) == members(all)
    };
    let mut short: Vec<_> =
        names.iter().map(|name| if whole(name) { family(name) } else { (*name).to_owned() }).collect();
    short.dedup();
    short.join("; ")
}

fn show_end(state: &State, command: &Command) -> String {
    let step = match decide(&state.payment, command, state.now, &state.policy) {
        Ok(step) => step,
        Err(why) => return format!("refused: {why}"),
    };
    if step == Step::default() {
        return "nothing".to_owned();
    }
    let events: Vec<_> = step.events.iter().map(show_event).collect();
    let events = if events.is_empty() { "-".to_owned() } else { events.join(", ") };
    let mut text = format!("{events} -> {}", describe(&after(state, &step), state.now));
    match (&step.effect, step.refused) {
        (None, None) => {}
        (Some(effect), None) => write!(text, " | {}", show_effect(effect)).unwrap(),
        (None, Some(why)) => write!(text, " | refused: {why}").unwrap(),
        (Some(_), Some(_)) => panic!("refused, and done all the same: {}, {command:?}", state.name),
    }
    text
}

fn after(state: &State, step: &Step) -> Payment {
    let mut after = state.payment.clone();
    for event in &step.events {
        after.apply(&Recorded { seq: after.seq + 1, at: state.now, by: By::Gateway, event: event.clone() });
    }
    after
}

/// The status, how far the charge is, what is left of it and what of that is free, when it is due.
fn describe(payment: &Payment, now: Timestamp) -> String {
    let mut text = payment.status.to_string();
    text += match payment.authorization {
        Authorization::None => "",
        Authorization::Requested { .. } => ", requested",
        Authorization::Unknown { next_at: None, .. } => ", unknown, waits for a person",
        Authorization::Unknown { .. } => ", unknown",
        Authorization::Reversing { next_at: None, .. } => ", reversing, waits for a person",
        Authorization::Reversing { .. } => ", reversing",
        Authorization::Closed { .. } => ", closed",
        Authorization::Approved { .. } => "",
    };
    if payment.is_charged() {
        write!(text, ", {} left, {} free", payment.balance(), payment.refundable()).unwrap();
    }
    if let Some(due_at) = payment.due_at() {
        write!(text, ", due {:+}s", due_at.duration_since(now).as_secs()).unwrap();
    }
    text
}

fn show_event(event: &Event) -> String {
    let kind = event.kind();
    match event {
        Event::VerificationFailed { reason }
        | Event::Declined { reason, .. }
        | Event::Aborted { reason }
        | Event::RefundFailed { reason, .. } => format!("{kind}({reason:?})"),
        Event::RefundRequested { amount, .. } => format!("{kind}({})", amount.minor()),
        Event::RefundUnknown { next_at: None, .. } => format!("{kind}(waits for a person)"),
        _ => kind.to_owned(),
    }
}

fn show_effect(effect: &Effect) -> String {
    match effect {
        Effect::Verify { attempt, instrument } => {
            format!("verify #{attempt}, card {}", instrument.id.uuid().as_u128())
        }
        Effect::Authorize { txn_no, amount, .. } => format!("authorize {amount} as {}", txn_no.uuid().as_u128()),
        Effect::Inquire { txn_no, .. } => format!("inquire {}", txn_no.uuid().as_u128()),
        Effect::Reverse { txn_no, amount, .. } => format!("reverse {amount} of {}", txn_no.uuid().as_u128()),
        Effect::Refund { cancel_no, amount, .. } => format!("refund {amount} as {}", cancel_no.uuid().as_u128()),
    }
}

#[test]
fn the_table_of_transitions_is_the_reviewed_one() {
    let table = table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/transitions.txt"), &table).unwrap();
        return;
    }
    for (now, reviewed) in table.lines().zip(include_str!("transitions.txt").lines()) {
        assert_eq!(now, reviewed, "decide changed: read the change, then accept it with UPDATE_TABLE=1");
    }
    assert_eq!(table, include_str!("transitions.txt"), "states or commands were added or removed");
}
