//! The composition root: bind first, then build; every dependency is an argument.

use std::{io, net::SocketAddr, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App as ActixApp,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    web::Data,
};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_actix_web::TracingLogger;

use crate::{
    acquirer::Acquirers,
    actors::{Arbiters, Clock, Payments, Services, limits, recovery, sweeper},
    config::{ConfigError, Env, Settings},
    demo,
    domain::MerchantId,
    keyring::{self, Keyring, KeyringError},
    live::Bus,
    methods::{NetworkError, Use, acquirers},
    pages,
    routes::{self, App, BackofficeSettings, Tokens},
    shares::{Rule, Shares},
    sockets,
    store::{JOURNAL_WRITER, Journal, Records, Store, StoreError},
    supervision::Supervisor,
    telemetry,
    tls::{self, TlsError},
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
    #[error(transparent)]
    Keyring(#[from] KeyringError),
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
    server: JoinHandle<()>,
    handle: ServerHandle,
    /// Sweeper, recovery, key watch, keyring.
    tasks: [JoinHandle<()>; 4],
    built: Offline,
}

impl Paygate {
    /// Starts everything. Must be called inside an actix system.
    ///
    /// # Errors
    /// Whatever is missing or makes no sense; nothing is left running then.
    pub async fn start(mut settings: Settings, given: Given) -> Result<Self, StartupError> {
        settings.check_for_serving()?;
        let address = settings.listen()?;
        let listener = sockets::bind(address).map_err(|error| StartupError::Listen { address, error })?;
        let address = listener.local_addr()?;
        // With the port that was taken, for those who connect to this server from within.
        settings.server.listen = address.to_string();
        let store = open_store(&settings).await?;
        let built = build(&settings, given, store).await?;
        let (app, kept, keyring, clock) = (&built.app, built.app.clone(), built.keyring.clone(), built.clock.clone());
        if settings.seeds_demo() {
            demo::seed(app).await.map_err(|error| StartupError::Demo(error.to_string()))?;
        }
        let server = serve(&settings, listener, app.clone())?;
        let handle = server.handle();
        let supervisor = &app.supervisor;
        let serving = async move { server.await.map_or_else(|error| error.to_string(), |()| "ended".to_owned()) };
        let server = actix_web::rt::spawn(supervisor.clone().guard("http server", serving));
        let sweeping = sweeper::run(app.payments.clone(), app.shutdown.clone());
        let sweeping = async move {
            sweeping.await;
            "ended".to_owned()
        };
        let sweeper = tokio::spawn(supervisor.clone().guard(sweeper::SWEEPER, sweeping));
        let recovering = recovery::run(app.payments.clone(), app.shutdown.clone());
        let recovering = async move {
            recovering.await;
            "ended".to_owned()
        };
        let recovery = tokio::spawn(supervisor.clone().guard(recovery::RECOVERY, recovering));
        let watched = app.clone();
        let watching = async move {
            routes::watch_keys(&watched).await;
            "ended".to_owned()
        };
        let keeping = async move {
            keyring.keep(&kept.vault, &clock, &kept.shutdown).await;
            "ended".to_owned()
        };
        let keyring = tokio::spawn(supervisor.clone().guard(keyring::KEYRING, keeping));
        let key_watch = tokio::spawn(supervisor.clone().guard(routes::KEY_WATCH, watching));
        tracing::info!("listening on {address}");
        Ok(Self { address, server, handle, tasks: [sweeper, recovery, key_watch, keyring], built })
    }

    /// The payments of the configured database without a server, for a command that changes one.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn offline(settings: &Settings) -> Result<Offline, StartupError> {
        let store = open_store(settings).await?;
        // Such a command asks nobody.
        let given = Given { acquirers: Some(Acquirers::new([])), clock: None };
        build(settings, given, store).await
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The shared state, for tests and subcommands that look inside.
    pub fn app(&self) -> &Data<App> {
        &self.built.app
    }

    /// Waits until the process can no longer do its work. It should be stopped then.
    pub async fn failed(&self) {
        self.built.app.supervisor.failed().await;
    }

    /// Stops in order: no new requests, streams end, calls to acquirers end, the journal is written, the
    /// pools close.
    ///
    /// # Errors
    /// A task that must live as long as the process had ended before.
    pub async fn stop(self) -> io::Result<()> {
        tracing::info!("stopping");
        let supervisor = self.built.app.supervisor.clone();
        self.built.app.shutdown.cancel();
        self.handle.stop(true).await;
        self.server.await.map_err(io::Error::other)?;
        for task in self.tasks {
            task.await.map_err(io::Error::other)?;
        }
        self.built.stop().await?;
        tracing::info!("stopped");
        supervisor.failure().map_or(Ok(()), |failure| Err(io::Error::other(failure)))
    }
}

/// Payments without a server around them.
pub struct Offline {
    app: Data<App>,
    arbiters: Arbiters,
    journal: Vec<JoinHandle<()>>,
    /// What looks after the database and the actors.
    watchers: [JoinHandle<()>; 2],
    keyring: Arc<Keyring>,
    clock: Clock,
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
        self.app.shutdown.cancel();
        self.app.payments.drain().await;
        let store = self.app.store.clone();
        for watcher in self.watchers {
            watcher.abort();
        }
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

async fn build(settings: &Settings, given: Given, store: Store) -> Result<Offline, StartupError> {
    let shutdown = CancellationToken::new();
    let supervisor = Supervisor::new(shutdown.clone());
    // First of all: what is built next has figures of its own.
    let metrics = telemetry::metrics();
    let clock = given.clock.unwrap_or_else(Clock::system);
    let keyring = Keyring::new(store.clone(), settings.master_keys()?, settings.succession());
    let vault = keyring.open(clock.now()).await?;
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
        clock: clock.clone(),
        payment: settings.payment.clone(),
        resolution: settings.resolution.clone(),
        actors: settings.actors.clone(),
        places,
        asks,
        effects: TaskTracker::new(),
    };
    let (payments, arbiters) = Payments::start(Arc::new(services));
    let auth = &settings.auth;
    let uses = routes::KeyUses::start(store.clone(), supervisor.clone());
    let (database, actors) = (store.clone(), payments.clone());
    let watchers = [
        tokio::spawn(supervisor.clone().guard("database", async move { database.recover().await.to_string() })),
        tokio::spawn(supervisor.clone().guard("payment actors", async move { actors.watch().await })),
    ];
    let guard = |writer: JoinHandle<()>| {
        let written = async move { writer.await.map_or_else(|error| error.to_string(), |()| "ended".to_owned()) };
        tokio::spawn(supervisor.clone().guard(JOURNAL_WRITER, written))
    };
    let journal = writers.into_iter().map(guard).collect();
    let app = App {
        payments,
        store,
        passwords: PasswordHasher::new(auth.password_memory_kib, auth.password_iterations)
            .map_err(|error| StartupError::Passwords(error.to_string()))?,
        tokens: Tokens::new(vault.clone(), auth.access_token_s),
        vault,
        lookups: routes::Lookups::new(auth, uses),
        limits: routes::Limits::new(&settings.rate_limit),
        auth: auth.clone(),
        server: settings.server.clone(),
        live: settings.live.clone(),
        files: files(&settings.backoffice),
        backoffice: settings.backoffice.clone(),
        compat: settings.compat,
        metrics,
        has_demo: settings.seeds_demo(),
        shutdown,
        supervisor: supervisor.clone(),
    };
    Ok(Offline { app: Data::new(app), arbiters, journal, watchers, keyring: Arc::new(keyring), clock })
}

/// Files for spreadsheets that may be written at once.
fn files(settings: &BackofficeSettings) -> Arc<Shares<MerchantId>> {
    Shares::new("files", settings.max_files, Rule::default().at_most(settings.max_files_of_one))
}

fn serve(settings: &Settings, listener: TcpListener, app: Data<App>) -> Result<Server, StartupError> {
    let tls = tls::config(&settings.server.tls_certificate, &settings.server.tls_key)?;
    let has_demo = settings.seeds_demo();
    let app = move || {
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
            .wrap(from_fn(routes::strict_transport))
            .wrap(TracingLogger::<routes::RequestSpan>::new())
    };
    Ok(sockets::serve(settings.server.sockets(), listener, tls, app)?)
}
