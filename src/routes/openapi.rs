//! The API's own description, generated from the handlers.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
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
    modifiers(&Security)
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
