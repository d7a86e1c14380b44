//! The account: the shop's name, the password, where somebody is signed in.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use uuid::Uuid;

use super::{
    form::{Fields, Sent, Wrong},
    session::Desk,
    shell::{Section, Shell},
};
use crate::{
    error::{ApiError, Code, Problem},
    pages::{
        page::{Page, come_again, see},
        show::minute,
        texts,
    },
    routes::{
        fields::{self, required},
        password_guarded,
    },
    store::AccountHash,
};

#[derive(Template)]
#[template(path = "backoffice/profile.html")]
struct Profile<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Profile,
    name: String,
    sessions: Vec<Open>,
    notice: &'static str,
    wrong: Wrong,
}

/// An open session.
struct Open {
    id: String,
    device: String,
    since: String,
    seen: String,
    is_this: bool,
}

const PAGE: &str = "/backoffice/profile";
const WRONG: Problem =
    Problem { ko: "현재 비밀번호가 올바르지 않습니다", en: "is not the present password" };
const DIFFER: Problem = Problem { ko: "새 비밀번호와 다릅니다", en: "differs from the new password" };

/// `GET /backoffice/profile`.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    show(&desk, &Fields::default(), None).await
}

/// `POST /backoffice/profile/name`.
pub async fn rename(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    match fields::name(form.text("name")) {
        Ok(name) => {
            desk.app.store.rename_merchant(desk.merchant.id, &name).await?;
            desk.app.lookups.forget_merchants();
            Ok(see(&format!("{PAGE}?done=saved")))
        }
        Err(error) => show(&desk, &form, Some(&error)).await,
    }
}

/// `POST /backoffice/profile/password`.
pub async fn change_password(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    match change(&desk, &form).await {
        Ok(()) => Ok(see(&format!("{PAGE}?done=changed"))),
        Err(error) if error.code.status() < 500 => show(&desk, &form, Some(&error)).await,
        Err(error) => Err(error),
    }
}

async fn change(desk: &Desk, form: &Fields) -> Result<(), ApiError> {
    let app = &desk.app;
    let present = required("present", form.filled("present"))?;
    let new = fields::new_password(form.text("password"))?;
    if form.get("again") != form.get("password") {
        return Err(ApiError::field("again", DIFFER));
    }
    // Whoever sits at a forgotten browser may not guess here, either.
    app.limits.sign_in(app.address(&desk.request), &desk.merchant.email)?;
    let wrong = || ApiError::field("present", WRONG);
    let stored = app.store.password_of(desk.merchant.id).await?.ok_or_else(wrong)?;
    let verify = app.passwords.verify(present.into(), Some(stored.clone()));
    if !password_guarded(app, AccountHash::of_merchant(&desk.merchant.email), verify).await?.is_right() {
        return Err(wrong());
    }
    let hash = app.passwords.hash(new).await?;
    if !app.store.change_password(desk.merchant.id, &stored, hash, desk.session.id).await? {
        return Err(wrong());
    }
    app.lookups.forget_merchants();
    Ok(())
}

/// `POST /backoffice/profile/sessions/end`.
pub async fn end_session(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let id = form.get("session").parse::<Uuid>().map_err(|_| Code::InvalidRequest)?;
    desk.app.store.end_session(desk.merchant.id, id).await?;
    Ok(see(&format!("{PAGE}?done=ended#sessions")))
}

async fn show(desk: &Desk, form: &Fields, error: Option<&ApiError>) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(desk, Section::Profile).await?;
    let lang = shell.page.lang;
    let texts = texts::Profile::of(lang);
    let sessions = desk.app.store.sessions_of(desk.merchant.id, desk.now()).await?;
    let open = |session: crate::store::Session| Open {
        is_this: session.id == desk.session.id,
        id: session.id.simple().to_string(),
        since: minute(session.created_at),
        seen: minute(session.last_seen_at),
        device: if session.device.is_empty() { texts.unknown.to_owned() } else { session.device },
    };
    let template = Profile {
        texts,
        name: form.text("name").unwrap_or_else(|| desk.merchant.name.clone()),
        sessions: sessions.into_iter().map(open).collect(),
        notice: match desk.asked("done").as_str() {
            "saved" => texts.saved,
            "changed" => texts.changed,
            "ended" => texts.ended,
            _ => "",
        },
        wrong: error.map(|error| Wrong::of(error, lang)).unwrap_or_default(),
        page: &shell.page,
        shell: &shell,
    };
    let mut response = shell.send_as(error.map_or(StatusCode::OK, ApiError::status), &template)?;
    if let Some(error) = error {
        come_again(&mut response, error);
    }
    Ok(response)
}
