//! A JSON text in one form: two bodies that mean the same become the same bytes, whatever the order of their keys, their
//! white space, the escapes of their strings and the way in which their numbers are written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::amounts::digits;

/// Deeper values stand as they were written.
const MAX_DEPTH: usize = 32;

/// The canonical form of `body`; `None` when it is no JSON object.
///
/// A field of the request that is null says as much as one that is absent. Within the values of fields it does not.
pub fn canonical(body: &[u8]) -> Option<Vec<u8>> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let fields = fields.into_iter().filter(|(_, value)| value.get() != "null");
    let mut out = Vec::with_capacity(body.len());
    object(fields, 0, &mut out);
    Some(out)
}

fn object<'a>(fields: impl IntoIterator<Item = (String, &'a RawValue)>, depth: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, value)) in fields.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(&name, out);
        out.push(b':');
        write(value, depth + 1, out);
    }
    out.push(b'}');
}

fn write(value: &RawValue, depth: usize, out: &mut Vec<u8>) {
    let text = value.get();
    let as_written = |out: &mut Vec<u8>| out.extend_from_slice(text.as_bytes());
    match text.as_bytes().first() {
        Some(b'{') if depth < MAX_DEPTH => match serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
            Ok(fields) => object(fields, depth, out),
            Err(_) => as_written(out),
        },
        Some(b'[') if depth < MAX_DEPTH => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => {
                out.push(b'[');
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write(item, depth + 1, out);
                }
                out.push(b']');
            }
            Err(_) => as_written(out),
        },
        Some(b'"') => match serde_json::from_str::<String>(text) {
            Ok(text) => string(&text, out),
            Err(_) => as_written(out),
        },
        Some(b'-' | b'0'..=b'9') => match digits(text) {
            Some(whole) => out.extend_from_slice(whole.as_bytes()),
            None => as_written(out),
        },
        _ => as_written(out),
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend(serde_json::to_vec(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> String {
        String::from_utf8(canonical(body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn bodies_that_mean_the_same_have_one_form() {
        let one = r#"{"amount":15000,"orderId":"주문-1","metadata":{"a":[1,2],"b":null}}"#;
        for same in [
            "{ \"orderId\" : \"주문-1\",\n\"metadata\":{\"b\":null,\"a\":[1, 2]}, \"amount\":15000 }",
            r#"{"amount":1.5e4,"orderId":"\uc8fc\ubb38-1","metadata":{"a":[1.0,2],"b":null}}"#,
            r#"{"amount":15000.0,"orderId":"주문-1","reason":null,"metadata":{"a":[1,2],"b":null}}"#,
        ] {
            assert_eq!(form(same), form(one), "{same}");
        }
    }

    #[test]
    fn bodies_that_differ_in_a_value_have_different_forms() {
        let one = r#"{"amount":15000,"metadata":{"n":12345678901234567890123456789}}"#;
        for other in [
            r#"{"amount":15001,"metadata":{"n":12345678901234567890123456789}}"#,
            r#"{"amount":"15000","metadata":{"n":12345678901234567890123456789}}"#,
            r#"{"amount":15000,"metadata":{"n":12345678901234567890123456788}}"#,
            r#"{"amount":15000,"metadata":{"n":null}}"#,
            r#"{"amount":15000}"#,
        ] {
            assert_ne!(form(other), form(one), "{other}");
        }
        assert_ne!(form(r#"{"list":[1,2]}"#), form(r#"{"list":[2,1]}"#));
        assert_ne!(form(r#"{"a":0.5}"#), form(r#"{"a":5}"#));
    }

    #[test]
    fn what_is_no_object_has_no_form() {
        for bad in ["", "[]", "1", "{", "{\"a\":1}x"] {
            assert_eq!(canonical(bad.as_bytes()), None, "{bad}");
        }
    }
}
