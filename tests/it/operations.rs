//! Section 7: operations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Process, TestApp, TestDatabase, command, run, spawn_app};

#[tokio::test]
async fn the_health_check_is_ok_as_text() {
    let app = spawn_app().await;
    let answer = app.http.get("/health-check").await;
    assert_eq!((answer.status, answer.bytes.as_slice()), (200, b"ok".as_slice()));
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    app.stop().await;
}

#[tokio::test]
async fn liveness_and_readiness_say_yes() {
    let app = spawn_app().await;
    assert_eq!(app.http.get("/healthz").await.status, 200);
    let ready = app.http.get("/readyz").await;
    assert_eq!((ready.status, &ready.json["status"]), (200, &json!("ready")));
    assert_eq!(ready.json["database"], "up");
}

#[tokio::test]
async fn readiness_says_no_while_it_is_going_down() {
    let app = spawn_app().await;
    app.inside(async |app| app.shutdown.cancel()).await;
    let ready = app.http.get("/readyz").await;
    assert_eq!(
        (ready.status, &ready.json["status"], &ready.json["stopping"]),
        (503, &json!("not ready"), &json!(true))
    );
    assert_eq!(app.http.get("/healthz").await.status, 200, "it is still alive");
}

#[tokio::test]
async fn readiness_says_no_without_a_database() {
    let app = spawn_app().await;
    app.inside(async |app| app.store.clone().close().await).await;
    let ready = app.http.get("/readyz").await;
    assert_eq!((ready.status, &ready.json["database"]), (503, &json!("down")));
    assert_eq!(app.http.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_task_that_panics_turns_readiness_red_and_fails_the_exit() {
    let app = spawn_app().await;
    app.inside(async |app| app.supervisor.clone().guard("a task", async { panic!("boom") }).await).await;
    let ready = app.http.get("/readyz").await;
    assert_eq!((ready.status, &ready.json["reasons"]), (503, &json!(["a background task has ended"])));
    assert_eq!(app.stopped().await, Err("a task: panicked: boom".to_owned()));
}

#[tokio::test]
async fn the_metrics_tell_what_an_operator_watches() {
    // The breaker stands before an acquirer that is configured.
    let app = TestApp::with(|_| {}).configured_acquirer().start().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let _open = shop.events(&paid.order).listen().await.until("payment-done").await;
    shop.create(&crate::support::Shop::order(1, &paid.order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    let answer = app.http.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(answer.bytes).unwrap();
    for name in [
        "paygate_payments_total",
        "paygate_payment_actors",
        "paygate_journal_batch_commits",
        "paygate_journal_commit_seconds",
        "paygate_journal_refused_total",
        "paygate_acquirer_breaker",
        "paygate_acquirer_calls_total",
        "paygate_acquirer_call_seconds",
        "paygate_sse_streams",
        "paygate_http_request_seconds",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing");
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not explained");
    }
    assert!(text.contains(r#"paygate_payments_total{status="DONE"}"#));
    assert!(
        text.contains(r#"route="/api/v1/p/merchant/orders/{orderId}/status""#) || text.contains("/api/v1/p/merchant\"")
    );
    assert!(!text.contains(&paid.order) && !text.contains(&paid.key), "no order and no key in a label");
}

#[tokio::test]
async fn the_metrics_are_read_from_this_machine_alone_unless_more_is_configured() {
    let app = TestApp::with(|settings| settings.server.trust_forwarded_for = true).start().await;
    let from = |address: &str| app.http.get("/metrics").header("x-forwarded-for", address);
    assert_eq!(app.http.get("/metrics").await.status, 200);
    from("203.0.113.9").await.refused(403, "FORBIDDEN");
    app.stop().await;

    let network = || "203.0.113.0/24".to_owned().try_into().unwrap();
    let app = TestApp::with(move |settings| {
        settings.server.trust_forwarded_for = true;
        settings.server.metrics_from = vec![network()];
    });
    let app = app.start().await;
    let from = |address: &str| app.http.get("/metrics").header("x-forwarded-for", address);
    assert_eq!(from("203.0.113.9").await.status, 200);
    from("203.0.114.9").await.refused(403, "FORBIDDEN");
    app.http.get("/metrics").await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn neither_a_page_of_another_origin_nor_a_forgotten_proxy_hands_the_metrics_on() {
    let app = spawn_app().await;
    let foreign = app.http.get("/metrics").header("origin", "https://evil.example.com").await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (200, None));
    // The proxy is on this machine; its client is not, and nothing says whether it may be believed.
    for header in ["x-forwarded-for", "forwarded"] {
        app.http.get("/metrics").header(header, "127.0.0.1").await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn the_document_describes_every_endpoint_and_nothing_else() {
    let app = spawn_app().await;
    let document = app.http.get("/api-docs/openapi.json").await;
    assert_eq!(document.status, 200);
    assert!(document.header("content-type").unwrap().starts_with("application/json"));
    let mut described = BTreeSet::new();
    for (path, methods) in document.json["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mounted: BTreeSet<String> = paygate::routes::endpoints()
        .into_iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    assert_eq!(described, mounted);
}

#[tokio::test]
async fn every_endpoint_of_the_contract_is_there() {
    let mounted: BTreeSet<String> = paygate::routes::endpoints()
        .into_iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    let contract = [
        "POST /api/v1/p/merchant",
        "POST /api/v1/p/merchant/confirm",
        "POST /api/v1/p/merchant/payments/{paymentKey}/cancel",
        "GET /api/v1/p/merchant/payments/{paymentKey}",
        "GET /api/v1/p/merchant/orders/{orderId}",
        "GET /api/v1/p/merchant/orders/{orderId}/status",
        "POST /api/v1/p/merchant/orders/{orderId}/cancel",
        "GET /api/v1/p/merchant/sse/connect",
        "POST /api/v1/p/user/sign-up",
        "POST /api/v1/user/sign-up",
        "POST /api/v1/p/user/sign-in",
        "GET /api/v1/p/user/me",
        "GET /api/v1/p/user/cards",
        "POST /api/v1/p/user/cards",
        "PATCH /api/v1/p/user/cards/{id}",
        "DELETE /api/v1/p/user/cards/{id}",
        "POST /api/v1/p/user/authentication/simple",
        "POST /api/v1/p/user/request/cancel",
        "GET /api/v1/p/user/payments",
        "GET /api/v1/p/user/payments/{paymentKey}/transactions",
        "GET /api/v1/p/user/sse/connect",
        "POST /auth/refresh",
        "POST /api/backoffice/v1/sign-up",
        "POST /api/backoffice/v1/sign-in",
        "POST /api/backoffice/v1/keys",
        "GET /api/backoffice/v1/my-key",
        "GET /api/backoffice/v1/payments",
        "GET /api/backoffice/v1/payments/{paymentKey}/transactions",
        "POST /api/backoffice/v1/payments/{paymentKey}/cancel",
        "GET /health-check",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api-docs/openapi.json",
    ];
    for line in contract {
        assert!(mounted.contains(line), "{line}");
    }
}

#[tokio::test]
async fn the_document_says_what_each_call_needs() {
    let app = spawn_app().await;
    let document = app.http.get("/api-docs/openapi.json").await.json;
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    let secured = |path: &str, method: &str| operation(path, method)["security"].clone();
    assert_eq!(secured("/api/v1/p/merchant", "post"), json!([{ "key": [] }]));
    assert_eq!(secured("/api/v1/p/user/me", "get"), json!([{ "bearer": [] }]));
    assert_eq!(secured("/api/backoffice/v1/keys", "post"), json!([{ "bearer": [] }]));
    assert_eq!(secured("/health-check", "get"), Value::Null);
    for path in ["/api/v1/p/merchant", "/api/v1/p/merchant/confirm", "/api/v1/p/user/cards"] {
        let parameters = operation(path, "post")["parameters"].clone();
        let named = parameters.as_array().unwrap().iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert!(named, "{path} takes an idempotency key");
    }
}

#[tokio::test]
async fn a_made_up_past_is_a_true_one() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[("PAYGATE__DEMO__SEED", "true")]).await;
    let (made, log) = run(command(&database, &["demo", "past", "--payments", "300"], &[])).await;
    assert!(made.success(), "{log}");
    process.terminate();
    assert!(process.ended().await.0.success());
    let (status, report) = run(command(&database, &["audit"], &[])).await;
    assert!(status.success() && report.contains("300 payments"), "{report}");
}
