//! The configuration: `config/default.toml` compiled in, a file, the environment.

mod master_key;
mod production;
mod unreadable;
mod urls;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use master_key::KeyFile;

use config::{Config, Environment, File, FileFormat};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    acquirer::{BreakerSettings, Dialect, HttpSettings, Paths},
    actors::{ActorSettings, PaymentSettings, ResolutionSettings},
    keyring::Succession,
    live::LiveSettings,
    private_files,
    routes::{AuthSettings, BackofficeSettings, CompatSettings, REQUEST_TIMEOUT, RateLimitSettings, ServerSettings},
    store::{DatabaseSettings, JournalSettings},
    telemetry::LogSettings,
    vault::{MasterKeys, VaultError},
};

/// The manual, and the defaults.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// What the commits around a call to an acquirer may take, within the time budget of an answer.
const ANSWER_MARGIN_MS: u64 = 1000;

/// How long after its end a payment's QR token still opens the checkout that tells how it ended.
const QR_READ_FOR_S: i64 = 3_600;

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Env {
    Local,
    Production,
}

/// Everything that can be configured; `config/default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub env: Env,
    pub data_dir: PathBuf,
    pub server: ServerSettings,
    pub log: LogSettings,
    pub database: DatabaseSettings,
    pub journal: JournalSettings,
    pub payment: PaymentSettings,
    pub resolution: ResolutionSettings,
    pub actors: ActorSettings,
    pub acquirer: AcquirerSettings,
    pub live: LiveSettings,
    pub vault: VaultSettings,
    pub auth: AuthSettings,
    pub rate_limit: RateLimitSettings,
    pub backoffice: BackofficeSettings,
    pub compat: CompatSettings,
    pub demo: DemoSettings,
}

/// `[acquirer]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcquirerSettings {
    pub card: CardNetworkSettings,
}

/// `[acquirer.card]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardNetworkSettings {
    pub base_url: String,
    pub allow_http_on_loopback: bool,
    pub dialect: Dialect,
    pub connect_timeout_ms: u64,
    pub call_timeout_ms: u64,
    pub max_calls: usize,
    pub breaker_failures: u32,
    pub breaker_open_ms: u64,
    pub breaker_open_max_ms: u64,
    pub paths: Paths,
}

impl CardNetworkSettings {
    pub fn breaker(&self) -> BreakerSettings {
        BreakerSettings {
            failures: self.breaker_failures,
            open_for: Duration::from_millis(self.breaker_open_ms),
            open_for_at_most: Duration::from_millis(self.breaker_open_max_ms),
        }
    }

    pub fn http(&self) -> HttpSettings {
        HttpSettings {
            base_url: self.base_url.clone(),
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            call_timeout: Duration::from_millis(self.call_timeout_ms),
            max_calls_in_flight: self.max_calls,
        }
    }
}

/// `[vault]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultSettings {
    pub master_key: SecretString,
    pub previous_keys: Vec<SecretString>,
    /// How long nodes that still run under the replaced key may issue tokens.
    pub rollover_s: u32,
}

/// `[demo]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoSettings {
    /// Unset: when local.
    pub seed: Option<bool>,
}

/// Why the process cannot be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    #[error("vault.master_key is empty: set PAYGATE__VAULT__MASTER_KEY (openssl rand -base64 32)")]
    NoMasterKey,
    #[error("production cannot start:\n- {}", .0.join("\n- "))]
    NotForProduction(Vec<&'static str>),
    #[error("{0}")]
    Senseless(&'static str),
    #[error("{key} {reason}")]
    Url { key: &'static str, reason: &'static str },
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the master key file {}: {error}", .path.display())]
    KeyFile { path: PathBuf, error: std::io::Error },
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        Self::Unreadable(unreadable::told(&error))
    }
}

impl Settings {
    /// How long a stop may take: requests and calls to acquirers have limits of their own, the rest has seconds.
    pub fn stop_limit(&self) -> Duration {
        let drain = Duration::from_millis(self.actors.drain_timeout_ms);
        Duration::from_secs(self.server.shutdown_timeout_s) + drain + Duration::from_secs(20)
    }

    /// Reads defaults, then `file`, then the environment.
    ///
    /// # Errors
    /// A key is unknown, has the wrong type, or the values make no sense together.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("PAYGATE")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            // `PAYGATE__…=` is how scripts and compose files spell a variable that has no value.
            .ignore_empty(true)
            .list_separator(",")
            .with_list_parse_key("server.metrics_from")
            .with_list_parse_key("vault.previous_keys")
            .with_list_parse_key("resolution.retry_after_ms");
        let settings: Settings = builder.add_source(environment).build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    /// Whether an empty database is filled with a demo.
    pub fn seeds_demo(&self) -> bool {
        self.demo.seed.unwrap_or(self.env == Env::Local)
    }

    fn check(&self) -> Result<(), ConfigError> {
        // A batch writes 22 columns a payment, and SQLite takes 32,766 values in one statement.
        let batch = (1..=1000).contains(&self.journal.max_batch);
        let rules = [
            (
                self.payment.acquirer_timeout_ms + ANSWER_MARGIN_MS <= self.payment.answer_budget_ms,
                "payment.acquirer_timeout_ms must be a second below payment.answer_budget_ms",
            ),
            (
                Duration::from_millis(self.payment.answer_budget_ms + ANSWER_MARGIN_MS / 2) <= REQUEST_TIMEOUT,
                "payment.answer_budget_ms must be 9000 at most",
            ),
            (
                self.acquirer.card.call_timeout_ms <= self.payment.acquirer_timeout_ms,
                "acquirer.card.call_timeout_ms must not exceed payment.acquirer_timeout_ms",
            ),
            ((1..=15_000).contains(&self.live.heartbeat_ms), "live.heartbeat_ms must be 1 to 15000"),
            (self.server.write_timeout_ms > 0, "server.write_timeout_ms must be positive"),
            (self.payment.expires_after_s > 0, "payment.expires_after_s must be positive"),
            (
                self.database.read_connections > 0 && self.database.write_connections > 0,
                "database connections must be positive",
            ),
            (batch, "journal.max_batch must be 1 to 1000"),
            (self.journal.queue > 0 && self.journal.writers > 0, "journal.queue and journal.writers must be positive"),
            (self.actors.max_payments > 0 && self.actors.max_asks > 0, "actors.max_* must be positive"),
            (self.actors.sweep_interval_ms > 0, "actors.sweep_interval_ms must be positive"),
            (
                self.resolution.inquiry_every_ms > 0 && self.resolution.retry_after_ms.iter().all(|ms| *ms > 0),
                "resolution: pauses must be positive",
            ),
            (self.live.nats_url.is_empty(), "live.nats_url: this version runs on one node"),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map_or(Ok(()), |(_, rule)| Err(ConfigError::Senseless(rule)))?;
        self.check_urls()
    }

    /// The address to listen on.
    ///
    /// # Errors
    /// It is no `address:port`.
    pub fn listen(&self) -> Result<SocketAddr, ConfigError> {
        self.server.listen.parse().map_err(|_| ConfigError::Senseless("server.listen must be address:port"))
    }

    /// Makes the data folder, if there is none, for its owner alone: keys, payments and what the sandbox
    /// remembers lie in it. One that others may enter is closed to them.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_data_dir(&self) -> std::io::Result<()> {
        private_files::create_folder(&self.data_dir)?;
        private_files::close_folder(&self.data_dir);
        Ok(())
    }

    /// The master keys. A local installation without one makes one and keeps it.
    ///
    /// # Errors
    /// There is no usable key.
    pub fn master_keys(&self) -> Result<MasterKeys, ConfigError> {
        let given = &self.vault.master_key;
        let is_empty = |key: &SecretString| key.expose_secret().trim().is_empty();
        let previous: Vec<_> = self.vault.previous_keys.iter().filter(|key| !is_empty(key)).cloned().collect();
        let master = match (is_empty(given), self.env) {
            (false, _) => given.clone(),
            (true, Env::Production) => return Err(ConfigError::NoMasterKey),
            (true, Env::Local) => self.key_file().current()?,
        };
        Ok(MasterKeys::new(&master, &previous)?)
    }

    /// How working keys follow each other.
    pub fn succession(&self) -> Succession {
        let life = self.auth.access_token_s.max(i64::try_from(self.payment.expires_after_s).unwrap_or(i64::MAX));
        Succession {
            rollover: SignedDuration::from_secs(self.vault.rollover_s.into()),
            token_life: SignedDuration::from_secs(life.saturating_add(QR_READ_FOR_S)),
        }
    }

    /// Where a local installation keeps the master key that it makes itself.
    fn key_file(&self) -> KeyFile {
        KeyFile::in_folder(&self.data_dir)
    }
}
