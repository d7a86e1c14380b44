//! A tenant sees its own rows only, and each credential opens its own doors.

use serde_json::json;

use crate::support::{Shop, fresh, spawn_app};

#[tokio::test]
async fn another_shops_payments_do_not_exist() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.shop().await;
    let approved = app.approved_payment(&shop, &customer).await;
    let paid = app.done_payment(&shop, &customer).await;
    other.confirm_of(&approved).await.refused(404, "PAYMENT_NOT_FOUND");
    other.payment(&paid.key).await.refused(404, "PAYMENT_NOT_FOUND");
    other.payment_of_order(&paid.order).await.refused(404, "PAYMENT_NOT_FOUND");
    other.status(&paid.order).await.refused(404, "PAYMENT_NOT_FOUND");
    other.cancel(&paid.key, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
    other.cancel_order(&paid.order, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
    other.cancel_order(&approved.order, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
    other.events(&paid.order).await.refused(404, "PAYMENT_NOT_FOUND");
    other.transactions(&paid.key).await.refused(404, "PAYMENT_NOT_FOUND");
    other.desk_cancel(&paid.key, &json!({})).await.refused(404, "PAYMENT_NOT_FOUND");
    assert_eq!(other.payments().query("include", "all").await.data()["totalCount"], 0);
    assert_eq!(shop.state(&approved.order).await, "IN_PROGRESS");
    assert_eq!(shop.state(&paid.order).await, "DONE");
    app.stop().await;
}

#[tokio::test]
async fn one_customer_at_two_shops_shows_each_shop_its_own_part() {
    let app = spawn_app().await;
    let (one, customer) = app.shop_and_customer().await;
    let two = app.shop().await;
    let (here, there) = (app.done_payment(&one, &customer).await, app.done_payment(&two, &customer).await);
    for (shop, own) in [(&one, &here), (&two, &there)] {
        let page = shop.payments().query("name", &customer.email).await.data();
        assert_eq!((&page["totalCount"], &page["payments"][0]["orderId"]), (&json!(1), &json!(own.order)));
    }
    assert_eq!(customer.payments().await.data()["payments"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn another_customers_payments_cards_and_streams_are_closed() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let other = app.customer_with_card().await;
    let paid = app.done_payment(&shop, &customer).await;
    other.transactions(&paid.key).await.refused(404, "PAYMENT_NOT_FOUND");
    other.events(&shop.id, &paid.order).await.refused(403, "FORBIDDEN");
    assert_eq!(other.payments().await.data(), json!({ "payments": [] }));
    let theirs = customer.cards().await.data()[0]["id"].as_str().unwrap().to_owned();
    other.remove_card(&theirs).await.refused(404, "REGISTERED_CARD_NOT_FOUND");
}

#[tokio::test]
async fn a_customers_token_does_not_open_the_back_office_and_the_other_way_round() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    let intruder = shop.with_token(&customer.token);
    for call in [
        intruder.issue_keys(),
        intruder.my_key(),
        intruder.payments(),
        intruder.transactions(&paid.key),
        intruder.desk_cancel(&paid.key, &json!({})),
    ] {
        call.await.refused(403, "FORBIDDEN");
    }
    let intruder = customer.with_token(&shop.token);
    for call in [
        intruder.me(),
        intruder.cards(),
        intruder.add_card(&json!({})),
        intruder.choose_card("x"),
        intruder.remove_card("x"),
        intruder.approve(&paid.token),
        intruder.give_up(&paid.token),
        intruder.payments(),
        intruder.transactions(&paid.key),
        intruder.events(&shop.id, &paid.order),
    ] {
        call.await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_shops_key_opens_neither_the_back_office_nor_an_account() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    app.http.get("/api/backoffice/v1/my-key").key(&shop.secret).await.refused(401, "UNAUTHORIZED");
    app.http.get("/api/v1/p/user/me").key(&shop.secret).await.refused(401, "UNAUTHORIZED");
    let with_bearer = app.http.post("/api/v1/p/merchant", &Shop::order(1, &fresh("order")));
    with_bearer.clone().bearer(&shop.token).await.refused(401, "UNAUTHORIZED");
    with_bearer.bearer(&customer.token).await.refused(401, "UNAUTHORIZED");
}
