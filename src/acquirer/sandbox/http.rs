//! The sandbox behind a socket: for `paygate sandbox`, and for tests that need real packets.

use std::{convert::Infallible, io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    dev::Server,
    http::{KeepAlive, StatusCode},
    web::{self, Bytes, Data, ServiceConfig},
};
use futures_util::{Stream, StreamExt, stream};

use super::{Sandbox, SandboxReply, wire::Refusal};

/// Requests of the protocol are a few hundred bytes.
const MAX_REQUEST_BYTES: usize = 32 * 1024;

/// How long a dead card keeps the connection before it is cut. Longer than any client waits.
const SILENCE: Duration = Duration::from_secs(60);

/// Longer than clients keep an idle connection, so that none is closed under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

const SHUTDOWN_TIMEOUT_S: u64 = 1;

/// Mounts the network's paths (`/card/…`, `/mock/card/…`) below wherever it is called, and leaves the
/// rest of the application alone.
pub fn routes(sandbox: Arc<Sandbox>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for (path, prefix) in [("/card/{rest:.*}", "/card/"), ("/mock/card/{rest:.*}", "/mock/card/")] {
            let sandbox = sandbox.clone();
            config.service(
                web::resource(path)
                    .app_data(Data::from(sandbox))
                    .app_data(web::PayloadConfig::new(MAX_REQUEST_BYTES))
                    .route(web::route().to(move |request, body, sandbox| answer(prefix, request, body, sandbox))),
            );
        }
    }
}

/// Serves the sandbox on a listener that is bound already; stop it through the server's handle.
///
/// # Errors
/// The listener cannot be used.
pub fn server(listener: TcpListener, sandbox: Arc<Sandbox>) -> io::Result<Server> {
    let app = move || App::new().configure(routes(sandbox.clone())).default_service(web::to(unknown));
    let server = HttpServer::new(app)
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        // A caller that gave up is noticed at once, and its silent request dropped.
        .h1_allow_half_closed(false)
        .shutdown_timeout(SHUTDOWN_TIMEOUT_S)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// [`server`], until it ends.
///
/// # Errors
/// The listener cannot be used, or the server fails.
pub async fn serve(listener: TcpListener, sandbox: Arc<Sandbox>) -> io::Result<()> {
    server(listener, sandbox)?.await
}

async fn unknown() -> HttpResponse {
    respond(Refusal::NotFound.into()).await
}

async fn answer(prefix: &str, request: HttpRequest, body: Bytes, sandbox: Data<Sandbox>) -> HttpResponse {
    let mut path = format!("{prefix}{}", request.match_info().query("rest"));
    if path.ends_with("/approvals") && !request.query_string().is_empty() {
        path = format!("{path}?{}", request.query_string());
    }
    respond(sandbox.handle(request.method().as_str(), &path, &body).await).await
}

async fn respond(reply: SandboxReply) -> HttpResponse {
    match reply {
        SandboxReply::Answer { status, body } => answer_with(status).body(body),
        SandboxReply::Drip { status, body, pause } => answer_with(status).streaming(drip(body, pause)),
        // Too late to refuse the connection. A 503 proves as little as a cut one, and is easier to see.
        SandboxReply::Refused => HttpResponse::ServiceUnavailable().finish(),
        SandboxReply::Silence => {
            tokio::time::sleep(SILENCE).await;
            // A body that fails makes the server cut the connection.
            HttpResponse::Ok().streaming(stream::once(async { Err::<Bytes, _>(io::Error::other("silence")) }))
        }
    }
}

fn answer_with(status: u16) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    answer.content_type("application/json");
    answer
}

/// One chunk a byte.
fn drip(body: Vec<u8>, pause: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(body).then(move |byte| async move {
        tokio::time::sleep(pause).await;
        Ok(Bytes::copy_from_slice(&[byte]))
    })
}
