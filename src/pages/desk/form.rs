//! Forms: what a browser sends to have something changed, with the proof that it got the form from here.

use std::collections::HashMap;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::future::LocalBoxFuture;

use super::session::{Desk, Visitor};
use crate::error::{ApiError, Code, Lang, Problem};

/// The fields of a form. Of two with one name the first counts.
#[derive(Default)]
pub struct Fields(HashMap<String, String>);

impl Fields {
    fn read(body: &[u8]) -> Self {
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            // A browser writes line breaks as CR LF.
            fields.entry(name.into_owned()).or_insert_with(|| value.replace("\r\n", "\n"));
        }
        Self(fields)
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A field that may be left empty.
    pub fn filled(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|text| !text.trim().is_empty()).cloned()
    }
}

/// A form of somebody who is signed in.
pub struct Sent {
    pub desk: Desk,
    pub form: Fields,
}

/// A form of somebody who is not.
pub struct Knock {
    pub visitor: Visitor,
    pub form: Fields,
}

const PROOF: &str = "csrf";

impl FromRequest for Sent {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (desk, body) = (Desk::from_request(request, payload), web::Bytes::from_request(request, payload));
        Box::pin(async move {
            let desk = desk.await?;
            let form = Fields::read(&body.await?);
            if desk.sent(form.get(PROOF)) { Ok(Self { desk, form }) } else { Err(refused(Code::FormExpired)) }
        })
    }
}

impl FromRequest for Knock {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (visitor, body) = (Visitor::from_request(request, payload), web::Bytes::from_request(request, payload));
        Box::pin(async move {
            let visitor = visitor.await?;
            let form = Fields::read(&body.await?);
            match visitor.has_cookie() {
                _ if visitor.sent(form.get(PROOF)) => Ok(Self { visitor, form }),
                true => Err(refused(Code::FormExpired)),
                false => Err(refused(Code::CookieMissing)),
            }
        })
    }
}

fn refused(code: Code) -> actix_web::Error {
    ApiError::from(code).into()
}

/// What a form is told about itself: which field is wrong, and why.
#[derive(Default)]
pub struct Wrong {
    field: String,
    pub text: String,
}

impl Wrong {
    pub fn of(error: &ApiError, lang: Lang) -> Self {
        match &error.field {
            Some((field, problem)) => {
                let text = match lang {
                    Lang::Ko => problem.ko,
                    Lang::En => problem.en,
                };
                Self { field: field.to_string(), text: text.to_owned() }
            }
            None => Self { field: String::new(), text: error.message(lang) },
        }
    }

    /// It is about this field.
    pub fn is(&self, field: &str) -> bool {
        !self.text.is_empty() && self.field == field
    }
}

pub const CHOOSE: Problem = Problem { ko: "하나를 선택해 주세요", en: "choose one" };
const SURE: Problem = Problem { ko: "확인란을 선택해 주세요", en: "must be ticked" };

impl Fields {
    /// Somebody has ticked that they mean it.
    ///
    /// # Errors
    /// They have not.
    pub fn sure(&self) -> Result<(), ApiError> {
        if self.get("sure") == "yes" { Ok(()) } else { Err(ApiError::field("sure", SURE)) }
    }
}
