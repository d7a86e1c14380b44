//! Every special card does what its table says, and the acquirer reads it right.

use super::*;

#[tokio::test]
async fn every_special_card_can_be_registered() {
    for door in doors() {
        let acquirer = door.v1();
        for card in SPECIAL_CARDS {
            let outcome = acquirer.validate(&credential(card), &Cvc::parse(card.cvc).unwrap()).await;
            assert_eq!(outcome, Outcome::Approved(()), "{}: {}", door.name, card.effect);
            let expected = match card.behaviour {
                Behaviour::FailsVerification => Outcome::Declined(Reason::CardNotValid),
                _ => Outcome::Approved(()),
            };
            assert_eq!(acquirer.verify(&credential(card)).await, expected, "{}: {}", door.name, card.effect);
        }
    }
}

#[tokio::test]
async fn cards_that_decline_do_so_again_and_hold_no_money() {
    let cases = [
        (Behaviour::Declined, Reason::Declined),
        (Behaviour::LimitExceeded, Reason::LimitExceeded),
        (Behaviour::Lost, Reason::CardLost),
        (Behaviour::FailsVerification, Reason::CardNotValid),
    ];
    for door in doors() {
        let acquirer = door.v1();
        for (behaviour, reason) in cases {
            let (card, txn_no) = (credential(card_of(behaviour)), txn());
            for _ in 0..2 {
                let outcome = acquirer.authorize(authorization(txn_no, 1_000, &card)).await;
                assert_eq!(outcome, Outcome::Declined(reason), "{}", door.name);
            }
            assert_eq!(acquirer.inquire(txn_no).await, Outcome::Approved(Record::Declined));
        }
        let totals = door.sandbox.totals();
        assert_eq!((totals.declined, totals.held()), (Sum { count: 4, amount: 4_000 }, 0), "{}", door.name);
    }
}

#[tokio::test]
async fn cards_that_die_leave_an_authorization_in_doubt_until_a_reversal() {
    let cases = [
        (Behaviour::DeadBefore, 0),
        (Behaviour::DeadAfter, 1_000),
        (Behaviour::Garbage, 1_000),
        (Behaviour::ErrorBefore, 0),
        (Behaviour::ErrorAfter, 1_000),
    ];
    for door in doors() {
        for (behaviour, held) in cases {
            let silent = matches!(behaviour, Behaviour::DeadBefore | Behaviour::DeadAfter);
            let hasty = door.acquirer(Dialect::V1, if silent { IMPATIENT } else { PATIENT });
            let (acquirer, card, txn_no) = (door.v1(), credential(card_of(behaviour)), txn());
            let outcome = hasty.authorize(authorization(txn_no, 1_000, &card)).await;
            assert_eq!(outcome, Outcome::Unknown, "{}: {behaviour:?}", door.name);
            eventually("the charge", || door.sandbox.charges(txn_no).held() == held).await;
            let record = acquirer.inquire(txn_no).await;
            match held {
                0 => assert_eq!(record, Outcome::Approved(Record::NotFound), "{}: {behaviour:?}", door.name),
                _ => assert!(
                    matches!(record, Outcome::Approved(Record::Approved { amount: 1_000, canceled_amount: 0, .. })),
                    "{}: {behaviour:?}: {record:?}",
                    door.name
                ),
            }
            assert_eq!(acquirer.reverse(txn_no, won(1_000)).await, Outcome::Approved(()));
            assert_eq!(door.sandbox.charges(txn_no).held(), 0, "{}: {behaviour:?}", door.name);
        }
    }
}

#[tokio::test]
async fn the_slow_card_is_charged_for_those_who_wait_and_for_those_who_do_not() {
    for door in doors() {
        let card = credential(card_of(Behaviour::Slow));
        let (waited, left) = (txn(), txn());
        let outcome = door.v1().authorize(authorization(waited, 1_000, &card)).await;
        assert!(matches!(outcome, Outcome::Approved(_)), "{}: {outcome:?}", door.name);

        let hasty = door.acquirer(Dialect::V1, IMPATIENT);
        assert_eq!(hasty.authorize(authorization(left, 1_000, &card)).await, Outcome::Unknown, "{}", door.name);
        eventually("the late charge", || door.sandbox.charges(left).held() == 1_000).await;
    }
}

#[tokio::test]
async fn a_reversal_overtakes_a_slow_charge_and_keeps_it_out() {
    for door in doors() {
        let (card, txn_no) = (credential(card_of(Behaviour::Slow)), txn());
        let hasty = door.acquirer(Dialect::V1, IMPATIENT);
        assert_eq!(hasty.authorize(authorization(txn_no, 1_000, &card)).await, Outcome::Unknown);
        assert_eq!(door.v1().reverse(txn_no, won(1_000)).await, Outcome::Approved(()));
        eventually("the late request", || door.sandbox.charges(txn_no).approve_calls == 1).await;
        assert_eq!(door.sandbox.charges(txn_no).held(), 0, "{}", door.name);
        assert_eq!(door.sandbox.totals().approved, Sum::default());
    }
}
