//! What goes wrong with a database server, one thing at a time.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    super::{
        LabError,
        faults::{Calls, DiskFault, FaultyDisk, Files, Window},
        forgiven::Tail,
    },
    cluster::{Cluster, Programs, ROLE},
    proxy::Proxy,
};
use crate::acquirer::Sandbox;

/// The server works again within this after the database is back.
const RECOVERY_LIMIT: Duration = Duration::from_secs(5);

/// When nobody says that a connection is lost, it takes a deadline to find out.
const SILENT_RECOVERY_LIMIT: Duration = Duration::from_secs(10);

/// Connections that the server under test may open, and two for an audit beside it.
const CONNECTIONS: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Terminated,
    Restarted,
    Down,
    ReadOnly,
    ConnectionLimit,
    Locked,
    Slow,
    TablesFull,
    LogFull,
    Frozen,
    Silent,
    Failover,
    LaggingFailover,
    RestartedUnconfirmed,
}

impl Fault {
    pub const ALL: [Fault; 14] = [
        Fault::Terminated,
        Fault::Restarted,
        Fault::Failover,
        Fault::ReadOnly,
        Fault::Silent,
        Fault::RestartedUnconfirmed,
        Fault::Locked,
        Fault::LaggingFailover,
        Fault::ConnectionLimit,
        Fault::Slow,
        Fault::TablesFull,
        Fault::LogFull,
        Fault::Down,
        Fault::Frozen,
    ];

    /// For the command line and the report.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::Terminated => "terminate",
            Fault::Restarted => "restart",
            Fault::Down => "down",
            Fault::ReadOnly => "read-only",
            Fault::ConnectionLimit => "connection-limit",
            Fault::Locked => "lock",
            Fault::Slow => "slow-statements",
            Fault::TablesFull => "tables-full",
            Fault::LogFull => "log-full",
            Fault::Frozen => "freeze",
            Fault::Silent => "silence",
            Fault::Failover => "failover",
            Fault::LaggingFailover => "lagging-failover",
            Fault::RestartedUnconfirmed => "restart-unconfirmed",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Fault::Terminated => "all connections terminated, ten times in a second",
            Fault::Restarted => "restarted (immediate)",
            Fault::Down => "down for 8 s",
            Fault::ReadOnly => "read-only for 8 s",
            Fault::ConnectionLimit => "connection limit reached for 5 s",
            Fault::Locked => "a table locked for 13 s",
            Fault::Slow => "statements reach their time limit for 10 s",
            Fault::TablesFull => "no space for tables for 6 s",
            Fault::LogFull => "no space for the log for 6 s",
            Fault::Frozen => "frozen for 20 s",
            Fault::Silent => "its machine gone without FIN or RST",
            Fault::Failover => "failover to a synchronous standby",
            Fault::LaggingFailover => "failover to a standby that lacks the last two seconds",
            Fault::RestartedUnconfirmed => "restarted with unconfirmed commits, then lost, standby promoted",
        }
    }

    pub const fn recovery_limit(self) -> Duration {
        match self {
            Fault::Silent => SILENT_RECOVERY_LIMIT,
            _ => RECOVERY_LIMIT,
        }
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| format!("must be one of {}", names()))
    }
}

/// The database of a run, as an operator has it in his hands.
pub struct Database {
    primary: Cluster,
    proxy: Proxy,
    /// Absent when no fault needs it: it takes a C compiler.
    disk: Option<FaultyDisk>,
    copies: u32,
    is_slowed: bool,
}

impl Database {
    pub async fn create(folder: &Path, faults: &[Fault]) -> Result<Self, LabError> {
        let (programs, own) = (Programs::find()?, folder.join("postgres"));
        programs.own(&own).await?;
        let needs_disk = faults.iter().any(|fault| matches!(fault, Fault::TablesFull | Fault::LogFull));
        let disk = if needs_disk { Some(FaultyDisk::build(folder)?) } else { None };
        let mut variables = Vec::new();
        if let Some(disk) = &disk {
            disk.share()?;
            variables.extend(disk.variables().map(|(name, path)| (name, PathBuf::from(path))));
        }
        let primary = Cluster::create(&programs, &own, variables).await?;
        primary.ask(&[&format!("ALTER ROLE {ROLE} CONNECTION LIMIT {CONNECTIONS}")]).await?;
        let proxy = Proxy::to(primary.address)?;
        Ok(Self { primary, proxy, disk, copies: 0, is_slowed: false })
    }

    /// Where the server under test finds it, whatever happens to it.
    pub fn url(&self) -> String {
        format!("postgres://{ROLE}@{}/{ROLE}", self.proxy.address)
    }

    /// Lets it happen. When this returns, the database is back. Returns what was lost on purpose, if anything was.
    pub async fn suffer(&mut self, fault: Fault, company: &Sandbox) -> Result<Option<Tail>, LabError> {
        let seconds = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
        match fault {
            Fault::Terminated => self.terminate().await?,
            Fault::Restarted => self.primary.restart_immediately().await?,
            Fault::Down => {
                self.primary.stop().await?;
                seconds(8).await;
                self.primary.start().await?;
            }
            Fault::ReadOnly => {
                self.primary.set(&[("default_transaction_read_only", Some("on"))]).await?;
                seconds(8).await;
                self.primary.set(&[("default_transaction_read_only", None)]).await?;
            }
            Fault::ConnectionLimit => {
                self.primary.ask(&[&format!("ALTER ROLE {ROLE} CONNECTION LIMIT 1"), TERMINATE]).await?;
                seconds(5).await;
                self.primary.ask(&[&format!("ALTER ROLE {ROLE} CONNECTION LIMIT {CONNECTIONS}")]).await?;
            }
            Fault::Locked => {
                let lock = "BEGIN; LOCK TABLE payment_event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(13); COMMIT";
                self.primary.ask(&[lock]).await?;
            }
            Fault::Slow => self.slow_down().await?,
            Fault::TablesFull => self.fill(Files::DATABASE).await?,
            Fault::LogFull => self.fill(Files::LOG).await?,
            Fault::Frozen => {
                self.primary.freeze().await?;
                seconds(20).await;
                self.primary.thaw().await?;
            }
            Fault::Silent => self.proxy.silence(),
            Fault::Failover => self.fail_over().await?,
            Fault::LaggingFailover => return self.fail_over_lagging(company).await.map(Some),
            Fault::RestartedUnconfirmed => self.restart_unconfirmed().await?,
        }
        Ok(None)
    }

    async fn terminate(&self) -> Result<(), LabError> {
        for _ in 0..10 {
            self.primary.ask(&[TERMINATE]).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// A trigger sleeps longer than any statement may take. It stays, and its body is what changes: that needs no lock
    /// on the table.
    async fn slow_down(&mut self) -> Result<(), LabError> {
        if !self.is_slowed {
            let triggers = SLOW_TABLES
                .map(|table| format!("CREATE TRIGGER slowness BEFORE INSERT ON {table} EXECUTE FUNCTION slowness()"));
            self.primary.ask(&[&slowness("NULL"), &triggers[0], &triggers[1]]).await?;
            self.is_slowed = true;
        }
        self.primary.ask(&[&slowness("pg_sleep(30)")]).await?;
        tokio::time::sleep(Duration::from_secs(10)).await;
        self.primary.ask(&[&slowness("NULL")]).await?;
        // Those that have begun sleep until their own limit.
        while self.primary.ask(&[SLEEPING]).await? != "0" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// No file of the kind gets longer, and none is added.
    async fn fill(&self, files: Files) -> Result<(), LabError> {
        let full = Window {
            name: "full",
            files,
            calls: Calls::WRITE,
            kind: DiskFault::NoRoom,
            per_mille: 1_000,
            most: None,
            lasts: Duration::from_secs(6),
        };
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.open(&full)?;
        let started = Instant::now();
        while started.elapsed() < full.lasts {
            // Uses up what the log has in reserve; refused once the server has given up.
            let _ = self.primary.ask(&[WRITE_LOG, SWITCH_LOG].repeat(5)).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        disk.close()?;
        self.primary.revive().await
    }

    /// Calls to the disk that failed so far.
    pub fn failed_calls(&self) -> Result<u32, LabError> {
        Ok(self.disk.as_ref().map_or(Ok(0), FaultyDisk::hits)?)
    }

    async fn follow(&mut self) -> Result<Cluster, LabError> {
        self.copies += 1;
        self.primary.standby(&format!("copy-{}", self.copies)).await
    }

    async fn confirm_by_standby(&self) -> Result<(), LabError> {
        self.primary.set(&[("synchronous_standby_names", Some("standby"))]).await?;
        // Long enough for every commit under way to have been asked for.
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }

    async fn replace_by(&mut self, standby: Cluster) -> Result<(), LabError> {
        self.primary.lose().await?;
        standby.promote().await?;
        self.proxy.move_to(standby.address);
        self.primary = standby;
        Ok(())
    }

    async fn fail_over(&mut self) -> Result<(), LabError> {
        let standby = self.follow().await?;
        self.confirm_by_standby().await?;
        self.replace_by(standby).await
    }

    async fn fail_over_lagging(&mut self, company: &Sandbox) -> Result<Tail, LabError> {
        let standby = self.follow().await?;
        self.confirm_by_standby().await?;
        let mut tail = Tail::begin(company);
        self.primary.set(&[("synchronous_standby_names", None)]).await?;
        standby.set(&[("primary_conninfo", Some(""))]).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.replace_by(standby).await?;
        tail.moved();
        Ok(tail)
    }

    async fn restart_unconfirmed(&mut self) -> Result<(), LabError> {
        let standby = self.follow().await?;
        self.confirm_by_standby().await?;
        standby.set(&[("primary_conninfo", Some(""))]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.primary.restart_immediately().await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        self.replace_by(standby).await
    }
}

const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'paygate'";

const SLEEPING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

/// A segment of the log begins only after something was written to the last one.
const WRITE_LOG: &str = "SELECT pg_logical_emit_message(false, 'lab', '')";
const SWITCH_LOG: &str = "SELECT pg_switch_wal()";

/// What the journal writes, and what a probe of the server writes.
const SLOW_TABLES: [&str; 2] = ["payment_event", "lease"];

fn slowness(body: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION slowness() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM {body}; RETURN NULL; END'"
    )
}
