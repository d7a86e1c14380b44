//! The server under test: the real binary as a child process, stopped and started again on the same port
//! and the same database.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use tokio_util::sync::CancellationToken;

use super::{LabError, between, listener, pause};

/// A start replays nothing, but migrates and opens pools; a busy machine takes its time.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// From a start to the kill: mostly long enough to get work done, now and then in the middle of waking up.
const LIFE_MS: (u64, u64) = (2_000, 9_000);
const SHORT_LIFE_MS: (u64, u64) = (0, 1_500);
const SHORT_LIVES: f64 = 0.25;

/// A server that was asked to end and has not after this long is a finding.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two attempts to start it on a disk that fails.
const START_AGAIN: Duration = Duration::from_millis(300);

/// Characters of the log that a failed start shows.
const SHOWN_LOG_BYTES: usize = 2_000;

/// Everything takes seconds here that takes minutes in production, so that a run sees whole lives.
const SETTINGS: [(&str, &str); 24] = [
    ("PAYGATE__ENV", "local"),
    ("PAYGATE__DEMO__SEED", "false"),
    ("PAYGATE__RATE_LIMIT__ENABLED", "false"),
    ("PAYGATE__LOG__FILTER", "warn"),
    ("PAYGATE__LOG__FORMAT", "json"),
    ("PAYGATE__AUTH__PASSWORD_MEMORY_KIB", "8"),
    ("PAYGATE__AUTH__PASSWORD_ITERATIONS", "1"),
    ("PAYGATE__DATABASE__READ_CONNECTIONS", "4"),
    ("PAYGATE__DATABASE__WRITE_CONNECTIONS", "4"),
    ("PAYGATE__JOURNAL__WRITERS", "2"),
    ("PAYGATE__PAYMENT__EXPIRES_AFTER_S", "10"),
    ("PAYGATE__PAYMENT__ACQUIRER_TIMEOUT_MS", "1500"),
    ("PAYGATE__PAYMENT__ANSWER_BUDGET_MS", "2500"),
    ("PAYGATE__RESOLUTION__INQUIRY_EVERY_MS", "200"),
    ("PAYGATE__RESOLUTION__INQUIRY_FOR_MS", "2000"),
    ("PAYGATE__RESOLUTION__RETRY_AFTER_MS", "200,500,1000,2000"),
    ("PAYGATE__RESOLUTION__LOST_AFTER_MS", "500"),
    ("PAYGATE__ACTORS__LINGER_MS", "500"),
    ("PAYGATE__ACTORS__SWEEP_INTERVAL_MS", "200"),
    ("PAYGATE__ACQUIRER__CARD__CONNECT_TIMEOUT_MS", "500"),
    ("PAYGATE__ACQUIRER__CARD__CALL_TIMEOUT_MS", "1000"),
    ("PAYGATE__ACQUIRER__CARD__BREAKER_OPEN_MS", "200"),
    ("PAYGATE__ACQUIRER__CARD__BREAKER_OPEN_MAX_MS", "1000"),
    ("PAYGATE__LIVE__HEARTBEAT_MS", "2000"),
];

/// Killed when dropped.
pub struct Server {
    command: Command,
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    client: reqwest::Client,
    kills: u64,
    stops: u64,
}

impl Server {
    /// Starts it and waits until it serves.
    ///
    /// `card_company` is the address of the card company, the sandbox within the server when it is empty; `variables` are
    /// added to its environment.
    pub async fn start<'a>(
        folder: &Path,
        database_url: &str,
        card_company: &str,
        variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    ) -> Result<Self, LabError> {
        // Free again at once: a listener that never accepted leaves nothing behind.
        let address = listener()?.local_addr()?;
        let log = folder.join("server.log");
        let mut command = Command::new(std::env::current_exe()?);
        // The surroundings may configure a Paygate of their own.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PAYGATE")) {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .current_dir(folder)
            .envs(SETTINGS)
            .env("PAYGATE__DATA_DIR", folder)
            .env("PAYGATE__DATABASE__URL", database_url)
            .env("PAYGATE__SERVER__LISTEN", address.to_string())
            .env("PAYGATE__ACQUIRER__CARD__BASE_URL", card_company)
            .envs(variables)
            .stdin(Stdio::null());
        let child = spawn(&mut command, &log)?;
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let mut server = Self { command, child, address, log, client, kills: 0, stops: 0 };
        server.is_ready().await?;
        Ok(server)
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub const fn kills(&self) -> u64 {
        self.kills
    }

    /// How often it was asked to end.
    pub const fn stops(&self) -> u64 {
        self.stops
    }

    /// Kills it at moments nobody expects, until told to stop.
    pub async fn harass(&mut self, rng: &mut Xoshiro256PlusPlus, stop: &CancellationToken) -> Result<(), LabError> {
        loop {
            let (least, most) = if rng.random_bool(SHORT_LIVES) { SHORT_LIFE_MS } else { LIFE_MS };
            if pause(stop, between(rng, least, most)).await {
                return Ok(());
            }
            self.kill_and_restart().await?;
        }
    }

    /// `kill -9`, and a new process at once.
    pub async fn kill_and_restart(&mut self) -> Result<(), LabError> {
        self.kill()?;
        self.child = spawn(&mut self.command, &self.log)?;
        self.is_ready().await
    }

    fn kill(&mut self) -> Result<(), LabError> {
        self.child.kill()?;
        self.child.wait()?;
        self.kills += 1;
        Ok(())
    }

    /// `kill -9`, and new processes until one gets ready, as a service manager does it: the disk may fail meanwhile.
    pub async fn kill_and_insist(&mut self) -> Result<(), LabError> {
        self.kill()?;
        let started = Instant::now();
        loop {
            self.child = spawn(&mut self.command, &self.log)?;
            match self.is_ready().await {
                Err(LabError::Server(_)) if started.elapsed() < START_TIMEOUT => tokio::time::sleep(START_AGAIN).await,
                ready => return ready,
            }
        }
    }

    /// SIGTERM, and a new process after its end.
    pub async fn stop_and_restart(&mut self) -> Result<(), LabError> {
        self.stop().await?;
        self.child = spawn(&mut self.command, &self.log)?;
        self.is_ready().await
    }

    /// SIGTERM; waits for its end.
    pub async fn stop(&mut self) -> Result<(), LabError> {
        self.stops += 1;
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        if !asked.success() {
            return Err(LabError::Server("cannot be asked to end".to_owned()));
        }
        let started = Instant::now();
        while started.elapsed() < STOP_TIMEOUT {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(LabError::Server(format!("does not end\n{}", self.end_of_log())))
    }

    /// `paygate audit` beside it, as an operator runs it: whether it came to an end, or else why not. What it finds is not
    /// asked.
    pub async fn audit(&self) -> Result<Result<(), String>, LabError> {
        let mut audit = Command::new(std::env::current_exe()?);
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => audit.env(name, value),
                None => audit.env_remove(name),
            };
        }
        audit.arg("audit").stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || audit.output()).await??;
        let is_whole = String::from_utf8_lossy(&ended.stdout).contains(" differences");
        Ok(if is_whole { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) })
    }

    /// Waits until it says that it is ready; returns how long that took.
    pub async fn ready_in(&mut self) -> Result<Duration, LabError> {
        let started = Instant::now();
        self.is_ready().await?;
        Ok(started.elapsed())
    }

    async fn is_ready(&mut self) -> Result<(), LabError> {
        let (url, started) = (format!("{}/readyz", self.base_url()), Instant::now());
        while started.elapsed() < START_TIMEOUT {
            if self.client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(LabError::Server(format!("ended by itself ({status})\n{}", self.end_of_log())));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(LabError::Server(format!("does not get ready\n{}", self.end_of_log())))
    }

    /// Lines of its log that tell of a bug, whatever became of the money.
    pub fn panics(&self) -> io::Result<Vec<String>> {
        let log = std::fs::read_to_string(&self.log)?;
        Ok(log.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect())
    }

    fn end_of_log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(SHOWN_LOG_BYTES)..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            eprintln!("the server (process {}) could not be ended", self.child.id());
        }
    }
}

fn spawn(command: &mut Command, log: &Path) -> io::Result<Child> {
    let log: File = OpenOptions::new().create(true).append(true).open(log)?;
    command.stdout(log.try_clone()?).stderr(log).spawn()
}
