//! How the databases go about what is asked for again and again, in a business of some size.

use jiff::{SignedDuration, Timestamp};
use paygate_entity::payment::Column::{CreatedAt, Id};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryOrder, Statement};
use uuid::Uuid;

use super::{
    Bounded, DatabaseSettings, Entry, Merchant, Owner, PaymentFilter, Sort, Store, TransactionKind, Window,
    create_database, drop_database, names::NameIndex, payments::found_by, way::Way,
};
use crate::{
    demo,
    domain::{PaymentId, Status},
};

/// Where payments are: a file of this test's own, or a database on the server of the tests.
struct Place {
    folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

impl Place {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = std::env::var("PAYGATE_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty());
        let server = server.map(|url| (url, format!("plans_{}", Uuid::now_v7().simple())));
        if let Some((url, name)) = &server {
            create_database(url, name).await.unwrap();
        }
        Self { folder, server }
    }

    fn settings(&self) -> DatabaseSettings {
        let url = match &self.server {
            None => format!("sqlite://{}", self.folder.path().join("paygate.db").display()),
            Some((url, name)) => {
                let mut url = url::Url::parse(url).unwrap();
                url.set_path(name);
                url.into()
            }
        };
        DatabaseSettings {
            url,
            read_connections: 1,
            write_connections: 1,
            acquire_timeout_ms: 20_000,
            read_timeout_ms: 20_000,
            write_timeout_ms: 20_000,
            reopen_timeout_ms: 60_000,
        }
    }

    async fn forget(self) {
        if let Some((url, name)) = &self.server {
            drop_database(url, name).await.unwrap();
        }
    }
}

/// Runs a statement as it is.
async fn run(store: &Store, statement: &str) -> Result<(), DbErr> {
    let txn = store.begin().await?;
    txn.execute_unprepared(statement).await?;
    Ok(txn.commit().await?)
}

/// The database's own words about how it would answer `asked`.
async fn plan(store: &Store, asked: &Statement) -> String {
    let (explain, column) = match asked.db_backend {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let asked = Statement { sql: format!("{explain} {}", asked.sql), ..asked.clone() };
    let rows = store.read.query_all_raw(asked).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    lines.join("\n")
}

/// A migrated database with a past of 2,000 payments.
async fn with_past(place: &Place) -> (Store, Owner) {
    Store::migrate(&place.settings()).await.unwrap();
    let store = Store::connect(&place.settings()).await.unwrap();
    let now = Timestamp::now();
    let shop = Merchant::new(Uuid::now_v7().into(), "shop@example.com".to_owned(), "상점".to_owned());
    store.add_merchant(&shop, String::new(), now).await.unwrap();
    demo::make_past(&store, shop.id, (2_000, 1), now, |_| {}).await.unwrap();
    // PostgreSQL does so by itself, SQLite never.
    if !store.is_sqlite() {
        run(&store, "ANALYZE").await.unwrap();
    }
    (store, Owner::Merchant(shop.id))
}

#[tokio::test]
async fn what_is_due_is_found_by_its_index() {
    let place = Place::make().await;
    let (store, _) = with_past(&place).await;
    assert!(store.due_payments(Timestamp::now(), 200).await.unwrap().is_empty(), "the past is over");
    let asked = store.read.asked.lock().unwrap().pop().unwrap();
    let plan = plan(&store, &asked).await;
    assert!(plan.contains("payment_due"), "{plan}");
    assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "nor is it sorted: {plan}");
    store.close().await;
    place.forget().await;
}

#[tokio::test]
async fn what_is_in_doubt_is_found_by_its_index() {
    let place = Place::make().await;
    let (store, shop) = with_past(&place).await;
    let filter = PaymentFilter { is_in_doubt: true, include_unfinished: true, ..PaymentFilter::default() };
    for sort in [Sort::Date, Sort::Amount] {
        let window = Window { sort, limit: 20, ..Window::default() };
        let plan = store.plan(shop, &filter, window).await.unwrap().join("\n");
        assert!(plan.contains("payment_doubts"), "{plan}");
    }
    store.close().await;
    place.forget().await;
}

fn named(name: &str) -> PaymentFilter {
    PaymentFilter { name: Some(name.to_owned()), include_unfinished: true, ..PaymentFilter::default() }
}

/// (PostgreSQL rightly reads a table this small from end to end.)
#[tokio::test]
async fn sqlite_finds_every_list_by_an_index() {
    let place = Place::make().await;
    if place.server.is_some() {
        return place.forget().await;
    }
    let (store, shop) = with_past(&place).await;
    let all = PaymentFilter { include_unfinished: true, ..PaymentFilter::default() };
    let kind = |kind| PaymentFilter { kind: Some(kind), ..all.clone() };
    let filters = [
        all.clone(),
        PaymentFilter::default(),
        named("Gift"),
        named("zz"),
        PaymentFilter { status: Some(Status::Aborted), ..all.clone() },
        PaymentFilter { method: Some("past".to_owned()), ..all.clone() },
        PaymentFilter { amount_from: Some(100_000), amount_to: Some(110_000), ..all.clone() },
        PaymentFilter { created_from: Some(Timestamp::now() - SignedDuration::from_hours(24 * 365)), ..all.clone() },
        kind(TransactionKind::Approved),
        kind(TransactionKind::Canceled),
        PaymentFilter { status: Some(Status::PartialCanceled), ..kind(TransactionKind::Refunded) },
    ];
    for filter in &filters {
        for sort in [Sort::Date, Sort::Amount] {
            let window = Window { sort, limit: 20, ..Window::default() };
            for line in store.plan(shop, filter, window).await.unwrap() {
                assert!(!line.starts_with("SCAN payment") || line.contains("VIRTUAL"), "{filter:?} {sort:?}: {line}");
            }
        }
    }
    store.close().await;
    place.forget().await;
}

#[tokio::test]
async fn a_rare_name_is_looked_up() {
    let place = Place::make().await;
    let (store, shop) = with_past(&place).await;
    for name in ["없는 상품", "zz"] {
        let plan = store.plan(shop, &named(name), Window { limit: 20, ..Window::default() }).await.unwrap().join("\n");
        assert!(plan.contains("payment_text"), "{name}: {plan}");
        assert!(!plan.contains("payment_of_merchant"), "{name}: {plan}");
    }
    store.close().await;
    place.forget().await;
}

/// Each place where a name is looked up finds what a look at each payment finds, and nothing twice.
#[tokio::test]
async fn a_name_finds_the_same_whichever_way() {
    let place = Place::make().await;
    let (store, shop) = with_past(&place).await;
    // What is under way is found, too, and what was under way again is there once.
    let again = "UPDATE payment SET due_at = 1 WHERE amount > 200000";
    run(&store, again).await.unwrap();
    run(&store, "UPDATE payment SET due_at = NULL WHERE amount > 250000").await.unwrap();
    let everything = Window { limit: 5_000, ..Window::default() };
    let all = PaymentFilter { include_unfinished: true, ..PaymentFilter::default() };
    let (all, _) = store.browse(shop, &all, everything, Timestamp::now()).await.unwrap();
    assert_eq!(all.len(), 1_600);
    let names = [
        "카페",
        "페",
        "카페라떼 1",
        "Gift",
        "gift card 77",
        "g",
        "zz",
        "없는 상품",
        "100%_면",
        "%",
        "ER-77-",
        "com",
        "m",
    ];
    for name in names {
        let has_it = |entry: &&Entry| {
            let part = name.to_lowercase();
            let customer = entry.customer.as_deref().unwrap_or_default();
            entry.order_name.to_lowercase().contains(&part) || customer.contains(&part)
        };
        let expected: Vec<_> = all.iter().filter(has_it).map(|entry| entry.id).collect();
        let indexes = match store.is_sqlite() {
            true => vec![None, Some(NameIndex::Triples), Some(NameIndex::List)],
            false => vec![None, Some(NameIndex::Pairs)],
        };
        for index in indexes {
            let way = index.map_or_else(Way::default, |index| Way::by_name(index, Sort::Date));
            let rows = found_by(way, shop, &named(name));
            let rows = rows.order_by_desc(CreatedAt).order_by_desc(Id).all(&store.read).await.unwrap();
            let found: Vec<_> = rows.into_iter().map(|row| PaymentId::from(row.id)).collect();
            assert_eq!(found, expected, "{name} by {index:?}");
        }
        let now = Timestamp::now();
        let (_, count) = store.list_and_count(shop, &named(name), 10_000, now).await.unwrap();
        assert_eq!(count, Bounded { count: expected.len() as u64, is_more: false }, "{name}");
        let (found, _) = store.browse(shop, &named(name), everything, now).await.unwrap();
        assert_eq!(found.iter().map(|entry| entry.id).collect::<Vec<_>>(), expected, "{name}");
    }
    store.close().await;
    place.forget().await;
}

/// SQLite's index is filled from what is there already. (PostgreSQL fills its own by itself.)
#[tokio::test]
async fn payments_from_before_the_index_are_found_in_it() {
    let place = Place::make().await;
    if place.server.is_some() {
        return place.forget().await;
    }
    let (store, shop) = with_past(&place).await;
    for statement in [
        "DROP TRIGGER payment_text_first",
        "DROP TRIGGER payment_text_last",
        "DROP TABLE payment_text_part",
        "DROP TABLE payment_text",
        "DROP TABLE IF EXISTS payment_text_content",
        "DELETE FROM seaql_migrations WHERE version = 'm0012_names'",
    ] {
        run(&store, statement).await.unwrap();
    }
    Store::migrate(&place.settings()).await.unwrap();
    let found = found_by(Way::by_name(NameIndex::Triples, Sort::Date), shop, &named("Gift card"));
    let walked = found_by(Way::default(), shop, &named("Gift card"));
    let (found, walked) = (found.all(&store.read).await.unwrap(), walked.all(&store.read).await.unwrap());
    assert!(walked.len() > 50 && found.len() == walked.len(), "{} of {}", found.len(), walked.len());
    store.close().await;
    place.forget().await;
}

/// Lists that are paged by number show the same as those that are paged by a cursor, and each count ends somewhere.
#[tokio::test]
async fn pages_by_number_are_cut_off_the_same_list() {
    let place = Place::make().await;
    let (store, shop) = with_past(&place).await;
    let now = Timestamp::now();
    for include_unfinished in [false, true] {
        let filter = PaymentFilter { include_unfinished, limit: 7, ..PaymentFilter::default() };
        let everything = Window { limit: 5_000, ..Window::default() };
        let (all, _) = store.browse(shop, &filter, everything, now).await.unwrap();
        for page in [0, 1, 100, 1_000] {
            let filter = PaymentFilter { page, ..filter.clone() };
            let listed = store.list_payments(shop, &filter, now).await.unwrap();
            let listed: Vec<_> = listed.payments.iter().map(|payment| &payment.order_id).collect();
            let expected = all.iter().map(|entry| &entry.order_id).skip(usize::try_from(page).unwrap() * 7).take(7);
            assert_eq!(listed, expected.collect::<Vec<_>>(), "page {page}");
        }
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let filter = PaymentFilter { after, limit: 500, ..filter.clone() };
            let page = store.list_payments(shop, &filter, now).await.unwrap();
            walked.extend(page.payments.into_iter().map(|payment| payment.order_id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(
            walked.iter().eq(all.iter().map(|entry| &entry.order_id)),
            "by a cursor every row comes once, in order"
        );
        let count = all.len() as u64;
        let counted = async |most| store.list_and_count(shop, &filter, most, now).await.unwrap().1;
        assert_eq!(counted(count).await, Bounded { count, is_more: false });
        assert_eq!(counted(count - 1).await, Bounded { count: count - 1, is_more: true });
    }
    store.close().await;
    place.forget().await;
}
