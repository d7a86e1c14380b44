//! Korean first, English for who asks for it.

use crate::{
    pages::{header, html},
    support::{Process, Shop, TestDatabase, fresh, spawn_app},
};

/// What stands between two texts of a page.
fn between<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = page.split_once(begin).unwrap_or_else(|| panic!("no {begin}: {page}")).1;
    rest.split_once(end).unwrap().0
}

#[tokio::test]
async fn every_page_speaks_both_languages_and_leads_from_each_to_the_other() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    let shop = Shop::named(&process.http, "Corner shop").await;
    let checkout = format!("/checkout/{}", shop.token_of(1000, &fresh("order")).await);
    for path in [
        "/",
        "/nothing",
        "/docs/",
        "/api-docs",
        "/m/",
        "/shop/",
        "/shop/fail",
        "/backoffice/sign-in",
        "/backoffice/sign-up",
        &checkout,
        "/checkout/nonsense",
    ] {
        let korean = html(process.http.get(path)).await.2;
        let english = html(process.http.get(path).english()).await.2;
        for (page, lang, other) in [(&korean, "ko", "en"), (&english, "en", "ko")] {
            assert_eq!(between(page, "<html lang=\"", "\""), lang, "{path}");
            // The demo shop's receipt goes back to a page that has the switch.
            if !path.starts_with("/shop/f") {
                let switch = between(page, &format!("lang={other}&#38;keep\""), "/a>");
                assert!(switch.contains(&format!("lang=\"{other}\"")), "{path}: {switch}");
            }
        }
        // Names of shops, orders and card companies are Korean in both.
        let hangul = |page: &str| page.chars().filter(|c| ('가'..='힣').contains(c)).count();
        assert!(hangul(&korean) > 4 * hangul(&english), "{path}: {} {}", hangul(&korean), hangul(&english));
    }
}

#[tokio::test]
async fn the_switch_wins_over_its_memory_and_that_over_the_browser() {
    let app = spawn_app().await;
    let page = || app.http.get("/m/");
    let lang = async |call| html(call).await.2.split("lang=\"").nth(1).unwrap()[..2].to_owned();
    assert_eq!(lang(page()).await, "ko");
    assert_eq!(lang(page().header("accept-language", "fr, en;q=0.5")).await, "en");
    assert_eq!(lang(page().header("accept-language", "en").header("cookie", "a=b; paygate-lang=ko")).await, "ko");
    assert_eq!(lang(page().header("cookie", "paygate-lang=xx")).await, "ko");
    assert_eq!(lang(page().query("lang", "en").header("cookie", "paygate-lang=ko")).await, "en");
    assert_eq!(lang(page().query("lang", "\"><script>")).await, "ko");
}

#[tokio::test]
async fn only_a_choice_is_remembered() {
    let app = spawn_app().await;
    let choice = app.http.get("/m/").query("lang", "en");
    let (_, headers, _) = html(choice.clone()).await;
    assert_eq!(header(&headers, "set-cookie"), "", "a shop's page may say it without asking");
    let (_, headers, _) = html(choice.query("keep", "")).await;
    assert_eq!(header(&headers, "set-cookie"), "paygate-lang=en; Path=/; Max-Age=31536000; SameSite=Lax");
    let (_, headers, _) = html(app.http.get("/m/")).await;
    assert_eq!(header(&headers, "set-cookie"), "");
    assert!(header(&headers, "vary").contains("accept-language"));
}
