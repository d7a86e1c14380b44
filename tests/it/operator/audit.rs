//! `paygate audit`: every payment whose books do not agree is named, and no other.

use paygate::domain::PaymentKey;
use paygate_entity::{payment, payment_event, payment_transaction};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ran, paygate};
use crate::support::{CARDS, Customer, Process, Shop, TestDatabase, card};

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
