//! What lies on the disk is for its owner alone, from the first moment on.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::support::{Process, Shop, TestDatabase, command, run};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Every file of the process under test, and the folders that it made.
fn all(database: &TestDatabase) -> Vec<PathBuf> {
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
    [files(database.folder()), files(&database.data_dir())].concat()
}

#[track_caller]
fn are_closed(database: &TestDatabase) {
    let found = all(database);
    let ends = |end: &str| found.iter().any(|path| path.to_str().unwrap().ends_with(end));
    assert!(ends("master.key") && ends("sandbox.jsonl"), "{found:?}");
    if !database.is_postgres() {
        assert!(ends(".db") && ends(".db-wal") && ends(".db-shm") && ends(".db.lock"), "{found:?}");
    }
    for path in found {
        let closed = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), closed, "{}", path.display());
    }
}

#[tokio::test]
async fn files_are_made_for_their_owner_alone_and_those_of_earlier_versions_are_closed() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    Shop::named(&process.http, "상점").await;
    are_closed(&database);
    process.kill();
    for path in all(&database) {
        set_mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
    }
    let process = Process::start(&database, &[]).await;
    Shop::named(&process.http, "상점").await;
    are_closed(&database);
}

#[tokio::test]
async fn a_folder_that_everybody_shares_is_left_as_it_is() {
    let database = TestDatabase::create().await;
    std::fs::create_dir(database.data_dir()).unwrap();
    set_mode(&database.data_dir(), 0o1777);
    let process = Process::start(&database, &[]).await;
    assert_eq!(mode(&database.data_dir()), 0o777);
    process.kill();
    // The folder in which the process runs is not its own, either.
    set_mode(database.folder(), 0o755);
    std::fs::copy(database.data_dir().join("master.key"), database.folder().join("master.key")).unwrap();
    let (migrated, log) = run(command(&database, &["migrate"], &[("PAYGATE__DATA_DIR", ".")])).await;
    assert!(migrated.success(), "{log}");
    let here = [("PAYGATE__DATA_DIR", "."), ("PAYGATE__VAULT__MASTER_KEY", "")];
    Process::start(&database, &here).await;
    assert_eq!(mode(database.folder()), 0o755);
}
