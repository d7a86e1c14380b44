//! Whole lives of payments on one thread, in virtual time: the real domain, actors, journal writers,
//! sweeper and card client, beside a card network and a disk that fail by a seeded plan, processes that
//! die at commits, a clock that is turned, and people who compete, repeat themselves and hang up.
//!
//! After each life the faults stop and time passes. Then nothing may be in doubt, the card network's books
//! must agree with ours to the won, and every answer that anybody got must still be true.
//!
//! ```sh
//! PAYGATE_SEEDS=100000 cargo test --release --lib simulation -- --nocapture
//! PAYGATE_SEED=17 cargo test --lib simulation -- --nocapture   # one of them, told event by event
//! ```

#![expect(clippy::print_stdout, reason = "a run by hand wants to see what it went through")]

mod calls;
mod checks;
mod people;
mod sabotage;
mod told;
mod world;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::RngExt;

use sabotage::Bug;
use world::World;

/// Lives of a test run, unless `PAYGATE_SEEDS` says otherwise.
const SEEDS: u64 = 1_000;

/// Within so many the rarest bug must be found.
const SEEDS_WITH_A_BUG: u64 = 2_000;

/// After the faults have stopped: longer than the longest pause between two attempts, twice.
const SETTLE_AT_MOST: Duration = Duration::from_secs(3 * 3_600);

/// A buggy world may turn in circles; it must show what is wrong before everything is resolved.
const LIVE_WITH_A_BUG: Duration = Duration::from_secs(900);
const SETTLE_WITH_A_BUG: Duration = Duration::from_secs(120);

/// What one world came to.
#[derive(Default)]
struct Report {
    violations: Vec<String>,
    story: String,
    virtual_time: Duration,
    payments: usize,
    charged: usize,
    restarts: u64,
    faults: BTreeMap<String, u64>,
}

/// Lives through the world of `seed`.
fn live(seed: u64, bug: Option<Bug>) -> Report {
    fastrand::seed(seed);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(async move {
        let world = World::new(seed, bug);
        world.begin();
        let orders = world.fork().random_range(1..4);
        let mut people = tokio::task::JoinSet::new();
        for order in 0..orders {
            people.spawn_local(people::play(world.clone(), order));
        }
        let patience = if bug.is_none() { Duration::MAX } else { LIVE_WITH_A_BUG };
        let all_done = async {
            while let Some(done) = people.join_next().await {
                done.expect("nobody panics");
            }
        };
        let _ = tokio::time::timeout(patience, all_done).await;
        drop(people);
        world.calm();
        world.doubts_end().await;
        let (begin, at_most) = (world.passed(), if bug.is_none() { SETTLE_AT_MOST } else { SETTLE_WITH_A_BUG });
        while world.passed() - begin < at_most && world.disk.has_something_due() {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let mut violations = checks::violations(&world);
        match bug {
            None => violations.extend(checks::unresolved(&world)),
            // Anything may look wrong in such a world; what counts is what this bug must look like.
            Some(bug) => violations.retain(|violation| violation.contains(bug.symptom())),
        }
        let story = if violations.is_empty() { String::new() } else { checks::tell(&world) };
        let journals = world.disk.journals();
        let charged = |events: &&Vec<_>| events.iter().any(checks::is_charge);
        Report {
            violations,
            story,
            virtual_time: world.passed(),
            payments: journals.len(),
            charged: journals.values().filter(charged).count(),
            restarts: world.restarts.get(),
            faults: world.faults(),
        }
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Lives through many worlds, on all cores, until one is wrong.
fn live_all(seeds: std::ops::Range<u64>, bug: Option<Bug>) -> (Report, Option<u64>) {
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(None));
    let all = Mutex::new(Report::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failed.lock().unwrap().is_some() {
                return;
            }
            let report = live(seed, bug);
            let mut all = all.lock().unwrap();
            all.virtual_time += report.virtual_time;
            all.payments += report.payments;
            all.charged += report.charged;
            all.restarts += report.restarts;
            for (fault, count) in report.faults {
                *all.faults.entry(fault).or_default() += count;
            }
            if !report.violations.is_empty() {
                failed.lock().unwrap().get_or_insert(seed);
                all.violations = report.violations;
                all.story = report.story;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    (all.into_inner().unwrap(), failed.into_inner().unwrap())
}

#[test]
fn no_world_loses_money_takes_it_twice_or_leaves_it_in_doubt() {
    let seeds = match (number("PAYGATE_SEED"), number("PAYGATE_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    };
    let count = seeds.end - seeds.start;
    let (report, failed) = live_all(seeds, None);
    let faults: u64 = report.faults.values().sum();
    println!(
        "{count} seeds: {} payments ({} charged), {} restarts, {faults} faults, {:.0} virtual hours, violations: {}",
        report.payments,
        report.charged,
        report.restarts,
        report.virtual_time.as_secs_f64() / 3_600.0,
        report.violations.len(),
    );
    for (fault, count) in &report.faults {
        println!("  {count:>9} {fault}");
    }
    if let Some(seed) = failed {
        panic!(
            "{}\n{}\nreplay it: PAYGATE_SEED={seed} cargo test --lib simulation -- --nocapture",
            report.story,
            report.violations.join("\n"),
        );
    }
}

/// A check that finds nothing proves nothing: with each of these bugs put in, it must find something.
#[test]
fn every_deliberate_bug_is_found() {
    for bug in Bug::ALL {
        let (report, failed) = live_all(0..SEEDS_WITH_A_BUG, Some(bug));
        let seed = failed.unwrap_or_else(|| panic!("{bug:?} was not found in {SEEDS_WITH_A_BUG} seeds"));
        println!("{bug:?}: seed {seed}: {}", report.violations[0]);
    }
}
