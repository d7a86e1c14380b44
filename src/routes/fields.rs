//! Fields of requests, each parsed into a value that cannot be wrong.

use std::str::FromStr;

use email_address::{EmailAddress, Options};
use jiff::{Timestamp, civil::Date, tz::Offset};
use secrecy::SecretString;
use unicode_normalization::UnicodeNormalization;

use crate::{
    domain::{OrderId, OrderName, PaymentKey, TextError, check_visible, folded_email},
    error::{ApiError, Code, Problem},
    store::Cursor,
};

pub const REQUIRED: Problem = Problem { ko: "필수 값입니다", en: "is required" };
pub const WRONG_TYPE: Problem = Problem { ko: "값의 형식이 올바르지 않습니다", en: "has the wrong type" };
pub const NOT_JSON: Problem = Problem { ko: "올바른 JSON이 아닙니다", en: "is not valid JSON" };
pub const FORMAT: Problem = Problem { ko: "형식이 올바르지 않습니다", en: "is not in the expected format" };
pub const POSITIVE: Problem = Problem { ko: "0보다 커야 합니다", en: "must be greater than zero" };
const LENGTH: Problem =
    Problem { ko: "1자 이상 100자 이하여야 합니다", en: "must have 1 to 100 characters" };
pub const CHARACTER: Problem =
    Problem { ko: "사용할 수 없는 문자가 있습니다", en: "contains a character that is not allowed" };
const INVISIBLE: Problem =
    Problem { ko: "눈에 보이는 글자가 있어야 합니다", en: "must have a character that can be seen" };
const HIDDEN: Problem =
    Problem { ko: "눈에 보이지 않는 문자가 있습니다", en: "contains a character that cannot be seen" };
const EDGE: Problem =
    Problem { ko: "앞이나 뒤에 공백이 있을 수 없습니다", en: "must not begin or end with a blank" };
const PASSWORD: Problem = Problem {
    ko: "영문자와 숫자를 포함해 5자 이상 64자 이하여야 합니다",
    en: "must have 5 to 64 characters, at least a letter and a digit",
};
const EMAIL: Problem = Problem { ko: "올바른 이메일이 아닙니다", en: "is not an e-mail address" };
const DATE: Problem = Problem { ko: "YYYY-MM-DD 형식이어야 합니다", en: "must be a date, YYYY-MM-DD" };
const DATE_ORDER: Problem =
    Problem { ko: "시작일보다 빠를 수 없습니다", en: "must not be before startDate" };
const PAGE: Problem = Problem { ko: "0 이상의 정수여야 합니다", en: "must be a whole number from 0" };
const CURSOR: Problem =
    Problem { ko: "앞선 응답의 next 값이어야 합니다", en: "must be `next` of an earlier answer" };
const NO_PAGE: Problem =
    Problem { ko: "page와 함께 사용할 수 없습니다", en: "cannot be combined with page" };
const LIMIT: Problem =
    Problem { ko: "1 이상 20 이하의 정수여야 합니다", en: "must be a whole number from 1 to 20" };
const URL: Problem = Problem { ko: "http(s) 주소여야 합니다", en: "must be an http(s) URL" };
const USER_INFO: Problem = Problem {
    ko: "사용자 이름이나 비밀번호를 넣을 수 없습니다",
    en: "must not contain a user name or a password",
};
const REASON: Problem = Problem { ko: "200자 이하여야 합니다", en: "must have at most 200 characters" };

const MAX_EMAIL_BYTES: usize = 254;
const MAX_URL_BYTES: usize = 2048;
const MAX_REASON_CHARS: usize = 200;
/// Pages beyond this are not served: an offset costs what it skips.
const MAX_PAGE: u64 = 1_000_000;

/// A field that must be there.
pub fn required<T>(name: &'static str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::field(name, REQUIRED))
}

fn text<T: FromStr<Err = TextError>>(name: &'static str, value: Option<String>) -> Result<T, ApiError> {
    required(name, value)?.parse().map_err(|error| {
        ApiError::field(
            name,
            match error {
                TextError::Length => LENGTH,
                TextError::Character => CHARACTER,
                TextError::Invisible => INVISIBLE,
                TextError::Hidden => HIDDEN,
                TextError::Edge => EDGE,
            },
        )
    })
}

/// The id of a new order.
pub fn order_id(value: Option<String>) -> Result<OrderId, ApiError> {
    text("orderId", value)
}

/// The id of an order that may be there: also one that would not be taken any more.
pub fn known_order_id(value: Option<String>) -> Result<OrderId, ApiError> {
    let value = required("orderId", value)?;
    OrderId::try_from(value.clone()).or_else(|_| text("orderId", Some(value)))
}

pub fn order_name(value: Option<String>) -> Result<OrderName, ApiError> {
    text("orderName", value)
}

/// The name of a business: what an order name may be.
pub fn name(value: Option<String>) -> Result<String, ApiError> {
    let name: OrderName = text("name", value.map(|name| name.trim().to_owned()))?;
    check_visible(name.as_str()).map_err(|_| ApiError::field("name", HIDDEN))?;
    Ok(name.into())
}

/// A new e-mail, as it is compared.
pub fn email(value: Option<String>) -> Result<String, ApiError> {
    let email = folded_email(&required("email", value)?);
    // PostgreSQL takes no NUL, and nobody has such an address.
    let good = email.len() <= MAX_EMAIL_BYTES
        && EmailAddress::parse_with_options(&email, Options::default().without_display_text()).is_ok()
        && !email.contains(char::is_control);
    if good { Ok(email) } else { Err(ApiError::field("email", EMAIL)) }
}

/// An e-mail as somebody types it to sign in. What cannot be one belongs to nobody, and is not remembered.
pub fn given_email(value: Option<String>) -> Result<String, ApiError> {
    let email = folded_email(&required("email", value)?);
    if email.len() <= MAX_EMAIL_BYTES { Ok(email) } else { Err(Code::SignInFailed.into()) }
}

/// A new password.
pub fn new_password(value: Option<String>) -> Result<SecretString, ApiError> {
    let password: String = required("password", value)?.nfc().collect();
    let length = (5..=64).contains(&password.chars().count());
    let mixed = password.contains(char::is_alphabetic) && password.contains(|c: char| c.is_ascii_digit());
    if length && mixed { Ok(password.into()) } else { Err(ApiError::field("password", PASSWORD)) }
}

/// A key that names no payment is an unknown payment, not bad input.
pub fn payment_key(value: &str) -> Result<PaymentKey, ApiError> {
    value.parse().map_err(|_| Code::PaymentNotFound.into())
}

/// An address of the merchant's. `https://bank.example@evil.example/` leads to the second name and reads like the
/// first, so no user name may stand in it.
pub fn redirect(name: &'static str, value: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let parsed = url::Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if parsed.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        return Err(ApiError::field(name, USER_INFO));
    }
    match parsed {
        // As the parser reads it: without line breaks and the like.
        Some(url) if url.as_str().len() <= MAX_URL_BYTES => Ok(Some(url.into())),
        _ => Err(ApiError::field(name, URL)),
    }
}

pub fn reason(value: Option<String>) -> Result<Option<Box<str>>, ApiError> {
    value.map(|reason| remark("reason", reason)).transpose()
}

/// Why somebody decided something; it has to say something.
pub fn note(value: Option<String>) -> Result<Box<str>, ApiError> {
    let note = required("note", value)?;
    if note.trim().is_empty() { Err(ApiError::field("note", REQUIRED)) } else { remark("note", note) }
}

fn remark(name: &'static str, text: String) -> Result<Box<str>, ApiError> {
    if text.chars().count() > MAX_REASON_CHARS {
        return Err(ApiError::field(name, REASON));
    }
    if text.contains(|c: char| c.is_control() && c != '\n') {
        return Err(ApiError::field(name, CHARACTER));
    }
    check_visible(&text).map_err(|_| ApiError::field(name, HIDDEN))?;
    Ok(text.into_boxed_str())
}

/// Where a list goes on.
pub fn after(after: Option<String>, page: Option<&str>) -> Result<Option<Cursor>, ApiError> {
    match (after, page) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(ApiError::field("after", NO_PAGE)),
        (Some(after), None) => after.parse().map(Some).map_err(|()| ApiError::field("after", CURSOR)),
    }
}

/// `page` and `limit`.
pub fn paging(page: Option<String>, limit: Option<String>) -> Result<(u64, u64), ApiError> {
    let page = match page {
        None => 0,
        Some(page) => {
            page.parse().ok().filter(|page| *page <= MAX_PAGE).ok_or_else(|| ApiError::field("page", PAGE))?
        }
    };
    let limit = match limit {
        None => 10,
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=20).contains(limit))
            .ok_or_else(|| ApiError::field("limit", LIMIT))?,
    };
    Ok((page, limit))
}

/// How the last day of a range ends.
#[derive(Clone, Copy)]
pub enum LastDay {
    /// At 24:00 in Seoul.
    Seoul,
    /// At 24:00 UTC: an old phone client sends its UTC date.
    Utc,
}

/// Calendar days as half-open times: from 00:00 in Seoul of `start` to the end of `end`.
pub fn days(
    start: Option<String>,
    end: Option<String>,
    last: LastDay,
) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let start = date("startDate", start)?;
    let end = date("endDate", end)?;
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        return Err(ApiError::field("endDate", DATE_ORDER));
    }
    let offset = match last {
        LastDay::Seoul => Offset::constant(9),
        LastDay::Utc => Offset::UTC,
    };
    let from = start.map(|day| midnight("startDate", day, Offset::constant(9))).transpose()?;
    let until = end
        .map(|day| day.tomorrow().map_err(|_| ApiError::field("endDate", DATE)))
        .transpose()?
        .map(|day| midnight("endDate", day, offset))
        .transpose()?;
    Ok((from, until))
}

fn date(name: &'static str, value: Option<String>) -> Result<Option<Date>, ApiError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let date = Date::strptime("%Y-%m-%d", &value).ok().filter(|date| (1970..=9000).contains(&date.year()));
    date.map(Some).ok_or_else(|| ApiError::field(name, DATE))
}

fn midnight(name: &'static str, day: Date, offset: Offset) -> Result<Timestamp, ApiError> {
    offset.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| ApiError::field(name, DATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_days_ends_where_its_reader_says() {
        let day = || Some("2026-11-22".to_owned());
        let (from, seoul) = days(day(), day(), LastDay::Seoul).unwrap();
        let (_, utc) = days(day(), day(), LastDay::Utc).unwrap();
        assert_eq!(from.unwrap().to_string(), "2026-11-21T15:00:00Z");
        assert_eq!(seoul.unwrap().to_string(), "2026-11-22T15:00:00Z");
        assert_eq!(utc.unwrap().to_string(), "2026-11-23T00:00:00Z");
        assert!(days(day(), Some("2026-11-21".into()), LastDay::Seoul).is_err());
        for bad in ["2026-13-01", "22.11.2026", "2026-11-22T00:00:00Z", "99999-01-01"] {
            assert!(days(Some(bad.into()), None, LastDay::Seoul).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_mix_letters_and_digits() {
        for good in ["abcd1", "pass1234!@#", "비밀번호1", &format!("a1{}", "x".repeat(62))] {
            assert!(new_password(Some(good.to_owned())).is_ok(), "{good}");
        }
        for bad in ["", "abc1", "abcde", "12345", &format!("a1{}", "x".repeat(63))] {
            assert!(new_password(Some(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
