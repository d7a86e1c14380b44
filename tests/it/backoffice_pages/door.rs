//! Signing up, in and out; who comes from elsewhere stays outside.

use std::io::{Read, Write};

use jiff::SignedDuration;
use paygate::config::Env;

use super::Browser;
use crate::support::{PASSWORD, Process, Shop, TestApp, TestClock, TestDatabase, spawn_app};

const HOME: &str = "/backoffice/";
const SIGN_IN: &str = "/backoffice/sign-in";

#[tokio::test]
async fn a_business_signs_up_is_signed_in_and_signs_out() {
    let app = spawn_app().await;
    let browser = Browser::new(&app);
    let email = browser.sign_up("우리 상점").await;
    browser.get(HOME).await.ok().says("우리 상점").says(&email);
    browser.get(SIGN_IN).await.leads_to(HOME);
    browser.submit(HOME, "/backoffice/sign-out", &[]).await.leads_to("/backoffice/sign-in?left=here");
    assert_eq!(browser.cookie("paygate-desk"), None);
    browser.get(HOME).await.leads_to("/backoffice/sign-in?next=%2Fbackoffice%2F");
    browser.sign_in(&email.to_uppercase(), PASSWORD).await.leads_to(HOME);
    app.stop().await;
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_no_session_is_stored_in_clear() {
    for (url, secure) in [("", ""), ("https://pay.example.com", "; Secure")] {
        let app = TestApp::with(move |settings| settings.server.public_url = url.to_owned()).start().await;
        let browser = Browser::new(&app);
        let shop = app.shop().await;
        let cookie = browser.sign_in(&shop.email, PASSWORD).await.header("set-cookie").to_owned();
        let token = browser.cookie("paygate-desk").unwrap();
        assert_eq!(token.len(), 43);
        assert_eq!(
            cookie,
            format!("paygate-desk={token}; Path=/backoffice; HttpOnly; SameSite=Lax; Max-Age=604800{secure}")
        );
        let stored = app.database.everything().await;
        assert!(!stored.windows(token.len()).any(|part| part == token.as_bytes()));
        app.stop().await;
    }
}

#[tokio::test]
async fn in_production_the_cookie_is_for_tls_alone_unless_the_address_is_on_loopback() {
    for (url, is_secure) in [("https://pay.example.com", true), ("http://localhost:8080", false)] {
        let app = spawn_app().await;
        let app = app.restart_with(|settings| {
            settings.env = Env::Production;
            settings.acquirer.card.base_url = "https://card-network.example.com".to_owned();
            settings.server.public_url = url.to_owned();
        });
        let app = app.await;
        let cookie = Browser::new(&app).get(SIGN_IN).await.header("set-cookie").to_owned();
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{url}: {cookie}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_answered_with_a_page() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    let large = "x".repeat(40_000);
    for path in [SIGN_IN, "/backoffice/profile/name"] {
        let shown = browser.post(path, &[("name", &large)]).await;
        assert_eq!((shown.status, shown.header("content-type")), (413, "text/html; charset=utf-8"), "{path}");
        shown.says("요청 본문이 너무 큽니다.");
    }
}

#[tokio::test]
async fn a_form_that_does_not_end_is_given_up() {
    let app = spawn_app().await;
    let address = app.http.base().trim_start_matches("http://").to_owned();
    let answered = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        let head = "POST /backoffice/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nemail=";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).map(|()| String::from_utf8(answer).unwrap())
    });
    assert_eq!(answered.await.unwrap().unwrap(), "HTTP/1.1 503");
}

#[tokio::test]
async fn a_page_with_a_secret_is_as_long_as_it_is() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let gzip = [("accept-encoding", "gzip")];
    let keys = browser.get_with("/backoffice/keys?guess=x", &gzip).await;
    keys.ok().says(&shop.secret);
    assert_eq!(keys.header("content-encoding"), "");
    assert_eq!(Browser::new(&app).get_with(SIGN_IN, &gzip).await.ok().header("content-encoding"), "");
    assert_eq!(app.http.get("/docs/").header("accept-encoding", "gzip").await.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_sign_in_has_a_token_of_its_own() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let browser = Browser::new(&app);
    let planted = "x".repeat(43);
    browser.set_cookie("paygate-desk", &planted);
    browser.sign_in(&shop.email, PASSWORD).await.leads_to(HOME);
    assert_ne!(browser.cookie("paygate-desk").unwrap(), planted);
    let thief = Browser::new(&app);
    thief.set_cookie("paygate-desk", &planted);
    assert_eq!(thief.get(HOME).await.status, 303);
}

#[tokio::test]
async fn a_wrong_pair_is_told_the_same_for_all_and_keeps_what_was_typed() {
    let app = spawn_app().await;
    let (shop, customer) = (app.shop().await, app.customer().await);
    let browser = Browser::new(&app);
    for (email, password) in
        [(shop.email.as_str(), "wrong1234"), ("no@example.com", PASSWORD), (&customer.email, PASSWORD)]
    {
        let shown = browser.sign_in(email, password).await;
        assert_eq!(shown.status, 400);
        shown.says("이메일 또는 비밀번호가 올바르지 않습니다.").says(&format!("value=\"{email}\"")).hides(password);
        assert_eq!(browser.cookie("paygate-desk"), None);
    }
    let english = browser.clone().english();
    english.sign_in(&shop.email, "wrong1234").await.says("The e-mail or the password is wrong.");
}

#[tokio::test]
async fn bad_input_to_a_sign_up_is_named_at_its_field() {
    let app = spawn_app().await;
    let browser = Browser::new(&app).english();
    let up = "/backoffice/sign-up";
    for (field, value, told) in [
        ("email", "nobody", "is not an e-mail address"),
        ("password", "short", "must have 5 to 64 characters"),
        ("name", " ", "must have 1 to 100 characters"),
        ("name", "\u{3164}", "must have a character that can be seen"),
        ("name", "shop\u{202e}", "contains a character that is not allowed"),
    ] {
        let mut fields = vec![("email", "a@example.com"), ("password", PASSWORD), ("name", "\"><script>x")];
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|pair| pair.1 = value);
        let shown = browser.submit(up, up, &fields).await;
        assert_eq!(shown.status, 400);
        shown.says(told).hides("<script>x");
    }
    let shop = app.shop().await;
    let taken = [("email", shop.email.as_str()), ("password", PASSWORD), ("name", "x")];
    let shown = browser.submit(up, up, &taken).await;
    assert_eq!(shown.status, 409);
    shown.says("This e-mail is taken.");
}

#[tokio::test]
async fn sign_ins_are_limited_as_those_of_the_api_are() {
    let app = TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_minute = 3;
    });
    let app = app.start().await;
    let browser = Browser::new(&app);
    for _ in 0..3 {
        assert_eq!(browser.sign_in("a@example.com", "wrong1234").await.status, 400);
    }
    let shown = browser.sign_in("a@example.com", "wrong1234").await;
    assert_eq!((shown.status, shown.header("retry-after")), (429, "60"));
    shown.says("요청이 너무 많습니다.");
    let body = serde_json::json!({ "email": "a@example.com", "password": "wrong1234" });
    app.http.post("/api/backoffice/v1/sign-in", &body).await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn sign_ups_are_limited_as_those_of_the_api_are() {
    let app = TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_up_per_minute = 3;
    });
    let app = app.start().await;
    let up = "/backoffice/sign-up";
    let sign_up = async |name: &str| {
        let email = format!("{name}@example.com");
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("name", "상점")];
        Browser::new(&app).submit(up, up, &fields).await
    };
    for name in ["a", "b", "c"] {
        sign_up(name).await.leads_to(HOME);
    }
    let shown = sign_up("d").await;
    assert_eq!((shown.status, shown.header("retry-after")), (429, "60"));
    shown.says("요청이 너무 많습니다.").says("value=\"d@example.com\"");
    let body = serde_json::json!({ "email": "d@example.com", "password": PASSWORD, "name": "상점" });
    app.http.post("/api/backoffice/v1/sign-up", &body).await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_ones_own_sessions_and_nobody_elses() {
    let app = spawn_app().await;
    let (here, shop) = Browser::with_shop(&app).await;
    let there = Browser::of(&app, &shop).await;
    let (other, _) = Browser::with_shop(&app).await;
    let everywhere = "/backoffice/sign-out-everywhere";
    let form = here.form(HOME, "/backoffice/sign-out").await;
    here.post(everywhere, &super::filled(&form, &[])).await.leads_to("/backoffice/sign-in?left=everywhere");
    assert_eq!(there.get(HOME).await.status, 303);
    other.get(HOME).await.ok();
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_its_longest_life() {
    let clock = TestClock::at("2026-11-22T03:00:00Z");
    let app = TestApp::with(|_| ()).clock(&clock).start().await;
    let (used, shop) = Browser::with_shop(&app).await;
    let unused = Browser::of(&app, &shop).await;
    let hours = SignedDuration::from_hours;
    clock.advance(hours(5));
    used.get(HOME).await.ok();
    clock.advance(hours(5));
    used.get(HOME).await.ok();
    assert_eq!(unused.get(HOME).await.status, 303, "eight hours without use");
    // A forgotten screen asks for news by itself.
    let forgotten = Browser::of(&app, &shop).await;
    for _ in 0..8 {
        clock.advance(SignedDuration::from_mins(59));
        used.get(HOME).await.ok();
        let news = "/backoffice/payments/news?after=0-00000000000000000000000000000000";
        forgotten.get_with(news, &[("accept", "application/json")]).await.ok();
    }
    clock.advance(SignedDuration::from_mins(9));
    assert_eq!(forgotten.get(HOME).await.status, 303, "nobody has used it");
    for _ in 0..40 {
        clock.advance(hours(4));
        if used.get(HOME).await.status == 303 {
            assert!(clock.now() >= "2026-11-29T03:00:00Z".parse().unwrap());
            // Kept for a day, because a clock that was ahead may be set right.
            assert_eq!(app.sweep().await.sessions, 2);
            clock.advance(hours(25));
            assert_eq!(app.sweep().await.sessions, 1);
            return;
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_form_without_the_proof_of_this_browser_changes_nothing() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let (other, _) = Browser::with_shop(&app).await;
    let theirs = other.form(HOME, "/backoffice/sign-out").await;
    let theirs = super::filled(&theirs, &[]);
    for fields in [&[] as &[(&str, &str)], &[("csrf", "")], &[("csrf", "x")], &theirs] {
        let refused = browser.post("/backoffice/sign-out", fields).await;
        assert_eq!(refused.status, 403);
        refused.says("양식이 오래되었거나");
    }
    browser.get(HOME).await.ok();
    // Nor can somebody be signed in as somebody else.
    let victim = Browser::new(&app);
    let planted = [("email", shop.email.as_str()), ("password", PASSWORD), ("csrf", "x")];
    assert_eq!(victim.post(SIGN_IN, &planted).await.status, 403);
}

#[tokio::test]
async fn other_origins_read_and_do_nothing() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    let form = browser.form(HOME, "/backoffice/sign-out").await;
    let form = super::filled(&form, &[]);
    let neighbour = "http://shop.example.com";
    for headers in [
        &[("origin", neighbour)] as &[_],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
    ] {
        for path in [HOME, "/%62ackoffice/"] {
            let refused = browser.get_with(path, headers).await;
            assert!(matches!(refused.status, 403 | 404), "{headers:?} {path}");
            refused.hides("csrf");
        }
    }
    for headers in
        [&[("origin", neighbour)] as &[_], &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")]]
    {
        assert_eq!(browser.post_with("/backoffice/sign-out", headers, &form).await.status, 403);
    }
    let shown = browser.get_with(HOME, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).await;
    assert_eq!(shown.ok().header("access-control-allow-origin"), "", "a link leads here");
    let own = [("origin", "null"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")];
    browser.post_with("/backoffice/sign-out", &own, &form).await.leads_to("/backoffice/sign-in?left=here");
}

#[tokio::test]
async fn every_page_of_the_desk_is_strict_fresh_and_in_two_languages() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (browser, stranger) = (Browser::of(&app, &shop).await, Browser::new(&app));
    app.done_payment(&shop, &customer).await;
    let list = browser.get("/backoffice/payments").await;
    let payment = super::attribute(list.text.split("<td class=\"order\">").nth(1).unwrap(), "href");
    let refund = format!("{payment}/refund");
    let paths = [HOME, "/backoffice/payments", &payment, &refund, "/backoffice/doubts"];
    let signed_in = paths.into_iter().chain(["/backoffice/keys", "/backoffice/profile"]).map(|path| (&browser, path));
    for (browser, path) in signed_in.chain([SIGN_IN, "/backoffice/sign-up"].map(|path| (&stranger, path))) {
        let shown = browser.get(path).await;
        let policy = shown.ok().says("lang=\"ko\"").header("content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self'") && policy.ends_with("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(shown.header("cache-control"), "no-store", "{path}");
        assert_eq!(shown.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(shown.header("cross-origin-resource-policy"), "same-origin", "{path}");
        for inline in [" style=", "<style", "<script>", " onclick"] {
            assert!(!shown.text.contains(inline), "{path}: {inline}");
        }
        browser.clone().english().get(path).await.ok().says("lang=\"en\"").says("Back Office");
    }
    browser.get("/backoffice/?lang=en").await.ok().says("Dashboard").says("href=\"?lang=ko");
    browser.get("/backoffice").await.leads_to(HOME);
}

/// Sends a form over a connection of its own, with exactly these headers, and reads the answer. In HTTP/1.0, as some
/// proxies do: it needs no `Host`.
fn send_form(base: &str, headers: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let head = format!("POST {SIGN_IN} HTTP/1.0\r\nConnection: close\r\nAccept: text/html\r\n{headers}");
    let kind = "Content-Type: application/x-www-form-urlencoded";
    write!(stream, "{head}{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn behind_a_proxy_that_does_not_pass_the_host_the_page_names_the_cause_and_the_log_does_once() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let door = process.http.get(SIGN_IN).header("accept", "text/html").response().await;
    let cookie = door.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = door.text().await.unwrap();
    let csrf = super::attribute(page.split("name=\"csrf\"").nth(1).unwrap(), "value");
    let fields = [("csrf", csrf.as_str()), ("email", &shop.email), ("password", PASSWORD), ("next", "")];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let public = format!("Cookie: {cookie}\r\nOrigin: https://pay.example.com\r\n");
    let base = process.http.base().to_owned();
    for (language, told) in
        [("ko", "Host 헤더를 그대로 전달"), ("en", "pass the Host header through or set server.public_url")]
    {
        for host in ["", "Host: 127.0.0.1:8080\r\n", "Sec-Fetch-Site: same-origin\r\n"] {
            let answer = send_form(&base, &format!("{public}{host}Accept-Language: {language}\r\n"), &body);
            assert!(answer.starts_with("HTTP/1.0 403") && answer.contains(told), "{host}: {answer}");
        }
    }
    // A form that another site sends is no such case.
    let foreign = send_form(&base, &format!("{public}Sec-Fetch-Site: cross-site\r\nAccept-Language: en\r\n"), &body);
    assert!(foreign.starts_with("HTTP/1.0 403") && foreign.contains("came from elsewhere"), "{foreign}");
    let passed = send_form(&base, &format!("{public}Host: pay.example.com\r\n"), &body);
    assert!(passed.starts_with("HTTP/1.0 303"), "{passed}");
    process.terminate();
    let (status, log) = process.ended().await;
    let told: Vec<_> = log.lines().filter(|line| line.contains("a proxy must pass Host through")).collect();
    assert!(status.success() && told.len() == 1, "{log}");
    assert!(told[0].contains("https://pay.example.com") && told[0].contains("WARN"), "{told:?}");
}

#[tokio::test]
async fn a_browser_that_sends_no_cookie_is_told_so() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let browser = Browser::new(&app);
    let form = browser.form(SIGN_IN, SIGN_IN).await;
    let typed = [("email", shop.email.as_str()), ("password", PASSWORD)];
    let without = Browser::new(&app);
    let fields = super::filled(&form, &typed);
    let refused = without.post(SIGN_IN, &fields).await;
    assert_eq!(refused.status, 403);
    refused.says("쿠키를 보내지 않았습니다");
    without.english().post(SIGN_IN, &fields).await.says("send this site&#39;s cookie");
    browser.post(SIGN_IN, &super::filled(&form, &typed)).await.leads_to(HOME);
}
