//! The real binary on a real SQLite file whose calls fail.

use std::time::{Duration, Instant};

use paygate::{
    acquirer::Behaviour,
    lab::{Calls, DiskFault, FaultyDisk, Files, Window},
};
use serde_json::{Value, json};

use crate::support::{Customer, PASSWORD, Process, Shop, TestDatabase, card_of, command, eventually, fresh, run};

/// Every write to every file is refused, as on a full disk.
const FULL: Window = Window {
    name: "full",
    files: Files::ALL,
    calls: Calls::WRITE,
    kind: DiskFault::NoSpace,
    per_mille: 1_000,
    most: None,
    lasts: Duration::ZERO,
};

/// A server on a disk that can be filled; nothing on PostgreSQL.
struct House {
    database: TestDatabase,
    disk: FaultyDisk,
    process: Process,
}

impl House {
    async fn open() -> Option<Self> {
        let database = TestDatabase::create().await;
        if database.is_postgres() {
            return None;
        }
        let disk = FaultyDisk::build(database.folder()).unwrap();
        let process = start(&database, &disk).await;
        Some(Self { database, disk, process })
    }

    async fn is_ready(&self) -> bool {
        self.process.http.get("/readyz").await.status == 200
    }
}

async fn start(database: &TestDatabase, disk: &FaultyDisk) -> Process {
    // A charge in doubt is reversed within seconds.
    let variables = [
        ("PAYGATE__RESOLUTION__INQUIRY_EVERY_MS", "200"),
        ("PAYGATE__RESOLUTION__INQUIRY_FOR_MS", "1000"),
        ("PAYGATE__RESOLUTION__LOST_AFTER_MS", "500"),
    ];
    let mut command = command(database, &[], &variables);
    command.envs(disk.variables());
    Process::run(command).await
}

#[derive(Clone, Copy)]
enum Stop {
    Terminate,
    Kill,
}

/// Pays, fills the disk, is refused, frees the disk, pays and refunds, stops: all that was acknowledged is there, and the
/// card network agrees.
async fn what_was_acknowledged_stays(stop: Stop) {
    let Some(house) = House::open().await else { return };
    let http = &house.process.http;
    let shop = Shop::named(http, "상점").await;
    let customer = Customer::new(http).await;
    customer.add_card(&card_of(Behaviour::Good)).await.data();
    let first = shop.paid_by(&customer, 5_000).await;

    house.disk.open(&FULL).unwrap();
    let refused = shop.create(&Shop::order(7_000, &fresh("order"))).await;
    assert_eq!(refused.status, 503, "{}", refused.json);
    let failed = Instant::now();
    assert!(!house.is_ready().await, "readiness is red after the first failed write");
    assert!(failed.elapsed() < Duration::from_secs(1));
    let login = json!({ "email": format!("{}@example.com", fresh("late")), "password": PASSWORD });
    assert_eq!(http.post("/api/v1/p/user/sign-up", &login).await.status, 503, "no sign-up is acknowledged");
    house.disk.close().unwrap();
    let freed = Instant::now();
    eventually("the server is ready again", async || house.is_ready().await).await;
    assert!(freed.elapsed() < Duration::from_secs(5));

    let order = fresh("order");
    shop.create(&Shop::order(6_000, &order)).await.data();
    shop.create(&Shop::order(6_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    let second = shop.paid_by(&customer, 9_000).await;
    shop.cancel(&first.key, &json!({ "amount": 1_000 })).await.data();
    let keys = shop.issue_keys().await.data();
    assert_eq!(http.post("/api/v1/p/user/sign-up", &login).await.status, 201);

    let House { database, disk, process } = house;
    match stop {
        Stop::Kill => process.kill(),
        Stop::Terminate => {
            process.terminate();
            let (status, log) = process.ended().await;
            assert!(status.success(), "{log}");
        }
    }
    let process = start(&database, &disk).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shop = shop.at(&process.http).with_keys(&text(&keys["apiKey"]), &text(&keys["clientKey"]));
    let payment = shop.payment(&second.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("DONE"), &json!(9_000)));
    let payment = shop.payment(&first.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(4_000)));
    assert_eq!(shop.state(&order).await, "READY");
    assert_eq!(process.http.post("/api/v1/p/user/sign-in", &login).await.status, 200);
    process.terminate();
    process.ended().await;
    let (status, report) = run(command(&database, &["audit"], &[])).await;
    assert!(status.success() && report.contains(" 0 differences"), "{report}");
}

#[tokio::test]
async fn what_was_acknowledged_after_a_full_disk_is_there_after_a_stop() {
    what_was_acknowledged_stays(Stop::Terminate).await;
}

#[tokio::test]
async fn what_was_acknowledged_after_a_full_disk_is_there_after_a_kill() {
    what_was_acknowledged_stays(Stop::Kill).await;
}

#[tokio::test]
async fn a_half_written_line_of_the_sandbox_does_not_keep_the_server_from_starting() {
    let Some(house) = House::open().await else { return };
    let shop = Shop::named(&house.process.http, "상점").await;
    let customer = Customer::new(&house.process.http).await;
    customer.add_card(&card_of(Behaviour::Good)).await.data();
    let approved = shop.approved_by(&customer, 5_000).await;
    let torn = Window { files: Files::SANDBOX, kind: DiskFault::Torn, ..FULL };
    house.disk.open(&torn).unwrap();
    let confirm = shop.confirm_of(&approved).once("confirm");
    assert!(confirm.clone().await.status >= 500);
    let House { database, disk, process } = house;
    // Before it could mend the file.
    process.kill();
    disk.close().unwrap();
    let process = start(&database, &disk).await;
    let (shop, confirm) = (shop.at(&process.http), shop.at(&process.http).confirm_of(&approved).once("confirm"));
    eventually("the payment is settled", async || confirm.clone().await.status < 500).await;
    shop.paid_by(&customer.at(&process.http), 6_000).await;
    process.terminate();
    let (status, log) = process.ended().await;
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn while_a_disk_hangs_nothing_is_acknowledged_and_readiness_is_red() {
    let Some(house) = House::open().await else { return };
    let http = &house.process.http;
    let shop = Shop::named(http, "상점").await;
    let hung = Window { files: Files::DATABASE.and(Files::LOG), kind: DiskFault::Hang, ..FULL };
    house.disk.open(&hung).unwrap();
    let begun = Instant::now();
    let order = fresh("order");
    assert_eq!(shop.create(&Shop::order(7_000, &order)).await.status, 503);
    assert!(begun.elapsed() < Duration::from_secs(10), "a caller is answered before it gives up");
    while begun.elapsed() < Duration::from_secs(20) {
        assert!(!house.is_ready().await, "readiness is red as long as the disk hangs");
        assert_eq!(shop.create(&Shop::order(7_000, &fresh("order"))).await.status, 503);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    house.disk.close().unwrap();
    let freed = Instant::now();
    eventually("the server is ready again", async || house.is_ready().await).await;
    assert!(freed.elapsed() < Duration::from_secs(5), "{:?}", freed.elapsed());
    // Its outcome was unknown: it is there or not, and asked for again it is there.
    let again = shop.create(&Shop::order(7_000, &order)).await;
    assert!(again.status == 200 || again.status == 409, "{}", again.json);
    assert_eq!(shop.state(&order).await, "READY");
    house.process.terminate();
    assert!(house.process.ended().await.0.success());
}

/// `paygate lab --storage-faults` and its report.
async fn storage_lab(arguments: &[&str]) -> (bool, Value) {
    let database = TestDatabase::create().await;
    let all: Vec<_> = ["lab", "--storage-faults", "--json"].iter().chain(arguments).copied().collect();
    let mut command = command(&database, &all, &[]);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report = serde_json::from_slice(&ended.stdout);
    (ended.status.success(), report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ended.stderr))))
}

#[tokio::test]
async fn a_short_run_on_a_failing_disk_loses_nothing() {
    let (is_clean, report) = storage_lab(&["--seed", "3", "--minutes", "0.4"]).await;
    assert!(is_clean, "{report:#}");
    let windows = report["windows"].as_array().unwrap();
    let failed: u64 = windows.iter().filter_map(|window| window["failedCalls"].as_u64()).sum();
    assert!(failed > 10, "{report:#}");
    assert!(report["payments"].as_u64().unwrap() > 20, "{report:#}");
    assert_eq!(report["held"], report["heldByTheNetwork"]);
}

#[tokio::test]
async fn the_lab_finds_the_loss_when_connections_are_reused_after_a_failure() {
    let arguments = ["--seed", "3", "--minutes", "0.4", "--planted-bug", "reuse-connections"];
    let (is_clean, report) = storage_lab(&arguments).await;
    assert!(!is_clean, "{report:#}");
    let found = |kind: &str| report["found"][kind].as_u64().unwrap();
    assert!(found("lost") + found("told_wrongly") > 0, "{report:#}");
}
