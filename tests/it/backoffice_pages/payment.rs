//! One payment: what was tried, and its whole life.

use jiff::{Timestamp, tz::Offset};
use paygate::domain::{Reason, Recorded};
use serde_json::json;

use super::{Browser, Shown, attribute, filled};
use crate::support::{OnRecord, Play, ScriptedAcquirer, TestApp, fresh};

async fn address_of(browser: &Browser, order: &str) -> String {
    let list = browser.get(&format!("/backoffice/payments?key={order}")).await;
    attribute(list.ok().text.split("<td class=\"order\">").nth(1).unwrap(), "href")
}

fn texts(html: &str) -> String {
    let texts = html.split('<').filter_map(|tag| tag.split_once('>').map(|(_, text)| text.trim()));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The lines of the table of attempts, without their times and numbers.
fn attempts(shown: &Shown) -> Vec<String> {
    let table = shown.ok().text.split("<table class=\"attempts").nth(1).unwrap().split("</table>").next().unwrap();
    let cell = |line: &str, class: &str| {
        let cell = line.split(&format!("<td class=\"{class}\"")).nth(1).unwrap();
        texts(&format!("<{}", cell.split("</td>").next().unwrap()))
    };
    let lines = table.split("<tr>").skip(2);
    lines.map(|line| ["what", "result", "reason"].map(|class| cell(line, class)).join(" | ")).collect()
}

/// The moments of the timeline: what, who and when.
fn moments(shown: &Shown) -> Vec<(String, String, String)> {
    let moments = shown.ok().text.split("<p class=\"moment-head\">").skip(1);
    let between =
        |html: &str, start: &str, end: &str| html.split(start).nth(1).unwrap().split(end).next().unwrap().to_owned();
    let moment = |html: &str| {
        let who = between(html, "<span class=\"small quiet\">", "</span>");
        (between(html, "<strong>", "</strong>"), who, between(html, "<time>", "</time>"))
    };
    moments.map(moment).collect()
}

async fn journal(app: &TestApp, href: &str) -> Vec<Recorded> {
    let id = href.rsplit('/').next().unwrap().parse().unwrap();
    app.inside(async move |app| app.store.events_after(id, 0).await.unwrap()).await
}

#[tokio::test]
async fn every_attempt_is_told_with_its_result_those_that_failed_above_all() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| ()).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let english = browser.clone().english();
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let href = address_of(&browser, &order).await;
    browser.get(&href).await.says("아직 시도가 없습니다.");
    acquirer.on_verify(Play::Decline(Reason::CardExpired));
    for _ in 0..2 {
        assert_ne!(customer.approve(&token).await.status, 200);
    }
    browser.get(&href).await.says("카드 확인이 3번 더 거절되면");
    english.get(&href).await.says("Refusals of the card check until the payment fails: 3");
    acquirer.on_verify(Play::Approve);
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    let confirm = |amount: i64| shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": amount }));
    assert_eq!(confirm(14_000).await.status, 400);
    english.get(&href).await.says("Confirmations with another amount until the payment fails: 9");
    acquirer.on_authorize(Play::DECLINE);
    confirm(15_000).await.refused(402, "CARD_DECLINED");
    let shown = browser.get(&href).await;
    assert_eq!(
        attempts(&shown),
        [
            "카드 확인 | 거절 | 유효기간이 지난 카드입니다.",
            "카드 확인 | 거절 | 유효기간이 지난 카드입니다.",
            "카드 확인 | 통과 | ",
            "확정 요청 | 거절 | 다른 금액: 14,000원",
            "승인 | 거절 | 카드사에서 승인을 거절했습니다.",
        ]
    );
    assert_eq!(
        attempts(&english.get(&href).await),
        [
            "Card check | Refused | The card has expired.",
            "Card check | Refused | The card has expired.",
            "Card check | Passed | ",
            "Confirmation | Refused | Another amount: ₩14,000",
            "Charge | Refused | The card company declined.",
        ]
    );
    shown.says("****-****-****-0001").says("아직 오간 돈이 없습니다.").hides("번 더");
    let txn_no = acquirer.authorized().keys().next().unwrap().to_string();
    shown.says(&format!("<code class=\"code\">{txn_no}</code>"));
    app.stop().await;
}

#[tokio::test]
async fn the_timeline_is_the_journal_in_words() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|settings| settings.resolution.inquiry_every_ms = 20);
    let app = app.acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    acquirer.on_verify(Play::DECLINE);
    assert_ne!(customer.approve(&token).await.status, 200);
    acquirer.on_verify(Play::Approve);
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    let confirm = |amount: i64| shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": amount }));
    assert_eq!(confirm(14_000).await.status, 400);
    acquirer.on_authorize(Play::Unknown);
    acquirer.on_record(OnRecord::Charged);
    confirm(15_000).await.data();
    let href = address_of(&browser, &order).await;
    let refund = format!("{href}/refund");
    let form = browser.form(&refund, &refund).await;
    let typed = [("amount", "5000"), ("reason", "교환"), ("sure", "yes")];
    assert_eq!(browser.post(&refund, &filled(&form, &typed)).await.status, 303);
    let life = [
        ("created", "결제 요청", "상점 서버"),
        ("claimed", "고객이 결제를 시작", "고객"),
        ("verification_started", "카드 확인 요청", "고객"),
        ("verification_failed", "카드 확인 실패", "Paygate"),
        ("verification_started", "카드 확인 요청", "고객"),
        ("verification_passed", "고객 승인 완료", "Paygate"),
        ("confirm_refused", "금액이 다른 확정 요청을 거절", "상점 서버"),
        ("authorization_requested", "카드사에 승인 요청", "상점 서버"),
        ("authorization_unknown", "승인 결과를 알 수 없음", "Paygate"),
        ("inquiry_requested", "카드사에 승인 결과 조회", "Paygate"),
        ("approved", "카드사 승인", "Paygate"),
        ("refund_requested", "카드사에 환불 요청", "백오피스"),
        ("refund_succeeded", "환불 완료", "Paygate"),
    ];
    let journal = journal(&app, &href).await;
    assert_eq!(journal.iter().map(|event| event.event.kind()).collect::<Vec<_>>(), life.map(|(kind, ..)| kind));
    let seoul = |at: Timestamp| Offset::constant(9).to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let expected = life
        .iter()
        .zip(&journal)
        .map(|((_, what, who), event)| ((*what).to_owned(), (*who).to_owned(), seoul(event.at)));
    let shown = browser.get(&href).await;
    assert_eq!(moments(&shown), expected.collect::<Vec<_>>());
    let tried = attempts(&shown);
    assert_eq!(tried[3..], ["승인 | 알 수 없음 | ", "승인 조회 | 승인됨 | ", "환불 | 환불됨 | "], "{tried:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_long_life_is_shown_part_by_part_and_whole() {
    let app = TestApp::with(|_| ()).acquirer(ScriptedAcquirer::new()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = shop.paid_by(&customer, 100_000).await;
    for i in 0..30 {
        shop.cancel(&paid.key, &json!({ "amount": 1_000 + i })).await.data();
    }
    let browser = Browser::of(&app, &shop).await;
    let href = address_of(&browser, &paid.order).await;
    let journal = journal(&app, &href).await;
    let (mut next, mut shown, mut moves, mut tried) = (Some(href.clone()), Vec::new(), 0, 0);
    while let Some(path) = next {
        let page = browser.get(path.split('#').next().unwrap()).await;
        assert!(moments(&page).len() <= 20);
        shown.splice(0..0, moments(&page));
        moves +=
            page.text.split("<ul class=\"moves\">").nth(1).map_or(0, |list| list.matches("<strong class=").count());
        tried += attempts(&page).len();
        let earlier = page.text.split("<a ").find(|tag| tag.contains("더 보기"));
        next = earlier.map(|tag| attribute(tag, "href"));
        assert_eq!(page.text.contains("최근 기록 보기"), path != href, "the way back");
    }
    assert_eq!(shown.len(), journal.len());
    assert_eq!(shown[0].0, "결제 요청");
    assert_eq!((moves, tried), (31, 32), "a charge and its refunds; a check of the card before them");
    browser.get(&format!("{href}?before=1")).await.ok().says("환불 완료");
    browser.get(&format!("{href}?before=x")).await.ok().says("환불 완료");
    app.stop().await;
}

#[tokio::test]
async fn a_card_that_nobody_could_be_asked_about_was_refused_by_nobody() {
    let acquirer = ScriptedAcquirer::new();
    let app = TestApp::with(|_| ()).acquirer(acquirer.clone()).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let browser = Browser::of(&app, &shop).await;
    let order = fresh("order");
    let token = shop.token_of(15_000, &order).await;
    let href = address_of(&browser, &order).await;
    acquirer.on_verify(Play::NotSent);
    assert_eq!(customer.approve(&token).await.status, 503);
    let shown = browser.get(&href).await;
    let [attempt] = attempts(&shown).try_into().unwrap();
    assert!(attempt.contains("| 답 없음 |"), "{attempt}");
    shown.hides("번 더 거절되면");
}
