//! Two processes on one database, one card network: neither trusts its own memory.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{Customer, Process, Shop, TestDatabase, card_of, command, eventually, run};
use paygate::acquirer::Behaviour;

struct House {
    database: TestDatabase,
    network: Process,
    nodes: [Process; 2],
    shop: Shop,
    customer: Customer,
}

impl House {
    async fn open() -> Self {
        let database = TestDatabase::create().await;
        let network = Process::run(command(&database, &["sandbox", "--listen", "127.0.0.1:0"], &[])).await;
        let base_url = network.http.base().to_owned();
        let variables = [("PAYGATE__ACQUIRER__CARD__BASE_URL", base_url.as_str())];
        let nodes = [Process::start(&database, &variables).await, Process::start(&database, &variables).await];
        let shop = Shop::named(&nodes[0].http, "상점").await;
        let customer = Customer::new(&nodes[0].http).await;
        customer.add_card(&card_of(Behaviour::Good)).await.data();
        Self { database, network, nodes, shop, customer }
    }

    /// Everything agrees, says the audit, which asks the card network, too.
    async fn close(self) {
        let base_url = self.network.http.base().to_owned();
        let variables = [("PAYGATE__ACQUIRER__CARD__BASE_URL", base_url.as_str())];
        let (status, report) = run(command(&self.database, &["audit"], &variables)).await;
        assert!(status.success() && report.contains(" 0 differences"), "{report}");
    }
}

/// What a thousand calls came to, by status and code.
fn tally(answers: &[(u16, String)]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for (status, code) in answers {
        *tally.entry(format!("{status} {code}").trim().to_owned()).or_default() += 1;
    }
    tally
}

#[tokio::test]
async fn a_thousand_partial_cancels_at_once_never_give_back_more_than_was_taken() {
    let house = House::open().await;
    let paid = house.shop.paid_by(&house.customer, 15_000).await;
    let calls = (0..1_000).map(|call| {
        let shop = house.shop.at(&house.nodes[call % 2].http);
        let key = paid.key.clone();
        async move {
            let answer = shop.cancel(&key, &json!({ "amount": 20 })).await;
            (answer.status, answer.code().to_owned())
        }
    });
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(1_000).collect().await;
    let tally = tally(&answers);
    let view = async || house.shop.payment(&paid.key).await.data();
    eventually("nothing is in doubt", async || view().await.get("resolution").is_none()).await;
    let payment: Value = view().await;
    let transactions = payment["transactions"].as_array().unwrap();
    let given_back: i64 = transactions.iter().filter_map(|one| one["amount"].as_i64()).filter(|one| *one < 0).sum();
    let (done, balance) = (tally.get("200").copied().unwrap_or_default(), payment["balanceAmount"].as_i64().unwrap());
    assert!(-given_back <= 15_000 && balance == 15_000 + given_back, "{payment}");
    // Whoever was told so has it back; who was told nothing definite may have it.
    let unsure: usize = tally.iter().filter(|(code, _)| code.starts_with('5')).map(|(_, count)| count).sum();
    let refunds = transactions.len() - 1;
    assert!(done <= refunds && refunds <= done + unsure, "{refunds} refunds, {tally:?}");
    assert!(done > 0, "nobody got anything back: {tally:?}");
    assert!(refunds == 750 || unsure > 0, "something is left that nobody was refused: {tally:?}");
    let known = ["200", "409 EXCEEDS_BALANCE", "409 NOTHING_LEFT", "503 OVERLOADED", "503 PAYMENT_UNAVAILABLE"];
    let strange = tally.keys().find(|code| !known.contains(&code.as_str()) && !code.starts_with("504"));
    assert_eq!(strange, None, "{tally:?}");
    house.close().await;
}

#[tokio::test]
async fn the_same_key_at_both_at_once_is_one_refund() {
    let house = House::open().await;
    let paid = house.shop.paid_by(&house.customer, 15_000).await;
    let calls = (0..100).map(|call| {
        let shop = house.shop.at(&house.nodes[call % 2].http);
        let key = paid.key.clone();
        async move {
            let answer = shop.cancel(&key, &json!({ "amount": 1_000 })).once("one").await;
            (answer.status, answer.code().to_owned(), answer.json)
        }
    });
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(100).collect().await;
    let first = &answers.iter().find(|(status, ..)| *status == 200).expect("one answer").2;
    for (status, code, answer) in &answers {
        let is_same = *status == 200 && answer == first;
        assert!(is_same || (*status == 409 && code == "IDEMPOTENCY_KEY_IN_USE"), "{status} {code} {answer}");
    }
    assert_eq!(house.shop.payment(&paid.key).await.data()["balanceAmount"], 14_000);
    house.close().await;
}
