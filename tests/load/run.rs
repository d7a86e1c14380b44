//! One run: a fresh server, people, a warm-up, and the measured part.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    Arguments, Scenario,
    database::Fresh,
    people::People,
    process::{self, Cpu},
    report::{Memory, Report},
    seen::Seen,
    server::Server,
    worker::{Part, Worker},
};

/// A worker with so many failures has seen enough.
const MAX_FAILURES: u64 = 20;

/// Payments before anything is measured: connections, caches and the allocator have found their size.
const WARM_UP_PART: usize = 5;
const MAX_WARM_UP: usize = 5_000;

/// Measures once, until `deadline`, and leaves nothing behind.
pub async fn run(arguments: &Arguments, deadline: tokio::time::Instant) -> Result<Report, Box<dyn Error>> {
    let fresh = match arguments.postgres() {
        Some(url) => Some(Fresh::create(url).await?),
        None => None,
    };
    let measured = tokio::select! {
        measured = measure(arguments, fresh.as_ref().map(Fresh::url)) => measured,
        () = tokio::time::sleep_until(deadline) => Err("the time is over: see --timeout-s".into()),
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    if let Some(fresh) = fresh {
        fresh.drop().await?;
    }
    measured
}

async fn measure(arguments: &Arguments, database: Option<&str>) -> Result<Report, Box<dyn Error>> {
    let server = Server::start(arguments.server.as_deref(), database)?;
    let people = People::gather(server.address()).await?;
    let mut crowd = Crowd::gather(&server, &people, arguments.concurrency()).await?;
    let payments = arguments.payments();
    let part = match arguments.scenario {
        Scenario::Whole => Part::Whole,
        Scenario::Create | Scenario::Memory | Scenario::Lists | Scenario::Pages => Part::Create,
        Scenario::Confirm => Part::Confirm,
    };
    let warm_up = (payments / WARM_UP_PART).min(MAX_WARM_UP);
    crowd.play(if part == Part::Confirm { Part::Whole } else { part }, warm_up).await?;
    if part == Part::Confirm {
        crowd.play(Part::Prepare, payments).await?;
    }
    // What failed so far is a failure; how long it took is not what is measured.
    let failures = std::mem::take(&mut crowd.seen).without_times();
    let rss_before = rss(arguments, &server).await?;
    let cpu = Cpu::read(server.pid())?;
    let took = crowd.play(part, payments).await?;
    let cpu = Cpu::read(server.pid())?.since(cpu);
    let rss_after = rss(arguments, &server).await?;
    crowd.seen.absorb(failures);
    let memory = Memory { before: rss_before, after: rss_after };
    Ok(Report::new(arguments, took, crowd.seen, cpu, memory, &server.complaints()))
}

async fn rss(arguments: &Arguments, server: &Server) -> Result<u64, Box<dyn Error>> {
    Ok(match arguments.scenario {
        Scenario::Memory => process::settled_rss(server.pid()).await?,
        _ => process::rss(server.pid())?,
    })
}

/// All workers, and what they have seen.
struct Crowd {
    workers: Vec<Worker>,
    seen: Seen,
    /// The number of the next payment: no order id is used twice.
    next: usize,
}

impl Crowd {
    async fn gather(server: &Server, people: &People, size: usize) -> Result<Self, Box<dyn Error>> {
        let mut workers = Vec::with_capacity(size);
        for number in 0..size {
            workers.push(Worker::start(server.address(), people, number).await?);
        }
        Ok(Self { workers, seen: Seen::default(), next: 1 })
    }

    /// Has `part` of `count` payments played; each worker takes the next one as soon as it is free.
    async fn play(&mut self, part: Part, count: usize) -> Result<Duration, Box<dyn Error>> {
        let end = self.next + count;
        let next = Arc::new(AtomicUsize::new(self.next));
        self.next = end;
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for mut worker in self.workers.drain(..) {
            let next = next.clone();
            tasks.spawn(async move {
                while worker.seen.failed() < MAX_FAILURES {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end || part == Part::Confirm && !worker.has_prepared() {
                        break;
                    }
                    worker.play(part, number).await;
                }
                worker
            });
        }
        while let Some(worker) = tasks.join_next().await {
            let mut worker = worker?;
            self.seen.absorb(std::mem::take(&mut worker.seen));
            self.workers.push(worker);
        }
        Ok(started.elapsed())
    }
}
