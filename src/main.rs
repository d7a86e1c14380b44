//! Arguments to subcommand.

mod arguments;

use std::{error::Error, process::ExitCode};

use arguments::{Arguments, Command, Demo, Doubt, Keys};
use clap::Parser;
use paygate::{actors::Decision, commands, config::Settings, domain::By, error::Lang, routes, telemetry};

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
    match &arguments.command {
        // The manual must be readable when the configuration is wrong.
        Some(Command::Config) => {
            commands::print_config();
            return Ok(());
        }
        // The lab configures its server itself.
        Some(Command::Lab(lab)) => return system()?.block_on(commands::lab(&lab.options(), lab.json)),
        _ => {}
    }
    let settings = Settings::load(arguments.config.as_deref())?;
    telemetry::init_logs(&settings.log);
    system()?.block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => commands::serve(settings).await,
            Command::Migrate => commands::migrate(settings).await,
            Command::Demo(Demo::Pay) => commands::demo_pay(settings).await,
            Command::Demo(Demo::Past { payments, seed }) => commands::demo_past(settings, payments, seed).await,
            Command::Sandbox { listen } => commands::sandbox(settings, listen).await,
            Command::Why { payment_key, json } => commands::why(settings, &payment_key, json).await,
            Command::Audit => commands::audit(settings).await,
            Command::Doubt(Doubt::List) => commands::doubt_list(settings).await,
            Command::Doubt(Doubt::Resolve { payment_key, refund, approved, note, .. }) => {
                let refund = refund.map(|number| number.parse()).transpose()?;
                // As the back office takes it.
                let note = routes::note(Some(note)).map_err(|error| error.message(Lang::En))?;
                let decision = Decision { refund, approved, note, by: By::Operator };
                commands::doubt_resolve(settings, &payment_key, decision).await
            }
            Command::ResetPassword { email } => commands::reset_password(settings, &email).await,
            Command::Keys(Keys::List) => commands::keys_list(settings).await,
            Command::Keys(Keys::Rotate) => commands::keys_rotate(settings).await,
            Command::Keys(Keys::Reseal) => commands::keys_reseal(settings).await,
            Command::Keys(Keys::Retire { key, force }) => commands::keys_retire(settings, key, force).await,
            Command::Unlock { email } => commands::unlock(settings, &email).await,
            Command::Config | Command::Lab(_) => Ok(()),
        }
    })
}

fn system() -> std::io::Result<actix::SystemRunner> {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(actix::System::with_tokio_rt(|| threads))
}
