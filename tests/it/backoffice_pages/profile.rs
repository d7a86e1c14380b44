//! The account.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use paygate::store::{Merchant, Session};
use uuid::Uuid;

use super::{Browser, attribute, filled};
use crate::support::{PASSWORD, TestApp, fresh, spawn_app};

const PAGE: &str = "/backoffice/profile";
const NEW: &str = "newpass99";

#[tokio::test]
async fn a_new_name_is_what_customers_read() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let name = "<b>새 이름";
    browser
        .submit(PAGE, "/backoffice/profile/name", &[("name", name)])
        .await
        .leads_to("/backoffice/profile?done=saved");
    browser.get(PAGE).await.says("&#60;b&#62;새 이름").hides("<b>");
    let token = shop.token_of(1_000, &fresh("order")).await;
    browser.get(&format!("/checkout/{token}")).await.says("&#60;b&#62;새 이름");
    let shown = browser.submit(PAGE, "/backoffice/profile/name", &[("name", " ")]).await;
    assert_eq!(shown.status, 400);
    shown.says("1자 이상 100자 이하여야 합니다");
}

#[tokio::test]
async fn a_new_password_needs_the_present_one_and_ends_other_sessions() {
    let app = spawn_app().await;
    let (here, shop) = Browser::with_shop(&app).await;
    let there = Browser::of(&app, &shop).await;
    let change = async |present: &str, new: &str, again: &str| {
        let fields = [("present", present), ("password", new), ("again", again)];
        here.submit(PAGE, "/backoffice/profile/password", &fields).await
    };
    for (present, new, again, told) in [
        ("wrong1234", NEW, NEW, "현재 비밀번호가 올바르지 않습니다"),
        ("", NEW, NEW, "필수 값입니다"),
        (PASSWORD, "short", "short", "5자 이상 64자 이하여야 합니다"),
        (PASSWORD, NEW, "other1234", "새 비밀번호와 다릅니다"),
    ] {
        let shown = change(present, new, again).await;
        assert_eq!(shown.status, 400);
        shown.says(told).hides(NEW);
    }
    there.get(PAGE).await.ok();
    change(PASSWORD, NEW, NEW).await.leads_to("/backoffice/profile?done=changed");
    here.get(PAGE).await.ok();
    assert_eq!(there.get(PAGE).await.status, 303);
    assert_eq!(there.sign_in(&shop.email, PASSWORD).await.status, 400);
    there.sign_in(&shop.email, NEW).await.leads_to("/backoffice/");
    app.stop().await;
}

#[tokio::test]
async fn who_signs_in_with_the_old_password_while_it_is_changed_is_signed_out_by_the_change() {
    // Fewer than a business may have sessions. They wait for each other, so some may have their password checked and no session yet when it changes.
    // Whichever come before, between or after: nobody is in afterwards.
    let app = TestApp::with(|settings| settings.auth.password_memory_kib = 256).start().await;
    let (here, shop) = Browser::with_shop(&app).await;
    let mut thieves = Vec::new();
    for _ in 0..41 {
        let thief = Browser::new(&app);
        let form = thief.form("/backoffice/sign-in", "/backoffice/sign-in").await;
        thieves.push((thief, form));
    }
    let form = here.form(PAGE, "/backoffice/profile/password").await;
    let typed = [("present", PASSWORD), ("password", NEW), ("again", NEW)];
    let change = async { here.post("/backoffice/profile/password", &filled(&form, &typed)).await };
    let sign_in = async |(thief, form): &(Browser, Vec<(String, String)>)| {
        let typed = [("email", shop.email.as_str()), ("password", PASSWORD)];
        thief.post("/backoffice/sign-in", &filled(form, &typed)).await.status
    };
    sign_in(&thieves[0]).await;
    let (first, rest) = thieves[1..].split_at(20);
    let (_, changed, _) =
        tokio::join!(join_all(first.iter().map(&sign_in)), change, join_all(rest.iter().map(&sign_in)));
    changed.leads_to("/backoffice/profile?done=changed");
    assert_eq!(sign_in(&thieves[0]).await, 400, "too late");
    for (thief, _) in &thieves {
        assert_eq!(thief.get(PAGE).await.status, 303);
    }
    here.get(PAGE).await.ok();
}

#[tokio::test]
async fn a_password_that_was_good_when_it_was_checked_opens_nothing_after_the_change() {
    let app = spawn_app().await;
    let (here, shop) = Browser::with_shop(&app).await;
    // The two halves of a sign-in: look the business up and check, then open a session in what was its epoch.
    let look_up = || {
        let email = shop.email.clone();
        app.inside(async move |app| app.store.merchant_by_email(&email).await.unwrap().unwrap().0)
    };
    let open = |merchant: Merchant, token: u8| {
        app.inside(async move |app| {
            let (id, now) = (Uuid::now_v7(), Timestamp::now());
            let (device, expires_at) = ("Chrome".to_owned(), now + SignedDuration::from_hours(1));
            let session = Session { id, merchant: merchant.id, device, created_at: now, last_seen_at: now, expires_at };
            app.store.add_session(&session, [token; 32], merchant.epoch, 10).await.unwrap()
        })
    };
    let checked = look_up().await;
    let typed = [("present", PASSWORD), ("password", NEW), ("again", NEW)];
    here.submit(PAGE, "/backoffice/profile/password", &typed).await.leads_to("/backoffice/profile?done=changed");
    assert!(!open(checked, 1).await);
    here.get(PAGE).await.ok().hides("Chrome");
    assert!(open(look_up().await, 2).await);
    here.get(PAGE).await.ok().says("Chrome");
    app.stop().await;
}

#[tokio::test]
async fn the_address_of_a_refused_form_leads_back_to_its_page() {
    let app = spawn_app().await;
    let (browser, _) = Browser::with_shop(&app).await;
    for (address, page) in [
        ("/backoffice/profile/password?lang=en", "/backoffice/profile?lang=en"),
        ("/backoffice/origins", "/backoffice/keys"),
        ("/backoffice/doubts/x", "/backoffice/doubts"),
        ("/backoffice/sign-out", "/backoffice/"),
    ] {
        browser.get(address).await.leads_to(page);
    }
    browser.get(PAGE).await.ok();
}

#[tokio::test]
async fn the_present_password_cannot_be_guessed_here_either() {
    let app = TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.rate_limit.sign_in_per_minute = 3;
    });
    let app = app.start().await;
    let (browser, _) = Browser::with_shop(&app).await;
    let fields = [("present", "wrong1234"), ("password", NEW), ("again", NEW)];
    let mut last = browser.submit(PAGE, "/backoffice/profile/password", &fields).await;
    for _ in 0..3 {
        last = browser.submit(PAGE, "/backoffice/profile/password", &fields).await;
    }
    assert_eq!((last.status, last.header("retry-after")), (429, "60"));
}

#[tokio::test]
async fn one_session_of_ones_own_is_ended_and_no_other_shops() {
    let app = spawn_app().await;
    let (here, shop) = Browser::with_shop(&app).await;
    let there = Browser::new(&app);
    let form = there.form("/backoffice/sign-in", "/backoffice/sign-in").await;
    let typed = [("email", shop.email.as_str()), ("password", PASSWORD)];
    let agent = [("user-agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 <b>")];
    there.post_with("/backoffice/sign-in", &agent, &filled(&form, &typed)).await.leads_to("/backoffice/");
    let end = "/backoffice/profile/sessions/end";
    let page = here.get(PAGE).await;
    page.says("Chrome · Windows").says("알 수 없는 기기").hides("Mozilla");
    let form = page.form(end);
    let (other, _) = Browser::with_shop(&app).await;
    let csrf = attribute(&other.get(PAGE).await.text, "value");
    other
        .post(end, &[("csrf", &csrf), ("session", &form[1].1)])
        .await
        .leads_to("/backoffice/profile?done=ended#sessions");
    there.get(PAGE).await.ok();
    here.post(end, &filled(&form, &[])).await.leads_to("/backoffice/profile?done=ended#sessions");
    assert_eq!(there.get(PAGE).await.status, 303);
    here.get(PAGE).await.ok();
}

#[tokio::test]
async fn a_new_password_and_a_sign_out_everywhere_end_the_tokens_of_the_api_and_leave_the_keys() {
    let app = TestApp::with(|settings| settings.auth.cache_s = 3600).start().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let (_, other) = Browser::with_shop(&app).await;
    let sign_in = async |password: &str| {
        let body = serde_json::json!({ "email": shop.email, "password": password });
        let token = app.http.post("/api/backoffice/v1/sign-in", &body).await.data()["accessToken"].clone();
        shop.with_token(token.as_str().unwrap())
    };
    shop.my_key().await.data();
    let typed = [("present", PASSWORD), ("password", NEW), ("again", NEW)];
    browser.submit(PAGE, "/backoffice/profile/password", &typed).await.leads_to("/backoffice/profile?done=changed");
    shop.my_key().await.refused(401, "UNAUTHORIZED");
    let second = sign_in(NEW).await;
    second.my_key().await.data();
    let everywhere = "/backoffice/sign-out-everywhere";
    browser.submit(PAGE, everywhere, &[]).await.leads_to("/backoffice/sign-in?left=everywhere");
    second.my_key().await.refused(401, "UNAUTHORIZED");
    sign_in(NEW).await.my_key().await.data();
    other.my_key().await.data();
    assert_eq!(shop.payment_of_order("never").await.status, 404, "a key is no sign-in");
}
