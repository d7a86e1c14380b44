//! Faults by plan: each does what it says, the same seed brings the same ones, calm ends them.

use tokio::time::Instant;

use super::*;

/// Each call meets this one.
fn always(kind: FaultKind) -> Sandbox {
    let plan = FaultPlan::new(1).with(kind, 1.0);
    Sandbox::in_memory().with_plan(plan.delayed_at_most(Duration::from_secs(10)))
}

/// An approve, and what is in the books when its answer is there, and a while later.
async fn approve_once(sandbox: &Sandbox) -> (SandboxReply, Charges, Charges) {
    let txn_no = new_no();
    let body = approve_body(&txn_no, GOOD, 1_000).to_string();
    let reply = sandbox.handle("POST", "/card/approve", body.as_bytes()).await;
    let number: TxnNo = txn_no.parse().unwrap();
    let at_once = sandbox.charges(number);
    tokio::time::sleep(Duration::from_secs(11)).await;
    (reply, at_once, sandbox.charges(number))
}

fn seen(reply: &SandboxReply) -> &'static str {
    match reply {
        SandboxReply::Answer { status: 200, body } if serde_json::from_slice::<Value>(body).is_ok() => "approved",
        SandboxReply::Answer { status: 200, .. } => "garbage",
        SandboxReply::Answer { status: 500, .. } => "error",
        SandboxReply::Drip { status: 200, pause, .. } if !pause.is_zero() => "drip",
        SandboxReply::Silence => "silence",
        SandboxReply::Refused => "refused",
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_does_what_it_says() {
    use FaultKind::*;
    // The answer, what was charged by then, and how often the call was processed in the end.
    let expected = [
        (Refused, "refused", 0, 0),
        (Flap, "refused", 0, 0),
        (LostRequest, "silence", 0, 0),
        (LostAnswer, "silence", 1_000, 1),
        (Late, "approved", 1_000, 1),
        (Duplicate, "approved", 1_000, 2),
        (GarbledBefore, "garbage", 0, 0),
        (GarbledAfter, "garbage", 1_000, 1),
        (ErrorBefore, "error", 0, 0),
        (ErrorAfter, "error", 1_000, 1),
        (Drip, "drip", 1_000, 1),
    ];
    assert_eq!(expected.map(|(kind, ..)| kind), FaultKind::ALL);
    for (kind, answer, charged, calls) in expected {
        let sandbox = always(kind);
        let (reply, at_once, later) = approve_once(&sandbox).await;
        assert_eq!((seen(&reply), at_once.approved), (answer, charged), "{kind:?}");
        assert_eq!((later.approved, later.approve_calls), (charged, calls), "{kind:?}: doubled, but not charged twice");
        assert_eq!(sandbox.faults(), BTreeMap::from([(kind, 1)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_call_is_processed_when_its_caller_has_gone() {
    let (sandbox, txn_no) = (always(FaultKind::Late), new_no());
    let body = approve_body(&txn_no, GOOD, 1_000).to_string();
    let call = sandbox.handle("POST", "/card/approve", body.as_bytes());
    assert!(tokio::time::timeout(Duration::from_millis(1), call).await.is_err(), "the seed brings a longer delay");
    assert_eq!(sandbox.totals().approved.count, 0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(sandbox.charges(txn_no.parse().unwrap()).approved, 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_flap_refuses_everything_for_a_while() {
    let plan = FaultPlan::new(3).with(FaultKind::Flap, 0.2).flapping_at_most(Duration::from_secs(2));
    let sandbox = Sandbox::in_memory().with_plan(plan);
    let (mut down, mut longest) = (None::<Instant>, Duration::ZERO);
    for _ in 0..2_000 {
        let refused =
            sandbox.handle("GET", &format!("/card/approvals/{}", new_no()), b"").await == SandboxReply::Refused;
        match (refused, down) {
            (true, None) => down = Some(Instant::now()),
            (true, Some(since)) => longest = longest.max(since.elapsed()),
            (false, _) => down = None,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(longest > Duration::from_secs(1), "{longest:?}");
    assert!(sandbox.faults()[&FaultKind::Flap] > 400, "every refused call counts");
}

#[tokio::test(start_paused = true)]
async fn every_call_can_go_wrong() {
    let (sandbox, txn_no) = (always(FaultKind::ErrorAfter), new_no());
    let check = json!({ "cardNumber": GOOD, "expiryDate": "12/39", "cvc": "000", "cardCompany": "국민" });
    assert_eq!(post(&sandbox, "/card/validate", check.clone()).await.0, 500);
    assert_eq!(post(&sandbox, "/card/verify", check).await.0, 500);
    assert_eq!(approve(&sandbox, &txn_no, 1_000).await.0, 500);
    assert_eq!(inquire(&sandbox, &txn_no).await.0, 500);
    assert_eq!(cancel(&sandbox, &txn_no, &new_no(), 400).await.0, 500);
    assert_eq!(reverse(&sandbox, &txn_no, 1_000).await.0, 500);
    let done = Charges { approved: 1_000, reversed: 600, refunded: 400, approve_calls: 1 };
    assert_eq!(sandbox.transactions(), [(txn_no.parse().unwrap(), done)]);
    assert_eq!(sandbox.faults(), BTreeMap::from([(FaultKind::ErrorAfter, 6)]));
}

#[tokio::test]
async fn it_tells_the_time_it_is_given() {
    let sandbox = Sandbox::in_memory().with_clock(|| "2026-11-22T00:00:00.123456Z".parse().unwrap());
    assert_eq!(approve(&sandbox, &new_no(), 1).await.1["approvedAt"], "2026-11-22T00:00:00.123Z");
    let sandbox = Sandbox::in_memory().with_clock(|| "2040-01-02T00:00:00Z".parse().unwrap());
    assert_eq!(code(approve(&sandbox, &new_no(), 1).await), refused(400, "CARD_EXPIRED"));
}

/// What two hundred calls meet.
async fn fates(plan: FaultPlan) -> Vec<SandboxReply> {
    let sandbox = Sandbox::in_memory().with_plan(plan);
    let mut fates = Vec::new();
    for _ in 0..200 {
        let before = Instant::now();
        fates.push(sandbox.handle("GET", "/card/approvals/0193a0000000700080000000000000ff", b"").await);
        tokio::time::sleep(Duration::from_secs(20) - before.elapsed()).await;
    }
    fates
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_brings_the_same_faults() {
    let first = fates(FaultPlan::all(42, 0.05)).await;
    assert_eq!(first, fates(FaultPlan::all(42, 0.05)).await);
    assert_ne!(first, fates(FaultPlan::all(43, 0.05)).await);
}

#[tokio::test(start_paused = true)]
async fn chances_are_kept_and_calm_ends_them() {
    let sandbox = Sandbox::in_memory().with_plan(FaultPlan::all(42, 0.05).flapping_at_most(Duration::ZERO));
    let path = format!("/card/approvals/{}", new_no());
    for _ in 0..2_000 {
        sandbox.handle("GET", &path, b"").await;
    }
    let injected = sandbox.faults();
    assert_eq!(injected.keys().copied().collect::<Vec<_>>(), FaultKind::ALL);
    assert!(injected.values().all(|times| (60..=140).contains(times)), "one in twenty: {injected:?}");
    sandbox.calm();
    for _ in 0..200 {
        assert_eq!(code(ask(&sandbox, "GET", &path, Value::Null).await), refused(404, "TXN_NOT_FOUND"));
    }
    assert_eq!(sandbox.faults(), injected);
}
