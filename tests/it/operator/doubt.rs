//! `paygate doubt`: what is no decision changes nothing.

use crate::support::{Approved, Play, ScriptedAcquirer, Shop, TestApp};

use super::{beside, strange_keys};

/// A charge that waits for a person.
async fn waiting() -> (TestApp, Shop, Approved) {
    let acquirer = ScriptedAcquirer::old_fashioned();
    let app = TestApp::with(|settings| settings.payment.answer_budget_ms = 300).acquirer(acquirer.clone());
    let app = app.start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    (app, shop, approved)
}

#[tokio::test]
async fn a_decision_about_a_payment_that_is_not_there_is_refused() {
    let (app, shop, approved) = waiting().await;
    let [nonsense, of_nothing, guessed] = strange_keys(&approved.key);
    for (key, why) in [(nonsense, "not a payment key"), (of_nothing, "no such payment"), (guessed, "no such payment")] {
        let ran = beside(&app, &["doubt", "resolve", &key, "--approved", "--note", "전화 확인"]).await;
        assert!(ran.refused(1).contains(why), "{ran:?}");
    }
    assert_eq!(shop.payment(&approved.key).await.data()["resolution"]["state"], "MANUAL");
}

#[tokio::test]
async fn a_decision_without_a_reason_or_without_a_decision_is_refused() {
    let (app, shop, approved) = waiting().await;
    let resolve = ["doubt", "resolve", approved.key.as_str()];
    for (rest, code, why) in [
        (&["--approved", "--note", ""][..], 1, "note"),
        (&["--approved", "--note", " \t "], 1, "note"),
        (&["--reversed", "--note", "a\u{7}b"], 1, "note"),
        (&["--approved"], 2, "--note"),
        (&["--note", "전화 확인"], 2, "--approved"),
        (&["--approved", "--reversed", "--note", "전화 확인"], 2, "--reversed"),
        (&["--approved", "--note", "전화 확인", "--refund", "x"], 1, ""),
    ] {
        let ran = beside(&app, &[&resolve, rest].concat()).await;
        assert!(ran.refused(code).contains(why), "{rest:?}: {ran:?}");
    }
    assert_eq!(shop.payment(&approved.key).await.data()["resolution"]["state"], "MANUAL", "it still waits");
    let ran = beside(&app, &[&resolve[..], &["--approved", "--note", "전화 확인"]].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(shop.state(&approved.order).await, "DONE");
}
