//! How the databases go about what is asked for again and again, in a business of some size.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use super::{DatabaseSettings, Merchant, Store, create_database, drop_database};
use crate::demo;

/// Where payments are: a file of this test's own, or a database on the server of the tests.
struct Place {
    folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

impl Place {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = std::env::var("PAYGATE_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
        let server = server.map(|url| (url, format!("plans_{}", Uuid::now_v7().simple())));
        if let Some((url, name)) = &server {
            create_database(url, name).await.unwrap();
        }
        Self { folder, server }
    }

    fn settings(&self) -> DatabaseSettings {
        let url = match &self.server {
            None => format!("sqlite://{}", self.folder.path().join("paygate.db").display()),
            Some((url, name)) => {
                let mut url = url::Url::parse(url).unwrap();
                url.set_path(name);
                url.into()
            }
        };
        DatabaseSettings { url, read_connections: 1, write_connections: 1, acquire_timeout_ms: 20_000 }
    }

    async fn forget(self) {
        if let Some((url, name)) = &self.server {
            drop_database(url, name).await.unwrap();
        }
    }
}

/// The database's own words about how it would answer `asked`.
async fn plan(store: &Store, asked: &Statement) -> String {
    let (explain, column) = match asked.db_backend {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let asked = Statement { sql: format!("{explain} {}", asked.sql), ..asked.clone() };
    let rows = store.read.query_all_raw(asked).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    lines.join("\n")
}

#[tokio::test]
async fn what_is_due_is_found_by_its_index() {
    let place = Place::make().await;
    Store::migrate(&place.settings()).await.unwrap();
    let mut store = Store::connect(&place.settings()).await.unwrap();
    let asked: Arc<Mutex<Vec<Statement>>> = Arc::default();
    let heard = asked.clone();
    store.read.set_metric_callback(move |info| heard.lock().unwrap().push(info.statement.clone()));
    let now = Timestamp::now();
    let shop = Merchant::new(Uuid::now_v7().into(), "shop@example.com".to_owned(), "상점".to_owned());
    store.add_merchant(&shop, String::new(), now).await.unwrap();
    demo::make_past(&store, shop.id, (2_000, 1), now, |_| {}).await.unwrap();
    store.write.execute_unprepared("ANALYZE").await.unwrap();
    asked.lock().unwrap().clear();
    assert!(store.due_payments(now, 200).await.unwrap().is_empty(), "the past is over");
    let asked = asked.lock().unwrap().pop().unwrap();
    let plan = plan(&store, &asked).await;
    assert!(plan.contains("payment_due"), "{plan}");
    assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "nor is it sorted: {plan}");
    store.close().await;
    place.forget().await;
}
