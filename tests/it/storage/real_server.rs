//! The real binary on a real PostgreSQL server that fails.

use serde_json::Value;

use crate::support::{TestDatabase, command};

#[tokio::test]
async fn a_short_run_on_a_failing_database_server_loses_nothing() {
    let database = TestDatabase::create().await;
    if !database.is_postgres() {
        return;
    }
    let faults = ["terminate", "restart", "failover"];
    let mut arguments = vec!["lab", "--postgres-faults", "--json", "--seed", "5", "--minutes", "0.5"];
    arguments.extend(faults.iter().flat_map(|fault| ["--only", fault]));
    let mut command = command(&database, &arguments, &[]);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report: Value =
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ended.stderr)));
    assert!(ended.status.success(), "{report:#}");
    let windows = report["windows"].as_array().unwrap();
    assert_eq!(windows.len(), faults.len());
    assert!(windows.iter().all(|window| window["windows"].as_u64() >= Some(1)), "each happened: {report:#}");
    assert!(report["payments"].as_u64().unwrap() > 20, "{report:#}");
    assert_eq!(report["held"], report["heldByTheNetwork"]);
}
