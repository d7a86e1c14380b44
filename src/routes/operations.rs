//! What load balancers and monitors ask.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web};
use serde_json::json;

use super::App;

/// How long readiness waits for the database.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// `ok`, as text: what existing monitors look for.
#[utoipa::path(get, path = "/health-check", tag = "operations", responses((status = 200, description = "`ok`")))]
pub async fn health_check() -> &'static str {
    "ok"
}

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "Alive")))]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// The process can serve: it is not going down, and the database answers.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready, and why")))]
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    let database = matches!(tokio::time::timeout(PING_TIMEOUT, app.store.ping()).await, Ok(Ok(())));
    let stopping = app.shutdown.is_cancelled();
    let is_ready = database && !stopping;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(json!({
        "status": if is_ready { "ready" } else { "not ready" },
        "database": if database { "up" } else { "down" },
        "stopping": stopping,
        "paymentsInMemory": app.payments.in_memory(),
        "acquirers": app.payments.acquirers().health(),
        "streams": app.payments.bus().open_streams(),
    }))
}

/// Prometheus metrics.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, description = "Prometheus text")))]
pub async fn metrics(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(app.metrics.render())
}
