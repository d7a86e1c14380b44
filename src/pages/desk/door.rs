//! The door: sign up, sign in, sign out.

use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, SET_COOKIE},
};
use askama::Template;

use super::{
    form::{Fields, Knock, Sent, Wrong},
    session::{self, Visitor},
};
use crate::{
    error::ApiError,
    pages::{
        page::{Page, come_again, see},
        security::Policy,
        texts,
    },
    routes::{NewBusiness, add_business, business_with, log_error},
};

#[derive(Template)]
#[template(path = "backoffice/door.html")]
struct Door<'a> {
    page: &'a Page,
    desk: &'static texts::Desk,
    texts: &'static texts::Door,
    is_sign_up: bool,
    csrf: String,
    /// Where the way leads afterwards.
    next: String,
    /// This page in the other language, after a refused form, too: the way is not forgotten.
    switch: String,
    email: &'a str,
    name: &'a str,
    notice: &'static str,
    wrong: Wrong,
}

pub const HOME: &str = "/backoffice/";

/// `/backoffice`: a relative link from there would lead elsewhere.
pub async fn home() -> HttpResponse {
    see(HOME)
}

/// `GET /backoffice/sign-in`.
pub async fn sign_in_page(visitor: Visitor) -> Result<HttpResponse, ApiError> {
    if visitor.is_signed_in().await? {
        return Ok(see(HOME));
    }
    show(&visitor, false, None, &Fields::default())
}

/// `GET /backoffice/sign-up`.
pub async fn sign_up_page(visitor: Visitor) -> Result<HttpResponse, ApiError> {
    show(&visitor, true, None, &Fields::default())
}

/// `POST /backoffice/sign-in`.
pub async fn sign_in(knock: Knock) -> Result<HttpResponse, ApiError> {
    let Knock { visitor, form } = knock;
    let (app, request) = (&visitor.app, &visitor.request);
    let entered = async {
        let merchant = business_with(app, request, form.text("email"), form.text("password")).await?;
        session::begin(app, request, &merchant).await
    };
    match entered.await {
        Ok(cookie) => Ok(enter(see(&own(form.get("next"))), &cookie)),
        Err(error) => show(&visitor, false, Some(&error), &form),
    }
}

/// `POST /backoffice/sign-up`: who has signed up is signed in.
pub async fn sign_up(knock: Knock) -> Result<HttpResponse, ApiError> {
    let Knock { visitor, form } = knock;
    let (app, request) = (&visitor.app, &visitor.request);
    let new = NewBusiness { email: form.text("email"), password: form.text("password"), name: form.text("name") };
    match add_business(app, request, new).await {
        Ok(merchant) => Ok(enter(see(HOME), &session::begin(app, request, &merchant).await?)),
        Err(error) => show(&visitor, true, Some(&error), &form),
    }
}

/// `POST /backoffice/sign-out`.
pub async fn sign_out(sent: Sent) -> Result<HttpResponse, ApiError> {
    let desk = sent.desk;
    desk.app.store.end_session(desk.merchant.id, desk.session.id).await?;
    Ok(enter(see("/backoffice/sign-in?left=here"), &session::end(&desk.app, &desk.request)))
}

/// `POST /backoffice/sign-out-everywhere`.
pub async fn sign_out_everywhere(sent: Sent) -> Result<HttpResponse, ApiError> {
    let desk = sent.desk;
    desk.app.store.sign_out_everywhere(desk.merchant.id).await?;
    desk.app.lookups.forget_merchants();
    Ok(enter(see("/backoffice/sign-in?left=everywhere"), &session::end(&desk.app, &desk.request)))
}

fn enter(mut response: HttpResponse, cookie: &str) -> HttpResponse {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn show(
    visitor: &Visitor,
    is_sign_up: bool,
    error: Option<&ApiError>,
    form: &Fields,
) -> Result<HttpResponse, ApiError> {
    let page = Page::of(&visitor.request);
    let texts = texts::Door::of(page.lang);
    let query = |name| session::asked(&visitor.request, name);
    let (csrf, cookie) = visitor.csrf()?;
    let next = own(&form.text("next").unwrap_or_else(|| query("next")));
    let template = Door {
        desk: texts::Desk::of(page.lang),
        texts,
        is_sign_up,
        csrf,
        switch: page.switch_with(&[("next", &next)]),
        next,
        email: form.get("email"),
        name: form.get("name"),
        notice: match query("left").as_str() {
            "here" => texts.left,
            "everywhere" => texts.left_all,
            _ => "",
        },
        wrong: error.map(|error| Wrong::of(error, page.lang)).unwrap_or_default(),
        page: &page,
    };
    let status = error.map_or(actix_web::http::StatusCode::OK, ApiError::status);
    let mut response = page.send_secret(status, &Policy::default(), &template)?;
    if let Some(error) = error {
        come_again(&mut response, error);
        log_error(error);
    }
    Ok(match cookie {
        Some(cookie) => enter(response, &cookie),
        None => response,
    })
}

/// Only ways within the back office: nobody is sent elsewhere from here. An address is followed as a browser
/// does, `..` and `%2e%2e` included, and what is left is where it leads.
fn own(next: &str) -> String {
    // As browsers write it, an address is plain text, and fits into a header.
    let is_plain = next.starts_with(HOME) && next.bytes().all(|byte| byte.is_ascii_graphic());
    let followed = || url::Url::parse("http://paygate.invalid").and_then(|here| here.join(next)).ok();
    let is_own = |url: &url::Url| url.path().starts_with(HOME) && !url.path().starts_with("/backoffice//");
    let url = is_plain.then(followed).flatten().filter(is_own);
    url.map_or_else(|| HOME.to_owned(), |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}
