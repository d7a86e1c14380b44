//! What the database itself refuses, should the code before it ever be wrong.

use paygate_entity::{card, customer, idempotency_key, payment, payment_event, payment_transaction};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait,
    sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestApp, fresh, spawn_app};

/// A payment of 15 000 of which 1 000 went back under a key, and a way to its rows past all code.
async fn rows() -> (TestApp, DatabaseConnection) {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    shop.cancel(&paid.key, &json!({ "amount": 1_000 })).once("k").await.data();
    let db = app.database.connect().await;
    (app, db)
}

/// The one row of its table, or the first.
async fn row<E: EntityTrait>(db: &DatabaseConnection) -> E::Model {
    E::find().one(db).await.unwrap().unwrap()
}

/// Whether a row is taken, just as it is.
async fn is_taken<A>(db: &DatabaseConnection, row: A) -> bool
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Sync,
{
    let before = A::Entity::find().count(db).await.unwrap();
    let taken = A::Entity::insert(row).exec_without_returning(db).await.is_ok();
    assert_eq!(A::Entity::find().count(db).await.unwrap(), before + u64::from(taken));
    taken
}

/// Another payment of the same business, as good as `payment`.
fn another(payment: &payment::Model) -> payment::Model {
    payment::Model { id: Uuid::now_v7(), order_id: fresh("order"), payment_key: None, ..payment.clone() }
}

#[tokio::test]
async fn a_payment_of_nobody_or_of_no_amount_or_with_an_impossible_balance_is_refused() {
    let (app, db) = rows().await;
    let payment = row::<payment::Entity>(&db).await;
    let good = || another(&payment);
    assert!(is_taken(&db, good().into_active_model()).await, "what follows is refused for its fault alone");
    for (fault, payment) in [
        ("amount 0", payment::Model { amount: 0, balance: 0, ..good() }),
        ("a negative amount", payment::Model { amount: -1, balance: -1, ..good() }),
        ("a negative balance", payment::Model { balance: -1, ..good() }),
        ("more left than was taken", payment::Model { balance: payment.amount + 1, ..good() }),
        ("before the first event", payment::Model { seq: 0, ..good() }),
        ("of no business", payment::Model { merchant_id: Uuid::now_v7(), ..good() }),
        ("of a customer who is not there", payment::Model { customer_id: Some(Uuid::now_v7()), ..good() }),
        ("a second of the same order", payment::Model { order_id: payment.order_id.clone(), ..good() }),
        ("a second of the same key", payment::Model { payment_key: payment.payment_key.clone(), ..good() }),
    ] {
        assert!(!is_taken(&db, payment.into_active_model()).await, "{fault}");
    }
    let other_shop = app.shop().await.id.parse().unwrap();
    let elsewhere = payment::Model { merchant_id: other_shop, order_id: payment.order_id.clone(), ..good() };
    assert!(is_taken(&db, elsewhere.into_active_model()).await, "another business has an order of this name");
    // Nor can it become so later.
    let turn = |value: i64| payment::Entity::update_many().col_expr(payment::Column::Balance, Expr::value(value));
    assert!(turn(-1).exec(&db).await.is_err() && turn(payment.amount + 1).exec(&db).await.is_err());
    app.stop().await;
}

#[tokio::test]
async fn an_event_twice_or_of_no_payment_is_refused() {
    let (app, db) = rows().await;
    let event = row::<payment_event::Entity>(&db).await;
    let good = || payment_event::Model { seq: 1_000, ..event.clone() };
    assert!(is_taken(&db, good().into_active_model()).await);
    assert!(!is_taken(&db, good().into_active_model()).await, "its place is taken");
    let of_nothing = payment_event::Model { payment_id: Uuid::now_v7(), ..good() };
    assert!(!is_taken(&db, of_nothing.into_active_model()).await);
    app.stop().await;
}

#[tokio::test]
async fn a_transaction_of_nothing_twice_or_of_no_payment_is_refused() {
    let (app, db) = rows().await;
    let transaction = row::<payment_transaction::Entity>(&db).await;
    let good = || payment_transaction::Model { id: Uuid::now_v7(), ..transaction.clone() };
    assert!(is_taken(&db, good().into_active_model()).await);
    for (fault, transaction) in [
        ("nothing moved", payment_transaction::Model { amount: 0, ..good() }),
        ("an unknown kind", payment_transaction::Model { status: "LOST".to_owned(), ..good() }),
        ("of no payment", payment_transaction::Model { payment_id: Uuid::now_v7(), ..good() }),
        ("the same number again", payment_transaction::Model { id: transaction.id, ..good() }),
    ] {
        assert!(!is_taken(&db, transaction.into_active_model()).await, "{fault}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_card_twice_in_one_account_or_in_nobodys_is_refused() {
    let (app, db) = rows().await;
    let other = app.customer().await.id.parse().unwrap();
    let card = row::<card::Entity>(&db).await;
    let good = || card::Model { id: Uuid::now_v7(), ..card.clone() };
    assert!(card.fingerprint.is_some());
    assert!(!is_taken(&db, good().into_active_model()).await, "the account has this card");
    assert!(is_taken(&db, card::Model { fingerprint: Some(vec![7; 32]), ..good() }.into_active_model()).await);
    assert!(is_taken(&db, card::Model { customer_id: other, ..good() }.into_active_model()).await);
    let of_nobody = card::Model { customer_id: Uuid::now_v7(), ..good() };
    assert!(!is_taken(&db, of_nobody.into_active_model()).await);
    // Removed cards have no fingerprint; an account may have any number of them.
    for _ in 0..2 {
        assert!(is_taken(&db, card::Model { fingerprint: None, ..good() }.into_active_model()).await);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_api_key_an_account_or_an_idempotency_key_twice_is_refused() {
    use paygate_entity::{api_key, merchant};
    let (app, db) = rows().await;
    let key = row::<api_key::Entity>(&db).await;
    let good = || api_key::Model { id: Uuid::now_v7(), key_hash: vec![7; 32], ..key.clone() };
    assert!(is_taken(&db, good().into_active_model()).await);
    for (fault, key) in [
        ("the same hash", api_key::Model { key_hash: key.key_hash.clone(), ..good() }),
        ("an unknown kind", api_key::Model { key_hash: vec![8; 32], kind: "master".to_owned(), ..good() }),
        ("of no business", api_key::Model { key_hash: vec![9; 32], merchant_id: Uuid::now_v7(), ..good() }),
    ] {
        assert!(!is_taken(&db, key.into_active_model()).await, "{fault}");
    }
    let once = row::<idempotency_key::Entity>(&db).await;
    assert!(!is_taken(&db, once.clone().into_active_model()).await, "the key is taken");
    let of_another = idempotency_key::Model { scope: vec![7; 32], ..once };
    assert!(is_taken(&db, of_another.into_active_model()).await, "by one account");
    let (shop, payer) = (row::<merchant::Entity>(&db).await, row::<customer::Entity>(&db).await);
    let shop = merchant::Model { id: Uuid::now_v7(), ..shop };
    let payer = customer::Model { id: Uuid::now_v7(), ..payer };
    assert!(
        !is_taken(&db, shop.clone().into_active_model()).await
            && !is_taken(&db, payer.clone().into_active_model()).await
    );
    let (shop_email, payer_email) = ("new@shop.example.com".to_owned(), "new@example.com".to_owned());
    assert!(is_taken(&db, merchant::Model { email: shop_email, ..shop }.into_active_model()).await);
    assert!(is_taken(&db, customer::Model { email: payer_email, ..payer }.into_active_model()).await);
    app.stop().await;
}
