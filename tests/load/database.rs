//! A fresh PostgreSQL database for each run.

use std::{
    error::Error,
    sync::atomic::{AtomicU32, Ordering},
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use url::Url;

pub struct Fresh {
    admin: DatabaseConnection,
    name: String,
    url: Url,
}

impl Fresh {
    /// Creates a database on the server of `given`, with the rights of the user in it.
    pub async fn create(given: &str) -> Result<Self, Box<dyn Error>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("paygate_load_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut url = Url::parse(given)?;
        let admin = Database::connect(given).await?;
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        url.set_path(&name);
        Ok(Self { admin, name, url })
    }

    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Drops it, whoever is still connected.
    pub async fn drop(self) -> Result<(), Box<dyn Error>> {
        self.admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await?;
        Ok(self.admin.close().await?)
    }
}
