//! A file of SQLite that is damaged: the process says so and ends, for a person to look at it.

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
};

use sea_orm::ConnectionTrait;

use crate::support::{Process, Shop, TestDatabase, eventually, fresh};

#[tokio::test]
async fn a_damaged_database_file_ends_the_process_with_the_reason() {
    let database = TestDatabase::create().await;
    if database.is_postgres() {
        return;
    }
    let process = Process::start(&database, &[("PAYGATE__DATABASE__REOPEN_TIMEOUT_MS", "1000")]).await;
    let shop = Shop::named(&process.http, "상점").await;
    shop.create(&Shop::order(15_000, &fresh("order"))).await.data();
    // Everything in the file, nothing in the log, and no page of it in the memory of the server.
    let db = database.connect().await;
    db.execute_unprepared("CREATE TABLE touched (id INTEGER PRIMARY KEY)").await.unwrap();
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let path = database.folder().join("paygate.db");
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.write_all(&vec![0xA5; length - 4_096]).unwrap();
    eventually("the write is refused", async || shop.create(&Shop::order(15_000, &fresh("order"))).await.status == 503)
        .await;
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("the database file is damaged") || log.contains("malformed"), "{log}");
}
