//! TLS without a proxy.

use std::sync::Arc;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

use crate::support::{Process, TestApp, TestDatabase, command, run, within};

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

/// Whether browsers are told to insist on TLS, on a page, an API answer and what does not exist.
async fn insists(app: &TestApp, header: Option<(&str, &str)>) -> Vec<bool> {
    let mut insists = Vec::new();
    for path in ["/backoffice/sign-in", "/api/v1/p/user/me", "/health-check", "/nowhere"] {
        let call = app.http.get(path);
        let call = if let Some((name, value)) = header { call.header(name, value) } else { call };
        let answer = call.response().await;
        insists.push(answer.headers().get("strict-transport-security").is_some_and(|told| told == "max-age=31536000"));
    }
    insists
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_tls_browsers_are_told_to_insist_on_it() {
    for (url, is_trusted, scheme, expected) in [
        ("https://pay.example.com", false, None, true),
        ("http://pay.example.com", false, Some("https"), false),
        ("", true, Some("https"), true),
        ("", true, Some("http"), false),
        // Anybody may write this header where no proxy is trusted.
        ("", false, Some("https"), false),
        ("", false, None, false),
    ] {
        let setup = TestApp::with(move |settings| {
            settings.server.public_url = url.to_owned();
            settings.server.trust_forwarded_for = is_trusted;
        });
        let app = setup.start().await;
        let header = scheme.map(|scheme| ("x-forwarded-proto", scheme));
        assert_eq!(insists(&app, header).await, [expected; 4], "{url} {is_trusted} {scheme:?}");
        app.stop().await;
    }
}

/// A connection of HTTP/2, below it.
async fn http2(process: &Process, certificate: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(process.http.address()).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), socket).await.unwrap()
}

/// A frame of HTTP/2: its type, flags, stream and content.
fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

#[tokio::test]
async fn a_connection_of_http_2_has_a_hundred_streams_and_large_bodies_come_through() {
    let database = TestDatabase::create().await;
    let (certificate, key) = files(&database);
    let variables =
        [("PAYGATE__SERVER__TLS_CERTIFICATE", certificate.as_str()), ("PAYGATE__SERVER__TLS_KEY", key.as_str())];
    let process = Process::start(&database, &variables).await;
    let (mut send, connection) = h2::client::handshake(http2(&process, &certificate).await).await.unwrap();
    let driver = tokio::spawn(connection);
    let get = |path: &str| http::Request::get(format!("https://localhost{path}")).body(()).unwrap();
    send = send.ready().await.unwrap();
    let (page, _) = send.send_request(get("/docs/"), true).unwrap();
    let page = within("the page", page).await.unwrap();
    let length: usize = page.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let (mut body, mut read) = (page.into_body(), 0);
    while let Some(chunk) = within("the body", body.data()).await {
        let chunk = chunk.unwrap();
        read += chunk.len();
        body.flow_control().release_capacity(chunk.len()).unwrap();
    }
    assert_eq!(read, length);
    assert_eq!(send.current_max_send_streams(), 100);
    drop(send);
    driver.abort();
}

#[tokio::test]
async fn requests_that_are_taken_back_as_soon_as_they_are_made_end_the_connection() {
    let database = TestDatabase::create().await;
    let (certificate, key) = files(&database);
    let variables =
        [("PAYGATE__SERVER__TLS_CERTIFICATE", certificate.as_str()), ("PAYGATE__SERVER__TLS_KEY", key.as_str())];
    let process = Process::start(&database, &variables).await;
    let mut socket = http2(&process, &certificate).await;
    // GET https://localhost/, as HPACK spells it.
    let head = [&[0x82, 0x87, 0x84, 0x41, 9][..], b"localhost"].concat();
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend(frame(4, 0, 0, b""));
    for stream in (1..2_000).step_by(2) {
        frames.extend(frame(1, 0x5, stream, &head));
        frames.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    // The server may hang up before it has read all of them.
    let _ = socket.write_all(&frames).await;
    let mut said = Vec::new();
    let _ = within("the end of the connection", socket.read_to_end(&mut said)).await;
    let mut rest = &said[..];
    let mut reasons = Vec::new();
    while rest.len() >= 9 {
        let length = usize::from(rest[1]) << 8 | usize::from(rest[2]);
        if rest[3] == 7 {
            reasons.push(u32::from_be_bytes(rest[13..17].try_into().unwrap()));
        }
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    assert_eq!(reasons.last(), Some(&11), "ENHANCE_YOUR_CALM: {reasons:?}");
}
