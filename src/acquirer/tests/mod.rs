//! The room from outside: the acquirer against the sandbox by both ways in, and against servers that
//! misbehave.

mod answers;
mod behaviour;
mod faults;
mod sockets;
mod special_cards;
mod traces;

use std::{net::TcpListener, sync::Arc, time::Duration};

use uuid::Uuid;

use super::*;
use crate::{
    domain::{Currency, Reason},
    vault::{Expiry, Pan},
};

/// For calls that are meant to be answered, on a machine that may be busy.
pub(super) const PATIENT: Duration = Duration::from_secs(20);

/// For calls that are meant to run out of time.
pub(super) const IMPATIENT: Duration = Duration::from_millis(200);

pub(super) fn txn() -> TxnNo {
    Uuid::now_v7().into()
}

pub(super) fn cancel_no() -> CancelNo {
    Uuid::now_v7().into()
}

pub(super) fn won(minor: i64) -> Money {
    Money::new(minor, Currency::KRW).unwrap()
}

pub(super) fn card_of(behaviour: Behaviour) -> &'static SpecialCard {
    SPECIAL_CARDS.iter().find(|card| card.behaviour == behaviour).unwrap()
}

pub(super) fn credential(card: &SpecialCard) -> Credential {
    Credential {
        pan: Pan::parse(card.number).unwrap(),
        expiry: Expiry::parse(card.expiry).unwrap(),
        company: card.company.into(),
    }
}

pub(super) fn good() -> Credential {
    credential(card_of(Behaviour::Good))
}

pub(super) fn authorization(txn_no: TxnNo, minor: i64, credential: &Credential) -> Authorization<'_> {
    Authorization { txn_no, amount: won(minor), merchant: Uuid::nil().into(), credential }
}

pub(super) fn refund_of(txn_no: TxnNo, minor: i64) -> RefundCall {
    RefundCall { cancel_no: cancel_no(), txn_no, amount: won(minor), reason: Some("다른 크기".into()) }
}

/// The acquirer that speaks `dialect` over `network`.
pub(super) fn acquirer(network: impl CardNetwork + 'static, dialect: Dialect) -> Arc<CardAcquirer> {
    Arc::new(CardAcquirer::new(Arc::new(network), CardSettings { dialect, ..CardSettings::default() }))
}

pub(super) fn http(base_url: &str, call_timeout: Duration) -> HttpNetwork {
    let settings = HttpSettings { connect_timeout: call_timeout, call_timeout, ..HttpSettings::at(base_url) };
    HttpNetwork::new(settings).unwrap()
}

/// Serves the sandbox on a free port, until the test's runtime ends.
pub(super) fn mount(sandbox: &Arc<Sandbox>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server(listener, sandbox.clone()).unwrap());
    format!("http://{address}")
}

/// One way to reach a sandbox of its own.
pub(super) struct Door {
    pub name: &'static str,
    pub sandbox: Arc<Sandbox>,
    network: Box<dyn Fn(Duration) -> Arc<dyn CardNetwork>>,
}

impl Door {
    pub fn acquirer(&self, dialect: Dialect, call_timeout: Duration) -> Arc<CardAcquirer> {
        let settings = CardSettings { dialect, ..CardSettings::default() };
        Arc::new(CardAcquirer::new((self.network)(call_timeout), settings))
    }

    pub fn v1(&self) -> Arc<CardAcquirer> {
        self.acquirer(Dialect::V1, PATIENT)
    }
}

/// How long the slow card takes here: longer than an impatient caller waits.
pub(super) const SLOW: Duration = Duration::from_millis(800);

/// The same suite must hold behind each of them.
pub(super) fn doors() -> [Door; 2] {
    doors_to(|| Sandbox::in_memory().with_slow_approval(SLOW))
}

pub(super) fn doors_to(sandbox: impl Fn() -> Sandbox) -> [Door; 2] {
    let (near, far) = (Arc::new(sandbox()), Arc::new(sandbox()));
    let base_url = mount(&far);
    let sandbox = near.clone();
    [
        Door {
            name: "in process",
            sandbox: near,
            network: Box::new(move |timeout| Arc::new(InProcess::new(sandbox.clone(), timeout))),
        },
        Door { name: "over HTTP", sandbox: far, network: Box::new(move |timeout| Arc::new(http(&base_url, timeout))) },
    ]
}

/// Waits until something becomes true that another task is about to do.
pub(super) async fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} never happened");
}

#[test]
fn methods_are_found_by_name() {
    let card: Arc<dyn Acquirer> = acquirer(InProcess::new(Arc::new(Sandbox::in_memory()), PATIENT), Dialect::V1);
    let table = Acquirers::new([(CARD, card)]);
    assert!(table.get("card").is_some_and(|card| card.capabilities().refund));
    assert!(table.get("cash").is_none());
    assert_eq!(table.names().collect::<Vec<_>>(), [CARD]);
}
