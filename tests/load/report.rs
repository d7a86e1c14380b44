//! What a run came to, for people and for programs.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{Arguments, Scenario, process::Cpu, seen::Seen};

/// Examples of failures and warnings that are shown.
const MAX_SHOWN: usize = 5;

/// Bytes of the server that are resident.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub before: u64,
    pub after: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    scenario: Scenario,
    database: &'static str,
    payments: usize,
    concurrency: usize,
    seconds: f64,
    pub payments_per_second: f64,
    /// p50, p95 and p99 by step.
    milliseconds: Vec<(&'static str, [f64; 3])>,
    /// How many, by status or kind.
    failures: BTreeMap<String, u64>,
    cpu_server_seconds: f64,
    cpu_client_seconds: f64,
    cpu_machine_seconds: f64,
    rss_before: u64,
    rss_after: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_payment: Option<f64>,
    #[serde(skip)]
    remarks: Vec<String>,
}

impl Report {
    pub fn new(
        arguments: &Arguments,
        took: Duration,
        mut seen: Seen,
        cpu: Cpu,
        memory: Memory,
        complaints: &[String],
    ) -> Self {
        let payments = arguments.payments();
        let grown = memory.after.saturating_sub(memory.before);
        let remarks = seen.examples.iter().chain(complaints).take(MAX_SHOWN).cloned().collect();
        Self {
            scenario: arguments.scenario,
            database: if arguments.postgres().is_some() { "postgres" } else { "sqlite" },
            payments,
            concurrency: arguments.concurrency(),
            seconds: took.as_secs_f64(),
            payments_per_second: payments as f64 / took.as_secs_f64(),
            milliseconds: seen.percentiles(),
            failures: seen.failures,
            cpu_server_seconds: cpu.server,
            cpu_client_seconds: cpu.client,
            cpu_machine_seconds: cpu.machine,
            rss_before: memory.before,
            rss_after: memory.after,
            bytes_per_payment: (arguments.scenario == Scenario::Memory).then(|| grown as f64 / payments as f64),
            remarks,
        }
    }

    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// What runs are ordered by, the better the larger.
    pub fn score(&self) -> f64 {
        self.bytes_per_payment.map_or(self.payments_per_second, |bytes| -bytes)
    }

    pub fn print_line(&self, run: usize) {
        let (cpu, other) = (self.cpu_server_seconds, self.cpu_machine_seconds - self.cpu_server_seconds);
        print!("run {run}: {:.0} payments/s, {:.1} CPU s in the server", self.payments_per_second, cpu);
        print!(", {:.1} in the client, {:.1} elsewhere", self.cpu_client_seconds, other - self.cpu_client_seconds);
        match self.bytes_per_payment {
            Some(bytes) => println!(", {bytes:.0} bytes per payment"),
            None => println!(),
        }
        for (kind, count) in &self.failures {
            println!("  {count} × {kind}");
        }
        for remark in &self.remarks {
            println!("  {remark}");
        }
    }

    pub fn print_table(&self) {
        let Self { database, payments, concurrency, seconds, payments_per_second, .. } = self;
        println!("\n{:?} on {database}: {payments} payments by {concurrency} workers in {seconds:.1} s", self.scenario);
        println!("{payments_per_second:.0} payments/s\n");
        println!("{:<10}{:>10}{:>10}{:>10}  ms", "step", "p50", "p95", "p99");
        for (step, [p50, p95, p99]) in &self.milliseconds {
            println!("{step:<10}{p50:>10.2}{p95:>10.2}{p99:>10.2}");
        }
        let each = |seconds: f64| seconds * 1e6 / *payments as f64;
        let elsewhere = self.cpu_machine_seconds - self.cpu_server_seconds - self.cpu_client_seconds;
        println!("\n{:<10}{:>10}{:>14}", "CPU", "s", "µs/payment");
        for (who, cpu) in
            [("server", self.cpu_server_seconds), ("client", self.cpu_client_seconds), ("elsewhere", elsewhere)]
        {
            println!("{who:<10}{cpu:>10.1}{:>14.0}", each(cpu));
        }
        let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
        println!("\nserver RSS {:.1} MiB before, {:.1} MiB after", mib(self.rss_before), mib(self.rss_after));
        if let Some(bytes) = self.bytes_per_payment {
            println!("{bytes:.0} bytes per payment in flight");
        }
    }
}
