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
    /// The card company could not be reached.
    outages: u64,
    faults: BTreeMap<FaultKind, u64>,
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
    /// From the end of the faults until nothing moved any more; the life of unconfirmed payments included.
    settled_s: f64,
    audited: u64,
    inquired: u64,
    audit_differences: u64,
    pub findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
}

/// Where to look further.
#[derive(Debug, Serialize)]
struct Kept {
    folder: PathBuf,
    database_url: String,
}

/// What a report is made of.
pub struct Facts<'a> {
    pub options: &'a Options,
    pub took: Duration,
    pub settled_in: Duration,
    pub sums: Sums,
    pub audit: Audit,
    pub kills: u64,
    pub outages: u64,
    pub faults: BTreeMap<FaultKind, u64>,
    pub totals: Totals,
}

impl Report {
    pub fn of(facts: Facts<'_>) -> Self {
        let Facts { options, took, settled_in, sums, audit, kills, outages, faults, totals } = facts;
        let Sums { payments, refunds, statuses, held, mut doubts, findings } = sums;
        doubts.sort_unstable();
        let ms = |percent: usize| {
            let rank = (doubts.len() * percent).div_ceil(100).saturating_sub(1);
            doubts.get(rank).map_or(0, |doubt| u64::try_from(doubt.as_millis()).unwrap_or(u64::MAX))
        };
        let count = |kind: Kind| findings.iter().filter(|finding| finding.kind == kind).count();
        Self {
            seed: options.seed,
            database: options.target.to_string(),
            seconds: took.as_secs_f64(),
            payments,
            statuses,
            refunds,
            kills,
            outages,
            faults,
            found: Kind::ALL.into_iter().map(|kind| (kind, count(kind))).collect(),
            held,
            held_by_the_network: totals.held(),
            doubts: doubts.len(),
            resolved_p50_ms: ms(50),
            resolved_p99_ms: ms(99),
            resolved_longest_ms: ms(100),
            settled_s: settled_in.as_secs_f64(),
            audited: audit.payments,
            inquired: audit.inquired,
            audit_differences: audit.differences,
            findings,
            kept: None,
        }
    }

    /// No money was lost, taken twice or left in doubt, and nobody was told otherwise.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Says where the evidence is. Whoever gave a password knows it; a report is shown around.
    pub fn keep(&mut self, folder: &Path, database_url: &str) {
        let mut database_url = database_url.to_owned();
        if let Ok(mut url) = Url::parse(&database_url)
            && url.password().is_some()
            && url.set_password(Some("...")).is_ok()
        {
            database_url = url.into();
        }
        self.kept = Some(Kept { folder: folder.to_owned(), database_url });
    }

    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { kind, payment_key, what } in self.findings.iter().take(MAX_SHOWN) {
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
        row("outages", self.outages, "   of the card network")?;
        row("faults", self.faults.values().sum(), &format!("   {}", faults.join(", ")))?;
        row("doubts", self.doubts as u64, "   resolved")?;
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
        writeln!(f, "  settled           {:.1} s after the last fault", self.settled_s)?;
        writeln!(
            f,
            "  audit             {} payments, {} records of the network compared, {} differences",
            self.audited, self.inquired, self.audit_differences
        )?;
        self.write_findings(f)?;
        let verdict = if self.is_clean() {
            "No money was lost, taken twice or left in doubt."
        } else {
            "THE BOOKS DO NOT AGREE."
        };
        writeln!(f, "\n{verdict}  (seed {}, {}, {:.0} s)", self.seed, self.database, self.seconds)
    }
}
