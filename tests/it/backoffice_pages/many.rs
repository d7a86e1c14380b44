//! Lists of more payments than are worth sorting: they are found another way, and are the same.

use paygate_entity::payment::{Entity, Model};
use sea_orm::{EntityTrait, IntoActiveModel};
use uuid::Uuid;

use super::{Browser, attribute, payments::orders};
use crate::support::{Shop, TestApp, fresh, spawn_app};

const MANY: i64 = 5_200;

/// One payment, and thousands more like it, a second and an amount apart.
async fn many(app: &TestApp, shop: &Shop) -> Vec<Model> {
    shop.token_of(1_000, &fresh("order")).await;
    let db = app.database.connect().await;
    let first = Entity::find().one(&db).await.unwrap().unwrap();
    let like = |i: i64| Model {
        id: Uuid::now_v7(),
        order_id: format!("many-{i}"),
        amount: 1_000 + i * 7 % 1_000,
        status: if i % 2_000 == 0 { "DONE" } else { "EXPIRED" }.to_owned(),
        method: (i % 2_000 == 1).then(|| "card".to_owned()),
        created_at: first.created_at + i * 1_000_000,
        due_at: None,
        ..first.clone()
    };
    let rows: Vec<_> = (1..=MANY).map(like).collect();
    for chunk in rows.chunks(400) {
        let chunk = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        Entity::insert_many(chunk).exec_without_returning(&db).await.unwrap();
    }
    rows
}

#[tokio::test]
async fn wide_and_narrow_filters_give_the_same_order() {
    let app = spawn_app().await;
    let (browser, shop) = Browser::with_shop(&app).await;
    let rows = many(&app, &shop).await;
    type Holds = fn(&Model) -> bool;
    let cases: [(&str, Holds); 8] = [
        ("min=1100", |row| row.amount >= 1_100),
        ("min=1990&max=1992", |row| (1_990..=1_992).contains(&row.amount)),
        ("min=1100&sort=oldest", |row| row.amount >= 1_100),
        ("startDate=2000-01-01&sort=highest&name=many", |_| false),
        ("startDate=2000-01-01&sort=highest&max=1999", |row| row.amount <= 1_999),
        ("status=DONE&sort=lowest", |row| row.status == "DONE"),
        ("status=EXPIRED&sort=highest", |row| row.status == "EXPIRED"),
        ("method=card&sort=highest", |row| row.method.is_some()),
    ];
    for (query, holds) in cases {
        let mut expected: Vec<_> = rows.iter().filter(|row| holds(row)).collect();
        match query.split("sort=").nth(1).unwrap_or_default().split('&').next().unwrap() {
            "oldest" => expected.sort_by_key(|row| (row.created_at, row.id)),
            "highest" => expected.sort_by_key(|row| std::cmp::Reverse((row.amount, row.id))),
            "lowest" => expected.sort_by_key(|row| (row.amount, row.id)),
            _ => expected.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id))),
        }
        let expected: Vec<_> = expected.into_iter().map(|row| row.order_id.clone()).collect();
        let first = browser.get(&format!("/backoffice/payments?{query}")).await;
        let shown = orders(&first);
        assert_eq!(shown, expected[..expected.len().min(20)], "{query}");
        if expected.len() > 20 {
            let next = first.text.split("<a ").find(|tag| tag.contains("rel=\"next\"")).unwrap();
            let second = browser.get(&attribute(next, "href")).await;
            assert_eq!(orders(&second), expected[20..expected.len().min(40)], "{query}");
        }
    }
    app.stop().await;
}
