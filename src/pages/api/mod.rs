//! The OpenAPI document, to be read by people. Labels are in the reader's language; what the code says of
//! itself stays English.

mod schema;

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde_json::Value;

use super::{page::Page, security::Policy, texts};
use crate::{
    error::ApiError,
    routes::{App, endpoints, openapi},
};
use schema::{Body, Field};

#[derive(Template)]
#[template(path = "api.html")]
struct Api<'a> {
    page: &'a Page,
    texts: &'static texts::Api,
    base: String,
    groups: &'a [Group],
}

/// What belongs together, under the name that the code gives it.
struct Group {
    tag: &'static str,
    operations: Vec<Operation>,
}

impl Group {
    fn id(&self) -> String {
        self.tag.replace(' ', "-")
    }
}

struct Operation {
    method: String,
    path: &'static str,
    /// Leads to it within the page.
    anchor: String,
    /// The security scheme; empty: anybody may call it.
    auth: String,
    summary: String,
    about: String,
    parameters: Vec<Field>,
    body: Option<Body>,
    responses: Vec<Response>,
}

struct Response {
    status: String,
    about: String,
    /// Errors all have one shape, which the page tells once.
    body: Option<Body>,
    is_stream: bool,
}

/// In the order of a payment's life.
const TAGS: [&str; 5] = ["shop", "live", "customer", "back office", "operations"];

impl Api<'_> {
    fn tag(&self, tag: &str) -> &'static str {
        match tag {
            "shop" => self.texts.shop,
            "live" => self.texts.live,
            "customer" => self.texts.customer,
            "back office" => self.texts.desk,
            _ => self.texts.operations,
        }
    }

    fn auth(&self, scheme: &str) -> &'static str {
        match scheme {
            "key" => self.texts.auth_key,
            "bearer" => self.texts.auth_bearer,
            _ => self.texts.auth_none,
        }
    }
}

/// `/api-docs`.
pub async fn page(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    // The document is made of the code: it does not change while that runs.
    static GROUPS: LazyLock<Vec<Group>> =
        LazyLock::new(|| serde_json::to_value(openapi::api()).map(|document| groups(&document)).unwrap_or_default());
    let page = Page::of(&request);
    let template =
        Api { texts: texts::Api::of(page.lang), base: app.public_url(&request), groups: &GROUPS, page: &page };
    page.send(StatusCode::OK, &Policy::default(), &template)
}

fn groups(document: &Value) -> Vec<Group> {
    let of_tag = |tag: &str| {
        let about = |endpoint: &crate::routes::Endpoint| {
            let method = endpoint.method.as_str().to_lowercase();
            let about = &document["paths"][endpoint.path][method];
            (about["tags"][0] == tag).then(|| operation(document, endpoint.method.as_str(), endpoint.path, about))
        };
        // The map of the API has them in the order in which they are called.
        endpoints().iter().filter_map(about).collect()
    };
    TAGS.into_iter().map(|tag| Group { tag, operations: of_tag(tag) }).collect()
}

fn operation(document: &Value, method: &str, path: &'static str, about: &Value) -> Operation {
    let scheme = about["security"][0].as_object().and_then(|schemes| schemes.keys().next());
    Operation {
        method: method.to_owned(),
        path,
        anchor: anchor(method, path),
        auth: scheme.cloned().unwrap_or_default(),
        summary: text(&about["summary"]),
        about: text(&about["description"]),
        parameters: list(&about["parameters"]).map(|about| parameter(document, about)).collect(),
        body: schema::body(document, &about["requestBody"]["content"]["application/json"]["schema"]),
        responses: about["responses"].as_object().into_iter().flatten().map(|told| response(document, told)).collect(),
    }
}

/// `post-api-v1-p-merchant-confirm`.
fn anchor(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method.to_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("-")
}

fn parameter(document: &Value, about: &Value) -> Field {
    let field = Field::of(document, "", &text(&about["name"]), &about["schema"], about["required"] == true);
    Field { place: text(&about["in"]), about: text(&about["description"]), ..field }
}

fn response(document: &Value, (status, about): (&String, &Value)) -> Response {
    let is_success = status.starts_with('2');
    let description = text(&about["description"]);
    let standard = || status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()?.canonical_reason());
    Response {
        about: if description.is_empty() { standard().unwrap_or_default().to_owned() } else { description },
        body: schema::data(document, &about["content"]["application/json"]["schema"]).filter(|_| is_success),
        is_stream: about["content"]["text/event-stream"].is_object(),
        status: status.clone(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text of the document, without the marks of its markup.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}
