//! The shop's API keys, and the origins of its pages.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    form::{CHOOSE, Fields, Sent, Wrong},
    session::Desk,
    shell::{Section, Shell},
};
use crate::{
    actors::Services,
    error::{ApiError, Code, Problem},
    pages::{
        page::{Page, see},
        security::origin,
        show::minute,
        texts,
    },
    routes::{Keys as Pair, clear_key, renew_keys},
    store::{Answered, KeyOf, KeyRef, KeyState, KeyWrite, StoreError},
    vault::{ApiKeyKind, Purpose},
};

#[derive(Template)]
#[template(path = "backoffice/keys.html")]
struct Keys<'a> {
    page: &'a Page,
    shell: &'a Shell,
    texts: &'static texts::Keys,
    /// Secret and client key; none before the first issue.
    in_force: Vec<Shown>,
    old: Vec<Shown>,
    origins: Vec<String>,
    /// What makes a form that is sent twice one renewal.
    number: String,
    notice: &'static str,
    wrong: Wrong,
    origin: &'a str,
}

/// A key as it is shown.
struct Shown {
    name: &'static str,
    hint: &'static str,
    clear: String,
    /// Enough to recognise it.
    masked: String,
    issued: String,
    used: String,
    until: String,
}

const PAGE: &str = "/backoffice/keys";
const ORIGIN: Problem = Problem {
    ko: "https://shop.example.com과 같은 주소여야 합니다",
    en: "must be an origin such as https://shop.example.com",
};
const OTHER: Problem = Problem {
    ko: "이 양식은 이미 다른 내용으로 보냈습니다. 키를 확인한 뒤 새로 시작해 주세요.",
    en: "This form was sent before and asked for something else. Look at your keys and start again.",
};
const FULL: Problem = Problem { ko: "더 이상 추가할 수 없습니다", en: "there is no room for more" };
/// Our own numbers have 32.
const MAX_NUMBER_CHARS: usize = 64;
const MAX_ORIGIN_BYTES: usize = 200;

/// `GET /backoffice/keys`.
pub async fn page(desk: Desk) -> Result<HttpResponse, ApiError> {
    show(&desk, &Fields::default(), None).await
}

/// `POST /backoffice/keys/renew`.
pub async fn renew(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let has_keys = !desk.app.store.keys_of(desk.merchant.id, desk.now()).await?.is_empty();
    match renew_once(&desk, &form, has_keys).await {
        Ok(()) => Ok(see(&format!("{PAGE}?done=renewed"))),
        Err(error) if error.code.status() < 500 => show(&desk, &form, Some(&error)).await,
        Err(error) => Err(error),
    }
}

async fn renew_once(desk: &Desk, form: &Fields, has_keys: bool) -> Result<(), ApiError> {
    let grace = grace(form)?;
    let key = number_of(desk, form)?;
    if was_sent(desk, &key).await? {
        return Ok(());
    }
    sure(form, has_keys)?;
    // Nobody is ever shown this answer: the page itself is.
    let answer = Some(Answered { status: 303, sealed_body: Vec::new() });
    let take = KeyWrite::Take { key: key.clone(), subject: None, operation: None, answer, at: desk.now() };
    let old_until = grace.map(|hours| desk.now().checked_add(SignedDuration::from_hours(hours)).unwrap_or(desk.now()));
    match renew_keys(&desk.app, desk.merchant.id, old_until, |_: &Pair| Some(take)).await {
        // Twice at once.
        Err(error) if error.code == Code::KeyRunning => was_sent(desk, &key).await.map(drop),
        renewed => renewed.map(drop),
    }
}

/// Whether this very form was sent before: what it asks for is done.
async fn was_sent(desk: &Desk, key: &KeyRef) -> Result<bool, ApiError> {
    match desk.app.store.idempotency_state(key).await? {
        KeyState::Free => Ok(false),
        KeyState::OtherRequest(_) => Err(ApiError::field("number", OTHER)),
        KeyState::Running(_) | KeyState::Answered(_) => Ok(true),
    }
}

/// A form's number, taken in the commit of what the form asks for.
fn number_of(desk: &Desk, form: &Fields) -> Result<KeyRef, ApiError> {
    let number = form.get("number");
    if !(1..=MAX_NUMBER_CHARS).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::field("number", OTHER));
    }
    let scope =
        Sha256::new().chain_update(desk.merchant.id.uuid().as_bytes()).chain_update("POST /backoffice/keys/renew");
    Ok(KeyRef {
        scope: scope.finalize().into(),
        key: number.to_owned(),
        fingerprint: desk.app.vault.digest(Purpose::RequestBody, form.get("grace").as_bytes()),
        earlier: desk.app.vault.digests(Purpose::RequestBody, form.get("grace").as_bytes()),
    })
}

/// `POST /backoffice/keys/stop`: what is only good for a while yet stops now.
pub async fn stop(sent: Sent) -> Result<HttpResponse, ApiError> {
    let desk = sent.desk;
    desk.app.store.stop_old_keys(desk.merchant.id, desk.now()).await?;
    desk.app.lookups.forget_keys();
    Ok(see(&format!("{PAGE}?done=stopped")))
}

/// `POST /backoffice/origins`.
pub async fn add_origin(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    let added = match parsed(form.get("origin")) {
        Some(origin) => {
            desk.app.store.add_origin(desk.merchant.id, &origin, desk.now()).await.map_err(|error| match error {
                StoreError::Full => ApiError::field("origin", FULL),
                error => error.into(),
            })
        }
        None => Err(ApiError::field("origin", ORIGIN)),
    };
    match added {
        Ok(()) => {
            desk.app.lookups.forget_merchants();
            Ok(see(&format!("{PAGE}?done=saved#origins")))
        }
        Err(error) if error.code.status() < 500 => show(&desk, &form, Some(&error)).await,
        Err(error) => Err(error),
    }
}

/// `POST /backoffice/origins/remove`.
pub async fn remove_origin(sent: Sent) -> Result<HttpResponse, ApiError> {
    let Sent { desk, form } = sent;
    desk.app.store.remove_origin(desk.merchant.id, form.get("origin").trim_matches('\0')).await?;
    desk.app.lookups.forget_merchants();
    Ok(see(&format!("{PAGE}?done=saved#origins")))
}

/// An http(s) origin as a browser writes it; somebody may type a whole address.
fn parsed(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    origin(url.as_str()).filter(|origin| origin.len() <= MAX_ORIGIN_BYTES)
}

fn grace(form: &Fields) -> Result<Option<i64>, ApiError> {
    match form.get("grace") {
        "0" => Ok(None),
        "1" => Ok(Some(1)),
        "24" => Ok(Some(24)),
        _ => Err(ApiError::field("grace", CHOOSE)),
    }
}

fn sure(form: &Fields, has_keys: bool) -> Result<(), ApiError> {
    if has_keys { form.sure() } else { Ok(()) }
}

async fn show(desk: &Desk, form: &Fields, error: Option<&ApiError>) -> Result<HttpResponse, ApiError> {
    let shell = Shell::of(desk, Section::Keys).await?;
    let lang = shell.page.lang;
    let texts = texts::Keys::of(lang);
    let keys = desk.app.store.keys_of(desk.merchant.id, desk.now()).await?;
    let shown = |key: &KeyOf| shown(desk, key, texts);
    let (mut old, mut in_force): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.until.is_some());
    for keys in [&mut old, &mut in_force] {
        keys.sort_by_key(|key| (std::cmp::Reverse(key.created_at), key.kind == ApiKeyKind::Client));
    }
    let template = Keys {
        texts,
        in_force: in_force.iter().map(shown).collect::<Result<_, _>>()?,
        old: old.iter().map(shown).collect::<Result<_, _>>()?,
        origins: desk.app.store.origins_of(desk.merchant.id).await?,
        number: Services::fresh::<Uuid>().simple().to_string(),
        notice: match desk.asked("done").as_str() {
            "renewed" => texts.renewed,
            "stopped" => texts.stopped,
            "saved" => texts.saved,
            _ => "",
        },
        wrong: error.map(|error| Wrong::of(error, lang)).unwrap_or_default(),
        origin: form.get("origin"),
        page: &shell.page,
        shell: &shell,
    };
    shell.send_as(error.map_or(StatusCode::OK, ApiError::status), &template)
}

fn shown(desk: &Desk, key: &KeyOf, texts: &'static texts::Keys) -> Result<Shown, ApiError> {
    let clear = clear_key(&desk.app, key)?;
    let (name, hint) = match key.kind {
        ApiKeyKind::Secret => (texts.secret, texts.secret_hint),
        ApiKeyKind::Client => (texts.client, texts.client_hint),
    };
    Ok(Shown {
        name,
        hint,
        masked: format!("{}••••••••", clear.get(..6).unwrap_or_default()),
        clear,
        issued: minute(key.created_at),
        used: key.last_used_at.map_or_else(|| texts.never.to_owned(), minute),
        until: key.until.map(|until| texts.until.replace("{n}", &minute(until))).unwrap_or_default(),
    })
}
