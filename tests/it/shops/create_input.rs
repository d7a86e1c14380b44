//! Bad input to the create call: 400, the field named, nothing stored.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{Shop, TestApp, fresh, spawn_app};

/// `body` must be refused because of `field`, and leave nothing behind.
async fn refused(shop: &Shop, field: &str, body: &Value) {
    shop.create(body).english().await.refused_field(field);
}

async fn nothing_is_stored(shop: &Shop) {
    let all = shop.payments().query("include", "all").await.data();
    assert_eq!(all["totalCount"], 0, "{all}");
}

fn with(field: &str, value: Value) -> Value {
    let mut body = Shop::order(15_000, &fresh("order"));
    body[field] = value;
    body
}

async fn app_and_shop() -> (TestApp, Shop) {
    let app = spawn_app().await;
    let shop = app.shop().await;
    (app, shop)
}

#[tokio::test]
async fn each_field_that_is_missing_or_null_is_named() {
    let (_app, shop) = app_and_shop().await;
    for field in ["amount", "orderId", "orderName"] {
        let mut body = Shop::order(15_000, &fresh("order"));
        body.as_object_mut().unwrap().remove(field);
        refused(&shop, field, &body).await;
        refused(&shop, field, &with(field, Value::Null)).await;
    }
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn an_amount_is_a_whole_number_of_won_up_to_the_limit() {
    let (_app, shop) = app_and_shop().await;
    let bad = [
        json!(0),
        json!(-1),
        json!(0.5),
        json!(15_000.5),
        json!(100_000_001),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!("15000"),
        json!(true),
        json!([15_000]),
        json!({ "value": 15_000 }),
    ];
    for amount in bad {
        refused(&shop, "amount", &with("amount", amount)).await;
    }
    nothing_is_stored(&shop).await;
    // As bytes: a client's floating point would round them.
    for amount in ["15000.0000000000001", "99999999.9999999999", "0.99999999999999999999", "15000,\"amount\":1"] {
        let body = with("amount", json!(777)).to_string().replace("777", amount);
        let field = if amount.contains(',') { "body" } else { "amount" };
        shop.create(&json!({})).body("application/json", body).english().await.refused_field(field);
    }
    nothing_is_stored(&shop).await;
    shop.create(&with("amount", json!(1))).await.data();
    shop.create(&with("amount", json!(100_000_000))).await.data();
}

#[tokio::test]
async fn an_order_id_of_another_type_or_length_is_refused() {
    let (_app, shop) = app_and_shop().await;
    let bad =
        [json!(""), json!("x".repeat(101)), json!("가".repeat(101)), json!("😀".repeat(101)), json!(1), json!([])];
    // A URL client takes a path that ends in one of these for another path.
    let lost = [json!("."), json!("..")];
    for order in bad.into_iter().chain(lost).chain([json!({}), json!(false)]) {
        refused(&shop, "orderId", &with("orderId", order)).await;
    }
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn an_order_id_has_no_character_that_needs_escaping_where_clients_paste_it() {
    let (_app, shop) = app_and_shop().await;
    let named = ['"', '\\', '&', '#', '+', '%', '\u{2028}', '\u{2029}'];
    let control = ('\u{0}'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
    for bad in named.into_iter().chain(control) {
        refused(&shop, "orderId", &with("orderId", json!(format!("a{bad}b")))).await;
        refused(&shop, "orderId", &with("orderId", json!(bad.to_string()))).await;
    }
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn an_order_id_that_looks_like_another_one_is_refused_with_a_clear_message() {
    let (app, shop) = app_and_shop().await;
    let message = async |order: &str| {
        let refused = shop.create(&with("orderId", json!(order))).english().await;
        refused.refused_field("orderId").json["message"].as_str().unwrap().to_owned()
    };
    for order in ["A-1 ", " A-1", "\u{3000}A-1", " "] {
        assert!(message(order).await.contains("must not begin or end with a blank"), "{order:?}");
    }
    for order in ["A-1\u{200b}", "\u{feff}A-1", "A\u{202e}-1", "A\u{2066}-1", "A\u{ad}-1", "A\u{a0}1"] {
        assert!(message(order).await.contains("contains a character that cannot be seen"), "{order:?}");
    }
    nothing_is_stored(&shop).await;
    // What an older version stored stays readable.
    shop.create(&with("orderId", json!("A-1"))).await.data();
    let update = "UPDATE payment SET order_id = ' A-1' WHERE order_id = 'A-1'";
    app.database.connect().await.execute_unprepared(update).await.unwrap();
    assert_eq!(shop.payment_of_order("%20A-1").await.data()["status"], "READY");
}

#[tokio::test]
async fn an_order_id_is_the_same_in_the_composed_and_the_decomposed_form() {
    let (app, shop) = app_and_shop().await;
    let (composed, decomposed) = ("주문-é", "\u{110c}\u{116e}\u{1106}\u{116e}\u{11ab}-e\u{301}");
    shop.create(&with("orderId", json!(decomposed))).await.data();
    shop.create(&with("orderId", json!(composed))).await.refused(409, "ORDER_ALREADY_EXISTS");
    for id in [composed, decomposed] {
        assert_eq!(shop.payment_of_order(id).await.data()["orderId"], composed);
        let events = shop.events(id).listen().await.expect_all(&["onopen", "payment-ready"]).await;
        assert_eq!(events[1].json()["orderId"], composed);
    }
    // An older version stored it as it came; it is not begun a second time.
    let update = format!("UPDATE payment SET order_id = '{decomposed}'");
    app.database.connect().await.execute_unprepared(&update).await.unwrap();
    let app = app.restart().await;
    let shop = shop.at(&app.http);
    for id in [composed, decomposed] {
        shop.create(&with("orderId", json!(id))).await.refused(409, "ORDER_ALREADY_EXISTS");
        assert_eq!(shop.payment_of_order(id).await.data()["amount"], 15_000, "{id}");
    }
}

#[tokio::test]
async fn an_order_id_counts_code_points_and_may_be_anything_else() {
    let (_app, shop) = app_and_shop().await;
    let long = ["😀".repeat(100), "가".repeat(100), "x".repeat(100)];
    let odd =
        ["주문 1", "a/b", "a?b=c;d", "<b>'*'</b>", "order:1", "ⓞ·①", "a..b", "ȁ\u{301}", "\u{1f468}\u{200d}\u{1f469}"];
    for order in long.iter().map(String::as_str).chain(odd) {
        let body = with("orderId", json!(order));
        shop.create(&body).await.data();
        let events = shop.events(order).listen().await.expect_all(&["onopen", "payment-ready"]).await;
        assert_eq!(events[1].json()["orderId"], order);
        assert!(!events[1].data.contains('\\'), "no escape: {}", events[1].data);
    }
}

#[tokio::test]
async fn an_order_name_of_another_type_length_or_with_a_line_break_is_refused() {
    let (_app, shop) = app_and_shop().await;
    let types = [json!(1), json!([]), json!({}), json!(true)];
    let lengths = [json!(""), json!("x".repeat(101)), json!("😀".repeat(101))];
    let characters = ["\u{0}", "a\nb", "a\tb", "\u{7f}", "\u{85}", "\u{9f}", "a\u{2028}b", "a\u{2029}b"];
    for name in types.into_iter().chain(lengths).chain(characters.map(Value::from)) {
        refused(&shop, "orderName", &with("orderName", name)).await;
    }
    nothing_is_stored(&shop).await;
    for name in ["😀".repeat(100), "\"따옴표\" & \\ <b> % + #".to_owned()] {
        shop.create(&with("orderName", json!(name))).await.data();
    }
}

#[tokio::test]
async fn a_redirect_is_an_http_url() {
    let (_app, shop) = app_and_shop().await;
    for field in ["successUrl", "failUrl"] {
        let texts =
            ["", "shop.example.com/ok", "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "/ok"];
        let others = ["ftp://shop.example.com", "file:///etc/passwd", "http://", "paygate://ok", "vbscript:x"];
        let long = format!("https://shop.example.com/{}", "x".repeat(3_000));
        for url in texts.into_iter().chain(others).chain([long.as_str()]).map(Value::from) {
            refused(&shop, field, &with(field, url)).await;
        }
        for other in [json!(1), json!({}), json!(["https://shop.example.com"])] {
            refused(&shop, field, &with(field, other)).await;
        }
    }
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn metadata_is_a_small_object() {
    let (_app, shop) = app_and_shop().await;
    let large = json!({ "a": "x".repeat(2_100) });
    for metadata in [json!("text"), json!(1), json!([1]), json!(true), large, json!({ "a": "\u{0}" })] {
        refused(&shop, "metadata", &with("metadata", metadata)).await;
    }
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let (_app, shop) = app_and_shop().await;
    let order = r#"{"amount":1,"orderId":"a","orderName":"b"}"#;
    let bad = [
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        r#"[1,"a","b"]"#.to_owned(),
        r#"[1,"a","b",null,null,null]"#.to_owned(),
        "\"text\"".to_owned(),
        "15000".to_owned(),
        "amount=1&orderId=a".to_owned(),
        format!("{order}{order}"),
        format!("{order},"),
        order.replace('1', "01"),
        order.replace('1', "NaN"),
        order.replace('"', "'"),
        "\u{0}".to_owned(),
        "[".repeat(10_000),
    ];
    for body in bad {
        let answer = shop.create(&json!({})).english().body("application/json", body.clone()).await;
        answer.refused(400, "INVALID_REQUEST");
        let message = answer.json["message"].as_str().unwrap();
        assert!(message.starts_with("body: "), "{message} for {body}");
    }
    let broken: &[u8] = b"{\"amount\":1,\"orderId\":\"\xff\xfe\",\"orderName\":\"b\"}";
    shop.create(&json!({})).body("application/json", broken).await.refused(400, "INVALID_REQUEST");
    let surrogate = r#"{"amount":1,"orderId":"\ud800","orderName":"b"}"#;
    shop.create(&json!({})).body("application/json", surrogate).await.refused(400, "INVALID_REQUEST");
    nothing_is_stored(&shop).await;
}

#[tokio::test]
async fn an_empty_body_lacks_every_field() {
    let (_app, shop) = app_and_shop().await;
    shop.create(&json!({})).english().body("application/json", "").await.refused_field("amount");
    nothing_is_stored(&shop).await;
}
