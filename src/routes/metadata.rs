//! The shop's own JSON object on a payment: stored and returned byte for byte as it came.

use serde_json::value::RawValue;

use crate::error::{ApiError, Problem};

const METADATA: Problem =
    Problem { ko: "2KiB 이하의 JSON 객체여야 합니다", en: "must be a JSON object of at most 2 KiB" };

/// Counted without white space, and with each escaped character as the character it stands for: the same
/// object is not too large because of how a library writes it.
const MAX_BYTES: usize = 2048;
/// What is stored and sent, escapes and white space included.
const MAX_RAW_BYTES: usize = 8192;
/// Parsers of other languages give up at some depth, too.
const MAX_DEPTH: usize = 127;

/// The text of a `metadata` field.
///
/// # Errors
/// It is no JSON object, too large, too deep, or has a character that no text can hold.
pub fn metadata(value: Option<Box<RawValue>>) -> Result<Option<Box<str>>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let text: Box<str> = value.into();
    let is_good =
        text.starts_with('{') && text.len() <= MAX_RAW_BYTES && measured(&text).is_some_and(|n| n <= MAX_BYTES);
    if is_good { Ok(Some(text)) } else { Err(ApiError::field("metadata", METADATA)) }
}

/// What a view shows of it.
pub fn shown(stored: Option<&str>) -> Option<Box<RawValue>> {
    // It was checked at the door: what is stored is JSON.
    stored.and_then(|text| RawValue::from_string(text.to_owned()).ok())
}

/// The size of a well-formed JSON text. `None` when it is too deep, or when an escape stands for no character:
/// half of a pair, or the NUL, which PostgreSQL takes in no text.
fn measured(text: &str) -> Option<usize> {
    let (mut size, mut depth, mut is_string) = (0, 0_usize, false);
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' if is_string => {
                let (width, after) = escape(rest)?;
                (size, rest) = (size + width, after);
                continue;
            }
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return None;
        }
        size += 1;
    }
    Some(size)
}

/// The bytes of the character behind a backslash, and what follows.
fn escape(rest: &[u8]) -> Option<(usize, &[u8])> {
    let (&kind, rest) = rest.split_first()?;
    if kind != b'u' {
        return Some((if kind == b'/' { 1 } else { 2 }, rest));
    }
    let (first, rest) = unit(rest)?;
    match first {
        0 => None,
        // These are never written without an escape.
        1..0x20 => Some((6, rest)),
        0xd800..0xdc00 => {
            let (second, rest) = unit(rest.strip_prefix(b"\\u")?)?;
            (0xdc00..0xe000).contains(&second).then_some((4, rest))
        }
        _ => Some((char::from_u32(first)?.len_utf8(), rest)),
    }
}

/// Four hexadecimal digits.
fn unit(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = rest.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> bool {
        let raw = serde_json::from_str(text).unwrap();
        metadata(Some(raw)).is_ok_and(|kept| kept.as_deref() == Some(text.trim()))
    }

    #[test]
    fn an_object_is_kept_as_it_is_written() {
        for good in [
            "{}",
            r#"{"n":12345678901234567890123456789,"e":1e2,"big":1e400,"a":1,"a":2}"#,
            "{ \"spaced\" :\n [ 1 , 2 ] }",
            r#"{"escaped":"\ud83d\ude00 \u0041 \/ \\ \" \\u0000"}"#,
        ] {
            assert!(kept(good), "{good}");
        }
        for bad in ["[]", "\"text\"", "7", r#"{"a":"\u0000"}"#, r#"{"a":"\ud83d"}"#, r#"{"a":"\ud83d\u0041"}"#] {
            assert!(!kept(bad), "{bad}");
        }
        assert_eq!(metadata(None).unwrap(), None);
    }

    #[test]
    fn its_size_does_not_depend_on_how_it_is_written() {
        let object = |value: &str| format!("{{\"a\":\"{value}\"}}");
        let room = MAX_BYTES - object("").len();
        assert!(kept(&object(&"x".repeat(room))) && !kept(&object(&"x".repeat(room + 1))));
        assert!(kept(&object(&"\\uac00".repeat(room / 3))), "as Python writes Hangul");
        assert!(!kept(&object(&"\\uac00".repeat(room / 3 + 1))));
        assert!(kept(&format!("{{{}\"a\":1}}", " ".repeat(4000))));
        assert!(!kept(&format!("{{{}\"a\":1}}", " ".repeat(MAX_RAW_BYTES))));
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(kept(&deep(MAX_DEPTH - 1)) && !kept(&deep(MAX_DEPTH)));
    }
}
