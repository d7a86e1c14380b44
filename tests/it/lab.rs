//! The lab, for a few seconds: that it runs, kills, compares, and says no to nonsense.

use serde_json::Value;

use crate::support::{TestDatabase, command, run};

fn lab<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    ["lab"].iter().chain(arguments).copied().collect()
}

#[tokio::test]
async fn a_short_run_kills_the_server_and_finds_the_books_in_order() {
    let database = TestDatabase::create().await;
    let mut command = command(&database, &lab(&["--seed", "7", "--minutes", "0.1", "--json"]), &[]);
    if let Ok(server) = std::env::var("PAYGATE_TEST_DATABASE_URL") {
        command.args(["--database", &server]);
    }
    // Without a time limit of ours: the lab has its own, and the machine may be busy.
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    // One of them is the last restart, after the faults.
    assert!(report["kills"].as_u64().unwrap() >= 2, "{report}");
    let faults: u64 = report["faults"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(faults > 0, "{report}");
    assert!(report["payments"].as_u64().unwrap() > 20, "{report}");
    assert_eq!(report["held"], report["heldByTheNetwork"], "{report}");
    assert!(report["found"].as_object().unwrap().values().all(|count| count == 0), "{report}");
    assert_eq!(report["audited"], report["payments"], "{report}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_once() {
    let database = TestDatabase::create().await;
    for (arguments, why) in [
        (["--minutes", "0"], "more than 0"),
        (["--minutes", "121"], "at most 120"),
        (["--minutes", "soon"], "more than 0"),
        (["--seed", "x"], "--seed"),
        (["--database", "mysql://localhost/db"], "postgres://"),
        (["--database", "sqlite:///dev/null"], "exists"),
    ] {
        let (status, log) = run(command(&database, &lab(&arguments), &[])).await;
        assert!(!status.success() && log.contains(why), "{arguments:?}: {log}");
    }
}
