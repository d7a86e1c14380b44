//! The composition root: bind first, then build; every dependency is an argument.

use std::{io, net::SocketAddr, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App as ActixApp, HttpServer,
    dev::{Server, ServerHandle},
    http::header::STRICT_TRANSPORT_SECURITY,
    middleware::{Condition, DefaultHeaders, from_fn},
    web::Data,
};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_actix_web::TracingLogger;

use crate::{
    acquirer::Acquirers,
    actors::{Arbiters, Clock, Payments, Services, limits, sweeper},
    config::{ConfigError, Env, Settings},
    demo,
    live::Bus,
    methods::{NetworkError, Use, acquirers},
    pages,
    routes::{self, App, Tokens},
    store::{Journal, Records, Store, StoreError},
    telemetry,
    tls::{self, STRICT_TRANSPORT, TlsError},
    vault::PasswordHasher,
};

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the database: {0}")]
    Database(#[from] StoreError),
    #[error("the schema is not up to date: run `paygate migrate`")]
    NotMigrated,
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("auth.password_*: {0}")]
    Passwords(String),
    #[error("the demo data: {0}")]
    Demo(String),
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    #[error("the data folder: {0}")]
    DataDir(io::Error),
    #[error("the server: {0}")]
    Server(#[from] io::Error),
}

/// What a test or a simulation brings instead of what the configuration says.
#[derive(Default)]
pub struct Given {
    pub acquirers: Option<Acquirers>,
    pub clock: Option<Clock>,
}

/// A running Paygate.
pub struct Paygate {
    address: SocketAddr,
    server: JoinHandle<io::Result<()>>,
    handle: ServerHandle,
    sweeper: JoinHandle<()>,
    app: Data<App>,
    arbiters: Arbiters,
    journal: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
}

impl Paygate {
    /// Starts everything. Must be called inside an actix system.
    ///
    /// # Errors
    /// Whatever is missing or makes no sense; nothing is left running then.
    pub async fn start(settings: Settings, given: Given) -> Result<Self, StartupError> {
        let address = settings.listen()?;
        let listener = TcpListener::bind(address).map_err(|error| StartupError::Listen { address, error })?;
        let address = listener.local_addr()?;
        let store = open_store(&settings).await?;
        let shutdown = CancellationToken::new();
        let (app, arbiters, journal) = build(&settings, given, store, shutdown.clone())?;
        if settings.seeds_demo() {
            demo::seed(&app).await.map_err(|error| StartupError::Demo(error.to_string()))?;
        }
        warn(&settings);
        let server = serve(&settings, listener, app.clone())?;
        let handle = server.handle();
        let server = actix_web::rt::spawn(server);
        let sweeper = tokio::spawn(sweeper::run(app.payments.clone(), shutdown.clone()));
        tracing::info!("listening on {address}");
        Ok(Self { address, server, handle, sweeper, app, arbiters, journal, shutdown })
    }

    /// The payments of the configured database without a server, for a command that changes one.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn offline(settings: &Settings) -> Result<Offline, StartupError> {
        let store = open_store(settings).await?;
        // Such a command asks nobody.
        let given = Given { acquirers: Some(Acquirers::new([])), clock: None };
        let (app, arbiters, journal) = build(settings, given, store, CancellationToken::new())?;
        Ok(Offline { app, arbiters, journal })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The shared state, for tests and subcommands that look inside.
    pub fn app(&self) -> &Data<App> {
        &self.app
    }

    /// Stops in order: no new requests, streams end, calls to acquirers end, the journal is written, the
    /// pools close.
    ///
    /// # Errors
    /// The server had failed before.
    pub async fn stop(self) -> io::Result<()> {
        tracing::info!("stopping");
        self.shutdown.cancel();
        self.handle.stop(true).await;
        let served = self.server.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        if let Err(error) = self.sweeper.await {
            tracing::error!(%error, "the sweeper had panicked");
        }
        Offline { app: self.app, arbiters: self.arbiters, journal: self.journal }.stop().await?;
        tracing::info!("stopped");
        served
    }
}

/// Payments without a server around them.
pub struct Offline {
    app: Data<App>,
    arbiters: Arbiters,
    journal: Vec<JoinHandle<()>>,
}

impl Offline {
    pub fn payments(&self) -> &Payments {
        &self.app.payments
    }

    /// Calls to acquirers end, the journal is written, the pools close.
    ///
    /// # Errors
    /// A thread could not be waited for.
    pub async fn stop(self) -> io::Result<()> {
        self.app.payments.drain().await;
        let store = self.app.store.clone();
        drop(self.app);
        tokio::task::spawn_blocking(move || self.arbiters.stop()).await.map_err(io::Error::other)?;
        // The actors are gone, and with them the last senders: the writers write what is queued, and end.
        let written = async {
            for writer in self.journal {
                if let Err(error) = writer.await {
                    tracing::error!(%error, "a journal writer had panicked");
                }
            }
        };
        if tokio::time::timeout(JOURNAL_CLOSE_TIMEOUT, written).await.is_err() {
            tracing::warn!("the journal is still in use");
        }
        store.close().await;
        Ok(())
    }
}

/// What makes sense, and may not be what was meant.
fn warn(settings: &Settings) {
    let (url, is_production) = (&settings.server.public_url, settings.env == Env::Production);
    if is_production && url.is_empty() && settings.server.scheme() == "http" {
        tracing::warn!(
            "server.public_url is empty: cookies are for TLS alone, and addresses are as requests name them"
        );
    }
    if is_production && url.starts_with("http:") {
        tracing::warn!("server.public_url is without TLS: passwords, keys and cookies can be read on their way");
    }
}

/// How long a stop waits for the journal after its last user is gone.
const JOURNAL_CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

async fn open_store(settings: &Settings) -> Result<Store, StartupError> {
    settings.make_data_dir().map_err(StartupError::DataDir)?;
    if settings.env == Env::Local {
        Store::migrate(&settings.database).await?;
    }
    let store = Store::connect(&settings.database).await?;
    if store.is_migrated().await? { Ok(store) } else { Err(StartupError::NotMigrated) }
}

type Built = (Data<App>, Arbiters, Vec<JoinHandle<()>>);

fn build(settings: &Settings, given: Given, store: Store, shutdown: CancellationToken) -> Result<Built, StartupError> {
    // First of all: what is built next has figures of its own.
    let metrics = telemetry::metrics();
    let vault = Arc::new(settings.vault()?);
    let acquirers = match given.acquirers {
        Some(acquirers) => acquirers,
        None => acquirers(settings, Use::Paying)?,
    };
    let records: Arc<dyn Records> = Arc::new(store.clone());
    let writers = if store.is_sqlite() { 1 } else { settings.journal.writers };
    let (journal, writers) = Journal::start(&records, writers, &settings.journal);
    let (places, asks) = limits(&settings.actors);
    let services = Services {
        records,
        journal,
        bus: Bus::new(settings.live.max_streams),
        acquirers,
        vault: vault.clone(),
        clock: given.clock.unwrap_or_else(Clock::system),
        payment: settings.payment.clone(),
        resolution: settings.resolution.clone(),
        actors: settings.actors.clone(),
        places,
        asks,
        effects: TaskTracker::new(),
    };
    let (payments, arbiters) = Payments::start(Arc::new(services));
    let auth = &settings.auth;
    let uses = routes::KeyUses::start(store.clone());
    let app = App {
        payments,
        store,
        passwords: PasswordHasher::new(auth.password_memory_kib, auth.password_iterations)
            .map_err(|error| StartupError::Passwords(error.to_string()))?,
        tokens: Tokens::new(&vault, auth.access_token_s),
        vault,
        lookups: routes::Lookups::new(auth, uses),
        limits: routes::Limits::new(&settings.rate_limit),
        auth: auth.clone(),
        server: settings.server.clone(),
        live: settings.live.clone(),
        files: routes::Places::new(settings.backoffice.max_files, settings.backoffice.max_files_of_one),
        backoffice: settings.backoffice.clone(),
        metrics,
        in_production: settings.env == Env::Production,
        has_demo: settings.seeds_demo(),
        shutdown,
    };
    Ok((Data::new(app), arbiters, writers))
}

fn serve(settings: &Settings, listener: TcpListener, app: Data<App>) -> Result<Server, StartupError> {
    let tls = tls::config(&settings.server.tls_certificate, &settings.server.tls_key)?;
    let has_tls = tls.is_some();
    let has_demo = settings.seeds_demo();
    let server = HttpServer::new(move || {
        ActixApp::new()
            .configure(pages::configure)
            .configure(|config| {
                if has_demo {
                    pages::configure_shop(config);
                }
            })
            .configure(routes::configure(app.clone()))
            // From the inside out: CORS, the error envelope (of refused preflights, too), the request's span and id.
            .wrap(routes::cors())
            .wrap(from_fn(routes::envelope_layer))
            .wrap(Condition::new(has_tls, DefaultHeaders::new().add((STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT))))
            .wrap(TracingLogger::<routes::RequestSpan>::new())
    });
    let server = match settings.server.workers {
        0 => server,
        workers => server.workers(workers),
    };
    let server = server
        .max_connections(settings.server.max_connections)
        .shutdown_timeout(settings.server.shutdown_timeout_s)
        // A client that is gone is noticed at once, not at the next heartbeat.
        .h1_allow_half_closed(false)
        .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}
