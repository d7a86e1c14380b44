//! The reference of the API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    pages::html,
    support::{Shop, fresh, spawn_app},
};

/// What the page says of one operation.
fn operation<'a>(page: &'a str, anchor: &str) -> &'a str {
    let summary = page.split_once(&format!("<p id=\"{anchor}\"")).unwrap_or_else(|| panic!("{anchor} is missing"));
    let begin = summary.0.rfind("<details").unwrap();
    page[begin..].split_once("</details>").unwrap().0
}

/// The fields that it lists for this status.
fn fields(operation: &str, status: &str) -> BTreeSet<String> {
    let (_, response) = operation.split_once(&format!("Response {status} ")).unwrap();
    let (_, table) = response.split_once("<tbody>").unwrap();
    let rows = table.split_once("</tbody>").unwrap().0.split("<tr><td><code>").skip(1);
    let name =
        |row: &str| row.split_once("</code>").unwrap().0.replace("<span class=\"quiet\">", "").replace("</span>", "");
    rows.map(name).collect()
}

/// The fields of a real answer, as the page writes them; those that a list holds of its first entry.
fn flat(value: &Value, within: &str, all: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        all.insert(format!("{within}{name}"));
        flat(value, &format!("{within}{name}."), all);
        flat(&value[0], &format!("{within}{name}[]."), all);
    }
}

#[tokio::test]
async fn the_fields_of_an_answer_are_those_that_real_answers_have() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let page = html(app.http.get("/api-docs?lang=en")).await.2;
    let created = shop.create(&Shop::order(1000, &fresh("order"))).await.data();
    let paid = shop.approved_by(&customer, 1000).await;
    let confirmed = shop.confirm_of(&paid).await.data();
    let payment = shop.payment(&paid.key).await.data();
    let listed = customer.payments().await.data();
    let refunded = shop.cancel(&paid.key, &json!({ "amount": 1 })).await.data();
    let cards = customer.cards().await.data();
    for (anchor, answer, within) in [
        ("post-api-v1-p-merchant", created, ""),
        ("post-api-v1-p-merchant-confirm", confirmed, ""),
        ("get-api-v1-p-merchant-payments-paymentKey", payment, ""),
        ("get-api-v1-p-user-payments", listed, ""),
        ("post-api-v1-p-merchant-payments-paymentKey-cancel", refunded, ""),
        ("get-api-v1-p-user-cards", cards[0].clone(), "[]."),
    ] {
        let listed = fields(operation(&page, anchor), "200");
        let mut real = BTreeSet::new();
        flat(&answer, within, &mut real);
        let named: BTreeSet<_> = listed.iter().map(|name| name.trim_end_matches('?').to_owned()).collect();
        assert!(real.is_subset(&named), "{anchor}: {:?} is not listed", real.difference(&named));
        // What the answer lacks may be absent, or is within what may be.
        let optional: Vec<_> = listed.iter().filter_map(|name| name.strip_suffix('?')).collect();
        for name in named.difference(&real) {
            let may_be_absent = |optional: &&str| name == optional || name.starts_with(&format!("{optional}."));
            assert!(optional.iter().any(may_be_absent), "{anchor}: {name} is listed, and not there");
        }
    }
}

#[tokio::test]
async fn every_operation_has_an_anchor_its_authentication_and_all_that_the_document_knows() {
    let app = spawn_app().await;
    let page = html(app.http.get("/api-docs?lang=en")).await.2;
    let document = app.http.get("/api-docs/openapi.json").await.json;
    let mut anchors = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            let words = format!("{method}{path}").replace(['/', '{', '}', '.'], "-").replace("--", "-");
            let anchor = words.trim_end_matches('-');
            assert!(anchors.insert(anchor.to_owned()), "{anchor} leads to one operation");
            let told = operation(&page, anchor);
            let auth = match about["security"][0].as_object().and_then(|schemes| schemes.keys().next()) {
                Some(key) if key == "key" => "API key",
                Some(_) => "Bearer token",
                None => "No authentication",
            };
            assert!(told.contains(&format!(">{auth}<")), "{anchor}: {auth}");
            for parameter in about["parameters"].as_array().into_iter().flatten() {
                assert!(
                    told.contains(&format!("</span>{}", parameter["name"].as_str().unwrap())),
                    "{anchor}: {parameter}"
                );
            }
            for status in about["responses"].as_object().unwrap().keys() {
                assert!(told.contains(&format!("Response {status} ")), "{anchor}: {status}");
            }
        }
    }
    assert_eq!(page.matches("<details").count(), anchors.len());
}

#[tokio::test]
async fn operations_stand_under_their_tag_in_the_order_of_the_map() {
    let app = spawn_app().await;
    let page = html(app.http.get("/api-docs?lang=ko")).await.2;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    for pair in [
        "<h2>상점</h2>",
        "<p id=\"post-api-v1-p-merchant\"",
        "<p id=\"post-api-v1-p-merchant-confirm\"",
        "<h2>이벤트 (SSE)</h2>",
        "<p id=\"get-api-v1-p-merchant-sse-connect\"",
        "<h2>고객</h2>",
        "<p id=\"post-api-v1-p-user-sign-up\"",
        "<h2>백오피스</h2>",
        "<h2>운영</h2>",
    ]
    .windows(2)
    {
        assert!(at(pair[0]) < at(pair[1]), "{pair:?}");
    }
    assert!(page.contains("href=\"/\"") && page.contains("href=\"/docs/\""), "there is a way back");
}
