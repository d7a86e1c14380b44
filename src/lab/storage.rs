//! A run whose disk fails: real SQLite, and windows in which calls on its files fail.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rand::{RngExt, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use tokio_util::sync::CancellationToken;

use super::{
    LabError, between,
    company::Company,
    database::Fresh,
    faults::{FaultyDisk, WINDOWS, Window},
    finding::{Finding, Kind},
    forgiven::Circumstances,
    generator,
    memory::Memory,
    newcomers::Newcomers,
    pause,
    people::People,
    report::{Facts, FaultSummary, Report},
    run::{Options, under_load},
    server::Server,
    verdict::{add_up, audit, hold_to_word, settle},
    wire::Wire,
};
use crate::{acquirer::Sandbox, store::Store};

/// The generator of the windows.
const DISK: u64 = 3;

/// With a healthy disk before a window, and after it until the server is stopped.
const HEALTHY_MS: (u64, u64) = (1_500, 3_000);

/// The server works again within this after a window.
const RECOVERY_LIMIT: Duration = Duration::from_secs(5);

/// Shorter runs have shorter windows, so that they see several.
const UNHURRIED: Duration = Duration::from_secs(120);
const FASTEST: f64 = 0.2;

/// How the server ends after a window.
const KILLED: f64 = 0.5;
const TERMINATED: f64 = 0.3;
/// In the middle of a window instead.
const KILLED_WITHIN: f64 = 0.15;

pub async fn rehearse(options: &Options, database: &Fresh, folder: &Path) -> Result<Report, LabError> {
    let disk = FaultyDisk::build(folder)?;
    let bug = options.planted_bug.iter().map(|bug| ("PAYGATE_PLANTED_BUG", bug.as_ref()));
    let variables = disk.variables().into_iter().map(|(name, path)| (name, path.as_os_str())).chain(bug);
    let mut server = Server::start(folder, &database.url, "", variables).await?;
    let wire = Wire::to(server.base_url())?;
    let people = Arc::new(People::gather(&wire).await?);
    let (memory, newcomers) = (Memory::default(), Newcomers::default());
    let started = Instant::now();

    let mut trouble = Trouble::new(options, &disk, &memory);
    under_load(options, &wire, &people, &memory, async |stop| {
        tokio::try_join!(trouble.run(&mut server, stop), newcomers.arrive(&wire, stop)).map(|_| ())
    })
    .await?;
    disk.close()?;

    let (calm, healed_at) = (Instant::now(), Timestamp::now());
    server.kill_and_restart().await?;
    eprintln!("the faults have ended, {} payments settle", memory.len());
    let store = Store::connect(&database.settings()).await?;
    settle(&store).await?;
    let settled_in = calm.elapsed();
    let (mut circumstances, mut stories) = (Circumstances::default(), memory.take());
    circumstances.apply(&mut stories);
    let mut findings = hold_to_word(&wire, &people, stories).await?;
    findings.extend(newcomers.hold_to_word(&wire, |_| false).await);
    server.stop().await?;
    let mut company = Company::with_books(Sandbox::open(folder.join("sandbox.jsonl"))?)?;
    let mut sums = add_up(&store, &company, &circumstances, healed_at).await?;
    let audit = audit(&store, &company, &mut sums, &circumstances).await?;
    store.close().await;
    sums.findings.extend(findings);
    sums.findings.extend(trouble.findings);
    sums.findings.extend(server.panics()?.into_iter().map(|line| Finding::new(Kind::Panic, None, line)));

    let report = Report::of(Facts {
        options,
        took: started.elapsed(),
        settled_in,
        sums,
        audit,
        kills: server.kills(),
        stops: server.stops(),
        outages: 0,
        faults: company.sandbox().faults(),
        totals: company.sandbox().totals(),
        windows: trouble.summaries,
    });
    company.close().await;
    Ok(report)
}

/// Opens one window after the other, and stops the server in between.
struct Trouble<'a> {
    disk: &'a FaultyDisk,
    memory: &'a Memory,
    rng: Xoshiro256PlusPlus,
    /// By which all times are multiplied.
    pace: f64,
    summaries: Vec<FaultSummary>,
    findings: Vec<Finding>,
}

impl<'a> Trouble<'a> {
    fn new(options: &Options, disk: &'a FaultyDisk, memory: &'a Memory) -> Self {
        Self {
            disk,
            memory,
            rng: generator(options.seed, DISK),
            pace: (options.load.as_secs_f64() / UNHURRIED.as_secs_f64()).clamp(FASTEST, 1.0),
            summaries: WINDOWS.iter().map(|window: &Window| FaultSummary::named(window.name)).collect(),
            findings: Vec::new(),
        }
    }

    async fn run(&mut self, server: &mut Server, stop: &CancellationToken) -> Result<(), LabError> {
        // The first round goes through them in their order: the most telling ones come first.
        let mut order: Vec<usize> = (0..WINDOWS.len()).collect();
        loop {
            for index in &order {
                if self.healthy(stop).await {
                    return Ok(());
                }
                self.window(*index, server, stop).await?;
                if self.healthy(stop).await {
                    return Ok(());
                }
                self.end(server).await?;
            }
            order.shuffle(&mut self.rng);
        }
    }

    /// Whether it was told to stop meanwhile.
    async fn healthy(&mut self, stop: &CancellationToken) -> bool {
        let moment = between(&mut self.rng, HEALTHY_MS.0, HEALTHY_MS.1).mul_f64(self.pace);
        pause(stop, moment).await
    }

    async fn window(&mut self, index: usize, server: &mut Server, stop: &CancellationToken) -> Result<(), LabError> {
        let (window, before) = (&WINDOWS[index], self.disk.hits()?);
        let lasts = window.lasts.mul_f64(self.pace);
        let is_killed = self.rng.random_bool(KILLED_WITHIN);
        self.memory.begin_fault(index);
        self.disk.open(window)?;
        if is_killed {
            let disk = self.disk;
            let closes = async {
                pause(stop, lasts).await;
                Ok(disk.close()?)
            };
            let killed = async {
                pause(stop, lasts / 2).await;
                server.kill_and_insist().await
            };
            tokio::try_join!(closes, killed)?;
        } else {
            pause(stop, lasts).await;
            self.disk.close()?;
            let recovered = server.ready_in().await?;
            self.summaries[index].note_recovery(recovered);
            if recovered > RECOVERY_LIMIT {
                let what = format!("{}: ready {:.1} s after its end", window.name, recovered.as_secs_f64());
                self.findings.push(Finding::new(Kind::SlowRecovery, None, what));
            }
        }
        let summary = &mut self.summaries[index];
        summary.windows += 1;
        summary.failed_calls += self.disk.hits()? - before;
        Ok(())
    }

    /// A stop shows what was only seemingly durable.
    async fn end(&mut self, server: &mut Server) -> Result<(), LabError> {
        match self.rng.random::<f64>() {
            drawn if drawn < KILLED => server.kill_and_restart().await,
            drawn if drawn < KILLED + TERMINATED => server.stop_and_restart().await,
            _ => Ok(()),
        }
    }
}
