//! What was told against what is so.

use super::super::{
    finding::Kind,
    judge::{Seen, Transaction, judge},
    memory::{Refund, Story, Told, Word},
};

fn transaction(id: &str, amount: i64) -> Transaction {
    Transaction { id: id.to_owned(), amount }
}

/// A payment of 1,000 won, charged, with these refunds.
fn charged(refunds: &[(&str, i64)]) -> Seen {
    let mut transactions = vec![transaction("charge", 1_000)];
    transactions.extend(refunds.iter().map(|(id, amount)| transaction(id, *amount)));
    Seen {
        payment_key: Some("key".to_owned()),
        account_id: Some("me".to_owned()),
        status: if refunds.is_empty() { "DONE" } else { "PARTIAL_CANCELED" }.to_owned(),
        amount: 1_000,
        balance_amount: transactions.iter().map(|transaction| transaction.amount).sum(),
        transactions,
    }
}

fn ended(status: &str) -> Seen {
    Seen { status: status.to_owned(), transactions: Vec::new(), balance_amount: 0, ..charged(&[]) }
}

fn told(told: impl IntoIterator<Item = Told>) -> Story {
    let mut story = Story::new("order".to_owned(), 1_000);
    told.into_iter().for_each(|told| story.tell(told));
    story
}

fn approved(key: &str, account: &str) -> Told {
    Told::Approved { key: key.to_owned(), account: account.to_owned() }
}

fn done(id: &str, amount: i64) -> Word {
    Word::Done { id: id.to_owned(), amount }
}

fn refunds(answers: impl IntoIterator<Item = Vec<Vec<Word>>>) -> Story {
    let refunds = answers.into_iter().map(|answers| Refund { answers }).collect();
    Story { refunds, ..told([Told::Charged]) }
}

/// How many things are wrong, all of them about what was told.
fn wrong(story: &Story, seen: Option<&Seen>) -> usize {
    let findings = judge(story, seen);
    assert!(findings.iter().all(|finding| finding.kind == Kind::ToldWrongly && finding.what.contains("order")));
    findings.len()
}

#[test]
fn what_is_so_may_be_told() {
    let whole = told([Told::Created, approved("key", "me"), Told::Charged]);
    assert_eq!(wrong(&whole, Some(&charged(&[]))), 0);
    assert_eq!(wrong(&told([Told::Created, Told::Declined]), Some(&ended("ABORTED"))), 0);
    assert_eq!(wrong(&told([Told::Ended("CANCELED")]), Some(&ended("CANCELED"))), 0);
    assert_eq!(wrong(&told([]), None), 0, "nobody was told anything");
    let unheard = Story { is_confirm_open: Some(true), ..told([Told::Created]) };
    assert_eq!(wrong(&unheard, Some(&charged(&[]))), 0, "the answer was lost, the charge was not");
}

#[test]
fn what_is_not_so_is_told_wrongly() {
    for (said, seen) in [
        (Told::Created, None),
        (approved("another key", "me"), Some(charged(&[]))),
        (approved("key", "somebody else"), Some(charged(&[]))),
        (Told::Charged, Some(ended("ABORTED"))),
        (Told::Charged, Some(Seen { transactions: vec![transaction("charge", 999)], ..charged(&[]) })),
        (Told::Ended("CANCELED"), Some(ended("EXPIRED"))),
        (Told::Declined, Some(ended("IN_PROGRESS"))),
        (Told::OutOfOrder { after: 3, id: 2 }, Some(charged(&[]))),
    ] {
        assert!(wrong(&told([said.clone()]), seen.as_ref()) > 0, "{said:?}");
    }
    // Told "declined", or "not sent" by every confirm, or nothing because nobody confirmed.
    assert_eq!(wrong(&told([Told::Declined]), Some(&charged(&[]))), 2);
    for is_confirm_open in [Some(false), None] {
        let story = Story { is_confirm_open, ..told([Told::Created]) };
        assert_eq!(wrong(&story, Some(&charged(&[]))), 1);
    }
    let twice = Seen { transactions: vec![transaction("one", 1_000), transaction("two", 1_000)], ..charged(&[]) };
    assert_eq!(wrong(&told([Told::Charged]), Some(&Seen { balance_amount: 2_000, ..twice })), 1);
}

#[test]
fn refunds_are_held_to_what_was_asked_for_and_answered() {
    let one = charged(&[("a", -300)]);
    assert_eq!(wrong(&refunds([vec![vec![done("a", -300)]]]), Some(&one)), 0);
    assert_eq!(wrong(&refunds([vec![vec![Word::Open], vec![done("a", -300)]]]), Some(&one)), 0);
    assert_eq!(wrong(&refunds([vec![vec![Word::Open]]]), Some(&one)), 0, "nobody was told otherwise");

    assert_eq!(wrong(&refunds([vec![vec![done("a", -300)]]]), Some(&charged(&[]))), 1, "it is not there");
    assert_eq!(wrong(&refunds([vec![vec![done("a", -200)]]]), Some(&one)), 1, "another amount");
    let refused_in_the_end = refunds([vec![vec![Word::Open], vec![Word::Refused]]]);
    assert_eq!(wrong(&refused_in_the_end, Some(&one)), 1, "done after all");
    let doubled = charged(&[("a", -300), ("b", -300)]);
    assert_eq!(wrong(&refunds([vec![vec![done("a", -300), Word::Open]]]), Some(&doubled)), 1, "one key, two refunds");
    let two_answers = refunds([vec![vec![done("a", -300), done("b", -300)]]]);
    assert_eq!(wrong(&two_answers, Some(&doubled)), 2, "and two answers");
    assert_eq!(wrong(&refunds([]), Some(&one)), 1, "nobody asked");
    assert_eq!(wrong(&refunds([]), Some(&Seen { balance_amount: 900, ..charged(&[]) })), 1, "the balance is off");
}
