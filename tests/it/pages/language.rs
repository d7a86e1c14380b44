//! Korean first, English for who asks for it.

use crate::{
    pages::{header, html},
    support::spawn_app,
};

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
