//! Where a sign-in leads.

use super::Browser;
use crate::support::{PASSWORD, spawn_app};

const HOME: &str = "/backoffice/";
const SIGN_IN: &str = "/backoffice/sign-in";

#[tokio::test]
async fn after_the_sign_in_one_is_where_one_wanted_to_be_and_never_elsewhere() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for (wanted, reached) in [
        ("/backoffice/payments?type=refund&name=%26", "/backoffice/payments?type=refund&name=%26"),
        ("https://evil.example.com/backoffice/", HOME),
        ("//evil.example.com/backoffice/", HOME),
        ("/backoffice//evil.example.com", HOME),
        ("/backoffice/\\evil", HOME),
        ("/backoffice/../checkout/x/return", HOME),
        ("/backoffice/%2e%2e/checkout/x/return", HOME),
        ("/backoffice/.%2E/checkout/x/return", HOME),
        ("/backoffice/..\\checkout/x/return", HOME),
        ("/backoffice/payments/..//evil.example.com", HOME),
        ("/backoffice/payments/../keys", "/backoffice/keys"),
        ("/backoffice/\u{1}", HOME),
        ("/backoffice/\t", HOME),
        ("/backoffice/커피", HOME),
        ("/checkout/x", HOME),
        ("", HOME),
    ] {
        let browser = Browser::new(&app);
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
        let page = format!("{SIGN_IN}?{query}");
        let fields = [("email", shop.email.as_str()), ("password", PASSWORD)];
        browser.submit(&page, SIGN_IN, &fields).await.leads_to(reached);
    }
}

#[tokio::test]
async fn the_switch_of_language_after_a_refused_sign_in_still_knows_where_one_wanted_to_be() {
    let app = spawn_app().await;
    let browser = Browser::new(&app);
    let page = format!("{SIGN_IN}?next=%2Fbackoffice%2Fkeys%3Fa%3D1");
    let refused = browser.submit(&page, SIGN_IN, &[("email", "a@example.com"), ("password", "wrong1234")]).await;
    refused.says("?next=%2Fbackoffice%2Fkeys%3Fa%3D1&#38;lang=en&#38;keep");
    browser.get(&page).await.ok().says("?next=%2Fbackoffice%2Fkeys%3Fa%3D1&#38;lang=en&#38;keep");
}
