//! What must be true of a world at its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{told::Told, world::World};
use crate::{
    acquirer::Charges,
    domain::{Authorization, CancelNo, Event, Payment, PaymentId, Recorded, RefundState, Status, TxnNo},
};

type Journals = BTreeMap<PaymentId, Vec<Recorded>>;

fn payments(journals: &Journals) -> BTreeMap<PaymentId, Payment> {
    let replayed = |(id, events): (&PaymentId, &Vec<Recorded>)| Payment::replay(*id, events.iter().cloned());
    journals.iter().filter_map(replayed).map(|payment| (payment.id, payment)).collect()
}

/// Payments that are not at their end, although faults have stopped and time has passed.
pub fn unresolved(world: &World) -> Vec<String> {
    payments(&world.disk.journals()).values().filter_map(stuck).collect()
}

/// Everything that is wrong.
pub fn violations(world: &World) -> Vec<String> {
    let journals = world.disk.journals();
    let payments = payments(&journals);
    let mut wrong = world.wrong.borrow().clone();
    check_books(world, &journals, &payments, &mut wrong);
    for (id, tried) in world.wanted.borrow().iter() {
        let is_done = |number: &&CancelNo| {
            let refund = payments.get(id).and_then(|payment| payment.refund(**number));
            refund.is_some_and(|refund| matches!(refund.state, RefundState::Done { .. }))
        };
        let numbers: BTreeSet<_> = tried.iter().filter(is_done).collect();
        if numbers.len() > 1 {
            wrong.push(format!("{id}: wanted once, given back {} times: {numbers:?}", numbers.len()));
        }
    }
    for (id, told) in world.told.borrow().iter() {
        match payments.get(id) {
            None => wrong.push(format!("{id}: told {told:?}, and there is no such payment")),
            Some(payment) if is_true(told, payment) => {}
            Some(payment) => wrong.push(format!("{id}: told {told:?}, but it is {}", payment.status)),
        }
    }
    check_lives(world, &journals, &mut wrong);
    let overdue = world.overdue.borrow();
    wrong.extend(overdue.iter().map(|id| format!("{id}: still in doubt long after the last fault")));
    wrong
}

/// A payment that is never confirmed lives for as long as it was given, however the machine's clock is set. A process that
/// is started anew has nothing but that clock, so its payments are not held to it.
fn check_lives(world: &World, journals: &Journals, wrong: &mut Vec<String>) {
    for (id, events) in journals {
        let written = world.disk.written(*id);
        let is_over = |event: &Recorded| matches!(event.event, Event::Expired);
        let was_tried = |event: &Recorded| matches!(event.event, Event::AuthorizationRequested { .. });
        let (Some(end), Some(Event::Created { order }), false) =
            (events.iter().position(is_over), events.first().map(|first| &first.event), events.iter().any(was_tried))
        else {
            continue;
        };
        let (Some(from), Some(to)) = (written.first(), written.get(end)) else { continue };
        // The clock may be set between the moment when the deadline is made and the first event.
        let was_given = order.expires_at.duration_since(events[0].at).as_secs();
        let has_restarted = world.restarted.borrow().iter().any(|at| (*from..=*to).contains(at));
        let lived = to.duration_since(*from).as_secs();
        if !has_restarted && (598..=600).contains(&was_given) && !(598..=660).contains(&lived) {
            wrong.push(format!("{id}: expired after {lived} s"));
        }
    }
}

/// The acquirer's books against ours, number by number and to the won.
fn check_books(world: &World, journals: &Journals, payments: &BTreeMap<PaymentId, Payment>, wrong: &mut Vec<String>) {
    let mut books: BTreeMap<TxnNo, Charges> = world.sandbox.transactions().into_iter().collect();
    for (id, events) in journals {
        let (mut held, mut charged) = (0, 0);
        for event in events {
            let Event::AuthorizationRequested { txn_no, .. } = &event.event else { continue };
            let Some(charges) = books.remove(txn_no) else { continue };
            held += charges.held();
            charged += u32::from(charges.approved > charges.reversed);
            let not_sent =
                |event: &Recorded| matches!(&event.event, Event::AuthorizationNotSent { txn_no: own } if own == txn_no);
            if charges.held() != 0 && events.iter().any(not_sent) {
                wrong.push(format!("{id}: told that {txn_no} was not sent, and it holds {}", charges.held()));
            }
        }
        if charged > 1 {
            wrong.push(format!("{id}: charged {charged} times"));
        }
        let balance = payments.get(id).map_or(0, Payment::balance);
        if held != balance && payments.get(id).is_none_or(Payment::is_at_rest) {
            wrong.push(format!("{id}: the acquirer holds {held}, the ledger says {balance}"));
        }
    }
    wrong.extend(books.into_iter().filter(|(_, charges)| charges.approve_calls > 0).map(|(txn_no, charges)| {
        format!("txn {txn_no} was sent without a durable intent, and holds {}", charges.held())
    }));
    let held: i64 = payments.values().map(Payment::balance).sum();
    if world.sandbox.totals().held() != held && payments.values().all(Payment::is_at_rest) {
        wrong.push(format!("the acquirer holds {} in all, the ledger {held}", world.sandbox.totals().held()));
    }
}

fn stuck(payment: &Payment) -> Option<String> {
    let is_stuck =
        !payment.status.is_final() && payment.status != Status::Done && payment.status != Status::PartialCanceled;
    let is_open = payment.due_at().is_some() || payment.resolution().is_some();
    (is_stuck || is_open)
        .then(|| format!("{}: unresolved: {}, {:?}", payment.id, payment.status, payment.authorization))
}

fn is_true(told: &Told, payment: &Payment) -> bool {
    let charged = matches!(payment.authorization, Authorization::Approved { .. });
    match told {
        Told::Created => true,
        Told::Approved { key, by } => payment.payment_key == Some(*key) && payment.is_payer(*by),
        Told::Charged => charged,
        Told::NotCharged => !charged,
        Told::Refunded { cancel_no, amount } => payment
            .refund(*cancel_no)
            .is_some_and(|refund| refund.amount.minor() == *amount && matches!(refund.state, RefundState::Done { .. })),
        Told::NotRefunded { cancel_no } => {
            payment.refund(*cancel_no).is_some_and(|refund| matches!(refund.state, RefundState::Failed(_)))
        }
    }
}

pub fn is_charge(event: &Recorded) -> bool {
    matches!(event.event, Event::Approved { .. })
}

/// The life of a payment, for whoever has to find out.
pub fn tell(world: &World) -> String {
    let mut text = String::new();
    for (id, events) in world.disk.journals() {
        let _ = writeln!(text, "payment {id}");
        let first = events.first().map(|event| event.at);
        for event in &events {
            let at = first.map_or(0.0, |first| event.at.duration_since(first).as_secs_f64());
            let _ = writeln!(text, "  {at:>10.3} s {:>4} {:?}", event.seq, event.event);
        }
    }
    for (id, told) in world.told.borrow().iter() {
        let _ = writeln!(text, "told of {id}: {told:?}");
    }
    text
}
