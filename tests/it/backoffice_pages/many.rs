//! Lists of more payments than are worth sorting: they are found another way, and are the same.

use paygate_entity::payment::{Entity, Model};
use sea_orm::{EntityTrait, IntoActiveModel};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use uuid::Uuid;

use super::{Browser, attribute, payments::orders};
use crate::support::{Shop, TestApp, eventually, fresh, spawn_app, within};

const MANY: i64 = 5_200;
const MORE_THAN_THE_SYSTEM_TAKES: i64 = 14_000;
const CSV: &str = "/backoffice/payments.csv";

/// One payment, and thousands more like it, a second and an amount apart.
pub async fn many(app: &TestApp, shop: &Shop, count: i64) -> Vec<Model> {
    shop.token_of(1_000, &fresh("order")).await;
    let db = app.database.connect().await;
    let first = Entity::find().one(&db).await.unwrap().unwrap();
    let like = |i: i64| Model {
        id: Uuid::now_v7(),
        order_id: format!("many-{i}"),
        order_name: "커".repeat(100),
        card_company: Some("카".repeat(50)),
        amount: 1_000 + i * 7 % 1_000,
        status: if i % 2_000 == 0 { "DONE" } else { "EXPIRED" }.to_owned(),
        method: (i % 2_000 == 1).then(|| "card".to_owned()),
        created_at: first.created_at + i * 1_000_000,
        due_at: None,
        ..first.clone()
    };
    let rows: Vec<_> = (1..=count).map(like).collect();
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
    let rows = many(&app, &shop, MANY).await;
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

/// A browser that asks for the file and then takes nothing of it.
async fn asks_and_waits(browser: &Browser, app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // The system takes little for it, too.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(app.http.base().trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let cookie = browser.cookie("paygate-desk").unwrap();
    let head = format!("GET {CSV} HTTP/1.1\r\nHost: x\r\nCookie: paygate-desk={cookie}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

#[test]
fn the_default_limits_of_files_suit_a_slow_line_and_many_shops() {
    let paygate::routes::BackofficeSettings { max_files, max_files_of_one, file_stall_ms } =
        paygate::config::Settings::load(None).unwrap().backoffice;
    // What a system holds of a file, taken at 30 kB/s.
    assert!(file_stall_ms >= 3_000_000 / 30_000 * 1_000, "{file_stall_ms} ms");
    assert!(max_files_of_one * 10 < max_files, "{max_files_of_one} of {max_files}");
}

#[tokio::test]
async fn a_file_that_nobody_takes_is_given_up_and_keeps_no_other_shop_from_its_own() {
    let app = TestApp::with(|settings| {
        settings.backoffice.max_files = 2;
        settings.backoffice.max_files_of_one = 1;
        settings.backoffice.file_stall_ms = 1_500;
    });
    let app = app.start().await;
    let (idle, shop) = Browser::with_shop(&app).await;
    let (other, _) = Browser::with_shop(&app).await;
    many(&app, &shop, MORE_THAN_THE_SYSTEM_TAKES).await;
    let mut first = asks_and_waits(&idle, &app).await;
    assert_eq!(idle.get(CSV).await.status, 503, "one is enough for one shop");
    other.get(CSV).await.ok();
    eventually("a file is given up", async || idle.get(&format!("{CSV}?name=nothing")).await.status == 200).await;
    let mut rest = Vec::new();
    // What is cut off must not look whole.
    let _ = within("the rest", first.read_to_end(&mut rest)).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it ends as if that were all: {}", rest.len());
    drop(first);
    let whole = idle.get(CSV).await;
    assert_eq!(i64::try_from(whole.ok().text.lines().count()).unwrap(), MORE_THAN_THE_SYSTEM_TAKES + 2);
    app.stop().await;
}
