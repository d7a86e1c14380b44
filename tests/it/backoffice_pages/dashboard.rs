//! How business goes, and the file for spreadsheets.

use serde_json::json;

use super::Browser;
use crate::support::{ScriptedAcquirer, Shop, TestApp, TestClock, fresh, spawn_app};

const HOME: &str = "/backoffice/";
const CSV: &str = "/backoffice/payments.csv";
const XLSX: &str = "/backoffice/payments.xlsx";

#[tokio::test]
async fn days_are_those_of_seoul_and_sums_are_those_of_ones_own_money() {
    let clock = TestClock::at("2026-11-21T14:00:00Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|settings| settings.auth.access_token_s = 10_000_000).clock(&clock);
    let app = app.acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    // 23:00 on the 21st, then 00:00 on the 22nd in Seoul.
    let yesterday = shop.paid_by(&customer, 30_000).await;
    clock.set("2026-11-21T15:00:00Z");
    shop.cancel(&yesterday.key, &json!({ "amount": 1_000 })).await.data();
    let today = shop.paid_by(&customer, 20_000).await;
    shop.cancel(&today.key, &json!({ "amount": 500 })).await.data();
    shop.token_of(9_999, &fresh("order")).await;
    let given_up = fresh("order");
    shop.token_of(1, &given_up).await;
    shop.cancel_order(&given_up, &json!({})).await.data();
    let other = app.shop().await;
    other.paid_by(&customer, 77_777).await;
    let browser = Browser::of(&app, &shop).await;
    let shown = browser.get(HOME).await;
    let periods: Vec<_> = shown.ok().text.split("<section class=\"card period\">").skip(1).collect();
    let figures = |html: &str| -> Vec<String> {
        html.split("<dd class=\"number\">")
            .skip(1)
            .take(5)
            .map(|dd| dd.split('<').next().unwrap().trim().to_owned())
            .collect()
    };
    assert_eq!(figures(periods[0]), ["18,500원", "20,000원", "−500원", "−1,000원", "50%"]);
    assert_eq!(figures(periods[1]), ["48,500원", "50,000원", "−500원", "−1,000원", "66.6%"]);
    shown
        .says("2026-11-21&#10;승인 30,000원 (1)")
        .says("2026-11-22&#10;승인 20,000원 (1)&#10;취소·환불 1,500원")
        .hides("77,777");
    // The lists go by another day, and say so.
    shown.says("결제 목록은 요청한 날로 나누므로 합계가 다를 수 있습니다.");
    shown.says("<a class=\"small\" href=\"/backoffice/payments?startDate=2026-11-22\">요청된 결제 보기</a>");
    shown.says("가장 많은 날은 2026-11-21, 30,000원입니다.").says("2026-10-24").hides("2026-10-23");
    clock.set("2026-12-21T15:00:00Z");
    Browser::of(&app, &shop).await.get(HOME).await.says("2026-11-23&#10;").hides("2026-11-22&#10;");
    app.stop().await;
}

#[tokio::test]
async fn who_begins_is_told_how() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    browser.get(HOME).await.ok().says("시작하기").says("0원").says("–").says("아직 승인된 결제가 없습니다.");
    browser.get(HOME).await.says("<a href=\"/docs/\">개발자 문서</a>").hides("/api-docs");
    browser.clone().english().get(HOME).await.says("Getting started").says("Last 30 days").says("₩0");
}

#[tokio::test]
async fn the_file_is_what_a_spreadsheet_reads_and_runs_nothing() {
    let clock = TestClock::at("2026-11-22T03:04:05Z");
    let acquirer = ScriptedAcquirer::with_clock(clock.as_clock());
    let app = TestApp::with(|_| ()).clock(&clock).acquirer(acquirer).start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = shop.paid_by(&customer, 15_000).await;
    shop.cancel(&paid.key, &json!({ "amount": 5_000 })).await.data();
    let names = ["=1+1", "+SUM(A1)", "-2", "@cmd|' /C calc'!A0", "a \"b\", c", "＝1+1", "'x", "일반; 주문"];
    let orders: Vec<_> = names.iter().map(|_| fresh("=order")).collect();
    for (name, order) in names.iter().zip(&orders) {
        shop.create(&json!({ "amount": 1_000, "orderId": order, "orderName": name })).await.data();
    }
    let browser = Browser::of(&app, &shop).await;
    let file = browser.get(&format!("{CSV}?sort=oldest")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"paygate-payments-2026-11-22.csv\"");
    let head = "\u{feff}요청 시각(서울),승인 시각(서울),주문번호,주문명,고객,결제 수단,카드사,카드번호,상태,금액,\"취소·환불 금액\",\"남은 금액\",\"결제 키\"";
    let head = head
        .replace("요청 시각(서울)", "\"요청 시각(서울)\"")
        .replace("승인 시각(서울)", "\"승인 시각(서울)\"")
        .replace("결제 수단", "\"결제 수단\"");
    let at = "\"2026-11-22 12:04:05\"";
    let mut expected = vec![
        head,
        format!(
            "{at},{at},{},\"드립 커피 세트\",{},CARD,국민,****-****-****-0001,\"부분 취소\",15000,5000,10000,{}",
            paid.order, customer.email, paid.key
        ),
    ];
    let cells = [
        "\"'=1+1\"",
        "\"'+SUM(A1)\"",
        "\"'-2\"",
        "\"'@cmd|' /C calc'!A0\"",
        "\"a \"\"b\"\", c\"",
        "\"'＝1+1\"",
        "\"'x\"",
        "\"일반; 주문\"",
    ];
    for (cell, order) in cells.iter().zip(&orders) {
        expected.push(format!("{at},,\"'{order}\",{cell},,,,,\"결제 대기\",1000,0,0,"));
    }
    assert_eq!(file.text.as_bytes(), format!("{}\r\n", expected.join("\r\n")).as_bytes());
    let english = browser.clone().english().get(&format!("{CSV}?status=DONE")).await;
    assert_eq!(english.text.matches("\r\n").count(), 1, "the head alone");
    assert!(english.text.starts_with("\u{feff}\"Requested (Seoul)\","));
    assert_eq!(browser.get(&format!("{CSV}?min=x")).await.status, 400);
    let (other, _) = Browser::with_shop(&app).await;
    assert_eq!(other.get(CSV).await.text.matches("\r\n").count(), 1);
    assert_eq!(Browser::new(&app).get(CSV).await.status, 303);
    app.stop().await;
}

#[tokio::test]
async fn a_long_file_has_every_row_once_in_order() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let orders: Vec<_> = (0..1_203).map(|i| format!("o-{i:05}")).collect();
    let make = |order: String| {
        let shop = shop.clone();
        async move { shop.create(&Shop::order(1_000, &order)).await.data() }
    };
    for chunk in orders.chunks(50) {
        futures_util::future::join_all(chunk.iter().cloned().map(make)).await;
    }
    let file = browser.get(CSV).await.text;
    let mut found: Vec<_> = file.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().to_owned()).collect();
    assert_eq!(found.len(), orders.len());
    found.sort();
    assert_eq!(found, orders);
    browser.get("/backoffice/payments").await.says("1,000건 이상");
    app.stop().await;
}

/// What a spreadsheet changes when it opens a CSV, and what it would run.
#[tokio::test]
async fn a_workbook_keeps_order_numbers_and_the_csv_keeps_them_plain_and_runs_nothing() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let orders = ["0012", "12345678901234567890", "x;=1-1;y", "1-2", "1e5"];
    for order in orders {
        shop.create(&json!({ "amount": 1_000, "orderId": order, "orderName": "=HYPERLINK(\"x\") <&>" })).await.data();
    }
    let answer = browser.get(&format!("{XLSX}?sort=oldest")).await;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(answer.header("content-type"), kind);
    assert!(answer.header("content-disposition").ends_with(".xlsx\""));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes)).unwrap();
    for part in ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"] {
        archive.by_name(part).unwrap();
    }
    let sheet = std::io::read_to_string(archive.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
    assert_eq!(sheet.matches("<row>").count(), 1 + orders.len());
    for order in orders {
        let cell = format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{order}</t></is></c>"#);
        assert!(sheet.contains(&cell), "{order} is a text: {sheet}");
    }
    assert!(sheet.contains("=HYPERLINK(\"x\") &lt;&amp;&gt;") && sheet.contains("<c><v>1000</v></c>"), "{sheet}");
    assert!(!sheet.contains("<f>"), "no formula");

    let csv = browser.get(&format!("{CSV}?sort=oldest")).await.text;
    let cells: Vec<_> = csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(cells, ["0012", "12345678901234567890", "\"x;'=1-1;y\"", "1-2", "1e5"]);
    assert!(csv.contains("\"'=HYPERLINK(\"\"x\"\") <&>\""), "{csv}");
    let (other, _) = Browser::with_shop(&app).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(other.get(XLSX).await.bytes)).unwrap();
    let sheet = std::io::read_to_string(archive.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
    assert_eq!(sheet.matches("<row>").count(), 1, "the head alone, and nothing of another merchant's");
}

#[tokio::test]
async fn a_file_that_was_sent_gives_its_place_back() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    for _ in 0..20 {
        browser.get(CSV).await.ok();
        browser.get(XLSX).await.ok();
    }
    app.stop().await;
}
