//! Money in doubt, and the decision about it.

use super::{Browser, Shown, attribute, filled, payments::orders};
use crate::support::{Play, ScriptedAcquirer, Setup, TestApp, eventually};

const PAGE: &str = "/backoffice/doubts";

fn impatient() -> Setup {
    TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 300;
        settings.resolution.inquiry_every_ms = 20;
        settings.resolution.inquiry_for_ms = 60_000;
        settings.resolution.retry_after_ms = vec![60_000];
    })
}

/// The form that decides about something on the page.
fn action(text: &str) -> String {
    let start = text.find("action=\"/backoffice/doubts/").expect("a form that decides");
    super::attribute(&text[start..], "action")
}

#[tokio::test]
async fn what_resolves_itself_is_told_and_asks_nobody() {
    let acquirer = ScriptedAcquirer::new();
    let app = impatient().acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    browser.get(PAGE).await.ok().says("확인이 필요한 돈이 없습니다.");
    let approved = app.approved_payment(&shop, &customer).await;
    acquirer.on_authorize(Play::Unknown);
    shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let paid = {
        acquirer.on_authorize(Play::Approve);
        app.done_payment(&shop, &customer).await
    };
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&paid.key, &serde_json::json!({ "amount": 700 })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let shown = browser.get(PAGE).await;
    shown
        .ok()
        .says("카드사에 승인 결과를 묻고 있습니다.")
        .says("같은 번호로 환불을 다시 요청하고 있습니다.")
        .says("700원");
    shown.hides("결과 기록").says("data-part=\"count\">2</span>");
    let list = browser.get("/backoffice/payments").await;
    list.says("확인 필요</span>");
    // Each by itself, and in the list of all such payments.
    let of = |shown: &Shown| shown.ok().text.matches("<section class=\"card stack doubt\">").count();
    let href = attribute(list.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    let one = browser.get(&href).await;
    let link = one.text.split("<a ").find(|tag| tag.contains("확인 필요</a>")).unwrap();
    let one = browser.get(&attribute(link, "href")).await;
    assert_eq!((of(&one), of(&shown)), (1, 2));
    one.says("700원");
    app.done_payment(&shop, &customer).await;
    for (query, expected) in [
        ("", vec![&paid.order, &approved.order]),
        ("&sort=oldest", vec![&approved.order, &paid.order]),
        ("&sort=highest&min=15000", vec![&paid.order, &approved.order]),
        ("&type=payment", vec![&paid.order]),
        ("&name=%EC%BB%A4%ED%94%BC&method=card", vec![&paid.order, &approved.order]),
    ] {
        let list = browser.get(&format!("/backoffice/payments?status=IN_DOUBT{query}")).await;
        assert_eq!(orders(&list).iter().collect::<Vec<_>>(), expected, "{query}");
        list.says("<option value=\"IN_DOUBT\" selected>확인 필요</option>");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_person_decides_once_with_a_note_about_ones_own_money() {
    for (answer, state, told) in [("yes", "DONE", "카드사가 처리함"), ("no", "ABORTED", "카드사가 처리하지 않음")]
    {
        let acquirer = ScriptedAcquirer::old_fashioned();
        let app = impatient().acquirer(acquirer.clone()).start().await;
        let (shop, customer) = app.shop_and_customer().await;
        let approved = app.approved_payment(&shop, &customer).await;
        acquirer.on_authorize(Play::Unknown);
        shop.confirm_of(&approved).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
        let browser = Browser::of(&app, &shop).await;
        let page = browser.get(PAGE).await;
        let action = action(&page.text);
        let form = page.says("카드사에 물어볼 방법이 없습니다.").form(&action);
        let (other, _) = Browser::with_shop(&app).await;
        let csrf = other.form("/backoffice/", "/backoffice/sign-out").await;
        let decision = [("approved", answer), ("note", "콜센터 <김>"), ("sure", "yes")];
        other.get(PAGE).await.hides(&approved.order);
        assert_eq!(other.post(&action, &filled(&csrf, &decision)).await.status, 404);
        for (missing, problem) in
            [("approved", "하나를 선택해 주세요"), ("note", "필수 값입니다"), ("sure", "확인란을 선택해 주세요")]
        {
            let typed: Vec<_> = decision.iter().copied().filter(|(name, _)| *name != missing).collect();
            let refused = browser.post(&action, &filled(&form, &typed)).await;
            assert_eq!(refused.status, 400);
            refused.says(problem);
        }
        assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
        browser.post(&action, &filled(&form, &decision)).await.leads_to("/backoffice/doubts?done=recorded");
        assert_eq!(shop.state(&approved.order).await, state);
        let again = browser.post(&action, &filled(&form, &decision)).await;
        assert_eq!(again.status, 409);
        again.says("확인을 기다리는 결제가 아닙니다.");
        let path = action.replace("/doubts/", "/payments/");
        browser.get(&path).await.says(told).says("콜센터 &#60;김&#62;").says("사람이 승인 결과를 확정");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_refund_that_waits_for_a_person_is_decided_by_its_number() {
    let acquirer = ScriptedAcquirer::new();
    let app = impatient()
        .with(|settings| settings.resolution.retry_after_ms = vec![20])
        .acquirer(acquirer.clone())
        .start()
        .await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    acquirer.on_refund(Play::Unknown);
    for amount in [300, 400] {
        shop.cancel(&paid.key, &serde_json::json!({ "amount": amount })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    }
    acquirer.take_no_refunds();
    let browser = Browser::of(&app, &shop).await;
    let waiting = async || browser.get(PAGE).await.text.matches("action=\"/backoffice/doubts/").count() >= 2;
    eventually("both wait for a person", waiting).await;
    let page = browser.get(PAGE).await;
    let action = action(&page.text);
    let decision = [("approved", "yes"), ("note", "전표 확인"), ("sure", "yes")];
    browser.post(&action, &filled(&page.form(&action), &decision)).await.leads_to("/backoffice/doubts?done=recorded");
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 14_700);
    browser.get(PAGE).await.says("400원").hides("300원");
    app.stop().await;
}
