//! Databases made for a while and dropped again, on a PostgreSQL server.

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use super::StoreError;

/// Creates a database on the server of `url`, with the rights of the user in it. `name` is ours, not a
/// caller's: it stands in the statement as it is.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn create_database(url: &str, name: &str) -> Result<(), StoreError> {
    run(url, &format!("CREATE DATABASE {name}")).await
}

/// Drops it, whoever is still connected.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn drop_database(url: &str, name: &str) -> Result<(), StoreError> {
    run(url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

async fn run(url: &str, statement: &str) -> Result<(), StoreError> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await?;
    let done = db.execute_unprepared(statement).await;
    db.close().await?;
    Ok(done.map(|_| ())?)
}
