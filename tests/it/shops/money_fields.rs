//! A field that is missing, misspelled or null never changes how much money moves.

use serde_json::{Value, json};

use crate::support::{Call, Shop, fresh, spawn_app};

#[tokio::test]
async fn a_refund_with_an_unknown_or_null_field_gives_nothing_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = shop.paid_by(&customer, 10_000).await;
    let doors: [&dyn Fn(&Value) -> Call; 3] =
        [&|body| shop.cancel(&paid.key, body), &|body| shop.desk_cancel(&paid.key, body), &|body| {
            shop.cancel_order(&paid.order, body)
        }];
    for door in doors {
        for (body, field) in [
            (json!({ "cancelAmount": 1_000, "cancelReason": "x" }), "cancelAmount"),
            (json!({ "amout": 1_000 }), "amout"),
            (json!({ "Amount": 1_000 }), "Amount"),
            (json!({ "amount": null }), "amount"),
            (json!({ "reason": null }), "reason"),
            (json!({ "reason": "x", "refundAmount": 1_000 }), "refundAmount"),
            (json!({ "currency": "USD" }), "currency"),
            (json!({ "currency": "krw" }), "currency"),
        ] {
            door(&body).once(&fresh("k")).english().await.refused_field(field);
        }
    }
    assert_eq!(shop.payment(&paid.key).await.data()["balanceAmount"], 10_000);
    let part = shop.cancel(&paid.key, &json!({ "amount": 1_000, "currency": "KRW", "reason": "x" })).await;
    assert_eq!(part.data()["amount"], -1_000);
    assert_eq!(shop.cancel(&paid.key, &json!({ "reason": "x" })).await.data()["amount"], -9_000, "all that is left");
    app.stop().await;
}

#[tokio::test]
async fn an_empty_body_gives_everything_back() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    for body in ["", "{}"] {
        let paid = shop.paid_by(&customer, 10_000).await;
        let refund = shop.cancel(&paid.key, &json!({})).body("application/json", body);
        assert_eq!(refund.await.data()["amount"], -10_000, "{body:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_currency_is_that_of_the_payment() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let mut order = Shop::order(15_000, &fresh("order"));
    for wrong in ["USD", "", "KRW "] {
        order["currency"] = json!(wrong);
        shop.create(&order).english().await.refused_field("currency");
    }
    order["currency"] = json!("KRW");
    shop.create(&order).await.data();
    let approved = app.approved_payment(&shop, &customer).await;
    let mut confirm = approved.confirm();
    confirm["currency"] = json!("USD");
    shop.confirm(&confirm).english().await.refused_field("currency");
    confirm["currency"] = json!("KRW");
    assert_eq!(shop.confirm(&confirm).await.data()["status"], "DONE");
    app.stop().await;
}

/// A key that names nothing would be 404, but only for a body that makes sense.
#[tokio::test]
async fn the_body_is_judged_before_anything_is_looked_up() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let malformed = json!({ "orderId": "nothing", "paymentKey": "malformed" });
    shop.confirm(&malformed).english().await.refused_field("amount");
    let unknown = "x".repeat(43);
    shop.cancel(&unknown, &json!({ "amount": 0 })).english().await.refused_field("amount");
    shop.desk_cancel(&unknown, &json!({ "amount": "1" })).english().await.refused_field("amount");
    shop.cancel_order("nothing", &json!({ "amount": 0.5 })).english().await.refused_field("amount");
    shop.resolve(&unknown, &json!({})).english().await.refused_field("approved");
    customer.approve_with(&json!({ "cardId": "1" })).english().await.refused_field("token");
    shop.confirm(&json!({ "orderId": "nothing", "paymentKey": "malformed", "amount": 1 }))
        .await
        .refused(404, "PAYMENT_NOT_FOUND");
    app.stop().await;
}
