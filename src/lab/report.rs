//! What a run came to, for people and for programs.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use url::Url;

use super::{
    finding::{Finding, Kind},
    money::Sums,
    run::Options,
};
use crate::{
    acquirer::{FaultKind, Totals},
    operator::Audit,
};

/// Findings that the table shows; the JSON has them all.
const MAX_SHOWN: usize = 50;

/// How long after the end of the faults 99 of 100 doubts must be settled.
const MAX_DOUBT_AFTER_FAULTS_MS: u64 = 15_000;

fn percentile_ms(sorted: &[Duration], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0, |duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    seed: u64,
    database: String,
    seconds: f64,
    payments: u64,
    /// How many ended in each status.
    statuses: BTreeMap<&'static str, u64>,
    refunds: u64,
    kills: u64,
    /// SIGTERM.
    stops: u64,
    /// The card company could not be reached.
    outages: u64,
    faults: BTreeMap<FaultKind, u64>,
    /// What happened to the disk or the database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<FaultSummary>,
    /// How often each thing was found that must not be.
    found: BTreeMap<Kind, usize>,
    /// Won that are charged and not given back, by our journals and by the card company.
    held: i64,
    held_by_the_network: i64,
    doubts: usize,
    /// From the call that a doubt was about to the event that settled it.
    resolved_p50_ms: u64,
    resolved_p99_ms: u64,
    resolved_longest_ms: u64,
    /// The doubts that were open when the faults ended, and how long they went on.
    doubts_after_faults: usize,
    after_faults_p99_ms: u64,
    after_faults_longest_ms: u64,
    /// From the end of the faults until nothing moved any more; the life of unconfirmed payments included.
    settled_s: f64,
    audited: u64,
    inquired: u64,
    audit_differences: u64,
    /// Payments of which a failover lost a part on purpose; what the card company has of them is not compared.
    #[serde(skip_serializing_if = "is_zero")]
    forgiven: u64,
    pub findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
}

/// What all faults of one kind came to. A payment belongs to the fault that came last before its end.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultSummary {
    pub name: &'static str,
    pub windows: u32,
    /// Calls to the disk that failed.
    pub failed_calls: u32,
    /// Acknowledged answers that did not stay true.
    pub lost: u32,
    /// Money that journals and the card company do not agree on.
    pub unbooked: u32,
    pub in_doubt: u32,
    /// From the end of the fault until the server worked again. A fault during which it was killed does not count.
    pub slowest_recovery_ms: u64,
}

impl FaultSummary {
    pub fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub fn note_recovery(&mut self, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.slowest_recovery_ms = self.slowest_recovery_ms.max(took);
    }

    fn count<'a>(&mut self, findings: impl Iterator<Item = &'a Finding>) {
        for finding in findings {
            match finding.kind {
                Kind::ToldWrongly => self.lost += 1,
                Kind::ChargedTwice | Kind::Lost | Kind::OverRefunded => self.unbooked += 1,
                Kind::InDoubt => self.in_doubt += 1,
                _ => {}
            }
        }
    }
}

/// Where to look further.
#[derive(Debug, Serialize)]
struct Kept {
    folder: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
}

/// What a report is made of.
pub struct Facts<'a> {
    pub options: &'a Options,
    pub took: Duration,
    pub settled_in: Duration,
    pub sums: Sums,
    pub audit: Audit,
    pub kills: u64,
    pub stops: u64,
    pub outages: u64,
    pub faults: BTreeMap<FaultKind, u64>,
    pub totals: Totals,
    pub windows: Vec<FaultSummary>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Report {
    pub fn of(facts: Facts<'_>) -> Self {
        let Facts { options, took, settled_in, sums, audit, kills, stops, outages, faults, totals, mut windows } =
            facts;
        let Sums { payments, refunds, statuses, held, mut doubts, mut doubts_after, forgiven, mut findings } = sums;
        for (place, summary) in windows.iter_mut().enumerate() {
            summary.count(findings.iter().filter(|finding| finding.fault == Some(place)));
        }
        doubts.sort_unstable();
        doubts_after.sort_unstable();
        let ms = |percent: usize| percentile_ms(&doubts, percent);
        let after_ms = |percent: usize| percentile_ms(&doubts_after, percent);
        if after_ms(99) > MAX_DOUBT_AFTER_FAULTS_MS {
            let what = format!("{} ms after the faults had ended, one doubt in a hundred was still open", after_ms(99));
            findings.push(Finding::new(Kind::SlowToResolve, None, what));
        }
        let count = |kind: Kind| findings.iter().filter(|finding| finding.kind == kind).count();
        Self {
            seed: options.seed,
            database: options.database(),
            seconds: took.as_secs_f64(),
            payments,
            statuses,
            refunds,
            kills,
            stops,
            outages,
            faults,
            windows,
            found: Kind::ALL.into_iter().map(|kind| (kind, count(kind))).collect(),
            held,
            held_by_the_network: totals.held(),
            doubts: doubts.len(),
            resolved_p50_ms: ms(50),
            resolved_p99_ms: ms(99),
            resolved_longest_ms: ms(100),
            doubts_after_faults: doubts_after.len(),
            after_faults_p99_ms: after_ms(99),
            after_faults_longest_ms: after_ms(100),
            settled_s: settled_in.as_secs_f64(),
            audited: audit.payments,
            inquired: audit.inquired,
            audit_differences: audit.differences,
            forgiven,
            findings,
            kept: None,
        }
    }

    /// No money was lost, taken twice or left in doubt, and nobody was told otherwise.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Says where the evidence is. Whoever gave a password knows it; a report is shown around.
    pub fn keep(&mut self, folder: &Path, database_url: Option<&str>) {
        let database_url = database_url.map(|text| {
            if let Ok(mut url) = Url::parse(text)
                && url.password().is_some()
                && url.set_password(Some("...")).is_ok()
            {
                return url.into();
            }
            text.to_owned()
        });
        self.kept = Some(Kept { folder: folder.to_owned(), database_url });
    }

    /// A table for documents, too.
    fn write_windows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.windows.is_empty() {
            return Ok(());
        }
        write!(f, "\n| fault | times | failed calls to the disk | acknowledged answers lost ")?;
        writeln!(f, "| charged and not booked | in doubt at the end | works again after, at most |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for FaultSummary { name, windows, failed_calls, lost, unbooked, in_doubt, slowest_recovery_ms } in &self.windows
        {
            let recovery = Duration::from_millis(*slowest_recovery_ms).as_secs_f64();
            writeln!(
                f,
                "| {name} | {windows} | {failed_calls} | {lost} | {unbooked} | {in_doubt} | {recovery:.1} s |"
            )?;
        }
        Ok(())
    }

    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { kind, payment_key, what, .. } in self.findings.iter().take(MAX_SHOWN) {
            writeln!(f, "\n{}: {what}", kind.as_str())?;
            if let Some(key) = payment_key {
                writeln!(f, "  paygate why {key}")?;
            }
        }
        if let Some(more) = self.findings.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
            writeln!(f, "\n… and {more} more")?;
        }
        match &self.kept {
            Some(Kept { folder, database_url }) => {
                let folder = folder.display();
                let Some(database_url) = database_url else { return writeln!(f, "\nKept: {folder}") };
                writeln!(
                    f,
                    "\nKept: {folder}\n  export PAYGATE__DATABASE__URL={database_url} PAYGATE__DATA_DIR={folder}"
                )
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: u64, more: &str| writeln!(f, "  {name:<20}{value:>10}{more}");
        let statuses: Vec<_> = self.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
        let faults: Vec<_> = self.faults.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
        row("payments", self.payments, &format!("   {}", statuses.join(", ")))?;
        row("refunds", self.refunds, "")?;
        row("kills", self.kills, "   of the server")?;
        row("stops", self.stops, "   of the server (SIGTERM)")?;
        row("outages", self.outages, "   of the card network")?;
        row("faults", self.faults.values().sum(), &format!("   {}", faults.join(", ")))?;
        row("doubts", self.doubts as u64, "   resolved")?;
        self.write_windows(f)?;
        writeln!(f)?;
        for kind in Kind::ALL {
            let count = self.found.get(&kind).copied().unwrap_or_default();
            writeln!(f, "  {:<20}{count:>10}", kind.as_str())?;
        }
        let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
        let [p50, p99, longest] = [self.resolved_p50_ms, self.resolved_p99_ms, self.resolved_longest_ms].map(seconds);
        writeln!(
            f,
            "\n  money             {} KRW in our books, {} in the network's",
            self.held, self.held_by_the_network
        )?;
        writeln!(f, "  time to resolve   p50 {p50:.2} s, p99 {p99:.2} s, longest {longest:.2} s")?;
        let [after_p99, after_longest] = [self.after_faults_p99_ms, self.after_faults_longest_ms].map(seconds);
        writeln!(
            f,
            "  after the faults  {} doubts open: p99 {after_p99:.2} s, longest {after_longest:.2} s",
            self.doubts_after_faults
        )?;
        writeln!(f, "  settled           {:.1} s after the last fault", self.settled_s)?;
        writeln!(
            f,
            "  audit             {} payments, {} records of the network compared, {} differences",
            self.audited, self.inquired, self.audit_differences
        )?;
        if self.forgiven > 0 {
            writeln!(
                f,
                "  lost on purpose   parts of {} payments, with their money, by a lagging failover",
                self.forgiven
            )?;
        }
        self.write_findings(f)?;
        let verdict = if self.is_clean() {
            "No money was lost, taken twice or left in doubt."
        } else {
            "THE BOOKS DO NOT AGREE."
        };
        writeln!(f, "\n{verdict}  (seed {}, {}, {:.0} s)", self.seed, self.database, self.seconds)
    }
}
