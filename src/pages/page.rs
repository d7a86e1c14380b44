//! What every page shares: its language, its addresses, and how it is sent.

use std::sync::Arc;

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{
            ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE, VARY,
        },
    },
    middleware::Next,
};
use askama::Template;
use flate2::Compression;

use super::{
    assets::{self, gzip, takes_gzip},
    language,
    security::Policy,
    texts::Common,
};
use crate::{
    error::{ApiError, Code, Lang},
    routes::{log_error, told},
};

/// A page on its way to a browser.
pub struct Page {
    pub lang: Lang,
    /// Where static files are.
    pub assets: String,
    pub common: &'static Common,
    request: HttpRequest,
}

impl Page {
    pub fn of(request: &HttpRequest) -> Self {
        let lang = language::of(request);
        let version: Arc<String> = assets::version();
        Self { lang, assets: format!("/static/{version}"), common: Common::of(lang), request: request.clone() }
    }

    pub fn code(&self) -> &'static str {
        language::code(self.lang)
    }

    /// The other language: where the switch leads.
    pub fn other(&self) -> &'static str {
        match self.lang {
            Lang::Ko => "en",
            Lang::En => "ko",
        }
    }

    /// Where the switch leads: this very page, as far as an address says which, in the other language.
    pub fn switch(&self) -> String {
        self.switch_with(&[])
    }

    /// The same, where an address alone does not say which page it is.
    pub fn switch_with(&self, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let is_told = |name: &str| matches!(name, "lang" | "keep") || more.iter().any(|(told, _)| *told == name);
        let kept = url::form_urlencoded::parse(self.request.query_string().as_bytes());
        query.extend_pairs(kept.filter(|(name, _)| !is_told(name))).extend_pairs(more);
        query.append_pair("lang", self.other()).append_key_only("keep");
        format!("?{}", query.finish())
    }

    /// Sends it, compressed where that is understood.
    pub fn send(
        &self,
        status: StatusCode,
        policy: &Policy,
        template: &impl Template,
    ) -> Result<HttpResponse, ApiError> {
        let html = render(template)?;
        let mut response = self.begin(status, policy);
        if takes_gzip(&self.request) {
            return Ok(response
                .insert_header((CONTENT_ENCODING, "gzip"))
                .body(gzip(html.as_bytes(), Compression::fast())));
        }
        Ok(response.body(html))
    }

    /// Sends a page that holds a secret, be it the proof of its forms. It also repeats parts of its address, and
    /// the length of both together, compressed, would tell whoever makes up addresses how much of the secret
    /// they have guessed.
    pub fn send_secret(
        &self,
        status: StatusCode,
        policy: &Policy,
        template: &impl Template,
    ) -> Result<HttpResponse, ApiError> {
        Ok(self.begin(status, policy).body(render(template)?))
    }

    fn begin(&self, status: StatusCode, policy: &Policy) -> HttpResponseBuilder {
        let mut response = HttpResponseBuilder::new(status);
        response.content_type("text/html; charset=utf-8");
        for header in policy.headers() {
            response.insert_header(header);
        }
        // What a page says is true now: going back in the history asks again.
        response.insert_header((CACHE_CONTROL, "no-store"));
        response.append_header((VARY, "accept-language, cookie, accept-encoding"));
        if let Some(lang) = language::to_keep(&self.request) {
            response.insert_header((SET_COOKIE, language::keep(lang)));
        }
        response
    }
}

fn render(template: &impl Template) -> Result<String, ApiError> {
    template.render().map_err(|error| ApiError::from(Code::Internal).because(error))
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    title: &'a str,
    message: &'a str,
    can_retry: bool,
    /// Within the back office there is a way back to its first page.
    is_desk: bool,
}

/// A page that says what is wrong.
pub fn error_page(
    request: &HttpRequest,
    status: StatusCode,
    told: impl FnOnce(Lang) -> (&'static str, &'static str),
) -> Result<HttpResponse, ApiError> {
    let page = Page::of(request);
    let (title, message) = told(page.lang);
    let is_desk = request.path().starts_with("/backoffice/");
    page.send(
        status,
        &Policy::default(),
        &ErrorPage { page: &page, title, message, can_retry: status.is_server_error(), is_desk },
    )
}

/// Leads on to another address.
pub fn see(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, url)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

/// Leads to a page in place of what can only be sent to; what is asked of this address is asked of that one.
pub fn see_instead(request: &HttpRequest, path: &str) -> HttpResponse {
    match request.query_string() {
        "" => see(path),
        query => see(&format!("{path}?{query}")),
    }
}

/// Who is turned away for a passing reason is told when to come back.
pub fn come_again(response: &mut HttpResponse, error: &ApiError) {
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Whether a person asks, and not a script.
pub fn wants_page(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(ACCEPT).and_then(|header| header.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// Wraps every page: a person is told of an error in a page, a program in the envelope.
///
/// # Errors
/// Passes on what the handler could not turn into a response.
pub async fn errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_person = wants_page(request.request());
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(error) = told(response.response()).filter(|_| is_person) else { return Ok(response) };
    log_error(&error);
    let title = |lang| Common::of(lang).error_title;
    let mut page = error_page(response.request(), error.status(), |lang| (title(lang), error.code.text(lang)))?;
    come_again(&mut page, &error);
    if let Some(allow) = response.headers().get(ALLOW) {
        page.headers_mut().insert(ALLOW, allow.clone());
    }
    Ok(response.into_response(page))
}
