//! `paygate lab`: proves from outside that no money is lost, taken twice or left in doubt.
//!
//! ```text
//! customers and shops ──HTTP──► paygate (the real binary, killed again and again)
//!      │                            │  ▲
//!      │ what they were told        │  └── its database
//!      ▼                            ▼
//!   verdict ◄── its own books ── the card company (the sandbox, by a plan of faults)
//! ```
//!
//! The card company lives in this process, behind a real socket, and outlives every kill. When the time is
//! up the faults end, the server is restarted once more, and everything has to settle. Then three parties
//! are held against each other to the won: the journal, the card company's books, and what shops and
//! customers were told.
//!
//! The seed decides what is attempted: the faults by the order of calls, the moments of kills and outages,
//! what each worker does next. It does not decide how threads and processes interleave, so a run is
//! repeated in its kind, not in every byte.
//!
//! With `--storage-faults` and `--postgres-faults` the card company is reliable, and it is the disk or the database that
//! fails.
//!
//! This room talks to the server over HTTP alone while it runs, and reads its database only afterwards.

mod company;
mod database;
mod faults;
mod finding;
mod forgiven;
mod judge;
mod memory;
mod money;
mod newcomers;
mod people;
mod player;
mod postgres;
mod refunds;
mod report;
mod run;
mod server;
mod stages;
mod storage;
mod stream;
mod verdict;
mod wire;

#[cfg(test)]
mod tests;

pub use database::Target;
pub use faults::{Calls, DiskFault, FaultyDisk, Files, Window};
pub use postgres::DatabaseFault;
pub use report::Report;
pub use run::{Faults, LabError, Options, run};

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use tokio_util::sync::CancellationToken;

/// The generator of one part of the lab; each part has its own, so that none disturbs another.
fn generator(seed: u64, part: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A moment between two others, in milliseconds.
fn between(rng: &mut Xoshiro256PlusPlus, least_ms: u64, most_ms: u64) -> Duration {
    Duration::from_millis(rng.random_range(least_ms..=most_ms))
}

/// Waits; whether it was told to stop meanwhile.
async fn pause(stop: &CancellationToken, duration: Duration) -> bool {
    stop.run_until_cancelled(tokio::time::sleep(duration)).await.is_none()
}

/// Ports below those that the system hands out to clients. On one of theirs a client that dials while
/// nobody listens may be given the very port it dials, and talk to itself.
const PORTS: std::ops::Range<u16> = 12_000..30_000;

/// A listener on a port that stays free while nobody listens on it.
fn listener() -> std::io::Result<std::net::TcpListener> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for _ in 0..100 {
        let port: u16 = rand::random_range(PORTS);
        match std::net::TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}
