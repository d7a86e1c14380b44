//! HTTP/2, with limits that the HTTP library does not set: streams of a connection, requests that are taken back as
//! soon as they are made, headers, and the time that a client may leave an answer lying.

use std::{
    cell::Cell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_http::{
    Method, Payload, Request, Response, ResponseHead, Uri, Version,
    body::{BodySize, BoxBody, MessageBody},
    error::PayloadError,
    header::{HeaderName, HeaderValue},
};
use actix_server::GracefulShutdownSignal;
use actix_service::Service;
use bytes::Bytes;
use futures_util::StreamExt;
use h2::{
    Reason, RecvStream, SendStream,
    server::{Builder, SendResponse},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

/// Requests of one connection at once. Each page holds one event stream, and a browser has one connection for all.
const MAX_STREAMS: u32 = 100;

/// Requests that a client has taken back before they were looked at; one more ends the connection ("rapid reset").
const MAX_RESET: usize = 20;

const MAX_HEADER_BYTES: u32 = 32 * 1024;

/// What a client may send of all bodies, and of one, before it is read.
const CONNECTION_WINDOW: u32 = 256 * 1024;
const STREAM_WINDOW: u32 = 64 * 1024;

/// What waits in a stream to be sent.
const MAX_SEND_BUFFER: usize = 64 * 1024;
const CHUNK: usize = 16 * 1024;

/// Of the connection's preface.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a connection is served with.
#[derive(Clone, Copy)]
pub struct Settings {
    pub peer: SocketAddr,
    /// How long a client may leave an answer lying.
    pub write_timeout: Duration,
}

/// Serves one connection.
///
/// # Errors
/// The connection broke, or its client broke the rules.
pub async fn serve<T, S, B>(
    io: T,
    settings: Settings,
    shutdown: GracefulShutdownSignal,
    service: Rc<S>,
) -> Result<(), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request, Error = Response<BoxBody>> + 'static,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESET)
        .max_concurrent_reset_streams(MAX_RESET)
        .max_header_list_size(MAX_HEADER_BYTES)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(MAX_SEND_BUFFER);
    let handshake = timeout(HANDSHAKE_TIMEOUT, builder.handshake(io)).await;
    let mut connection = handshake.unwrap_or_else(|_| Err(Reason::SETTINGS_TIMEOUT.into()))?;
    let running = Rc::new(Cell::new(0));
    let mut shutdown = pin!(shutdown.notified());
    let mut is_stopping = false;
    loop {
        let accepted = poll_fn(|cx| {
            if !is_stopping && shutdown.as_mut().poll(cx).is_ready() {
                is_stopping = true;
                connection.graceful_shutdown();
            }
            connection.poll_accept(cx)
        });
        let Some(accepted) = accepted.await else { return Ok(()) };
        let (request, mut respond) = accepted?;
        // A request that was taken back is no stream any more, but its handler may still be at it.
        let Some(turn) = Turn::take(&running) else {
            respond.send_reset(Reason::REFUSED_STREAM);
            continue;
        };
        let service = service.clone();
        tokio::task::spawn_local(async move {
            if let Err(error) = answer(&*service, request, respond, settings).await {
                tracing::debug!(%error, "an answer over HTTP/2 was not sent");
            }
            drop(turn);
        });
    }
}

/// One of the requests that are being worked on.
struct Turn(Rc<Cell<u32>>);

impl Turn {
    fn take(running: &Rc<Cell<u32>>) -> Option<Self> {
        (running.get() < MAX_STREAMS).then(|| {
            running.set(running.get() + 1);
            Self(running.clone())
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

async fn answer<S, B>(
    service: &S,
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    settings: Settings,
) -> Result<(), h2::Error>
where
    S: Service<Request, Error = Response<BoxBody>>,
    S::Response: Into<Response<B>>,
    B: MessageBody,
{
    let is_head = request.method() == http::Method::HEAD;
    let Some(request) = translated(request, settings.peer) else {
        respond.send_reset(Reason::PROTOCOL_ERROR);
        return Ok(());
    };
    // A client that takes its request back ends the work on it.
    let answered = {
        let mut handler = pin!(service.call(request));
        poll_fn(|cx| match respond.poll_reset(cx) {
            Poll::Ready(Ok(_)) => Poll::Ready(None),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Pending => handler.as_mut().poll(cx).map(|answered| Some(Ok(answered))),
        })
        .await
    };
    match answered.transpose()? {
        None => Ok(()),
        Some(Ok(answer)) => send(answer.into(), respond, is_head, settings).await,
        Some(Err(answer)) => send(answer, respond, is_head, settings).await,
    }
}

/// The request as the handlers know requests.
fn translated(request: http::Request<RecvStream>, peer: SocketAddr) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let payload = Payload::Stream { payload: Body(body).boxed_local() };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    head.version = Version::HTTP_2;
    head.peer_addr = Some(peer);
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.uri = parts.uri.to_string().parse::<Uri>().ok()?;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

/// What a client sends; it may send more as it is read.
struct Body(RecvStream);

impl futures_util::Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let failed = |error: h2::Error| PayloadError::Incomplete(Some(io::Error::other(error)));
        self.0.poll_data(cx).map(|chunk| {
            Some(chunk?.map_err(failed).and_then(|chunk| {
                self.0.flow_control().release_capacity(chunk.len()).map_err(failed)?;
                Ok(chunk)
            }))
        })
    }
}

async fn send<B: MessageBody>(
    answer: Response<B>,
    mut respond: SendResponse<Bytes>,
    is_head: bool,
    settings: Settings,
) -> Result<(), h2::Error> {
    let (answer, body) = answer.into_parts();
    let size = body.size();
    let Some(head) = head(answer.head(), size) else {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return Ok(());
    };
    let is_empty = is_head || size.is_eof();
    let mut stream = respond.send_response(head, is_empty)?;
    if is_empty {
        return Ok(());
    }
    let mut body = pin!(body);
    loop {
        // A client that went away ends the body, also one that has nothing to say at present.
        let next = poll_fn(|cx| match stream.poll_reset(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => body.as_mut().poll_next(cx).map(Some),
        });
        match next.await {
            None => return Ok(()),
            Some(None) => return stream.send_data(Bytes::new(), true),
            Some(Some(Ok(chunk))) => write(&mut stream, chunk, settings).await?,
            Some(Some(Err(error))) => {
                tracing::error!(error = %error.into(), "a body over HTTP/2 failed");
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
        }
    }
}

/// Sends as much at a time as the client lets in.
async fn write(stream: &mut SendStream<Bytes>, mut chunk: Bytes, settings: Settings) -> Result<(), h2::Error> {
    while !chunk.is_empty() {
        stream.reserve_capacity(chunk.len().min(CHUNK));
        let room = timeout(settings.write_timeout, poll_fn(|cx| stream.poll_capacity(cx))).await;
        let Ok(room) = room else {
            metrics::counter!("paygate_connections_closed_total", "why" => "write").increment(1);
            stream.send_reset(Reason::CANCEL);
            return Err(Reason::CANCEL.into());
        };
        let room = room.unwrap_or_else(|| Err(Reason::STREAM_CLOSED.into()))?;
        stream.send_data(chunk.split_to(room.min(chunk.len())), false)?;
    }
    Ok(())
}

/// The head of an answer, without what HTTP/1 alone knows.
fn head(head: &ResponseHead, size: BodySize) -> Option<http::Response<()>> {
    const OF_HTTP1: [&str; 6] =
        ["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "content-length"];
    let mut answer = http::Response::builder().version(http::Version::HTTP_2).status(head.status.as_u16());
    for (name, value) in head.headers().iter().filter(|(name, _)| !OF_HTTP1.contains(&name.as_str())) {
        answer = answer.header(name.as_str(), value.as_bytes());
    }
    if let BodySize::Sized(length) = size
        && head.status != actix_http::StatusCode::NO_CONTENT
    {
        answer = answer.header(http::header::CONTENT_LENGTH, length);
    }
    if !head.headers().contains_key(actix_http::header::DATE) {
        let now = std::time::SystemTime::now();
        answer = answer.header(http::header::DATE, actix_http::header::HttpDate::from(now).to_string());
    }
    answer.body(()).ok()
}
