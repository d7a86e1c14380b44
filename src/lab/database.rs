//! Where the server under test keeps its books: always a database of this run alone.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::Url;

use crate::store::{self, DatabaseSettings, StoreError};

/// Which kind of database a run is asked to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file that does not exist yet; in the run's own folder when absent.
    Sqlite(Option<PathBuf>),
    /// A server on which databases may be created.
    Postgres(Url),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err("sqlite:// must be followed by the path of a file".to_owned()),
                path if path.contains('?') => Err("a SQLite URL takes no options here".to_owned()),
                path if Path::new(path).exists() => Err(format!("{path} exists; the lab takes a new file only")),
                path => Ok(Target::Sqlite(Some(PathBuf::from(path)))),
            };
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => Ok(Target::Postgres(url)),
            _ => Err("must be sqlite://<path of a new file> or postgres://…".to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::Sqlite(_) => "SQLite",
            Target::Postgres(_) => "PostgreSQL",
        })
    }
}

/// The database of a run.
pub struct Fresh {
    pub url: String,
    /// The server it is on, and its name there.
    created: Option<(Url, String)>,
}

impl Fresh {
    /// Makes it. A SQLite file is made by the server itself.
    pub async fn create(target: &Target, folder: &Path) -> Result<Self, StoreError> {
        match target {
            Target::Sqlite(path) => {
                let path = path.clone().unwrap_or_else(|| folder.join("paygate.db"));
                Ok(Self { url: format!("sqlite://{}", path.display()), created: None })
            }
            Target::Postgres(server) => {
                let name = format!("paygate_lab_{:016x}", rand::random::<u64>());
                store::create_database(server.as_str(), &name).await?;
                let mut url = server.clone();
                url.set_path(&name);
                Ok(Self { url: url.into(), created: Some((server.clone(), name)) })
            }
        }
    }

    /// For looking at it, with few connections.
    pub fn settings(&self) -> DatabaseSettings {
        settings(self.url.clone())
    }

    /// Drops it, if it was created on a server.
    pub async fn discard(self) -> Result<(), StoreError> {
        match self.created {
            Some((server, name)) => store::drop_database(server.as_str(), &name).await,
            None => Ok(()),
        }
    }
}

/// For looking at a database, with few connections.
pub fn settings(url: String) -> DatabaseSettings {
    DatabaseSettings {
        url,
        read_connections: 4,
        write_connections: 1,
        acquire_timeout_ms: 10_000,
        read_timeout_ms: 60_000,
        write_timeout_ms: 60_000,
        reopen_timeout_ms: 60_000,
    }
}
