//! The suite of an acquirer: every behaviour that payments rely on, by both ways in.

use tokio::task::JoinSet;

use super::*;

fn approval<T: std::fmt::Debug>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Approved(value) => value,
        other => panic!("not approved: {other:?}"),
    }
}

#[tokio::test]
async fn a_good_card_is_validated_and_verified() {
    for door in doors() {
        for card in SPECIAL_CARDS.iter().filter(|card| card.behaviour == Behaviour::Good) {
            let (acquirer, cvc) = (door.v1(), Cvc::parse(card.cvc).unwrap());
            assert_eq!(acquirer.validate(&credential(card), &cvc).await, Outcome::Approved(()), "{}", door.name);
            assert_eq!(acquirer.verify(&credential(card)).await, Outcome::Approved(()), "{}", door.name);
        }
    }
}

#[tokio::test]
async fn a_wrong_card_is_refused_with_its_reason() {
    let right = || ("9999-0000-0000-0001", "12/39", "000", "국민");
    for door in doors() {
        let acquirer = door.v1();
        let cases = [
            ({ ("9999-0000-0000-9999", right().1, right().2, right().3) }, Reason::CardNotFound),
            ((right().0, "11/39", right().2, right().3), Reason::CardWrongExpDate),
            ((right().0, right().1, "001", right().3), Reason::CardWrongCvc),
            ((right().0, right().1, right().2, "신한"), Reason::CardWrongCardCompany),
            (("4174-2739-1458-2983", "11/20", "458", "신한"), Reason::CardExpired),
        ];
        for ((number, expiry, cvc, company), reason) in cases {
            let credential = Credential {
                pan: Pan::parse(number).unwrap(),
                expiry: Expiry::parse(expiry).unwrap(),
                company: company.into(),
            };
            let outcome = acquirer.validate(&credential, &Cvc::parse(cvc).unwrap()).await;
            assert_eq!(outcome, Outcome::Declined(reason), "{}", door.name);
            let verified = acquirer.verify(&credential).await;
            let expected =
                if reason == Reason::CardWrongCvc { Outcome::Approved(()) } else { Outcome::Declined(reason) };
            assert_eq!(verified, expected, "{}", door.name);
        }
    }
}

#[tokio::test]
async fn an_authorization_is_charged_once_however_often_it_is_repeated() {
    for door in doors() {
        let (acquirer, card, txn_no) = (door.v1(), good(), txn());
        let first = approval(acquirer.authorize(authorization(txn_no, 15_000, &card)).await);
        let again = approval(acquirer.authorize(authorization(txn_no, 15_000, &card)).await);
        assert_eq!(first, again, "{}", door.name);
        assert!(first.approval_no.len() >= 8 && first.approval_no.bytes().all(|b| b.is_ascii_digit()));
        let charges = door.sandbox.charges(txn_no);
        assert_eq!((charges.approved, charges.approve_calls), (15_000, 2));

        // The number is taken: neither the other amount nor the other card was charged, but something
        // was, so this must not be read as "declined".
        let other_card = credential(&SPECIAL_CARDS[1]);
        assert_eq!(acquirer.authorize(authorization(txn_no, 15_001, &card)).await, Outcome::Unknown);
        assert_eq!(acquirer.authorize(authorization(txn_no, 15_000, &other_card)).await, Outcome::Unknown);
        assert_eq!(door.sandbox.totals().held(), 15_000);

        let other = approval(acquirer.authorize(authorization(txn(), 1, &card)).await);
        assert_ne!(other.approval_no, first.approval_no);
    }
}

#[tokio::test]
async fn an_inquiry_tells_what_the_record_says() {
    for door in doors() {
        let (acquirer, card) = (door.v1(), good());
        let [charged, declined, reversed, unseen] = [txn(), txn(), txn(), txn()];
        let first = approval(acquirer.authorize(authorization(charged, 15_000, &card)).await);
        let lost = credential(card_of(Behaviour::Lost));
        assert_eq!(acquirer.authorize(authorization(declined, 1, &lost)).await, Outcome::Declined(Reason::CardLost));
        assert_eq!(acquirer.reverse(reversed, won(7)).await, Outcome::Approved(()));
        assert_eq!(acquirer.refund(&refund_of(charged, 5_000)).await, Outcome::Approved(()));

        let Record::Approved { approval_no, amount, canceled_amount, .. } = approval(acquirer.inquire(charged).await)
        else {
            panic!("{}: no record of an approval", door.name)
        };
        assert_eq!((approval_no, amount, canceled_amount), (first.approval_no, 15_000, 5_000));
        assert_eq!(approval(acquirer.inquire(declined).await), Record::Declined);
        assert_eq!(approval(acquirer.inquire(reversed).await), Record::Reversed);
        assert_eq!(approval(acquirer.inquire(unseen).await), Record::NotFound);
    }
}

#[tokio::test]
async fn a_reversal_gives_everything_back_and_closes_the_number() {
    for door in doors() {
        let (acquirer, card) = (door.v1(), good());
        let [charged, unseen] = [txn(), txn()];
        approval(acquirer.authorize(authorization(charged, 15_000, &card)).await);
        for txn_no in [charged, unseen] {
            assert_eq!(acquirer.reverse(txn_no, won(15_000)).await, Outcome::Approved(()));
            assert_eq!(acquirer.reverse(txn_no, won(15_000)).await, Outcome::Approved(()), "again");
            let late = acquirer.authorize(authorization(txn_no, 15_000, &card)).await;
            assert_eq!(late, Outcome::Declined(Reason::TxnReversed), "{}", door.name);
            let refund = acquirer.refund(&refund_of(txn_no, 1)).await;
            assert_eq!(refund, Outcome::Declined(Reason::TxnReversed), "{}", door.name);
        }
        let totals = door.sandbox.totals();
        assert_eq!((totals.reversed, totals.held()), (Sum { count: 2, amount: 15_000 }, 0));
    }
}

#[tokio::test]
async fn a_reversal_after_a_partial_refund_gives_back_the_rest() {
    for door in doors() {
        let (acquirer, card, txn_no) = (door.v1(), good(), txn());
        approval(acquirer.authorize(authorization(txn_no, 10_000, &card)).await);
        approval(acquirer.refund(&refund_of(txn_no, 4_000)).await);
        // Reversing another amount than was charged is a mistake of ours and changes nothing.
        assert_eq!(acquirer.reverse(txn_no, won(6_000)).await, Outcome::Unknown);
        assert_eq!(door.sandbox.charges(txn_no).held(), 6_000);
        approval(acquirer.reverse(txn_no, won(10_000)).await);
        let charges = door.sandbox.charges(txn_no);
        assert_eq!((charges.refunded, charges.reversed, charges.held()), (4_000, 6_000, 0), "{}", door.name);
    }
}

#[tokio::test]
async fn a_refund_is_done_once_and_never_exceeds_what_is_left() {
    for door in doors() {
        let (acquirer, card, txn_no) = (door.v1(), good(), txn());
        approval(acquirer.authorize(authorization(txn_no, 10_000, &card)).await);
        let part = refund_of(txn_no, 4_000);
        approval(acquirer.refund(&part).await);
        approval(acquirer.refund(&part).await);
        assert_eq!(door.sandbox.charges(txn_no).refunded, 4_000, "{}", door.name);
        let changed = RefundCall { amount: won(4_001), ..part };
        assert_eq!(acquirer.refund(&changed).await, Outcome::Unknown, "the number is in use");
        let too_much = acquirer.refund(&refund_of(txn_no, 6_001)).await;
        assert_eq!(too_much, Outcome::Declined(Reason::ExceedsBalance));
        approval(acquirer.refund(&refund_of(txn_no, 6_000)).await);
        assert_eq!(door.sandbox.charges(txn_no).held(), 0);

        assert_eq!(acquirer.refund(&refund_of(txn(), 1)).await, Outcome::Declined(Reason::Declined), "never seen");
        let (declined, lost) = (txn(), credential(card_of(Behaviour::Lost)));
        acquirer.authorize(authorization(declined, 1, &lost)).await;
        let refund = acquirer.refund(&refund_of(declined, 1)).await;
        assert_eq!(refund, Outcome::Declined(Reason::TxnNotApproved), "never charged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_parallel_authorizations_of_one_number_are_one_charge() {
    for door in doors() {
        let (acquirer, txn_no) = (door.v1(), txn());
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            let acquirer = acquirer.clone();
            calls.spawn(async move { approval(acquirer.authorize(authorization(txn_no, 100, &good())).await) });
        }
        let approvals = calls.join_all().await;
        assert!(approvals.iter().all(|approval| approval == &approvals[0]), "{}", door.name);
        assert_eq!(door.sandbox.totals().approved, Sum { count: 1, amount: 100 });
        assert_eq!(door.sandbox.charges(txn_no).approve_calls, 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_refunds_never_exceed_the_amount() {
    for door in doors() {
        let (acquirer, txn_no) = (door.v1(), txn());
        approval(acquirer.authorize(authorization(txn_no, 10_000, &good())).await);
        let mut calls = JoinSet::new();
        for _ in 0..40 {
            let refund = refund_of(txn_no, 300);
            for _ in 0..2 {
                let (acquirer, refund) = (acquirer.clone(), refund.clone());
                calls.spawn(async move { acquirer.refund(&refund).await });
            }
        }
        let outcomes = calls.join_all().await;
        let done = outcomes.iter().filter(|outcome| **outcome == Outcome::Approved(())).count();
        let refused = outcomes.iter().filter(|o| **o == Outcome::Declined(Reason::ExceedsBalance)).count();
        assert_eq!((done, refused), (66, 14), "{}: 33 refunds of 300 fit, each asked twice", door.name);
        assert_eq!(door.sandbox.charges(txn_no).refunded, 9_900);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_wins_the_race_a_reversed_number_holds_no_money() {
    for door in doors() {
        let acquirer = door.v1();
        for _ in 0..30 {
            let (txn_no, card) = (txn(), good());
            let racing = acquirer.clone();
            let approving = tokio::spawn(async move { racing.authorize(authorization(txn_no, 500, &card)).await });
            let reversed = acquirer.reverse(txn_no, won(500)).await;
            assert_eq!(reversed, Outcome::Approved(()), "{}", door.name);
            approving.await.unwrap();
            assert_eq!(door.sandbox.charges(txn_no).held(), 0, "{}", door.name);
        }
    }
}

#[tokio::test]
async fn the_basic_dialect_validates_and_approves_and_has_no_other_call() {
    for door in doors() {
        let (acquirer, card) = (door.acquirer(Dialect::Basic, PATIENT), good());
        let none = Capabilities { verify: false, inquire: false, reverse: false, refund: false };
        assert_eq!(acquirer.capabilities(), none);
        assert_eq!(acquirer.validate(&card, &Cvc::parse("000").unwrap()).await, Outcome::Approved(()));
        let wrong = acquirer.validate(&card, &Cvc::parse("001").unwrap()).await;
        assert_eq!(wrong, Outcome::Declined(Reason::CardWrongCvc));

        let approved = approval(acquirer.authorize(authorization(txn(), 900, &card)).await);
        assert_eq!(&*approved.approval_no, "", "{}", door.name);
        assert_eq!(door.sandbox.totals().approved, Sum { count: 1, amount: 900 });
        let declined = acquirer.authorize(authorization(txn(), 900, &credential(card_of(Behaviour::Declined)))).await;
        assert_eq!(declined, Outcome::Declined(Reason::Declined));

        let before = door.sandbox.totals();
        assert_eq!(acquirer.inquire(txn()).await, Outcome::NotSent);
        assert_eq!(acquirer.reverse(txn(), won(900)).await, Outcome::NotSent);
        assert_eq!(acquirer.refund(&refund_of(txn(), 900)).await, Outcome::NotSent);
        assert_eq!(door.sandbox.totals(), before);
    }
}

#[tokio::test]
async fn the_basic_dialect_verifies_by_the_expiry_date_alone() {
    // Nobody listens there: a call would end as NotSent.
    let acquirer = acquirer(http("http://127.0.0.1:1", IMPATIENT), Dialect::Basic);
    assert_eq!(acquirer.verify(&good()).await, Outcome::Approved(()));
    let expired = Credential { expiry: Expiry::parse("11/20").unwrap(), ..good() };
    assert_eq!(acquirer.verify(&expired).await, Outcome::Declined(Reason::CardExpired));
}
