//! Arguments to subcommand.

use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use paygate::{actors::Decision, commands, config::Settings, domain::By, telemetry};

/// A self-hosted payment gateway.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// A TOML file that overrides the defaults; `paygate config` prints them.
    #[arg(long, global = true, env = "PAYGATE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
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
    /// Print every configuration key with its default.
    Config,
}

#[derive(Subcommand)]
enum Demo {
    /// Play one whole payment over real HTTP and SSE.
    Pay,
}

#[derive(Subcommand)]
enum Doubt {
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

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paygate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // The manual must be readable when the configuration is wrong.
    if let Some(Command::Config) = arguments.command {
        commands::print_config();
        return Ok(());
    }
    let settings = Settings::load(arguments.config.as_deref())?;
    telemetry::init_logs(&settings.log);
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let system = actix::System::with_tokio_rt(|| threads);
    system.block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => commands::serve(settings).await,
            Command::Migrate => commands::migrate(settings).await,
            Command::Demo(Demo::Pay) => commands::demo_pay(settings).await,
            Command::Sandbox { listen } => commands::sandbox(settings, listen).await,
            Command::Why { payment_key, json } => commands::why(settings, &payment_key, json).await,
            Command::Audit => commands::audit(settings).await,
            Command::Doubt(Doubt::List) => commands::doubt_list(settings).await,
            Command::Doubt(Doubt::Resolve { payment_key, refund, approved, note, .. }) => {
                let refund = refund.map(|number| number.parse()).transpose()?;
                let decision = Decision { refund, approved, note: note.into(), by: By::Operator };
                commands::doubt_resolve(settings, &payment_key, decision).await
            }
            Command::Config => Ok(()),
        }
    })
}
