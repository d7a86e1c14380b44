//! TLS without a proxy.

use serde_json::Value;

use crate::support::{Process, TestDatabase, command, run};

/// A certificate for this machine, as files: (certificate, key).
fn files(database: &TestDatabase) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (database.folder().join("tls.crt"), database.folder().join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate.to_str().unwrap().to_owned(), key.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn with_certificate_and_key_everything_goes_over_tls_and_http_2() {
    let database = TestDatabase::create().await;
    let (certificate, key) = files(&database);
    let variables = [
        ("PAYGATE__SERVER__TLS_CERTIFICATE", certificate.as_str()),
        ("PAYGATE__SERVER__TLS_KEY", key.as_str()),
        ("PAYGATE__DEMO__SEED", "true"),
    ];
    let process = Process::start(&database, &variables).await;
    let base = process.http.base().replace("http://127.0.0.1", "https://localhost");
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&certificate).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]);
    let client = client.build().unwrap();
    let page = client.get(format!("{base}/shop/")).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.version()), (200, reqwest::Version::HTTP_2));
    assert_eq!(page.headers()["strict-transport-security"], "max-age=31536000");
    assert!(page.text().await.unwrap().contains(&format!("data-base=\"{base}\"")), "addresses are https, too");
    let missing = client.get(format!("{base}/api/v1/p/user/me")).send().await.unwrap();
    assert!(missing.headers().contains_key("strict-transport-security"));
    assert_eq!(missing.json::<Value>().await.unwrap()["code"], "UNAUTHORIZED");
    let plain = reqwest::get(process.http.base()).await;
    assert!(plain.is_err(), "nothing is said in the clear");
}

#[tokio::test]
async fn files_that_do_not_fit_stop_the_start_with_a_reason() {
    let database = TestDatabase::create().await;
    let (certificate, key) = files(&database);
    for (certificate, key, why) in [
        (certificate.as_str(), "", "belong together"),
        ("/nowhere.crt", key.as_str(), "/nowhere.crt"),
        (key.as_str(), key.as_str(), "holds no certificate"),
        (certificate.as_str(), certificate.as_str(), "tls.crt"),
    ] {
        let variables = [("PAYGATE__SERVER__TLS_CERTIFICATE", certificate), ("PAYGATE__SERVER__TLS_KEY", key)];
        let (status, log) = run(command(&database, &[], &variables)).await;
        assert!(!status.success() && log.contains(why), "{log}");
    }
}
