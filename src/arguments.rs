//! What can be typed after `paygate`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use paygate::lab::{DatabaseFault, Faults, Options, Target};

/// A self-hosted payment gateway.
#[derive(Parser)]
#[command(version, about)]
pub struct Arguments {
    /// A TOML file that overrides the defaults; `paygate config` prints them.
    #[arg(long, global = true, env = "PAYGATE_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve (the default).
    Serve,
    /// Bring the database schema up to date.
    Migrate,
    /// Try things out.
    #[command(subcommand)]
    Demo(Demo),
    /// Serve the card sandbox alone.
    Sandbox {
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
    /// Tell the life of one payment: every event, call, answer and timer.
    Why {
        payment_key: String,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Hold journals, projections, transactions and the card network's records against each other.
    Audit,
    /// Money in doubt that the card network cannot be asked about.
    #[command(subcommand)]
    Doubt(Doubt),
    /// Give a business that has forgotten its password a new one, and sign it out everywhere.
    ResetPassword { email: String },
    /// The keys that seal, hash and sign: list, replace and remove them beside running servers.
    #[command(subcommand)]
    Keys(Keys),
    /// Let an account that is locked after wrong passwords be signed in to again.
    Unlock { email: String },
    /// Prove that no money is lost, taken twice or left in doubt: whole payments against this binary, which
    /// is killed again and again, and a card network that fails in every way.
    Lab(Lab),
    /// Print every configuration key with its default.
    Config,
}

#[derive(Subcommand)]
pub enum Demo {
    /// Play one whole payment over real HTTP and SSE.
    Pay,
    /// Make up past payments of the demo shop, to see lists and reports at their real size.
    Past {
        /// How many; a fifth of them belongs to another business.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        payments: u64,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Subcommand)]
pub enum Keys {
    /// The keys of this database, and how many values are sealed under each.
    List,
    /// Replace the keys in use. Running servers use the new ones after vault.rollover_s.
    Rotate,
    /// Seal under the key in use what is sealed under others. May be interrupted and run again.
    Reseal,
    /// Remove a replaced key, so that it opens nothing any more.
    Retire {
        /// As `keys list` shows it.
        #[arg(value_parser = key_id)]
        key: u32,
        /// Also while tokens, sessions and idempotency keys depend on it: they are no longer recognised.
        #[arg(long)]
        force: bool,
    },
}

fn key_id(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 16).map_err(|_| "a key has 8 hexadecimal digits".to_owned())
}

#[derive(Subcommand)]
pub enum Doubt {
    /// What waits for a decision.
    List,
    /// Decide, after asking the card company by other means.
    #[command(group = clap::ArgGroup::new("decision").required(true))]
    Resolve {
        payment_key: String,
        /// The refund it is about (`doubt list` shows its number); the charge when absent.
        #[arg(long)]
        refund: Option<String>,
        /// The acquirer did it: the money was taken, or given back.
        #[arg(long, group = "decision")]
        approved: bool,
        /// The acquirer did not do it, or it was reversed.
        #[arg(long, group = "decision", visible_alias = "declined")]
        reversed: bool,
        /// Who said so, and how it was found out; kept in the journal.
        #[arg(long)]
        note: String,
    },
}

#[derive(Args)]
pub struct Lab {
    /// Decides what goes wrong, and when.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// How long it goes wrong; fractions are welcome. Settling and comparing take a minute more.
    #[arg(long, default_value = "2", value_parser = minutes)]
    pub minutes: f64,
    /// A new SQLite file (sqlite://…), or a PostgreSQL server (postgres://…) on which a database is
    /// created and dropped again; a temporary file when absent.
    #[arg(long)]
    pub database: Option<Target>,
    /// Let calls to the disk fail (ENOSPC, EIO, EROFS, torn writes, a disk that hangs) instead of calls to the card
    /// network. SQLite on Linux only; needs a C compiler named cc.
    #[arg(long)]
    pub storage_faults: bool,
    /// Let the database server fail (connections terminated, restarts, read-only, locks, a full disk, silence, failover
    /// to a standby and more) instead of calls to the card network. The lab starts PostgreSQL servers of its own, as the
    /// user postgres when it runs as root.
    #[arg(long, conflicts_with_all = ["storage_faults", "database"])]
    pub postgres_faults: bool,
    /// Only this fault of the database server; may be repeated.
    #[arg(long, value_name = "FAULT", requires = "postgres_faults")]
    pub only: Vec<DatabaseFault>,
    /// Start the server with a deliberate bug, to see that it is found; debug builds only.
    #[arg(long, hide = true, value_parser = ["reuse-connections"])]
    pub planted_bug: Option<String>,
    /// Print the result as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl Lab {
    pub fn options(&self) -> Options {
        let target = self.database.clone().unwrap_or(Target::Sqlite(None));
        let faults = match (self.storage_faults, self.postgres_faults) {
            (true, _) => Faults::Storage,
            (_, true) if self.only.is_empty() => Faults::Database(DatabaseFault::ALL.to_vec()),
            (_, true) => Faults::Database(self.only.clone()),
            _ => Faults::Network,
        };
        let load = Duration::from_secs_f64(self.minutes * 60.0);
        Options { seed: self.seed, load, target, faults, planted_bug: self.planted_bug.clone() }
    }
}

/// Longer runs prove nothing that a second seed would not.
const MAX_MINUTES: f64 = 120.0;

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if minutes > 0.0 && minutes <= MAX_MINUTES => Ok(minutes),
        _ => Err(format!("must be more than 0 and at most {MAX_MINUTES}")),
    }
}
