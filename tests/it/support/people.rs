//! The parties to a payment, and the shortest ways to where a test begins.

use std::sync::atomic::{AtomicU64, Ordering};

use paygate::acquirer::{Behaviour, SPECIAL_CARDS, SpecialCard};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Call, Http, TestApp};

/// Of every account that a helper makes.
pub const PASSWORD: &str = "pass1234";

/// Cards that always work.
pub const CARDS: &[SpecialCard] = SPECIAL_CARDS;

/// A word that no other test uses.
pub fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An order id, e-mail name or the like.
pub fn fresh(what: &str) -> String {
    format!("{what}-{}", unique())
}

/// The body that registers a card.
pub fn card(card: &SpecialCard) -> Value {
    let SpecialCard { number, expiry, cvc, company, .. } = *card;
    json!({ "cardNumber": number, "expirationPeriod": expiry, "cvc": cvc, "cardCompany": company })
}

/// The body that registers the card which does this.
pub fn card_of(behaviour: Behaviour) -> Value {
    card(SPECIAL_CARDS.iter().find(|card| card.behaviour == behaviour).unwrap())
}

/// A shop: its page and server, and its desk.
#[derive(Clone)]
pub struct Shop {
    http: Http,
    pub id: String,
    pub name: String,
    pub email: String,
    /// Of the back office.
    pub token: String,
    pub secret: String,
    pub client: String,
}

/// A customer with a phone.
#[derive(Clone)]
pub struct Customer {
    http: Http,
    pub id: String,
    pub email: String,
    pub token: String,
}

/// A payment that a customer approved.
#[derive(Debug, Clone)]
pub struct Approved {
    pub order: String,
    pub token: String,
    pub key: String,
    pub amount: i64,
}

impl TestApp {
    pub async fn shop(&self) -> Shop {
        let name = format!("상점 {}", unique());
        Shop::named(&self.http, &name).await
    }

    pub async fn customer(&self) -> Customer {
        Customer::new(&self.http).await
    }

    /// A customer with the first card that always works.
    pub async fn customer_with_card(&self) -> Customer {
        let customer = self.customer().await;
        customer.add_card(&card(&CARDS[0])).await.data();
        customer
    }

    pub async fn shop_and_customer(&self) -> (Shop, Customer) {
        (self.shop().await, self.customer_with_card().await)
    }

    pub async fn approved_payment(&self, shop: &Shop, customer: &Customer) -> Approved {
        shop.approved_by(customer, 15_000).await
    }

    pub async fn done_payment(&self, shop: &Shop, customer: &Customer) -> Approved {
        shop.paid_by(customer, 15_000).await
    }
}

impl Shop {
    pub async fn named(http: &Http, name: &str) -> Self {
        let email = format!("{}@shop.example.com", fresh("shop"));
        let body = json!({ "email": email, "password": PASSWORD, "name": name });
        let id = http.post("/api/backoffice/v1/sign-up", &body).await.data()["id"].as_str().unwrap().to_owned();
        let token = http.post("/api/backoffice/v1/sign-in", &body).await.data()["accessToken"].clone();
        let mut shop = Self {
            http: http.clone(),
            id,
            name: name.to_owned(),
            email,
            token: token.as_str().unwrap().to_owned(),
            secret: String::new(),
            client: String::new(),
        };
        let keys = shop.issue_keys().await.data();
        keys["apiKey"].as_str().unwrap().clone_into(&mut shop.secret);
        keys["clientKey"].as_str().unwrap().clone_into(&mut shop.client);
        shop
    }

    /// The same shop with other keys.
    pub fn with_keys(&self, secret: &str, client: &str) -> Self {
        Self { secret: secret.to_owned(), client: client.to_owned(), ..self.clone() }
    }

    /// The same shop with another bearer.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same shop behind another address.
    pub fn at(&self, http: &Http) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    pub fn order(amount: i64, order: &str) -> Value {
        json!({ "amount": amount, "orderId": order, "orderName": "드립 커피 세트" })
    }

    pub fn create(&self, body: &Value) -> Call {
        self.http.post("/api/v1/p/merchant", body).key(&self.secret)
    }

    /// Creates a payment and returns its token.
    pub async fn token_of(&self, amount: i64, order: &str) -> String {
        self.create(&Self::order(amount, order)).await.data()["token"].as_str().unwrap().to_owned()
    }

    pub fn confirm(&self, body: &Value) -> Call {
        self.http.post("/api/v1/p/merchant/confirm", body).key(&self.secret)
    }

    pub fn confirm_of(&self, approved: &Approved) -> Call {
        self.confirm(&approved.confirm())
    }

    pub fn cancel(&self, payment_key: &str, body: &Value) -> Call {
        self.http.post(format!("/api/v1/p/merchant/payments/{payment_key}/cancel"), body).key(&self.secret)
    }

    pub fn payment(&self, payment_key: &str) -> Call {
        self.http.get(format!("/api/v1/p/merchant/payments/{payment_key}")).key(&self.secret)
    }

    pub fn payment_of_order(&self, order: &str) -> Call {
        self.http.get(format!("/api/v1/p/merchant/orders/{order}")).key(&self.secret)
    }

    pub fn status(&self, order: &str) -> Call {
        self.http.get(format!("/api/v1/p/merchant/orders/{order}/status")).key(&self.client)
    }

    /// The present state, as a word.
    pub async fn state(&self, order: &str) -> String {
        self.status(order).await.data()["status"].as_str().unwrap().to_owned()
    }

    pub fn cancel_order(&self, order: &str, body: &Value) -> Call {
        self.http.post(format!("/api/v1/p/merchant/orders/{order}/cancel"), body).key(&self.secret)
    }

    /// The event stream of the shop's page.
    pub fn events(&self, order: &str) -> Call {
        self.http.get("/api/v1/p/merchant/sse/connect").query("orderId", order).key(&self.client)
    }

    pub fn issue_keys(&self) -> Call {
        self.http.post("/api/backoffice/v1/keys", &json!({})).bearer(&self.token)
    }

    pub fn my_key(&self) -> Call {
        self.http.get("/api/backoffice/v1/my-key").bearer(&self.token)
    }

    pub fn payments(&self) -> Call {
        self.http.get("/api/backoffice/v1/payments").bearer(&self.token)
    }

    pub fn transactions(&self, payment_key: &str) -> Call {
        self.http.get(format!("/api/backoffice/v1/payments/{payment_key}/transactions")).bearer(&self.token)
    }

    pub fn desk_cancel(&self, payment_key: &str, body: &Value) -> Call {
        self.http.post(format!("/api/backoffice/v1/payments/{payment_key}/cancel"), body).bearer(&self.token)
    }

    pub fn doubts(&self) -> Call {
        self.http.get("/api/backoffice/v1/doubts").bearer(&self.token)
    }

    pub fn resolve(&self, payment_key: &str, body: &Value) -> Call {
        self.http.post(format!("/api/backoffice/v1/payments/{payment_key}/resolve"), body).bearer(&self.token)
    }

    pub async fn approved_by(&self, customer: &Customer, amount: i64) -> Approved {
        let order = fresh("order");
        let token = self.token_of(amount, &order).await;
        let key = customer.approve(&token).await.data()["paymentKey"].as_str().unwrap().to_owned();
        Approved { order, token, key, amount }
    }

    pub async fn paid_by(&self, customer: &Customer, amount: i64) -> Approved {
        let approved = self.approved_by(customer, amount).await;
        self.confirm_of(&approved).await.data();
        approved
    }
}

impl Approved {
    /// The body that confirms it.
    pub fn confirm(&self) -> Value {
        json!({ "orderId": self.order, "paymentKey": self.key, "amount": self.amount })
    }
}

impl Customer {
    pub async fn new(http: &Http) -> Self {
        let email = format!("{}@example.com", fresh("customer"));
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(http.post("/api/v1/p/user/sign-up", &body).await.status, 201);
        let token = http.post("/api/v1/p/user/sign-in", &body).await.data()["accessToken"].clone();
        let token = token.as_str().unwrap().to_owned();
        let me = http.get("/api/v1/p/user/me").bearer(&token).await.data();
        Self { http: http.clone(), id: me["id"].as_str().unwrap().to_owned(), email, token }
    }

    /// The same customer with another bearer.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same customer behind another address.
    pub fn at(&self, http: &Http) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    fn get(&self, path: &str) -> Call {
        self.http.get(format!("/api/v1/p/user{path}")).bearer(&self.token)
    }

    fn post(&self, path: &str, body: &Value) -> Call {
        self.http.post(format!("/api/v1/p/user{path}"), body).bearer(&self.token)
    }

    pub fn me(&self) -> Call {
        self.get("/me")
    }

    pub fn cards(&self) -> Call {
        self.get("/cards")
    }

    pub fn add_card(&self, body: &Value) -> Call {
        self.post("/cards", body)
    }

    pub fn choose_card(&self, id: &str) -> Call {
        self.http.call(Method::PATCH, format!("/api/v1/p/user/cards/{id}")).bearer(&self.token)
    }

    pub fn remove_card(&self, id: &str) -> Call {
        self.http.call(Method::DELETE, format!("/api/v1/p/user/cards/{id}")).bearer(&self.token)
    }

    /// Approves with the representative card.
    pub fn approve(&self, token: &str) -> Call {
        self.approve_with(&json!({ "token": token }))
    }

    pub fn approve_with(&self, body: &Value) -> Call {
        self.post("/authentication/simple", body)
    }

    pub fn give_up(&self, token: &str) -> Call {
        self.post("/request/cancel", &json!({ "token": token }))
    }

    pub fn payments(&self) -> Call {
        self.get("/payments")
    }

    pub fn transactions(&self, payment_key: &str) -> Call {
        self.get(&format!("/payments/{payment_key}/transactions"))
    }

    /// The event stream of the phone.
    pub fn events(&self, merchant: &str, order: &str) -> Call {
        self.get("/sse/connect").query("merchantId", merchant).query("orderId", order)
    }
}
