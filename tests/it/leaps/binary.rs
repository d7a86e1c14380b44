//! The real binary, under a system clock that is set while it runs.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use paygate_entity::payment;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::support::{CARDS, Customer, Process, Shop, TestDatabase, card, command, eventually, fresh};

/// How long a payment lives here.
const LIFE: Duration = Duration::from_secs(12);

const HOUR_S: i64 = 3_600;

/// A system clock that the test sets.
struct SystemClock {
    library: PathBuf,
    file: PathBuf,
}

impl SystemClock {
    fn build(folder: &Path) -> Self {
        let (library, file) = (folder.join("clock.so"), folder.join("clock"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/leaps/clock.c");
        let built = Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(built.unwrap().success(), "a C compiler is needed");
        File::create(&file).unwrap().write_all_at(&0_i64.to_ne_bytes(), 0).unwrap();
        Self { library, file }
    }

    fn set(&self, ahead_s: i64) {
        let file = OpenOptions::new().write(true).open(&self.file).unwrap();
        file.write_all_at(&ahead_s.to_ne_bytes(), 0).unwrap();
    }

    async fn start(&self, database: &TestDatabase) -> Process {
        let (library, file) = (self.library.to_str().unwrap(), self.file.to_str().unwrap());
        let life = LIFE.as_secs().to_string();
        let variables =
            [("LD_PRELOAD", library), ("TEST_CLOCK", file), ("PAYGATE__PAYMENT__EXPIRES_AFTER_S", life.as_str())];
        Process::run(command(database, &[], &variables)).await
    }
}

/// A payment ends when it has lived for as long as it was given, and not before.
async fn ends_in_time(shop: &Shop, order: &str, since: Instant) {
    assert_eq!(shop.state(order).await, "READY", "after {:?}", since.elapsed());
    eventually("it expires", async || shop.state(order).await == "EXPIRED").await;
    let lived = since.elapsed();
    assert!(lived >= LIFE - Duration::from_secs(1) && lived < LIFE + Duration::from_secs(5), "it lived for {lived:?}");
}

#[tokio::test]
async fn a_clock_that_is_set_while_the_server_runs_ends_no_payment_early_and_lets_none_live_longer() {
    let database = TestDatabase::create().await;
    let clock = SystemClock::build(database.folder());
    let process = clock.start(&database).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card(&CARDS[0])).await.data();
    for ahead_s in [HOUR_S, 0, -HOUR_S] {
        let approved = shop.approved_by(&customer, 15_000).await;
        let (order, since) = (fresh("order"), Instant::now());
        shop.token_of(15_000, &order).await;
        clock.set(ahead_s);
        // The sweeper has been by.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let now = process.http.get("/health-check").response().await;
        assert!(now.status().is_success());
        assert_eq!(shop.confirm_of(&approved).await.data()["status"], "DONE");
        ends_in_time(&shop, &order, since).await;
    }
    assert!(process.log().contains("the machine's clock was set"), "{}", process.log());
}

#[tokio::test]
async fn what_a_process_that_died_an_hour_ahead_left_behind_does_not_wait_for_the_hour() {
    let database = TestDatabase::create().await;
    let clock = SystemClock::build(database.folder());
    clock.set(HOUR_S);
    let process = clock.start(&database).await;
    let shop = Shop::named(&process.http, "상점").await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    process.kill();
    clock.set(0);
    let process = clock.start(&database).await;
    let since = Instant::now();
    // Read past the gateway's doors, which would wake the payment: only the sweeper ends it, under the dead one's lease.
    let db = database.connect().await;
    let ended =
        async || payment::Entity::find().filter(payment::Column::Status.eq("EXPIRED")).count(&db).await.unwrap() == 1;
    while !ended().await {
        assert!(since.elapsed() < Duration::from_secs(45), "it waits for the hour: {}", process.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(shop.at(&process.http).state(&order).await, "EXPIRED");
}
