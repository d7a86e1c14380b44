//! Logs and metrics.
//!
//! Logs go to standard error: text on a terminal, JSON otherwise. A failure is logged once, where it is
//! handled, with the request's id; a message can be read alone, its fields carry units; never a body, a
//! token, a card number.

use std::{io::IsTerminal, sync::OnceLock};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Deserialize;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::client_errors::ClientErrors;

/// `[log]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

/// Starts logging. A second call in one process does nothing.
pub fn init_logs(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter).with(ClientErrors);
    let is_text = match settings.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let started = if is_text {
        registry.with(fmt::layer().with_writer(std::io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

/// Seconds: from an in-memory answer to a call that is given up.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Commits written together.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The process's metrics, started at the first call.
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(start_metrics).clone()
}

fn start_metrics() -> PrometheusHandle {
    // Only an empty list of buckets is refused.
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_commits".to_owned()), BATCH))
        .unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder was installed before");
    }
    describe_counter!("paygate_payments_total", "Payments that entered a status");
    describe_gauge!("paygate_payment_actors", "Payments in memory");
    describe_histogram!("paygate_journal_batch_commits", "Commits written in one transaction");
    describe_histogram!("paygate_journal_commit_seconds", Unit::Seconds, "Duration of one journal transaction");
    describe_counter!("paygate_journal_refused_total", "Commits that did not become durable, by reason");
    describe_counter!("paygate_acquirer_calls_total", "Calls to acquirers, by method, call and outcome");
    describe_histogram!("paygate_acquirer_call_seconds", Unit::Seconds, "Duration of a call to an acquirer");
    describe_gauge!("paygate_acquirer_breaker", "State of an acquirer's circuit breaker: 0 closed, 1 probing, 2 open");
    describe_counter!("paygate_acquirer_rejected_total", "Calls that an open circuit breaker did not let through");
    describe_gauge!("paygate_sse_streams", "Open event streams");
    describe_counter!("paygate_sse_slow_readers_total", "Event streams cut because their reader was too slow");
    describe_counter!("paygate_shares_refused_total", "What was refused at a limit, by what it limits and why");
    describe_counter!("paygate_connections_closed_total", "Connections closed because nothing moved, by reason");
    describe_counter!("paygate_card_failures_total", "Card registrations that the card network refused, by code");
    describe_counter!(
        "paygate_card_tries_blocked_total",
        "Card registrations refused by a limit on failures, by scope"
    );
    describe_counter!("paygate_card_testing_alarms_total", "Limits on failed card registrations reached, by scope");
    describe_histogram!("paygate_http_request_seconds", Unit::Seconds, "Duration of a request, by route and status");
    handle
}
