//! A schema as a list of fields, one a line, with those of the objects within it.

use serde_json::Value;

use super::{list, text};

/// What a call sends or answers.
pub struct Body {
    /// `object`, `object[]`.
    pub kind: String,
    pub fields: Vec<Field>,
}

pub struct Field {
    /// What it is within: `transactions[].`.
    pub within: String,
    pub name: String,
    /// Of a parameter: `path`, `query`, `header`.
    pub place: String,
    pub kind: String,
    pub is_optional: bool,
    pub about: String,
}

/// No object of ours holds another deeper than this.
const MOST_DEPTH: usize = 4;

/// The body with this schema, if there is one.
pub fn body(document: &Value, schema: &Value) -> Option<Body> {
    schema.is_object().then(|| {
        let mut fields = Vec::new();
        walk(document, schema, "", MOST_DEPTH, &mut fields);
        Body { kind: kind(document, schema), fields }
    })
}

/// The same for what comes in the envelope of every success: without that.
pub fn data(document: &Value, schema: &Value) -> Option<Body> {
    body(document, &resolved(document, schema)["properties"]["data"])
}

impl Field {
    pub fn of(document: &Value, within: &str, name: &str, schema: &Value, is_required: bool) -> Self {
        let own = text(&schema["description"]);
        let about = if own.is_empty() { text(&resolved(document, schema)["description"]) } else { own };
        Self {
            within: within.to_owned(),
            name: name.to_owned(),
            place: String::new(),
            kind: kind(document, schema),
            is_optional: !is_required,
            about,
        }
    }
}

fn walk(document: &Value, schema: &Value, within: &str, depth: usize, fields: &mut Vec<Field>) {
    let mut schema = resolved(document, schema);
    let mut within = within.to_owned();
    if schema["type"] == "array" {
        schema = resolved(document, &schema["items"]);
        within.push_str(if within.is_empty() { "[]." } else { "" });
    }
    let required = |name: &str| list(&schema["required"]).any(|required| required == name);
    for (name, about) in schema["properties"].as_object().into_iter().flatten() {
        fields.push(Field::of(document, &within, name, about, required(name)));
        if depth > 0 {
            let many = if resolved(document, about)["type"] == "array" { "[]" } else { "" };
            walk(document, about, &format!("{within}{name}{many}."), depth - 1, fields);
        }
    }
}

/// What a reference leads to, and what is there when it is not null.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    let mut one_of = list(&schema["oneOf"]).filter(|one| one["type"] != "null");
    one_of.next().map_or(schema, |one| resolved(document, one))
}

/// `string`, `integer | null`, `object[]`.
fn kind(document: &Value, schema: &Value) -> String {
    let of = resolved(document, schema);
    let names: Vec<&str> = match &of["type"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        name => name.as_str().into_iter().collect(),
    };
    let kind = match names.first() {
        Some(&"array") => format!("{}[]", kind(document, &of["items"])),
        Some(name) => (*name).to_owned(),
        None => "any".to_owned(),
    };
    let may_be_null =
        list(&schema["oneOf"]).any(|one| one["type"] == "null") || list(&of["type"]).any(|name| name == "null");
    if may_be_null { format!("{kind} | null") } else { kind }
}
