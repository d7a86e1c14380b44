//! A business signs up and in.

use serde_json::{Value, json};

use crate::support::{PASSWORD, fresh, spawn_app};

const SIGN_UP: &str = "/api/backoffice/v1/sign-up";
const SIGN_IN: &str = "/api/backoffice/v1/sign-in";

fn business(email: &str, name: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "name": name })
}

#[tokio::test]
async fn a_business_signs_up_and_in() {
    let app = spawn_app().await;
    let email = format!("{}@Shop.example.com", fresh("Owner"));
    let signed_up = app.http.post(SIGN_UP, &business(&email, "데모 상점")).await.data();
    let id = signed_up["id"].as_str().unwrap();
    assert_eq!(signed_up, json!({ "id": id, "email": email.to_lowercase(), "name": "데모 상점" }));
    app.http.post(SIGN_UP, &business(&email, "다른 상점")).await.refused(409, "EMAIL_ALREADY_EXISTS");
    app.http.post(SIGN_UP, &business(&email.to_uppercase(), "상점")).await.refused(409, "EMAIL_ALREADY_EXISTS");
    let signed_in = app.http.post(SIGN_IN, &business(&email.to_uppercase(), "")).await.data();
    assert!(signed_in["accessToken"].is_string());
    assert_eq!((&signed_in["id"], &signed_in["name"]), (&json!(id), &json!("데모 상점")));
    app.stop().await;
}

#[tokio::test]
async fn a_shop_and_a_customer_may_have_the_same_e_mail() {
    let app = spawn_app().await;
    let email = format!("{}@example.com", fresh("both"));
    app.http.post(SIGN_UP, &business(&email, "상점")).await.data();
    assert_eq!(app.http.post("/api/v1/p/user/sign-up", &business(&email, "")).await.status, 201);
}

#[tokio::test]
async fn a_wrong_pair_is_400_and_looks_the_same_for_unknown_and_wrong() {
    let app = spawn_app().await;
    let shop = app.shop().await;
    let customer = app.customer().await;
    let mut bodies = Vec::new();
    for (email, password) in [
        (shop.email.as_str(), "wrong1234"),
        ("nobody@example.com", PASSWORD),
        ("\u{0}", PASSWORD),
        // A customer is no business.
        (&customer.email, PASSWORD),
    ] {
        let answer = app.http.post(SIGN_IN, &json!({ "email": email, "password": password })).await;
        answer.refused(400, "SIGN_IN_FAILED");
        let mut body = answer.json;
        body["error"]["requestId"] = json!(null);
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    app.http.post(SIGN_IN, &json!({})).english().await.refused_field("email");
    app.http.post(SIGN_IN, &json!({ "email": shop.email })).english().await.refused_field("password");
    let stale = app.http.post(SIGN_IN, &json!({ "email": shop.email, "password": PASSWORD })).bearer("stale");
    stale.await.data();
}

#[tokio::test]
async fn bad_input_to_a_sign_up_is_named() {
    let app = spawn_app().await;
    let types = || [json!(null), json!(1), json!([]), json!({}), json!(true)].into_iter();
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    for (field, values) in [
        ("email", texts(&["", "a", "a@", "a b@example.com", "a\u{0}@example.com"])),
        ("password", texts(&["", "abcde", "12345", "ab1"])),
        ("name", texts(&["", "  ", &"x".repeat(101), &"😀".repeat(101), "a\nb", "a\u{0}", "x\u{85}y", "a\u{2028}b"])),
    ] {
        for value in types().chain(values) {
            let mut body = business(&format!("{}@example.com", fresh("a")), "상점");
            body[field] = value;
            app.http.post(SIGN_UP, &body).english().await.refused_field(field);
        }
    }
    let long = business(&format!("{}@example.com", fresh("a")), &"😀".repeat(100));
    app.http.post(SIGN_UP, &long).await.data();
}

#[tokio::test]
async fn every_call_of_the_back_office_needs_a_good_token() {
    let app = spawn_app().await;
    let (shop, customer) = app.shop_and_customer().await;
    let paid = app.done_payment(&shop, &customer).await;
    for token in ["", "null", &shop.token[1..], &shop.secret] {
        let nobody = shop.with_token(token);
        for call in [
            nobody.issue_keys(),
            nobody.my_key(),
            nobody.payments(),
            nobody.transactions(&paid.key),
            nobody.desk_cancel(&paid.key, &json!({})),
        ] {
            call.await.refused(401, "UNAUTHORIZED");
        }
    }
    assert_eq!(shop.my_key().await.data()["apiKey"], shop.secret.as_str(), "the keys are untouched");
}
