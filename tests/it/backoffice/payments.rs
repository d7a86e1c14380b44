//! What a business sees and gives back.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::support::{CARDS, Call, Customer, PASSWORD, Shop, TestApp, card, fresh, spawn_app};

fn orders(page: &Value) -> Vec<&str> {
    page["payments"].as_array().unwrap().iter().map(|payment| payment["orderId"].as_str().unwrap()).collect()
}

/// A paid order of this name.
async fn paid(shop: &Shop, customer: &Customer, name: &str) -> String {
    let order = fresh("order");
    let body = json!({ "amount": 15_000, "orderId": order, "orderName": name });
    let token = shop.create(&body).await.data()["token"].as_str().unwrap().to_owned();
    let key = customer.approve(&token).await.data()["paymentKey"].clone();
    shop.confirm(&json!({ "orderId": order, "paymentKey": key, "amount": 15_000 })).await.data();
    order
}

async fn customer_named(app: &TestApp, email: &str) -> Customer {
    let body = json!({ "email": email, "password": PASSWORD });
    assert_eq!(app.http.post("/api/v1/p/user/sign-up", &body).await.status, 201);
    let token = app.http.post("/api/v1/p/user/sign-in", &body).await.data()["accessToken"].clone();
    let customer = app.customer().await.with_token(token.as_str().unwrap());
    customer.add_card(&card(&CARDS[0])).await.data();
    customer
}

#[tokio::test]
async fn payments_are_listed_newest_first_with_a_total() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut made = Vec::new();
    for _ in 0..12 {
        made.push(app.done_payment(&shop, &customer).await);
    }
    made.reverse();
    let first = shop.payments().await.data();
    assert_eq!(first["totalCount"], 12);
    assert_eq!(orders(&first), made[..10].iter().map(|payment| payment.order.as_str()).collect::<Vec<_>>());
    let second = shop.payments().query("page", "1").await.data();
    assert_eq!(second["totalCount"], 12);
    assert_eq!(orders(&second), made[10..].iter().map(|payment| payment.order.as_str()).collect::<Vec<_>>());
    assert_eq!(shop.transactions(&made[0].key).await.data(), first["payments"][0]);
    assert_eq!(shop.payment(&made[0].key).await.data(), first["payments"][0]);
}

#[tokio::test]
async fn unfinished_payments_are_shown_when_asked_for() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let done = app.done_payment(&shop, &customer).await;
    let approved = app.approved_payment(&shop, &customer).await;
    let order = fresh("order");
    shop.token_of(15_000, &order).await;
    assert_eq!(orders(&shop.payments().await.data()), [&done.order]);
    let all = shop.payments().query("include", "all").await.data();
    assert_eq!(orders(&all), [&order, &approved.order, &done.order]);
    assert_eq!(all["totalCount"], 3);
    assert_eq!(all["payments"][0]["paymentKey"], Value::Null, "null until claimed");
    assert_eq!(all["payments"][0]["status"], "READY");
    assert_eq!(all["payments"][1]["paymentKey"], approved.key.as_str());
    for bad in ["none", "ALL", "true"] {
        shop.payments().query("include", bad).english().await.refused_field("include");
    }
}

#[tokio::test]
async fn a_payment_key_finds_its_payment_or_nothing() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.shop().await;
    let (mine, theirs) = (app.done_payment(&shop, &customer).await, app.done_payment(&other, &customer).await);
    app.done_payment(&shop, &customer).await;
    let found = shop.payments().query("paymentKey", &mine.key).await.data();
    assert_eq!((orders(&found), &found["totalCount"]), (vec![mine.order.as_str()], &json!(1)));
    for key in [theirs.key.as_str(), "x", "\u{0}", "%", &"x".repeat(43)] {
        let none = shop.payments().query("paymentKey", key).await.data();
        assert_eq!(none, json!({ "payments": [], "totalCount": 0 }));
    }
    assert_eq!(shop.payments().query("paymentKey", "").await.data()["totalCount"], 2, "an empty filter is none");
}

#[tokio::test]
async fn after_goes_on_where_the_answer_before_ended_although_payments_arrive() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.done_payment(&shop, &customer).await.order);
    }
    made.reverse();
    let of_customer = || app.http.get("/api/v1/p/user/payments").bearer(&customer.token);
    let lists: [Box<dyn Fn() -> Call>; 2] = [Box::new(|| shop.payments()), Box::new(of_customer)];
    for list in lists {
        let (mut seen, mut after, mut known) = (Vec::new(), None::<String>, made.clone());
        loop {
            let mut call = list().query("limit", "2");
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let page = call.await.data();
            seen.extend(orders(&page).into_iter().map(str::to_owned));
            // What arrives meanwhile stands before all that is still to come.
            known.insert(0, app.done_payment(&shop, &customer).await.order);
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                assert!(page.get("next").is_none(), "absent at the end");
                break;
            }
        }
        assert_eq!(seen, made, "each payment once, in order");
        made = known;
        for bad in ["", "x", "1", "5-", "-", "1-2-3", "99999999999999999999-00000000000000000000000000000000"] {
            list().query("after", bad).english().await.refused_field("after");
        }
        let after = list().query("limit", "1").await.data()["next"].as_str().unwrap().to_owned();
        list().query("after", &after).query("page", "0").english().await.refused_field("after");
    }
    // Another merchant's place in its list opens nothing of it.
    let other = app.shop().await;
    let next = shop.payments().query("limit", "1").await.data()["next"].as_str().unwrap().to_owned();
    assert_eq!(other.payments().query("after", &next).await.data()["payments"], json!([]));
}

#[tokio::test]
async fn a_name_is_found_in_order_names_in_any_case() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let coffee = paid(&shop, &customer, "드립 커피 세트 ABC").await;
    let tea = paid(&shop, &customer, "녹차 abc").await;
    let percent = paid(&shop, &customer, "100% Cotton_Shirt").await;
    let slash = paid(&shop, &customer, r"back\slash 'quote' ÄÖ").await;
    let found = async |name: &str| {
        let page = shop.payments().query("name", name).await.data();
        assert_eq!(page["totalCount"], page["payments"].as_array().unwrap().len());
        orders(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("커피").await, [coffee.as_str()]);
    assert_eq!(found("Abc").await, [tea, coffee.clone()]);
    assert_eq!(found("커피 세트 aBc").await, [coffee]);
    assert_eq!(found("cotton_shirt").await, [percent.as_str()]);
    assert_eq!(found("%").await, [percent.as_str()], "an ordinary character");
    assert_eq!(found("_").await.len(), 1 + usize::from(customer.email.contains('_')) * 3);
    assert_eq!(found("100%C").await, [""; 0]);
    assert_eq!(found(r"\").await, [slash.as_str()]);
    assert_eq!(found(r"K\S").await, [slash.as_str()]);
    assert_eq!(found("'quote' äö").await, [slash]);
    assert_eq!(found(r"\%").await, [""; 0]);
    assert_eq!(found("없음").await, [""; 0]);
    let greek = paid(&shop, &customer, "ΟΔΟΣΑΣ").await;
    for part in ["ΟΔΟΣ", "οδος", "οδοσ", "σας"] {
        assert_eq!(found(part).await, [greek.as_str()], "{part}");
    }
    assert_eq!(found("").await.len(), 5, "an empty filter is none");
}

/// A Mac writes Hangul decomposed, a phone composed.
#[tokio::test]
async fn a_name_is_found_however_its_letters_are_composed() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let (composed, decomposed) = ("한글 café", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} cafe\u{301}");
    let both = [paid(&shop, &customer, composed).await, paid(&shop, &customer, decomposed).await];
    for name in [composed, decomposed, "글 CAFÉ", "\u{1100}\u{1173}\u{11af}"] {
        let page = shop.payments().query("name", name).await.data();
        assert_eq!(orders(&page), [both[1].as_str(), both[0].as_str()], "{name}");
    }
}

#[tokio::test]
async fn what_older_versions_stored_decomposed_is_composed_by_the_migration() {
    let app = spawn_app().await;
    let (shop, customer) = (app.shop().await, customer_named(&app, "한글@example.com").await);
    let order = paid(&shop, &customer, "오래된 주문").await;
    let nfd = |text: &str| text.nfd().collect::<String>();
    let database = app.database.connect().await;
    let name = nfd("오래된 주문");
    for sql in [
        format!(
            "UPDATE payment SET search_text = '{name}' || substr(search_text, {})",
            "오래된 주문".chars().count() + 1
        ),
        format!("UPDATE customer SET email = '{}' WHERE email LIKE '한글%'", nfd("한글@example.com")),
        "DELETE FROM seaql_migrations WHERE version = 'm0021_normal_form'".to_owned(),
    ] {
        database.execute_unprepared(&sql).await.unwrap();
    }
    let none = shop.payments().query("name", "오래된").await.data();
    assert_eq!(none["totalCount"], 0, "it has to be migrated");
    database.close().await.unwrap();
    let app = app.restart().await;
    let found = app.http.get("/api/backoffice/v1/payments").bearer(&shop.token).query("name", "오래된").await.data();
    assert_eq!(orders(&found), [order.as_str()]);
    let body = json!({ "email": "한글@example.com", "password": PASSWORD });
    app.http.post("/api/v1/p/user/sign-in", &body).await.data();
}

#[tokio::test]
async fn a_name_is_found_in_the_customers_e_mail_in_any_case() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let percent = customer_named(&app, "Kim.100%off@Example.com").await;
    let score = customer_named(&app, "lee_a@example.com").await;
    let near = customer_named(&app, "leexa@example.com").await;
    let orders_of =
        [paid(&shop, &percent, "하나").await, paid(&shop, &score, "둘").await, paid(&shop, &near, "셋").await];
    let found = async |name: &str| {
        let page = shop.payments().query("name", name).await.data();
        orders(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("KIM.100%OFF").await, orders_of[..1]);
    assert_eq!(found("lee_a@").await, orders_of[1..2]);
    assert_eq!(found("LEE").await, [orders_of[2].clone(), orders_of[1].clone()]);
    assert_eq!(found("example.com").await.len(), 3);
    assert_eq!(found("하나kim").await, [""; 0], "a name does not reach from one text into the other");
    assert_eq!(found("하나\nkim").await, [""; 0]);
}

#[tokio::test]
async fn a_name_that_cannot_be_searched_for_is_named() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    for bad in ["\u{0}", "a\u{0}b", &"x".repeat(101), &"😀".repeat(101)] {
        shop.payments().query("name", bad).english().await.refused_field("name");
    }
    let decomposed: String = "한".repeat(100).nfd().collect();
    for name in ["😀".repeat(100), decomposed] {
        assert_eq!(shop.payments().query("name", &name).await.data()["totalCount"], 0, "100 characters: {name}");
    }
}

#[tokio::test]
async fn the_back_office_gives_back_with_a_reason() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let transaction = shop.desk_cancel(&paid.key, &json!({ "amount": 5_000, "reason": "고객 변심" })).await.data();
    assert_eq!((&transaction["amount"], &transaction["reason"]), (&json!(-5_000), &json!("고객 변심")));
    assert_eq!(transaction["paymentKey"], paid.key.as_str());
    shop.desk_cancel(&paid.key, &json!({ "amount": 10_001 })).await.refused(409, "EXCEEDS_BALANCE");
    shop.desk_cancel(&paid.key, &json!({ "expectedBalance": 1 })).await.refused(409, "BALANCE_MISMATCH");
    assert_eq!(shop.desk_cancel(&paid.key, &json!({})).await.data()["amount"], -10_000);
    shop.desk_cancel(&paid.key, &json!({})).await.refused(409, "NOTHING_LEFT");
    let seen = shop.transactions(&paid.key).await.data();
    assert_eq!((&seen["status"], &seen["balanceAmount"]), (&json!("CANCELED"), &json!(0)));
    assert_eq!(app.sandbox.totals().held(), 0);
    app.stop().await;
}
