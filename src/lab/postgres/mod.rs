//! A run whose database server fails: real PostgreSQL, and one thing after the other that operators, machines and
//! networks do to it. The server under test is not restarted meanwhile.

mod cluster;
mod faults;
mod proxy;
mod watch;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rand::{rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use tokio_util::sync::CancellationToken;

use self::{faults::Database, watch::Watch};
use super::{
    LabError, between,
    company::Company,
    database,
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
use crate::{
    acquirer::Sandbox,
    store::{DatabaseSettings, Store},
};

pub use faults::Fault as DatabaseFault;

/// The generator of the faults' order.
const DATABASE: u64 = 4;

/// Without a fault, between two of them.
const HEALTHY_MS: (u64, u64) = (3_000, 5_000);

/// After this the server is given up; it should have worked again long before.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Until calls that lost commits have led to are over.
const AFTERMATH: Duration = Duration::from_secs(4);

pub async fn rehearse(options: &Options, faults: &[DatabaseFault], folder: &Path) -> Result<Report, LabError> {
    let mut database = Database::create(folder, faults).await?;
    let mut company = Company::with_books(Sandbox::in_memory())?;
    let mut server = Server::start(folder, &database.url(), &company.base_url(), []).await?;
    let wire = Wire::to(server.base_url())?;
    let people = Arc::new(People::gather(&wire).await?);
    let (memory, newcomers, watch) = (Memory::default(), Newcomers::default(), Watch::default());
    let mut trouble = Trouble::new(options, faults);
    let started = Instant::now();

    under_load(options, &wire, &people, &memory, async |stop| {
        let scene = Scene { company: company.sandbox(), memory: &memory, watch: &watch, stop };
        let troubled = trouble.run(&scene, &mut database, &mut server);
        tokio::try_join!(troubled, watch.run(&wire, &people, stop), newcomers.arrive(&wire, stop)).map(|_| ())
    })
    .await?;

    let (calm, healed_at) = (Instant::now(), Timestamp::now());
    server.kill_and_restart().await?;
    eprintln!("the faults have ended, {} payments settle", memory.len());
    let store = Store::connect(&settings(database.url())).await?;
    settle(&store).await?;
    let settled_in = calm.elapsed();
    let Trouble { mut circumstances, mut findings, summaries, .. } = trouble;
    let mut stories = memory.take();
    circumstances.apply(&mut stories);
    findings.extend(hold_to_word(&wire, &people, stories).await?);
    findings.extend(newcomers.hold_to_word(&wire, |begun| circumstances.forgives_moment(begun)).await);
    let mut sums = add_up(&store, &company, &circumstances, healed_at).await?;
    let audit = audit(&store, &company, &mut sums, &circumstances).await?;
    store.close().await;
    // The role may open two connections more than the server has.
    let beside = server.audit().await?.err();
    sums.findings
        .extend(beside.map(|why| Finding::new(Kind::Audit, None, format!("no audit beside the server: {why}"))));
    sums.findings.extend(findings);
    sums.findings.extend(watch.findings());
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
        windows: summaries,
    });
    company.close().await;
    Ok(report)
}

/// Few connections: as many as an audit needs beside a server.
fn settings(url: String) -> DatabaseSettings {
    DatabaseSettings { read_connections: 1, write_connections: 1, ..database::settings(url) }
}

/// What goes on while the database fails.
struct Scene<'a> {
    company: &'a Sandbox,
    memory: &'a Memory,
    watch: &'a Watch,
    stop: &'a CancellationToken,
}

/// Lets one fault happen after the other.
struct Trouble<'a> {
    faults: &'a [DatabaseFault],
    rng: Xoshiro256PlusPlus,
    summaries: Vec<FaultSummary>,
    circumstances: Circumstances,
    findings: Vec<Finding>,
}

impl<'a> Trouble<'a> {
    fn new(options: &Options, faults: &'a [DatabaseFault]) -> Self {
        Self {
            faults,
            rng: generator(options.seed, DATABASE),
            summaries: faults.iter().map(|fault| FaultSummary::named(fault.description())).collect(),
            circumstances: Circumstances::default(),
            findings: Vec::new(),
        }
    }

    async fn run(&mut self, scene: &Scene<'_>, database: &mut Database, server: &mut Server) -> Result<(), LabError> {
        let mut order: Vec<usize> = (0..self.faults.len()).collect();
        loop {
            for index in &order {
                let moment = between(&mut self.rng, HEALTHY_MS.0, HEALTHY_MS.1);
                if pause(scene.stop, moment).await {
                    return Ok(());
                }
                self.fault(*index, scene, database, server).await?;
            }
            order.shuffle(&mut self.rng);
        }
    }

    async fn fault(
        &mut self,
        index: usize,
        scene: &Scene<'_>,
        database: &mut Database,
        server: &mut Server,
    ) -> Result<(), LabError> {
        let (fault, before) = (self.faults[index], database.failed_calls()?);
        eprintln!("         {}", fault.description());
        scene.memory.begin_fault(index);
        let tail = database.suffer(fault, scene.company).await?;
        let recovered = works_again(scene, server).await?;
        if recovered > fault.recovery_limit() {
            let what = format!("{}: works {:.1} s after its end", fault.description(), recovered.as_secs_f64());
            self.findings.push(Finding { fault: Some(index), ..Finding::new(Kind::SlowRecovery, None, what) });
        }
        let summary = &mut self.summaries[index];
        summary.windows += 1;
        summary.failed_calls += database.failed_calls()? - before;
        summary.note_recovery(recovered);
        if let Some(tail) = tail {
            tokio::time::sleep(AFTERMATH).await;
            self.circumstances.forgive(&tail, scene.company);
        }
        Ok(())
    }
}

/// How long it takes from now until the server is ready and has created a payment.
async fn works_again(scene: &Scene<'_>, server: &mut Server) -> Result<Duration, LabError> {
    let back = Instant::now();
    server.ready_in().await?;
    // Nobody writes any more after the end of the load.
    while !scene.stop.is_cancelled() && scene.watch.written().is_none_or(|written| written < back) {
        if back.elapsed() > RECOVERY_TIMEOUT {
            return Err(LabError::Server(format!("creates no payment {} s after the fault", back.elapsed().as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(back.elapsed())
}
