//! The API's own description, generated from the handlers.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, ObjectBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Type,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{approvals, backoffice, cards, customers, doubts, history, keys, operations, shop, shop_orders, sse};

#[derive(OpenApi)]
#[openapi(
    info(title = "Paygate", description = "A self-hosted payment gateway."),
    paths(
        shop::create, shop::confirm, shop::payment, shop::cancel,
        shop_orders::order, shop_orders::status, shop_orders::cancel,
        customers::sign_up, old_sign_up, customers::sign_in, customers::me, customers::refresh,
        cards::list, cards::register, cards::choose, cards::remove,
        approvals::approve, approvals::cancel,
        history::list, history::transactions,
        sse::shop, sse::customer,
        backoffice::sign_up, backoffice::sign_in, backoffice::payments, backoffice::transactions,
        backoffice::cancel, doubts::list, doubts::resolve, keys::issue, keys::mine,
        operations::health_check, operations::healthz, operations::readyz, operations::metrics, document,
    ),
    modifiers(&Security, &Conventions)
)]
struct Api;

/// The same as `/api/v1/p/user/sign-up`, at the address an old client uses.
#[utoipa::path(post, path = "/api/v1/user/sign-up", tag = "customer", request_body = customers::CredentialsBody,
    responses((status = 201, description = "An empty object")))]
#[expect(dead_code, reason = "only its attribute is wanted: the handler stands in the document twice")]
fn old_sign_up() {}

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let basic =
            HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some("An API key as user name, no password"));
        components.add_security_scheme("key", SecurityScheme::Http(basic.build()));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    }
}

/// The errors that follow from what an operation takes. What is particular to one stands beside its handler.
struct Conventions;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl Modify for Conventions {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            if !path.starts_with("/api/v1/") && !path.starts_with("/api/backoffice/") {
                continue;
            }
            let changing = [item.post.as_mut(), item.patch.as_mut(), item.delete.as_mut()].into_iter().flatten();
            for operation in changing {
                add_errors(path, operation, true);
            }
            if let Some(operation) = item.get.as_mut() {
                add_errors(path, operation, false);
            }
        }
    }
}

fn add_errors(path: &str, operation: &mut Operation, changes: bool) {
    let parameters = operation.parameters.iter_mut().flatten();
    let key = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.name == IDEMPOTENCY_KEY => Some(parameter),
        _ => None,
    });
    let mut has_key = false;
    for parameter in key {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,300}$"));
        parameter.schema = Some(schema.build().into());
        has_key = true;
    }
    let has_input = operation.request_body.is_some() || operation.parameters.iter().flatten().next().is_some();
    let is_secured = operation.security.is_some();
    let errors = [
        (has_input, "400", "A field is missing or wrong; the message names it. Or the state does not allow it"),
        (is_secured, "401", "The credentials are missing, wrong or no longer valid"),
        (is_secured, "403", "These credentials do not allow it"),
        (
            is_secured && (path.contains('{') || changes),
            "404",
            "There is no such thing, or it belongs to another account",
        ),
        (changes, "409", "It conflicts with the present state, or the first request with this key is under way"),
        (operation.request_body.is_some(), "413", "The body is larger than 32 KiB"),
        (has_key, "422", "The idempotency key was used for another request"),
        (true, "429", "Too many requests; `Retry-After` says when to try again"),
        (true, "503", "Overloaded, or the database does not answer; `Retry-After` says when to try again"),
    ];
    for (_, status, description) in errors.into_iter().filter(|(holds, ..)| *holds) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Failure"))).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(response.into());
    }
}

/// The document.
pub fn api() -> &'static Document {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(Api::openapi);
    &DOCUMENT
}

/// The OpenAPI document.
#[utoipa::path(get, path = "/api-docs/openapi.json", tag = "operations",
    responses((status = 200, description = "This document")))]
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().json(api())
}
