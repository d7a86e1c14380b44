//! Giving money back from a form.

use std::sync::Arc;

use super::{Browser, attribute, filled};
use crate::support::{Approved, Play, ScriptedAcquirer, Setup, Shop, TestApp, fresh};

struct Desk {
    app: TestApp,
    acquirer: Arc<ScriptedAcquirer>,
    browser: Browser,
    shop: Shop,
    paid: Approved,
    /// Where the payment's pages are.
    href: String,
}

async fn desk(acquirer: Arc<ScriptedAcquirer>) -> Desk {
    patient_desk(acquirer, 300).await
}

async fn patient_desk(acquirer: Arc<ScriptedAcquirer>, budget_ms: u64) -> Desk {
    let setup: Setup = TestApp::with(move |settings| {
        settings.payment.answer_budget_ms = budget_ms;
        settings.resolution.retry_after_ms = vec![20];
    });
    let app = setup.acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let browser = Browser::of(&app, &shop).await;
    let list = browser.get("/backoffice/payments").await;
    let href = attribute(list.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    Desk { app, acquirer, browser, shop, paid, href }
}

impl Desk {
    fn action(&self) -> String {
        format!("{}/refund", self.href)
    }

    async fn form(&self) -> Vec<(String, String)> {
        self.browser.form(&self.action(), &self.action()).await
    }
}

const PART: [(&str, &str); 3] = [("amount", "5,000원"), ("reason", "사이즈 교환"), ("sure", "yes")];

#[tokio::test]
async fn a_form_sent_many_times_is_one_refund() {
    let desk = desk(ScriptedAcquirer::new()).await;
    let form = desk.form().await;
    let fields = filled(&form, &PART);
    let action = desk.action();
    let sends = (0..8).map(|_| desk.browser.post(&action, &fields));
    let answers = futures_util::future::join_all(sends).await;
    let there = answers[0].header("location").to_owned();
    assert!(there.starts_with(&format!("{}?refund=", desk.href)));
    for answer in &answers {
        answer.leads_to(&there);
    }
    assert_eq!(desk.acquirer.refunded(), [5_000]);
    let shown = desk.browser.get(&there).await;
    shown.says("5,000원을 돌려주었습니다.").says("사이즈 교환").says("부분 취소").says("백오피스");
    // Another form is another refund; the rest this time.
    let form = desk.form().await;
    let rest = [("amount", "10000"), ("reason", "고객 변심"), ("sure", "yes")];
    assert_eq!(desk.browser.post(&action, &filled(&form, &rest)).await.status, 303);
    assert_eq!(desk.shop.state(&desk.paid.order).await, "CANCELED");
    desk.browser.get(&action).await.ok().says("돌려줄 수 있는 금액이 없습니다.");
    desk.app.stop().await;
}

#[tokio::test]
async fn a_form_sent_again_with_another_amount_is_no_second_refund() {
    let desk = desk(ScriptedAcquirer::new()).await;
    let form = desk.form().await;
    assert_eq!(desk.browser.post(&desk.action(), &filled(&form, &PART)).await.status, 303);
    for changed in [("amount", "3000"), ("reason", "다른 사유")] {
        let mut fields = filled(&form, &PART);
        fields.iter_mut().filter(|(name, _)| *name == changed.0).for_each(|pair| pair.1 = changed.1);
        let shown = desk.browser.post(&desk.action(), &fields).await;
        assert_eq!(shown.status, 400);
        shown.says("이미 다른 금액이나 사유로 보냈습니다");
        let fresh = shown.form(&desk.action());
        assert_ne!(fresh, form, "what is sent next is another refund");
    }
    assert_eq!(desk.acquirer.refunded(), [5_000]);
    desk.app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_refund_is_named_and_nothing_happens() {
    let desk = desk(ScriptedAcquirer::new()).await;
    let long = "가".repeat(201);
    for (field, value, status, told) in [
        ("amount", "0", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "-5", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "1.5", 400, "1원 이상의 정수여야 합니다"),
        // One may mean one and a half, or have missed a key: neither is 15 won.
        ("amount", "1,5", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "9,00", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "1 000", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "1,0000", 400, "1원 이상의 정수여야 합니다"),
        ("amount", "15001", 409, "취소 가능 금액을 초과했습니다"),
        ("balance", "1", 409, "취소 가능 금액이 예상과 다릅니다"),
        ("reason", " ", 400, "필수 값입니다"),
        ("reason", &long, 400, "200자 이하여야 합니다"),
        ("sure", "", 400, "확인란을 선택해 주세요"),
    ] {
        let form = desk.form().await;
        let mut typed = PART.to_vec();
        typed.retain(|(name, _)| *name != field);
        typed.push((field, value));
        let shown = desk.browser.post(&desk.action(), &filled(&form, &typed)).await;
        assert_eq!(shown.status, status, "{field} {value}");
        shown.says(told);
    }
    assert!(desk.acquirer.refunded().is_empty());
    desk.app.stop().await;
}

#[tokio::test]
async fn an_unknown_outcome_is_told_as_one_until_it_is_known() {
    let desk = desk(ScriptedAcquirer::new()).await;
    desk.acquirer.on_refund(Play::Unknown);
    let form = desk.form().await;
    let there = desk.browser.post(&desk.action(), &filled(&form, &PART)).await.header("location").to_owned();
    desk.browser
        .get(&there)
        .await
        .says("아직 답하지 않아 5,000원을 돌려주었는지 알 수 없습니다")
        .hides("돌려주었습니다.");
    // The same form again waits for the same refund.
    desk.browser.post(&desk.action(), &filled(&form, &PART)).await.leads_to(&there);
    let seq = async || desk.browser.get(&format!("{}/seq", desk.href)).await.ok().text.clone();
    let before = seq().await;
    assert!(desk.browser.get(&there).await.text.contains("data-seq"), "the page waits for what comes");
    desk.acquirer.on_refund(Play::Approve);
    let known = async || desk.browser.get(&there).await.text.contains("5,000원을 돌려주었습니다.");
    crate::support::eventually("the refund is known", known).await;
    assert_ne!(seq().await, before);
    assert_eq!(desk.acquirer.refunded(), [5_000]);
    desk.app.stop().await;
}

#[tokio::test]
async fn a_refusal_and_a_request_that_was_never_sent_are_told_apart() {
    let desk = patient_desk(ScriptedAcquirer::new(), 8_000).await;
    for (play, told) in
        [(Play::DECLINE, "카드사에서 취소를 거절했습니다"), (Play::NotSent, "요청이 전달되지 않았습니다")]
    {
        desk.acquirer.on_refund(play);
        let form = desk.form().await;
        let there = desk.browser.post(&desk.action(), &filled(&form, &PART)).await.header("location").to_owned();
        desk.browser.get(&there).await.says(told);
    }
    assert_eq!(desk.shop.state(&desk.paid.order).await, "DONE");
    desk.app.stop().await;
}

#[tokio::test]
async fn a_payment_that_was_not_charged_is_given_up() {
    let desk = desk(ScriptedAcquirer::new()).await;
    let order = fresh("order");
    desk.shop.token_of(1_000, &order).await;
    let list = desk.browser.get(&format!("/backoffice/payments?key={order}")).await;
    let href = attribute(list.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    let action = format!("{href}/cancel");
    let form = desk.browser.form(&format!("{href}/refund"), &action).await;
    let fields = filled(&form, &[("reason", "품절"), ("sure", "yes")]);
    desk.browser.post(&action, &fields).await.leads_to(&href);
    desk.browser.get(&href).await.says("취소됨").says("품절");
    // What was given up cannot be given up again.
    let again = desk.browser.post(&action, &fields).await;
    assert_eq!(again.status, 409);
    again.says("취소된 결제입니다.");
    desk.app.stop().await;
}
