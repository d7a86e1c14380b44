//! The load benchmark: whole payments against the real release binary, over real sockets, on this machine.
//!
//! ```text
//! cargo bench --bench load -- --payments 20000 --concurrency 64
//! cargo bench --bench load -- --database postgres://postgres@localhost/postgres
//! cargo bench --bench load -- --scenario memory --json
//! cargo bench --bench load -- --scenario lists
//! cargo bench --bench load -- --scenario pages
//! ```
//!
//! Each run starts a server with an empty database of its own. Client, server and database share the
//! machine. A failed payment fails the benchmark.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod database;
mod desk;
mod failure;
mod http;
mod lists;
mod pages;
mod people;
mod process;
mod report;
mod run;
mod seen;
mod server;
mod worker;

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use report::Report;
use serde::Serialize;
use tokio::time::Instant;

#[derive(Parser)]
#[command(name = "load")]
struct Arguments {
    /// `sqlite`, or the URL of a PostgreSQL server on which databases may be created.
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// Payments that are measured or looked through (requests for each of the `pages`); 1,000,000 for `lists`,
    /// 50,000 for `create` and `memory`, 20,000 otherwise.
    #[arg(long)]
    payments: Option<usize>,
    /// Payments under way at the same time.
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    #[arg(long, value_enum, default_value_t = Scenario::Whole)]
    scenario: Scenario,
    /// Runs; the median one is reported.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// All runs together are given up after this long.
    #[arg(long, default_value_t = 1800)]
    timeout_s: u64,
    /// Another binary to measure, built before a change; the one of this build when absent.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Print the result once more, as one line of JSON.
    #[arg(long)]
    json: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Scenario {
    /// Create, watch, approve, confirm, and `payment-done` on the stream.
    Whole,
    Create,
    /// Payments are created and approved before the clock starts.
    Confirm,
    /// Bytes of memory per payment that waits for its customer.
    Memory,
    /// Every filter of the back office, with the database's plans.
    Lists,
    /// Requests per second for each kind of page.
    Pages,
}

impl Arguments {
    fn postgres(&self) -> Option<&str> {
        (self.database != "sqlite").then_some(&self.database)
    }

    fn payments(&self) -> usize {
        let usual = match self.scenario {
            Scenario::Whole | Scenario::Confirm | Scenario::Pages => 20_000,
            Scenario::Create | Scenario::Memory => 50_000,
            Scenario::Lists => 1_000_000,
        };
        self.payments.unwrap_or(usual).max(1)
    }

    fn concurrency(&self) -> usize {
        self.concurrency.max(1)
    }
}

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether any payment failed.
fn bench(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    // One thread: the cheapest client there is.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.scenario {
        Scenario::Lists => return runtime.block_on(lists::run(arguments)),
        Scenario::Pages => return runtime.block_on(pages::run(arguments)),
        Scenario::Whole | Scenario::Create | Scenario::Confirm | Scenario::Memory => {}
    }
    let mut reports = runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(arguments.timeout_s);
        let mut reports: Vec<Report> = Vec::new();
        for number in 1..=arguments.runs.max(1) {
            let report = run::run(arguments, deadline).await?;
            report.print_line(number);
            reports.push(report);
        }
        Ok::<_, Box<dyn Error>>(reports)
    })?;
    reports.sort_by(|a, b| a.score().total_cmp(&b.score()));
    let median = &reports[reports.len() / 2];
    median.print_table();
    if arguments.json {
        println!("{}", serde_json::to_string(median)?);
    }
    Ok(reports.iter().any(Report::has_failures))
}

/// Gives up when the time is over, or somebody wishes so: what was made is thrown away all the same.
async fn in_time<T>(
    arguments: &Arguments,
    measured: impl Future<Output = Result<T, Box<dyn Error>>>,
) -> Result<T, Box<dyn Error>> {
    tokio::select! {
        measured = measured => measured,
        () = tokio::time::sleep(Duration::from_secs(arguments.timeout_s)) => Err("the time is over: see --timeout-s".into()),
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    }
}
