//! Card testing: a card's number alone must not lead to its expiry date and CVC by trying.

use futures_util::future::join_all;
use jiff::SignedDuration;
use paygate::domain::Reason;
use serde_json::{Value, json};

use crate::support::{
    Answer, CARDS, Customer, Play, Process, ScriptedAcquirer, Setup, TestApp, TestClock, TestDatabase, card, command,
};

/// With the limits that an installation has by default, behind a proxy that names the client.
fn guarded() -> Setup {
    TestApp::with(|settings| {
        settings.rate_limit.enabled = true;
        settings.server.trust_forwarded_for = true;
    })
}

/// What a thief knows of the first card, and a guess.
fn guess(month: usize) -> Value {
    let mut guess = card(&CARDS[0]);
    guess["expirationPeriod"] = json!(format!("{:02}/{}", month % 12 + 1, 40 + month / 12));
    guess
}

/// A try by a new account from an address of its own.
async fn anew(app: &TestApp, number: usize, body: &Value) -> Answer {
    app.customer().await.add_card(body).header("x-forwarded-for", format!("203.0.113.{number}")).await
}

#[tokio::test]
async fn a_handful_of_failures_of_one_card_blocks_it_for_all_accounts_and_addresses() {
    let clock = TestClock::at("2026-11-22T00:00:00Z");
    let app = guarded().clock(&clock).start().await;
    let mut wrong_cvc = card(&CARDS[0]);
    wrong_cvc["cvc"] = json!("999");
    anew(&app, 0, &wrong_cvc).await.refused(400, "CARD_WRONG_CVC");
    for number in 1..5 {
        anew(&app, number, &guess(number)).await.refused(400, "CARD_WRONG_EXP_DATE");
    }
    // The right one is told the same as a wrong one: the card network is not asked.
    for body in [guess(7), card(&CARDS[0]), guess(8)] {
        let blocked = anew(&app, 9, &body).await;
        assert_eq!(blocked.refused(429, "TOO_MANY_CARD_FAILURES").outcome(), "none");
        assert_eq!(blocked.header("retry-after").unwrap(), (24 * 60 * 60).to_string());
    }
    anew(&app, 9, &card(&CARDS[1])).await.data();

    // It is durable, and ends with the day.
    let app = app.restart().await;
    clock.advance(SignedDuration::from_hours(23));
    let blocked = anew(&app, 10, &card(&CARDS[0])).await;
    assert_eq!(blocked.refused(429, "TOO_MANY_CARD_FAILURES").header("retry-after").unwrap(), "3600");
    clock.advance(SignedDuration::from_hours(1));
    anew(&app, 10, &card(&CARDS[0])).await.data();
    assert_eq!(app.sweep().await.failures, 0, "what begins a new window is kept");
    clock.advance(SignedDuration::from_hours(25));
    assert!(app.sweep().await.failures > 0);
}

#[tokio::test]
async fn tries_at_once_are_counted_one_by_one() {
    let app = guarded().start().await;
    let thieves = join_all((0..40).map(|_| app.customer())).await;
    let guesses = thieves.iter().enumerate().map(|(n, thief)| async move {
        thief.add_card(&guess(n)).header("x-forwarded-for", format!("203.0.113.{n}")).await.status
    });
    let told = join_all(guesses).await;
    let learned = told.iter().filter(|status| **status != 429).count();
    assert_eq!(learned, 5, "{told:?}");
}

#[tokio::test]
async fn one_address_that_fails_with_many_cards_is_blocked_and_its_neighbours_are_not() {
    let app = guarded().with(|settings| settings.rate_limit.card_failures_of_address_per_hour = 3).start().await;
    let from = async |address: &str, which: usize, cvc: Option<&str>| {
        let mut body = card(&CARDS[which]);
        if let Some(cvc) = cvc {
            body["cvc"] = json!(cvc);
        }
        app.customer().await.add_card(&body).header("x-forwarded-for", address).await
    };
    for which in 0..3 {
        from("2001:db8:1:2::1", which, Some("999")).await.refused(400, "CARD_WRONG_CVC");
    }
    from("2001:db8:1:2:ffff::9", 3, None).await.refused(429, "TOO_MANY_CARD_FAILURES");
    from("2001:db8:1:3::1", 3, None).await.data();
}

#[tokio::test]
async fn a_customer_who_mistypes_now_and_then_is_told_what_is_wrong_and_succeeds() {
    let app = guarded().start().await;
    let customer = app.customer().await;
    let mut wrong_company = card(&CARDS[0]);
    wrong_company["cardCompany"] = json!("다른카드");
    for _ in 0..3 {
        customer.add_card(&wrong_company).await.refused(400, "CARD_WRONG_CARD_COMPANY");
    }
    let id = customer.add_card(&card(&CARDS[0])).await.data()["id"].as_str().unwrap().to_owned();
    // What succeeds is no failure, however often.
    for _ in 0..6 {
        customer.remove_card(&id).await;
        let again = customer.add_card(&card(&CARDS[0])).await;
        customer.remove_card(again.data()["id"].as_str().unwrap()).await.data();
    }
}

#[tokio::test]
async fn an_outage_of_the_card_network_counts_against_nobody() {
    let network = ScriptedAcquirer::new();
    let app = guarded().acquirer(network.clone()).start().await;
    let customer = app.customer().await;
    for play in [Play::NotSent, Play::Unknown] {
        network.on_validate(play);
        for _ in 0..4 {
            customer.add_card(&card(&CARDS[0])).await.refused(503, "CARD_NETWORK_UNAVAILABLE");
        }
    }
    network.on_validate(Play::Approve);
    customer.add_card(&card(&CARDS[0])).await.data();
}

#[tokio::test]
async fn under_attack_from_everywhere_refusals_are_alike_and_right_cards_are_registered() {
    let network = ScriptedAcquirer::new();
    let limited = guarded().with(|settings| settings.rate_limit.card_failures_in_all_per_hour = 4);
    let app = limited.acquirer(network.clone()).start().await;
    let refusals = [
        (Reason::CardWrongCvc, "CARD_WRONG_CVC"),
        (Reason::CardNotFound, "CARD_NOT_FOUND"),
        (Reason::CardWrongExpDate, "CARD_WRONG_EXP_DATE"),
        (Reason::CardWrongCardCompany, "CARD_WRONG_CARD_COMPANY"),
    ];
    for (number, (reason, code)) in refusals.into_iter().enumerate() {
        network.on_validate(Play::Decline(reason));
        anew(&app, number, &card(&CARDS[number % CARDS.len()])).await.refused(400, code);
    }
    for (number, (reason, _)) in refusals.into_iter().enumerate() {
        network.on_validate(Play::Decline(reason));
        anew(&app, 10 + number, &card(&CARDS[number % CARDS.len()])).await.refused(400, "CARD_NOT_VALID");
    }
    network.on_validate(Play::Approve);
    anew(&app, 20, &card(&CARDS[0])).await.data();
}

#[tokio::test]
async fn two_processes_share_the_count_and_one_of_them_raises_the_alarm() {
    let database = TestDatabase::create().await;
    let network = Process::run(command(&database, &["sandbox", "--listen", "127.0.0.1:0"], &[])).await;
    let base_url = network.http.base().to_owned();
    let variables =
        [("PAYGATE__RATE_LIMIT__ENABLED", "true"), ("PAYGATE__ACQUIRER__CARD__BASE_URL", base_url.as_str())];
    let nodes = [Process::start(&database, &variables).await, Process::start(&database, &variables).await];
    let customer = Customer::new(&nodes[0].http).await;
    for number in 0..5 {
        customer.at(&nodes[number % 2].http).add_card(&guess(number)).await.refused(400, "CARD_WRONG_EXP_DATE");
    }
    for number in 0..6 {
        let thief = Customer::new(&nodes[number % 2].http).await;
        thief.add_card(&card(&CARDS[0])).await.refused(429, "TOO_MANY_CARD_FAILURES");
    }
    let (mut alarms, mut blocked) = (0, 0);
    for node in &nodes {
        let metrics = String::from_utf8(node.http.get("/metrics").await.bytes).unwrap();
        let value = |name: &str| metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok());
        alarms += value(r#"paygate_card_testing_alarms_total{scope="card"}"#).unwrap_or(0);
        blocked += value(r#"paygate_card_tries_blocked_total{scope="card"}"#).unwrap_or(0);
    }
    assert_eq!((alarms, blocked), (1, 6));
    let log: String = nodes.iter().map(Process::log).collect();
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("card testing suspected")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    let digits = CARDS[0].number.replace('-', "");
    assert!(!log.contains(&digits) && !log.contains(CARDS[0].number), "no card number is logged");
}
