//! Who looks at the back office: the cookie, the session behind it, and the proof that a form is ours.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    error::InternalError,
    http::{
        Method,
        header::{CACHE_CONTROL, COOKIE, LOCATION},
    },
    web::Data,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::device;
use crate::{
    actors::Services,
    error::{ApiError, Code},
    pages::page::wants_page,
    routes::App,
    shares::{self, Tenant},
    store::{Merchant, Session},
    vault::{ApiKey, Purpose, Vault},
};

const NAME: &str = "paygate-desk";
/// Of a browser in which nobody is signed in: its forms carry a proof, too.
const VISIT: &str = "paygate-desk-visit";
/// A token has 43 characters; what is longer is none.
const MAX_TOKEN_BYTES: usize = 64;
/// Sessions of one business; the longest unused one ends when there is one more.
const MAX_SESSIONS: u64 = 50;
/// A session's row is written once in this time at most.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Somebody of a business, signed in. A handler that names it cannot be reached without.
pub struct Desk {
    pub app: Data<App>,
    pub request: HttpRequest,
    pub merchant: Merchant,
    pub session: Session,
    token: String,
}

impl Desk {
    pub fn now(&self) -> Timestamp {
        self.app.payments.now()
    }

    /// A part of the address's query; empty when it is not there.
    pub fn asked(&self, name: &str) -> String {
        asked(&self.request, name)
    }

    /// What this browser's forms carry.
    pub fn csrf(&self) -> String {
        proof(&self.app.vault, &self.token)
    }

    async fn of(app: Data<App>, request: HttpRequest) -> Result<Option<Self>, ApiError> {
        let Some(token) = cookie(&request, NAME) else { return Ok(None) };
        let now = app.payments.now();
        let hashes = app.vault.digests(Purpose::Session, token.as_bytes());
        let Some((session, merchant)) = app.store.session_by_hash(&hashes, app.payments.earliest_now()).await? else {
            return Ok(None);
        };
        shares::within(Tenant::Merchant(merchant.id));
        // A page that asks again by itself is nobody who uses it.
        if wants_page(&request) && now.duration_since(session.last_seen_at) >= TOUCH_EVERY {
            app.store.touch_session(session.id, now, expiry(&app, session.created_at, now)).await?;
        }
        Ok(Some(Self { app, request, merchant, session, token }))
    }
}

impl FromRequest for Desk {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = app_of(&request)?;
            match Self::of(app, request.clone()).await? {
                Some(desk) => Ok(desk),
                None => Err(sign_in_first(&request)),
            }
        })
    }
}

/// A person is sent to the sign-in, and from there back to the page; a script is told.
fn sign_in_first(request: &HttpRequest) -> actix_web::Error {
    if !wants_page(request) {
        return ApiError::from(Code::Unauthorized).into();
    }
    // What a form was about to do is not done by going back to it.
    let next = match request.method() {
        &Method::GET => request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    let response = HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/backoffice/sign-in?{query}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish();
    InternalError::from_response("not signed in", response).into()
}

/// Somebody who is not signed in, in a browser that has been here.
pub struct Visitor {
    pub app: Data<App>,
    pub request: HttpRequest,
    token: Option<String>,
}

impl Visitor {
    /// What this browser's forms carry, and the cookie to set when it has none yet.
    ///
    /// # Errors
    /// The system has no entropy.
    pub fn csrf(&self) -> Result<(String, Option<String>), ApiError> {
        if let Some(token) = &self.token {
            return Ok((proof(&self.app.vault, token), None));
        }
        let token = fresh_token()?;
        let kept = set(&self.app, &self.request, VISIT, &token, None);
        Ok((proof(&self.app.vault, &token), Some(kept)))
    }

    /// Whether a session is open in this browser.
    pub async fn is_signed_in(&self) -> Result<bool, ApiError> {
        Ok(Desk::of(self.app.clone(), self.request.clone()).await?.is_some())
    }
}

impl FromRequest for Visitor {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = app_of(request).map(|app| Self { app, request: request.clone(), token: cookie(request, VISIT) });
        std::future::ready(visitor.map_err(actix_web::Error::from))
    }
}

/// Opens a session for a business that has just shown its password; the answer is the cookie. Each
/// sign-in has a token of its own, so one that was planted before opens nothing.
///
/// # Errors
/// The password was changed meanwhile, the database failed, or the system has no entropy.
pub async fn begin(app: &App, request: &HttpRequest, merchant: &Merchant) -> Result<String, ApiError> {
    let (token, now) = (fresh_token()?, app.payments.now());
    let session = Session {
        id: Services::fresh(),
        merchant: merchant.id,
        device: device::of(request),
        created_at: now,
        last_seen_at: now,
        expires_at: expiry(app, now, now),
    };
    let hash = app.vault.digest(Purpose::Session, token.as_bytes());
    if !app.store.add_session(&session, hash, merchant.epoch, MAX_SESSIONS).await? {
        return Err(Code::SignInFailed.into());
    }
    Ok(set(app, request, NAME, &token, Some(app.auth.session_s)))
}

/// The cookie that takes the session's place.
pub fn end(app: &App, request: &HttpRequest) -> String {
    set(app, request, NAME, "", Some(0))
}

/// Whether a form came from a page that this browser got from here.
pub fn is_proof(vault: &Vault, token: &str, given: &str) -> bool {
    // Hashed once more, so that the comparison tells nothing by its time.
    let hash = |text: &str| vault.digest(Purpose::Form, text.as_bytes());
    hash(given) == hash(&proof(vault, token))
}

impl Desk {
    pub fn sent(&self, proof: &str) -> bool {
        is_proof(&self.app.vault, &self.token, proof)
    }
}

impl Visitor {
    /// A browser that has been shown a form sends one, unless it keeps no cookies or keeps them for TLS alone.
    pub fn has_cookie(&self) -> bool {
        self.token.is_some()
    }

    pub fn sent(&self, proof: &str) -> bool {
        self.token.as_ref().is_some_and(|token| is_proof(&self.app.vault, token, proof))
    }
}

/// A part of the address's query; empty when it is not there.
pub fn asked(request: &HttpRequest, name: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn proof(vault: &Vault, token: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault.digest(Purpose::Form, token.as_bytes()))
}

fn expiry(app: &App, created: Timestamp, now: Timestamp) -> Timestamp {
    let after = |at: Timestamp, s: i64| at.checked_add(SignedDuration::from_secs(s)).unwrap_or(Timestamp::MAX);
    after(now, app.auth.session_idle_s).min(after(created, app.auth.session_s))
}

fn fresh_token() -> Result<String, ApiError> {
    let key = ApiKey::generate().map_err(|error| ApiError::from(Code::Internal).because(error))?;
    Ok(key.expose().to_owned())
}

fn app_of(request: &HttpRequest) -> Result<Data<App>, ApiError> {
    let app = request.app_data::<Data<App>>().cloned();
    app.ok_or_else(|| ApiError::from(Code::Internal).because("no shared state"))
}

fn cookie(request: &HttpRequest, name: &str) -> Option<String> {
    let headers = request.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    (1..=MAX_TOKEN_BYTES).contains(&value.len()).then(|| value.to_owned())
}

/// `Lax`: a link in an e-mail leads to the page and not to the sign-in. Nothing is changed by a GET, and
/// every form carries a proof.
fn set(app: &App, request: &HttpRequest, name: &str, value: &str, max_age_s: Option<i64>) -> String {
    let secure = if app.is_secure(request) { "; Secure" } else { "" };
    let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    format!("{name}={value}; Path=/backoffice; HttpOnly; SameSite=Lax{age}{secure}")
}
