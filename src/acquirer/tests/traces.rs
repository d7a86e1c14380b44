//! What a call leaves behind: one log line when it was not approved, a count, a time, and never a card
//! number.

use std::{io, sync::Mutex};

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs `calls` on this thread and returns what was logged meanwhile at every level, and the metrics.
fn traces_of(calls: impl Future<Output = ()>) -> (String, String) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        tracing::subscriber::with_default(subscriber, || runtime.block_on(calls));
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    (text, recorder.handle().render())
}

#[test]
fn a_call_is_counted_and_timed_and_a_bad_one_logged_once_without_the_card() {
    let (logged, counted) = traces_of(async {
        for door in doors() {
            let (patient, hasty) = (door.v1(), door.acquirer(Dialect::V1, IMPATIENT));
            for card in SPECIAL_CARDS.iter().filter(|card| card.behaviour != Behaviour::Slow) {
                let dead = matches!(card.behaviour, Behaviour::DeadBefore | Behaviour::DeadAfter);
                let acquirer = if dead { &hasty } else { &patient };
                acquirer.authorize(authorization(txn(), 1_000, &credential(card))).await;
            }
            patient.validate(&good(), &Cvc::parse("111").unwrap()).await;
        }
        acquirer(http("http://127.0.0.1:1", PATIENT), Dialect::V1).verify(&good()).await;
    });
    let ours: Vec<&str> = logged.lines().filter(|line| line.contains("acquirer::card")).collect();
    assert_eq!(ours.len(), 2 * (4 + 5 + 1) + 1, "one line for each call that was not approved:\n{logged}");
    for secret in ["9999-0000", "99990000", "국민", "12/39", "cardNumber"] {
        assert!(!logged.contains(secret), "{secret} in the log:\n{logged}");
    }
    for line in [
        r#"paygate_acquirer_calls_total{method="card",call="authorize",outcome="approved"} 8"#,
        r#"paygate_acquirer_calls_total{method="card",call="authorize",outcome="declined"} 8"#,
        r#"paygate_acquirer_calls_total{method="card",call="authorize",outcome="unknown"} 10"#,
        r#"paygate_acquirer_calls_total{method="card",call="validate",outcome="declined"} 2"#,
        r#"paygate_acquirer_calls_total{method="card",call="verify",outcome="not_sent"} 1"#,
        r#"paygate_acquirer_call_seconds_count{method="card",call="authorize"} 26"#,
    ] {
        assert!(counted.contains(line), "{line} is missing:\n{counted}");
    }
}

#[test]
fn what_an_acquirer_writes_into_a_code_is_not_logged_unless_it_is_a_word() {
    let (logged, _) = traces_of(async {
        let server = wiremock::MockServer::start().await;
        for code in ["9999-0000-0000-0001", "card 9999 refused", "line\nbreak", "OK_WORD"] {
            server.reset().await;
            let body = serde_json::json!({ "code": code, "message": "9999-0000-0000-0001" });
            let answer = wiremock::ResponseTemplate::new(402).set_body_json(body);
            wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
            let acquirer = acquirer(http(&server.uri(), PATIENT), Dialect::V1);
            let outcome = acquirer.authorize(authorization(txn(), 1, &good())).await;
            assert_eq!(outcome, Outcome::Declined(Reason::Declined));
        }
    });
    let ours: Vec<&str> = logged.lines().filter(|line| line.contains("acquirer::card")).collect();
    assert_eq!(ours.len(), 4, "{logged}");
    assert!(ours[3].contains("OK_WORD"));
    assert!(!ours.iter().any(|line| line.contains("9999")), "{ours:?}");
}
