//! Real sockets and servers that misbehave: what each failure on the wire is read as.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_json, method, path},
};

use super::*;

/// A server that treats every connection with `script`, each on a thread of its own.
fn listen(script: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = script.clone();
            thread::spawn(move || script(stream));
        }
    });
    address.to_string()
}

/// Reads one request, head and body; `false` when the other side has closed.
fn read_request(stream: &mut TcpStream) -> bool {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer) else { return false };
        seen.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&seen);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return true;
        }
    }
}

/// A server that reads a request and answers it with these bytes, then closes.
fn answering(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    listen(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(&bytes);
    })
}

fn with_body(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn asked_at(base_url: &str, call_timeout: Duration) -> Outcome<Approval> {
    let acquirer = acquirer(http(base_url, call_timeout), Dialect::V1);
    acquirer.authorize(authorization(txn(), 15_000, &good())).await
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_connection_that_was_never_made_is_not_sent() {
    let refused = free_port();
    assert_eq!(asked_at(&format!("http://{refused}"), PATIENT).await, Outcome::NotSent);
    // A label of more than 63 characters is no host name, so the resolver need not ask anybody.
    let nowhere = http(&format!("http://{}.invalid", "x".repeat(64)), PATIENT);
    let answer = nowhere.call(Method::Get, "/", None).await;
    assert!(matches!(&answer, Err(CallError::NotSent(cause)) if cause.contains("dns")), "{answer:?}");
    let plain = listen(|mut stream| {
        let _ = stream.write_all(with_body("400 Bad Request", "").as_bytes());
    });
    assert_eq!(asked_at(&format!("https://{plain}"), PATIENT).await, Outcome::NotSent, "TLS with no TLS there");
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_not_sent() {
    let silent = listen(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let settings = HttpSettings { connect_timeout: IMPATIENT, ..HttpSettings::at(format!("https://{silent}")) };
    let acquirer = acquirer(HttpNetwork::new(settings).unwrap(), Dialect::V1);
    assert_eq!(acquirer.authorize(authorization(txn(), 1, &good())).await, Outcome::NotSent);
}

#[tokio::test]
async fn a_connection_that_breaks_is_unknown() {
    let closes_at_once = listen(drop);
    let closes_after_reading = answering("");
    let breaks_off_the_head = answering("HTTP/1.1 200 OK\r\nconte");
    let breaks_off_the_body = answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"isValid\":true");
    let speaks_another_language = answering("SSH-2.0-OpenSSH_9.9\r\n");
    for address in
        [closes_at_once, closes_after_reading, breaks_off_the_head, breaks_off_the_body, speaks_another_language]
    {
        assert_eq!(asked_at(&format!("http://{address}"), PATIENT).await, Outcome::Unknown);
    }
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let silent = listen(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let drips = listen(|mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    for address in [silent, drips] {
        let since = Instant::now();
        assert_eq!(asked_at(&format!("http://{address}"), IMPATIENT).await, Outcome::Unknown);
        assert!(since.elapsed() < PATIENT / 2, "the time-out is for the whole call");
    }
}

#[tokio::test]
async fn answers_that_prove_nothing_are_unknown() {
    let declined = r#"{"code":"CARD_DECLINED","message":"no"}"#;
    for answer in [
        with_body("200 OK", "<html>hello</html>"),
        with_body("200 OK", ""),
        with_body("204 No Content", ""),
        with_body("500 Internal Server Error", ""),
        with_body("500 Internal Server Error", declined),
        with_body("503 Service Unavailable", declined),
        with_body("429 Too Many Requests", declined),
        with_body("402 Payment Required", ""),
    ] {
        let address = answering(answer.clone());
        let line = answer.lines().next().unwrap().to_owned();
        assert_eq!(asked_at(&format!("http://{address}"), PATIENT).await, Outcome::Unknown, "{line}");
    }
    let address = answering(with_body("402 Payment Required", declined));
    assert_eq!(asked_at(&format!("http://{address}"), PATIENT).await, Outcome::Declined(Reason::Declined));
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_unknown_however_it_is_sent() {
    let chunked = |body: &str| {
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let (fits, huge) = ("x".repeat(MAX_ANSWER_BYTES), "x".repeat(MAX_ANSWER_BYTES + 1));
    for (answer, arrives) in [
        (with_body("200 OK", &fits), true),
        (with_body("200 OK", &huge), false),
        (chunked(&fits), true),
        (chunked(&huge), false),
    ] {
        let network = http(&format!("http://{}", answering(answer)), PATIENT);
        match network.call(Method::Get, "/", None).await {
            Ok(reply) => assert!(arrives && reply.body.len() == MAX_ANSWER_BYTES, "{reply:?}"),
            Err(CallError::Unknown(cause)) => assert!(!arrives && cause.contains("larger"), "{cause}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_a_request_is_unknown_and_not_repeated() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = requests.clone();
    let address = listen(move |mut stream| {
        while read_request(&mut stream) {
            if counter.fetch_add(1, Ordering::SeqCst) > 0 {
                return;
            }
            let _ = stream.write_all(with_body("402 Payment Required", r#"{"code":"X","message":""}"#).as_bytes());
        }
    });
    let acquirer = acquirer(http(&format!("http://{address}"), PATIENT), Dialect::V1);
    let call = || async { acquirer.authorize(authorization(txn(), 1, &good())).await };
    assert_eq!(call().await, Outcome::Declined(Reason::Declined));
    assert_eq!(call().await, Outcome::Unknown);
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, server) = (MockServer::start().await, MockServer::start().await);
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).expect(0).mount(&elsewhere).await;
    for status in [301, 302, 307, 308] {
        server.reset().await;
        let moved = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        Mock::given(any()).respond_with(moved).expect(1).mount(&server).await;
        assert_eq!(asked_at(&server.uri(), PATIENT).await, Outcome::Unknown, "{status}");
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_not_sent() {
    let silent = listen(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let settings = HttpSettings {
        call_timeout: IMPATIENT,
        max_calls_in_flight: 1,
        ..HttpSettings::at(format!("http://{silent}"))
    };
    let acquirer = acquirer(HttpNetwork::new(settings).unwrap(), Dialect::V1);
    let call = || async { acquirer.authorize(authorization(txn(), 1, &good())).await };
    let (first, second) = tokio::join!(call(), call());
    assert_eq!((first, second), (Outcome::Unknown, Outcome::NotSent));
    assert_eq!(call().await, Outcome::Unknown, "the place is free again");
}

#[tokio::test]
async fn a_cause_tells_neither_the_url_nor_the_password_in_it() {
    let url = format!("http://shop:open-sesame@{}/base", free_port());
    let Err(CallError::NotSent(cause)) = http(&url, PATIENT).call(Method::Get, "/x", None).await else { panic!() };
    assert!(cause.to_lowercase().contains("refused"), "{cause}");
    assert!(!cause.contains("open-sesame") && !cause.contains("/base"), "{cause}");
}

#[test]
fn a_base_url_that_is_none_is_refused() {
    for bad in ["", "card.example", "/card", "ftp://card.example", "http://card.example?x=1", "http://card.example#x"] {
        assert!(matches!(HttpNetwork::new(HttpSettings::at(bad)), Err(HttpNetworkError::BaseUrl)), "{bad}");
    }
}

#[tokio::test]
async fn requests_are_those_of_the_contract() {
    let server = MockServer::start().await;
    let (txn_no, refund) = (txn(), RefundCall { reason: None, ..refund_of(txn(), 400) });
    let card = json!({ "cardNumber": "9999-0000-0000-0001", "expiryDate": "12/39", "cardCompany": "국민" });
    let mut with_cvc = card.clone();
    with_cvc["cvc"] = json!("000");
    let posts = [
        ("validate", with_cvc, json!({ "isValid": true })),
        ("verify", card, json!({ "isValid": true })),
        (
            "approve",
            json!({
                "cardNumber": "9999-0000-0000-0001", "amount": 15_000, "currency": "KRW",
                "txnNo": txn_no.to_string(), "merchantId": "00000000000000000000000000000000",
            }),
            json!({ "isValid": true, "txnNo": txn_no.to_string(), "approvalNo": "12345678" }),
        ),
        (
            "reverse",
            json!({ "txnNo": txn_no.to_string(), "amount": 15_000 }),
            json!({ "txnNo": txn_no.to_string(), "status": "REVERSED" }),
        ),
        (
            "cancel",
            json!({
                "txnNo": refund.txn_no.to_string(), "cancelNo": refund.cancel_no.to_string(),
                "amount": 400, "reason": null,
            }),
            json!({ "cancelNo": refund.cancel_no.to_string(), "balanceAmount": 14_600 }),
        ),
    ];
    for (call, request, answer) in posts {
        let mock = Mock::given(method("POST")).and(path(format!("/network/card/{call}"))).and(body_json(request));
        mock.respond_with(ResponseTemplate::new(200).set_body_json(answer)).expect(1).mount(&server).await;
    }
    let record = json!({ "txnNo": txn_no.to_string(), "status": "DECLINED", "approvalNo": null, "amount": 1 });
    Mock::given(method("GET"))
        .and(path(format!("/network/card/approvals/{txn_no}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(record))
        .expect(1)
        .mount(&server)
        .await;

    let acquirer = acquirer(http(&format!("{}/network/", server.uri()), PATIENT), Dialect::V1);
    let (card, cvc) = (good(), Cvc::parse("000").unwrap());
    assert_eq!(acquirer.validate(&card, &cvc).await, Outcome::Approved(()));
    assert_eq!(acquirer.verify(&card).await, Outcome::Approved(()));
    assert!(matches!(acquirer.authorize(authorization(txn_no, 15_000, &card)).await, Outcome::Approved(_)));
    assert_eq!(acquirer.inquire(txn_no).await, Outcome::Approved(Record::Declined));
    assert_eq!(acquirer.reverse(txn_no, won(15_000)).await, Outcome::Approved(()));
    assert_eq!(acquirer.refund(&refund).await, Outcome::Approved(()));
}
