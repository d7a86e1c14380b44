//! A COMMIT that fails: its write is not acknowledged, and the writes after it are durable.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};

use crate::support::{
    Answer, CARDS, Call, Customer, PASSWORD, Shop, TestApp, TestDatabase, card, eventually, fresh, spawn_app,
};

/// Makes every COMMIT fail whose transaction inserted into a table: a foreign key without a row, which is checked at
/// the end of the transaction.
struct Trap {
    db: DatabaseConnection,
    is_postgres: bool,
    table: &'static str,
}

impl Trap {
    async fn set(database: &TestDatabase, table: &'static str) -> Self {
        let (db, is_postgres) = (database.connect().await, database.is_postgres());
        let debt = "CREATE TABLE IF NOT EXISTS debt (id INTEGER PRIMARY KEY, \
                    owed_to INTEGER NOT NULL REFERENCES debt (id) DEFERRABLE INITIALLY DEFERRED)";
        let owe = "INSERT INTO debt (id, owed_to) VALUES (1, 2)";
        let trigger = if is_postgres {
            format!(
                "CREATE FUNCTION owe() RETURNS trigger AS $$ BEGIN {owe}; RETURN NEW; END $$ LANGUAGE plpgsql;
                 CREATE TRIGGER trap BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION owe()"
            )
        } else {
            format!(
                "CREATE TRIGGER trap BEFORE INSERT ON {table} WHEN NOT EXISTS (SELECT 1 FROM debt) BEGIN {owe}; END"
            )
        };
        db.execute_unprepared(debt).await.unwrap();
        db.execute_unprepared(&trigger).await.unwrap();
        Self { db, is_postgres, table }
    }

    async fn remove(&self) {
        let remove = if self.is_postgres { "DROP FUNCTION owe CASCADE" } else { "DROP TRIGGER trap" };
        self.db.execute_unprepared(remove).await.unwrap();
    }

    /// Rows that another connection sees.
    async fn rows(&self) -> i64 {
        rows(&self.db, self.table).await
    }
}

async fn rows(db: &DatabaseConnection, table: &str) -> i64 {
    let count = Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
    db.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// The write of `call` is refused while its COMMIT fails, and is there once it was answered well.
async fn is_durable_or_refused(app: &TestApp, table: &'static str, call: Call) {
    let trap = Trap::set(&app.database, table).await;
    let before = trap.rows().await;
    let refused = call.clone().await;
    assert_eq!(refused.status, 503, "{table}: {}", refused.json);
    assert_eq!(trap.rows().await, before, "{table}: nothing of it is there");
    trap.remove().await;
    succeeds(call).await;
    assert_eq!(
        trap.rows().await,
        before + 1,
        "{table}: what was acknowledged is visible to others, so it is committed"
    );
}

/// Writes are tried again within a moment of a failure.
async fn succeeds(call: Call) -> Answer {
    let mut last = None;
    eventually("the call succeeds", async || {
        let answer = call.clone().await;
        assert!(answer.status < 300 || answer.status == 503, "{}", answer.json);
        let is_done = answer.status < 300;
        last = Some(answer);
        is_done
    })
    .await;
    last.unwrap()
}

fn sign_up() -> Value {
    json!({ "email": format!("{}@example.com", fresh("new")), "password": PASSWORD, "name": "새 상점" })
}

#[tokio::test]
async fn a_sign_up_whose_commit_fails_is_not_answered_201() {
    let app = spawn_app().await;
    is_durable_or_refused(&app, "customer", app.http.post("/api/v1/p/user/sign-up", &sign_up())).await;
    is_durable_or_refused(&app, "merchant", app.http.post("/api/backoffice/v1/sign-up", &sign_up())).await;
    app.stop().await;
}

#[tokio::test]
async fn a_card_or_key_pair_whose_commit_fails_is_not_acknowledged() {
    let app = spawn_app().await;
    let customer = Customer::new(&app.http).await;
    is_durable_or_refused(&app, "card", customer.add_card(&card(&CARDS[0]))).await;
    let shop = app.shop().await;
    let secret = shop.secret.clone();
    let trap = Trap::set(&app.database, "api_key").await;
    assert_eq!(shop.issue_keys().await.status, 503);
    trap.remove().await;
    assert_eq!(shop.my_key().await.data()["apiKey"], secret.as_str(), "the old pair is still the pair");
    let issued = succeeds(shop.issue_keys()).await.data()["apiKey"].clone();
    let database = app.database.clone();
    let app = app.restart().await;
    assert_eq!(shop.at(&app.http).my_key().await.data()["apiKey"], issued);
    drop(database);
    app.stop().await;
}

#[tokio::test]
async fn a_payment_whose_commit_fails_is_in_doubt_and_all_that_is_acknowledged_afterwards_is_durable() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let order = fresh("order");
    let create = shop.create(&Shop::order(15_000, &order));
    let trap = Trap::set(&app.database, "payment_event").await;
    let before = trap.rows().await;
    assert_eq!(create.clone().await.refused(503, "PAYMENT_UNAVAILABLE").outcome(), "unknown");
    assert_eq!(trap.rows().await, before);
    trap.remove().await;
    succeeds(create).await;
    // The order that exists is refused by the database, which is where a roll-back follows.
    shop.create(&Shop::order(9_000, &order)).await.refused(409, "ORDER_ALREADY_EXISTS");
    let paid = shop.paid_by(&customer, 9_000).await;
    shop.cancel(&paid.key, &json!({ "amount": 1_000 })).await.data();
    let written = trap.rows().await;
    let app = app.restart().await;
    assert_eq!(rows(&trap.db, "payment_event").await, written, "nothing was taken back at the end");
    let payment = shop.at(&app.http).payment(&paid.key).await.data();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(8_000)));
    assert_eq!(shop.at(&app.http).state(&order).await, "READY");
    app.stop().await;
}
