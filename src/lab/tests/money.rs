//! The journal against the card company's books.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::super::{
    finding::Kind,
    money::{Books, Sums, doubts, wrong_with},
};
use crate::{
    acquirer::{Charges, Sum, Totals},
    domain::{Approval, By, CancelNo, Currency, Event, Money, Order, Payment, Reason, Recorded, RefundKind, TxnNo},
};

fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

fn txn(number: u128) -> TxnNo {
    Uuid::from_u128(number).into()
}

fn requested(number: u128) -> Event {
    Event::AuthorizationRequested { txn_no: txn(number), look_at: Timestamp::UNIX_EPOCH }
}

fn approved(number: u128) -> Event {
    let approval = Approval { approval_no: "10000001".into(), approved_at: Timestamp::UNIX_EPOCH };
    Event::Approved { txn_no: txn(number), approval }
}

fn refund(number: u128, amount: i64) -> Event {
    Event::RefundRequested {
        cancel_no: cancel(number),
        amount: won(amount),
        refund_kind: RefundKind::Canceled,
        look_at: Timestamp::UNIX_EPOCH,
        reason: None,
        keyless: false,
        expected_balance: None,
    }
}

fn refunded(number: u128) -> Event {
    Event::RefundSucceeded { cancel_no: cancel(number) }
}

fn cancel(number: u128) -> CancelNo {
    Uuid::from_u128(number).into()
}

/// A journal with a second between any two events, and what it comes to. The payment is of 1,000 won.
fn journal(events: impl IntoIterator<Item = Event>) -> (Payment, Vec<Recorded>) {
    let order = Order {
        merchant: Uuid::nil().into(),
        order_id: "order".parse().unwrap(),
        order_name: "name".parse().unwrap(),
        amount: won(1_000),
        expires_at: Timestamp::MAX,
        redirects: Box::default(),
        metadata: None,
    };
    let created = Event::Created { order: Box::new(order) };
    let events: Vec<_> = std::iter::once(created)
        .chain(events)
        .zip(1..)
        .map(|(event, seq)| {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seq);
            Recorded { seq, at, by: By::Gateway, event }
        })
        .collect();
    (Payment::replay(Uuid::nil().into(), events.clone()).unwrap(), events)
}

fn charges(approved: i64, reversed: i64, refunded: i64) -> Charges {
    Charges { approved, reversed, refunded, approve_calls: 1 }
}

fn kinds(events: Vec<Event>, books: &[(u128, Charges)]) -> Vec<Kind> {
    let books: Vec<_> = books.iter().map(|(number, charges)| (txn(*number), *charges)).collect();
    wrong_with(&journal(events).0, &books).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn books_that_agree_are_clean() {
    assert_eq!(kinds(vec![], &[]), []);
    assert_eq!(kinds(vec![requested(1), approved(1)], &[(1, charges(1_000, 0, 0))]), []);
    let after_a_refund = vec![requested(1), approved(1), refund(7, 300), refunded(7)];
    assert_eq!(kinds(after_a_refund, &[(1, charges(1_000, 0, 300))]), []);
    let reversed = vec![requested(1), Event::Reversed { txn_no: txn(1) }];
    assert_eq!(kinds(reversed, &[(1, charges(1_000, 1_000, 0))]), []);
}

#[test]
fn each_way_of_going_wrong_has_its_name() {
    let done = || vec![requested(1), approved(1)];
    assert_eq!(kinds(done(), &[]), [Kind::Lost], "a charge that the acquirer does not know");
    assert_eq!(kinds(done(), &[(1, charges(1_000, 1_000, 0))]), [Kind::Lost], "and one that it reversed");
    assert_eq!(kinds(done(), &[(1, charges(1_000, 0, 300))]), [Kind::OverRefunded], "nobody asked for that");
    let given_back = [done(), vec![refund(7, 300), refunded(7)]].concat();
    assert_eq!(kinds(given_back, &[(1, charges(1_000, 0, 0))]), [Kind::Lost], "the customer never got it");

    let not_sent = vec![requested(1), Event::AuthorizationNotSent { txn_no: txn(1) }];
    assert_eq!(kinds(not_sent.clone(), &[(1, charges(1_000, 0, 0))]), [Kind::Lost], "it was sent, and charged");
    let again = [not_sent, vec![requested(2), approved(2)]].concat();
    let twice = [(1, charges(1_000, 0, 0)), (2, charges(1_000, 0, 0))];
    assert_eq!(kinds(again, &twice), [Kind::ChargedTwice, Kind::Lost]);
    let declined = vec![requested(1), Event::Declined { txn_no: txn(1), reason: Reason::Declined }];
    assert_eq!(kinds(declined, &[(1, charges(1_000, 0, 0))]), [Kind::Lost]);

    assert_eq!(kinds(vec![requested(1)], &[]), [Kind::InDoubt]);
    assert_eq!(kinds([done(), vec![refund(7, 300)]].concat(), &[(1, charges(1_000, 0, 300))]), [Kind::InDoubt]);
}

#[test]
fn what_no_payment_claims_is_lost_and_so_is_a_difference_of_the_sums() {
    let (payment, events) = journal([requested(1), approved(1)]);
    let totals = |amount| Totals { approved: Sum { count: 1, amount }, ..Totals::default() };
    for (transactions, total, findings) in [
        (vec![(txn(1), charges(1_000, 0, 0))], 1_000, 0),
        (vec![(txn(1), charges(1_000, 0, 0)), (txn(9), charges(50, 0, 0))], 1_050, 2),
        (vec![(txn(1), charges(1_000, 0, 0))], 999, 1),
    ] {
        let (mut books, mut sums) = (Books::new(transactions, totals(total), Timestamp::MAX), Sums::default());
        books.compare(&payment, &events, &mut sums);
        books.close(&mut sums);
        assert_eq!((sums.payments, sums.held, sums.findings.len()), (1, 1_000, findings));
        assert!(sums.findings.iter().all(|finding| finding.kind == Kind::Lost));
    }
}

#[test]
fn a_doubt_lasts_from_its_call_to_what_settled_it() {
    let unknown = |number| Event::AuthorizationUnknown { txn_no: txn(number), next_at: None };
    let events = vec![
        requested(1),
        unknown(1),
        Event::InquiryFailed { txn_no: txn(1), next_at: Timestamp::MAX, not_sent: false },
        approved(1),
        refund(7, 300),
        refunded(7),
        refund(8, 200),
        Event::RefundUnknown { cancel_no: cancel(8), next_at: None },
        refund(9, 100),
        refunded(9),
        refunded(8),
    ];
    let (payment, events) = journal(events);
    let mut sums = Sums::default();
    // While the second of them is open.
    let healed_at = events[9].at;
    Books::new(Vec::new(), Totals::default(), healed_at).compare(&payment, &events, &mut sums);
    assert_eq!(sums.doubts, [Duration::from_secs(3), Duration::from_secs(4)]);
    assert_eq!(sums.doubts_after, [Duration::from_secs(2)]);
    assert!(doubts(&journal([requested(1), approved(1)]).1).is_empty(), "never in doubt");
    assert!(doubts(&journal([requested(1), unknown(1)]).1).is_empty(), "not settled");
}
