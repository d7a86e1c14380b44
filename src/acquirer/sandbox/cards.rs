//! The cards the sandbox knows: ordinary ones from `config/sandbox-cards.csv`, and special ones, one for
//! each way in which a charge can go wrong.
//!
//! Made-up numbers only. Nothing here is a secret.

use std::{collections::HashMap, sync::LazyLock};

use jiff::Timestamp;

use super::wire::{CardCheck, Refusal};
use crate::vault::{Expiry, Pan};

/// `card_number,expiry,cvc,company` after a line of headings.
static ORDINARY_CARDS: &str = include_str!("../../../config/sandbox-cards.csv");

/// What a card of the sandbox does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Everything works, for every amount.
    Good,
    /// Passes validation (it can be registered) and fails every verification after it.
    FailsVerification,
    /// Approve: 402 `CARD_DECLINED`.
    Declined,
    /// Approve: 402 `LIMIT_EXCEEDED`.
    LimitExceeded,
    /// Approve: 402 `CARD_LOST`.
    Lost,
    /// Approve: processed and answered only after [`SLOW_APPROVAL`](super::SLOW_APPROVAL), whether or not
    /// the caller is still there.
    Slow,
    /// Approve: not processed, never answered.
    DeadBefore,
    /// Approve: processed, never answered.
    DeadAfter,
    /// Approve: processed, answered 200 with a body nobody can read.
    Garbage,
    /// Approve: not processed, answered 500.
    ErrorBefore,
    /// Approve: processed, answered 500.
    ErrorAfter,
}

impl Behaviour {
    /// The refusal that this card's approvals end with.
    pub(super) const fn refusal(self) -> Option<Refusal> {
        match self {
            Behaviour::FailsVerification => Some(Refusal::CardNotValid),
            Behaviour::Declined => Some(Refusal::CardDeclined),
            Behaviour::LimitExceeded => Some(Refusal::LimitExceeded),
            Behaviour::Lost => Some(Refusal::CardLost),
            Behaviour::Good
            | Behaviour::Slow
            | Behaviour::DeadBefore
            | Behaviour::DeadAfter
            | Behaviour::Garbage
            | Behaviour::ErrorBefore
            | Behaviour::ErrorAfter => None,
        }
    }
}

/// A card to try something out with.
#[derive(Debug, Clone, Copy)]
pub struct SpecialCard {
    pub number: &'static str,
    pub expiry: &'static str,
    pub cvc: &'static str,
    pub company: &'static str,
    pub behaviour: Behaviour,
    /// What happens, in a sentence for the documentation.
    pub effect: &'static str,
}

const fn special(
    number: &'static str,
    company: &'static str,
    behaviour: Behaviour,
    effect: &'static str,
) -> SpecialCard {
    SpecialCard { number, expiry: "12/39", cvc: "000", company, behaviour, effect }
}

/// All good until the end of 2039. The first one is the demo customer's.
pub const SPECIAL_CARDS: &[SpecialCard] = &[
    special("9999-0000-0000-0001", "국민", Behaviour::Good, "Always works."),
    special("9999-0000-0000-0002", "신한", Behaviour::Good, "Always works."),
    special("9999-0000-0000-0003", "현대", Behaviour::Good, "Always works."),
    special("9999-0000-0000-0004", "카카오뱅크", Behaviour::Good, "Always works."),
    special(
        "9999-0000-0000-0101",
        "삼성",
        Behaviour::FailsVerification,
        "Can be registered, but fails when the customer approves (CARD_NOT_VALID); the payment stays open.",
    ),
    special("9999-0000-0000-0102", "롯데", Behaviour::Declined, "Declined at the charge (CARD_DECLINED)."),
    special("9999-0000-0000-0103", "하나", Behaviour::LimitExceeded, "Declined: over its limit (LIMIT_EXCEEDED)."),
    special("9999-0000-0000-0104", "우리", Behaviour::Lost, "Declined: reported lost (CARD_LOST)."),
    special("9999-0000-0000-0201", "비씨", Behaviour::Slow, "Charged and answered only after three seconds."),
    special("9999-0000-0000-0202", "NH", Behaviour::DeadBefore, "Not charged, and no answer ever comes."),
    special("9999-0000-0000-0203", "씨티", Behaviour::DeadAfter, "Charged, but no answer ever comes."),
    special("9999-0000-0000-0204", "제주", Behaviour::Garbage, "Charged, but the answer cannot be read."),
    special("9999-0000-0000-0205", "전북", Behaviour::ErrorBefore, "Not charged, answered with a server error."),
    special("9999-0000-0000-0206", "수협", Behaviour::ErrorAfter, "Charged, but answered with a server error."),
];

/// One card of the network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Card {
    pub expiry: &'static str,
    pub cvc: &'static str,
    pub company: &'static str,
    pub behaviour: Behaviour,
}

/// By number, grouped in fours.
static CARDS: LazyLock<HashMap<&'static str, Card>> = LazyLock::new(|| {
    let ordinary = ORDINARY_CARDS.lines().skip(1).filter_map(|line| {
        let mut fields = line.trim().split(',');
        let (number, expiry, cvc, company) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some((number, Card { expiry, cvc, company, behaviour: Behaviour::Good }))
    });
    let special = SPECIAL_CARDS.iter().map(|card| {
        let SpecialCard { number, expiry, cvc, company, behaviour, effect: _ } = *card;
        (number, Card { expiry, cvc, company, behaviour })
    });
    ordinary.chain(special).collect()
});

/// The card of this number, if the network issued it.
pub(super) fn find(pan: Option<&Pan>) -> Option<Card> {
    CARDS.get(pan?.expose()).copied()
}

impl Card {
    fn is_expired(&self, now: Timestamp) -> bool {
        Expiry::parse(self.expiry).is_ok_and(|expiry| expiry.is_past(now))
    }
}

/// Validate and verify: what is wrong with the card, if anything.
pub(super) fn check(asked: &CardCheck, now: Timestamp) -> Result<(), Refusal> {
    let card = find(asked.pan.as_ref()).ok_or(Refusal::CardNotFound)?;
    if card.expiry != asked.expiry {
        return Err(Refusal::CardWrongExpDate);
    }
    if card.is_expired(now) {
        return Err(Refusal::CardExpired);
    }
    if asked.cvc.as_ref().is_some_and(|cvc| cvc != card.cvc) {
        return Err(Refusal::CardWrongCvc);
    }
    if card.company != asked.company {
        return Err(Refusal::CardWrongCardCompany);
    }
    // With a CVC it is a validation, which such a card passes.
    if asked.cvc.is_none() && card.behaviour == Behaviour::FailsVerification {
        return Err(Refusal::CardNotValid);
    }
    Ok(())
}

/// Approve: what the issuer says, before the network looks at the transaction.
pub(super) fn may_charge(pan: Option<&Pan>, now: Timestamp) -> Result<(), Refusal> {
    let card = find(pan).ok_or(Refusal::CardNotFound)?;
    if card.is_expired(now) {
        return Err(Refusal::CardExpired);
    }
    card.behaviour.refusal().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(number: &str, expiry: &str, cvc: Option<&str>, company: &str) -> CardCheck {
        CardCheck {
            number: number.to_owned(),
            pan: Pan::parse(number).ok(),
            expiry: expiry.to_owned(),
            cvc: cvc.map(str::to_owned),
            company: company.to_owned(),
        }
    }

    #[test]
    fn every_line_of_the_file_is_a_card_and_good_until_its_month_ends() {
        assert_eq!(CARDS.len(), 100 + SPECIAL_CARDS.len());
        for line in ORDINARY_CARDS.lines().skip(1) {
            let [number, expiry, cvc, company] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let month = &expiry[..2];
            let inside: Timestamp = format!("20{}-{month}-28T00:00:00Z", &expiry[3..]).parse().unwrap();
            let after = inside + jiff::SignedDuration::from_hours(24 * 5);
            assert_eq!(check(&asked(number, expiry, Some(cvc), company), inside), Ok(()), "{line}");
            assert_eq!(check(&asked(number, expiry, None, company), after), Err(Refusal::CardExpired), "{line}");
            assert_eq!(may_charge(Pan::parse(number).ok().as_ref(), inside), Ok(()), "{line}");
            assert_eq!(may_charge(Pan::parse(number).ok().as_ref(), after), Err(Refusal::CardExpired), "{line}");
        }
    }

    #[test]
    fn each_wrong_field_has_its_own_refusal() {
        let now: Timestamp = "2026-10-31T14:59:59Z".parse().unwrap();
        let (number, expiry, company) = ("5678-1234-5678-9012", "10/26", "현대");
        let refused = |asked: CardCheck| check(&asked, now).unwrap_err();
        assert_eq!(check(&asked(number, expiry, Some("456"), company), now), Ok(()));
        assert_eq!(check(&asked("5678123456789012", expiry, Some("456"), company), now), Ok(()), "dashes are optional");
        assert_eq!(refused(asked("5678-1234-5678-9013", expiry, Some("456"), company)), Refusal::CardNotFound);
        assert_eq!(refused(asked("no number", expiry, Some("456"), company)), Refusal::CardNotFound);
        assert_eq!(refused(asked(number, "11/26", Some("456"), company)), Refusal::CardWrongExpDate);
        assert_eq!(refused(asked(number, expiry, Some("457"), company)), Refusal::CardWrongCvc);
        assert_eq!(refused(asked(number, expiry, Some("456"), "국민")), Refusal::CardWrongCardCompany);
        assert_eq!(refused(asked(number, expiry, None, "국민")), Refusal::CardWrongCardCompany);
    }

    #[test]
    fn special_cards_are_in_the_format_of_the_vault_and_differ_in_their_last_four() {
        let mut last_four: Vec<&str> = SPECIAL_CARDS.iter().map(|card| &card.number[15..]).collect();
        last_four.sort_unstable();
        last_four.dedup();
        assert_eq!(last_four.len(), SPECIAL_CARDS.len());
        assert!(SPECIAL_CARDS.iter().all(|card| Pan::parse(card.number).unwrap().expose() == card.number));
        assert_eq!(SPECIAL_CARDS[0].behaviour, Behaviour::Good, "the demo customer pays with the first");
    }
}
