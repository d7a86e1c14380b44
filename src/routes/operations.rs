//! What load balancers and monitors ask.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::json;

use super::{App, answer::Failure};
use crate::error::{ApiError, Code};

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

/// A transaction of the journal that takes longer than this holds all others up.
const SLOWEST_WRITE: Duration = Duration::from_secs(2);

/// The process can serve: it is not going down, the database answers and takes writes, and every task lives.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready, and why")))]
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    let database = matches!(tokio::time::timeout(PING_TIMEOUT, app.store.ping()).await, Ok(Ok(())));
    let stopping = app.shutdown.is_cancelled();
    // The log has the details, which may name files and hosts.
    let reasons: Vec<&str> = [
        (!database, "the database does not answer"),
        (app.store.write_failure().is_some(), "the database does not take writes"),
        (app.payments.longest_write() > SLOWEST_WRITE, "the journal is held up"),
        (app.supervisor.failure().is_some(), "a background task has ended"),
        (stopping, "the server is stopping"),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| holds.then_some(reason))
    .collect();
    let is_ready = reasons.is_empty();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(json!({
        "status": if is_ready { "ready" } else { "not ready" },
        "reasons": reasons,
        "database": if database { "up" } else { "down" },
        "stopping": stopping,
        "paymentsInMemory": app.payments.in_memory(),
        "acquirers": app.payments.acquirers().health(),
        "streams": app.payments.bus().open_streams(),
    }))
}

/// Prometheus metrics, for the addresses in `server.metrics_from`: this machine alone by default.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text"), (status = 403, body = Failure)))]
pub async fn metrics(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !app.may_read_metrics(&request) {
        return Err(Code::Forbidden.into());
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(app.metrics.render()))
}
