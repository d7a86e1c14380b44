//! The language of a page: the one chosen with the switch, or the browser's, or Korean.

use actix_web::{
    HttpRequest,
    http::header::{ACCEPT_LANGUAGE, COOKIE},
};

use crate::error::Lang;

const NAME: &str = "paygate-lang";
const A_YEAR_S: u32 = 31_536_000;

/// The language `request` asks for.
pub fn of(request: &HttpRequest) -> Lang {
    let chosen = chosen(request).or_else(|| kept(request));
    let header = || request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    chosen.unwrap_or_else(|| Lang::from_header(header()))
}

/// `?lang=` of the address: a shop's page knows the customer's language.
fn chosen(request: &HttpRequest) -> Option<Lang> {
    query(request, "lang").and_then(|value| from_code(&value))
}

/// A choice that is to be remembered: the switch links to `?lang=…&keep`.
pub fn to_keep(request: &HttpRequest) -> Option<Lang> {
    query(request, "keep").and_then(|_| chosen(request))
}

fn query(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn kept(request: &HttpRequest) -> Option<Lang> {
    let headers = request.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).and_then(|(_, value)| from_code(value))
}

/// The header that keeps a choice. It says nothing about the visitor, and scripts may read it.
pub fn keep(lang: Lang) -> String {
    format!("{NAME}={}; Path=/; Max-Age={A_YEAR_S}; SameSite=Lax", code(lang))
}

pub const fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Ko => "ko",
        Lang::En => "en",
    }
}

fn from_code(code: &str) -> Option<Lang> {
    [Lang::Ko, Lang::En].into_iter().find(|lang| self::code(*lang) == code)
}
