//! Texts that people wrote keep their own direction: an Arabic name beside our digits would otherwise be read in
//! another order than it was written in.

use serde_json::json;

use crate::{
    backoffice_pages::Browser,
    support::{CARDS, Play, ScriptedAcquirer, Shop, TestApp, card, fresh},
};

/// Coffee; it is in everything that a shop or a customer writes here.
const WORD: &str = "قهوة";
const VOID: [&str; 8] = ["meta", "link", "img", "input", "br", "path", "circle", "rect"];

/// How often the word stands on a page, and where it stands in an element whose direction is not its own.
fn stray(page: &str) -> (usize, Vec<String>) {
    let (mut open, mut found, mut stray): (Vec<(String, bool)>, usize, Vec<String>) = (Vec::new(), 0, Vec::new());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        let end = tag.find('>').unwrap();
        let (tag, after) = (&tag[1..end], &tag[end + 1..]);
        if text.contains(WORD) {
            found += 1;
            let is_title = open.last().is_some_and(|(name, _)| name == "title");
            if !is_title && !open.last().is_some_and(|(_, is_auto)| *is_auto) {
                stray.push(format!("{text} in {:?}", open.last()));
            }
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap().to_owned();
        let is_auto = tag.contains("dir=\"auto\"");
        let shows_value = name == "input" && !tag.contains("type=\"hidden\"");
        if shows_value
            && tag.split("value=\"").nth(1).is_some_and(|value| value.split('"').next().unwrap().contains(WORD))
        {
            found += 1;
            if !is_auto {
                stray.push(tag.to_owned());
            }
        }
        if let Some(name) = tag.strip_prefix('/') {
            while open.pop().is_some_and(|(opened, _)| opened != name) {}
        } else if !tag.starts_with('!') && !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push((name, is_auto));
        }
        rest = after;
    }
    (found, stray)
}

#[test]
fn the_test_finds_what_it_looks_for() {
    let pages = [
        (format!("<p>Order {WORD}</p>"), 1, 1),
        (format!("<p>Order <span dir=\"auto\">{WORD}</span></p>"), 1, 0),
        (format!("<p dir=\"auto\"><b>{WORD}</b></p>"), 1, 1),
        (format!("<p><img src=\"x\"><span dir=\"auto\"></span>{WORD}</p>"), 1, 1),
        (format!("<input value=\"{WORD}\"><textarea dir=\"auto\">{WORD}</textarea><title>{WORD}</title>"), 3, 1),
        (format!("<input type=\"hidden\" value=\"{WORD}\"><a title=\"{WORD}\"></a>"), 0, 0),
    ];
    for (page, found, strays) in pages {
        let (all, stray) = stray(&page);
        assert_eq!((all, stray.len()), (found, strays), "{page}");
    }
}

struct Sold {
    app: TestApp,
    browser: Browser,
    shop: Shop,
    token: String,
}

/// A payment with the word wherever it can be, whose second refund is in doubt.
async fn sold() -> Sold {
    let acquirer = ScriptedAcquirer::new();
    let setup = TestApp::with(|settings| {
        settings.payment.answer_budget_ms = 300;
        settings.demo.seed = Some(true);
    });
    let app = setup.acquirer(acquirer.clone()).start().await;
    let shop = Shop::named(&app.http, &format!("{WORD} 24")).await;
    let customer = app.customer().await;
    let mut plastic = card(&CARDS[1]);
    plastic["cardCompany"] = json!(WORD);
    plastic["isRepresentative"] = json!(true);
    customer.add_card(&plastic).await.data();
    let order_id = format!("{WORD}-{}", fresh("order"));
    let order = json!({ "amount": 15_000, "orderId": order_id, "orderName": format!("{WORD} 500 g 2"), "metadata": { "note": WORD } });
    let token = shop.create(&order).await.data()["token"].as_str().unwrap().to_owned();
    let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
    let approved = crate::support::Approved { order: order_id, token: token.clone(), key: key.clone(), amount: 15_000 };
    shop.confirm_of(&approved).await.data();
    shop.cancel(&key, &json!({ "amount": 100, "reason": format!("{WORD} 1") })).await.data();
    acquirer.on_refund(Play::Unknown);
    shop.cancel(&key, &json!({ "amount": 200, "reason": WORD })).await.refused(504, "PAYMENT_OUTCOME_UNKNOWN");
    let browser = Browser::of(&app, &shop).await;
    Sold { app, browser, shop, token }
}

#[tokio::test]
async fn each_text_that_a_shop_or_a_customer_wrote_stands_in_an_element_of_its_own_direction() {
    let Sold { app, browser, shop, token } = sold().await;
    let list = browser.get("/backoffice/payments").await;
    let payment =
        list.ok().text.split("<td class=\"order\"><a href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let refund = format!("{payment}/refund");
    let (encoded, filtered) =
        (url::form_urlencoded::byte_serialize(WORD.as_bytes()).collect::<String>(), "/backoffice/payments");
    let paths = [
        (format!("/checkout/{token}"), 3),
        ("/backoffice/".to_owned(), 2),
        (filtered.to_owned(), 4),
        (format!("{filtered}?name={encoded}&key={encoded}"), 3),
        (payment.clone(), 7),
        (refund.clone(), 3),
        ("/backoffice/doubts".to_owned(), 4),
        ("/backoffice/keys".to_owned(), 1),
        ("/backoffice/profile".to_owned(), 2),
        (format!("/shop/fail?code=X&orderId={encoded}"), 1),
    ];
    for (path, least) in paths {
        let shown = browser.get(&path).await;
        let (found, strays) = stray(&shown.ok().text);
        assert!(found >= least && strays.is_empty(), "{path}: {found}, {strays:#?}");
    }
    // Forms that come back with what was typed.
    let long = WORD.repeat(60);
    for (page, action, fields) in [
        ("/backoffice/profile", "/backoffice/profile/name", vec![("name", long.as_str())]),
        (&refund, &refund, vec![("amount", "1,5"), ("reason", WORD), ("sure", "yes")]),
    ] {
        let shown = browser.submit(page, action, &fields).await;
        let (found, strays) = stray(&shown.text);
        assert!(shown.status == 400 && found >= 2 && strays.is_empty(), "{action}: {found}, {strays:#?}");
    }
    let stranger = Browser::new(&app);
    let fields = [("name", WORD), ("email", shop.email.as_str()), ("password", "x")];
    let shown = stranger.submit("/backoffice/sign-up", "/backoffice/sign-up", &fields).await;
    let (found, strays) = stray(&shown.text);
    assert!(shown.status == 400 && found == 1 && strays.is_empty(), "{found}, {strays:#?}");
}
