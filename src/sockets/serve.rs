//! Listening: from an accepted socket to the HTTP library.

use std::{
    fmt::Debug,
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_http::{HttpService, Protocol, Request, Response, body::MessageBody};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_factory, fn_service,
    map_config,
};
use actix_web::{dev::AppConfig, rt::net::TcpStream};
use rustls::ServerConfig;
use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;

use super::{
    guarded::Guarded,
    http1::{Begun, Http1},
    http2,
    paced::Paced,
    stream::Stream,
};
use crate::shares::{Rule, Shares, network};

/// Of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first request of a connection may take to arrive, and the end of one to be noticed.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What the kernel holds for a client that takes nothing (it doubles the number). As it frees room only by the third,
/// a slow line would seem to stand still with more.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// How connections are served.
#[derive(Debug, Clone, Copy)]
pub struct SocketSettings {
    /// 0: one per core.
    pub workers: usize,
    /// Connections of one worker.
    pub max_connections: usize,
    /// Connections of one address, to all workers; 0: any number.
    pub max_connections_of_address: usize,
    /// How long a client may take nothing of what is written to it.
    pub write_timeout: Duration,
    pub shutdown_timeout_s: u64,
}

/// Binds a listening socket.
///
/// # Errors
/// The address cannot be listened on.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that starts again need not wait until the connections of the last one are forgotten.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// What all workers have in common.
#[derive(Clone)]
struct Common {
    of_addresses: Arc<Shares<IpAddr>>,
    write_timeout: Duration,
    tls: Option<TlsAcceptor>,
    shutdown: GracefulShutdownSignal,
}

/// Serves `app` over HTTP/1.1, and with TLS over HTTP/2 as well.
///
/// # Errors
/// The listener is of no use.
pub fn serve<F, I, S, B>(
    settings: SocketSettings,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request> + 'static,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let mut builder = Server::build()
        .max_concurrent_connections(settings.max_connections)
        .shutdown_timeout(settings.shutdown_timeout_s)
        .disable_signals();
    if settings.workers > 0 {
        builder = builder.workers(settings.workers);
    }
    let most = if settings.max_connections_of_address > 0 { settings.max_connections_of_address } else { usize::MAX };
    let common = Common {
        of_addresses: Shares::new("connections", usize::MAX, Rule::of_each(most)),
        write_timeout: settings.write_timeout,
        tls: tls.map(acceptor),
        shutdown: builder.graceful_shutdown_signal(),
    };
    let service = move || {
        let (app, common) = (app.clone(), common.clone());
        fn_factory(move || {
            let signal = common.shutdown.clone();
            let http1 = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let signal = signal.clone();
                    async move { signal.notified().await }
                })
                .client_request_timeout(REQUEST_TIMEOUT)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                // A client that is gone is noticed at once, not at the next heartbeat.
                .h1_allow_half_closed(false)
                .on_connect_ext(|io: &Http1<Stream>, data| {
                    data.insert(io.begun());
                })
                .finish(apply_fn_factory(handlers(app()), |request: Request, handlers| {
                    if let Some(begun) = request.conn_data::<Begun>() {
                        begun.one_more();
                    }
                    handlers.call(request)
                }))
                .new_service(());
            // HTTP/2 needs TLS; without it nobody asks for a second copy of the handlers.
            let http2 = common.tls.is_some().then(|| handlers(app()).new_service(()));
            let common = common.clone();
            async move {
                let http1 = Rc::new(http1.await?);
                let http2 = match http2 {
                    Some(http2) => Some(Rc::new(http2.await.map_err(|_| ())?)),
                    None => None,
                };
                Ok::<_, ()>(fn_service(move |io: TcpStream| {
                    let (common, http1, http2) = (common.clone(), http1.clone(), http2.clone());
                    async move { connection(io, &common, &*http1, http2).await }
                }))
            }
        })
    };
    Ok(builder.listen("paygate", listener, service)?.run())
}

fn acceptor(mut config: ServerConfig) -> TlsAcceptor {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// The handlers as the HTTP library wants them: without a configuration, and with errors that are answers.
fn handlers<I, S, B>(
    app: I,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = S::Response,
    Error = Response<actix_http::body::BoxBody>,
    InitError = S::InitError,
    Service = impl Service<Request, Response = S::Response, Error = Response<actix_http::body::BoxBody>, Future: 'static>
              + 'static,
    Future: 'static,
> + 'static
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    let app = app.into_factory().map_err(|error| Response::from(error.into().error_response()));
    map_config(app, |()| AppConfig::default())
}

/// One connection, from its first byte to its last.
async fn connection<H, W, B>(io: TcpStream, common: &Common, http1: &H, http2: Option<Rc<W>>) -> Result<(), ()>
where
    H: Service<(Http1<Stream>, Protocol, Option<SocketAddr>), Response = ()>,
    W: Service<Request, Error = Response<actix_http::body::BoxBody>> + 'static,
    W::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let peer = io.peer_addr().map_err(|_| ())?;
    // Above its limit a connection is closed without a word: an answer would cost what the limit saves.
    let of_address = common.of_addresses.take(Some(network(peer.ip()))).map_err(|_| ())?;
    let io = Guarded::new(io, common.write_timeout, of_address);
    let progress = io.progress();
    let (Some(tls), Some(handlers)) = (&common.tls, http2) else {
        let served = http1.call((Http1::new(Stream::Plain(io)), Protocol::Http1, Some(peer)));
        return Paced::new(served, progress).await.map_err(|_| ());
    };
    let io = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(io)).await.map_err(|_| ())?.map_err(|_| ())?;
    let is_http2 = io.get_ref().1.alpn_protocol() == Some(b"h2".as_slice());
    let io = Stream::Tls(Box::new(io));
    if is_http2 {
        let shutdown = common.shutdown.clone();
        let settings = http2::Settings { peer, write_timeout: common.write_timeout };
        return Paced::new(http2::serve(io, settings, shutdown, handlers), progress).await.map_err(|_| ());
    }
    Paced::new(http1.call((Http1::new(io), Protocol::Http1, Some(peer))), progress).await.map_err(|_| ())
}
