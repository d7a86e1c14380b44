//! One run, from the first start to the verdict.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    company::{Company, LONGEST_DELAY},
    database::{Fresh, Target},
    finding::{Finding, Kind},
    generator,
    judge::{Seen, judge},
    memory::{Memory, Story},
    money::{Books, Sums},
    pause,
    people::{CUSTOMERS, People},
    player::Player,
    report::{Facts, Report},
    server::Server,
    wire::{Call, Heard, Wire},
};
use crate::{
    acquirer::{Acquirers, CARD, CardAcquirer, CardSettings, HttpNetwork, HttpSettings},
    operator::{self, OperatorError},
    store::{Store, StoreError},
};

/// Payments under way at the same time.
const WORKERS: usize = CUSTOMERS;

/// Everything is settled after this, or it never is.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(180);

/// Questions to the API at once, and payments read at once, when everything is over.
const LOOKS: usize = 8;
const LOOK_AGAIN: u32 = 3;
const PAGE: u64 = 500;

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
    let folder = std::env::temp_dir().join(format!("paygate-lab-{:016x}", rand::random::<u64>()));
    std::fs::create_dir_all(&folder)?;
    eprintln!("seed {}, {} in {}", options.seed, options.target, folder.display());
    let database = Fresh::create(&options.target, &folder).await?;
    let report = tokio::select! {
        report = rehearse(options, &database, &folder) => Some(report?),
        // The server dies with the future that holds it.
        _ = interrupted => None,
    };
    match report {
        Some(mut report) if !report.is_clean() => {
            report.keep(&folder, &database.url);
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
    let mut company = Company::open(options.seed)?;
    let mut server = Server::start(folder, &database.url, &company.base_url()).await?;
    let wire = Wire::to(server.base_url())?;
    let people = Arc::new(People::gather(&wire).await?);
    let memory = Memory::default();
    let started = Instant::now();

    storm(options, &mut company, &mut server, &wire, &people, &memory).await?;

    company.sandbox().calm();
    let calm = Instant::now();
    server.kill_and_restart().await?;
    eprintln!("the faults have ended, {} payments settle", memory.len());
    // What is late or doubled still arrives.
    tokio::time::sleep(LONGEST_DELAY).await;
    let store = Store::connect(&database.settings()).await?;
    settle(&store).await?;
    let settled_in = calm.elapsed();
    let told = hold_to_word(&wire, &people, memory.take()).await?;
    let mut sums = add_up(&store, &company).await?;
    let audit = audit(&store, &company, &mut sums).await?;
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
        outages: company.outages(),
        faults: company.sandbox().faults(),
        totals: company.sandbox().totals(),
    });
    company.close().await;
    Ok(report)
}

/// Load, kills, outages and faults, for as long as was asked.
async fn storm(
    options: &Options,
    company: &mut Company,
    server: &mut Server,
    wire: &Wire,
    people: &Arc<People>,
    memory: &Memory,
) -> Result<(), LabError> {
    let stop = CancellationToken::new();
    // A failure in here ends the load, too.
    let guard = stop.clone().drop_guard();
    let mut players = JoinSet::new();
    for number in 0..WORKERS {
        let (wire, people, memory) = (wire.clone(), people.clone(), memory.clone());
        players.spawn(Player::new(options.seed, number, wire, people, memory, stop.clone()).run());
    }
    let (mut kills, mut outages) = (generator(options.seed, KILLS), generator(options.seed, OUTAGES));
    let timer = async {
        let started = Instant::now();
        while let Some(left) = options.load.checked_sub(started.elapsed()) {
            pause(&stop, left.min(PROGRESS)).await;
            eprintln!("{:>5.0} s  {} payments", started.elapsed().as_secs_f64(), memory.len());
        }
        stop.cancel();
        Ok::<_, LabError>(())
    };
    let flaps = async { Ok(company.flap(&mut outages, &stop).await?) };
    tokio::try_join!(timer, server.harass(&mut kills, &stop), flaps)?;
    drop(guard);
    while let Some(player) = players.join_next().await {
        player?;
    }
    Ok(())
}

/// Waits until nothing moves by itself any more: no answer owed, no deadline ahead. What is open after the
/// longest wait stays so, and is found.
async fn settle(store: &Store) -> Result<(), LabError> {
    let started = Instant::now();
    while started.elapsed() < SETTLE_TIMEOUT {
        if store.due_payments(Timestamp::MAX, 1).await?.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Asks the API for every payment and compares it with what was told.
async fn hold_to_word(wire: &Wire, people: &People, stories: Vec<Story>) -> Result<Vec<Finding>, LabError> {
    let looked = stream::iter(stories).map(async |story| {
        let seen = look(wire, people, &story.order).await?;
        Ok::<_, LabError>(judge(&story, seen.as_ref()))
    });
    let mut looked = std::pin::pin!(looked.buffer_unordered(LOOKS));
    let mut findings = Vec::new();
    while let Some(found) = looked.next().await {
        findings.extend(found?);
    }
    Ok(findings)
}

async fn look(wire: &Wire, people: &People, order: &str) -> Result<Option<Seen>, LabError> {
    let unexpected = |what: String| LabError::Unexpected(format!("order {order}: {what}"));
    let call = Call::get(&people.shop, format!("/api/v1/p/merchant/orders/{order}"));
    let mut heard = wire.send(&call).await;
    for _ in 0..LOOK_AGAIN {
        if heard.is_passing() {
            heard = wire.send(&call).await;
        }
    }
    match heard {
        Heard::Yes(payment) => serde_json::from_value(payment).map(Some).map_err(|error| unexpected(error.to_string())),
        Heard::No { status: 404, .. } => Ok(None),
        other => Err(unexpected(format!("{other:?}"))),
    }
}

/// Every journal against the card company's books.
async fn add_up(store: &Store, company: &Company) -> Result<Sums, LabError> {
    let (mut sums, mut after) = (Sums::default(), None);
    let mut books = Books::new(company.sandbox().transactions(), company.sandbox().totals());
    loop {
        let page = store.audit_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for audited in &page {
            if let Some(payment) = &audited.payment {
                books.compare(payment, &audited.events, &mut sums);
            }
        }
    }
    books.close(&mut sums);
    Ok(sums)
}

/// `paygate audit`, with the card company on the line.
async fn audit(store: &Store, company: &Company, sums: &mut Sums) -> Result<operator::Audit, LabError> {
    let network = HttpNetwork::new(HttpSettings::at(company.base_url()));
    let network = network.map_err(|error| LabError::Unexpected(error.to_string()))?;
    let card = CardAcquirer::new(Arc::new(network), CardSettings::default());
    let acquirers = Acquirers::new([(CARD, Arc::new(card) as _)]);
    let mut lines = Vec::new();
    let audit = operator::audit(store, &acquirers, &mut lines).await?;
    for line in String::from_utf8_lossy(&lines).lines() {
        let id = line.strip_prefix("payment ").and_then(|rest| rest.split_once(':')?.0.parse().ok());
        let payment = match id {
            Some(id) => store.payment(id).await?,
            None => None,
        };
        let key = payment.and_then(|payment| payment.payment_key).map(|key| key.to_string());
        sums.findings.push(Finding::new(Kind::Audit, key, line));
    }
    Ok(audit)
}
