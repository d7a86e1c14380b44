//! What answers mean to those who hear them.

use serde_json::json;

use super::super::{
    memory::{Refund, Story, Told, Word},
    wire::Heard,
};

fn no(status: u16, code: &str, outcome: &str) -> Heard {
    Heard::No { status, code: code.to_owned(), outcome: outcome.to_owned() }
}

fn confirmed(answers: &[Heard]) -> (Vec<Told>, Option<bool>) {
    let mut story = Story::new(String::new(), 0);
    story.hear_confirms(answers);
    (story.told, story.is_confirm_open)
}

#[test]
fn an_answer_to_a_confirm_commits_the_server_to_what_it_says() {
    let unknown = || no(504, "PAYMENT_OUTCOME_UNKNOWN", "unknown");
    let not_sent = || no(503, "CARD_NETWORK_UNAVAILABLE", "not_sent");
    let done = || Heard::Yes(json!({ "status": "DONE" }));
    for (answers, told, is_open) in [
        (vec![done()], vec![Told::Charged], false),
        (vec![no(409, "ALREADY_CONFIRMED", "none")], vec![Told::Charged], false),
        (vec![no(402, "CARD_DECLINED", "declined")], vec![Told::Declined], false),
        (vec![no(409, "PAYMENT_CANCELED", "none")], vec![Told::Ended("CANCELED")], false),
        (vec![no(400, "WRONG_AMOUNT", "none")], vec![], false),
        (vec![not_sent()], vec![], false),
        (vec![unknown()], vec![], true),
        (vec![Heard::Nothing], vec![], true),
        (vec![no(409, "IDEMPOTENCY_KEY_IN_USE", "none")], vec![], true),
        (vec![no(500, "INTERNAL_ERROR", "none")], vec![], true),
        (vec![not_sent(), Heard::Nothing], vec![], true),
        (vec![done(), unknown()], vec![Told::Charged], true),
    ] {
        assert_eq!(confirmed(&answers), (told, Some(is_open)), "{answers:?}");
    }
}

#[test]
fn a_refund_may_be_done_unless_its_last_word_was_no() {
    let word = |heard: &Heard| Word::of_refund(heard);
    let done = word(&Heard::Yes(json!({ "id": "a", "amount": -300 })));
    assert_eq!(done, Word::Done { id: "a".to_owned(), amount: -300 });
    let refused = word(&no(409, "EXCEEDS_BALANCE", "declined"));
    assert_eq!((refused.clone(), word(&no(503, "OVERLOADED", "not_sent"))), (Word::Refused, Word::Refused));
    let open = word(&Heard::Nothing);
    for heard in [no(504, "PAYMENT_OUTCOME_UNKNOWN", "unknown"), no(409, "IDEMPOTENCY_KEY_IN_USE", "none")] {
        assert_eq!(word(&heard), open);
    }
    for (answers, may_be_done) in [
        (vec![vec![open.clone()], vec![refused.clone()]], false),
        (vec![vec![refused.clone()], vec![open]], true),
        (vec![vec![done], vec![refused]], true),
    ] {
        assert_eq!(Refund { answers }.may_be_done(), may_be_done);
    }
}
