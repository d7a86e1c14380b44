//! A whole Paygate on a thread of its own, over real sockets.

use std::{
    sync::{Arc, Weak, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use paygate::{
    acquirer::{Acquirer, Acquirers, CARD, CardAcquirer, CardSettings, InProcess, Sandbox},
    actors::sweeper::{self, Swept},
    config::{Env, Settings},
    routes::App,
    startup::{Given, Paygate},
};
use tokio::{runtime::Handle, sync::oneshot};

use super::{Http, TestClock, TestDatabase, within};

type Change = Box<dyn FnOnce(&mut Settings) + Send>;

/// A Paygate about to be started.
#[derive(Default)]
pub struct Setup {
    changes: Vec<Change>,
    acquirer: Option<Arc<dyn Acquirer>>,
    table: Option<Acquirers>,
    clock: Option<TestClock>,
    uses_configured_acquirer: bool,
}

/// A running Paygate. Dropped, it is stopped.
pub struct TestApp {
    pub http: Http,
    pub database: Arc<TestDatabase>,
    /// The card network behind it, unless the test brought its own.
    pub sandbox: Arc<Sandbox>,
    /// Weak, because the journal ends with the last user of the app.
    app: Weak<App>,
    /// Where the app runs.
    runtime: Handle,
    running: Option<Running>,
    settings: Settings,
    acquirer: Option<Arc<dyn Acquirer>>,
    clock: Option<TestClock>,
}

struct Running {
    stop: oneshot::Sender<()>,
    stopped: mpsc::Receiver<Result<(), String>>,
    thread: JoinHandle<()>,
}

/// A Paygate with the defaults of the suite.
pub async fn spawn_app() -> TestApp {
    Setup::default().start().await
}

/// Longer than any stop of a test takes.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

impl TestApp {
    /// Begins with the suite's defaults and changes some.
    pub fn with(change: impl FnOnce(&mut Settings) + Send + 'static) -> Setup {
        Setup::default().with(change)
    }

    /// Does something within, on the app's own threads: what it borrows there it gives back there.
    pub async fn inside<T, F>(&self, work: impl FnOnce(Arc<App>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let app = self.app.upgrade().expect("the app is running");
        within("the work inside", self.runtime.spawn(work(app))).await.unwrap()
    }

    /// One round of the sweeper.
    pub async fn sweep(&self) -> Swept {
        self.inside(async |app| sweeper::sweep_once(&app.payments).await.unwrap()).await
    }

    /// Payments in memory.
    pub async fn in_memory(&self) -> usize {
        self.inside(async |app| app.payments.in_memory()).await
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.stopped().await.expect("it stops in order");
    }

    /// Stops it; an error is what a process would exit with.
    pub async fn stopped(mut self) -> Result<(), String> {
        let running = self.running.take().expect("it is running");
        within("the stop", tokio::task::spawn_blocking(move || running.stop())).await.unwrap()
    }

    /// Stops it and starts it again on what it left behind.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// As [`TestApp::restart`], with other settings.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        let running = self.running.take().expect("it is running");
        let stopped = tokio::task::spawn_blocking(move || running.stop());
        within("the stop", stopped).await.unwrap().expect("it stops in order");
        let (database, sandbox) = (self.database.clone(), self.sandbox.clone());
        let given = || acquirers(self.acquirer.clone(), &sandbox);
        launch(
            self.settings.clone(),
            Some(given()),
            self.clock.clone(),
            database,
            self.acquirer.clone(),
            sandbox.clone(),
        )
        .await
        .unwrap()
    }
}

impl Setup {
    pub fn with(mut self, change: impl FnOnce(&mut Settings) + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    pub fn acquirer(mut self, acquirer: Arc<dyn Acquirer>) -> Self {
        self.acquirer = Some(acquirer);
        self
    }

    /// Another table of payment methods altogether.
    pub fn acquirers(mut self, table: Acquirers) -> Self {
        self.table = Some(table);
        self
    }

    /// Whatever the settings say, as in production.
    pub fn configured_acquirer(mut self) -> Self {
        self.uses_configured_acquirer = true;
        self
    }

    pub fn clock(mut self, clock: &TestClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    pub async fn start(self) -> TestApp {
        self.try_start().await.unwrap()
    }

    pub async fn try_start(self) -> Result<TestApp, String> {
        let Self { changes, acquirer, table, clock, uses_configured_acquirer } = self;
        let database = Arc::new(TestDatabase::create().await);
        let mut settings = defaults(&database);
        for change in changes {
            change(&mut settings);
        }
        let sandbox = Arc::new(Sandbox::in_memory());
        let given = (!uses_configured_acquirer).then(|| table.unwrap_or_else(|| acquirers(acquirer.clone(), &sandbox)));
        launch(settings, given, clock, database, acquirer, sandbox).await
    }
}

fn acquirers(acquirer: Option<Arc<dyn Acquirer>>, sandbox: &Arc<Sandbox>) -> Acquirers {
    let in_process = || {
        let network = InProcess::new(sandbox.clone(), Duration::from_secs(5));
        Arc::new(CardAcquirer::new(Arc::new(network), CardSettings::default())) as Arc<dyn Acquirer>
    };
    Acquirers::new([(CARD, acquirer.unwrap_or_else(in_process))])
}

fn defaults(database: &TestDatabase) -> Settings {
    let mut settings = Settings::load(None).unwrap();
    settings.env = Env::Local;
    settings.data_dir = database.data_dir();
    settings.server.listen = "127.0.0.1:0".to_owned();
    settings.server.workers = 1;
    settings.server.shutdown_timeout_s = 10;
    settings.database = database.settings();
    settings.journal.writers = 2;
    settings.actors.arbiters = 1;
    // Tests sweep when they want to.
    settings.actors.sweep_interval_ms = 3_600_000;
    settings.vault.master_key = STANDARD.encode(rand::random::<[u8; 32]>()).into();
    settings.auth.password_memory_kib = 8;
    settings.auth.password_iterations = 1;
    settings.rate_limit.enabled = false;
    settings.demo.seed = Some(false);
    settings
}

async fn launch(
    settings: Settings,
    acquirers: Option<Acquirers>,
    clock: Option<TestClock>,
    database: Arc<TestDatabase>,
    acquirer: Option<Arc<dyn Acquirer>>,
    sandbox: Arc<Sandbox>,
) -> Result<TestApp, String> {
    let (ready, started) = oneshot::channel();
    let (stop, stopping) = oneshot::channel();
    let (done, stopped) = mpsc::channel();
    let given = Given { acquirers, clock: clock.as_ref().map(TestClock::as_clock) };
    let theirs = settings.clone();
    let thread = std::thread::spawn(move || {
        let system = actix::System::with_tokio_rt(|| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
        });
        system.block_on(async move {
            let paygate = match Paygate::start(theirs, given).await {
                Ok(paygate) => paygate,
                Err(error) => return drop(ready.send(Err(error.to_string()))),
            };
            let app = Arc::downgrade(&paygate.app().clone().into_inner());
            let _ = ready.send(Ok((paygate.address(), app, Handle::current())));
            let _ = stopping.await;
            let _ = done.send(paygate.stop().await.map_err(|error| error.to_string()));
        });
    });
    let (address, app, runtime) = within("the start", started).await.unwrap()?;
    let running = Some(Running { stop, stopped, thread });
    Ok(TestApp { http: Http::new(address), database, sandbox, app, runtime, running, settings, acquirer, clock })
}

impl Running {
    fn stop(self) -> Result<(), String> {
        let _ = self.stop.send(());
        let stopped = self.stopped.recv_timeout(STOP_TIMEOUT).map_err(|_| "it does not stop".to_owned())?;
        self.thread.join().map_err(|_| "its thread panicked".to_owned())?;
        stopped
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        if std::thread::panicking() {
            // The test has failed already; do not make it wait.
            let _ = running.stop.send(());
            return;
        }
        running.stop().expect("it stops in order");
    }
}
