//! The OpenAPI document, to be read by people.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use serde_json::Value;

use super::{page::Page, security::Policy};
use crate::{error::ApiError, routes::openapi};

#[derive(Template)]
#[template(path = "api.html")]
struct Api<'a> {
    page: &'a Page,
    operations: &'a [Operation],
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    parameters: Vec<Parameter>,
    body: String,
    responses: Vec<Response>,
}

struct Parameter {
    name: String,
    place: String,
    description: String,
}

struct Response {
    status: String,
    description: String,
}

/// `/api-docs`.
pub async fn page(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    // The document is made of the code: it does not change while that runs.
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        serde_json::to_value(openapi::api()).map(|document| operations(&document)).unwrap_or_default()
    });
    let page = Page::of(&request);
    page.send(StatusCode::OK, &Policy::default(), &Api { page: &page, operations: &OPERATIONS })
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, about)| Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&about["summary"]),
                parameters: about["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
                body: body(document, about),
                responses: about["responses"].as_object().into_iter().flatten().map(response).collect(),
            })
        })
        .collect()
}

fn parameter(about: &Value) -> Parameter {
    Parameter { name: text(&about["name"]), place: text(&about["in"]), description: text(&about["description"]) }
}

fn response((status, about): (&String, &Value)) -> Response {
    Response { status: status.clone(), description: text(&about["description"]) }
}

/// The properties of a request's body, one a line.
fn body(document: &Value, operation: &Value) -> String {
    let Some(reference) = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str() else {
        return String::new();
    };
    let schema = document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let lines = properties.map(|(name, about)| {
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        let kind = about["type"].as_str().or_else(|| about["type"][0].as_str()).unwrap_or("object");
        format!("{name}{optional}: {kind}  {}", text(&about["description"])).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
