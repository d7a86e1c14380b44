//! What `paygate <subcommand>` does.
#![expect(clippy::print_stdout, reason = "these are commands of a terminal")]

use std::{
    error::Error,
    io::stdout,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    acquirer::{self, Acquirers, Sandbox},
    actors::Decision,
    config::{DEFAULTS, Settings},
    demo,
    keyring::Keyring,
    lab, methods,
    operator::{self, Audit},
    startup::{Given, Paygate},
    store::Store,
    vault::PasswordHasher,
};

type Done = Result<(), Box<dyn Error>>;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// It cannot start, or the server failed.
pub async fn serve(settings: Settings) -> Done {
    let demo = settings.seeds_demo().then(|| settings.server.clone());
    let stop_limit = settings.stop_limit();
    let paygate = Paygate::start(settings, Given::default()).await?;
    if let Some(server) = demo {
        print!("{}", demo::welcome(&server, paygate.address()));
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        // A service manager starts the process anew.
        () = paygate.failed() => {}
    }
    match tokio::time::timeout(stop_limit, paygate.stop()).await {
        Ok(stopped) => Ok(stopped?),
        Err(_) => {
            tracing::error!(limit_s = stop_limit.as_secs(), "the server did not stop in time");
            // What still hangs would keep the runtime from ending.
            std::process::exit(1)
        }
    }
}

/// Brings the schema up to date.
///
/// # Errors
/// A migration failed.
pub async fn migrate(settings: Settings) -> Done {
    Store::migrate(&settings.database).await?;
    println!("the schema is up to date");
    Ok(())
}

/// Plays one payment against the configured address, or against a server of its own when nobody listens
/// there.
///
/// # Errors
/// A step was not as it should be.
pub async fn demo_pay(mut settings: Settings) -> Done {
    let address = settings.listen()?;
    if is_alive(address).await {
        return Ok(demo::pay(&format!("http://{address}")).await?);
    }
    println!("Nobody listens on {address}: starting a server for this payment alone.");
    let folder = std::env::temp_dir().join(format!("paygate-demo-{}", std::process::id()));
    settings.data_dir = folder.clone();
    settings.database.url = format!("sqlite://{}", folder.join("paygate.db").display());
    settings.server.listen = "127.0.0.1:0".to_owned();
    settings.demo.seed = Some(true);
    let paygate = Paygate::start(settings, Given::default()).await?;
    let played = demo::pay(&format!("http://{}", paygate.address())).await;
    paygate.stop().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(played?)
}

/// Makes up past payments of the demo shop.
///
/// # Errors
/// There is no demo shop, or the database failed.
pub async fn demo_past(settings: Settings, count: u64, seed: u64) -> Done {
    let missing = "there is no demo shop here: start Paygate once, it makes one";
    let store = Store::connect(&settings.database).await?;
    if !store.is_migrated().await? {
        return Err(missing.into());
    }
    let shop = store.merchant_by_email(demo::SHOP_EMAIL).await?.ok_or(missing)?;
    let every = (count / 10).max(1);
    let mut told = 0;
    demo::make_past(&store, shop.0.id, (count, seed), Timestamp::now(), |written| {
        if written / every > told {
            told = written / every;
            println!("{written} payments");
        }
    })
    .await?;
    store.close().await;
    Ok(())
}

async fn is_alive(address: SocketAddr) -> bool {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build();
    let Ok(client) = client else { return false };
    client.get(format!("http://{address}/health-check")).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// Serves the card sandbox alone, for a Paygate elsewhere.
///
/// # Errors
/// The address is taken, or the server failed.
pub async fn sandbox(settings: Settings, listen: SocketAddr) -> Done {
    settings.make_data_dir()?;
    let sandbox = Sandbox::open(settings.data_dir.join("sandbox.jsonl"))?;
    let listener = TcpListener::bind(listen)?;
    println!("the card sandbox is listening on {}", listener.local_addr()?);
    Ok(acquirer::serve(listener, Arc::new(sandbox)).await?)
}

/// Tells the life of one payment.
///
/// # Errors
/// There is no such payment, or the database cannot be read.
pub async fn why(settings: Settings, key: &str, as_json: bool) -> Done {
    let store = Store::connect(&settings.database.for_a_command()).await?;
    Ok(operator::why(&store, key, as_json, &mut stdout()).await?)
}

/// Holds journals, projections, transactions and the acquirer's record against each other.
///
/// # Errors
/// There is a difference, or something cannot be read.
pub async fn audit(settings: Settings) -> Done {
    let store = Store::connect(&settings.database.for_a_command()).await?;
    let acquirers = methods::acquirers(&settings, methods::Use::Asking);
    // The rest is compared all the same.
    let known = acquirers.as_ref().ok();
    let audit = operator::audit(&store, known.unwrap_or(&Acquirers::new([])), &mut stdout()).await?;
    let Audit { payments, charged, refunded, in_doubt, inquired, listed, unlisted: _, differences } = audit;
    println!("{payments} payments: {charged} charged, {refunded} given back, {in_doubt} in doubt");
    println!("{inquired} records of the acquirer compared, {listed} listed by it, {differences} differences");
    acquirers?;
    if differences == 0 { Ok(()) } else { Err("the books do not agree".into()) }
}

/// Lists the money that waits for a person's decision.
///
/// # Errors
/// The database cannot be read.
pub async fn doubt_list(settings: Settings) -> Done {
    let store = Store::connect(&settings.database.for_a_command()).await?;
    let waiting = operator::list_doubt(&store, &mut stdout()).await?;
    println!("{waiting} wait for a decision");
    Ok(())
}

/// Decides about one of them.
///
/// # Errors
/// Nothing waits for a decision there.
pub async fn doubt_resolve(settings: Settings, key: &str, decision: Decision) -> Done {
    let offline = Paygate::offline(&settings).await?;
    let resolved = operator::resolve_doubt(offline.payments(), key, decision).await;
    offline.stop().await?;
    println!("the payment is {} now", resolved?);
    Ok(())
}

/// Makes a new password for a business.
///
/// # Errors
/// No business has this e-mail, or the database cannot be written.
pub async fn reset_password(settings: Settings, email: &str) -> Done {
    let store = up_to_date(&settings).await?;
    let passwords = PasswordHasher::new(settings.auth.password_memory_kib, settings.auth.password_iterations)
        .map_err(|error| error.to_string())?;
    let password = operator::reset_password(&store, &passwords, email).await?;
    store.close().await;
    println!("{password}");
    eprintln!(
        "This is the new password; whoever was signed in is signed out within seconds. Let it be changed at /backoffice/profile."
    );
    Ok(())
}

/// The database, with its schema up to date.
async fn up_to_date(settings: &Settings) -> Result<Store, Box<dyn Error>> {
    let store = Store::connect(&settings.database).await?;
    let is_migrated = store.is_migrated().await?;
    if is_migrated {
        Ok(store)
    } else {
        Err("the database is not there, or not up to date: see `paygate migrate`".into())
    }
}

async fn keyring(settings: &Settings) -> Result<(Store, Keyring), Box<dyn Error>> {
    let store = up_to_date(settings).await?;
    let keyring = Keyring::new(store.clone(), settings.master_keys()?, settings.succession());
    Ok((store, keyring))
}

/// Shows the working keys.
///
/// # Errors
/// The master key is another database's, or the database failed.
pub async fn keys_list(settings: Settings) -> Done {
    let (store, keyring) = keyring(&settings).await?;
    keyring.open(Timestamp::now()).await?;
    print!("{}", operator::keys::list(&store, Timestamp::now()).await?);
    store.close().await;
    Ok(())
}

/// Replaces the working keys in use.
///
/// # Errors
/// The master key is another database's, or the database failed.
pub async fn keys_rotate(settings: Settings) -> Done {
    let (store, keyring) = keyring(&settings).await?;
    keyring.open(Timestamp::now()).await?;
    let id = operator::keys::rotate(&keyring, Timestamp::now()).await?;
    store.close().await;
    println!("{id:08x}");
    eprintln!("The new keys are in use in {} s; then run `paygate keys reseal`.", settings.vault.rollover_s);
    Ok(())
}

/// Seals under the key in use what is sealed under others.
///
/// # Errors
/// A value cannot be opened, or the database failed.
pub async fn keys_reseal(settings: Settings) -> Done {
    let (store, keyring) = keyring(&settings).await?;
    let vault = keyring.open(Timestamp::now()).await?;
    let done = operator::keys::reseal(&store, &vault, |done| println!("{done} values")).await;
    store.close().await;
    println!("{} values are sealed anew under {:08x}", done?, vault.data_key());
    Ok(())
}

/// Removes a replaced key.
///
/// # Errors
/// Something depends on it, or the database failed.
pub async fn keys_retire(settings: Settings, key: u32, is_forced: bool) -> Done {
    let (store, keyring) = keyring(&settings).await?;
    keyring.open(Timestamp::now()).await?;
    let retired = operator::keys::retire(&store, key, is_forced, Timestamp::now()).await;
    store.close().await;
    retired?;
    println!("{key:08x} is retired");
    Ok(())
}

/// Ends the wait of an account after wrong passwords.
///
/// # Errors
/// The account is not locked, or the database cannot be written.
pub async fn unlock(settings: Settings, email: &str) -> Done {
    let store = up_to_date(&settings).await?;
    let unlocked = operator::unlock(&store, email).await;
    store.close().await;
    unlocked?;
    println!("unlocked");
    Ok(())
}

/// Proves that no money is lost, taken twice or left in doubt.
///
/// # Errors
/// Something was found, there is no verdict, or it was interrupted.
pub async fn lab(options: &lab::Options, as_json: bool) -> Done {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let interrupted = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let report = lab::run(options, interrupted).await?;
    if as_json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    if report.is_clean() { Ok(()) } else { Err(format!("{} findings", report.findings.len()).into()) }
}

/// Prints the manual of the configuration.
pub fn print_config() {
    print!("{DEFAULTS}");
}
