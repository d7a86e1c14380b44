//! `paygate audit`: every payment whose books do not agree is named, and no other.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use paygate::domain::PaymentKey;
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, Statement,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ran, paygate};
use crate::support::{CARDS, Customer, Process, Shop, TestDatabase, card, command, eventually};

/// What a server left behind: payments of 15 000 of which 1 000 went back.
struct Books {
    database: TestDatabase,
    db: DatabaseConnection,
    payments: Vec<Uuid>,
}

impl Books {
    async fn of(payments: usize) -> Self {
        let database = TestDatabase::create().await;
        let process = Process::start(&database, &[]).await;
        let shop = Shop::named(&process.http, "상점").await;
        let customer = Customer::new(&process.http).await;
        customer.add_card(&card(&CARDS[0])).await.data();
        let mut ids = Vec::new();
        for _ in 0..payments {
            let paid = shop.paid_by(&customer, 15_000).await;
            shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
            ids.push(paid.key.parse::<PaymentKey>().unwrap().payment().uuid());
        }
        process.terminate();
        assert!(process.ended().await.0.success());
        let db = database.connect().await;
        Self { database, db, payments: ids }
    }

    async fn audit(&self) -> Ran {
        paygate(&self.database, &["audit"], &[]).await
    }

    /// Turns one thing in the projection.
    async fn project(&self, payment: Uuid, column: payment::Column, value: impl Into<SimpleExpr>) {
        let turned =
            payment::Entity::update_many().col_expr(column, value.into()).filter(payment::Column::Id.eq(payment));
        assert_eq!(turned.exec(&self.db).await.unwrap().rows_affected, 1);
    }

    async fn forget_event(&self, payment: Uuid, seq: i64) {
        let gone = payment_event::Entity::delete_by_id((payment, seq)).exec(&self.db).await.unwrap();
        assert_eq!(gone.rows_affected, 1);
    }

    /// Turns what an event says.
    async fn change_event(&self, payment: Uuid, seq: i64, change: impl FnOnce(&mut Value)) {
        let event = payment_event::Entity::find_by_id((payment, seq)).one(&self.db).await.unwrap().unwrap();
        let mut body: Value = serde_json::from_str(&event.body).unwrap();
        let before = body.clone();
        change(&mut body);
        assert_ne!(body, before, "it is another event now");
        let mut event = event.into_active_model();
        event.body = Set(body.to_string());
        event.update(&self.db).await.unwrap();
    }

    async fn transaction(&self, payment: Uuid, status: &str) -> payment_transaction::Model {
        let found = payment_transaction::Entity::find()
            .filter(payment_transaction::Column::PaymentId.eq(payment))
            .filter(payment_transaction::Column::Status.eq(status));
        found.one(&self.db).await.unwrap().unwrap()
    }

    /// Removes a payment under its events, which the database itself would not let happen.
    async fn orphan(&self, payment: Uuid) {
        let (off, on) = if self.database.is_postgres() {
            ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT")
        } else {
            ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON")
        };
        self.db.execute_unprepared(off).await.unwrap();
        payment::Entity::delete_by_id(payment).exec(&self.db).await.unwrap();
        self.db.execute_unprepared(on).await.unwrap();
    }

    /// Turns a line of the sandbox's own record of this number, or takes it out.
    fn at_the_network(&self, number: Uuid, change: impl Fn(Value) -> Option<Value>) {
        let path = self.database.data_dir().join("sandbox.jsonl");
        let (text, number) = (std::fs::read_to_string(&path).unwrap(), number.simple().to_string());
        let mut found = 0;
        let turn = |line: &str| {
            if !line.replace('-', "").contains(&number) {
                return Some(line.to_owned());
            }
            found += 1;
            change(serde_json::from_str(line).unwrap()).map(|line| line.to_string())
        };
        let lines: Vec<_> = text.lines().filter_map(turn).collect();
        assert!(found > 0, "the network knows {number}");
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
}

/// The events of each payment.
const CREATED: i64 = 1;
const CLAIMED: i64 = 2;
const APPROVED: i64 = 6;
const REFUND_REQUESTED: i64 = 7;
const REFUND_SUCCEEDED: i64 = 8;

/// What must be said of these payments, and that nothing is said of any other.
#[track_caller]
fn named(ran: &Ran, payments: &[Uuid], wanted: &[(Uuid, &[&str])]) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for payment in payments {
        let id = payment.simple().to_string();
        let said: Vec<_> = ran.out.lines().filter_map(|line| line.split_once(&id)).map(|(_, said)| said).collect();
        let words = wanted.iter().find(|(one, _)| one == payment).map(|(_, words)| *words);
        let Some(words) = words else {
            assert!(said.is_empty(), "nothing was done to it: {said:?}");
            continue;
        };
        for word in words {
            assert!(said.iter().any(|said| said.contains(word)), "{word} is not in {said:#?}");
        }
    }
}

#[tokio::test]
async fn a_changed_projection_or_transaction_is_named() {
    let books = Books::of(7).await;
    let agreed = books.audit().await;
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    let [_, status, balance, amount, missing, invented, orphan] = books.payments[..] else { panic!("seven") };
    books.project(status, payment::Column::Status, Expr::value("ABORTED")).await;
    books.project(balance, payment::Column::Balance, Expr::value(13_999_i64)).await;
    let mut back = books.transaction(amount, "CANCELED").await.into_active_model();
    back.amount = Set(-999);
    back.update(&books.db).await.unwrap();
    let charge = books.transaction(missing, "APPROVED").await;
    payment_transaction::Entity::delete_by_id(charge.id).exec(&books.db).await.unwrap();
    let number = Uuid::now_v7();
    let mut twice = books.transaction(invented, "CANCELED").await.into_active_model();
    twice.id = Set(number);
    twice.insert(&books.db).await.unwrap();
    books.orphan(orphan).await;
    named(
        &books.audit().await,
        &books.payments,
        &[
            (status, &["ABORTED", "PARTIAL_CANCELED"]),
            (balance, &["13999", "14000"]),
            (amount, &["-999", "-1000"]),
            (missing, &["APPROVED", "15000"]),
            (invented, &["CANCELED"]),
            (orphan, &["of a payment that is not there"]),
        ],
    );
}

#[tokio::test]
async fn a_deleted_or_changed_event_is_named() {
    let books = Books::of(7).await;
    let [_, first, gap, last, amount, refund, approval] = books.payments[..] else { panic!("seven") };
    books.forget_event(first, CREATED).await;
    books.forget_event(gap, CLAIMED).await;
    books.forget_event(last, REFUND_SUCCEEDED).await;
    books.change_event(amount, CREATED, |event| event["order"]["amount"]["minor"] = json!(15_001)).await;
    books.change_event(refund, REFUND_REQUESTED, |event| event["amount"]["minor"] = json!(1_001)).await;
    // Nothing but the network's own record knows better.
    books.change_event(approval, APPROVED, |event| event["approval"]["approval_no"] = json!("99999999")).await;
    named(
        &books.audit().await,
        &books.payments,
        &[
            (first, &["event 2 where 1 belongs"]),
            (gap, &["event 3 where 2 belongs"]),
            (last, &["seq is 8, the journal says 7"]),
            (amount, &["15001"]),
            (refund, &["13999", "-1001"]),
            (approval, &["99999999"]),
        ],
    );
}

#[tokio::test]
async fn what_the_card_network_has_otherwise_on_record_is_named() {
    let books = Books::of(4).await;
    let [_, less, forgotten, not_refunded] = books.payments[..] else { panic!("four") };
    let charge = async |payment| books.transaction(payment, "APPROVED").await.id;
    let (of_less, of_forgotten) = (charge(less).await, charge(forgotten).await);
    books.at_the_network(of_less, |mut line| {
        let is_charge = line["change"] == "approved";
        if is_charge {
            line["amount"] = json!(14_000);
        }
        Some(line)
    });
    books.at_the_network(of_forgotten, |_| None);
    let refund = books.transaction(not_refunded, "CANCELED").await.id;
    books.at_the_network(refund, |_| None);
    named(
        &books.audit().await,
        &books.payments,
        &[(less, &["13000", "14000"]), (forgotten, &["14000"]), (not_refunded, &["15000", "14000"])],
    );
}

/// A charge at the network of which we know nothing.
fn charge_at_the_network(books: &Books, amount: i64, at: Timestamp) -> Uuid {
    let path = books.database.data_dir().join("sandbox.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let ours = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut line = ours.into_iter().find(|line| line["change"] == "approved").unwrap();
    let number = Uuid::now_v7();
    (line["txnNo"], line["amount"], line["at"]) = (json!(number), json!(amount), json!(at.to_string()));
    std::fs::write(path, format!("{text}{line}\n")).unwrap();
    number
}

fn change_at_the_network(books: &Books, line: &Value) {
    let path = books.database.data_dir().join("sandbox.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}{line}\n")).unwrap();
}

#[tokio::test]
async fn money_that_the_network_holds_and_no_journal_knows_is_named() {
    let books = Books::of(2).await;
    let agreed = books.audit().await;
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    assert!(agreed.out.contains("2 listed by it"), "{agreed:?}");
    // Half past midnight in Seoul is half past three in the afternoon of the day before, in UTC.
    let today = Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(9))).date();
    let yesterday = today.yesterday().unwrap();
    let early = yesterday.at(15, 30, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let late = yesterday.at(14, 30, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let held =
        [(charge_at_the_network(&books, 7_000, early), today), (charge_at_the_network(&books, 8_000, late), yesterday)];
    // What went back is nobody's loss.
    let [reversed, refunded] = [9_000, 10_000].map(|amount| charge_at_the_network(&books, amount, late));
    change_at_the_network(&books, &json!({ "change": "reversed", "txnNo": reversed, "amount": 9_000 }));
    let back = json!({ "change": "canceled", "txnNo": refunded, "cancelNo": Uuid::now_v7(), "amount": 10_000 });
    change_at_the_network(&books, &back);
    let found = books.audit().await;
    assert_eq!(found.code, Some(1), "{found:?}");
    let strays: Vec<_> = found.out.lines().filter(|line| line.contains("which no journal knows")).collect();
    assert_eq!(strays.len(), 2, "{found:?}");
    for ((number, day), amount) in held.into_iter().zip(["7000", "8000"]) {
        let number = number.simple().to_string();
        let said = strays.iter().find(|line| line.replace('-', "").contains(&number)).unwrap();
        assert!(said.contains(amount) && said.contains(&day.to_string()), "{said}");
    }
    assert!(found.out.contains("2 differences"), "and no other: {found:?}");
}

#[tokio::test]
async fn a_list_of_many_pages_is_read_to_its_end() {
    let books = Books::of(1).await;
    let now = Timestamp::now();
    for _ in 0..450 {
        charge_at_the_network(&books, 1, now);
    }
    let found = books.audit().await;
    assert_eq!(found.code, Some(1), "{found:?}");
    assert_eq!(found.out.lines().filter(|line| line.contains("which no journal knows")).count(), 450);
    assert!(found.out.contains("451 listed by it"), "{}", found.out.lines().last().unwrap());
}

#[tokio::test]
async fn payments_that_move_while_the_audit_runs_are_no_differences() {
    let database = TestDatabase::create().await;
    let process = Process::start(&database, &[]).await;
    let shop = Shop::named(&process.http, "상점").await;
    let customer = Customer::new(&process.http).await;
    customer.add_card(&card(&CARDS[0])).await.data();
    let done = AtomicBool::new(false);
    let pay = async || {
        while !done.load(Ordering::SeqCst) {
            let paid = shop.paid_by(&customer, 15_000).await;
            shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
        }
    };
    let audit = async {
        for _ in 0..3 {
            let agreed = paygate(&database, &["audit"], &[]).await;
            assert_eq!(agreed.code, Some(0), "{agreed:?}");
        }
        done.store(true, Ordering::SeqCst);
    };
    futures_util::future::join4(audit, pay(), pay(), pay()).await;
}

/// A card network that answers each request with `answer`, or never.
fn network(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match answer {
                Some(answer) => {
                    let _ = stream.read(&mut [0; 4_096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
                None => silent.push(stream),
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_network_without_a_list_is_audited_from_our_side_only_and_that_is_said() {
    let database = TestDatabase::create().await;
    assert_eq!(paygate(&database, &["migrate"], &[]).await.code, Some(0));
    let url = network(Some("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"));
    let audited = paygate(&database, &["audit"], &[("PAYGATE__ACQUIRER__CARD__BASE_URL", &url)]).await;
    assert_eq!(audited.code, Some(0), "{audited:?}");
    assert!(audited.out.contains("audited from our side only"), "{audited:?}");
    let broken = network(Some("HTTP/1.1 500 Broken\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"));
    let audited = paygate(&database, &["audit"], &[("PAYGATE__ACQUIRER__CARD__BASE_URL", &broken)]).await;
    assert_eq!(audited.code, Some(1), "a list that does not come is no list that is empty: {audited:?}");
}

#[tokio::test]
async fn an_audit_takes_two_connections_from_a_server_at_most() {
    let database = TestDatabase::create().await;
    if !database.is_postgres() {
        return;
    }
    assert_eq!(paygate(&database, &["migrate"], &[]).await.code, Some(0));
    let db = database.connect().await;
    let others = async || {
        let sql = "SELECT COUNT(*) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
        row.try_get::<i64>("", "count").unwrap()
    };
    eventually("the migration has left", async || others().await == 0).await;
    let url = network(None);
    let mut audit = command(&database, &["audit"], &[("PAYGATE__ACQUIRER__CARD__BASE_URL", &url)]).spawn().unwrap();
    eventually("it is connected", async || others().await > 0).await;
    let mut most = 0;
    for _ in 0..100 {
        most = most.max(others().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    audit.kill().unwrap();
    audit.wait().unwrap();
    assert!(most <= 2, "{most}");
}
