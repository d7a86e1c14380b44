//! The scripts' own tests, in Node, where there is one.

use std::{fs, path::PathBuf, process::Command};

/// The SDK (once-only, blocked and closed windows, second clicks, cut streams, polling, errors, sizes)
/// against a scripted server, and what pages share with this server.
#[test]
fn the_scripts_pass_their_own_tests() {
    if Command::new("node").arg("--version").output().is_err() {
        assert!(std::env::var_os("PAYGATE_CI").is_none(), "there is no node");
        return;
    }
    let web = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("web");
    let folders = [web.join("sdk/test"), web.join("tests")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let tests: Vec<_> = files.filter(|path| path.to_str().unwrap().ends_with(".test.mjs")).collect();
    assert!(tests.len() >= 5, "{tests:?}");
    let run = Command::new("node").arg("--test").args(tests).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
