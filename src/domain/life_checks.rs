//! What must be true of a life after every step and at its end.

use std::collections::HashMap;

use proptest::{prelude::*, test_runner::TestCaseError};

use super::{
    life::{Checked, Life, PRICE},
    toy_acquirer::Record,
    *,
};

impl Life {
    /// An event is only possible in some states, and some need the proof of somebody who knows.
    pub fn check_event(&self, event: &Event, command: &Command) -> Checked {
        let (before, kind) = (&self.payment, event.kind());
        let about_refund = kind.starts_with("refund_");
        let about_reversal = kind.starts_with("revers") || kind == "late_approval";
        prop_assert!(!about_refund || before.is_charged(), "{event:?} although nothing was charged");
        prop_assert!(!about_reversal || !before.is_charged(), "{event:?} of a charge that counts");
        prop_assert!(
            !before.status.is_final() || about_refund || about_reversal,
            "{event:?} after {}, which is an end",
            before.status
        );
        prop_assert!(is_proven(event, command), "{event:?} is not what {command:?} says");
        let ends = matches!(event, Event::Canceled { .. } | Event::Aborted { .. } | Event::Expired);
        prop_assert!(!ends || !before.authorization.is_open(), "{event:?} while money may be taken");
        prop_assert!(*event != Event::Expired || self.now >= before.order.expires_at, "expired too early");
        if let Event::Aborted { reason: Reason::TooManyAttempts } = event {
            let spent = before.refused_verifications == MAX_REFUSED_VERIFICATIONS
                || before.verifications == MAX_VERIFICATIONS
                || before.wrong_confirms == MAX_CONFIRM_ATTEMPTS;
            prop_assert!(spent, "aborted before the attempts were spent");
        }
        match (event, command) {
            (Event::Canceled { .. }, Command::CancelByCustomer { customer }) => {
                prop_assert!(before.payer.is_none() || before.is_payer(*customer), "canceled by a stranger");
            }
            (Event::VerificationPassed { .. }, Command::VerificationEnded { attempt, .. }) => {
                prop_assert_eq!(*attempt, before.verifications, "the answer is about another card");
            }
            _ => {}
        }
        Ok(())
    }

    /// A call is made once its intent is in the ledger, which also says when it is taken for lost.
    pub fn check_effect(&self, effect: &Effect, command: &Command) -> Checked {
        let payment = &self.payment;
        let lost_at = self.policy.lost_at(self.now);
        let retries = matches!(command, Command::Wake | Command::RetryNow { .. } | Command::Confirm { .. });
        match effect {
            Effect::Verify { attempt, instrument } => {
                prop_assert_eq!((*attempt, Some(instrument)), (payment.verifications, payment.instrument.as_ref()));
                prop_assert_eq!(payment.verification_look_at, Some(lost_at));
            }
            Effect::Authorize { txn_no, instrument, amount } => {
                let Command::Confirm { payment_key, amount: asked, txn_no: fresh } = command else {
                    return Err(TestCaseError::fail("money asked for by something else than a confirm"));
                };
                prop_assert_eq!((amount.minor(), *asked, txn_no), (PRICE, PRICE, fresh));
                prop_assert_eq!(Some(*payment_key), payment.payment_key);
                prop_assert_eq!(Some(instrument), payment.instrument.as_ref());
                prop_assert!(!self.wire.has_sent_authorization(*txn_no), "one number, two requests");
                let requested = matches!(payment.authorization,
                    Authorization::Requested { txn_no: own, look_at, .. } if own == *txn_no && look_at == lost_at);
                prop_assert!(requested, "{:?}", payment.authorization);
            }
            Effect::Inquire { txn_no, amount, .. } => {
                prop_assert!(retries && amount.minor() == PRICE && self.policy.resolves);
                let inquiring = matches!(payment.authorization,
                    Authorization::Unknown { txn_no: own, next_at, .. } if own == *txn_no && next_at == Some(lost_at));
                prop_assert!(inquiring, "{:?}", payment.authorization);
            }
            Effect::Reverse { txn_no, amount, .. } => {
                prop_assert!(amount.minor() == PRICE && self.wire.has_sent_authorization(*txn_no));
                let reversing = matches!(payment.authorization,
                    Authorization::Reversing { txn_no: own, next_at, .. } if own == *txn_no && next_at == Some(lost_at));
                prop_assert!(reversing, "{:?}", payment.authorization);
            }
            Effect::Refund { cancel_no, txn_no, amount, attempt, .. } => {
                let refund = payment.refund(*cancel_no).unwrap();
                prop_assert_eq!((refund.amount, refund.due_at()), (*amount, Some(lost_at)));
                prop_assert_eq!(matches!(refund.state, RefundState::Unknown { .. }), *attempt > 1);
                let charged =
                    matches!(payment.authorization, Authorization::Approved { txn_no: own, .. } if own == *txn_no);
                prop_assert!(charged, "{:?}", payment.authorization);
            }
        }
        Ok(())
    }

    /// An approval that was heard of is never dropped: it counts, or it is being reversed.
    pub fn check_heard(&self, before: &Payment, command: &Command) -> Checked {
        let Command::AuthorizationEnded { txn_no, outcome: Outcome::Approved(_) } = command else { return Ok(()) };
        match &self.payment.authorization {
            Authorization::Approved { txn_no: own, .. } => prop_assert_eq!(own, txn_no),
            Authorization::Reversing { txn_no: own, .. } => {
                prop_assert_eq!(own, txn_no);
                prop_assert!(before.seq < self.payment.seq, "an approval that nobody can read about later");
            }
            other => prop_assert!(false, "the approval of {txn_no} is forgotten: {other:?}"),
        }
        Ok(())
    }

    pub fn check(&self) -> Checked {
        let replayed = Payment::replay(self.payment.id, self.journal.clone());
        prop_assert_eq!(replayed.as_ref(), Some(&self.payment), "another process would see another payment");
        // A customer pays with a card of their own.
        if let (Some(payer), Some(instrument)) = (&self.payment.payer, &self.payment.instrument) {
            prop_assert_eq!(payer.id.uuid().as_u128(), instrument.id.uuid().as_u128() / 10);
        }
        let bounded = self.payment.verifications <= MAX_VERIFICATIONS
            && self.payment.refused_verifications <= MAX_REFUSED_VERIFICATIONS
            && self.payment.wrong_confirms <= MAX_CONFIRM_ATTEMPTS
            && (self.payment.wrong_confirms < MAX_CONFIRM_ATTEMPTS || self.payment.status == Status::Aborted);
        prop_assert!(bounded, "more attempts than there are");
        self.check_due()?;
        self.check_ledger()?;
        self.check_truth()
    }

    /// Whatever is owed, somebody will look at it; and where there is nobody to ask, a person is waited for.
    fn check_due(&self) -> Checked {
        let (payment, Policy { resolves, refunds, .. }) = (&self.payment, self.policy.clone());
        let mut owed = vec![];
        if payment.status == Status::InVerificate {
            owed.push(payment.verification_look_at);
        }
        match payment.authorization {
            Authorization::Requested { look_at, .. } => owed.push(Some(look_at)),
            Authorization::Unknown { next_at, .. } | Authorization::Reversing { next_at, .. } if resolves => {
                owed.push(next_at);
            }
            Authorization::Unknown { next_at, .. } | Authorization::Reversing { next_at, .. } => {
                prop_assert_eq!(next_at, None, "who would be asked?");
            }
            _ if !payment.status.is_final() => owed.push(Some(payment.order.expires_at)),
            _ => {}
        }
        for refund in &payment.refunds {
            match refund.state {
                RefundState::Requested { look_at } => owed.push(Some(look_at)),
                RefundState::Unknown { next_at, .. } if refunds => owed.push(next_at),
                RefundState::Unknown { next_at, .. } => prop_assert_eq!(next_at, None, "who would be asked?"),
                RefundState::Done { .. } | RefundState::Failed(_) => {}
            }
            prop_assert_eq!(payment.is_under_way(Operation::Refund(refund.cancel_no)), refund.due_at().is_some());
        }
        prop_assert!(owed.iter().all(Option::is_some), "owed, and nobody will look: {payment:?}");
        prop_assert_eq!(payment.due_at(), owed.into_iter().flatten().min());
        prop_assert_eq!(payment.is_at_rest(), payment.due_at().is_none());
        let manual = payment.doubts().any(|doubt| doubt.refund.is_none() && doubt.state == Resolving::Manual);
        let open = payment.authorization.is_open() && !manual;
        prop_assert_eq!(payment.is_under_way(Operation::Authorization), open);
        Ok(())
    }

    /// The journal, added up without the help of `Payment::apply`.
    fn check_ledger(&self) -> Checked {
        let (mut approved, mut reserved, mut refunded) = (0, 0, 0);
        let (mut open, mut reversing) = (None, false);
        let mut amounts = HashMap::new();
        for (recorded, seq) in self.journal.iter().zip(1..) {
            prop_assert_eq!(recorded.seq, seq);
            match &recorded.event {
                Event::AuthorizationRequested { txn_no, .. } => {
                    prop_assert_eq!((open, approved), (None, 0), "asked for the money twice");
                    open = Some(*txn_no);
                }
                Event::AuthorizationUnknown { txn_no, .. }
                | Event::InquiryRequested { txn_no, .. }
                | Event::InquiryFailed { txn_no, .. } => prop_assert_eq!((open, reversing), (Some(*txn_no), false)),
                Event::ResolvedByHand { txn_no, approved, .. } => {
                    prop_assert_eq!(open, Some(*txn_no));
                    prop_assert!(!approved || !reversing, "charged by hand although a reversal was sent");
                }
                Event::AuthorizationNotSent { txn_no } | Event::Declined { txn_no, .. } => {
                    prop_assert_eq!((open.take(), reversing), (Some(*txn_no), false), "about another authorization");
                }
                Event::Approved { txn_no, .. } => {
                    prop_assert!(!reversing, "approved although a reversal was sent");
                    prop_assert_eq!(open.take(), Some(*txn_no), "about another authorization");
                    approved += 1;
                }
                Event::ReversalRequested { txn_no, .. } => {
                    prop_assert!(open.is_none_or(|own| own == *txn_no) && approved == 0, "reverses another one");
                    (open, reversing) = (Some(*txn_no), true);
                }
                Event::ReversalFailed { txn_no, .. } => prop_assert_eq!((open, reversing), (Some(*txn_no), true)),
                Event::Reversed { txn_no } => prop_assert_eq!(open.take(), Some(*txn_no)),
                Event::LateApproval { txn_no, .. } => {
                    prop_assert!(reversing && open.is_none_or(|own| own == *txn_no), "an approval that is not late");
                }
                Event::RefundRequested { cancel_no, amount, .. } => {
                    prop_assert!(amounts.insert(*cancel_no, amount.minor()).is_none(), "one number, two refunds");
                    reserved += amount.minor();
                }
                Event::RefundSucceeded { cancel_no } => refunded += amounts[cancel_no],
                Event::RefundFailed { cancel_no, .. } => reserved -= amounts[cancel_no],
                _ => {}
            }
            prop_assert!(0 <= refunded && refunded <= reserved && reserved <= approved * PRICE);
        }
        let payment = &self.payment;
        prop_assert_eq!((payment.refunded, payment.reserved), (refunded, reserved));
        prop_assert_eq!(payment.balance(), approved * PRICE - refunded);
        prop_assert_eq!(payment.refundable(), approved * PRICE - reserved);
        prop_assert_eq!((payment.is_charged(), payment.authorization.is_open()), (approved == 1, open.is_some()));
        prop_assert!(!reversing || !matches!(payment.status, Status::Done | Status::PartialCanceled));
        Ok(())
    }

    /// The ledger beside the acquirer's books.
    fn check_truth(&self) -> Checked {
        let (payment, books) = (&self.payment, &self.wire.books);
        prop_assert!(books.approved <= PRICE, "charged twice");
        if let Authorization::Approved { txn_no, .. } = &payment.authorization {
            let is_true = matches!(books.record(*txn_no), Some(Record::Approved { .. }));
            prop_assert!(is_true, "the ledger made money up");
            prop_assert!(payment.refunded <= books.refunded && books.refunded <= payment.reserved);
        } else if !payment.authorization.is_open() {
            prop_assert_eq!(books.held(), 0, "charged, but {}", payment.status);
            let may_charge = self.wire.authorizations().find(|txn_no| self.wire.may_yet_charge(*txn_no));
            prop_assert_eq!(may_charge, None, "may be charged yet, but {}", payment.status);
        }
        let charged = matches!(payment.status, Status::Done | Status::PartialCanceled);
        prop_assert!(!charged || payment.is_charged());
        prop_assert!(charged || payment.status == Status::Canceled || !payment.is_charged());
        Ok(())
    }

    /// Faults have stopped and time has passed.
    pub fn check_end(&self) -> Checked {
        let (payment, held) = (&self.payment, self.wire.books.held());
        prop_assert!(payment.status.is_final(), "stuck in {}", payment.status);
        prop_assert!(!payment.authorization.is_open(), "stuck in {:?}", payment.authorization);
        prop_assert_eq!(payment.resolution(), None);
        prop_assert_eq!(payment.refunds.iter().find(|refund| refund.is_open()), None);
        prop_assert_eq!((payment.balance(), payment.refundable()), (held, held));
        let expected = match held {
            0 => payment.status != Status::Done && payment.status != Status::PartialCanceled,
            PRICE => payment.status == Status::Done,
            _ => payment.status == Status::PartialCanceled,
        };
        prop_assert!(expected, "{} with {held} at the acquirer", payment.status);
        let returned = payment.status == Status::Canceled && payment.is_charged();
        prop_assert_eq!(returned, payment.is_charged() && held == 0, "everything was given back");
        self.check_told()
    }

    /// A shop that was told "unknown" asks again, and gets the result.
    fn check_told(&self) -> Checked {
        let payment = &self.payment;
        let told = |event: &Event| matches!(event, Event::AnswerWithheld | Event::AuthorizationUnknown { .. });
        let was_told = self.journal.iter().any(|recorded| told(&recorded.event));
        let (Some(payment_key), true) = (payment.payment_key, was_told) else { return Ok(()) };
        let confirm =
            Command::Confirm { payment_key, amount: PRICE, txn_no: TxnNo::from(payment_key.payment().uuid()) };
        let answer = decide(payment, &confirm, self.now, &self.policy);
        let expected = match payment.status {
            Status::Done | Status::Aborted => Ok(Step::default()),
            Status::PartialCanceled => Err(Rejection::AlreadyConfirmed),
            Status::Canceled if payment.is_charged() => Err(Rejection::AlreadyConfirmed),
            status => Err(Rejection::Ended(status)),
        };
        prop_assert_eq!(answer, expected);
        Ok(())
    }
}

/// What is said of money was said by somebody who knows.
fn is_proven(event: &Event, command: &Command) -> bool {
    use Command::{AuthorizationEnded, InquiryEnded, RefundEnded, ResolveByHand, ReversalEnded};
    match event {
        Event::Approved { .. } => matches!(
            command,
            AuthorizationEnded { outcome: Outcome::Approved(_), .. }
                | InquiryEnded { outcome: Outcome::Approved(Found::Approved { .. }), .. }
                | ResolveByHand { refund: None, approved: true, .. }
        ),
        Event::Declined { .. } => matches!(
            command,
            AuthorizationEnded { outcome: Outcome::Declined(_), .. }
                | InquiryEnded { outcome: Outcome::Approved(Found::Declined), .. }
        ),
        Event::Reversed { .. } => matches!(
            command,
            ReversalEnded { outcome: Outcome::Approved(()) | Outcome::Declined(Reason::TxnReversed), .. }
                | InquiryEnded { outcome: Outcome::Approved(Found::Reversed), .. }
                | ResolveByHand { refund: None, approved: false, .. }
        ),
        Event::LateApproval { .. } => matches!(command, AuthorizationEnded { outcome: Outcome::Approved(_), .. }),
        Event::AuthorizationNotSent { .. } => matches!(command, AuthorizationEnded { outcome: Outcome::NotSent, .. }),
        Event::RefundSucceeded { .. } => matches!(
            command,
            RefundEnded { outcome: Outcome::Approved(()), .. } | ResolveByHand { refund: Some(_), approved: true, .. }
        ),
        Event::RefundFailed { .. } => matches!(
            command,
            RefundEnded { outcome: Outcome::Declined(_) | Outcome::NotSent, .. }
                | ResolveByHand { refund: Some(_), approved: false, .. }
        ),
        _ => true,
    }
}
