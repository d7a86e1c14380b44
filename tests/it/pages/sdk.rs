//! The browser SDK as shops load it.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use paygate::{
    error::Code,
    pages::sdk::{VERSION, integrity, released},
};
use serde_json::Value;
use sha2::{Digest, Sha384};

use crate::{
    pages::header,
    support::{Answer, TestApp, spawn_app},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/sdk");

/// The hash of a released file, as an `integrity` attribute has it.
pub fn sri(file: &str) -> String {
    let bytes = fs::read(format!("{FOLDER}/dist/{file}")).unwrap();
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

async fn get(app: &TestApp, path: &str) -> Answer {
    app.http.get(path).header("origin", "https://shop.example.com").await
}

#[tokio::test]
async fn the_newest_script_is_asked_for_again_and_a_release_is_kept_for_ever() {
    let app = spawn_app().await;
    for name in ["paygate", "compat"] {
        let newest = get(&app, &format!("/sdk/v1/{name}.js")).await;
        let release = get(&app, &released(name)).await;
        assert_eq!(newest.status, 200);
        assert_eq!(newest.bytes, release.bytes);
        assert_eq!(newest.header("cache-control"), Some("no-cache"));
        assert_eq!(release.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(release.header("content-type"), Some("text/javascript; charset=utf-8"));
        // A script with an integrity attribute is asked for with CORS.
        assert_eq!(release.header("access-control-allow-origin"), Some("https://shop.example.com"));
    }
    let module = get(&app, "/sdk/v1/paygate.mjs").await;
    assert_eq!(header(&module.headers, "content-type"), "text/javascript; charset=utf-8");
    assert!(String::from_utf8(module.bytes).unwrap().contains("export function Paygate"));
}

#[tokio::test]
async fn nothing_else_of_the_package_is_served() {
    let app = spawn_app().await;
    for file in
        ["package.json", "build.mjs", "paygate-0.0.0.js", "dist/paygate.js", "..%2f..%2fCargo.toml", "INTEGRITY"]
    {
        assert_eq!(app.http.get(format!("/sdk/v1/{file}")).await.status, 404, "{file}");
    }
}

#[test]
fn the_version_is_the_package_s_and_the_hash_is_the_file_s() {
    let package: Value = serde_json::from_str(&fs::read_to_string(format!("{FOLDER}/package.json")).unwrap()).unwrap();
    assert_eq!(package["version"], VERSION);
    for name in ["paygate", "compat"] {
        let hash = sri(&format!("{name}-{VERSION}.js"));
        assert_eq!(integrity(&format!("{name}-{VERSION}.js")).as_ref(), Some(&hash));
        assert_eq!(integrity(&format!("{name}.js")), Some(hash));
    }
    assert_eq!(integrity("nothing.js"), None);
}

#[test]
fn an_error_says_of_the_money_what_the_server_says_under_the_same_code() {
    let module = fs::read_to_string(format!("{FOLDER}/paygate.mjs")).unwrap();
    let (_, table) = module.split_once("const CODES = {").unwrap();
    let table = table.split_once("};").unwrap().0;
    let outcome = |code: &str| Some(table.split_once(&format!("\n  {code}: ['"))?.1.split_once('\'')?.0);
    let shared: Vec<_> = Code::ALL.iter().filter_map(|code| Some((code, outcome(code.as_str())?))).collect();
    for (code, outcome) in &shared {
        assert_eq!(*outcome, code.told().as_str(), "{}", code.as_str());
    }
    let names: Vec<_> = shared.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(names, ["INVALID_REQUEST", "PAYMENT_CANCELED", "PAYMENT_ABORTED", "PAYMENT_EXPIRED"]);
}

#[test]
fn every_released_script_has_the_hash_that_it_was_released_with() {
    let record = fs::read_to_string(format!("{FOLDER}/dist/INTEGRITY")).unwrap();
    let recorded: Vec<_> = record.lines().map(|line| line.split_once(' ').unwrap()).collect();
    for (file, hash) in &recorded {
        assert_eq!(*hash, sri(file), "{file} is not what was released");
    }
    let files = fs::read_dir(format!("{FOLDER}/dist")).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(files.filter(|name| name != "INTEGRITY").count(), recorded.len(), "each is recorded");
    // Those that shops have named since: whoever changes the record, too, is stopped here.
    assert!(
        recorded
            .contains(&("paygate-1.1.0.js", "sha384-GI3hMeacg53t3p7iSHSergfWy5AQp8w6yRlEkyJxQptDpcctmHOaNhOYgaAmwkQ8"))
    );
    assert!(
        recorded
            .contains(&("paygate-1.0.0.js", "sha384-Glb2p2PJFflVA74+zcNQBqdOnpZleeqGN6xgSLW8jAJXi+JDJatNEk/OVA5vw3oe"))
    );
}
