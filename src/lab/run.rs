//! One run, from the first start to the verdict.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    company::{Company, LONGEST_DELAY},
    database::{Fresh, Target},
    finding::{Finding, Kind},
    forgiven::Circumstances,
    generator,
    memory::Memory,
    pause,
    people::{CUSTOMERS, People},
    player::Player,
    postgres::{self, DatabaseFault},
    report::{Facts, Report},
    server::Server,
    storage,
    verdict::{add_up, audit, hold_to_word, settle},
    wire::Wire,
};
use crate::{
    operator::OperatorError,
    store::{Store, StoreError},
};

/// Payments under way at the same time.
const WORKERS: usize = CUSTOMERS;

/// How often somebody who watches is told that it goes on.
const PROGRESS: Duration = Duration::from_secs(10);

/// The generators of kills and outages.
const KILLS: u64 = 1;
const OUTAGES: u64 = 2;

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    pub seed: u64,
    /// How long shops and customers are at it, faults and kills included.
    pub load: Duration,
    pub target: Target,
    pub faults: Faults,
    /// A deliberate bug that the server is started with; debug builds alone have any.
    pub planted_bug: Option<String>,
}

impl Options {
    /// What the server under test uses.
    pub fn database(&self) -> String {
        match self.faults {
            Faults::Database(_) => "PostgreSQL".to_owned(),
            Faults::Network | Faults::Storage => self.target.to_string(),
        }
    }
}

/// What goes wrong besides the kills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Faults {
    /// Calls to the card company.
    Network,
    /// Calls of the server to the disk, for its database and the sandbox's file.
    Storage,
    /// The database server, which is the lab's own.
    Database(Vec<DatabaseFault>),
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("the audit: {0}")]
    Audit(#[from] OperatorError),
    #[error("HTTP: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the server {0}")]
    Server(String),
    #[error("{0}")]
    Unexpected(String),
    #[error("interrupted")]
    Interrupted,
    #[error("a task of the lab panicked: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Runs the lab, unless `interrupted` comes first.
///
/// # Errors
/// It could not come to a verdict; the folder is kept then, for its log.
pub async fn run(options: &Options, interrupted: impl Future) -> Result<Report, LabError> {
    if options.planted_bug.is_some() && !cfg!(debug_assertions) {
        return Err(LabError::Unexpected("a release build has no deliberate bugs".to_owned()));
    }
    if options.faults == Faults::Storage && !matches!(options.target, Target::Sqlite(_)) {
        return Err(LabError::Unexpected("storage faults are for SQLite".to_owned()));
    }
    let folder = std::env::temp_dir().join(format!("paygate-lab-{:016x}", rand::random::<u64>()));
    std::fs::create_dir_all(&folder)?;
    eprintln!("seed {}, {} in {}", options.seed, options.database(), folder.display());
    let database = Fresh::create(&options.target, &folder).await?;
    let report = tokio::select! {
        report = rehearse(options, &database, &folder) => Some(report?),
        // The server dies with the future that holds it.
        _ = interrupted => None,
    };
    match report {
        Some(mut report) if !report.is_clean() => {
            // The lab's own server is stopped with the run; its data stays in the folder.
            let url = (!matches!(options.faults, Faults::Database(_))).then_some(&*database.url);
            report.keep(&folder, url);
            Ok(report)
        }
        report => {
            database.discard().await?;
            std::fs::remove_dir_all(&folder)?;
            report.ok_or(LabError::Interrupted)
        }
    }
}

async fn rehearse(options: &Options, database: &Fresh, folder: &Path) -> Result<Report, LabError> {
    match &options.faults {
        Faults::Network => with_network_faults(options, database, folder).await,
        Faults::Storage => storage::rehearse(options, database, folder).await,
        Faults::Database(faults) => postgres::rehearse(options, faults, folder).await,
    }
}

async fn with_network_faults(options: &Options, database: &Fresh, folder: &Path) -> Result<Report, LabError> {
    let mut company = Company::open(options.seed)?;
    let mut server = Server::start(folder, &database.url, &company.base_url(), []).await?;
    let wire = Wire::to(server.base_url())?;
    let people = Arc::new(People::gather(&wire).await?);
    let memory = Memory::default();
    let started = Instant::now();

    let (mut kills, mut outages) = (generator(options.seed, KILLS), generator(options.seed, OUTAGES));
    under_load(options, &wire, &people, &memory, async |stop| {
        let flaps = async { Ok(company.flap(&mut outages, stop).await?) };
        tokio::try_join!(server.harass(&mut kills, stop), flaps).map(|_| ())
    })
    .await?;

    company.sandbox().calm();
    let (calm, healed_at) = (Instant::now(), Timestamp::now());
    server.kill_and_restart().await?;
    eprintln!("the faults have ended, {} payments settle", memory.len());
    // What is late or doubled still arrives.
    tokio::time::sleep(LONGEST_DELAY).await;
    let store = Store::connect(&database.settings()).await?;
    settle(&store).await?;
    let settled_in = calm.elapsed();
    let told = hold_to_word(&wire, &people, memory.take()).await?;
    let mut sums = add_up(&store, &company, &Circumstances::default(), healed_at).await?;
    let audit = audit(&store, &company, &mut sums, &Circumstances::default()).await?;
    store.close().await;
    sums.findings.extend(told);
    sums.findings.extend(server.panics()?.into_iter().map(|line| Finding::new(Kind::Panic, None, line)));

    let report = Report::of(Facts {
        options,
        took: started.elapsed(),
        settled_in,
        sums,
        audit,
        kills: server.kills(),
        stops: server.stops(),
        outages: company.outages(),
        faults: company.sandbox().faults(),
        totals: company.sandbox().totals(),
        windows: Vec::new(),
    });
    company.close().await;
    Ok(report)
}

/// Load for as long as was asked, with `trouble` meanwhile.
pub async fn under_load(
    options: &Options,
    wire: &Wire,
    people: &Arc<People>,
    memory: &Memory,
    trouble: impl AsyncFnOnce(&CancellationToken) -> Result<(), LabError>,
) -> Result<(), LabError> {
    let stop = CancellationToken::new();
    // A failure in here ends the load, too.
    let guard = stop.clone().drop_guard();
    let mut players = JoinSet::new();
    for number in 0..WORKERS {
        let (wire, people, memory) = (wire.clone(), people.clone(), memory.clone());
        players.spawn(Player::new(options.seed, number, wire, people, memory, stop.clone()).run());
    }
    let timer = async {
        let started = Instant::now();
        while let Some(left) = options.load.checked_sub(started.elapsed()) {
            pause(&stop, left.min(PROGRESS)).await;
            eprintln!("{:>5.0} s  {} payments", started.elapsed().as_secs_f64(), memory.len());
        }
        stop.cancel();
        Ok::<_, LabError>(())
    };
    tokio::try_join!(timer, trouble(&stop))?;
    drop(guard);
    while let Some(player) = players.join_next().await {
        player?;
    }
    Ok(())
}
