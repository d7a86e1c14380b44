//! Planned faults, as the acquirer sees them by both ways in.

use super::*;

#[tokio::test]
async fn a_planned_fault_proves_no_more_than_it_may() {
    for kind in FaultKind::ALL {
        let plan = || FaultPlan::new(5).with(kind, 1.0).delayed_at_most(Duration::from_millis(20));
        for door in doors_to(|| Sandbox::in_memory().with_plan(plan())) {
            let is_answered = matches!(kind, FaultKind::Late | FaultKind::Duplicate);
            let timeout = if is_answered { PATIENT } else { IMPATIENT };
            let acquirer = door.acquirer(Dialect::V1, timeout);
            let (card, txn_no) = (good(), txn());
            let outcome = acquirer.authorize(authorization(txn_no, 1_000, &card)).await;
            let is_refused = matches!(kind, FaultKind::Refused | FaultKind::Flap);
            match outcome {
                Outcome::Approved(_) => assert!(is_answered, "{kind:?} {}", door.name),
                Outcome::NotSent => assert!(is_refused && door.name == "in process", "{kind:?} {}", door.name),
                Outcome::Unknown => assert!(!is_answered, "{kind:?} {}", door.name),
                Outcome::Declined(reason) => panic!("{kind:?} {}: {reason:?}", door.name),
            }
            door.sandbox.calm();
            let record = door.v1().inquire(txn_no).await;
            let is_charged = matches!(record, Outcome::Approved(Record::Approved { .. }));
            assert_eq!(is_charged, door.sandbox.charges(txn_no).approved == 1_000, "{kind:?} {}", door.name);
            assert_eq!(door.sandbox.faults()[&kind], 1);
        }
    }
}
